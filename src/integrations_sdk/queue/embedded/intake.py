"""`Intake`: concurrent calls that enqueue share a transaction and its statements."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from typing import Final

from integrations_sdk.clock import Clock
from integrations_sdk.errors import AlreadyExistsError, ConfigurationError, StateError
from integrations_sdk.queue.base import Accepted, Batch, NewDelivery, QueuedEvent
from integrations_sdk.queue.cache import EventCache, TargetNumbers
from integrations_sdk.queue.embedded import claiming, enqueueing
from integrations_sdk.queue.embedded.enqueueing import Bundle, Lease, Stored
from integrations_sdk.queue.embedded.foreseen import carry_out, foresee_handed_over
from integrations_sdk.queue.embedded.handing import Offer, Takers
from integrations_sdk.queue.embedded.leased import handed_over
from integrations_sdk.queue.embedded.place import Place
from integrations_sdk.queue.embedded.schema import prepare
from integrations_sdk.store.encoding import microseconds
from integrations_sdk.store.sqlite.within import check_host

__all__ = ["Intake"]

_MOST_AT_ONCE: Final = 256
"""Events in one transaction, so that nobody waits for long behind a large one."""


class Intake:
    """Takes events in. What comes while a transaction runs goes into the next one.

    Args:
        stored: called after each commit that left something to claim.

    Attributes:
        takers: to whom it may be handed over.
    """

    def __init__(
        self,
        place: Place,
        clock: Clock,
        events: EventCache,
        targets: TargetNumbers,
        stored: Callable[[], None],
    ) -> None:
        self._place = place
        self._clock = clock
        self._events = events
        self._targets = targets
        self._stored = stored
        self.takers = Takers()
        self._last = -1  # place in the order
        self._alone = False  # whether nobody else enqueued anything between the last two times
        self._lease = Lease()
        self._incoming: list[Bundle] = []
        self._flushing: asyncio.Task[None] | None = None
        self._flushing_in: asyncio.AbstractEventLoop | None = None

    def take(
        self, event: QueuedEvent, deliveries: Sequence[NewDelivery]
    ) -> asyncio.Future[tuple[Accepted, ...]]:
        """Store them; see `Queue.enqueue`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[tuple[Accepted, ...]] = loop.create_future()
        self._incoming.append(Bundle(event, deliveries, future))
        if self._flushing_in is not loop:  # a task of a loop that ended never goes on
            self._flushing_in, self._flushing = loop, loop.create_task(self._flush(loop), name="enqueue")
        return future

    def take_within(self, connection: object, bundle: Bundle) -> tuple[Accepted, ...]:
        """Store it in a host's transaction; see `Queue.enqueue_within`."""
        if self._place.path is None:
            raise StateError("the queue lives in memory, where no connection leads: use a SQLiteStore")
        if not isinstance(connection, sqlite3.Connection):
            expected = f"expected a sqlite3.Connection to {self._place.path}"
            raise ConfigurationError.of("enqueue", "connection", expected)
        check_host(connection, self._place.path)
        cursor = connection.cursor()
        cursor.row_factory = None
        prepare(cursor)
        now = microseconds(self._clock.now())
        # Nothing of it is remembered, for it may yet be rolled back.
        return enqueueing.store(cursor, [bundle], self._targets.numbers, now).accepted[0]

    async def finish(self) -> None:
        """Return when nothing is on its way any more."""
        if self._flushing is not None and self._flushing_in is asyncio.get_running_loop():
            await self._flushing

    async def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            while self._incoming:
                batch, self._incoming = self._incoming[:_MOST_AT_ONCE], self._incoming[_MOST_AT_ONCE:]
                if wanted := [bundle for bundle in batch if _is_waited_for(bundle)]:
                    await self._store(wanted)
        finally:
            if self._flushing_in is loop:
                self._flushing_in = None

    async def _store(self, batch: Sequence[Bundle]) -> None:
        try:
            accepted = await self._write(batch)
        except Exception as error:  # noqa: BLE001  # whatever it is, those who wait must hear of it
            if len(batch) > 1:  # one of them is at fault, and the others shall not suffer for it
                for one in batch:
                    await self._store([one])
            elif (future := batch[0].future) is not None and not future.done():
                future.set_exception(_explained(error))
            return
        for bundle, answer in zip(batch, accepted, strict=True):
            if bundle.future is not None and not bundle.future.done():  # the caller may have been cancelled
                bundle.future.set_result(answer)

    async def _write(self, bundles: Sequence[Bundle]) -> list[tuple[Accepted, ...]]:
        moment = self._clock.now()
        now, known = microseconds(moment), self._targets.numbers
        offer = self.takers.offer(bundles, moment)
        hand = None if offer is None else offer.hand
        foreseen = None
        if hand is not None and self._alone:
            foreseen = foresee_handed_over(bundles, known, hand, self._lease, self._last, now)
        try:
            stored = await carry_out(
                self._place, foreseen, lambda c: enqueueing.store(c, bundles, known, now, hand)
            )
        except BaseException:  # a cancellation too: the hand is free again
            if offer is not None:
                offer.taker.take(Batch(claimed=(), lease_until=moment), offer.reserved)
            raise
        self._alone, self._last = self._last == stored.before, stored.last
        self._targets.learn(stored.targets)
        for bundle, number in zip(bundles, stored.events, strict=True):
            if number is not None:
                self._events.add(number, bundle.event)
        if offer is not None:
            self._lease = stored.lease
            await self._hand_over(offer, bundles, stored, now)
        if stored.pending:
            self._stored()
        return stored.accepted

    async def _hand_over(self, offer: Offer, bundles: Sequence[Bundle], stored: Stored, now: int) -> None:
        batch = handed_over(bundles, stored, now)
        if not offer.taker.take(batch, offer.reserved) and batch.claimed:
            given_back = {stored.lease.token: [one.handle for one in batch.claimed]}
            await self._place.write(lambda c: claiming.release(c, given_back, now))
            self._stored()


def _is_waited_for(bundle: Bundle) -> bool:
    """Who was cancelled was promised nothing; and neither were those whose loop has ended."""
    future = bundle.future
    return future is None or not (future.done() or future.get_loop().is_closed())


def _explained(error: Exception) -> Exception:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, sqlite3.IntegrityError):
            clash = AlreadyExistsError("a delivery of that id exists: ids are given once")
            clash.__cause__ = error
            return clash
        cause = cause.__cause__
    return error
