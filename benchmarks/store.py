"""What the stores cost, as ratios of things measured side by side in one run.

    python benchmarks/store.py [--quick] [--json] [--writes 2000] [--integrations 10000] [--postgres [URL]]

Times are medians of interleaved rounds.

- `batched_vs_one_by_one`: how much a write costs among others, beside one that is waited for (below 1).
- `sqlite_vs_direct`: concurrent writes to `SQLiteStore` beside bare `sqlite3` calls of the same SQL and the
  same batches, in one thread, without versions, conflicts or an event loop.
- `one_by_one_vs_direct`: the same, each write waited for.
- `get_vs_direct`, `query_vs_direct`: one read at a time beside the bare `SELECT`.
- `memory_vs_sqlite`: concurrent writes to `MemoryStore` beside those to `SQLiteStore`.
- `memory_vs_dicts`: memory of that many integrations in `MemoryStore` beside a dict of plain dicts.
- `query_10000_vs_100`: a page by key among all integrations beside one among a hundredth of them.
- with `--postgres`, where a server is reached: `postgres_batched_vs_direct` and so on, `PostgresStore` beside
  bare `asyncpg` on one connection, likewise; `postgres_batched_vs_one_by_one` as for SQLite.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sqlite3
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from measuring.postgres import DEFAULT_URL, postgres
from measuring.rounds import options, report

from integrations_sdk.store.base import Document, Insert, Store
from integrations_sdk.store.memory import MemoryStore
from integrations_sdk.store.sqlite import SQLiteStore
from integrations_sdk.store.sqlite.schema import connect

ROUNDS = 5
BATCH = 64
COLLECTION = "integrations"


def integration(number: int) -> Document:
    """A document as the manager stores one for a Slack integration."""
    return Document(
        collection=COLLECTION,
        id=f"default:slack-{number}",
        data={
            "integration_id": f"slack-{number}",
            "integration_type": "slack",
            "name": f"Slack {number}",
            "tenant_id": "default",
            "project_id": f"group/project-{number % 500}",
            "config": {
                "webhook_url": "••••",
                "channel": f"#team-{number % 50}",
                "username": "GitLab",
                "events": ["push", "merge_request", "pipeline"],
                "notify_only_broken_pipelines": True,
            },
            "state": "active",
            "version": 1,
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
        },
        keys={"tenant_id": "default", "project_id": f"group/project-{number % 500}", "type": "slack"},
    )


class Direct:
    """The same rows in the same tables, written with bare `sqlite3`."""

    def __init__(self, path: Path) -> None:
        self.connection = connect(path, synchronous="NORMAL", busy_timeout=timedelta(seconds=5))

    def write(self, documents: list[Document]) -> None:
        """Insert the documents in one transaction."""
        execute, executemany = self.connection.execute, self.connection.executemany
        execute("BEGIN IMMEDIATE")
        for document in documents:
            values = (COLLECTION, document.id, 1, json.dumps(document.data), json.dumps(document.keys))
            seq = execute(
                "INSERT INTO integrations_documents (collection, id, version, data, keys) VALUES (?, ?, ?, ?, ?)",
                values,
            ).lastrowid
            rows = [(COLLECTION, name, value, seq) for name, value in document.keys.items()]
            executemany("INSERT INTO integrations_document_keys VALUES (?, ?, ?, ?)", rows)
        execute("COMMIT")

    def get(self, id_: str) -> object:
        """The content of one document."""
        found = self.connection.execute(
            "SELECT data, keys FROM integrations_documents WHERE collection = ? AND id = ?", (COLLECTION, id_)
        ).fetchone()
        return json.loads(found[0]), json.loads(found[1])

    def query(self, name: str, value: str) -> object:
        """The content of the first hundred documents with that key."""
        found = self.connection.execute(
            "SELECT d.data, d.keys FROM integrations_document_keys k JOIN integrations_documents d USING (seq)"
            " WHERE k.collection = ? AND k.name = ? AND k.value = ? ORDER BY k.seq LIMIT 100",
            (COLLECTION, name, value),
        ).fetchall()
        return [(json.loads(data), json.loads(keys)) for data, keys in found]


async def timed(work: Callable[[], Awaitable[object]], times: int) -> float:
    """Seconds for one of `times` pieces of work."""
    start = time.perf_counter()
    await work()
    return (time.perf_counter() - start) / times


async def write_batches(store: Store, documents: list[Document]) -> None:
    """Write concurrently, `BATCH` callers at a time."""
    for start in range(0, len(documents), BATCH):
        await asyncio.gather(
            *(store.write(Insert(document)) for document in documents[start : start + BATCH])
        )


async def write_singly(store: Store, documents: list[Document]) -> None:
    """Wait for each write."""
    for document in documents:
        await store.write(Insert(document))


async def direct_batches(direct: Direct, documents: list[Document], batch: int) -> None:
    """The same with bare calls."""
    for start in range(0, len(documents), batch):
        direct.write(documents[start : start + batch])


async def read_all(store: Store, documents: list[Document]) -> None:
    """Get each document, one at a time."""
    for document in documents:
        await store.get(COLLECTION, document.id)


async def direct_read_all(direct: Direct, documents: list[Document]) -> None:
    """The same with bare calls."""
    for document in documents:
        direct.get(document.id)


async def query_all(store: Store, projects: int) -> None:
    """A page of each project."""
    for number in range(projects):
        await store.query(COLLECTION, where={"project_id": f"group/project-{number}"})


async def direct_query_all(direct: Direct, projects: int) -> None:
    """The same with bare calls."""
    for number in range(projects):
        direct.query("project_id", f"group/project-{number}")


async def speed_round(folder: Path, writes: int) -> dict[str, float]:
    """Seconds per operation, everything once, in new files."""
    many = [integration(number) for number in range(writes)]
    few = [integration(number) for number in range(writes, writes + max(writes // 8, 1))]
    projects = min(writes, 100)
    sqlite, memory, direct = SQLiteStore(folder / "store.db"), MemoryStore(), Direct(folder / "direct.db")
    await sqlite.write(Insert(integration(-1)))  # opens the file
    await sqlite.get(COLLECTION, "")
    seconds = {
        "SQLiteStore, write among others": await timed(lambda: write_batches(sqlite, many), len(many)),
        "sqlite3, write among others": await timed(lambda: direct_batches(direct, many, BATCH), len(many)),
        "MemoryStore, write among others": await timed(lambda: write_batches(memory, many), len(many)),
        "SQLiteStore, one write": await timed(lambda: write_singly(sqlite, few), len(few)),
        "sqlite3, one write": await timed(lambda: direct_batches(direct, few, 1), len(few)),
        "SQLiteStore, one get": await timed(lambda: read_all(sqlite, few), len(few)),
        "sqlite3, one get": await timed(lambda: direct_read_all(direct, few), len(few)),
        "SQLiteStore, one page": await timed(lambda: query_all(sqlite, projects), projects),
        "sqlite3, one page": await timed(lambda: direct_query_all(direct, projects), projects),
    }
    direct.connection.close()
    await sqlite.close()
    await memory.close()
    return seconds


def speed(writes: int) -> dict[str, float]:
    """Medians of the rounds."""
    rounds = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            rounds.append(asyncio.run(speed_round(Path(folder), writes)))
    return {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}


def bytes_of(build: Callable[[], object]) -> int:
    """Bytes that stay allocated while the result is kept."""
    gc.collect()
    tracemalloc.start()
    kept = build()
    gc.collect()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del kept
    return size


def in_store(integrations: int) -> MemoryStore:
    """A store with that many integrations."""
    store = MemoryStore()

    async def fill() -> None:
        for number in range(integrations):
            await store.write(Insert(integration(number)))

    asyncio.run(fill())
    return store


def in_dicts(integrations: int) -> object:
    """The same content as plain dicts, each made anew as by a JSON parser."""
    documents = (integration(number) for number in range(integrations))
    return {d.id: (json.loads(json.dumps(d.data)), dict(d.keys), d.version) for d in documents}


def page_seconds(integrations: int) -> float:
    """Seconds for a page by two keys in a `MemoryStore` of that size."""
    store = in_store(integrations)
    where = {"tenant_id": "default", "project_id": "group/project-7"}

    async def ask() -> None:
        for _ in range(50):
            await store.query(COLLECTION, where=where, limit=1)

    return min(asyncio.run(timed(ask, 50)) for _ in range(ROUNDS))


def measure(writes: int, integrations: int) -> tuple[dict[str, float], dict[str, str]]:
    """The ratios, and what they are made of, for people."""
    times = speed(writes)
    store_bytes, dict_bytes = (
        bytes_of(lambda: in_store(integrations)),
        bytes_of(lambda: in_dicts(integrations)),
    )
    large, small = page_seconds(integrations), page_seconds(max(integrations // 100, 8))
    ratios = {
        "batched_vs_one_by_one": times["SQLiteStore, write among others"] / times["SQLiteStore, one write"],
        "sqlite_vs_direct": times["SQLiteStore, write among others"] / times["sqlite3, write among others"],
        "one_by_one_vs_direct": times["SQLiteStore, one write"] / times["sqlite3, one write"],
        "get_vs_direct": times["SQLiteStore, one get"] / times["sqlite3, one get"],
        "query_vs_direct": times["SQLiteStore, one page"] / times["sqlite3, one page"],
        "memory_vs_sqlite": times["MemoryStore, write among others"]
        / times["SQLiteStore, write among others"],
        "memory_vs_dicts": store_bytes / dict_bytes,
        "query_10000_vs_100": large / small,
    }
    table = {name: f"{seconds * 1e6:,.0f} µs" for name, seconds in times.items()}
    table["MemoryStore, one integration"] = f"{store_bytes / integrations:,.0f} bytes"
    table["plain dicts, one integration"] = f"{dict_bytes / integrations:,.0f} bytes"
    return {name: round(ratio, 3) for name, ratio in ratios.items()}, table


def main() -> None:
    """Measure and print."""
    parser = options("What the stores cost.")
    parser.add_argument("--writes", type=int, help="documents written in each round (2000)")
    parser.add_argument("--integrations", type=int, help="integrations held in memory (10000)")
    parser.add_argument(
        "--postgres", nargs="?", const=DEFAULT_URL, metavar="URL", help=f"also this server ({DEFAULT_URL})"
    )
    arguments = parser.parse_args()
    writes = arguments.writes or (100 if arguments.quick else 2_000)
    ratios, table = measure(writes, arguments.integrations or (500 if arguments.quick else 10_000))
    if arguments.postgres:
        more = postgres(arguments.postgres, integration, writes=writes, batch=BATCH, rounds=ROUNDS)
        ratios, table = ratios | more[0], table | more[1]
    title = f"Stores, SQLite {sqlite3.sqlite_version}, batches of {BATCH}; {ROUNDS} rounds"
    report(title, table, ratios, as_json=arguments.json)


if __name__ == "__main__":
    main()
