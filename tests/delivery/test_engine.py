"""The engine and its worker: what is enqueued arrives, in order, in turns, and is told of."""

from __future__ import annotations

import asyncio
import contextvars
import random
import sqlite3
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from integrations_sdk.clock import FakeClock, SystemClock
from integrations_sdk.delivery.limits import WorkerLimits
from integrations_sdk.delivery.schedule import DeliveryPolicy
from integrations_sdk.delivery.worker import DeliveryWorker
from integrations_sdk.errors import (
    ConfigurationError,
    DisabledError,
    NotFoundError,
    ProviderUnavailableError,
    StateError,
    TransportError,
)
from integrations_sdk.http.base import Call, Headers, Request, Response, RetryPolicy
from integrations_sdk.http.circuit import CircuitBreaker, CircuitPolicy
from integrations_sdk.http.client import HttpClient
from integrations_sdk.models import Actor, Commit, Event, Sent
from integrations_sdk.models.delivery import DeliveryState, Target
from integrations_sdk.queue.base import Selection
from integrations_sdk.queue.events import EventReader, pack
from integrations_sdk.store.sqlite import SQLiteStore
from support.deliveries import FAST, A, B, Scripted, engine_with, event, failed, sent


async def eventually(condition):
    """Return when the condition, a coroutine function, holds; the test's own time limit ends it otherwise."""
    while not await condition():
        await asyncio.sleep(0.005)


async def eventually_true(condition):
    """The same for a plain function."""
    while not condition():
        await asyncio.sleep(0.005)


def ended(engine, number=1, state=DeliveryState.DELIVERED):
    async def condition():
        page = await engine.queue.query(Selection(states=(state,)), limit=1_000)
        return len(page.deliveries) >= number

    return eventually(condition)


def test_what_is_enqueued_arrives():
    """Each target gets the event under its delivery's id, once; the log says so, and the bus."""

    async def main():
        sender = Scripted(
            lambda d, e: Sent(target="t", provider="p", operation="o", http_status=202, excerpt="ok")
        )
        async with engine_with(sender) as engine:
            engine.start()
            engine.start()
            accepted = await engine.enqueue(event(), [A, B])
            await ended(engine, 2)
            assert sorted(sender.received) == sorted(one.delivery_id for one in accepted)
            assert sender.events[0] is sender.events[1]
            (attempt,) = await engine.queue.attempts(accepted[0].delivery_id)
            assert (attempt.http_status, attempt.excerpt) == (202, "ok")
            await engine.stop()
            assert sorted(engine.told) == [("webhook.delivered", "a"), ("webhook.delivered", "b")]

    asyncio.run(main())


def test_a_failure_is_tried_again_and_then_given_up():
    """As often as the policy says, under the same id; the bus hears of each attempt and of the end."""

    async def main():
        sender = Scripted(lambda d, e: failed())
        async with engine_with(sender) as engine:
            engine.start()
            (one,) = await engine.enqueue(event(), [A])
            await ended(engine, state=DeliveryState.FAILED)
            await engine.stop()
            assert sender.received == [one.delivery_id] * 3
            assert [name for name, _ in engine.told] == ["webhook.failed"] * 3 + ["webhook.exhausted"]
            delivery = await engine.queue.get(one.delivery_id)
            assert delivery.error == "given up after 3 attempts: broken"

    asyncio.run(main())


def test_recovery_is_told():
    """The first success after failures says that the target has recovered."""

    async def main():
        answers = iter([failed(), ProviderUnavailableError("down"), sent()])
        async with engine_with(Scripted(lambda d, e: next(answers))) as engine:
            engine.start()
            await engine.enqueue(event(), [A])
            await ended(engine)
            await engine.stop()
            assert [name for name, _ in engine.told] == [
                "webhook.failed", "webhook.failed", "webhook.delivered", "webhook.recovered"
            ]  # fmt: skip

    asyncio.run(main())


def test_gone_disables_and_enabling_drains():
    """HTTP 410 holds the target and all that is for it; nothing is lost when it is enabled."""

    async def main():
        gone = True
        sender = Scripted(lambda d, e: failed(status=410) if gone and d.target == A else sent())
        async with engine_with(sender, limits=WorkerLimits(per_target=1)) as engine:
            engine.start()
            await engine.enqueue(event("1"), [A])
            await ended(engine, state=DeliveryState.HELD)
            await engine.enqueue(event("2"), [A, B])
            gone = False
            await ended(engine)
            assert not await engine.disable(A, "again")
            assert await engine.enable(A)
            assert not await engine.enable(A)
            await ended(engine, 3)
            assert await engine.disable(B, "asked to")
            await engine.stop()
            told = [name for name, _ in engine.told if name not in {"webhook.delivered", "webhook.failed"}]
            assert told == ["webhook.disabled", "webhook.enabled", "webhook.disabled"]

    asyncio.run(main())


def test_a_target_that_only_fails_is_disabled():
    """After failing for as long as the policy says, with what it has yet to be sent held."""

    async def main():
        policy = DeliveryPolicy(
            delays=(timedelta(milliseconds=5),) * 100, disable_after=timedelta(milliseconds=30)
        )
        async with engine_with(Scripted(lambda d, e: failed()), policy=policy) as engine:
            engine.start()
            await engine.enqueue(event(), [A])
            await ended(engine, state=DeliveryState.HELD)
            await engine.stop()
            assert engine.told[-1] == ("webhook.disabled", "a")
            statistics = await engine.queue.statistics(A)
            assert "has failed for" in statistics.held_reason
            assert statistics.backlog == 1

    asyncio.run(main())


def test_a_rule_disables_its_target_alone(caplog):
    """By its own reason; one that fails is logged, and disturbs nothing."""

    def rule(outcome, lasted):
        if outcome.http_status == 500:
            raise KeyError(lasted)
        return "unauthorised"

    async def main():
        sender = Scripted(lambda d, e: failed(status=401 if d.target == A else 500))
        async with engine_with(sender, policy=DeliveryPolicy(rule=rule)) as engine:
            await engine.enqueue_and_wait(event(), [A, B])
            while (await engine.queue.statistics(A)).held_reason is None:
                await asyncio.sleep(0.001)
            assert (await engine.queue.statistics(A)).held_reason == "unauthorised"
            assert (await engine.queue.statistics(B)).held_reason is None

    with caplog.at_level("ERROR", "integrations_sdk"):
        asyncio.run(main())
    assert "rule failed" in caplog.text


def test_retry_after_is_not_undercut():
    """What a target asks for goes before the schedule."""

    async def main():
        sender = Scripted(lambda d, e: failed(status=429, retry_after=timedelta(hours=1)))
        async with engine_with(sender) as engine:
            (outcome,) = await engine.enqueue_and_wait(event(), [A])
            page = await engine.queue.query()
            assert outcome.http_status == 429
            assert page.deliveries[0].due_at - datetime.now(UTC) > timedelta(minutes=59)

    asyncio.run(main())


def test_waiting_returns_first_outcomes():
    """One outcome for each target, in order, of the first attempt, though what failed is tried again."""

    async def main():
        sender = Scripted(lambda d, e: sent(reference="r") if d.target == B else failed())
        async with engine_with(sender) as engine:
            outcomes = await engine.enqueue_and_wait(event(), [A, B])
            assert [(bool(one), one.reference) for one in outcomes] == [(False, None), (True, "r")]
            await ended(engine, state=DeliveryState.FAILED)
            assert len(sender.received) == 4

    asyncio.run(main())


def test_waiting_ends():
    """With its timeout, or at once where the target is disabled; the outcome says that nothing was tried."""

    async def main():
        async with engine_with(Scripted(lambda d, e: asyncio.Event().wait())) as engine:
            (outcome,) = await engine.enqueue_and_wait(event(), [A], timeout=timedelta(milliseconds=30))
            assert (bool(outcome), outcome.attempts, outcome.status) == (False, 0, "accepted")
            await engine.disable(B, "asked to")
            (outcome,) = await engine.enqueue_and_wait(event("2"), [B])
            assert "disabled" in outcome.detail

    asyncio.run(main())


def test_waiting_for_what_was_taken_before():
    """A duplicate's outcome is that of the delivery taken before, read from the log if need be."""

    async def main():
        sender = Scripted(lambda d, e: sent() if d.target == A else failed(retryable=False))
        async with engine_with(sender) as engine:
            first = await engine.enqueue_and_wait(event(), [A, B], idempotency_key="i")
            again = await engine.enqueue_and_wait(event("2"), [A, B], idempotency_key="i")
            assert [bool(one) for one in first] == [bool(one) for one in again] == [True, False]
            assert (again[0].http_status, again[1].retryable) == (200, False)
            assert len(sender.received) == 2

    asyncio.run(main())


def test_no_sender():
    """A kind that nobody sends is tried again, for the sender may be registered with the next start."""

    async def main():
        async with engine_with(Scripted()) as engine:
            (outcome,) = await engine.enqueue_and_wait(event(), [Target("pigeon", "1")])
            assert "no sender is registered for targets of kind 'pigeon'" in outcome.error
            assert outcome.retryable

    asyncio.run(main())


def test_what_nobody_sends_uses_up_no_try():
    """Without a sender nothing is logged, and it is tried again in a minute, as often as it takes."""

    async def main():
        async with engine_with(Scripted()) as engine:
            await engine.enqueue_and_wait(event(), [Target("pigeon", "1")])
            (delivery,) = (await engine.queue.query()).deliveries
            assert (delivery.state, delivery.attempts) == (DeliveryState.PENDING, 0)
            assert timedelta(seconds=50) < delivery.due_at - datetime.now(UTC) < timedelta(seconds=73)
            assert await engine.queue.attempts(delivery.delivery_id) == ()
            await engine.stop()
            assert engine.told == []

    asyncio.run(main())


def test_a_disabled_target_is_held():
    """A sender that says so has the target held, with its words; nothing is logged, and enabling sends it."""

    async def main():
        disabled = True
        sender = Scripted(lambda d, e: DisabledError("webhook-1 is disabled") if disabled else sent())
        async with engine_with(sender) as engine:
            (outcome,) = await engine.enqueue_and_wait(event(), [A])
            assert "disabled" in outcome.error
            (delivery,) = (await engine.queue.query()).deliveries
            assert (delivery.state, delivery.attempts) == (DeliveryState.HELD, 0)
            statistics = await engine.queue.statistics(A)
            assert (statistics.held_reason, statistics.failed) == ("webhook-1 is disabled", 0)
            disabled = False
            await engine.enable(A)
            await ended(engine)
            await engine.stop()
            assert [name for name, _ in engine.told] == [
                "webhook.disabled", "webhook.enabled", "webhook.delivered"
            ]  # fmt: skip

    asyncio.run(main())


def test_a_deleted_target_has_no_attempts():
    """A sender that does not know the target any more has the delivery given up, without an attempt."""

    async def main():
        async with engine_with(Scripted(lambda d, e: NotFoundError("there is no webhook-1"))) as engine:
            await engine.enqueue_and_wait(event(), [A])
            (delivery,) = (await engine.queue.query()).deliveries
            assert (delivery.state, delivery.attempts) == (DeliveryState.FAILED, 0)
            assert delivery.error == "there is no webhook-1"
            await engine.stop()
            assert [name for name, _ in engine.told] == ["webhook.exhausted"]

    asyncio.run(main())


class Broken:
    """A transport whose first answers are failures."""

    def __init__(self, failures):
        self.failures = failures
        self.requests = 0

    async def send(self, request):
        self.requests += 1
        if self.requests <= self.failures:
            raise TransportError("reset")
        return Response(status=200, headers=Headers({}), content=b"")


def test_an_open_circuit_uses_up_no_tries():
    """What the circuit refuses is put off without an attempt; a probe after each pause, and then all arrive."""

    async def main():
        transport, refused = Broken(4), Counter()
        pause = timedelta(milliseconds=200)
        clock = SystemClock()
        http = HttpClient(
            transport, clock, circuit=CircuitBreaker(clock, CircuitPolicy(failures=3, pause=pause))
        )
        call = Call(provider="webhook", operation="send", idempotent=True, retry=RetryPolicy(attempts=1))

        async def answer(delivery):
            try:
                await http.send(Request(method="POST", url="http://a.test/"), call)
            except ProviderUnavailableError:
                refused[delivery.delivery_id] += 1
                raise
            return sent()

        limits = WorkerLimits(concurrency=1, per_target=1)
        policy = DeliveryPolicy(delays=(timedelta(0),) * 6)
        async with engine_with(Scripted(lambda d, e: answer(d)), limits=limits, policy=policy) as engine:
            for number in range(20):
                await engine.enqueue(event(str(number)), [A])
            engine.start()
            await ended(engine, 20)
            await engine.stop()
            attempts = [len(await engine.queue.attempts(one.delivery_id))
                        for one in (await engine.queue.query()).deliveries]  # fmt: skip
            assert sum(attempts) == transport.requests == 24
            assert refused
            assert Counter(name for name, _ in engine.told) == {
                "webhook.failed": 4, "webhook.delivered": 20, "webhook.recovered": 1
            }  # fmt: skip

    asyncio.run(main())


def test_a_bug_of_a_sender_disturbs_nobody():
    """What it raises is that delivery's failure, also when it cancels itself."""

    async def main():
        def answer(delivery, _):
            return {"a": KeyError("secret"), "b": asyncio.CancelledError()}.get(delivery.target.id, sent())

        async with engine_with(Scripted(answer)) as engine:
            outcomes = await engine.enqueue_and_wait(event(), [A, B, Target("webhook", "c")])
            assert [bool(one) for one in outcomes] == [False, False, True]
            assert "secret" not in outcomes[0].error

    asyncio.run(main())


def test_limits_are_kept():
    """Never more under way than `concurrency`, nor to one target than `per_target`, and all arrive."""

    async def main():
        sender = Scripted(lambda d, e: asyncio.sleep(0.001, sent()))
        async with engine_with(sender, limits=WorkerLimits(concurrency=6, per_target=4)) as engine:
            engine.start()
            await asyncio.gather(*(engine.enqueue(event(str(number)), [A, B]) for number in range(30)))
            await ended(engine, 60)
            assert sender.most["all"] == 6
            await asyncio.gather(*(engine.enqueue(event(f"a{number}"), [A]) for number in range(30)))
            await ended(engine, 90)
            assert sender.most[A] == 4

    asyncio.run(main())


def test_what_is_enqueued_is_sent_without_a_claim():
    """A worker in the same process takes it over as it is stored, as much as it holds of one target."""

    async def main():
        go = asyncio.Event()

        async def answer():
            await go.wait()
            return sent()

        sender = Scripted(lambda d, e: answer())
        async with engine_with(sender, limits=WorkerLimits(concurrency=2, per_target=2)) as engine:
            claims = []
            claim = engine.queue.claim

            async def spy(*args, **options):
                claims.append(args)
                return await claim(*args, **options)

            engine.queue.claim = spy
            engine.start()
            await eventually_true(lambda: claims and not engine._worker._is_due())
            for number in range(6):
                await engine.enqueue(event(str(number)), [A])
            await sender.until(2)
            assert (len(claims), engine._worker.held) == (1, 6)
            await engine.enqueue(event("6"), [A])
            go.set()
            await ended(engine, 7)
            assert len(claims) > 1
            assert len(set(sender.received)) == len(sender.received) == 7

    asyncio.run(main())


def test_what_was_handed_over_is_kept_and_given_back():
    """Its lease is renewed though nothing else is held; a worker that stops meanwhile leaves it pending."""

    async def main():
        hang = Scripted(lambda d, e: asyncio.Event().wait())
        async with engine_with(hang, limits=WorkerLimits(lease=timedelta(milliseconds=60))) as engine:
            engine.start()
            await eventually_true(lambda: not engine._worker._is_due())
            await engine.enqueue(event(), [A])
            await hang.until(1)
            await asyncio.sleep(0.2)
            other = await engine.queue.claim("other", limit=1, lease=timedelta(seconds=1), per_target=1)
            assert other.claimed == ()
            worker = engine._worker
            assert worker.reserve([A]) == [True]
            await engine.stop(grace=timedelta(0))
            assert worker.reserve([A]) == [False]
            assert (await engine.queue.query()).deliveries[0].state is DeliveryState.PENDING

    asyncio.run(main())


@pytest.mark.parametrize("per_target", [1, 3, 8])
def test_a_backlog_is_worked_off_without_further_news(per_target, tmp_path):
    """What a claim leaves for want of room is claimed when there is some, whatever is sent during the claim."""

    async def main():
        store = SQLiteStore(tmp_path / "q.db")
        draw = random.Random(per_target)
        sender = Scripted(lambda d, e: asyncio.sleep(draw.random() * 0.002, sent()))
        limits = WorkerLimits(concurrency=8, per_target=per_target)
        async with engine_with(sender, store=store, limits=limits) as engine:
            for number in range(300):
                await engine.enqueue(event(str(number)), [A if number % 3 else B])
            engine.start()
            await ended(engine, 300)
        await store.close()

    asyncio.run(main())


def test_a_host_is_shared():
    """Targets that the sender says are on one host share its limit."""

    async def main():
        sender = Scripted(lambda d, e: asyncio.sleep(0.001, sent()))
        targets = [Target("webhook", str(number)) for number in range(20)]
        limits = WorkerLimits(per_target=2, per_host=3)
        async with engine_with(sender, limits=limits, host=lambda target: "h") as engine:
            await engine.enqueue_and_wait(event(), targets)
            assert sender.most["all"] == 3

    asyncio.run(main())


def test_a_target_that_hangs_does_not_keep_its_host_s_others_waiting():
    """It takes its own share of the host's room, however long its backlog; the others on it arrive meanwhile."""

    async def main():
        hanging = asyncio.Event()
        sender = Scripted(lambda d, e: hanging.wait() if d.target == A else sent())
        others = [Target("webhook", f"other-{number}") for number in range(30)]
        async with engine_with(sender, host=lambda target: "h") as engine:
            for number in range(100):
                await engine.enqueue(event(f"a{number}"), [A])
            engine.start()
            await sender.until(engine._limits.per_target)
            outcomes = await engine.enqueue_and_wait(event("b"), others)
            assert [outcome.status for outcome in outcomes] == ["succeeded"] * 30
            assert sender.under_way[A] == engine._limits.per_target
            hanging.set()

    asyncio.run(main())


def test_a_hanging_target_delays_nobody():
    """While one target answers nothing, others are delivered; the sends that hang give up their places."""

    async def main():
        hang = asyncio.Event()
        sender = Scripted(lambda d, e: hang.wait() if d.target == A else sent())
        limits = WorkerLimits(concurrency=2, per_target=2, slow_after=timedelta(milliseconds=20))
        async with engine_with(sender, limits=limits) as engine:
            engine.start()
            for number in range(5):
                await engine.enqueue(event(f"a{number}"), [A])
            await sender.until(2)
            await engine.enqueue_and_wait(event("b"), [B])
            await engine.enqueue_and_wait(event("b2"), [B])
            assert sender.under_way[A] == 2

    asyncio.run(main())


def test_many_that_hang_delay_nobody():
    """What waits behind sends that hang takes no room: the others are claimed and sent, all of them."""

    async def main():
        hanging = {Target("webhook", f"hanging-{number}") for number in range(4)}
        healthy = [Target("webhook", str(number)) for number in range(50)]
        sender = Scripted(lambda d, e: asyncio.Event().wait() if d.target in hanging else sent())
        limits = WorkerLimits(concurrency=4, per_target=2, slow_after=timedelta(milliseconds=10))
        async with engine_with(sender, limits=limits) as engine:
            engine.start()
            for number in range(6):
                await engine.enqueue(event(f"h{number}"), hanging)
            await sender.until(4)
            for number in range(2):
                await engine.enqueue_and_wait(event(str(number)), healthy)
            assert sum(sender.under_way[target] for target in hanging) == 8
            assert len(set(sender.received)) == 8 + 100

    asyncio.run(main())


def test_a_send_has_its_time():
    """One that lasts longer has failed, and is tried again."""

    async def main():
        answers = iter([asyncio.Event().wait(), sent()])
        limits = WorkerLimits(send_timeout=timedelta(milliseconds=20), lease=timedelta(seconds=1))
        async with engine_with(Scripted(lambda d, e: next(answers)), limits=limits) as engine:
            (outcome,) = await engine.enqueue_and_wait(event(), [A])
            assert outcome.error == "no answer within 0.02 s"
            await ended(engine)

    asyncio.run(main())


def test_a_slow_send_keeps_its_lease():
    """A worker that is at work on something renews its lease, so nobody else takes it over."""

    async def main():
        sender = Scripted(lambda d, e: asyncio.sleep(0.5, sent()))
        limits = WorkerLimits(lease=timedelta(milliseconds=150))
        async with engine_with(sender, limits=limits) as engine:
            other = DeliveryWorker(engine.queue, engine._routes, engine._runtime.clock, limits=limits)
            engine.start()
            await engine.enqueue(event(), [A])
            await sender.until(1)
            running = asyncio.create_task(other.run())
            await ended(engine)
            other.stop()
            await running
            assert len(sender.received) == 1

    asyncio.run(main())


def test_a_stop_finishes_what_was_begun():
    """What is being sent is recorded, what is not yet begun given back, and nothing is left leased."""

    async def main():
        go = asyncio.Event()

        async def answer():
            await go.wait()
            return sent()

        sender = Scripted(lambda d, e: answer())
        async with engine_with(sender, limits=WorkerLimits(concurrency=2, per_target=2)) as engine:
            engine.start()
            for number in range(4):
                await engine.enqueue(event(str(number)), [A])
            await sender.until(2)
            stopping = asyncio.create_task(engine.stop())
            await asyncio.sleep(0.01)
            go.set()
            await stopping
            await engine.stop()
            states = Counter(one.state for one in (await engine.queue.query()).deliveries)
            assert states == {DeliveryState.DELIVERED: 2, DeliveryState.PENDING: 2}
            assert not engine.is_running
            engine.start()
            await ended(engine, 4)

    asyncio.run(main())


def test_an_abandoning_stop_gives_everything_back():
    """Nothing is waited for; it is all pending again."""

    async def main():
        sender = Scripted(lambda d, e: asyncio.Event().wait())
        async with engine_with(sender) as engine:
            engine.start()
            await engine.enqueue(event(), [A])
            await sender.until(1)
            await engine.stop(grace=timedelta(0))
            assert (await engine.queue.query()).deliveries[0].state is DeliveryState.PENDING

    asyncio.run(main())


def test_a_stop_gives_back_what_was_begun_just_now():
    """Also a send whose task has not run yet is given back, and the stop ends."""

    async def main():
        sender = Scripted(lambda d, e: asyncio.Event().wait())
        async with engine_with(sender) as engine:
            engine.start()
            await eventually_true(lambda: not engine._worker._is_due())
            worker = engine._worker
            take = worker.take

            def stop_upon(batch, reserved):
                taken = take(batch, reserved)
                worker.stop(abandon=True)
                return taken

            worker.take = stop_upon
            await engine.enqueue(event(), [A])
            async with asyncio.timeout(5):
                await engine.stop(grace=timedelta(0))
            assert (await engine.queue.query()).deliveries[0].state is DeliveryState.PENDING

    asyncio.run(main())


def test_a_send_knows_nothing_of_who_enqueued():
    """It has a context of its own: what one caller set in theirs is not there, for this or for a later delivery."""
    caller = contextvars.ContextVar("caller", default="nobody")

    async def main():
        seen = []

        async def answer():
            seen.append(caller.get())
            return sent()

        async with engine_with(Scripted(lambda d, e: answer())) as engine:
            engine.start()
            await eventually_true(lambda: not engine._worker._is_due())
            for number in range(2):
                caller.set(f"caller {number}")
                await engine.enqueue(event(str(number)), [A])
                await ended(engine, number + 1)
            assert seen == ["nobody"] * 2

    asyncio.run(main())


def test_a_task_that_sent_sends_on():
    """What comes one after another is sent by one task."""

    async def main():
        tasks = set()

        async def answer():
            tasks.add(asyncio.current_task())
            return sent()

        async with engine_with(Scripted(lambda d, e: answer())) as engine:
            engine.start()
            for number in range(5):
                await engine.enqueue(event(str(number)), [A])
                await ended(engine, number + 1)
            assert len(tasks) == 1

    asyncio.run(main())


def test_a_fault_of_the_store_passes(monkeypatch):
    """When claiming, recording or waiting for news fails for once, the worker goes on, and every delivery ends."""
    monkeypatch.setattr("integrations_sdk.delivery.worker._AGAIN_AFTER_FAULT", 0.01)

    async def main():
        async with engine_with(Scripted(), limits=WorkerLimits(lease=timedelta(milliseconds=200))) as engine:
            queue = engine.queue
            faults = {"claim": 2, "record": 1, "wait": 1}

            def faulty(name, real):
                async def call(*args, **options):
                    faults[name] -= 1
                    if faults[name] >= 0:
                        raise StateError("locked")
                    return await real(*args, **options)

                return call

            for name in faults:
                setattr(queue, name, faulty(name, getattr(queue, name)))
            engine.start()
            while faults["wait"] > 0:
                await asyncio.sleep(0.001)
            for number in range(10):
                await engine.enqueue(event(str(number)), [A])
            await ended(engine, 10)
            assert max(faults.values()) < 0

    asyncio.run(main())


def test_order_per_key():
    """With a key each target receives in the order of the calls, though attempts fail and others pass."""

    async def main():
        turn = Counter()

        def answer(delivery, _):
            turn[delivery.delivery_id] += 1
            return failed() if turn[delivery.delivery_id] == 1 and len(turn) % 3 == 0 else sent()

        sender = Scripted(answer)
        async with engine_with(sender) as engine:
            engine.start()
            ids = [
                (await engine.enqueue(event(str(n)), [A], ordering_key=f"k{n % 4}"))[0].delivery_id
                for n in range(80)
            ]
            await ended(engine, 80)
            first_tries = list(dict.fromkeys(sender.received))
            for key in range(4):
                assert [one for one in first_tries if ids.index(one) % 4 == key] == ids[key::4]

    asyncio.run(main())


def test_within_a_host_transaction(tmp_path):
    """What a host commits is sent without anybody being told."""

    async def main():
        store = SQLiteStore(tmp_path / "q.db")
        sender = Scripted()
        async with engine_with(sender, store=store) as engine:
            engine.start()
            await engine.queue.query()
            host = sqlite3.connect(tmp_path / "q.db")
            await engine.enqueue_within(host, event("1"), [A])
            host.rollback()
            await engine.enqueue_within(host, event("2"), [A])
            host.commit()
            host.close()
            await sender.until(1)
            assert [one.event_id for one in sender.events] == ["2"]
        await store.close()

    asyncio.run(main())


def test_what_cannot_be_json_is_refused():
    """An event whose data has no JSON form says so when it is enqueued."""

    async def main():
        async with engine_with(Scripted()) as engine:
            for wrong in (object(), float("nan")):
                bad = Event(id="e", type="push", source="s", time=datetime.now(UTC), data={"x": wrong})
                with pytest.raises(ConfigurationError):
                    await engine.enqueue(bad, [A])

    asyncio.run(main())


def test_events_survive_the_queue():
    """An event is read as it was packed, once for all of its deliveries."""
    original = Event(
        id="e", type="push", source="s", time=datetime(2026, 1, 1, tzinfo=UTC), data={"x": [1, None, "é"]},
        actor=Actor(name="somebody"), commits=(Commit(sha="1", message="m"),), duration=timedelta(seconds=3),
    )  # fmt: skip
    reader = EventReader(size=1)
    queued = pack(original)
    assert reader.read(queued) == original
    assert reader.read(queued) is reader.read(queued)
    reader.read(pack(Event(id="f", type="push", source="s", time=original.time)))
    assert reader.read(queued) == original


def test_an_event_that_was_packed_here_is_not_read_again():
    """The sender gets the very object; one of the same id with another content is another event."""
    first = Event(
        id="e", type="push", source="s", time=datetime(2026, 1, 1, tzinfo=UTC), data={"whose": "one"}
    )
    second = Event(id="e", type="push", source="s", time=first.time, data={"whose": "two"})
    reader = EventReader()
    queued = reader.pack(first), reader.pack(second)
    assert [reader.read(one) for one in queued] == [first, second]
    assert reader.read(queued[0]) is first
    large = Event(id="e", type="push", source="s", time=first.time, data={"text": "x" * (1 << 20)})
    assert reader.read(reader.pack(large)) is not large


def test_the_log_is_kept_for_so_long():
    """What ended before the retention is forgotten as soon as the engine starts."""

    async def main():
        clock = FakeClock()
        async with engine_with(Scripted(), clock=clock) as engine:
            await engine.enqueue(event("1"), [A])
            await engine.enqueue(event("2"), [A])
            batch = await engine.queue.claim("w", limit=1, lease=timedelta(seconds=1), per_target=1)
            from integrations_sdk.testing.queue_contract.case import finish

            await finish(engine.queue, batch)
            clock.advance(8 * 86_400)
            engine.start()

            async def purged():
                return len((await engine.queue.query()).deliveries) == 1

            await eventually(purged)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"concurrency": 0}, "concurrency"),
        ({"per_target": 0}, "per_target"),
        ({"lease": timedelta(0)}, "lease"),
    ],
)
def test_wrong_limits_are_refused(options, path):
    """What cannot be meant is said at once, with its place."""
    with pytest.raises(ConfigurationError) as caught:
        WorkerLimits(**options)
    assert [problem.path for problem in caught.value.problems] == [path]


def test_the_policy_of_these_tests():
    """Three attempts, as the tests above count them."""
    assert len(FAST.delays) == 3
