"""The contract of the log: queries, replays, retention."""

from __future__ import annotations

from typing import Any, Final

import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import ConfigurationError, NotFoundError
from integrations_sdk.models.delivery import At, Dead, DeliveryState, Done, Target
from integrations_sdk.queue.base import NewDelivery, Queue, QueuedEvent, Replay, Selection
from integrations_sdk.testing.queue_contract.case import (
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

__all__ = ["LogContract", "ReplayContract"]

SELECTIONS: Final[tuple[tuple[dict[str, Any], str], ...]] = (
    ({}, "abcdef"),
    ({"delivery_ids": ("a", "f", "x")}, "af"),
    ({"event_id": "event-b"}, "b"),
    ({"event_type": "push"}, "abcde"),
    ({"target": B}, "bd"),
    ({"kind": "integration"}, "e"),
    ({"ordering_key": "k"}, "cd"),
    ({"states": (DeliveryState.DELIVERED, DeliveryState.FAILED)}, "ab"),
    ({"states": (DeliveryState.PENDING,)}, "cdef"),
    ({"states": (DeliveryState.PENDING,), "target": B}, "d"),
    ({"since": later(2)}, "cdef"),
    ({"since": later(2), "until": later(4)}, "cd"),
)


async def fill(queue: Queue, clock: FakeClock) -> None:
    """Six deliveries, a second apart: `a` delivered, `b` given up, the others pending."""
    await put(queue, "a")
    clock.advance(1)
    await put(queue, "b", B)
    for one in (await claim(queue)).claimed:
        verdict = Done() if one.delivery.delivery_id == "a" else Dead("no")
        await queue.record([result(one, verdict)])
    for name, target, key in (("c", A, "k"), ("d", B, "k"), ("e", Target("integration", "slack-1"), None)):
        clock.advance(1)
        await put(queue, name, target, key=key)
    clock.advance(1)
    event = QueuedEvent(event_id="event-f", event_type="pipeline", body=b"f")
    await queue.enqueue(event, [NewDelivery(delivery_id="f", target=A)])


async def found(queue: Queue, selection: Selection, *, newest_first: bool = False) -> str:
    """The ids a query finds, in one word."""
    page = await queue.query(selection, limit=1_000, newest_first=newest_first)
    return "".join(one.delivery_id for one in page.deliveries)


class LogContract(QueueCase):
    """The delivery log."""

    def test_selections(self) -> None:
        """Each field narrows, all together; both directions."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            await fill(queue, clock)
            for fields, expected in SELECTIONS:
                assert await found(queue, Selection(**fields)) == expected, fields
                assert await found(queue, Selection(**fields), newest_first=True) == expected[::-1], fields

        self.run(scenario)

    def test_pages(self) -> None:
        """From cursor to cursor everything is seen once, whatever is enqueued and purged meanwhile."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            for number in range(10):
                await put(queue, str(number))
            await finish(queue, await claim(queue))
            clock.advance(1)
            seen, cursor = [], None
            while True:
                page = await queue.query(after=cursor, limit=3)
                seen += [one.delivery_id for one in page.deliveries]
                await put(queue, f"new{len(seen)}")
                if len(seen) == 3:
                    await queue.purge(later(0))
                cursor = page.cursor
                if cursor is None:
                    break
            assert seen == [str(number) for number in range(9, -1, -1)]

        self.run(scenario)

    def test_wrong_pages(self) -> None:
        """A limit out of range and what is no cursor are refused."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            wrong: tuple[dict[str, Any], ...] = ({"limit": 0}, {"limit": 1_001}, {"after": "x"})
            for options in wrong:
                with pytest.raises(ConfigurationError):
                    await queue.query(**options)

        self.run(scenario)

    def test_purge(self) -> None:
        """What ended before then is gone, with its attempts, and its event once no delivery needs it."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            await put(queue, "old")
            await put(queue, "pair", A, B)
            await put(queue, "open", B, due_at=later(99_999))
            batch = await claim(queue, limit=2)
            await finish(queue, batch)
            assert names(batch) == ["old", "pair/b"]
            clock.advance(10)
            await finish(queue, await claim(queue))
            await put(queue, "last")
            await finish(queue, await claim(queue))
            clock.advance(10)
            assert await queue.purge(later(5)) == 2
            assert await found(queue, Selection()) == "pair/aopenlast"
            assert await queue.attempts("old") == ()
            assert (await queue.event("event-old"), (await queue.event("event-pair")) is None) == (
                None,
                False,
            )
            assert await queue.purge(later(11)) == 1
            assert await queue.event("event-pair") is None
            assert await queue.purge(later(11)) == 0

        self.run(scenario)

    def test_a_purge_of_many(self) -> None:
        """A purge goes on over however many there are, and leaves what has not ended."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            for _ in range(13):
                await put(queue, f"{clock.now().second}", *(Target("t", str(n)) for n in range(100)))
                batch = await claim(queue, limit=99)
                await finish(queue, batch)
                await finish(queue, await claim(queue), At(later(99_999)))
                clock.advance(1)
            await put(queue, "last")
            assert await queue.purge(later(13)) == 13 * 99
            assert len((await queue.query(limit=1_000)).deliveries) == 14

        self.run(scenario)


class ReplayContract(QueueCase):
    """Sending again."""

    def test_dry_run_first(self) -> None:
        """A dry run says how many it would be and changes nothing; what has not ended is not meant."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            await fill(queue, clock)
            dry = await queue.replay(Selection(), dry_run=True)
            assert dry == Replay(replay_id=None, matched=2, scheduled=0, finished=False)
            assert (await queue.replay(Selection(target=B), dry_run=True)).matched == 1
            assert await found(queue, Selection(states=(DeliveryState.PENDING,))) == "cdef"

        self.run(scenario)

    def test_replayed(self) -> None:
        """They are sent again under the same ids; the schedule begins anew, attempts count on."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            await put(queue, "a")
            await put(queue, "b")
            for one in (await claim(queue)).claimed:
                await queue.record([result(one, Done() if one.delivery.delivery_id == "a" else Dead("no"))])
            clock.advance(60)
            done = await queue.replay(Selection(states=(DeliveryState.FAILED,)))
            assert (done.matched, done.scheduled, done.finished) == (1, 1, True)
            batch = await claim(queue)
            assert names(batch) == ["b"]
            assert (batch.claimed[0].tries, batch.claimed[0].delivery.attempts) == (0, 1)
            assert batch.claimed[0].delivery.due_at == later(60)
            await finish(queue, batch)
            assert [attempt.number for attempt in await queue.attempts("b")] == [1, 2]

        self.run(scenario)

    def test_at_a_rate(self) -> None:
        """With a rate they fall due one after another."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            for number in range(5):
                await put(queue, str(number))
            await finish(queue, await claim(queue))
            await queue.replay(Selection(), rate=2)
            due = [one.due_at for one in (await queue.query(newest_first=False)).deliveries]
            assert due == [later(number / 2) for number in range(5)]
            assert names(await claim(queue)) == ["0"]
            clock.advance(1)
            assert names(await claim(queue)) == ["1", "2"]

        self.run(scenario)

    def test_resumed(self) -> None:
        """A replay that was cut off goes on where it stood; what was sent again since is not scheduled twice."""

        async def scenario(queue: Queue, clock: FakeClock) -> None:
            for number in range(7):
                await put(queue, str(number))
            await finish(queue, await claim(queue))
            begun = await queue.replay(Selection(), rate=1, limit=3)
            assert (begun.matched, begun.scheduled, begun.finished) == (7, 3, False)
            clock.advance(10)
            await finish(queue, await claim(queue))
            await put(queue, "new")
            assert begun.replay_id is not None
            rest = await queue.replay(resume=begun.replay_id)
            assert (rest.matched, rest.scheduled, rest.finished) == (7, 7, True)
            again = await queue.query(Selection(states=(DeliveryState.PENDING,)), newest_first=False)
            assert [one.delivery_id for one in again.deliveries] == ["3", "4", "5", "6", "new"]
            assert [one.due_at for one in again.deliveries[:4]] == [later(10 + number) for number in range(4)]
            assert (await queue.replay(resume=begun.replay_id)).scheduled == 7

        self.run(scenario)

    def test_a_key_keeps_its_order(self) -> None:
        """Replayed deliveries of one key come one after another again, oldest first."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            for name in "123":
                await put(queue, name, key="k")
                await finish(queue, await claim(queue))
            await queue.replay(Selection())
            await put(queue, "4", key="k")
            for name in "1234":
                batch = await claim(queue)
                assert names(batch) == [name]
                await finish(queue, batch)

        self.run(scenario)

    def test_wrong_replays(self) -> None:
        """Neither or both of selection and resume, an unknown replay, a rate or limit out of range."""

        async def scenario(queue: Queue, _: FakeClock) -> None:
            wrong: tuple[dict[str, Any], ...] = (
                {},
                {"selection": Selection(), "resume": "x"},
                {"selection": Selection(), "rate": 0},
                {"selection": Selection(), "limit": 0},
            )
            for options in wrong:
                with pytest.raises(ConfigurationError):
                    await queue.replay(**options)
            with pytest.raises(NotFoundError):
                await queue.replay(resume="x")

        self.run(scenario)
