"""The `Queue` port: events and their deliveries, from the moment they are accepted to the end of their log.

A queue keeps deliveries, hands them out under a lease and takes down what became of them. It knows nothing
of webhooks, HTTP or retry schedules: verdicts are handed to it. Every promise below is checked by
`integrations_sdk.testing.queue_contract`, over every backend alike.

Times are UTC; a backend keeps them to the microsecond.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol

import attrs

from integrations_sdk.models.delivery import (
    Attempt,
    Backlog,
    Delivery,
    DeliveryState,
    Target,
    TargetStatistics,
    Verdict,
)

__all__ = [
    "MOST_PER_SECOND",
    "Accepted",
    "Batch",
    "Claimed",
    "DeliveryPage",
    "NewDelivery",
    "Queue",
    "QueuedEvent",
    "Recorded",
    "Replay",
    "Result",
    "Selection",
    "slot_grace",
]


MOST_PER_SECOND: Final = 10_000
"""The highest rate limit of a target; whoever takes more needs none."""


@attrs.frozen(kw_only=True)
class QueuedEvent:
    """What happened, ready to be sent: stored once, however many targets it has.

    Attributes:
        body: opaque to the queue, at most 16 MiB; usually the event as JSON.
    """

    event_id: str
    event_type: str
    body: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class NewDelivery:
    """A delivery to be; see `Delivery` for its keys. `due_at` None is now."""

    delivery_id: str
    target: Target
    ordering_key: str | None = None
    idempotency_key: str | None = None
    due_at: datetime | None = None


class Accepted(NamedTuple):
    """That a delivery was taken. Of a `duplicate` the id is that of the delivery taken before."""

    delivery_id: str
    duplicate: bool = False


@attrs.frozen(kw_only=True)
class Claimed:
    """A delivery in the hands of a worker.

    Attributes:
        handle: names the delivery to its queue.
        token: proves the lease; once the lease has gone to another worker, nothing is taken with it.
        tries: attempts since it was enqueued or replayed, which is what a schedule counts.
        slot: when it is to be sent, under the rate limit of its target: not before; None: at once, for there is
            no limit.
        slot_ends: `slot` and the `slot_grace()` of the rate: later than that it is to be released instead.
    """

    handle: int
    token: int
    tries: int
    delivery: Delivery
    event: QueuedEvent
    slot: datetime | None = None
    slot_ends: datetime | None = None


@attrs.frozen(kw_only=True)
class Batch:
    """What a claim came to.

    Attributes:
        lease_until: the worker's lease on all it holds.
        next_at: when claiming again finds more, if nothing happens before; None: not by itself.
    """

    claimed: tuple[Claimed, ...]
    lease_until: datetime
    next_at: datetime | None = None


@attrs.frozen(kw_only=True)
class Result:
    """What an attempt on a claimed delivery came to.

    Attributes:
        attempt: None when nothing was sent: then none is logged or counted, and only the verdict is taken.
    """

    claimed: Claimed
    attempt: Attempt | None
    verdict: Verdict


@attrs.frozen(kw_only=True)
class Recorded:
    """That a result was taken down.

    Attributes:
        accepted: False when the lease had gone to another worker, so nothing was changed.
        failing_since: first failure of the target since its last success, this result included.
        recovered: the target had been failing, and this batch of results ends with a success.
        held: this result disabled the target.
    """

    accepted: bool
    failing_since: datetime | None = None
    recovered: bool = False
    held: bool = False


@attrs.frozen(kw_only=True)
class Selection:
    """Which deliveries; each field that is not None (or empty) narrows it.

    Attributes:
        states: any of these.
        since: created then or later; `until`: created before.
    """

    delivery_ids: tuple[str, ...] = ()
    event_id: str | None = None
    event_type: str | None = None
    target: Target | None = None
    tenant_id: str | None = None
    project_id: str | None = None
    kind: str | None = None
    ordering_key: str | None = None
    states: tuple[DeliveryState, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


@attrs.frozen(kw_only=True)
class DeliveryPage:
    """A part of a query's answer; `cursor` leads to the next part, None when this is the last."""

    deliveries: tuple[Delivery, ...]
    cursor: str | None = None


@attrs.frozen(kw_only=True)
class Replay:
    """How far a replay is.

    Attributes:
        replay_id: continues it with `Queue.replay(resume=…)`; None of a dry run.
        matched: deliveries of the selection that had ended when it began.
        scheduled: how many of them are to be sent again so far.
        finished: whether that is all.
    """

    replay_id: str | None
    matched: int
    scheduled: int
    finished: bool


def slot_grace(rate: float) -> timedelta:
    """How late a slot may still be used: 20 ms, or half of the time between two slots where that is longer."""
    return max(timedelta(milliseconds=20), timedelta(seconds=0.5 / rate))


class Queue(Protocol):
    """Where deliveries live. Methods may be called concurrently, from one event loop."""

    async def enqueue(self, event: QueuedEvent, deliveries: Sequence[NewDelivery]) -> tuple[Accepted, ...]:
        """Store the event and its deliveries, all or nothing: this is the outbox.

        A delivery whose target and idempotency key are those of one that is kept is not stored again.

        Returns:
            One entry for each delivery, in their order.

        Raises:
            ConfigurationError: something in it cannot be stored.
            AlreadyExistsError: a delivery of that id exists.
        """
        ...

    async def enqueue_within(
        self, connection: object, event: QueuedEvent, deliveries: Sequence[NewDelivery]
    ) -> tuple[Accepted, ...]:
        """`enqueue()` inside a transaction of the host application, which it neither begins nor ends.

        When it is rolled back nothing was enqueued. Workers see the deliveries within about a tenth of a
        second of the commit. Over a connection that blocks (`sqlite3`, `psycopg`) it never waits for anything of
        the loop, so it may be driven to its end in the thread that the connection belongs to.

        Args:
            connection: an open transaction on the very database that the queue lives in: a
                `sqlite3.Connection` to a SQLite file, an `asyncpg.Connection` of the running loop or a
                `psycopg.Connection` (psycopg 3) to PostgreSQL.

        Raises:
            StateError: the queue does not live in a database, or the connection is to another one.
            ConfigurationError: as for `enqueue()`, or the connection has no transaction open.
        """
        ...

    async def claim(
        self,
        worker: str,
        *,
        limit: int,
        lease: timedelta,
        per_target: int,
        busy: Mapping[Target, int] | None = None,
    ) -> Batch:
        """Hand out due deliveries to a worker, and renew its lease on all that it holds.

        Targets take turns, so that no target's backlog delays another's. Of each ordering key only the
        first unfinished delivery is handed out. What a worker held whose lease has ended is handed out
        again, under the same delivery id.

        Args:
            worker: names it, uniquely among all workers of the queue.
            limit: at most so many, 1 or more.
            lease: until then the worker comes back, by `claim()` or `extend()`, or loses what it holds.
            per_target: a worker holds at most so many deliveries of one target; `busy` says how many it holds.
        """
        ...

    async def extend(self, worker: str, *, lease: timedelta) -> datetime | None:
        """Renew a worker's lease; until when, or None if it holds nothing or has lost what it held."""
        ...

    async def record(self, results: Sequence[Result]) -> tuple[Recorded, ...]:
        """Take down attempts and what becomes of their deliveries, in one transaction.

        Returns:
            One entry for each result, in their order.
        """
        ...

    async def release(self, claimed: Iterable[Claimed]) -> None:
        """Give back what was not sent; it is claimable at once. What is no longer held is passed over."""
        ...

    async def next_due(self) -> datetime | None:
        """When the next delivery is or was due, or the next lease of another worker ends; None: nothing is."""
        ...

    async def wait(self, worker: str, timeout: float | None) -> bool:
        """Return when there may be work that the worker's last claim did not see, or after `timeout` seconds.

        What is enqueued through this object wakes it at once, what others enqueue within about 0.1 s; that a
        delivery falls due does not, for which `Batch.next_at` is there.

        Args:
            timeout: None waits for ever.

        Returns:
            False after the timeout.
        """
        ...

    async def limit(self, target: Target, rate: float | None) -> None:
        """Hand out no more of this target's deliveries than `rate` a second, over all workers together.

        Deliveries are given slots that are 1 / `rate` apart, see `Claimed.slot`; those that go unused are not made
        up for. So over any time T no more than `rate` x (T + `slot_grace(rate)`) + 1 are sent.

        Args:
            rate: more than 0 and at most 10,000; None: no limit. A new one holds from the next claim on: the next
                slot is 1 / `rate` after the last one that was given.

        Raises:
            ConfigurationError: `rate` is out of range.
        """
        ...

    async def hold(self, target: Target, reason: str) -> bool:
        """Hand out no more of this target's deliveries; False if it was held already."""
        ...

    async def resume(self, target: Target) -> bool:
        """Hand out the target's deliveries again, all of its backlog at once due; False if it was not held."""
        ...

    async def get(self, delivery_id: str) -> Delivery | None:
        """The delivery, or None if missing."""
        ...

    async def event(self, event_id: str) -> QueuedEvent | None:
        """The event, or None if missing."""
        ...

    async def attempts(self, delivery_id: str) -> tuple[Attempt, ...]:
        """The attempts at a delivery, oldest first; none if it is missing."""
        ...

    async def query(
        self,
        selection: Selection | None = None,
        *,
        after: str | None = None,
        limit: int = 100,
        newest_first: bool = True,
    ) -> DeliveryPage:
        """The delivery log, by keyset: going from cursor to cursor, what is there throughout is seen once.

        Args:
            after: the `cursor` of the page before; None begins.
            limit: 1 to 1,000.

        Raises:
            ConfigurationError: `limit` is out of range, or `after` is not a cursor.
        """
        ...

    async def statistics(self, target: Target) -> TargetStatistics:
        """What became of the attempts on a target; of an unknown one there were none."""
        ...

    async def backlog(self) -> Backlog:
        """What is not finished yet; its cost grows with that, not with the log."""
        ...

    async def replay(
        self,
        selection: Selection | None = None,
        *,
        rate: float | None = None,
        dry_run: bool = False,
        resume: str | None = None,
        limit: int | None = None,
    ) -> Replay:
        """Have ended deliveries sent again, under the same delivery ids, oldest first.

        It goes on in steps, each of which is stored; one that was cut off goes on where it stood with
        `resume`, and never schedules a delivery twice.

        Args:
            selection: which of those that were delivered or given up before this call.
            rate: at most so many fall due per second; None: all at once.
            dry_run: only say how many it would be.
            resume: the `replay_id` of one that was begun; its selection and rate hold then.
            limit: schedule at most so many in this call.

        Raises:
            ConfigurationError: no selection and nothing to resume, or `rate` or `limit` is out of range.
            NotFoundError: there is no such replay.
        """
        ...

    async def purge(self, before: datetime) -> int:
        """Forget deliveries that ended before then, with their attempts and events; how many."""
        ...

    async def close(self) -> None:
        """Finish what was begun. A second call does nothing; any other method raises `StateError` then."""
        ...
