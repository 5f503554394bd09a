"""Order per key holds, though attempts fail and several workers are at work on one store."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from datetime import timedelta

import pytest

from integrations_sdk.clock import SystemClock
from integrations_sdk.delivery.limits import Route, WorkerLimits
from integrations_sdk.delivery.schedule import DeliveryPolicy
from integrations_sdk.delivery.worker import DeliveryWorker
from integrations_sdk.models.delivery import DeliveryState, Target
from integrations_sdk.queue.base import NewDelivery, QueuedEvent, Selection
from integrations_sdk.queue.opening import open_queue
from support.backends import store_at
from support.deliveries import Scripted, failed, sent

POLICY = DeliveryPolicy(delays=(timedelta(0), *(timedelta(milliseconds=1),) * 40))


async def deliver(backend, events, workers, keys, free):
    """Deliver `events` over `keys` keys and, beside them, `free` without a key; the successes in order."""
    draw = random.Random(events)
    arrived = defaultdict(list)
    total = 0

    def answer(delivery, event):
        nonlocal total
        if draw.random() < 0.3:
            return failed()
        arrived[delivery.ordering_key].append(int(event.body))
        total += 1
        if total == events + free:
            for worker in at_work:
                worker.stop()
        return sent()

    stores = [store_at(backend.url) for _ in range(2)]
    queues = [open_queue(store) for store in stores]

    async def put(number):
        key = f"k{number % keys}" if number < events else None
        new = NewDelivery(
            delivery_id=f"d{number}", target=Target("webhook", str(number % keys % 4)), ordering_key=key
        )
        await queues[0].enqueue(
            QueuedEvent(event_id=str(number), event_type="push", body=str(number).encode()), [new]
        )

    routes = {"webhook": Route(Scripted(answer))}
    limits = WorkerLimits(concurrency=16, per_target=8, lease=timedelta(seconds=60))
    at_work = [
        DeliveryWorker(queues[n % 2], routes, SystemClock(), policy=POLICY, limits=limits)
        for n in range(workers)
    ]
    running = [asyncio.create_task(worker.run()) for worker in at_work]
    for start in range(0, events + free, 500):
        await asyncio.gather(*(put(number) for number in range(start, min(start + 500, events + free))))
    await asyncio.gather(*running)
    failures = (await queues[0].query(Selection(states=(DeliveryState.FAILED,)))).deliveries
    for queue, store in zip(queues, stores, strict=True):
        await queue.close()
        await store.close()
    return arrived, failures


def check(backend, events, keys):
    arrived, failures = asyncio.run(deliver(backend, events, 8, keys, events // 10))
    assert failures == ()
    for key in range(keys):
        assert arrived[f"k{key}"] == list(range(key, events, keys)), f"k{key} arrived out of order"
    assert sorted(arrived[None]) == list(range(events, events + events // 10))


def test_2000_events_arrive_in_order(backend):
    """30 % of the attempts fail, 8 workers: each key's events arrive once, in order, and so do those without."""
    check(backend, 2_000, 40)


@pytest.mark.torture
@pytest.mark.timeout(3_600)
def test_100000_events_arrive_in_order(backend):
    """The same with 100,000 events over 1,000 keys."""
    check(backend, 100_000, 1_000)
