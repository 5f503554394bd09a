"""`PostgresStore` on a network that loses things at the worst moment."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from integrations_sdk.errors import StateError
from integrations_sdk.store.base import Document, Insert, Put
from integrations_sdk.store.postgres import PostgresStore
from support.proxy import Proxy

C = "things"


def doc(id_: str) -> Document:
    return Document(collection=C, id=id_, data={"n": 1}, keys={"k": "v"})


def by_way_of_a_proxy(place, scenario, **options):
    """Run a scenario on a store behind a proxy; both are closed."""

    async def main():
        async with Proxy(place.url) as proxy:
            store = PostgresStore(proxy.url, **options)
            await store.write(Insert(doc("first")))
            try:
                return await scenario(store, proxy)
            finally:
                await store.close()

    return asyncio.run(main())


@pytest.mark.parametrize("fault", ["lose the request", "lose the answer"])
def test_a_broken_commit_is_looked_up(place, fault) -> None:
    """Whether the commit arrived or not, the write is done once, and so is its neighbour in the batch."""

    async def scenario(store, proxy):
        for number in range(5):
            proxy.lose(b"COMMIT\x00", fault)
            answers = await asyncio.gather(store.write(Insert(doc(f"a{number}"))), store.next_number("n"))
            assert not proxy.armed
            assert answers[0][0].version == 1
            assert answers[1] == number + 1
        assert await store.count(C) == 6

    by_way_of_a_proxy(place, scenario)


def test_a_commit_that_cannot_be_looked_up_is_told(place) -> None:
    """When the server stays away after a broken commit, `StateError` says that the outcome is not known."""

    async def scenario(store, proxy):
        proxy.lose(b"COMMIT\x00", "lose the answer")
        proxy.refusing = True
        with pytest.raises(StateError, match="whether the change is stored is not known; read it") as caught:
            await store.write(Insert(doc("a")))
        assert caught.value.__cause__ is not None
        proxy.refusing = False
        assert await store.get(C, "a") is not None

    by_way_of_a_proxy(place, scenario)


@pytest.mark.parametrize("mark", [b"BEGIN", b"FOR UPDATE", b"WITH added"])
def test_a_transaction_that_breaks_is_done_again(place, mark) -> None:
    """Lost before the commit, a transaction is done on another connection, once."""

    async def scenario(store, proxy):
        store.database._sessions.clear()  # so that every statement is prepared, by its text, on a new connection
        proxy.lose(mark, "lose the answer")
        await asyncio.gather(*(store.write(Insert(doc(f"a{number}"))) for number in range(3)))
        assert not proxy.armed
        assert [found.id for found in (await store.query(C)).documents] == ["first", "a0", "a1", "a2"]

    by_way_of_a_proxy(place, scenario)


def test_a_read_that_breaks_is_repeated(place) -> None:
    """A read is asked a second time; if that breaks as well, `StateError` says so."""

    async def scenario(store, proxy):
        assert await store.count(C) == 1
        proxy.cut()
        assert await store.count(C) == 1
        proxy.refusing = True
        proxy.cut()
        with pytest.raises(StateError, match=r"cannot be reached|broke the connection"):
            await store.count(C)
        proxy.refusing = False
        assert await store.count(C) == 1

    by_way_of_a_proxy(place, scenario)


def test_silence_ends_in_time(place) -> None:
    """A server that stops answering is `StateError` after the timeout, and the store goes on afterwards."""

    async def scenario(store, proxy):
        proxy.lose(b"version", "hang")
        with pytest.raises(StateError, match="did not answer in time"):
            await store.version(C, "first")
        assert await store.get(C, "first") == doc("first")

    by_way_of_a_proxy(place, scenario, timeout=timedelta(seconds=0.2))


def test_what_never_ends_is_given_up(place) -> None:
    """A transaction that breaks each time is tried a bounded number of times, then `StateError`."""

    async def scenario(store, proxy):
        async def always() -> None:
            while True:
                proxy.lose(b"BEGIN", "lose the request")
                await asyncio.sleep(0)

        breaking = asyncio.ensure_future(always())
        with pytest.raises(StateError, match="broke the connection: retry"):
            await store.write(Put(doc("a")))
        breaking.cancel()
        proxy.lose(b"", "hang")
        assert await store.count(C) == 1

    by_way_of_a_proxy(place, scenario)
