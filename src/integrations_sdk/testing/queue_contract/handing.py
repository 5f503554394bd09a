"""The contract of handing over: a backend may do it or not; what is handed over is as if it had been claimed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import AlreadyExistsError
from integrations_sdk.models.delivery import At, DeliveryState, Done, Target
from integrations_sdk.queue.base import Batch, Claimed, Queue
from integrations_sdk.testing.queue_contract.case import (
    LEASE,
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

__all__ = ["HandingContract", "Hands"]


class Hands:
    """A worker called `w` that takes over as much as there is room for.

    Attributes:
        taken: what it was handed.
        reserved: what it keeps room for.
        takes: False refuses what was reserved.
    """

    def __init__(self, room: int = 100, *, takes: bool = True) -> None:
        self.room = room
        self.takes = takes
        self.taken: list[Claimed] = []
        self.reserved = 0

    @property
    def name(self) -> str:
        """See `Taker.name`."""
        return "w"

    @property
    def lease(self) -> timedelta:
        """See `Taker.lease`."""
        return LEASE

    def reserve(self, targets: Sequence[Target]) -> Sequence[bool]:
        """See `Taker.reserve`."""
        assert all(isinstance(target, Target) for target in targets)
        room = self.room - self.reserved - len(self.taken)
        self.reserved += min(room, len(targets))
        return [number < room for number in range(len(targets))]

    def take(self, batch: Batch, reserved: int) -> bool:
        """See `Taker.take`."""
        assert len(batch.claimed) <= reserved
        self.reserved -= reserved
        assert self.reserved >= 0
        if self.takes:
            self.taken += batch.claimed
        return self.takes


async def all_of(queue: Queue, hands: Hands) -> list[Claimed]:
    """What the worker holds after a claim."""
    return [*hands.taken, *(await claim(queue)).claimed]


class HandingContract(QueueCase):
    """What is handed over at once, and what never is."""

    def test_what_is_handed_over_is_as_if_claimed(self) -> None:
        """It is leased to the worker, under its id, with its event; it is not handed out again, and is recorded."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            hands = Hands()
            queue.attach(hands)
            queue.attach(hands)
            await asyncio.gather(*(put(queue, str(number), A, B) for number in range(5)))
            held = await all_of(queue, hands)
            assert names(held) == sorted(f"{number}/{target}" for number in range(5) for target in "ab")
            assert names(await claim(queue, worker="other")) == []
            assert {one.state for one in (await queue.query()).deliveries} == {DeliveryState.LEASED}
            for one in held:
                stored = await queue.get(one.delivery.delivery_id)
                assert one.delivery == stored
                assert (one.event, one.tries) == (await queue.event(one.delivery.event_id), 0)
            taken = await queue.record([result(one, Done()) for one in held])
            assert all(one.accepted for one in taken)
            assert (await queue.statistics(A)).succeeded == 5
            assert hands.reserved == 0

        self.run(scenario)

    def test_nothing_is_handed_over_before_what_is_due(self) -> None:
        """While a target has something due, what comes for it stands behind; what is due later holds up nothing."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            hands = Hands()
            await put(queue, "1")
            await put(queue, "later", B, due_at=later(60))
            queue.attach(hands)
            await put(queue, "2")
            await put(queue, "3", B)
            assert [one for one in hands.taken if one.delivery.target == A] == []
            first = names(await claim(queue, limit=2, per_target=1))
            assert ("1" in first, "2" in first) == (True, False)
            assert sorted([*first, *names(await all_of(queue, hands))]) == ["1", "2", "3"]
            await finish(queue, Batch(claimed=tuple(hands.taken), lease_until=later(0)))
            clock.advance(60)
            before = len(hands.taken)
            await put(queue, "4", B)
            assert len(hands.taken) == before
            assert names(await claim(queue, limit=1)) == ["later"]

        self.run(scenario)

    def test_what_is_never_handed_over(self) -> None:
        """With an ordering key or due later; where the target is held or has a rate limit."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            hands = Hands()
            queue.attach(hands)
            limited, held = Target("webhook", "limited"), Target("webhook", "held")
            await queue.limit(limited, 1)
            await queue.hold(held, "asked to")
            await put(queue, "keyed", key="k")
            await put(queue, "later", B, due_at=later(5))
            for number in range(3):
                await put(queue, f"l{number}", limited)
            await put(queue, "h", held)
            assert (hands.taken, hands.reserved) == ([], 0)
            assert names(await claim(queue)) == ["keyed", "l0", "l1"]

        self.run(scenario)

    def test_room_is_kept_to(self) -> None:
        """No more is handed over than was reserved; the rest is claimable, and wakes whoever waits for it."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            hands = Hands(room=2)
            queue.attach(hands)
            await claim(queue, worker="other")
            await asyncio.gather(*(put(queue, str(number)) for number in range(5)))
            assert await queue.wait("other", None)
            assert len(hands.taken) <= 2
            rest = await claim(queue, worker="other")
            assert names([*hands.taken, *rest.claimed]) == ["0", "1", "2", "3", "4"]
            assert hands.reserved == 0

        self.run(scenario)

    def test_its_lease_ends_like_any_other(self) -> None:
        """When the worker is not heard of any more, another one takes it over, and its late result is refused."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            hands = Hands()
            queue.attach(hands)
            await put(queue, "d")
            (one,) = await all_of(queue, hands)
            clock.advance(14)
            assert names(await claim(queue, worker="other")) == []
            clock.advance(16)
            assert names(await claim(queue, worker="other")) == ["d"]
            (late,) = await queue.record([result(one, At(later(99)))])
            assert not late.accepted

        self.run(scenario)

    def test_it_stays_for_half_a_lease_at_least(self) -> None:
        """What is handed over late in the life of a lease has its time all the same."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            hands = Hands()
            queue.attach(hands)
            for number in range(4):
                await put(queue, str(number))
                clock.advance(14.9)
                if len(hands.taken) == number + 1:
                    assert names(await claim(queue, worker="other")) == []

        self.run(scenario)

    def test_what_is_refused_is_pending(self) -> None:
        """A worker that has stopped meanwhile leaves it to others."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            hands = Hands(takes=False)
            queue.attach(hands)
            await put(queue, "d")
            assert hands.reserved == 0
            assert names(await claim(queue, worker="other")) == ["d"]
            queue.detach(hands)
            queue.detach(hands)
            hands.takes = True
            await put(queue, "e")
            assert hands.taken == []

        self.run(scenario)

    def test_what_is_not_stored_is_not_handed_over(self) -> None:
        """A duplicate, or an id that exists: the room that was kept for it is free again."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            hands = Hands()
            queue.attach(hands)
            await put(queue, "d", once="i")
            await put(queue, "e", once="i")
            with pytest.raises(AlreadyExistsError):
                await put(queue, "d")
            assert names(await all_of(queue, hands)) == ["d"]
            assert hands.reserved == 0

        self.run(scenario)
