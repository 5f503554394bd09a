"""For tests of the delivery engine: senders that do as they are told, and a queue with an engine around it."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from datetime import timedelta

from integrations_sdk.bus.memory import MemoryBus
from integrations_sdk.clock import SystemClock
from integrations_sdk.delivery.engine import DeliveryEngine
from integrations_sdk.delivery.limits import WorkerLimits
from integrations_sdk.delivery.schedule import DeliveryPolicy
from integrations_sdk.models import Outcome, OutcomeStatus
from integrations_sdk.models.delivery import Target
from integrations_sdk.queue.base import QueuedEvent
from integrations_sdk.queue.opening import open_queue
from integrations_sdk.runtime import Runtime
from integrations_sdk.tasks import Tasks

A, B = Target("webhook", "a"), Target("webhook", "b")
FAST = DeliveryPolicy(delays=(timedelta(0), timedelta(milliseconds=10), timedelta(milliseconds=10)))
"""Three attempts, 10 ms apart."""


def event(id_="e", type_="push", body=b"{}"):
    return QueuedEvent(event_id=id_, event_type=type_, body=body)


def failed(error="broken", *, retryable=True, status=500, **fields):
    return Outcome(
        target="t", provider="webhook", operation="send", status=OutcomeStatus.FAILED, error=error,
        retryable=retryable, http_status=status, **fields,
    )  # fmt: skip


def sent(**fields):
    return Outcome(target="t", provider="webhook", operation="send", http_status=200, **fields)


class Scripted:
    """Answers by target or delivery as told: an outcome, an error to raise, or an event to wait for first.

    Attributes:
        received: delivery ids, in the order in which sending began.
        most: how many were under way at a time, over all and by target.
    """

    def __init__(self, answer=None):
        self.answer = answer or (lambda delivery, event: sent())
        self.received = []
        self.events = []
        self.under_way = Counter()
        self.most = Counter()
        self.news = asyncio.Event()

    async def send(self, delivery, event):
        self.received.append(delivery.delivery_id)
        self.events.append(event)
        self.under_way[delivery.target] += 1
        self.under_way["all"] += 1
        self.most |= self.under_way
        self.news.set()
        try:
            answer = self.answer(delivery, event)
            if hasattr(answer, "__await__"):
                answer = await answer
            else:
                await asyncio.sleep(0)
        finally:
            self.under_way[delivery.target] -= 1
            self.under_way["all"] -= 1
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def until(self, number):
        """Return when sending has begun so often."""
        while len(self.received) < number:
            self.news.clear()
            await self.news.wait()


@asynccontextmanager
async def engine_with(sender, *, policy=FAST, store=None, limits=None, clock=None, metrics=(), **options):
    """An engine on a queue in memory (or in a store's file), whose notices are kept in `engine.told`."""
    clock = clock or SystemClock()
    queue = open_queue(store, clock)
    bus, tasks = MemoryBus(), Tasks()
    runtime = Runtime(scope=None, store=store, secrets=None, http=None, bus=bus, clock=clock, tasks=tasks)
    engine = DeliveryEngine(runtime, queue, policy=policy, limits=limits or WorkerLimits(), metrics=metrics)
    engine.told = []
    bus.subscribe("*", lambda notice: engine.told.append((notice.type, notice.subject)))
    engine.register("webhook", sender, topic="webhook", **options)
    try:
        yield engine
    finally:
        await engine.stop(grace=timedelta(0))
        await tasks.close()
        await queue.close()
