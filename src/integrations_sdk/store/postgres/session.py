"""`Session`: the connections of one event loop, to which they belong for good."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, Protocol, TypeVar

from integrations_sdk.errors import StateError
from integrations_sdk.store.postgres.address import Address
from integrations_sdk.store.postgres.connection import (
    Connection,
    Limits,
    connect,
    cut,
    driver,
    prepare,
    terminate,
)
from integrations_sdk.store.postgres.faults import is_lost
from integrations_sdk.store.postgres.schema import bring_up_to_date

__all__ = ["Dependent", "Session"]

T = TypeVar("T")

_IDLE_SECONDS: Final = 300


class Dependent(Protocol):
    """What has connections of the session outside its pool."""

    async def close(self) -> None:
        """Close them."""
        ...


class Session:
    """A pool, filled as connections are needed and up to date with the first of them.

    It ends with `end()`, or with its loop if that is shut down in an orderly way (`asyncio.run`).

    Attributes:
        dependents: closed when it ends.
    """

    def __init__(self, address: Address, limits: Limits) -> None:
        self.loop = asyncio.get_running_loop()
        self.ended = False
        self.dependents: weakref.WeakSet[Dependent] = weakref.WeakSet()
        self._address = address
        self._limits = limits
        self._connections: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._gate = asyncio.Lock()
        self._open = False
        self._working = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._pool: Any = driver().create_pool(  # asyncpg's types are not ours
            min_size=0,
            max_size=limits.connections,
            max_inactive_connection_lifetime=_IDLE_SECONDS,
            connect=self._connect,
            reset=_leave,
        )
        self._guardian = _guard(self)
        self._ending: asyncio.Task[None] | None = None

    async def watch(self) -> None:
        """Have the loop end this session when it is shut down: it closes asynchronous generators then."""
        await anext(self._guardian)

    @contextmanager
    def working(self) -> Iterator[None]:
        """While it lasts, `end()` waits."""
        self._working += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._working -= 1
            if not self._working:
                self._idle.set()

    async def connect(self, **options: object) -> Connection:
        """A connection besides those of the pool, ready for use; it is the caller's to close."""
        connection = await connect(self._address, self._limits, **options)
        self._connections.add(connection)
        try:
            await prepare(connection, self._limits)
        except BaseException:  # a cancellation too would leave it open
            connection.terminate()
            raise
        return connection

    async def _connect(self, _: object, **options: object) -> Connection:
        """`connect()` as the pool calls it, which is not told the address."""
        return await self.connect(**options)

    async def lend(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Do work with a connection of the pool, which must leave no transaction open.

        Raises:
            StateError: none was free in time.
            Exception: what the driver says, untranslated.
        """
        with self.working():
            if not self._open:
                await self._bring_up_to_date()
            return await self._with_connection(work)

    async def end(self) -> None:
        """Wait for what is under way, then close every connection; a second call waits likewise."""
        if self._ending is None:
            self._ending = self.loop.create_task(self._finish())
        await asyncio.shield(self._ending)

    def forsake(self) -> None:
        """Give the connections up without their loop, which is gone or another process's."""
        self.ended = True
        for connection in list(self._connections):
            cut(connection)
        _FORSAKEN.append(self)

    async def _bring_up_to_date(self) -> None:
        async with self._gate:
            if not self._open:
                await self._pool
                await self._with_connection(lambda connection: bring_up_to_date(connection, self._address))
                self._open = True

    async def _with_connection(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        try:
            connection = await self._pool.acquire(timeout=2 * self._limits.seconds)
        except TimeoutError:
            connection = None
        if connection is None:
            busy = f"all {self._limits.connections} connections to {self._address.shown} are busy"
            raise StateError(f"{busy}: retry, or raise `connections`")
        try:
            return await work(connection)
        except Exception as error:  # any of the driver's; `is_lost()` tells them apart
            if is_lost(error):
                terminate(connection)
                await self._pool.expire_connections()  # whatever broke this one, broke the others as well
            raise
        finally:
            with suppress(Exception):  # a connection that cannot be given back was closed; the work is done
                await self._pool.release(connection)

    async def _finish(self) -> None:
        while self._working:
            await self._idle.wait()
        self.ended = True
        for dependent in list(self.dependents):
            await dependent.close()
        with suppress(Exception):  # what cannot be closed in order was cut off
            async with asyncio.timeout(self._limits.seconds):
                await self._pool
                await self._pool.close()


_FORSAKEN: Final[list[Session]] = []
"""Kept, because what they hold would be closed properly if it were collected, and it is not ours to close."""


async def _guard(session: Session) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await session.end()


async def _leave(_: object) -> None:
    """Nothing to reset: each statement here leaves a connection as it found it, which saves a round trip."""
