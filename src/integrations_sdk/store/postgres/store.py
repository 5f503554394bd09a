"""`PostgresStore`: a `Store` in a PostgreSQL database, for any number of processes on any number of machines."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Final

from integrations_sdk.clock import Clock, SystemClock
from integrations_sdk.errors import IntegrationError
from integrations_sdk.models import Secret
from integrations_sdk.store.base import Document, Page, Write
from integrations_sdk.store.encoding import check_limit, decode_cursor, microseconds
from integrations_sdk.store.postgres import documents
from integrations_sdk.store.postgres.address import parse_address
from integrations_sdk.store.postgres.changes import Transaction
from integrations_sdk.store.postgres.connection import Connection, Limits, driver
from integrations_sdk.store.postgres.database import Database
from integrations_sdk.store.postgres.documents import Answer, Order
from integrations_sdk.store.postgres.listening import Subscription, channel_name, check_payload
from integrations_sdk.store.postgres.session import Session
from integrations_sdk.store.postgres.statements import Statements
from integrations_sdk.store.postgres.within import check_host, run_within
from integrations_sdk.store.postgres.writer import Writer

__all__ = ["PostgresStore"]

_PURGED_AT_ONCE: Final = 500
"""Expired documents removed in one go, so that a large purge never holds many locks for long."""


class PostgresStore:
    """A `Store` in one schema of a database.

    The schema is made and brought up to date with the first call. Concurrent writes share transactions.
    Usable from any event loop, and after a fork; each loop has connections of its own, which are closed
    with the store or the loop. A page shows what was committed when it was asked for: a document that was
    there when paging began, and stays, is seen exactly once; one that another transaction commits
    meanwhile may be missed by that walk, and is found by the next.

    Args:
        url: `postgresql://user:password@host:5432/database?sslmode=verify-full`, as libpq takes it; what
            it leaves out comes from `PGHOST`, `PGUSER`, `PGPASSWORD`, …
        schema: where the tables are; None is that of `?schema=` in the URL, else `integrations_sdk`.
        clock: decides what has expired.
        connections: at most so many for one event loop, 1 to 1,000; a subscription has one besides.
        timeout: for each statement, for waiting for a lock, and for connecting.

    Raises:
        ConfigurationError: an argument cannot be right; the URL is not quoted.
        MissingExtraError: the extra `postgres` is not installed.
    """

    def __init__(
        self,
        url: str | Secret,
        *,
        schema: str | None = None,
        clock: Clock | None = None,
        connections: int = 10,
        timeout: timedelta = timedelta(seconds=30),
    ) -> None:
        address = parse_address(url, schema)
        limits = Limits(connections=connections, timeout=timeout)
        driver()
        self._clock = clock or SystemClock()
        self._statements = Statements(address.schema)
        self._writers: weakref.WeakKeyDictionary[Session, Writer] = weakref.WeakKeyDictionary()
        self.database = Database(address, limits)

    def __repr__(self) -> str:
        address = self.database.address
        return f"PostgresStore({address.shown!r}, schema={address.schema!r})"

    async def write(self, *writes: Write) -> tuple[Document | None, ...]:
        """See `Store.write`. Once it returns, the writes survive what the server survives."""
        return await self.write_and_notify(*writes)

    async def write_and_notify(
        self, *writes: Write, channel: str | None = None, payload: str = ""
    ) -> tuple[Document | None, ...]:
        """`write()`, and with its commit a notice to whoever subscribed to `channel`; see `notify()`."""
        transaction = Transaction(writes, self._now())
        notices = () if channel is None else (self._notice(channel, payload),)
        if not writes and not notices:
            return ()
        writer = await self._writer()
        return transaction.answers(await writer.run(Order(transaction, notices=notices)))

    async def write_within(
        self, connection: Connection, *writes: Write, channel: str | None = None, payload: str = ""
    ) -> tuple[Document | None, ...]:
        """`write()` inside a transaction of the host application, which it neither begins nor ends.

        When it is rolled back nothing was written, and nobody notified. An error leaves the transaction
        usable. Until it ends, others who write the same documents wait.

        Args:
            connection: an `asyncpg.Connection` of the running loop, to the database of this store, with a
                transaction open.
            channel: whom to notify once it is committed; see `notify()`.

        Raises:
            ConfigurationError: no transaction is open; besides as for `write()`.
            StateError: the connection is to another database.
            ConflictError: also when another transaction was faster in a way that only doing the whole
                transaction again can answer.
        """
        transaction = Transaction(writes, self._now())
        notices = () if channel is None else (self._notice(channel, payload),)
        order = Order(transaction, notices=notices)
        check_host(connection, "write")
        await self.database.ensure_tables()
        answer = await run_within(connection, self.database.address, lambda c: self._apply_one(c, order))
        if isinstance(answer, IntegrationError):
            raise answer
        return transaction.answers(answer)

    async def notify(self, channel: str, payload: str = "") -> None:
        """Wake whoever subscribed to `channel`, in every process; equal notices at a time arrive as one.

        Args:
            channel: any name; stores in other schemas have channels of their own.
            payload: at most 7,999 bytes.
        """
        await self.write_and_notify(channel=channel, payload=payload)

    def subscribe(self, channel: str) -> Subscription:
        """What is sent to `channel` from now on, as an asynchronous iterator; see `Subscription`."""
        self._now()
        return Subscription(self.database, channel)

    async def get(self, collection: str, id: str) -> Document | None:  # noqa: A002  # the port's name
        """See `Store.get`."""
        now = self._now()
        return await self.database.read(lambda c: documents.get(c, self._statements, collection, id, now))

    async def version(self, collection: str, id: str) -> int | None:  # noqa: A002  # the port's name
        """See `Store.version`."""
        now = self._now()
        return await self.database.read(lambda c: documents.version(c, self._statements, collection, id, now))

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
        return await self.database.read(
            lambda c: documents.query(
                c,
                self._statements,
                collection,
                keys,
                after=start,
                limit=limit,
                newest_first=newest_first,
                now=now,
            )
        )

    async def count(self, collection: str, *, where: Mapping[str, str] | None = None) -> int:
        """See `Store.count`."""
        now = self._now()
        keys = dict(where or {})
        return await self.database.read(lambda c: documents.count(c, self._statements, collection, keys, now))

    async def next_number(self, counter: str) -> int:
        """See `Store.next_number`."""
        writer = await self._writer()
        (number,) = await writer.run(Order(Transaction((), self._now()), counter=counter))
        return number or 0

    async def purge(self) -> int:
        """See `Store.purge`. Several processes may do it at once."""
        now = self._now()
        work = partial(documents.purge, statements=self._statements, now=now, limit=_PURGED_AT_ONCE)
        total = 0
        while True:
            gone = await self.database.transact(work)
            total += gone
            if gone < _PURGED_AT_ONCE:
                return total

    async def close(self) -> None:
        """See `Store.close`."""
        await self.database.close()

    async def _apply_one(self, connection: Connection, order: Order) -> Answer:
        return (await documents.apply(connection, self._statements, [order])).result[0]

    async def _writer(self) -> Writer:
        session = await self.database.session()
        writer = self._writers.get(session)
        if writer is None:
            writer = self._writers[session] = Writer(self.database, session, self._statements)
        return writer

    def _notice(self, channel: str, payload: str) -> tuple[str, str]:
        return channel_name(self.database.address, channel), check_payload(payload)

    def _now(self) -> int:
        self.database.check_open()
        return microseconds(self._clock.now())
