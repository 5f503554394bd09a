"""The `Queue` port: events and their deliveries, from the moment they are accepted to the end of their log.

A queue keeps deliveries, hands them out under a lease and takes down what became of them. It knows nothing
of webhooks, HTTP or retry schedules: verdicts are handed to it. Every promise below is checked by
`integrations_sdk.testing.queue_contract`, over every backend alike.

Times are UTC; a backend keeps them to the microsecond.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from integrations_sdk.models.delivery import Attempt, Backlog, Delivery, Target, TargetStatistics
from integrations_sdk.queue.records import (
    MOST_PER_SECOND,
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
    slot_grace,
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
    "Taker",
    "slot_grace",
]


class Taker(Protocol):
    """A worker that takes deliveries over as they are enqueued; see `Queue.attach()`. It answers at once."""

    @property
    def name(self) -> str:
        """Under which it claims; it may change."""
        ...

    @property
    def lease(self) -> timedelta:
        """For how long what is handed over stays with it, and all else that it holds; at least for half of that."""
        ...

    def reserve(self, targets: Sequence[Target]) -> Sequence[bool]:
        """Whether it would take a delivery of each of the targets; where so, it keeps room until `take()`."""
        ...

    def take(self, batch: Batch, reserved: int) -> bool:
        """Take over what was stored as leased to it, and forget that many reservations.

        Args:
            batch: what could be handed over of what was reserved; nothing, where it could not be stored.

        Returns:
            False if it takes nothing any more; then the queue has it pending again.
        """
        ...


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

    def attach(self, taker: Taker) -> None:
        """Have deliveries that are enqueued through this object handed over to a worker without a claim.

        A delivery may be handed over when it is due at once, has no ordering key, and its target is not held, has
        no rate limit and nothing due that would be sent first. It is stored as leased to the worker, which then is
        what it would be after a claim. That spares time and work; a backend may do without, and hand over nothing.

        No-op for one that is attached.
        """
        ...

    def detach(self, taker: Taker) -> None:
        """Hand nothing over to that worker any more; no-op for one that is not attached."""
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
