"""`PostgresStore`: what a server adds to the contract: reopening, versions, rights, locks, broken connections."""

from __future__ import annotations

import asyncio
import gc
import itertools
import re
import socket
import sys
import threading
import traceback
from collections.abc import Awaitable
from datetime import timedelta
from types import SimpleNamespace
from typing import TypeVar

import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import (
    AlreadyExistsError,
    ConfigurationError,
    IntegrationError,
    MissingExtraError,
    StateError,
)
from integrations_sdk.store.base import Delete, Document, Insert, Put, Replace
from integrations_sdk.store.postgres import PostgresStore, connection
from integrations_sdk.store.postgres.schema import MIGRATIONS
from integrations_sdk.store.postgres.statements import Statements

T = TypeVar("T")
C = "things"


def doc(id_: str, number: int = 0, **keys: str) -> Document:
    return Document(collection=C, id=id_, data={"n": number}, keys=keys or {"k": "v"})


def write_one(store: PostgresStore) -> Awaitable[object]:
    return store.write(Insert(doc("a")))


def count(store: PostgresStore) -> Awaitable[int]:
    return store.count(C)


async def _await(what: Awaitable[T]) -> T:
    return await what


def test_everything_is_there_after_reopening(place) -> None:
    """Documents, versions, order, keys, counters and cursors outlive the store that wrote them."""

    async def fill(store):
        await store.write(*(Insert(doc(id_)) for id_ in "cab"))
        await store.write(Replace(doc("c", 1), 1))
        assert await store.next_number("n") == 1
        return (await store.query(C, limit=1)).cursor

    cursor = place.use(fill)

    async def look(store):
        assert [found.id for found in (await store.query(C, where={"k": "v"})).documents] == ["c", "a", "b"]
        assert [found.id for found in (await store.query(C, after=cursor)).documents] == ["a", "b"]
        assert (await store.get(C, "c")) == Document(
            collection=C, id="c", data={"n": 1}, keys={"k": "v"}, version=2
        )
        assert await store.next_number("n") == 2

    place.use(look)


def test_text_of_any_length_is_only_text(place) -> None:
    """Ids, keys and collections longer than an index entry, or with NUL, match themselves and nothing else."""
    long = "é" * 5_000
    texts = [long, long + "x", "\x00", "a\x00", "\x1a", "a\x1a" + "0" * 64]

    async def scenario(store):
        for text in texts:
            given = Document(collection=text, id=text, data={"t": text}, keys={text: text})
            await store.write(Insert(given))
        for text in texts:
            (found,) = (await store.query(text, where={text: text})).documents
            assert found == await store.get(text, text)
            assert (found.id, found.keys) == (text, {text: text})
            assert await store.count(text, where={text: text}) == 1
            assert await store.next_number(text) == 1
            await store.write(Delete(text, text))
            assert await store.count(text) == 0

    place.use(scenario)


# --- opening ---------------------------------------------------------------------------------------------


def test_stores_may_be_made_together(place) -> None:
    """Stores that open a schema which is not there all get to work, each as another one."""

    async def main():
        stores = [PostgresStore(place.url) for _ in range(6)]
        numbers = await asyncio.gather(*(store.next_number("n") for store in stores))
        for store in stores:
            await store.close()
        return numbers

    assert sorted(asyncio.run(main())) == [1, 2, 3, 4, 5, 6]


def test_a_schema_is_brought_up_to_date(place) -> None:
    """An empty schema gets tables, the schema of today is left alone."""
    place.sql("CREATE SCHEMA {}")
    assert place.use(count) == 0
    before = place.sql("SELECT oid FROM pg_class WHERE relnamespace = to_regnamespace('{}') ORDER BY oid")
    assert place.use(count) == 0
    assert before == place.sql(
        "SELECT oid FROM pg_class WHERE relnamespace = to_regnamespace('{}') ORDER BY oid"
    )
    assert place.sql("SELECT version FROM {}.schema_version")[0][0] == len(MIGRATIONS)


def test_a_half_migrated_schema_does_not_exist(place) -> None:
    """A migration that fails leaves the schema as it was, and says so each time."""
    place.use(write_one)
    place.sql("UPDATE {}.schema_version SET version = 0")  # so that tables are made which are there
    for _ in range(2):
        with pytest.raises(StateError, match="already exists"):
            place.use(count)
    place.sql(f"UPDATE {{}}.schema_version SET version = {len(MIGRATIONS)}")
    assert place.use(count) == 1


def test_a_newer_schema_is_refused(place) -> None:
    """Tables of a later release raise `StateError` that says to upgrade, and are not touched."""
    place.use(write_one)
    place.sql("UPDATE {}.schema_version SET version = 99")
    for operation in (write_one, count):
        with pytest.raises(StateError, match=r"newer integrations-sdk \(schema version 99.*upgrade"):
            place.use(operation)
    assert place.sql("SELECT count(*) FROM {}.documents")[0][0] == 1


def test_a_schema_made_newer_meanwhile_is_refused(place) -> None:
    """Whoever waited for another process to migrate looks again, and finds what that one left behind."""
    place.use(count)
    place.sql("UPDATE {}.schema_version SET version = 0")

    async def scenario(store):
        counting = asyncio.ensure_future(store.count(C))
        while not place.sql("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
            await asyncio.sleep(0.005)
        place.sql("UPDATE {}.schema_version SET version = 99")
        place.sql("SELECT pg_advisory_unlock($1, hashtext($2))", 0x494E5447, place.schema)
        with pytest.raises(StateError, match="newer"):
            await counting

    place.sql("SELECT pg_advisory_lock($1, hashtext($2))", 0x494E5447, place.schema)
    place.use(scenario)


def test_another_applications_schema_is_refused(place) -> None:
    """A schema with tables of somebody else is not written to."""
    place.sql("CREATE SCHEMA {}")
    place.sql("CREATE TABLE {}.documents (mine text)")
    with pytest.raises(StateError, match="tables of another application: name another schema"):
        place.use(write_one)
    assert [
        row[0] for row in place.sql("SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('{}')")
    ] == ["documents"]


def test_dropped_tables_are_named(place) -> None:
    """Tables that vanish while the store is open raise `StateError` that says so."""

    async def scenario(store):
        await write_one(store)
        place.sql("DROP SCHEMA {} CASCADE")
        for operation in (count, lambda store: store.write(Insert(doc("b")))):
            with pytest.raises(StateError, match=r"lacks (a table|the schema): it was dropped"):
                await operation(store)

    place.use(scenario)


def test_rights_are_enough_without_superuser(place) -> None:
    """A user with the documented rights does everything; with fewer, `StateError` says what to grant."""
    if not place.sql("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")[0][0]:
        pytest.skip("making users needs a superuser")
    place.sql("CREATE ROLE {}")
    url = f"{place.url}&options=-c%20role%3D{place.schema}"
    try:
        with pytest.raises(StateError, match="may not be used like this by this user: grant it"):
            place.use(count, url=url)
        place.use(count)
        for grant in re.findall(r"GRANT .*?;", _guide(), re.DOTALL):
            place.sql(grant.replace("integrations_sdk", place.schema).replace("my_application", place.schema))

        async def scenario(store):
            await store.write(Insert(doc("a")), Put(doc("b")))
            await store.write(Replace(doc("a", 1), 1), Delete(C, "b"))
            assert await store.next_number("n") == 1
            assert await store.count(C, where={"k": "v"}) == 1
            assert await store.purge() == 0

        place.use(scenario, url=url)
    finally:
        place.sql("DROP OWNED BY {}")
        place.sql("DROP ROLE {}")


def _guide() -> str:
    from pathlib import Path

    return (Path(__file__).parents[3] / "docs" / "guides" / "stores.md").read_text(encoding="utf-8")


# --- what cannot be reached --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (("/test", "/no_such_database"), ConfigurationError, "does not exist: create the database"),
        (("schema=", "sslmode=require&schema="), (ConfigurationError, StateError), "SSL"),
        (("schema=", "no_such_setting=1&schema="), StateError, "unrecognized configuration parameter"),
    ],
)
def test_a_wrong_address_is_named(place, change, kind, words) -> None:
    """What is wrong with the URL is said, with the remedy and without its secrets, reading and writing."""
    url = place.url.replace(*change).replace("postgres@", "postgres:hunter2@")
    for operation in (write_one, count):
        with pytest.raises(kind, match=words) as caught:
            place.use(operation, url=url)
        _assert_clean(caught.value)


@pytest.mark.parametrize("operation", [write_one, count], ids=["write", "count"])
def test_nobody_at_home_is_named(place, operation) -> None:
    """Where nothing listens, `StateError` names the address, and no password is anywhere in it."""
    url = "postgresql://user:hunter2@127.0.0.1:1/db?sslpassword=hunter2"
    with pytest.raises(StateError, match=r"127\.0\.0\.1:1/db cannot be reached .*see that it runs") as caught:
        place.use(operation, url=url)
    _assert_clean(caught.value)


def _assert_clean(error: BaseException) -> None:
    """No password in any text of the error, its causes or their values."""
    lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
    assert "hunter2" not in "".join(line for line in lines if "tests/store" not in line)


def test_the_url_shows_nowhere(place, caplog) -> None:
    """Neither the store, nor what is logged while it works, shows the password."""
    url = place.url.replace("postgres@", "postgres:hunter2@")

    async def scenario(store):
        asyncio.get_running_loop().set_debug(True)
        await write_one(store)
        seen = [repr(store), str(store), repr(vars(store)), repr(vars(store.database))]
        return "".join([*seen, *(repr(vars(session)) for session in store.database._sessions.values())])

    with caplog.at_level("DEBUG"):
        assert "hunter2" not in place.use(scenario, url=url)
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize(
    ("options", "path"), [({"connections": 0}, "connections"), ({"timeout": timedelta(0)}, "timeout")]
)
def test_limits_are_checked(options, path) -> None:
    """No connections, or no time, is `ConfigurationError` when the store is made."""
    with pytest.raises(ConfigurationError, match=path):
        PostgresStore("postgresql://h/db", **options)


def test_the_driver_may_be_missing(monkeypatch) -> None:
    """Without asyncpg, `MissingExtraError` says what to install."""
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(MissingExtraError, match=r"integrations-sdk\[postgres\]"):
        PostgresStore("postgresql://h/db")


def test_sockets_are_kept_alive_and_cut() -> None:
    """A silent peer is noticed by the system; what is cut is closed for the other end, its number still taken."""
    server = socket.create_server(("127.0.0.1", 0))
    over_network = socket.create_connection(server.getsockname())
    accepted, _ = server.accept()
    pair = socket.socketpair()
    for ours, other in ((over_network, accepted), pair):
        holder = SimpleNamespace(_transport=SimpleNamespace(get_extra_info=lambda _, ours=ours: ours))
        connection._keep_alive(holder)
        kept = ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert bool(kept) == (ours.family == socket.AF_INET)
        number = ours.fileno()
        connection.cut(holder)
        assert (other.recv(1), ours.fileno()) == (b"", number)
        ours.close()
        connection.cut(holder)
        other.close()
    server.close()
    connection.cut(SimpleNamespace())
    connection._keep_alive(SimpleNamespace(_transport=None))


@pytest.mark.parametrize(
    ("version", "encoding", "words"),
    [(12, "UTF8", "PostgreSQL 12 is too old: 13 or later"), (15, "LATIN1", "encoding LATIN1: create one")],
)
def test_an_unfit_server_is_refused(version, encoding, words) -> None:
    """A server that lacks what is needed, or a database that cannot hold all text, is `StateError`."""
    server = SimpleNamespace(
        get_server_version=lambda: SimpleNamespace(major=version),
        get_settings=lambda: SimpleNamespace(server_encoding=encoding),
    )
    with pytest.raises(StateError, match=words):
        asyncio.run(connection.prepare(server, connection.Limits()))


# --- locks and neighbours ----------------------------------------------------------------------------------


def test_a_locked_document_is_named_and_disturbs_no_other(place) -> None:
    """While another transaction holds a document, writes to it end in `StateError`, all others go on."""

    async def scenario(store):
        await store.write(Insert(doc("a")), Insert(doc("b")))
        place.sql("BEGIN")
        place.sql("UPDATE {}.documents SET version = version WHERE id = 'a'")
        try:
            answers = await asyncio.gather(
                store.write(Put(doc("a", 1))),
                *(store.write(Put(doc(id_, 1))) for id_ in "bcd"),
                return_exceptions=True,
            )
        finally:
            place.sql("ROLLBACK")
        assert isinstance(answers[0], StateError)
        assert "locked by another transaction" in str(answers[0])
        assert [answer[0].version for answer in answers[1:]] == [2, 1, 1]
        ((stored,),) = await asyncio.gather(store.write(Put(doc("a", 2))))
        assert stored.version == 2

    place.use(scenario, timeout=timedelta(seconds=0.2))


def test_two_stores_lock_in_one_order(place) -> None:
    """Transactions over the same documents in any order, in two stores at once, all succeed."""

    async def main():
        stores = [PostgresStore(place.url, connections=4) for _ in range(2)]
        orders = list(itertools.permutations("abcd"))
        writes = [store.write(*(Put(doc(id_)) for id_ in order)) for order in orders for store in stores]
        await asyncio.gather(*writes)
        found = (await stores[0].query(C)).documents
        for store in stores:
            await store.close()
        return {document.id: document.version for document in found}

    assert asyncio.run(main()) == dict.fromkeys("abcd", 48)


def test_one_of_many_insertions_in_many_stores_wins(place) -> None:
    """Of two stores that insert the same ids at once, for each id one wins, and nobody is disturbed."""

    async def main():
        stores = [PostgresStore(place.url, connections=4) for _ in range(2)]
        await asyncio.gather(*(store.count(C) for store in stores))
        won = 0
        for number in range(30):
            answers = await asyncio.gather(
                *(store.write(Insert(doc(f"d{number}")), Put(doc("shared"))) for store in stores),
                return_exceptions=True,
            )
            assert {type(answer) for answer in answers} == {tuple, AlreadyExistsError}
            won += 1
        total = await stores[0].count(C)
        for store in stores:
            await store.close()
        return won, total

    assert asyncio.run(main()) == (30, 31)


def test_one_conflict_disturbs_no_neighbour(place) -> None:
    """Transactions that share a commit fail apart: the others are stored."""

    async def scenario(store):
        await store.write(Insert(doc("a")))
        writes = [store.write(Insert(doc(f"n{n}")), Replace(doc("a", n), 1)) for n in range(20)]
        answers = await asyncio.gather(*writes, return_exceptions=True)
        won = [n for n, answer in enumerate(answers) if not isinstance(answer, IntegrationError)]
        assert len(won) == 1
        assert [found.id for found in (await store.query(C)).documents] == ["a", f"n{won[0]}"]

    place.use(scenario)


def test_concurrent_writes_share_transactions(place) -> None:
    """Hundreds of writes at a time are a handful of transactions."""

    async def scenario(store):
        await write_one(store)
        before = place.sql("SELECT pg_current_xact_id()::text::bigint")[0][0]
        await asyncio.gather(*(store.write(Put(doc(f"d{n}"))) for n in range(400)))
        return place.sql("SELECT pg_current_xact_id()::text::bigint")[0][0] - before

    assert place.use(scenario) <= 100


def test_large_documents_do_not_share_too_much(place) -> None:
    """What would make a transaction of more than 32 MiB is split, and stored whole."""

    async def scenario(store):
        content = "x" * (14 * 1024 * 1024)
        large = [Document(collection=C, id=str(n), data={"x": content}) for n in range(4)]
        await asyncio.gather(*(store.write(Insert(document)) for document in large))
        assert await store.get(C, "3") == large[3]

    place.use(scenario)


def test_connections_are_bounded(place) -> None:
    """However many calls at a time, no more connections than allowed; who waits too long is told."""

    async def scenario(store):
        await asyncio.gather(*(store.count(C) for _ in range(50)))
        statement = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1"
        assert place.sql(statement, place.schema)[0][0] <= 2
        session = await store.database.session()
        held = asyncio.Event()

        async def hold(_):
            await held.wait()

        holding = [asyncio.ensure_future(session.lend(hold)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(StateError, match=r"all 2 connections .* are busy: retry, or raise `connections`"):
            await store.count(C)
        held.set()
        await asyncio.gather(*holding)
        assert await store.count(C) == 0

    place.use(scenario, connections=2, timeout=timedelta(seconds=0.1))


# --- pages -------------------------------------------------------------------------------------------------


def test_what_was_there_is_seen_once_though_others_commit_late(place) -> None:
    """A walk sees what was there when it began; what is committed late, at an earlier place, the next walk sees."""
    import asyncpg

    async def scenario(store):
        await store.write(Insert(doc("a")), Insert(doc("b")))
        host = await asyncpg.connect(place.server.url)
        transaction = host.transaction()
        await transaction.start()
        await store.write_within(host, Insert(doc("late")))
        await store.write(Insert(doc("c")), Insert(doc("d")))
        page = await store.query(C, limit=3)
        await transaction.commit()
        await host.close()
        rest = await store.query(C, after=page.cursor)
        assert [found.id for found in (*page.documents, *rest.documents)] == ["a", "b", "c", "d"]
        assert [found.id for found in (await store.query(C)).documents] == ["a", "b", "late", "c", "d"]

    place.use(scenario)


@pytest.fixture(scope="module")
def filled(server) -> str:
    """A schema with enough in it that reading all would be the wrong plan."""
    schema = server.schema()

    async def main():
        store = PostgresStore(server.url, schema=schema)
        for start in range(0, 6_000, 1_000):
            await store.write(
                *(
                    Insert(doc(f"d{n}", common="c", half=str(n % 2), rare=str(n // 10)))
                    for n in range(start, start + 1_000)
                )
            )
        await store.close()

    asyncio.run(main())
    server.sql(f"ANALYZE {schema}.documents, {schema}.document_keys")
    return schema


@pytest.mark.parametrize(
    "name",
    [
        f"{kind} {keys} {first}"
        for kind in ("select", "count")
        for keys in (0, 1, 3)
        for first in (False, True)
    ]
    + ["get", "version", "expired", "take"],
)
def test_queries_use_indexes(server, filled, name) -> None:
    """No query sorts documents or reads a whole table, and each looks at few rows more than it answers."""
    statements = Statements(filled)
    kind, *rest = name.split()
    now, edge = FakeClock().now(), 3_000
    keys = {"0": (), "1": ("half", "1"), "3": (["common", "half", "rare"], ["c", "1", "400"])}
    arguments: tuple[object, ...] = {
        "get": (C, now, "d7"),
        "version": (C, now, "d7"),
        "expired": (now, 100),
    }.get(kind, ([C] * 3, ["d1", "d2", "d3"], 2))
    statement = getattr(statements, kind)
    if rest:
        page = () if kind == "count" else (edge, 50)
        arguments = (C, now, *keys[rest[0]], *page)
        statement = (
            statements.count(int(rest[0]))
            if kind == "count"
            else statements.select(int(rest[0]), newest_first=rest[1] == "True")
        )

    async def explain():
        store = PostgresStore(server.url, schema=filled)
        rows = await store.database.read(
            lambda c: c.fetch(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {statement}", *arguments)
        )
        await store.close()
        return [row[0] for row in rows]

    plan = asyncio.run(explain())
    text = "\n".join(plan)
    assert "Seq Scan" not in text, text
    assert "Bitmap" not in text or kind == "count", text
    assert not re.search(r"Sort Key: (k|d)\.seq", text), text
    if kind == "select":
        assert all(
            int(found) <= 60 or "rarest" in text for found in re.findall(r"actual rows=(\d+)", text)
        ), text


def test_the_rarest_key_leads(place) -> None:
    """With several keys, only documents with the rarest are looked at."""

    async def scenario(store):
        await store.write(*(Insert(doc(f"d{n}", common="c", rare=str(n // 2))) for n in range(900)))
        where = {"common": "c", "rare": "400"}
        statement = Statements(place.schema).select(2, newest_first=False)
        arguments = (C, store._clock.now(), list(where), list(where.values()), 0, 10)
        rows = await store.database.read(
            lambda c: c.fetch(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {statement}", *arguments)
        )
        assert [found.id for found in (await store.query(C, where=where)).documents] == ["d800", "d801"]
        (walk,) = (row[0] for row in rows if re.search(r"Index (Only )?Scan .* on document_keys k ", row[0]))
        assert "rows=2 " in walk

    place.use(scenario)


# --- loops, and connections that break -----------------------------------------------------------------------


def test_one_store_serves_many_loops(place) -> None:
    """Loops one after another, and several threads' loops at once, share a store."""
    store = PostgresStore(place.url)

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
    assert _left(place) == 0


def _left(place) -> int:
    """How many connections of the store are still there, once those that are ending have ended."""
    statement = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1"
    for _ in range(200):
        if not (found := place.sql(statement, place.schema)[0][0]):
            break
        threading.Event().wait(0.01)
    return found


def test_the_loops_end_closes_its_connections(place) -> None:
    """A store that nobody closes lets go of its connections when its loop is shut down."""
    store = PostgresStore(place.url)
    asyncio.run(_await(write_one(store)))
    assert _left(place) == 0
    assert asyncio.run(_await(store.count(C))) == 1


def test_a_loop_may_end_amid_writes(place) -> None:
    """A loop that ends while writes are under way undoes or completes each, and complains of nothing."""
    store = PostgresStore(place.url)
    for steps in range(12):

        async def begin(number: int, steps: int = steps) -> None:
            for each in range(3):
                asyncio.ensure_future(  # noqa: RUF006  # the loop ends amid it
                    store.write(Insert(doc(f"a{number}{each}")), Insert(doc(f"b{number}{each}")))
                )
            for _ in range(steps * 2):
                await asyncio.sleep(0.0005)

        asyncio.run(begin(steps))
    assert _left(place) == 0
    found = asyncio.run(_await(store.query(C))).documents
    assert {item.id[1:] for item in found if item.id[0] == "a"} == {
        item.id[1:] for item in found if item.id[0] == "b"
    }


def test_a_defect_reaches_its_caller(place, monkeypatch) -> None:
    """An error that is nobody's to expect is raised where it matters, and the store goes on."""

    async def scenario(store):
        await write_one(store)
        with monkeypatch.context() as patch:
            patch.setattr(store._statements, "change", lambda _: 1 / 0)
            given_up = asyncio.ensure_future(store.write(Insert(doc("b"))))
            waiting = asyncio.ensure_future(store.write(Insert(doc("c"))))
            await asyncio.sleep(0)
            given_up.cancel()
            with pytest.raises(ZeroDivisionError):
                await waiting
        assert await store.count(C) == 1

    place.use(scenario)


def test_a_loop_that_was_not_shut_down_is_survived(place) -> None:
    """A loop closed without ceremony loses its connections when the next loop comes."""
    store = PostgresStore(place.url)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(_await(write_one(store)))
    loop.close()
    assert asyncio.run(_await(store.count(C))) == 1
    assert _left(place) == 0
    asyncio.run(store.close())


def test_closing_reaches_other_loops(place) -> None:
    """Closing in one loop closes the connections of every other, running or not."""
    store = PostgresStore(place.url)
    running, idle = asyncio.new_event_loop(), asyncio.new_event_loop()
    thread = threading.Thread(target=running.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(_await(write_one(store)), running).result()
    idle.run_until_complete(_await(store.count(C)))
    asyncio.run(store.close())
    assert _left(place) == 0
    running.call_soon_threadsafe(running.stop)
    thread.join()
    for loop in (running, idle):
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def test_a_forgotten_store_lets_go(place) -> None:
    """A store that is collected without being closed closes its connections while its loop goes on."""

    async def main():
        store = PostgresStore(place.url)
        await write_one(store)
        del store
        gc.collect()
        for _ in range(200):
            await asyncio.sleep(0.01)
            if not place.sql("SELECT 1 FROM pg_stat_activity WHERE application_name = $1", place.schema):
                return True
        return False

    assert asyncio.run(main())


def test_the_server_may_end_connections(place) -> None:
    """After every connection was ended from the server's side, reads and writes go on by themselves."""

    async def scenario(store):
        for number in range(5):
            await asyncio.gather(*(store.count(C) for _ in range(4)))
            assert place.server.terminate(place.schema) >= 1
            assert await store.count(C) == 2 * number
            assert place.server.terminate(place.schema) >= 1
            await store.write(Insert(doc(f"a{number}")))
            place.server.terminate(place.schema)
            answers = await asyncio.gather(store.next_number("n"), store.write(Insert(doc(f"b{number}"))))
            assert answers[0] == number + 1

    place.use(scenario)
