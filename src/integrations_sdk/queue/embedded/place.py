"""Where an `EmbeddedQueue` lives: in the file of a `SQLiteStore`, whose threads it shares, or in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from integrations_sdk.errors import StateError
from integrations_sdk.queue.embedded.claiming import version
from integrations_sdk.queue.embedded.schema import prepare
from integrations_sdk.store.sqlite import SQLiteStore

__all__ = ["FilePlace", "MemoryPlace", "Place"]

T = TypeVar("T")


class Place(Protocol):
    """A database with the tables of the queue."""

    path: Path | None
    """Its file; None in memory."""

    async def write(self, work: Callable[[sqlite3.Cursor], T], *, one_statement: bool = False) -> T:
        """What `work` returns, done in a transaction; it may be called twice, the first time undone.

        Args:
            one_statement: `work` executes a single one.
        """
        ...

    async def read(self, work: Callable[[sqlite3.Cursor], T]) -> T:
        """What `work` returns, which changes nothing."""
        ...

    async def version(self) -> int | None:
        """Another number whenever anybody changed the database; None where nobody else can."""
        ...

    async def close(self) -> None:
        """Let go of what was opened here."""
        ...


class FilePlace:
    """The file of a store. Writes share its thread, and with what else is written, its commits."""

    def __init__(self, store: SQLiteStore) -> None:
        self.path: Path | None = store.path
        self._store = store
        self._prepared = False

    async def write(self, work: Callable[[sqlite3.Cursor], T], *, one_statement: bool = False) -> T:
        """See `Place.write`."""
        await self._prepare()
        return await self._store.transact(
            lambda connection: work(connection.cursor()), one_statement=one_statement
        )

    async def read(self, work: Callable[[sqlite3.Cursor], T]) -> T:
        """See `Place.read`."""
        await self._prepare()
        return await self._store.read(lambda connection: work(connection.cursor()))

    async def version(self) -> int | None:
        """See `Place.version`; asked of the writing connection, whose own commits do not count."""
        return await self._store.look(lambda connection: version(connection.cursor()))

    async def close(self) -> None:
        """The store is its owner's to close."""

    async def _prepare(self) -> None:
        if not self._prepared:
            await self._store.transact(lambda connection: prepare(connection.cursor()))
            self._prepared = True


class MemoryPlace:
    """A database of this process, gone with it. Work is done at once, in the caller's thread."""

    path: Path | None = None

    def __init__(self) -> None:
        self._connection: sqlite3.Connection | None = sqlite3.connect(
            ":memory:", isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA synchronous=OFF")
        prepare(self._connection.cursor())

    async def write(self, work: Callable[[sqlite3.Cursor], T], *, one_statement: bool = False) -> T:
        """See `Place.write`."""
        cursor = self._cursor()
        if one_statement:
            return work(cursor)
        cursor.execute("BEGIN")
        try:
            result = work(cursor)
        except BaseException:  # whatever it is, nothing of it stays
            cursor.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")
        return result

    async def read(self, work: Callable[[sqlite3.Cursor], T]) -> T:
        """See `Place.read`."""
        return work(self._cursor())

    async def version(self) -> int | None:
        """Nobody else can change it."""
        return None

    async def close(self) -> None:
        """Forget everything."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _cursor(self) -> sqlite3.Cursor:
        if self._connection is None:
            raise StateError("the queue is closed: open another one")
        return self._connection.cursor()
