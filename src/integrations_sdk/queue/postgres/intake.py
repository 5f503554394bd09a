"""`Intake`: events are taken in together, or within the transaction of a host."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from integrations_sdk.errors import ConfigurationError
from integrations_sdk.models.delivery import Target
from integrations_sdk.queue.base import Accepted
from integrations_sdk.queue.gathering import Gathering
from integrations_sdk.queue.postgres import enqueueing
from integrations_sdk.queue.postgres.enqueueing import Bundle, Stored
from integrations_sdk.queue.postgres.handing import Hands
from integrations_sdk.queue.postgres.hosts import Blocking, host_of
from integrations_sdk.queue.postgres.messages import tell_within
from integrations_sdk.queue.postgres.place import Place
from integrations_sdk.store.encoding import microseconds
from integrations_sdk.store.postgres.connection import Connection
from integrations_sdk.store.postgres.within import check_host, run_within

__all__ = ["Intake"]


class Intake:
    """Takes events in. What comes while a transaction runs goes into the next one.

    There are two ways in: with an idempotency key one may have to wait for a transaction of somebody else
    who uses the same key, and what has none does not wait behind it.

    Args:
        stored: called after each commit.
    """

    def __init__(self, place: Place, hands: Hands, stored: Callable[[], None]) -> None:
        self._place = place
        self._hands = hands
        self._stored = stored
        self._plain: Gathering[Bundle, tuple[Accepted, ...]] = Gathering(self._store, _size)
        self._once: Gathering[Bundle, tuple[Accepted, ...]] = Gathering(self._store, _size)

    async def take(self, bundle: Bundle) -> tuple[Accepted, ...]:
        """Store it; see `Queue.enqueue`."""
        once = any(one.idempotency_key is not None for one in bundle.deliveries)
        return await (self._once if once else self._plain).take(bundle)

    async def take_within(self, connection: object, bundle: Bundle) -> tuple[Accepted, ...]:
        """Store it in a host's transaction; see `Queue.enqueue_within`."""
        host = host_of(connection)
        check_host(host, "enqueue")
        if not isinstance(host, Blocking):
            _check_loop()
            await self._place.prepare()
            await self._hands.numbers(_targets([bundle]))
        stored = await run_within(host, self._place.database.address, lambda c: self._store_within(c, bundle))
        return stored.accepted[0]

    async def finish(self) -> None:
        """Return when nothing is on its way any more."""
        await self._plain.finish()
        await self._once.finish()

    async def _store(self, bundles: Sequence[Bundle]) -> list[tuple[Accepted, ...]]:
        numbers = await self._hands.numbers(_targets(bundles))
        sql, now = self._place.sql, self._now()
        stored = await self._place.transact(lambda c: enqueueing.store(c, sql, bundles, numbers, now))
        for bundle, number in zip(bundles, stored.events, strict=True):
            if number is not None:
                self._hands.remember(number, bundle.event)
        self._stored()
        return stored.accepted

    async def _store_within(self, connection: Connection, bundle: Bundle) -> Stored:
        await self._place.prepare_within(connection)
        numbers = await self._hands.numbers_within(connection, _targets([bundle]))
        done = await enqueueing.store(connection, self._place.sql, [bundle], numbers, self._now())
        await tell_within(connection, self._place.database)
        return done.result

    def _now(self) -> int | None:
        """The time, None if it is the server's, which says so itself."""
        return None if self._place.by_server else microseconds(self._place.clock.now())


def _check_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        outside = True
    else:
        outside = False
    if outside:
        expected = (
            "expected a connection that blocks, a psycopg.Connection: an asyncpg.Connection belongs to a loop"
        )
        raise ConfigurationError.of("enqueue", "connection", expected)


def _size(bundle: Bundle) -> int:
    return len(bundle.event.body)


def _targets(bundles: Sequence[Bundle]) -> list[Target]:
    return [one.target for bundle in bundles for one in bundle.deliveries]
