"""`Database`: reads and transactions, from any event loop and after a fork, repeated where that is safe."""

from __future__ import annotations

import asyncio
import os
import random
import threading
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, Generic, NamedTuple, NoReturn, TypeVar

from integrations_sdk.errors import IntegrationError, StateError
from integrations_sdk.store.postgres.address import Address
from integrations_sdk.store.postgres.connection import Connection, Limits, terminate
from integrations_sdk.store.postgres.faults import is_lost, is_passing, translate
from integrations_sdk.store.postgres.session import Session

__all__ = ["Database", "Done"]

T = TypeVar("T")

_ATTEMPTS: Final = 6
_PAUSE_SECONDS: Final = 0.01
_BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"


class Done(NamedTuple, Generic[T]):
    """What a transaction came to, and its number (`pg_current_xact_id`), None if it changed nothing."""

    result: T
    number: str | None


class Database:
    """One schema of one database.

    Each event loop gets connections of its own with its first call. A forked child opens new ones and
    leaves its parent's alone.
    """

    def __init__(self, address: Address, limits: Limits) -> None:
        self.address = address
        self._limits = limits
        self._closed = False
        self._start()
        self._finalizer = weakref.finalize(self, _let_go, self._sessions)
        self._finalizer.atexit = False  # the end of the process closes every socket
        _DATABASES.add(self)

    def _start(self) -> None:
        self._guard = threading.Lock()
        self._sessions: dict[asyncio.AbstractEventLoop, Session] = {}

    async def session(self) -> Session:
        """The running loop's.

        Raises:
            StateError: the database is closed.
        """
        self.check_open()
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None or session.ended:
            session = self._new_session(loop)
            await session.watch()
        return session

    def check_open(self) -> None:
        """Refuse to go on after closing.

        Raises:
            StateError: the database is closed.
        """
        if self._closed:
            raise StateError("the store is closed: open another one")

    async def ensure_tables(self) -> None:
        """See that the store's tables are there, for work on a connection of somebody else."""
        await self.read(_nothing)

    async def read(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """What `work` answers; asked a second time if the connection broke.

        Raises:
            ConfigurationError: the database refuses us.
            StateError: it cannot be used now.
        """
        session = await self.session()
        try:
            return await session.lend(work)
        except Exception as error:  # noqa: BLE001  # the port: whatever the driver raises becomes ours
            if not is_lost(error):
                self._fail(error)
        try:
            return await session.lend(work)
        except Exception as error:  # noqa: BLE001  # likewise
            self._fail(error)

    async def transact(
        self, work: Callable[[Connection], Awaitable[Done[T]]], session: Session | None = None
    ) -> T:
        """Do `work` in a transaction, again if others were in its way; so it may be called several times.

        If the connection breaks while committing, the server is asked what became of the transaction.

        Args:
            session: for work that was begun in it and goes on while the database is being closed.

        Raises:
            IntegrationError: of `work`, which is undone.
            ConfigurationError: the database refuses us.
            StateError: it cannot be used now.
        """
        session = session or await self.session()
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._attempt(session, work)
            except Exception as error:  # noqa: BLE001  # likewise
                if attempt == _ATTEMPTS or isinstance(error, IntegrationError) or not is_passing(error):
                    self._fail(error)
            await asyncio.sleep(random.uniform(0, _PAUSE_SECONDS * 2**attempt))  # noqa: S311  # only spreads load

    async def close(self) -> None:
        """Finish what is under way and close every connection, in every loop; a second call waits likewise."""
        self._closed = True
        with self._guard:
            sessions = list(self._sessions.values())
        for session in sessions:
            await _end(session)

    def _new_session(self, loop: asyncio.AbstractEventLoop) -> Session:
        with self._guard:
            self.check_open()
            for old in [each for each in self._sessions if each.is_closed() or self._sessions[each].ended]:
                gone = self._sessions.pop(old)
                if not gone.ended:  # the loop was closed without being shut down
                    gone.forsake()
            session = self._sessions[loop] = Session(self.address, self._limits)
            return session

    async def _attempt(self, session: Session, work: Callable[[Connection], Awaitable[Done[T]]]) -> T:
        unsure: list[tuple[Done[T], Exception]] = []

        async def attempt(connection: Connection) -> T:
            async with _undoing(connection):
                await connection.execute(_BEGIN)
                done = await work(connection)
                try:
                    await connection.execute("COMMIT")
                except Exception as error:  # any of the driver's; `is_lost()` tells them apart
                    if is_lost(error) and done.number is not None:
                        unsure.append((done, error))
                    raise
                return done.result

        try:
            return await session.lend(attempt)
        except Exception:  # what is not unsure is raised as it is
            if not unsure:
                raise
        ((done, error),) = unsure
        if not await self._was_committed(session, done.number or "", error):
            raise error
        return done.result

    async def _was_committed(self, session: Session, number: str, error: Exception) -> bool:
        """What became of a transaction whose end we did not see."""
        status = "in progress"
        for attempt in range(_ATTEMPTS):
            with suppress(Exception):  # the server is restarting, or the network is down: ask again
                rows = await session.lend(lambda c: c.fetch("SELECT pg_xact_status($1::text::xid8)", number))
                status = rows[0][0]
            if status in {"committed", "aborted"}:
                return bool(status == "committed")
            await asyncio.sleep(_PAUSE_SECONDS * 2**attempt)
        lost = f"the store {self.address.shown} broke the connection while it committed"
        raise StateError(
            f"{lost}: whether the change is stored is not known; read it, then decide"
        ) from error

    def _fail(self, error: Exception) -> NoReturn:
        ours = translate(error, self.address)
        if ours is error:
            raise error
        raise ours from error

    def _forked(self) -> None:
        sessions = self._sessions
        self._start()
        self._finalizer.detach()
        self._finalizer = weakref.finalize(self, _let_go, self._sessions)
        self._finalizer.atexit = False
        for session in sessions.values():
            session.forsake()


async def _nothing(_: Connection) -> None:
    """Only that a connection is lent matters."""


@asynccontextmanager
async def _undoing(connection: Connection) -> AsyncIterator[None]:
    """Leave no transaction open when something goes wrong."""
    try:
        yield
    except Exception:  # whatever it is, its transaction ends
        try:
            await connection.execute("ROLLBACK")
        except Exception:  # noqa: BLE001  # it is broken: closing it undoes the transaction as well
            terminate(connection)
        raise
    except BaseException:  # the loop is being shut down, and has no time for a conversation
        terminate(connection)
        raise


async def _end(session: Session) -> None:
    if session.loop is asyncio.get_running_loop():
        await session.end()
    elif session.loop.is_running():
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(session.end(), session.loop))
    elif not session.ended:
        session.forsake()


def _let_go(sessions: dict[asyncio.AbstractEventLoop, Session]) -> None:
    """End the sessions of a database that nobody holds any more."""
    for session in sessions.values():
        with suppress(RuntimeError):  # the loop is closed
            session.loop.call_soon_threadsafe(_end_soon, session)


def _end_soon(session: Session) -> None:
    task = session.loop.create_task(session.end())
    _ENDING.add(task)
    task.add_done_callback(_ENDING.discard)


_ENDING: Final[set[asyncio.Task[None]]] = set()
_DATABASES: Final[weakref.WeakSet[Database]] = weakref.WeakSet()


def _after_fork() -> None:
    for database in list(_DATABASES):
        database._forked()  # noqa: SLF001  # its own module


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_after_fork)
