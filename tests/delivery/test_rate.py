"""Rate limits: nothing before its slot, nothing late for it, nobody else held up; over processes on one store too."""

from __future__ import annotations

import asyncio
import math
import subprocess
import sys
from bisect import bisect_left
from collections import Counter, defaultdict
from datetime import timedelta
from pathlib import Path

import pytest

import integrations_sdk
from integrations_sdk.clock import FakeClock
from integrations_sdk.delivery.limits import WorkerLimits
from integrations_sdk.models.delivery import DeliveryState, Target
from integrations_sdk.queue.base import NewDelivery, QueuedEvent, Selection, slot_grace
from integrations_sdk.queue.opening import open_queue
from support import pacing
from support.backends import store_at
from support.deliveries import A, B, Scripted, engine_with, event, sent
from support.receiving import Receiver

PROGRAM = Path(pacing.__file__)
RATES = {"r50": 50, "r100": 100, "r200": 200}
OPEN = (DeliveryState.PENDING, DeliveryState.LEASED)


class Still(FakeClock):
    """Moves only by `advance()`; who sleeps by it (the log's retention) sleeps on."""

    async def sleep(self, seconds):
        await asyncio.Event().wait()


async def eventually(condition):
    while not condition():
        await asyncio.sleep(0.005)


def spied(queue, name):
    """Have the calls of a queue's method counted; how many it were, as a list."""
    real, calls = getattr(queue, name), []

    async def call(*args, **options):
        calls.append(args)
        return await real(*args, **options)

    setattr(queue, name, call)
    return calls


def targets(sender):
    return [one.event_id[0] for one in sender.events]


def test_a_slot_is_waited_for_and_keeps_nobody_waiting():
    """Nothing is sent before its slot; what has none is sent meanwhile, though there is room for one at a time."""

    async def main():
        clock, sender = Still(), Scripted()
        limits = WorkerLimits(concurrency=1, per_target=1)
        async with engine_with(sender, clock=clock, limits=limits) as engine:
            await engine.queue.limit(A, 4)
            for number in range(4):
                await engine.enqueue(event(f"a{number}"), [A])
            claims = spied(engine.queue, "claim")
            engine.start()
            for number in range(20):
                await engine.enqueue(event(f"b{number}"), [B])
            await sender.until(21)
            assert Counter(targets(sender)) == {"a": 1, "b": 20}
            await asyncio.sleep(0.05)
            before = len(claims)
            await asyncio.sleep(0.3)  # its timer goes off; by this clock the slot is not there yet
            assert (len(claims), len(sender.received)) == (before, 21)
            clock.advance(0.25)
            await sender.until(22)
            clock.advance(0.25)
            await sender.until(23)
            await eventually(lambda: engine._worker.held < 2)
            (*_, first) = (await engine.queue.query()).deliveries
            page = await engine.queue.query(Selection(target=A), newest_first=False)
            starts = [(await engine.queue.attempts(one.delivery_id)) for one in page.deliveries]
            seconds = [one[0].started_at - first.created_at for one in starts if one]
            assert seconds == [timedelta(0), timedelta(seconds=0.25), timedelta(seconds=0.5)]

    asyncio.run(main())


def test_a_missed_slot_is_given_back():
    """What found no room before its slot had ended is not sent late, but in another slot, and nothing is logged."""

    async def main():
        clock, go = Still(), asyncio.Event()
        sender = Scripted()

        async def answer():
            await go.wait()
            return sent()

        sender.answer = lambda d, e: answer() if e.event_id == "a0" else sent()
        async with engine_with(
            sender, clock=clock, limits=WorkerLimits(concurrency=4, per_target=1)
        ) as engine:
            await engine.queue.limit(A, 10)
            given_back = spied(engine.queue, "release")
            for number in range(2):
                await engine.enqueue(event(f"a{number}"), [A])
            engine.start()
            await sender.until(1)
            clock.advance(0.16)  # the second slot was at 0.1, and ended at 0.15
            go.set()
            await eventually(lambda: given_back)
            clock.advance(0.04)  # to the third
            await sender.until(2)
            await eventually(lambda: engine._worker.held == 0)
            (released,) = (list(call[0]) for call in given_back)
            assert [one.event.event_id for one in released] == ["a1"]
            (last, _) = (await engine.queue.query()).deliveries
            (attempt,) = await engine.queue.attempts(last.delivery_id)
            assert attempt.started_at - last.created_at == timedelta(seconds=0.2)

    asyncio.run(main())


def test_what_waits_for_its_slot_is_held_and_given_back():
    """Its lease is renewed for as long as it waits, and a worker that stops leaves it to others."""

    async def main():
        clock, sender = Still(), Scripted()
        limits = WorkerLimits(lease=timedelta(milliseconds=40))
        async with engine_with(sender, clock=clock, limits=limits) as engine:
            await engine.queue.limit(A, 1)
            for number in range(2):
                await engine.enqueue(event(f"a{number}"), [A])
            extended = spied(engine.queue, "extend")
            engine.start()
            await sender.until(1)
            await eventually(lambda: engine._worker.held == 1 and len(extended) > 3)
            (waiting,) = (await engine.queue.query(Selection(states=(DeliveryState.LEASED,)))).deliveries
            await engine.stop()
            assert (await engine.queue.get(waiting.delivery_id)).state is DeliveryState.PENDING

    asyncio.run(main())


def start(url, *ports):
    environment = {"PYTHONPATH": f"{Path(integrations_sdk.__file__).parents[1]}:{PROGRAM.parents[1]}"}
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), url, *map(str, ports)],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


async def deliver(backend, processes, seconds):
    """What arrives from that many processes within about so long, and some deliveries without a limit."""
    store = store_at(backend.url)
    queue = open_queue(store)
    async with Receiver() as receiver:
        at_work = [start(backend.url, receiver.port, receiver.datagram_port) for _ in range(processes)]
        for process in at_work:
            assert await asyncio.to_thread(process.stdout.readline) == "ready\n", process.stderr.read()
        for name, rate in RATES.items():
            target = Target("webhook", name)
            await queue.limit(target, rate)
            await asyncio.gather(*(put(queue, target, n) for n in range(rate * seconds)))
        await asyncio.gather(*(put(queue, Target("webhook", "free"), n) for n in range(20 * seconds)))
        while (await queue.query(Selection(states=OPEN), limit=1)).deliveries:
            await asyncio.sleep(0.2)
        for process in at_work:
            process.communicate("\n")
            assert process.returncode == 0
    await queue.close()
    await store.close()
    return receiver


async def put(queue, target, number):
    new = NewDelivery(delivery_id=f"{target.id}-{number}", target=target)
    await queue.enqueue(QueuedEvent(event_id=new.delivery_id, event_type="push", body=b"x"), [new])


def most(times, width):
    """The most within any half-open window of that width; one that begins with a send is the fullest."""
    return max(bisect_left(times, begin + width) - index for index, begin in enumerate(times))


def check(backend, processes, seconds):
    """By the times of the attempts, and at the receiver.

    A delivery is sent between its slot and the end of that slot's grace g. What is sent in a window of T seconds
    has its slot within T + g seconds, and slots are 1 / r apart, so there are at most r (T + g) of them, rounded
    up. With g = 20 ms, as it is from 25 a second on, that is 2 % above r T for T = 1 s, and less for longer ones.

    From the note of its start to the receiver a delivery takes a time that differs by up to d, which is long where
    the machine stops a process in between; there g + d takes the place of g. When it came the system notes, not the
    receiver, which may not be running just then.
    """
    receiver = asyncio.run(deliver(backend, processes, seconds))
    rows = backend.rows(
        "SELECT d.id, a.started_at FROM {}attempts a JOIN {}deliveries d ON d.seq = a.delivery"
    )
    started = {id_: at / 1e6 for id_, at in rows}
    arrived = dict(receiver.datagrams)
    assert started.keys() == dict(receiver.arrivals).keys() == arrived.keys()
    assert len(rows) == len(receiver.arrivals) == len(receiver.datagrams) == len(arrived), (
        "each was sent once"
    )
    assert len(arrived) == (sum(RATES.values()) + 20) * seconds, "and none was forgotten"
    by_target = defaultdict(list)
    for id_ in started:
        by_target[id_.partition("-")[0]].append(id_)
    for name, rate in RATES.items():
        sends, arrivals = (sorted(times[one] for one in by_target[name]) for times in (started, arrived))
        ways = [arrived[one] - started[one] for one in by_target[name]]
        grace, spread = slot_grace(rate).total_seconds(), max(ways) - min(ways)
        for width in (1, 2, 5):
            assert most(sends, width) <= math.ceil(rate * (width + grace)) <= rate * width * 1.02
            assert most(arrivals, width) <= math.ceil(rate * (width + grace + spread))
        print(  # noqa: T201  # what the proof came to, shown by `pytest -s`
            f"{name}: {len(sends) / (sends[-1] - sends[0]) / rate:.3f} of the rate; at most"
            f" {most(sends, 1) / rate:.3f} in a second, {most(arrivals, 1) / rate:.3f} at the receiver"
            f" (ways differ by {spread * 1000:.0f} ms)"
        )


@pytest.mark.timeout(120)
def test_eight_processes_share_a_limit(backend):
    """Whatever second one looks at, 8 processes together send no more than 2 % above an endpoint's rate."""
    check(backend, 8, 2)


@pytest.mark.torture
@pytest.mark.timeout(600)
def test_eight_processes_share_a_limit_for_long(backend):
    """The same for a minute."""
    check(backend, 8, 60)
