"""`PostgresStore` beside bare asyncpg, on one server, in a schema that is dropped again."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from integrations_sdk.store.base import Document, Insert, Replace
from integrations_sdk.store.postgres import PostgresStore

__all__ = ["DEFAULT_URL", "postgres"]

DEFAULT_URL = os.environ.get("INTEGRATIONS_SDK_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")
SCHEMA = f"benchmark_{os.getpid()}"
ADD = (
    f"INSERT INTO {SCHEMA}.documents (collection, id, version, data, keys)"
    " SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[]) RETURNING seq"
)
ADD_KEYS = f"INSERT INTO {SCHEMA}.document_keys SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])"
CHANGE = f"UPDATE {SCHEMA}.documents SET version = 2, data = $1 WHERE collection = $2 AND id = $3"
GET = f"SELECT data, keys, version FROM {SCHEMA}.documents WHERE collection = $1 AND id = $2"
PAGE = (
    f"SELECT d.data, d.keys FROM {SCHEMA}.document_keys k JOIN {SCHEMA}.documents d USING (seq)"
    " WHERE k.collection = $1 AND k.name = $2 AND k.value = $3 ORDER BY k.seq LIMIT 100"
)


class Direct:
    """The same rows in the same tables, on one connection that is kept, without versions, conflicts or retries."""

    def __init__(self, connection: Any) -> None:  # asyncpg has no types
        self.connection = connection

    async def write(self, documents: Sequence[Document]) -> None:
        """Insert the documents in one transaction."""
        columns = zip(
            *(
                (d.collection, d.id, 1, json.dumps(d.data), json.dumps(sorted(d.keys.items())))
                for d in documents
            ),
            strict=True,
        )
        async with self.connection.transaction():
            places = await self.connection.fetch(ADD, *map(list, columns))
            keys = [
                (document.collection, name, value, place[0])
                for place, document in zip(places, documents, strict=True)
                for name, value in document.keys.items()
            ]
            await self.connection.execute(ADD_KEYS, *map(list, zip(*keys, strict=True)))

    async def change(self, document: Document) -> None:
        """Replace its content."""
        async with self.connection.transaction():
            await self.connection.execute(CHANGE, json.dumps(document.data), document.collection, document.id)

    async def get(self, document: Document) -> object:
        """Its content."""
        found = await self.connection.fetchrow(GET, document.collection, document.id)
        return json.loads(found[0]), json.loads(found[1])

    async def page(self, collection: str, name: str, value: str) -> object:
        """The content of the first hundred documents with that key."""
        found = await self.connection.fetch(PAGE, collection, name, value)
        return [(json.loads(data), json.loads(keys)) for data, keys in found]


async def _each(work: Callable[[Any], Awaitable[object]], items: Sequence[Any]) -> float:
    """Seconds for one, each waited for."""
    start = time.perf_counter()
    for item in items:
        await work(item)
    return (time.perf_counter() - start) / len(items)


async def _waves(
    work: Callable[[Sequence[Document]], Awaitable[object]], items: Sequence[Document], size: int
) -> float:
    """Seconds for one, a wave of that size at a time."""
    return await _each(work, [items[at : at + size] for at in range(0, len(items), size)]) / size


async def _round(
    store: PostgresStore, direct: Direct, make: Callable[[int], list[Document]], writes: int, batch: int
) -> dict[str, float]:
    few = max(writes // 8, 1)
    many, more, ours, theirs = make(writes), make(writes), make(few), make(few)
    projects = [document.keys["project_id"] for document in many[:50]]
    collection = many[0].collection

    async def together(documents: Sequence[Document]) -> None:
        await asyncio.gather(*(store.write(Insert(document)) for document in documents))

    return {
        "PostgresStore, write among others": await _waves(together, many, batch),
        "asyncpg, write among others": await _waves(direct.write, more, batch),
        "PostgresStore, one write": await _each(lambda d: store.write(Insert(d)), ours),
        "asyncpg, one write": await _each(lambda d: direct.write([d]), theirs),
        "PostgresStore, one replacement": await _each(lambda d: store.write(Replace(d, 1)), ours),
        "asyncpg, one replacement": await _each(direct.change, theirs),
        "PostgresStore, one get": await _each(lambda d: store.get(d.collection, d.id), ours),
        "asyncpg, one get": await _each(direct.get, theirs),
        "PostgresStore, one page": await _each(
            lambda value: store.query(collection, where={"project_id": value}), projects
        ),
        "asyncpg, one page": await _each(
            lambda value: direct.page(collection, "project_id", value), projects
        ),
    }


async def _measure(
    url: str, make: Callable[[int], Document], writes: int, batch: int, rounds: int
) -> dict[str, float]:
    import asyncpg

    made = 0

    def several(count: int) -> list[Document]:
        nonlocal made
        made += count
        return [make(number) for number in range(made - count, made)]

    connection = await asyncpg.connect(url, timeout=2)
    store = PostgresStore(url, schema=SCHEMA)
    try:
        await store.count("nothing")
        found = [
            await _round(store, Direct(connection), several, writes // batch * batch or batch, batch)
            for _ in range(rounds)
        ]
    finally:
        await store.close()
        await connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        await connection.close()
    return {name: statistics.median(each[name] for each in found) for name in found[0]}


def postgres(
    url: str, make: Callable[[int], Document], *, writes: int, batch: int, rounds: int
) -> tuple[dict[str, float], dict[str, str]]:
    """The ratios and what they are made of; nothing, with the reason, where the server cannot be reached."""
    try:
        times = asyncio.run(_measure(url, make, writes, batch, rounds))
    except (ImportError, OSError, TimeoutError) as error:
        return {}, {"PostgreSQL": f"not measured ({type(error).__name__})"}
    ratios = {
        f"postgres_{name}_vs_direct": times[f"PostgresStore, {what}"] / times[f"asyncpg, {what}"]
        for name, what in (
            ("batched", "write among others"),
            ("one_by_one", "one write"),
            ("replace", "one replacement"),
            ("get", "one get"),
            ("query", "one page"),
        )
    }
    batched, alone = times["PostgresStore, write among others"], times["PostgresStore, one write"]
    ratios["postgres_batched_vs_one_by_one"] = batched / alone
    table = {name: f"{seconds * 1e6:,.0f} µs" for name, seconds in times.items()}
    return {name: round(ratio, 3) for name, ratio in ratios.items()}, table
