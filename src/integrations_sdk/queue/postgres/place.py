"""`Place`: the schema of a `PostgresStore` as the queue works in it, and the clock it goes by there."""
# only constants and the schema's checked name are joined into the SQL; values are parameters

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, TypeVar

from integrations_sdk.clock import Clock, SystemClock
from integrations_sdk.queue.postgres.schema import QUEUE
from integrations_sdk.queue.rows import moment
from integrations_sdk.store.encoding import microseconds
from integrations_sdk.store.postgres.address import Address
from integrations_sdk.store.postgres.connection import Connection
from integrations_sdk.store.postgres.database import Database, Done
from integrations_sdk.store.postgres.schema import bring_up_to_date

__all__ = ["SERVER_TIME", "Place", "Rows", "Sql"]

T = TypeVar("T")

Rows = Sequence[Sequence[Any]]  # what the columns hold

SERVER_TIME: Final = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
"""Microseconds since 1970."""

_KEPT_SECONDS: Final = 30
_LOOKS: Final = 3
_JUMP: Final = 1_000_000


class Sql:
    """Statements with the schema put in: `{}` stands for it, checked and quoted."""

    def __init__(self, address: Address) -> None:
        self.schema = f'"{address.schema}"'
        self._filled = cache(lambda text: text.replace("{}", self.schema))

    def __call__(self, text: str) -> str:
        """The statement."""
        filled: str = self._filled(text)
        return filled


class Place:
    """Reads and transactions on the tables of the queue, which it makes first if need be.

    Args:
        clock: what leases and due times are judged by. None or the machine's own: the clock of the database
            server, so that machines whose clocks differ agree on who holds what; it is asked every half
            minute, and counted on from there by a clock that does not jump.
    """

    def __init__(self, database: Database, clock: Clock | None) -> None:
        self.database = database
        self.sql = Sql(database.address)
        self.clock = clock or SystemClock()
        self.by_server = isinstance(self.clock, SystemClock)
        self._prepared = False
        self._ahead = 0  # the server's clock less our monotonic one
        self._wall = 0  # our wall clock less our monotonic one, when that was looked at
        self._until = -1.0

    async def read(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """See `Database.read`."""
        await self.prepare()
        return await self.database.read(work)

    async def transact(self, work: Callable[[Connection], Awaitable[Done[T]]]) -> T:
        """See `Database.transact`."""
        await self.prepare()
        return await self.database.transact(work)

    async def change(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """`transact()` for work that does not say the number of its transaction."""

        async def numbered(connection: Connection) -> Done[T]:
            result = await work(connection)
            rows = await connection.fetch("SELECT pg_current_xact_id_if_assigned()::text")
            return Done(result, rows[0][0])

        return await self.transact(numbered)

    async def prepare(self) -> None:
        """See that the tables are there."""
        if not self._prepared:
            await self.database.read(lambda c: bring_up_to_date(c, self.database.address, QUEUE))
            self._prepared = True

    async def prepare_within(self, connection: Connection) -> None:
        """The same on a connection of the host, without another one."""
        if not self._prepared:  # and nothing is remembered, for it may yet be rolled back
            await bring_up_to_date(connection, self.database.address)
            await bring_up_to_date(connection, self.database.address, QUEUE)

    async def now(self) -> int:
        """Microseconds since 1970."""
        if not self.by_server:
            return microseconds(self.clock.now())
        if self.clock.monotonic() > self._until or abs(self._jumped()) > _JUMP:
            await self._ask()
        return self._steady() + self._ahead

    def local(self, server: int) -> datetime:
        """A time of the server's clock by ours, for whoever will look at ours to wait for it."""
        return moment(server + self.shift)

    @property
    def shift(self) -> int:
        """What to add to a time of the server's clock to have it by ours."""
        return microseconds(self.clock.now()) - self._steady() - self._ahead if self.by_server else 0

    async def _ask(self) -> None:
        """Look at the server's clock: of several looks the quickest is the most exact."""
        await self.prepare()
        best = None
        for _ in range(_LOOKS):
            before = self._steady()
            rows = await self.database.read(lambda c: c.fetch(f"SELECT {SERVER_TIME}"))
            after = self._steady()
            if best is None or after - before < best:
                best = after - before
                self._ahead = int(rows[0][0]) - (before + after) // 2
        self._wall = microseconds(self.clock.now()) - self._steady()
        self._until = self.clock.monotonic() + _KEPT_SECONDS

    def _jumped(self) -> int:
        """How far our wall clock has moved against the one that does not jump: it was set, or the machine slept."""
        return microseconds(self.clock.now()) - self._steady() - self._wall

    def _steady(self) -> int:
        return int(self.clock.monotonic() * 1_000_000)
