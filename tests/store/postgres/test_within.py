"""`write_within()`: writes as a part of the host application's own transaction."""

from __future__ import annotations

import asyncio
import random

import pytest

from integrations_sdk.errors import AlreadyExistsError, ConfigurationError, ConflictError, StateError
from integrations_sdk.store.base import Delete, Document, Insert, Put, Replace

asyncpg = pytest.importorskip("asyncpg", reason="asyncpg is not installed (extra `postgres`)")
C = "things"


class OnPurposeError(Exception):
    """Why the host rolls back."""


def doc(id_: str, number: int = 0) -> Document:
    return Document(collection=C, id=id_, data={"n": number}, keys={"k": "v"})


def with_host(place, scenario, **options):
    """Run a scenario on a store and on a connection of the host, which is closed."""

    async def main(store):
        host = await asyncpg.connect(place.server.url, **options)
        try:
            return await scenario(store, host)
        finally:
            await host.close()

    return place.use(main)


def test_rollback_undoes_all_and_commit_keeps_all(place) -> None:
    """Over many trials, exactly what the host committed is there, its rows and ours alike."""

    async def scenario(store, host):
        await host.execute(f"CREATE TABLE IF NOT EXISTS {place.schema}_orders (id text)")
        try:
            kept = set()
            for number in range(200):
                try:
                    async with host.transaction():
                        await host.execute(f"INSERT INTO {place.schema}_orders VALUES ($1)", f"d{number}")
                        await store.write_within(host, Insert(doc(f"d{number}")), Put(doc("shared", number)))
                        if random.random() < 0.5:
                            raise OnPurposeError
                except OnPurposeError:
                    continue
                kept.add(f"d{number}")
            rows = await host.fetch(f"SELECT id FROM {place.schema}_orders")
        finally:
            await host.execute(f"DROP TABLE {place.schema}_orders")
        found = {found.id for found in (await store.query(C, limit=1000)).documents}
        assert found - {"shared"} == kept == {row[0] for row in rows}
        shared = await store.get(C, "shared")
        assert shared is not None and shared.version == len(kept)

    with_host(place, scenario)


def test_writes_are_those_of_the_port(place) -> None:
    """All kinds of writes, their answers and their decisions; an error leaves the transaction usable."""

    async def scenario(store, host):
        await store.write(Insert(doc("a")), Insert(doc("b")))
        async with host.transaction():
            answers = await store.write_within(host, Replace(doc("a", 1), 1), Delete(C, "b"), Put(doc("c")))
            assert [answer and answer.version for answer in answers] == [2, None, 1]
            assert await store.write_within(host) == ()
            for write, error in (
                (Insert(doc("a")), AlreadyExistsError),
                (Replace(doc("a"), 1), ConflictError),
            ):
                with pytest.raises(error):
                    await store.write_within(host, Put(doc("never")), write)
            await store.write_within(host, Replace(doc("a", 2), 2))
            assert (await store.get(C, "a")) == doc("a")  # nobody else sees it yet
        assert [(found.id, found.version) for found in (await store.query(C)).documents] == [
            ("a", 3),
            ("c", 1),
        ]

    with_host(place, scenario)


def test_a_transaction_must_be_open(place) -> None:
    """Without one, `ConfigurationError` says how to open one, and nothing is written."""

    async def scenario(store, host):
        with pytest.raises(
            ConfigurationError, match=r"an open transaction \(use `async with connection\.transaction"
        ):
            await store.write_within(host, Insert(doc("a")))
        assert await store.count(C) == 0

    with_host(place, scenario)


def test_another_database_is_named(place) -> None:
    """A connection to another database is `StateError`; its transaction is as it was."""

    async def scenario(store, host):
        async with host.transaction():
            with pytest.raises(StateError, match="the connection is to another database"):
                await store.write_within(host, Insert(doc("a")))
            assert await host.fetchval("SELECT 1") == 1

    if not place.sql("SELECT 1 FROM pg_database WHERE datname = 'postgres'"):
        pytest.skip("there is no other database")
    with_host(place, scenario, database="postgres")


def test_who_came_first_wins(place) -> None:
    """An id that another transaction commits meanwhile is found there, not stumbled over."""

    async def scenario(store, host):
        other = await asyncpg.connect(place.server.url)
        async with host.transaction():
            async with other.transaction():
                await store.write_within(other, Insert(doc("a")))
                begun = asyncio.ensure_future(store.write_within(host, Insert(doc("a"))))
                while not place.sql("SELECT 1 FROM pg_locks WHERE NOT granted"):
                    await asyncio.sleep(0.005)
            with pytest.raises(AlreadyExistsError):
                await begun
            assert (await store.write_within(host, Put(doc("a"))))[0].version == 2
        await other.close()

    with_host(place, scenario)


def test_a_serializable_transaction_hears_that_it_must_repeat(place) -> None:
    """Where the host's isolation forbids going on, `ConflictError` says to do the whole of it again."""

    async def scenario(store, host):
        await store.write(Insert(doc("a")))
        transaction = host.transaction(isolation="repeatable_read")
        await transaction.start()
        await host.fetchval("SELECT 1")
        await store.write(Put(doc("a", 1)))
        with pytest.raises(ConflictError, match="roll this one back, and do the whole of it again") as caught:
            await store.write_within(host, Put(doc("a", 2)))
        assert caught.value.__cause__ is not None
        await transaction.rollback()

    with_host(place, scenario)


def test_a_defect_is_not_dressed_up(place) -> None:
    """What is no fault of the database stays what it is."""

    class Odd:
        def is_in_transaction(self) -> bool:
            return True

        def transaction(self):
            raise ZeroDivisionError

    async def scenario(store):
        with pytest.raises(ZeroDivisionError):
            await store.write_within(Odd(), Insert(doc("a")))

    place.use(scenario)
