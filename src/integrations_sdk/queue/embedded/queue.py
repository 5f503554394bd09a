"""`EmbeddedQueue`: the `Queue` port over SQLite, inside the process."""

from __future__ import annotations

import asyncio
import math
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final, NamedTuple

from integrations_sdk.clock import Clock, SystemClock, uuid7
from integrations_sdk.errors import NotFoundError, StateError
from integrations_sdk.models.delivery import (
    Attempt,
    Backlog,
    Delivery,
    Target,
    TargetStatistics,
)
from integrations_sdk.queue.base import (
    Accepted,
    Batch,
    Claimed,
    DeliveryPage,
    NewDelivery,
    QueuedEvent,
    Recorded,
    Replay,
    Result,
    Selection,
    Taker,
)
from integrations_sdk.queue.cache import EventCache, TargetNumbers
from integrations_sdk.queue.checks import check_enqueued, check_range, limit_gap, replay_gap
from integrations_sdk.queue.embedded import claiming, enqueueing, reading, recording, replaying
from integrations_sdk.queue.embedded.enqueueing import Bundle
from integrations_sdk.queue.embedded.foreseen import carry_out, foresee_delivered
from integrations_sdk.queue.embedded.intake import Intake
from integrations_sdk.queue.embedded.place import Place
from integrations_sdk.queue.ledger import makes_work
from integrations_sdk.queue.news import Lead, News
from integrations_sdk.queue.rows import claimed_of, moment
from integrations_sdk.store.encoding import check_limit, decode_cursor, encode_cursor, microseconds

__all__ = ["EmbeddedQueue"]

_ACCEPTED: Final = Recorded(accepted=True)
_LOOK_AROUND: Final = 0.1
"""Seconds between two looks at what other processes did, while there is nothing else to do."""

_STEP: Final = 500
"""Deliveries replayed or purged in one transaction, so that others never wait for long."""


class _Found(NamedTuple):
    """What a claim brought from the database: with events that were at hand, and rows of those that were not."""

    claim: claiming.Claim
    events: dict[int, QueuedEvent]
    read: Sequence[tuple[int, str, str, bytes]]
    targets: Mapping[Target, int]
    version: int


class EmbeddedQueue:
    """A `Queue` in a place of its own or in the file of a store.

    In a file, what was enqueued survives the end of the process, however violent, and any number of
    processes of one machine may work on it. Concurrent calls share transactions, statements and commits.

    Args:
        place: where it lives; see `open_queue()`.
        clock: decides what is due, and when leases end.
    """

    def __init__(self, place: Place, clock: Clock | None = None) -> None:
        self._place = place
        self._clock = clock or SystemClock()
        self._events = EventCache()
        self._targets = TargetNumbers()
        self._news = News()
        self._intake = Intake(place, self._clock, self._events, self._targets, self._news.ring)
        self._lead = Lead()
        self._closed = False

    async def enqueue(self, event: QueuedEvent, deliveries: Sequence[NewDelivery]) -> tuple[Accepted, ...]:
        """See `Queue.enqueue`. What is enqueued while a transaction runs shares the next one."""
        self._check_open()
        check_enqueued(event, deliveries)
        return await self._intake.take(event, deliveries) if deliveries else ()

    async def enqueue_within(
        self, connection: object, event: QueuedEvent, deliveries: Sequence[NewDelivery]
    ) -> tuple[Accepted, ...]:
        """See `Queue.enqueue_within`."""
        self._check_open()
        check_enqueued(event, deliveries)
        return self._intake.take_within(connection, Bundle(event, deliveries))

    async def claim(
        self,
        worker: str,
        *,
        limit: int,
        lease: timedelta,
        per_target: int,
        busy: Mapping[Target, int] | None = None,
    ) -> Batch:
        """See `Queue.claim`."""
        self._check_open()
        check_range("claim", "limit", limit, 1)
        check_range("claim", "per_target", per_target, 1)
        self._news.read(worker)
        asked, lead = self._clock.monotonic(), self._lead.microseconds
        now = self._clock.now()
        start, until = microseconds(now), microseconds(now + lease)
        numbers = self._targets.numbers
        held = {numbers[target]: count for target, count in (busy or {}).items() if target in numbers}

        def work(cursor: sqlite3.Cursor) -> _Found:
            claim = claiming.claim(
                cursor,
                worker,
                limit=limit,
                per_target=per_target,
                busy=held,
                until=until,
                now=start,
                lead=lead,
            )
            needed = {row[2] for row in claim.rows}
            events = self._events.find(needed)
            read = claiming.fetch_events(cursor, needed - events.keys()) if len(events) < len(needed) else ()
            unknown = self._targets.missing(row[3] for row in claim.rows)
            targets = claiming.fetch_targets(cursor, unknown) if unknown else {}
            return _Found(claim, events, read, targets, claiming.version(cursor))

        found = await self._place.write(work)
        self._news.saw(worker, found.version)
        self._lead.took(self._clock.monotonic() - asked)
        self._targets.learn(found.targets)
        for number, id_, type_, body in found.read:
            event = found.events[number] = QueuedEvent(event_id=id_, event_type=type_, body=body)
            self._events.add(number, event)
        claim = found.claim
        return Batch(
            claimed=tuple(
                claimed_of(
                    row,
                    claim.token,
                    found.events[row[2]],
                    self._targets.target(row[3]),
                    claim.slots.get(row[0]),
                )
                for row in claim.rows
            ),
            lease_until=moment(until),
            next_at=None if claim.next_at is None else moment(claim.next_at),
        )

    def attach(self, taker: Taker) -> None:
        """See `Queue.attach`. Beside what is enqueued in one transaction this costs two statements."""
        self._check_open()
        self._intake.takers.attach(taker)

    def detach(self, taker: Taker) -> None:
        """See `Queue.detach`."""
        self._intake.takers.detach(taker)

    async def extend(self, worker: str, *, lease: timedelta) -> datetime | None:
        """See `Queue.extend`."""
        self._check_open()
        until = self._clock.now() + lease
        kept = await self._place.write(lambda c: claiming.extend(c, worker, microseconds(until)))
        return until if kept else None

    async def record(self, results: Sequence[Result]) -> tuple[Recorded, ...]:
        """See `Queue.record`."""
        self._check_open()
        if not results:
            return ()
        now = microseconds(self._clock.now())
        foreseen = foresee_delivered(results, self._targets.numbers, now)
        taken = await carry_out(self._place, foreseen, lambda c: recording.record(c, results, now))
        if any(map(makes_work, results)):
            self._news.ring()
        return tuple([_ACCEPTED if one is recording.ACCEPTED else _recorded(one) for one in taken])

    async def release(self, claimed: Iterable[Claimed]) -> None:
        """See `Queue.release`."""
        self._check_open()
        held: dict[int, list[int]] = {}
        for one in claimed:
            held.setdefault(one.token, []).append(one.handle)
        if held:
            now = microseconds(self._clock.now())
            await self._place.write(lambda c: claiming.release(c, held, now))
            self._news.ring()

    async def next_due(self) -> datetime | None:
        """See `Queue.next_due`."""
        self._check_open()
        due = await self._place.read(claiming.next_due)
        return None if due is None else moment(due)

    async def wait(self, worker: str, timeout: float | None) -> bool:
        """See `Queue.wait`."""
        self._check_open()
        loop = asyncio.get_running_loop()
        until = math.inf if timeout is None else loop.time() + timeout
        while not self._news.has(worker) and (left := until - loop.time()) > 0:
            others = await self._place.version()
            if others is not None and self._news.saw(worker, others):
                return True
            pause = left if others is None else min(left, _LOOK_AROUND)
            await self._news.wait(worker, None if pause == math.inf else pause)
            self._check_open()
        return self._news.has(worker)

    async def limit(self, target: Target, rate: float | None) -> None:
        """See `Queue.limit`."""
        self._check_open()
        gap = limit_gap(rate)
        number = await self._number(target)
        now = microseconds(self._clock.now())
        await self._place.write(lambda c: recording.limit(c, number, gap, now))
        self._news.ring()

    async def hold(self, target: Target, reason: str) -> bool:
        """See `Queue.hold`."""
        self._check_open()
        now = microseconds(self._clock.now())
        number = await self._number(target)
        return await self._place.write(lambda c: recording.hold(c, number, reason, now))

    async def resume(self, target: Target) -> bool:
        """See `Queue.resume`."""
        self._check_open()
        now = microseconds(self._clock.now())
        number = await self._number(target)
        resumed = await self._place.write(lambda c: recording.resume(c, number, now))
        self._news.ring()
        return resumed

    async def get(self, delivery_id: str) -> Delivery | None:
        """See `Queue.get`."""
        page = await self.query(Selection(delivery_ids=(delivery_id,)), limit=1)
        return page.deliveries[0] if page.deliveries else None

    async def event(self, event_id: str) -> QueuedEvent | None:
        """See `Queue.event`."""
        self._check_open()
        return await self._place.read(lambda c: reading.event(c, event_id))

    async def attempts(self, delivery_id: str) -> tuple[Attempt, ...]:
        """See `Queue.attempts`."""
        self._check_open()
        return await self._place.read(lambda c: reading.attempts(c, delivery_id))

    async def query(
        self,
        selection: Selection | None = None,
        *,
        after: str | None = None,
        limit: int = 100,
        newest_first: bool = True,
    ) -> DeliveryPage:
        """See `Queue.query`."""
        self._check_open()
        check_limit(limit)
        start = None if after is None else decode_cursor(after)
        chosen = selection or Selection()
        found = await self._place.read(
            lambda c: reading.deliveries(c, chosen, after=start, limit=limit + 1, newest_first=newest_first)
        )
        return DeliveryPage(
            deliveries=tuple(delivery for _, delivery in found[:limit]),
            cursor=encode_cursor(found[limit - 1][0]) if len(found) > limit else None,
        )

    async def statistics(self, target: Target) -> TargetStatistics:
        """See `Queue.statistics`."""
        self._check_open()
        return await self._place.read(lambda c: reading.statistics(c, target))

    async def backlog(self) -> Backlog:
        """See `Queue.backlog`."""
        self._check_open()
        return await self._place.read(reading.backlog)

    async def replay(
        self,
        selection: Selection | None = None,
        *,
        rate: float | None = None,
        dry_run: bool = False,
        resume: str | None = None,
        limit: int | None = None,
    ) -> Replay:
        """See `Queue.replay`."""
        self._check_open()
        gap = replay_gap(selection, rate, resume)
        if limit is not None:
            check_range("replay", "limit", limit, 1)
        if dry_run and selection is not None:
            matched = await self._place.read(lambda c: replaying.count(c, selection))
            return Replay(replay_id=None, matched=matched, scheduled=0, finished=False)
        now = self._clock.now()
        if resume is None and selection is not None:
            new = resume = uuid7(now)
            await self._place.write(lambda c: replaying.begin(c, new, selection, gap, microseconds(now)))
        assert resume is not None
        return await self._replay(resume, limit)

    async def purge(self, before: datetime) -> int:
        """See `Queue.purge`."""
        self._check_open()
        edge, total = microseconds(before), 0
        position: int | None = 0
        while position is not None:
            start = position
            gone, position = await self._place.write(
                partial(replaying.purge, before=edge, position=start, most=_STEP)
            )
            total += gone
        return total

    async def close(self) -> None:
        """See `Queue.close`. The store whose file it shares stays open."""
        await self._intake.finish()
        if not self._closed:
            self._closed = True
            self._news.ring()
            await self._place.close()

    async def _replay(self, replay_id: str, limit: int | None) -> Replay:
        left = math.inf if limit is None else limit
        while True:
            most = int(min(left, _STEP))
            now = microseconds(self._clock.now())
            progress = await self._place.write(
                partial(replaying.step, replay_id=replay_id, most=most, now=now)
            )
            if progress is None:
                raise NotFoundError(f"there is no replay {replay_id!r}: begin one with a selection")
            self._news.ring()
            left -= most
            if progress.finished or left <= 0:
                return Replay(
                    replay_id=replay_id,
                    matched=progress.matched,
                    scheduled=progress.scheduled,
                    finished=bool(progress.finished),
                )

    async def _number(self, target: Target) -> int:
        """The target's number; one that nothing was enqueued for yet is given one."""
        if target not in self._targets.numbers:
            found = await self._place.write(lambda c: enqueueing.number(c, target))
            self._targets.learn({target: found})
        return self._targets.numbers[target]

    def _check_open(self) -> None:
        if self._closed:
            raise StateError("the queue is closed: open another one")


def _recorded(taken: recording.Taken) -> Recorded:
    since = taken.failing_since
    return Recorded(
        accepted=taken.accepted,
        failing_since=None if since is None else moment(since),
        recovered=taken.recovered,
        held=taken.held,
    )
