"""The contract of rate limits: slots for all workers together, and what is not finished yet."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.models.delivery import At, Backlog, Dead, Target
from integrations_sdk.queue.base import Batch, NewDelivery, Queue, QueuedEvent, Result, Selection, slot_grace
from integrations_sdk.testing.queue_contract.case import (
    START,
    A,
    B,
    QueueCase,
    claim,
    finish,
    later,
    names,
    put,
)

__all__ = ["BacklogContract", "LimitContract"]

C = Target("webhook", "c")


def slots(batch: Batch) -> list[datetime]:
    """The slots of what was claimed, in order."""
    return sorted(one.slot for one in batch.claimed if one.slot is not None)


class LimitContract(QueueCase):
    """How often something is handed out for a target."""

    def test_slots_are_apart(self) -> None:
        """Each delivery of a limited target has a slot of its own, 1 / rate after the one before; others none."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            await queue.limit(A, 4)
            for number in range(3):
                await put(queue, str(number), A, B)
            batch = await claim(queue)
            assert slots(batch) == [START, later(0.25), later(0.5)]
            assert [one.slot for one in batch.claimed if one.delivery.target == B] == [None] * 3

        self.run(scenario)

    def test_a_slot_ends(self) -> None:
        """`slot_ends` is the grace of the rate after the slot, and there is none without a slot."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            for target, rate in ((A, 100), (C, 2)):
                await queue.limit(target, rate)
            await put(queue, "d", A, B, C)
            ends = {one.delivery.target: one.slot_ends for one in (await claim(queue)).claimed}
            assert ends == {A: START + slot_grace(100), B: None, C: START + slot_grace(2)}
            assert (slot_grace(100), slot_grace(2)) == (timedelta(seconds=0.02), timedelta(seconds=0.25))

        self.run(scenario)

    def test_all_workers_share_the_limit(self) -> None:
        """However many workers claim, and whatever came of it, no slot is given twice or too early."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            await queue.limit(A, 10)
            for number in range(100):
                await put(queue, f"{number:03}")
            given: list[datetime] = []
            for turn in range(40):
                batch = await claim(queue, worker=f"w{turn % 4}", limit=7)
                given += slots(batch)
                if turn % 3 == 0:
                    await queue.release(batch.claimed)
                else:
                    await finish(queue, batch)
                clock.advance(0.1)
            apart = [after - before for before, after in pairwise(given)]
            assert min(apart) >= timedelta(seconds=0.1)
            assert len(given) >= 40

        self.run(scenario)

    def test_slots_that_were_not_used_are_gone(self) -> None:
        """After a pause the limit is what it was: what was not sent meanwhile is not made up for."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            await queue.limit(A, 1)
            await put(queue, "0")
            await claim(queue)
            clock.advance(60)
            for number in range(1, 5):
                await put(queue, str(number))
            assert slots(await claim(queue)) == [later(60), later(61)]

        self.run(scenario)

    def test_next_at_is_when_there_is_a_slot(self) -> None:
        """A claim that leaves deliveries without slots says when there will be some, and it is not before then."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            await queue.limit(A, 0.1)
            for number in range(3):
                await put(queue, str(number))
            batch = await claim(queue)
            assert (names(batch), slots(batch)) == (["0"], [START])
            assert batch.next_at is not None
            assert START < batch.next_at <= later(10)
            clock.advance(batch.next_at.timestamp() - START.timestamp())
            assert slots(await claim(queue)) == [later(10)]

        self.run(scenario)

    def test_a_limit_is_changed_and_taken_away(self) -> None:
        """It holds from the next claim on; None takes it away."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            await queue.limit(A, 1)
            for number in range(6):
                await put(queue, str(number))
            assert len(slots(await claim(queue))) == 2
            await queue.limit(A, 100)
            clock.advance(2)
            assert slots(await claim(queue, limit=2)) == [later(2), later(2.01)]
            await queue.limit(A, None)
            assert [one.slot for one in (await claim(queue)).claimed] == [None] * 2

        self.run(scenario)

    def test_a_raised_limit_holds_at_once(self) -> None:
        """The next slot is 1 / rate after the last one that was given, also for who waits for the old one."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            await queue.limit(A, 0.001)
            for number in range(3):
                await put(queue, str(number))
            assert slots(await claim(queue)) == [START]
            await queue.limit(A, 2)
            batch = await claim(queue)
            assert slots(batch) == [later(0.5), later(1)]
            await queue.limit(A, 0.001)
            await put(queue, "3")
            clock.advance(999)
            assert slots(await claim(queue, limit=10)) == []
            clock.advance(2)
            assert slots(await claim(queue, limit=10)) == [later(1001)]

        self.run(scenario)

    def test_a_limited_target_keeps_nobody_waiting(self) -> None:
        """While one target waits for its slots, the others are handed out as ever."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            await queue.limit(A, 0.01)
            for number in range(5):
                await put(queue, str(number), A, B)
            await claim(queue, limit=2)
            assert {one.delivery.target for one in (await claim(queue)).claimed} == {B}

        self.run(scenario)

    def test_limits_are_checked(self) -> None:
        """A rate that cannot be kept is refused."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            for rate in (0, -1, 10_001, float("nan")):
                with pytest.raises(ConfigurationError):
                    await queue.limit(A, rate)

        self.run(scenario)


class BacklogContract(QueueCase):
    """What is not finished, whose it is, and what was never sent."""

    def test_backlog(self) -> None:
        """It counts what is pending, waiting, leased and held, and knows the oldest that is due."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            assert await queue.backlog() == Backlog()
            await put(queue, "done")
            await finish(queue, await claim(queue))
            await put(queue, "leased")
            await claim(queue)
            await queue.hold(B, "")
            await put(queue, "1", A, B)
            await put(queue, "later", due_at=later(5))
            for number in range(3):
                await put(queue, f"k{number}", A, B, key="k")
            clock.advance(1)
            expected = Backlog(pending=3, waiting=2, leased=1, held=4, oldest_due_at=START)
            assert await queue.backlog() == expected

        self.run(scenario)

    def test_tenants(self) -> None:
        """Targets of the same name under two tenants are two; a selection keeps to a tenant, and to a project."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            ours, theirs = (
                Target("webhook", "webhook-1", "us", "us/app"),
                Target("webhook", "webhook-1", "them"),
            )
            await put(queue, "ours", ours)
            await put(queue, "theirs", theirs)
            assert await queue.hold(theirs, "theirs")
            batch = await claim(queue)
            assert [one.delivery.target for one in batch.claimed] == [ours]
            await finish(queue, batch)
            assert (await queue.statistics(ours)).succeeded == 1
            assert (await queue.statistics(theirs)).succeeded == 0
            for selection, targets in (
                (Selection(tenant_id="us"), [ours]),
                (Selection(tenant_id="them"), [theirs]),
                (Selection(tenant_id="us", project_id="us/app"), [ours]),
                (Selection(tenant_id="us", project_id="other"), []),
                (Selection(target=theirs), [theirs]),
            ):
                page = await queue.query(selection)
                assert [delivery.target for delivery in page.deliveries] == targets

        self.run(scenario)

    def test_what_was_not_sent_is_no_attempt(self) -> None:
        """A result without an attempt moves the delivery, and neither logs nor counts anything."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            await put(queue, "d")
            batch = await claim(queue)
            await queue.record([Result(claimed=batch.claimed[0], attempt=None, verdict=At(later(3)))])
            assert (await claim(queue)).next_at == later(3)
            clock.advance(3)
            again = (await claim(queue)).claimed[0]
            assert (again.tries, again.delivery.attempts) == (0, 0)
            (recorded,) = await queue.record(
                [Result(claimed=again, attempt=None, verdict=Dead("it is gone"))]
            )
            assert (recorded.accepted, recorded.failing_since) == (True, None)
            assert await queue.attempts("d") == ()
            delivery = await queue.get("d")
            assert delivery is not None
            assert (delivery.state, delivery.error) == ("failed", "it is gone")
            assert (await queue.statistics(A)).last_attempt_at is None

        self.run(scenario)

    def test_what_cannot_be_a_project_is_refused(self) -> None:
        """An empty tenant or project names nobody."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            event = QueuedEvent(event_id="e", event_type="push", body=b"")
            target = Target("webhook", "a", "", "")
            with pytest.raises(ConfigurationError) as caught:
                await queue.enqueue(event, [NewDelivery(delivery_id="d", target=target)])
            assert "target.tenant_id" in str(caught.value)
            assert "target.project_id" in str(caught.value)

        self.run(scenario)
