"""`SQLiteStore`: the `Store` port over a writing and a reading thread."""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final, TypeVar, get_args

from integrations_sdk.clock import Clock, SystemClock
from integrations_sdk.errors import ConfigurationError, Problem, StateError
from integrations_sdk.store.base import Delete, Document, Page, Write
from integrations_sdk.store.encoding import Encoded, check_limit, decode, decode_cursor, encode, microseconds
from integrations_sdk.store.sqlite import documents
from integrations_sdk.store.sqlite.faults import translate
from integrations_sdk.store.sqlite.schema import Synchronous, connect
from integrations_sdk.store.sqlite.within import run_within
from integrations_sdk.store.sqlite.worker import Worker

__all__ = ["SQLiteStore"]

T = TypeVar("T")

_PURGED_AT_ONCE: Final = 500
"""Expired documents removed in one go, so that a large purge never makes others wait for long."""


class SQLiteStore:
    """A `Store` in one file, shared by any number of processes of one machine.

    The file is opened, created (mode 0600) and brought up to date with the first call. Reads go on beside
    writes; concurrent writes share commits. Usable from any event loop, and after a fork. A store that was
    not closed is closed when it is collected or the interpreter exits; nothing acknowledged is lost.

    Args:
        path: the file; its folder must exist. Beside it, SQLite keeps `…-wal` and `…-shm`.
        clock: decides what has expired.
        synchronous: `NORMAL`: what was acknowledged survives the end of the process, however violent;
            `FULL`: also a power cut, for a disk flush with each commit.
        busy_timeout: how long to wait while another process writes; then `StateError`.

    Raises:
        ConfigurationError: the path or `synchronous` cannot be right.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        clock: Clock | None = None,
        synchronous: Synchronous = "NORMAL",
        busy_timeout: timedelta = timedelta(seconds=5),
    ) -> None:
        self._path = _checked(path, synchronous)
        self._clock = clock or SystemClock()
        self._closed = False
        opening = partial(connect, self._path, synchronous=synchronous, busy_timeout=busy_timeout)
        fault = partial(translate, path=self._path)
        self._writer = Worker("integrations-store-writer", connect=opening, translate=fault, writes=True)
        self._reader = Worker("integrations-store-reader", connect=opening, translate=fault, writes=False)
        weakref.finalize(self, _stop, self._reader, self._writer)

    async def write(self, *writes: Write) -> tuple[Document | None, ...]:
        """See `Store.write`. Once it returns, the writes survive the end of the process."""
        now = self._now()
        encoded = [None if isinstance(write, Delete) else encode(write.document) for write in writes]
        if not writes:
            return ()
        versions = await self._writer.run(lambda c: documents.apply(c, writes, encoded, now))
        return _answers(encoded, versions)

    def write_within(self, connection: sqlite3.Connection, *writes: Write) -> tuple[Document | None, ...]:
        """`write()` inside a transaction of the host application, which it does not end.

        When it is rolled back nothing was written. An error leaves the transaction usable. Done at once in
        the calling thread, which must be that of the connection. The host's tables live beside ours in the
        store's file.

        Args:
            connection: of `sqlite3`, to the file of this store, with a transaction open; where `sqlite3`
                begins transactions by itself, this begins one, which is the host's to commit.

        Raises:
            ConfigurationError: no transaction is open; besides as for `write()`.
            StateError: the connection is to another database, or the store was never used before.
        """
        now = self._now()
        encoded = [None if isinstance(write, Delete) else encode(write.document) for write in writes]
        return _answers(encoded, run_within(connection, self._path, writes, encoded, now))

    async def get(self, collection: str, id: str) -> Document | None:  # noqa: A002  # the port's name
        """See `Store.get`."""
        now = self._now()
        return await self._reader.run(lambda c: documents.get(c, collection, id, now))

    async def version(self, collection: str, id: str) -> int | None:  # noqa: A002  # the port's name
        """See `Store.version`."""
        now = self._now()
        return await self._reader.run(lambda c: documents.version(c, collection, id, now))

    async def query(
        self,
        collection: str,
        *,
        where: Mapping[str, str] | None = None,
        after: str | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> Page:
        """See `Store.query`."""
        now = self._now()
        check_limit(limit)
        start = None if after is None else decode_cursor(after)
        keys = dict(where or {})
        return await self._reader.run(
            lambda c: documents.query(
                c, collection, keys, after=start, limit=limit, newest_first=newest_first, now=now
            )
        )

    async def count(self, collection: str, *, where: Mapping[str, str] | None = None) -> int:
        """See `Store.count`."""
        now = self._now()
        keys = dict(where or {})
        return await self._reader.run(lambda c: documents.count(c, collection, keys, now))

    async def next_number(self, counter: str) -> int:
        """See `Store.next_number`."""
        self._now()
        return await self._writer.run(lambda c: documents.next_number(c, counter))

    async def purge(self) -> int:
        """See `Store.purge`."""
        now = self._now()
        total = 0
        while True:
            gone = await self._writer.run(lambda c: documents.purge(c, now, _PURGED_AT_ONCE))
            total += gone
            if gone < _PURGED_AT_ONCE:
                return total

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    async def transact(self, work: Callable[[sqlite3.Connection], T], *, one_statement: bool = False) -> T:
        """What `work` returns, done on the writing thread, in a transaction with whatever else is written.

        For tables of others in the same file. `work` neither begins nor ends a transaction; it may be called
        twice, the first time undone; and where it raises an `IntegrationError`, it must have changed nothing.

        Args:
            one_statement: `work` executes a single one, which is a transaction if nothing else is written with it.
        """
        self._now()
        return await self._writer.run(work, one_statement=one_statement)

    async def look(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work`, which changes nothing, returns, done on the writing thread: sees its connection's own state."""
        self._now()
        return await self._writer.run(work, looks=True)

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work`, which changes nothing, returns, done on the reading thread."""
        self._now()
        return await self._reader.run(work)

    async def close(self) -> None:
        """See `Store.close`."""
        self._closed = True
        await self._reader.close()
        await self._writer.close()

    def _now(self) -> int:
        if self._closed:
            raise StateError("the store is closed: open another one")
        return microseconds(self._clock.now())


def _answers(
    encoded: Sequence[Encoded | None], versions: Sequence[int | None]
) -> tuple[Document | None, ...]:
    return tuple(
        None if kept is None else decode(kept, version or 0)
        for kept, version in zip(encoded, versions, strict=True)
    )


def _stop(*workers: Worker) -> None:
    for worker in workers:
        worker.stop()


def _checked(path: str | Path, synchronous: str) -> Path:
    problems = []
    if str(path) in {"", ".", ":memory:"}:
        problems.append(
            Problem("path", "expected the name of a file", "for a store in memory, use `memory:`")
        )
    place = Path(path).expanduser().absolute()
    if not problems and not place.parent.is_dir():
        problems.append(Problem(str(place.parent), "is not a folder", "create it, or name another one"))
    if place.is_dir() and not problems:
        problems.append(Problem(str(place), "is a folder", "name a file"))
    if synchronous not in get_args(Synchronous):
        problems.append(Problem("synchronous", f"expected one of {', '.join(get_args(Synchronous))}"))
    if problems:
        raise ConfigurationError("SQLite store", problems)
    return place
