"""The contract of taking in: atomic, without duplicates, refused when it cannot be stored."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import attrs
import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import AlreadyExistsError, ConfigurationError, StateError
from integrations_sdk.models.delivery import Delivery, DeliveryState, Target
from integrations_sdk.queue.base import Accepted, NewDelivery, Queue, QueuedEvent, Selection
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

__all__ = ["EnqueueContract"]

EVENT: Final = QueuedEvent(event_id="e", event_type="push", body=b"{}")
NEW: Final = NewDelivery(delivery_id="d", target=A)

WRONG_EVENTS: Final[tuple[tuple[dict[str, Any], str], ...]] = (
    ({"event_id": ""}, "event.event_id"),
    ({"event_type": "\ud800"}, "event.event_type"),
    ({"body": "text"}, "event.body"),
    ({"body": b"x" * (16 * 1024 * 1024 + 1)}, "event.body"),
)
WRONG_DELIVERIES: Final[tuple[tuple[dict[str, Any], str], ...]] = (
    ({"delivery_id": 7}, "delivery_id"),
    ({"target": Target("", "a")}, "target.kind"),
    ({"target": Target("webhook", "")}, "target.id"),
    ({"ordering_key": ""}, "ordering_key"),
    ({"idempotency_key": "\ud800"}, "idempotency_key"),
    ({"due_at": START.replace(tzinfo=None)}, "due_at"),
)


class EnqueueContract(QueueCase):
    """What goes in."""

    def test_what_was_enqueued_is_there(self) -> None:
        """The delivery is pending, due at once, and its event's body comes back byte for byte."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            body = bytes(range(256))
            new = NewDelivery(delivery_id="d", target=A, ordering_key="k", idempotency_key="i")
            event = QueuedEvent(event_id="e", event_type="push", body=body)
            assert await queue.enqueue(event, [new]) == (Accepted("d"),)
            assert await queue.event("e") == event
            assert await queue.get("d") == Delivery(
                delivery_id="d",
                event_id="e",
                event_type="push",
                target=A,
                state=DeliveryState.PENDING,
                due_at=START,
                created_at=START,
                ordering_key="k",
                idempotency_key="i",
            )
            assert (await queue.get("x"), await queue.event("x")) == (None, None)

        self.run(scenario)

    def test_one_event_has_many_deliveries(self) -> None:
        """Each target has its own delivery; all carry the same event."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            targets = [Target("webhook", str(number)) for number in range(150)]
            await put(queue, "d", *targets)
            batch = await claim(queue, limit=1000)
            assert len(batch.claimed) == 150
            assert {one.event.body for one in batch.claimed} == {b"d"}
            assert {one.delivery.target for one in batch.claimed} == set(targets)

        self.run(scenario)

    def test_no_target_stores_nothing(self) -> None:
        """An event that nobody wants leaves no trace."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            assert await queue.enqueue(EVENT, []) == ()
            assert await queue.event("e") is None

        self.run(scenario)

    def test_a_known_idempotency_key_is_not_taken_again(self) -> None:
        """Of one target and key only one delivery is kept, also after it was delivered; others are not concerned."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            async def enqueue(id_: str, target: Target, once: str | None) -> Accepted:
                new = NewDelivery(delivery_id=id_, target=target, idempotency_key=once)
                return (await queue.enqueue(attrs.evolve(EVENT, event_id=id_), [new]))[0]

            assert await enqueue("1", A, "i") == Accepted("1")
            assert await enqueue("2", A, "i") == Accepted("1", duplicate=True)
            assert await enqueue("3", B, "i") == Accepted("3")
            assert await enqueue("4", A, "j") == Accepted("4")
            await finish(queue, await claim(queue))
            assert await enqueue("5", A, "i") == Accepted("1", duplicate=True)
            assert await queue.event("2") is None
            assert names(await claim(queue)) == []

        self.run(scenario)

    def test_duplicates_at_the_same_moment(self) -> None:
        """Of concurrent deliveries with one key exactly one is taken, and all are told its id."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            async def enqueue(number: int) -> tuple[Accepted, ...]:
                new = NewDelivery(delivery_id=str(number), target=A, idempotency_key="i")
                return await queue.enqueue(attrs.evolve(EVENT, event_id=str(number)), [new, new])

            answers = [one for pair in await asyncio.gather(*map(enqueue, range(50))) for one in pair]
            assert len({one.delivery_id for one in answers}) == 1
            assert sum(not one.duplicate for one in answers) == 1
            assert len((await claim(queue)).claimed) == 1

        self.run(scenario)

    def test_a_duplicate_does_not_hold_up_its_key(self) -> None:
        """A delivery that was not taken is no part of its ordering key."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            await put(queue, "1", key="k", once="i")
            await finish(queue, await claim(queue))
            again = NewDelivery(delivery_id="2", target=A, ordering_key="k", idempotency_key="i")
            behind = NewDelivery(delivery_id="3", target=A, ordering_key="k")
            await queue.enqueue(EVENT, [again, behind])
            assert names(await claim(queue)) == ["3"]

        self.run(scenario)

    def test_an_id_is_given_once(self) -> None:
        """A second delivery of the same id is refused whole; what else is enqueued at that moment is not."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            await put(queue, "d")
            clash = [NewDelivery(delivery_id="new", target=A), NEW]
            answers = await asyncio.gather(
                queue.enqueue(EVENT, clash), put(queue, "other"), return_exceptions=True
            )
            assert isinstance(answers[0], AlreadyExistsError)
            assert answers[1] is None
            assert names(await claim(queue)) == ["d", "other"]
            assert await queue.event("e") is None

        self.run(scenario)

    def test_what_cannot_be_stored_is_refused(self) -> None:
        """Everything wrong is named, and nothing of it stored."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            for changes, path in WRONG_EVENTS:
                with pytest.raises(ConfigurationError) as caught:
                    await queue.enqueue(attrs.evolve(EVENT, **changes), [NEW])
                assert [problem.path for problem in caught.value.problems] == [path]
            for changes, path in WRONG_DELIVERIES:
                with pytest.raises(ConfigurationError) as caught:
                    await queue.enqueue(EVENT, [NEW, attrs.evolve(NEW, **changes)])
                assert [problem.path for problem in caught.value.problems] == [f"deliveries[1].{path}"]
            assert (await queue.query()).deliveries == ()

        self.run(scenario)

    def test_due_later(self) -> None:
        """A delivery may be due later; until that very moment it is not handed out."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            await put(queue, "d", due_at=later(10))
            batch = await claim(queue)
            assert (batch.claimed, batch.next_at, await queue.next_due()) == ((), later(10), later(10))
            clock.advance(9.999999)
            assert names(await claim(queue)) == []
            clock.advance(0.000001)
            assert names(await claim(queue)) == ["d"]

        self.run(scenario)

    def test_many_at_once(self) -> None:
        """A thousand concurrent calls store a thousand deliveries, in the order of the calls."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            await asyncio.gather(*(put(queue, f"{number:04}") for number in range(1_000)))
            page = await queue.query(Selection(target=A), limit=1_000, newest_first=False)
            assert [one.delivery_id for one in page.deliveries] == [f"{number:04}" for number in range(1_000)]

        self.run(scenario)

    def test_closed(self) -> None:
        """What was enqueued before closing is stored; afterwards every method refuses, but closing again."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            storing = asyncio.create_task(put(queue, "d"))
            await asyncio.sleep(0)
            await queue.close()
            await storing
            await queue.close()
            for refused in (
                queue.enqueue(EVENT, [NEW]), claim(queue), queue.extend("w", lease=later(1) - START), queue.record([]),
                queue.release([]), queue.next_due(), queue.wait("w", 0), queue.hold(A, ""), queue.resume(A),
                queue.get("d"), queue.event("e"), queue.attempts("d"), queue.query(), queue.statistics(A),
                queue.replay(Selection()), queue.purge(START),
            ):  # fmt: skip
                with pytest.raises(StateError):
                    await refused

        self.run(scenario)
