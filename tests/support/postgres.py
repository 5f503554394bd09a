"""A PostgreSQL server for the tests, where there is one: each session works in a schema of its own."""

from __future__ import annotations

import asyncio
import itertools
import os
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

import attrs
import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.store.postgres import PostgresStore

T = TypeVar("T")

URL = os.environ.get("INTEGRATIONS_SDK_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")
REQUIRED = os.environ.get("INTEGRATIONS_SDK_REQUIRE_SERVICES") == "1"


_NUMBERS = itertools.count(1)  # of schemas, for each folder of tests has a `Server` of its own


class Server:
    """The server behind the store's back: a connection in a loop of its own, used from anywhere."""

    def __init__(self, url: str, name: str) -> None:
        self.url = url
        self.name = name
        self._schemas: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._connection: Any = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run it in the server's loop, from another thread than that."""
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result(timeout=20)

    def sql(self, statement: str, *arguments: object) -> list[Any]:
        """What a statement answers."""
        return self.run(self._sql(statement, *arguments))

    async def _sql(self, statement: str, *arguments: object) -> list[Any]:
        import asyncpg

        if self._connection is None:
            self._connection = await asyncpg.connect(self.url, timeout=5)
        if arguments:
            return await self._connection.fetch(statement, *arguments)
        if statement.lstrip().upper().startswith(("SELECT", "EXPLAIN", "WITH", "SHOW")):
            return await self._connection.fetch(statement)
        await self._connection.execute(statement)
        return []

    def schema(self) -> str:
        """The name of a schema that is not there yet, and is dropped at the end."""
        name = f"{self.name}_{next(_NUMBERS)}"
        self._schemas.append(name)
        return name

    def terminate(self, schema: str) -> int:
        """End every connection that works in a schema's name, as a restart of the server would."""
        statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1"
        return len(self.sql(statement, schema))

    def close(self) -> None:
        for schema in self._schemas:
            self.sql(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
        if self._connection is not None:
            self.run(self._connection.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The server; skips, saying so, where there is none and none is required."""
    try:
        import asyncpg
    except ImportError:
        _missing("asyncpg is not installed (extra `postgres`)")
    name = f"test_{os.getpid()}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    found = Server(URL, name)
    try:
        found.sql("SELECT 1")
    except (OSError, asyncpg.PostgresError) as error:
        found.close()
        _missing(f"no PostgreSQL at INTEGRATIONS_SDK_POSTGRES ({type(error).__name__})")
    yield found
    found.close()


def _missing(reason: str) -> None:
    if REQUIRED:
        pytest.fail(f"PostgreSQL is required: {reason}")
    pytest.skip(reason)


@attrs.frozen
class Place:
    """A schema of its own, and the URL that leads there; its connections bear its name."""

    server: Server
    schema: str

    @property
    def url(self) -> str:
        mark = "&" if "?" in self.server.url else "?"
        return f"{self.server.url}{mark}schema={self.schema}&application_name={self.schema}"

    def sql(self, statement: str, *arguments: object) -> list[Any]:
        """Do something behind the store's back; `{}` is the schema."""
        return self.server.sql(statement.replace("{}", self.schema), *arguments)

    def use(self, scenario: Callable[[PostgresStore], Coroutine[Any, Any, T]], **options: Any) -> T:
        """Run a scenario on a store there, and close it."""

        async def main() -> T:
            store = PostgresStore(options.pop("url", self.url), **{"clock": FakeClock(), **options})
            try:
                return await scenario(store)
            finally:
                await store.close()

        return asyncio.run(main())


@pytest.fixture
def place(server: Server) -> Place:
    """A schema that nobody used before."""
    return Place(server, server.schema())
