"""The contract of handing out: fair over targets, bounded, under leases that end."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.models.delivery import At, DeliveryState, Done, Target
from integrations_sdk.queue.base import Queue
from integrations_sdk.testing.queue_contract.case import (
    LEASE,
    START,
    A,
    B,
    QueueCase,
    claim,
    finish,
    later,
    names,
    put,
    result,
)

__all__ = ["ClaimContract", "LeaseContract"]


class ClaimContract(QueueCase):
    """What is handed out, and to whom."""

    def test_nothing_is_handed_out_twice(self) -> None:
        """What a worker holds is not given to another, nor to itself again."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            for number in range(10):
                await put(queue, str(number))
            batches = await asyncio.gather(*(claim(queue, worker=str(n % 3), limit=2) for n in range(6)))
            given = [name for batch in batches for name in names(batch)]
            assert sorted(given) == [str(number) for number in range(10)]
            states = {one.state for one in (await queue.query()).deliveries}
            assert states == {DeliveryState.LEASED}

        self.run(scenario)

    def test_oldest_due_first(self) -> None:
        """Of one target, what is due longest goes first."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            for name, due in (("c", 3), ("a", 1), ("d", 4), ("b", 2)):
                await put(queue, name, due_at=later(due))
            clock.advance(10)
            assert names(await claim(queue, limit=2)) == ["a", "b"]
            assert names(await claim(queue, limit=1)) == ["c"]

        self.run(scenario)

    def test_targets_share(self) -> None:
        """A long backlog of one target leaves the others their share of every claim."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            await asyncio.gather(*(put(queue, f"a{number}") for number in range(100)))
            for number in range(9):
                await put(queue, f"b{number}", Target("webhook", f"b{number}"))
            batch = await claim(queue, limit=20)
            assert Counter(one.delivery.target.id[0] for one in batch.claimed) == {"a": 11, "b": 9}
            clock.advance(1)
            await put(queue, "late", B)
            clock.advance(1)
            assert "late" in names(await claim(queue, limit=2))

        self.run(scenario)

    def test_every_target_has_its_turn(self) -> None:
        """More targets than a claim takes: those that were not served go before those that were."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            targets = [Target("webhook", str(number)) for number in range(10)]
            for number in range(5):
                await put(queue, f"{number}", *targets)
            served: Counter[str] = Counter()
            for _ in range(3):
                clock.advance(1)
                served.update(one.delivery.target.id for one in (await claim(queue, limit=4)).claimed)
            assert len(served) == 10
            assert served.total() == 12

        self.run(scenario)

    def test_a_target_never_has_more_than_its_share_in_flight(self) -> None:
        """`per_target` and `busy` bound what a worker holds of each; others are not concerned."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            for number in range(10):
                await put(queue, str(number), A, B)
            first = await claim(queue, per_target=3)
            assert Counter(one.delivery.target for one in first.claimed) == {A: 3, B: 3}
            second = await claim(queue, per_target=3, busy={A: 3, B: 1})
            assert Counter(one.delivery.target for one in second.claimed) == {B: 2}
            third = await claim(queue, per_target=3, busy={A: 3, B: 3})
            assert (third.claimed, third.next_at) == ((), None)

        self.run(scenario)

    def test_more_at_the_same_time(self) -> None:
        """When there is more than was asked for, `next_at` says that it is due already."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            for number in range(3):
                await put(queue, str(number))
            batch = await claim(queue, limit=2)
            assert batch.next_at is not None
            assert batch.next_at <= clock.now()
            assert (await claim(queue, limit=2)).next_at is None

        self.run(scenario)

    def test_ranges(self) -> None:
        """A limit or a share below 1 is refused."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            for limit, per_target in ((0, 1), (1, 0)):
                with pytest.raises(ConfigurationError):
                    await claim(queue, limit=limit, per_target=per_target)

        self.run(scenario)

    def test_new_work_wakes(self) -> None:
        """A waiting worker wakes when something is enqueued; without news it waits for its timeout."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            await claim(queue)
            waiting = asyncio.create_task(queue.wait("w", None))
            await asyncio.sleep(0.01)
            assert not waiting.done()
            await put(queue, "d")
            assert await waiting
            assert names(await claim(queue)) == ["d"]
            assert not await queue.wait("w", 0.01)

        self.run(scenario)

    def test_no_news_is_lost_between_claim_and_wait(self) -> None:
        """What is enqueued after a claim, and before the wait, wakes at once; and each worker by itself."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            await asyncio.gather(claim(queue, worker="one"), claim(queue, worker="two"))
            await put(queue, "d")
            assert await queue.wait("one", None)
            await claim(queue, worker="one")
            assert await queue.wait("two", None)

        self.run(scenario)


class LeaseContract(QueueCase):
    """How long what was handed out stays with a worker."""

    def test_an_ended_lease_is_taken_over(self) -> None:
        """From the moment the lease ends the delivery goes to another worker, under the same id."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            await put(queue, "d")
            first = await claim(queue, worker="dead")
            assert first.lease_until == START + LEASE
            clock.advance(29.999999)
            empty = await claim(queue)
            assert (empty.claimed, empty.next_at) == ((), START + LEASE)
            assert await queue.next_due() == START + LEASE
            clock.advance(0.000001)
            second = await claim(queue)
            assert names(second) == ["d"]
            assert second.claimed[0].token != first.claimed[0].token

        self.run(scenario)

    def test_a_lost_lease_changes_nothing(self) -> None:
        """A result of a worker whose lease has gone to another is not taken; that of the other is."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            await put(queue, "d")
            late = (await claim(queue, worker="slow")).claimed[0]
            clock.advance(30)
            now = (await claim(queue)).claimed[0]
            refused = await queue.record([result(late, At(later(5)), status=500)])
            assert [one.accepted for one in refused] == [False]
            assert (await queue.attempts("d"), (await queue.statistics(A)).failed) == ((), 0)
            assert [one.accepted for one in await queue.record([result(now, Done())])] == [True]
            assert [one.accepted for one in await queue.record([result(now, Done())])] == [False]
            assert len(await queue.attempts("d")) == 1

        self.run(scenario)

    def test_a_late_result_is_taken_where_nobody_took_over(self) -> None:
        """The end of a lease alone loses nothing: only another worker's claim does."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            await put(queue, "d")
            batch = await claim(queue)
            clock.advance(300)
            assert names(await claim(queue)) == []
            assert (await queue.record([result(batch.claimed[0], Done())]))[0].accepted

        self.run(scenario)

    def test_a_claim_renews(self) -> None:
        """Claiming and extending renew the lease on all that is held; who holds nothing has none."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            assert await queue.extend("w", lease=LEASE) is None
            await put(queue, "d")
            await claim(queue)
            clock.advance(20)
            await claim(queue)
            clock.advance(20)
            assert await queue.extend("w", lease=timedelta(seconds=60)) == later(100)
            clock.advance(59)
            assert names(await claim(queue, worker="other")) == []
            clock.advance(1)
            assert names(await claim(queue, worker="other")) == ["d"]
            assert await queue.extend("w", lease=LEASE) is None

        self.run(scenario)

    def test_what_is_released_is_claimable_at_once(self) -> None:
        """Nothing counts as an attempt; what is no longer held is passed over."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            await put(queue, "1")
            await put(queue, "2")
            batch = await claim(queue)
            await finish(queue, batch)
            await put(queue, "3", B)
            held = await claim(queue)
            await queue.release([*batch.claimed, *held.claimed])
            again = await claim(queue, worker="other")
            assert names(again) == ["3"]
            assert again.claimed[0].delivery.attempts == 0
            await queue.release(held.claimed)
            assert names(await claim(queue)) == []
            await queue.release([])

        self.run(scenario)

    def test_the_end_of_a_lease_keeps_order(self) -> None:
        """After a takeover the first of a key is still the first."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            await put(queue, "1", key="k")
            await put(queue, "2", key="k")
            await claim(queue, worker="dead")
            clock.advance(30)
            assert names(await claim(queue)) == ["1"]

        self.run(scenario)
