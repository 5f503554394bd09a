"""`PostgresQueue`: the `Queue` port over PostgreSQL, for any number of processes on any number of machines."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from integrations_sdk.clock import Clock, uuid7
from integrations_sdk.errors import NotFoundError, StateError
from integrations_sdk.models.delivery import Attempt, Backlog, Delivery, Target, TargetStatistics
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
from integrations_sdk.queue.checks import check_enqueued, check_range, limit_gap, replay_gap
from integrations_sdk.queue.ledger import makes_work
from integrations_sdk.queue.news import Lead, News
from integrations_sdk.queue.postgres import claiming, reading, recording, replaying
from integrations_sdk.queue.postgres.enqueueing import Bundle, check_texts
from integrations_sdk.queue.postgres.handing import Hands
from integrations_sdk.queue.postgres.intake import Intake
from integrations_sdk.queue.postgres.messages import Messenger
from integrations_sdk.queue.postgres.place import Place
from integrations_sdk.queue.rows import moment
from integrations_sdk.store.encoding import check_limit, decode_cursor, encode_cursor, microseconds
from integrations_sdk.store.postgres.store import PostgresStore

__all__ = ["PostgresQueue"]

_LOOK_AROUND: Final = 5.0
"""Seconds between two looks while there is nothing to do, for the notice that nobody lived to send."""

_STEP: Final = 500
"""Deliveries replayed or purged in one transaction, so that others never wait for long."""


class PostgresQueue:
    """A `Queue` in the schema of a `PostgresStore`.

    What was enqueued survives what the server survives, and any number of processes on any number of
    machines work on it. Concurrent calls share transactions. Leases, and whether something is due, are
    judged by the server's clock, so machines need not agree on the time; a due time is taken as it is said,
    so a machine whose clock is wrong schedules its retries that much too early or too late.

    Args:
        store: whose database it is; it stays its owner's to close, after the queue.
        clock: None or a `SystemClock`: the server's, as said above. Another one decides in its place.
    """

    def __init__(self, store: PostgresStore, clock: Clock | None = None) -> None:
        self._place = Place(store.database, clock)
        self._news = News()
        self._messenger = Messenger(store.database, self._news)
        self._hands = Hands(self._place)
        self._intake = Intake(self._place, self._hands, self._tell)
        self._lead = Lead()
        self._look_around = _LOOK_AROUND
        self._closed = False

    async def enqueue(self, event: QueuedEvent, deliveries: Sequence[NewDelivery]) -> tuple[Accepted, ...]:
        """See `Queue.enqueue`. What is enqueued while a transaction runs shares the next one."""
        self._check(event, deliveries)
        return await self._intake.take(Bundle(event, deliveries)) if deliveries else ()

    async def enqueue_within(
        self, connection: object, event: QueuedEvent, deliveries: Sequence[NewDelivery]
    ) -> tuple[Accepted, ...]:
        """See `Queue.enqueue_within`.

        Nobody waits for the host's transaction, however long it stays open, but who enqueues for a target that
        it is the first to use over a blocking connection, or with an idempotency key of its.

        Args:
            connection: an `asyncpg.Connection` of the running loop, or a blocking `psycopg.Connection`
                (psycopg 3), to the database of the store.

        Raises:
            ConflictError: another transaction was faster in a way that only doing the whole of the host's again
                can answer.
        """
        self._check(event, deliveries)
        return await self._intake.take_within(connection, Bundle(event, deliveries)) if deliveries else ()

    async def claim(
        self,
        worker: str,
        *,
        limit: int,
        lease: timedelta,
        per_target: int,
        busy: Mapping[Target, int] | None = None,
    ) -> Batch:
        """See `Queue.claim`. Where other claims are at work on all there is, it waits for one of them."""
        self._check_open()
        check_range("claim", "limit", limit, 1)
        check_range("claim", "per_target", per_target, 1)
        await self._messenger.listen()
        self._news.read(worker)
        now, clock = await self._place.now(), self._place.clock
        asked, until = clock.monotonic(), now + lease // _MICROSECOND
        found = await self._place.transact(
            partial(
                self._hands.claim,
                worker=worker,
                limit=limit,
                per_target=per_target,
                busy=self._hands.numbered(busy or {}),
                until=until,
                now=now,
                lead=self._lead.microseconds,
            )
        )
        self._lead.took(clock.monotonic() - asked)
        return Batch(
            claimed=self._hands.claimed(found),
            lease_until=self._place.local(until),
            next_at=None if found.claim.next_at is None else self._place.local(found.claim.next_at),
        )

    def attach(self, taker: Taker) -> None:
        """See `Queue.attach`. Nothing is handed over: other machines' claims would not see whose turn it is."""

    def detach(self, taker: Taker) -> None:
        """See `Queue.detach`."""

    async def extend(self, worker: str, *, lease: timedelta) -> datetime | None:
        """See `Queue.extend`."""
        self._check_open()
        until = await self._place.now() + lease // _MICROSECOND
        kept = await self._place.transact(lambda c: claiming.extend(c, self._place.sql, worker, until))
        return self._place.local(until) if kept else None

    async def record(self, results: Sequence[Result]) -> tuple[Recorded, ...]:
        """See `Queue.record`."""
        self._check_open()
        if not results:
            return ()
        now = await self._place.now()
        numbers = await self._hands.numbers({result.claimed.delivery.target for result in results})
        answers = await self._place.transact(
            lambda c: recording.record(c, self._place.sql, results, numbers, now)
        )
        if any(makes_work(result) for result in results):
            self._tell()
        return answers

    async def release(self, claimed: Iterable[Claimed]) -> None:
        """See `Queue.release`."""
        self._check_open()
        if held := [(one.handle, one.token) for one in claimed]:
            await self._place.change(lambda c: claiming.release(c, self._place.sql, held))
            self._tell()

    async def next_due(self) -> datetime | None:
        """See `Queue.next_due`."""
        self._check_open()
        due = await self._next_due()
        return None if due is None else self._place.local(due)

    async def wait(self, worker: str, timeout: float | None) -> bool:
        """See `Queue.wait`."""
        self._check_open()
        loop = asyncio.get_running_loop()
        until = math.inf if timeout is None else loop.time() + timeout
        while not self._news.has(worker) and (left := until - loop.time()) > 0:
            await self._news.wait(worker, min(left, self._look_around))
            self._check_open()
            if left > self._look_around and not self._news.has(worker) and await self._is_due():
                return True
        return self._news.has(worker)

    async def limit(self, target: Target, rate: float | None) -> None:
        """See `Queue.limit`."""
        self._check_open()
        gap, now = limit_gap(rate), await self._place.now()
        number = await self._hands.number(target)
        await self._place.change(lambda c: recording.limit(c, self._place.sql, number, gap, now))
        self._tell()

    async def hold(self, target: Target, reason: str) -> bool:
        """See `Queue.hold`."""
        self._check_open()
        number, now = await self._hands.number(target), await self._place.now()
        return await self._place.transact(lambda c: recording.hold(c, self._place.sql, number, reason, now))

    async def resume(self, target: Target) -> bool:
        """See `Queue.resume`."""
        self._check_open()
        number, now = await self._hands.number(target), await self._place.now()
        resumed = await self._place.change(lambda c: recording.resume(c, self._place.sql, number, now))
        self._tell()
        return resumed

    async def get(self, delivery_id: str) -> Delivery | None:
        """See `Queue.get`."""
        page = await self.query(Selection(delivery_ids=(delivery_id,)), limit=1)
        return page.deliveries[0] if page.deliveries else None

    async def event(self, event_id: str) -> QueuedEvent | None:
        """See `Queue.event`."""
        self._check_open()
        return await self._place.read(lambda c: reading.event(c, self._place.sql, event_id))

    async def attempts(self, delivery_id: str) -> tuple[Attempt, ...]:
        """See `Queue.attempts`."""
        self._check_open()
        return await self._place.read(lambda c: reading.attempts(c, self._place.sql, delivery_id))

    async def query(
        self,
        selection: Selection | None = None,
        *,
        after: str | None = None,
        limit: int = 100,
        newest_first: bool = True,
    ) -> DeliveryPage:
        """See `Queue.query`. What another transaction commits meanwhile may be missed by that walk."""
        self._check_open()
        check_limit(limit)
        find = partial(
            reading.deliveries,
            sql=self._place.sql,
            selection=selection or Selection(),
            after=None if after is None else decode_cursor(after),
            limit=limit + 1,
            newest_first=newest_first,
        )
        found = await self._place.read(find)
        return DeliveryPage(
            deliveries=tuple(delivery for _, delivery in found[:limit]),
            cursor=encode_cursor(found[limit - 1][0]) if len(found) > limit else None,
        )

    async def statistics(self, target: Target) -> TargetStatistics:
        """See `Queue.statistics`."""
        self._check_open()
        return await self._place.read(lambda c: reading.statistics(c, self._place.sql, target))

    async def backlog(self) -> Backlog:
        """See `Queue.backlog`."""
        self._check_open()
        return await self._place.read(lambda c: reading.backlog(c, self._place.sql))

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
        sql = self._place.sql
        if dry_run and selection is not None:
            matched = await self._place.read(lambda c: replaying.count(c, sql, selection))
            return Replay(replay_id=None, matched=matched, scheduled=0, finished=False)
        if resume is None and selection is not None:
            now = await self._place.now()
            new = resume = uuid7(moment(now))
            await self._place.change(lambda c: replaying.begin(c, sql, new, selection, gap, now))
        assert resume is not None
        return await self._replay(resume, limit)

    async def purge(self, before: datetime) -> int:
        """See `Queue.purge`. Of several at once, one after another makes a step."""
        self._check_open()
        edge, total = microseconds(before), 0
        position: int | None = 0
        while position is not None:
            step = partial(replaying.purge, sql=self._place.sql, before=edge, position=position, most=_STEP)
            gone, position = await self._place.change(step)
            total += gone
        return total

    async def close(self) -> None:
        """See `Queue.close`. The store whose database it shares stays open."""
        await self._intake.finish()
        if not self._closed:
            self._closed = True
            self._news.ring()
            await self._messenger.finish()

    async def _replay(self, replay_id: str, limit: int | None) -> Replay:
        left = math.inf if limit is None else limit
        while True:
            most, now = int(min(left, _STEP)), await self._place.now()
            step = partial(replaying.step, sql=self._place.sql, replay_id=replay_id, most=most, now=now)
            progress = await self._place.change(step)
            if progress is None:
                raise NotFoundError(f"there is no replay {replay_id!r}: begin one with a selection")
            self._tell()
            left -= most
            if progress.finished or left <= 0:
                return Replay(
                    replay_id=replay_id,
                    matched=progress.matched,
                    scheduled=progress.scheduled,
                    finished=progress.finished,
                )

    async def _next_due(self) -> int | None:
        now = await self._place.now()
        return await self._place.change(lambda c: claiming.next_due(c, self._place.sql, now))

    async def _is_due(self) -> bool:
        due = await self._next_due()
        return due is not None and due <= await self._place.now()

    def _tell(self) -> None:
        """There may be work, here and elsewhere."""
        self._news.ring()
        self._messenger.tell()

    def _check(self, event: QueuedEvent, deliveries: Sequence[NewDelivery]) -> None:
        self._check_open()
        check_enqueued(event, deliveries)
        check_texts(event, deliveries)

    def _check_open(self) -> None:
        if self._closed:
            raise StateError("the queue is closed: open another one")


_MICROSECOND: Final = timedelta(microseconds=1)
