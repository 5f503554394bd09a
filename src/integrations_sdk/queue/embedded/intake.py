"""`Intake`: concurrent calls that enqueue share a transaction and its statements."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from integrations_sdk.clock import Clock
from integrations_sdk.errors import AlreadyExistsError, ConfigurationError, StateError
from integrations_sdk.queue.base import Accepted
from integrations_sdk.queue.cache import EventCache, TargetNumbers
from integrations_sdk.queue.embedded import enqueueing
from integrations_sdk.queue.embedded.enqueueing import Bundle
from integrations_sdk.queue.embedded.place import Place
from integrations_sdk.queue.embedded.schema import prepare
from integrations_sdk.queue.gathering import Gathering
from integrations_sdk.store.encoding import microseconds
from integrations_sdk.store.sqlite.within import check_host

__all__ = ["Intake"]


class Intake:
    """Takes events in. What comes while a transaction runs goes into the next one.

    Args:
        stored: called after each commit.
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
        self._gathering = Gathering(self._store, lambda bundle: len(bundle.event.body))

    async def take(self, bundle: Bundle) -> tuple[Accepted, ...]:
        """Store it; see `Queue.enqueue`."""
        return await self._gathering.take(bundle)

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
        taken, _ = enqueueing.store(cursor, [bundle], self._targets.numbers, now)
        return taken[0].accepted

    async def finish(self) -> None:
        """Return when nothing is on its way any more."""
        await self._gathering.finish()

    async def _store(self, bundles: Sequence[Bundle]) -> list[tuple[Accepted, ...]]:
        now = microseconds(self._clock.now())
        known = self._targets.numbers
        try:
            taken, found = await self._place.write(lambda c: enqueueing.store(c, bundles, known, now))
        except Exception as error:
            explained = _explained(error)
            if explained is error:
                raise
            raise explained from error
        self._targets.learn(found)
        for bundle, one in zip(bundles, taken, strict=True):
            if one.event is not None:
                self._events.add(one.event, bundle.event)
        self._stored()
        return [one.accepted for one in taken]


def _explained(error: Exception) -> Exception:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, sqlite3.IntegrityError):
            return AlreadyExistsError("a delivery of that id exists: ids are given once")
        cause = cause.__cause__
    return error
