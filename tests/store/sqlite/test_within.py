"""`SQLiteStore.write_within()`: writes as a part of the host application's own transaction."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from integrations_sdk.errors import AlreadyExistsError, ConfigurationError, ConflictError, StateError
from integrations_sdk.store.base import Delete, Document, Insert, Put, Replace
from integrations_sdk.store.sqlite import SQLiteStore

C = "things"


def doc(id_: str, number: int = 0) -> Document:
    return Document(collection=C, id=id_, data={"n": number}, keys={"k": "v"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[SQLiteStore]:
    """A store in use."""
    made = SQLiteStore(path)
    asyncio.run(_count(made))
    yield made
    asyncio.run(made.close())


async def _count(store: SQLiteStore) -> int:
    return await store.count(C)


def found(store: SQLiteStore) -> dict[str, int]:
    """The ids that anybody can see, with their versions."""

    async def main() -> dict[str, int]:
        page = await store.query(C, where={"k": "v"}, limit=1000)
        return {document.id: document.version for document in page.documents}

    return asyncio.run(main())


def test_rollback_undoes_all_and_commit_keeps_all(path: Path, store: SQLiteStore) -> None:
    """Over many trials, exactly what the host committed is there, its rows and ours alike."""
    kept = []
    with closing(sqlite3.connect(path)) as host:
        host.execute("CREATE TABLE orders (id TEXT)")
        for number in range(300):
            host.execute("INSERT INTO orders VALUES (?)", (f"d{number}",))
            store.write_within(host, Insert(doc(f"d{number}")), Put(doc("shared", number)))
            if random.random() < 0.5:
                host.rollback()
            else:
                host.commit()
                kept.append(f"d{number}")
        rows = [row[0] for row in host.execute("SELECT id FROM orders")]
    assert rows == kept
    assert found(store) == {**dict.fromkeys(kept, 1), "shared": len(kept)}


def test_writes_are_those_of_the_port(path: Path, store: SQLiteStore) -> None:
    """All kinds of writes, answers and decisions, whatever rows the host likes; an error leaves the transaction usable."""
    with closing(sqlite3.connect(path, isolation_level=None)) as host:
        host.row_factory = lambda cursor, row: {"odd": row}
        host.execute("BEGIN IMMEDIATE")
        store.write_within(host, Insert(doc("a")), Insert(doc("b")))
        answers = store.write_within(host, Replace(doc("a", 1), 1), Delete(C, "b"), Put(doc("c")))
        assert [answer and answer.version for answer in answers] == [2, None, 1]
        assert store.write_within(host) == ()
        for write, error in ((Insert(doc("a")), AlreadyExistsError), (Replace(doc("a"), 1), ConflictError)):
            with pytest.raises(error):
                store.write_within(host, Put(doc("never")), write)
        assert found(store) == {}
        host.execute("COMMIT")
    assert found(store) == {"a": 2, "c": 1}


def test_a_transaction_begins_as_sqlite3_would(path: Path, store: SQLiteStore) -> None:
    """Where `sqlite3` begins by itself, the write does so as well, and the commit is the host's."""
    with closing(sqlite3.connect(path)) as host:
        store.write_within(host, Insert(doc("a")))
        assert host.in_transaction
        assert found(store) == {}
        host.commit()
    assert found(store) == {"a": 1}


def test_a_transaction_must_be_open(path: Path, store: SQLiteStore) -> None:
    """Where `sqlite3` begins none, `ConfigurationError` says how to begin one."""
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as host,
        pytest.raises(ConfigurationError, match="execute BEGIN IMMEDIATE first"),
    ):
        store.write_within(host, Insert(doc("a")))
    assert found(store) == {}


def test_another_database_is_named(tmp_path: Path, path: Path, store: SQLiteStore) -> None:
    """A connection to another file, to memory, or to a file that is no store yet, is `StateError`."""
    for other in (":memory:", tmp_path / "other.db"):
        with (
            closing(sqlite3.connect(other)) as host,
            pytest.raises(StateError, match="another database than"),
        ):
            store.write_within(host, Insert(doc("a")))
    unused = SQLiteStore(tmp_path / "unused.db")
    with closing(sqlite3.connect(path)) as host, pytest.raises(StateError, match="another database than"):
        unused.write_within(host, Insert(doc("a")))
    with closing(sqlite3.connect(tmp_path / "unused.db")) as host:
        with pytest.raises(StateError, match="is not in use yet: read from it once"):
            unused.write_within(host, Insert(doc("a")))
        host.rollback()
    asyncio.run(unused.close())


def test_faults_are_those_of_the_store(path: Path, store: SQLiteStore) -> None:
    """A file that another process is writing is `StateError`, with what to do; a closed store answers nothing."""
    with closing(sqlite3.connect(path, timeout=0)) as host, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateError, match="is locked by another process") as caught:
            store.write_within(host, Insert(doc("a")))
        assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
        asyncio.run(store.close())
        with pytest.raises(StateError, match="closed"):
            store.write_within(host, Insert(doc("a")))
