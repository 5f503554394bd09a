"""`SQLiteStore` keeps the contract, and what a file adds to it: reopening, modes, versions, damage, locks."""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import sqlite3
import stat
import threading
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from integrations_sdk.clock import Clock, FakeClock
from integrations_sdk.errors import ConfigurationError, ConflictError, IntegrationError, StateError
from integrations_sdk.store.base import Document, Insert, Replace, Store
from integrations_sdk.store.sqlite import SQLiteStore, documents, statements
from integrations_sdk.store.sqlite.schema import MIGRATIONS, _switch_to_wal
from integrations_sdk.testing.store_contract import StoreContract

T = TypeVar("T")
C = "things"


class TestSQLiteStore(StoreContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.files = (tmp_path / f"{number}.db" for number in itertools.count())

    def open(self, clock: Clock) -> Store:
        return SQLiteStore(next(self.files), clock=clock)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def doc(id_: str, number: int = 0) -> Document:
    return Document(collection=C, id=id_, data={"n": number}, keys={"k": "v"})


def use(path: Path, scenario: Callable[[SQLiteStore], Awaitable[T]], *, busy: float = 5) -> T:
    """Run a scenario on the file, and close it."""

    async def main() -> T:
        store = SQLiteStore(path, clock=FakeClock(), busy_timeout=timedelta(seconds=busy))
        try:
            return await scenario(store)
        finally:
            await store.close()

    return asyncio.run(main())


def write_one(store: SQLiteStore) -> Awaitable[object]:
    return store.write(Insert(doc("a")))


def count(store: SQLiteStore) -> Awaitable[int]:
    return store.count(C)


def sql(path: Path, *statements: str) -> list[tuple[object, ...]]:
    """Do something to the file behind the store's back; the last statement's rows."""
    connection = sqlite3.connect(path)
    try:
        rows: list[tuple[object, ...]] = []
        for statement in statements:
            rows = connection.execute(statement).fetchall()
        connection.commit()
        return rows
    finally:
        connection.close()


def test_everything_is_there_after_reopening(path: Path) -> None:
    """Documents, versions, order, keys, counters and cursors outlive the store that wrote them."""

    async def fill(store: SQLiteStore) -> str | None:
        await store.write(*(Insert(doc(id_)) for id_ in "cab"))
        await store.write(Replace(doc("c", 1), 1))
        assert await store.next_number("n") == 1
        return (await store.query(C, limit=1)).cursor

    cursor = use(path, fill)

    async def look(store: SQLiteStore) -> None:
        assert [found.id for found in (await store.query(C, where={"k": "v"})).documents] == ["c", "a", "b"]
        assert [found.id for found in (await store.query(C, after=cursor)).documents] == ["a", "b"]
        assert (await store.get(C, "c")) == Document(
            collection=C, id="c", data={"n": 1}, keys={"k": "v"}, version=2
        )
        assert await store.next_number("n") == 2

    use(path, look)


def test_only_the_owner_may_read_the_file(path: Path) -> None:
    """The file and what SQLite keeps beside it have mode 0600, whatever the umask."""

    async def look(store: SQLiteStore) -> dict[str, int]:
        await write_one(store)
        return {file.suffix: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}

    old = os.umask(0)
    try:
        assert use(path, look) == {".db": 0o600, ".db-wal": 0o600, ".db-shm": 0o600}
    finally:
        os.umask(old)


def test_an_existing_files_mode_is_left_alone(path: Path) -> None:
    """Whoever opened the file to a group on purpose keeps it so."""
    use(path, write_one)
    path.chmod(0o640)
    use(path, count)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_an_empty_file_is_brought_up_to_date(path: Path) -> None:
    """An empty database, at version 0, gets the tables and the version of today."""
    path.touch()
    assert use(path, count) == 0
    assert sql(path, "SELECT version FROM integrations_schema WHERE part = 'store'") == [(len(MIGRATIONS),)]
    assert sql(path, "PRAGMA journal_mode") == [("wal",)]


def test_a_half_migrated_file_does_not_exist(path: Path) -> None:
    """A migration that fails leaves the file as it was, and says so each time."""
    use(path, write_one)
    sql(path, "UPDATE integrations_schema SET version = 0")  # so that tables are made which are there
    for _ in range(2):
        with pytest.raises(StateError, match="already exists"):
            use(path, count)
    sql(path, f"UPDATE integrations_schema SET version = {len(MIGRATIONS)}")
    assert use(path, count) == 1


def test_a_newer_file_is_refused(path: Path) -> None:
    """A file of a later release raises `StateError` that says to upgrade, and is not touched."""
    use(path, write_one)
    sql(path, "UPDATE integrations_schema SET version = 99")
    before = path.read_bytes()
    for operation in (write_one, count):
        with pytest.raises(StateError, match=r"newer integrations-sdk \(schema 99.*upgrade"):
            use(path, operation)
    assert path.read_bytes() == before


def test_a_file_is_shared_with_its_application(path: Path) -> None:
    """Tables, version and application id of somebody else stay as they are; ours stand beside them."""
    sql(path, "CREATE TABLE documents (mine)")
    sql(path, "INSERT INTO documents VALUES (7)")
    sql(path, "PRAGMA user_version=42")
    sql(path, "PRAGMA application_id=7")
    use(path, write_one)
    assert use(path, count) == 1
    assert sql(path, "SELECT mine FROM documents") == [(7,)]
    assert sql(path, "PRAGMA user_version") == [(42,)]
    assert sql(path, "PRAGMA application_id") == [(7,)]
    theirs = sql(path, "SELECT name FROM sqlite_master WHERE name NOT LIKE 'integrations_%'")
    assert set(theirs) <= {
        ("documents",),
        ("sqlite_sequence",),
        ("sqlite_autoindex_integrations_schema_1",),
    }


def test_what_is_no_database_is_refused(path: Path) -> None:
    """A file with something else in it raises `StateError` and keeps its content."""
    path.write_text("Dear diary, " * 500)
    for operation in (write_one, count):
        with pytest.raises(StateError, match=r"store\.db is not a SQLite database"):
            use(path, operation)
    assert path.read_text().startswith("Dear diary")


def test_a_damaged_file_is_named(path: Path) -> None:
    """Pages overwritten with garbage raise `StateError` that says to restore the file."""

    async def fill(store: SQLiteStore) -> None:
        await store.write(*(Insert(doc(f"d{number}")) for number in range(500)))

    use(path, fill)
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    for operation in (write_one, count):
        with pytest.raises(StateError, match="is damaged: move it away and restore it"):
            use(path, operation)


def test_a_locked_file_is_named_and_recovers(path: Path) -> None:
    """While another process writes for too long, writes raise `StateError`, reads go on; later all is well."""
    use(path, write_one)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def scenario(store: SQLiteStore) -> None:
        assert await store.count(C) == 1
        errors = await asyncio.gather(
            *(store.write(Insert(doc(id_))) for id_ in "bc"), return_exceptions=True
        )
        assert {type(error) for error in errors} == {StateError}
        assert "is locked by another process" in str(errors[0])
        assert isinstance(errors[0], StateError)
        assert isinstance(errors[0].__cause__, sqlite3.OperationalError)
        other.execute("ROLLBACK")
        await store.write(Insert(doc("d")))
        assert [found.id for found in (await store.query(C)).documents] == ["a", "d"]

    try:
        use(path, scenario, busy=0.02)
    finally:
        other.close()


def test_a_lock_of_the_whole_file_is_named(path: Path) -> None:
    """A process that holds the file alone makes opening raise `StateError`, after the time allowed."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("CREATE TABLE t (x)")
    other.execute("DROP TABLE t")
    other.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(StateError, match="is locked"):
            use(path, count, busy=0.02)
    finally:
        other.close()


@pytest.mark.parametrize("name", ["missing/store.db", "file/store.db", "folder", "", ".", ":memory:"])
def test_a_path_that_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    """No folder, a folder, no name: `ConfigurationError` when the store is made."""
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    where = name if name in {"", ".", ":memory:"} else tmp_path / name
    with pytest.raises(ConfigurationError, match="SQLite store: 1 problem"):
        SQLiteStore(where)


def test_synchronous_is_checked(path: Path) -> None:
    """Only the two ways that keep a file whole are accepted; `FULL` writes as well."""
    with pytest.raises(ConfigurationError, match="one of NORMAL, FULL"):
        SQLiteStore(path, synchronous="OFF")  # what a person may write

    async def main() -> int:
        store = SQLiteStore(path, synchronous="FULL")
        await write_one(store)
        try:
            return await store.count(C)
        finally:
            await store.close()

    assert asyncio.run(main()) == 1


def test_a_folder_that_vanished_is_named(tmp_path: Path) -> None:
    """What goes wrong only when opening is a `ConfigurationError` too, and nothing hangs."""
    folder = tmp_path / "folder"
    folder.mkdir()
    store = SQLiteStore(folder / "store.db")
    folder.rmdir()
    for operation in (write_one, count):
        with pytest.raises(ConfigurationError, match="cannot be opened"):
            asyncio.run(_await(operation(store)))
    folder.mkdir()
    assert asyncio.run(_await(store.count(C))) == 0
    asyncio.run(store.close())


def test_a_folder_in_the_files_place_is_named(path: Path) -> None:
    """A folder that appeared where the file should be is a `ConfigurationError`."""
    store = SQLiteStore(path)
    path.mkdir()
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        asyncio.run(_await(count(store)))
    asyncio.run(store.close())


def test_opening_waits_for_whoever_reads(path: Path) -> None:
    """Switching a file to WAL waits while another process is reading it, and gives up in time."""
    use(path, write_one)
    sql(path, "PRAGMA journal_mode=DELETE")
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM integrations_documents").fetchall()

    async def scenario(store: SQLiteStore) -> int:
        counting = asyncio.ensure_future(store.count(C))
        await asyncio.sleep(0.03)
        assert not counting.done()
        other.execute("COMMIT")
        return await counting

    try:
        with pytest.raises(StateError, match="is locked"):
            use(path, count, busy=0.02)
        assert use(path, scenario) == 1
    finally:
        other.close()


class Refusing:
    """Stands for a connection that SQLite refuses at once, as when two switch to WAL together."""

    def __init__(self, times: int, code: int) -> None:
        self.times = times
        self.code = code

    def execute(self, _: str) -> None:
        self.times -= 1
        if self.times >= 0:
            error = sqlite3.OperationalError("refused")
            error.sqlite_errorcode = self.code
            raise error


@pytest.mark.parametrize(
    ("times", "code", "seconds", "left"),
    [
        (2, sqlite3.SQLITE_BUSY, 5, -1),
        (2, sqlite3.SQLITE_BUSY_RECOVERY, 5, -1),
        (2, sqlite3.SQLITE_BUSY, 0, None),
        (1, sqlite3.SQLITE_IOERR, 5, None),
    ],
)
def test_a_refusal_is_not_the_end(times: int, code: int, seconds: float, left: int | None) -> None:
    """Switching to WAL is tried again while there is time, if it was refused for being busy."""
    connection = Refusing(times, code)
    if left is None:
        with pytest.raises(sqlite3.OperationalError):
            _switch_to_wal(connection, seconds)
    else:
        _switch_to_wal(connection, seconds)
        assert connection.times == left


def test_sqlite_may_be_too_old(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a SQLite that lacks what is needed, `StateError` says which one is."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(StateError, match=r"too old: install a Python with 3\.35"):
        use(path, count)


def test_one_store_serves_many_loops(path: Path) -> None:
    """Loops one after another, and several threads' loops at once, share a store."""
    store = SQLiteStore(path)

    async def fill(name: str) -> None:
        await asyncio.gather(*(store.write(Insert(doc(f"{name}-{number}"))) for number in range(25)))

    asyncio.run(fill("first"))
    threads = [threading.Thread(target=asyncio.run, args=[fill(f"thread-{number}")]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asyncio.run(_await(store.count(C))) == 125
    asyncio.run(store.close())


def test_a_forgotten_store_lets_go(path: Path) -> None:
    """A store that is collected without being closed ends its threads and closes its file."""
    before = set(threading.enumerate())
    store = SQLiteStore(path)
    asyncio.run(_await(write_one(store)))
    assert asyncio.run(_await(store.count(C))) == 1
    assert len(set(threading.enumerate()) - before) == 2
    del store
    gc.collect()
    assert not set(threading.enumerate()) - before
    assert {file.name for file in path.parent.iterdir()} == {"store.db"}


def test_queries_use_indexes(path: Path) -> None:
    """No query sorts, and none looks at documents that do not match."""
    use(path, write_one)
    connection = sqlite3.connect(path)
    try:
        for keys, newest_first in itertools.product((0, 1, 3), (False, True)):
            _assert_indexed(connection, statements.select(keys, newest_first=newest_first))
            _assert_indexed(connection, statements.count(keys))
        for statement in (statements.EXPIRED, statements.GET, statements.FIND):
            _assert_indexed(connection, statement)
    finally:
        connection.close()


def test_the_rarest_key_leads(path: Path) -> None:
    """With several keys, the one that fewest documents have is looked up first."""

    async def fill(store: SQLiteStore) -> None:
        for number in range(8):
            keys = {"common": "c", "half": str(number % 2), "rare": str(number)}
            await store.write(Insert(Document(collection=C, id=str(number), data={}, keys=keys)))

    use(path, fill)
    connection = sqlite3.connect(path)
    try:
        pairs = documents._rarest_first(connection, C, {"common": "c", "half": "1", "rare": "7"})
    finally:
        connection.close()
    assert pairs == [("rare", "7"), ("half", "1"), ("common", "c")]


def _assert_indexed(connection: sqlite3.Connection, statement: str) -> None:
    values = [0] * statement.count("?")
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert plan
    assert not [step for step in plan if step.startswith("SCAN") or "B-TREE" in step], plan


def test_one_conflict_disturbs_no_neighbour(path: Path) -> None:
    """Transactions that share a commit fail apart: the others are stored."""

    async def scenario(store: SQLiteStore) -> None:
        await store.write(Insert(doc("a")))
        writes = [
            store.write(Insert(doc(f"n{number}")), Replace(doc("a", number), 1)) for number in range(20)
        ]
        answers = await asyncio.gather(*writes, return_exceptions=True)
        won = [number for number, answer in enumerate(answers) if not isinstance(answer, IntegrationError)]
        assert len(won) == 1
        assert sum(isinstance(answer, ConflictError) for answer in answers) == 19
        assert [found.id for found in (await store.query(C)).documents] == ["a", f"n{won[0]}"]

    use(path, scenario)


async def _await(what: Awaitable[T]) -> T:
    return await what


def test_others_may_keep_tables_in_the_file(tmp_path):
    """`transact()` commits with what else is written, undoes what fails, and lets go of the lock; `read()` sees it."""

    async def main():
        store = SQLiteStore(tmp_path / "s.db")

        def insert(connection):
            connection.execute("CREATE TABLE IF NOT EXISTS mine (x INTEGER UNIQUE)")
            cursor = connection.cursor()
            cursor.execute("INSERT INTO mine VALUES (1)")

        assert store.path == tmp_path / "s.db"
        await store.transact(insert)
        failed = await asyncio.gather(
            store.transact(insert), return_exceptions=True
        )  # its error is kept alive
        await store.write(Insert(Document(collection="c", id="a", data={})))
        assert await store.read(lambda c: c.execute("SELECT count(*) FROM mine").fetchone()) == (1,)
        assert isinstance(failed[0], StateError)
        await store.close()
        for use in (store.transact, store.read):
            with pytest.raises(StateError):
                await use(insert)

    asyncio.run(main())
