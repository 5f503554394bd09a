"""Connections of host applications: those of asyncpg as they are, those of psycopg 3 through a wrapper.

A blocking connection is never waited for in a loop, so what is done over it can be driven in its own thread.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from integrations_sdk.errors import ConfigurationError
from integrations_sdk.store.postgres.connection import Connection

__all__ = ["Blocking", "host_of"]

_IDLE: Final = 0  # libpq's PQTRANS_IDLE
_OPEN: Final = 2  # PQTRANS_INTRANS


class Blocking:
    """A `psycopg.Connection`, as far as it is used here; its coroutines never suspend."""

    def __init__(self, connection: Any) -> None:  # psycopg is the host's own, and none of our dependencies
        self._connection = connection

    async def execute(self, query: str, *args: object) -> str:
        """Run a statement for its effect."""
        return str(self._run(query, args).statusmessage)

    async def fetch(self, query: str, *args: object) -> Sequence[Sequence[Any]]:
        """Run a statement for its rows."""
        rows: Sequence[Sequence[Any]] = self._run(query, args).fetchall()
        return rows

    def is_in_transaction(self) -> bool:
        """Whether a transaction is open, or opens with the next statement."""
        status = int(self._connection.info.transaction_status)
        if status == _IDLE and not self._connection.autocommit:
            self._run("SELECT 1", ())
            status = int(self._connection.info.transaction_status)
        return status == _OPEN

    def is_closed(self) -> bool:
        """Whether it can be used no more."""
        return bool(self._connection.closed)

    def terminate(self) -> None:
        """It is the host's to close."""

    def transaction(self) -> AbstractAsyncContextManager[object]:
        """A savepoint in the transaction that is open."""
        return self._savepoint()

    @asynccontextmanager
    async def _savepoint(self) -> AsyncIterator[None]:
        with self._connection.transaction():
            yield

    def _run(self, query: str, args: Sequence[object]) -> Any:
        from psycopg import RawCursor
        from psycopg.rows import tuple_row

        cursor = RawCursor(self._connection, row_factory=tuple_row)
        return cursor.execute(query.encode(), args or None)


def host_of(connection: Any) -> Connection:  # whatever the host has
    """The connection as it is used here.

    Raises:
        ConfigurationError: it is of no kind that is known.
    """
    kind = type(connection)
    if kind.__module__.startswith("asyncpg") and hasattr(connection, "is_in_transaction"):
        known: Connection = connection
        return known
    if any(base.__module__.startswith("psycopg") and base.__name__ == "Connection" for base in kind.__mro__):
        return Blocking(connection)
    expected = "expected an asyncpg.Connection, or a psycopg.Connection (psycopg 3, the blocking one)"
    raise ConfigurationError.of("enqueue", "connection", expected)
