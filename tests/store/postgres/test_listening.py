"""`notify()` and `subscribe()`: wake-ups between connections, processes and schemas."""

from __future__ import annotations

import asyncio

import pytest

from integrations_sdk.errors import AlreadyExistsError, ConfigurationError, StateError
from integrations_sdk.store.base import Document, Insert
from integrations_sdk.store.postgres import PostgresStore, listening
from integrations_sdk.store.postgres.address import parse_address
from support.proxy import Proxy

C = "things"


def doc(id_: str) -> Document:
    return Document(collection=C, id=id_, data={})


async def begun(store, channel="work"):
    """A subscription that listens already."""
    wakes = store.subscribe(channel)
    assert await anext(wakes) == ""
    return wakes


def test_a_notice_reaches_every_subscriber(place) -> None:
    """Of this store and of another, each payload as it was sent, in order; other channels hear nothing."""

    async def scenario(store):
        other = PostgresStore(place.url)
        subscribers = [await begun(store), await begun(other), await begun(other)]
        deaf = await begun(store, "other")
        for payload in ("one", "zwei: 🦄", ""):
            await store.notify("work", payload)
        await store.notify("other", "at last")
        for wakes in subscribers:
            assert [await anext(wakes) for _ in range(3)] == ["one", "zwei: 🦄", ""]
            await wakes.close()
        assert await anext(deaf) == "at last"
        await deaf.close()
        await other.close()

    place.use(scenario)


def test_schemas_have_channels_of_their_own(server, place) -> None:
    """Stores in other schemas of the database are not woken, also by names too long for the database."""

    async def scenario(store):
        other = PostgresStore(server.url, schema=server.schema())
        for channel in ("work", "x" * 100):
            async with store.subscribe(channel) as wakes:
                assert await anext(wakes) == ""
                await other.notify(channel, "not this")
                await store.notify(channel, "this")
                assert await anext(wakes) == "this"
        await other.close()

    place.use(scenario)


def test_a_notice_comes_with_the_commit(place) -> None:
    """Sent with writes, or within a host's transaction, it arrives when they are stored, or never."""
    asyncpg = pytest.importorskip("asyncpg")

    async def scenario(store):
        host = await asyncpg.connect(place.server.url)
        async with store.subscribe("work") as wakes:
            assert await anext(wakes) == ""
            await store.write_and_notify(Insert(doc("a")), channel="work", payload="stored a")
            assert await anext(wakes) == "stored a"
            with pytest.raises(AlreadyExistsError):
                await store.write_and_notify(Insert(doc("a")), channel="work", payload="never")
            transaction = host.transaction()
            await transaction.start()
            await store.write_within(host, Insert(doc("b")), channel="work", payload="never either")
            await transaction.rollback()
            async with host.transaction():
                await store.write_within(host, Insert(doc("b")), channel="work", payload="stored b")
            assert await anext(wakes) == "stored b"
            assert await store.get(C, "b") is not None
        await host.close()

    place.use(scenario)


def test_a_subscription_survives_broken_connections(place, caplog) -> None:
    """After an interruption it listens again by itself, and says with an empty payload to look."""

    async def main():
        async with Proxy(place.url) as proxy:
            store, sender = PostgresStore(proxy.url), PostgresStore(place.url)
            wakes = await begun(store)
            proxy.refusing = True
            proxy.cut()
            waiting = asyncio.ensure_future(anext(wakes))
            await sender.notify("work", "lost")
            connections = proxy.connections
            while proxy.connections < connections + 2:
                await asyncio.sleep(0.01)
            proxy.refusing = False
            assert await waiting == ""
            await sender.notify("work", "heard")
            assert await anext(wakes) == "heard"
            await wakes.close()
            await store.close()
            await sender.close()

    with caplog.at_level("WARNING", logger="integrations_sdk"):
        asyncio.run(main())
    assert "subscription interrupted" in caplog.text


def test_silence_is_looked_into(place, monkeypatch) -> None:
    """A connection that is quiet for long is asked; one that does not answer is replaced."""
    monkeypatch.setattr(listening, "_CHECK_SECONDS", 0.02)

    async def main():
        async with Proxy(place.url) as proxy:
            store = PostgresStore(proxy.url)
            wakes = await begun(store)
            before = proxy.connections
            waiting = asyncio.ensure_future(anext(wakes))
            await asyncio.sleep(0.05)
            assert proxy.connections == before
            proxy.lose(b"SELECT 1", "lose the request")
            assert await waiting == ""
            assert proxy.connections == before + 1
            await wakes.close()
            await store.close()

    asyncio.run(main())


def test_closing_ends_the_iteration(place) -> None:
    """Whoever waits is released when the subscription is closed; what is closed gives nothing more."""

    async def scenario(store):
        wakes = await begun(store)

        async def consume():
            return [payload async for payload in wakes]

        consuming = asyncio.ensure_future(consume())
        await asyncio.sleep(0)
        await wakes.close()
        await wakes.close()
        assert await consuming == []

    place.use(scenario)


def test_closing_the_store_ends_its_subscriptions(place) -> None:
    """A subscription ends with its store, which leaves no connection behind."""

    async def main():
        store = PostgresStore(place.url)
        wakes = await begun(store)

        async def consume():
            return [payload async for payload in wakes]

        consuming = asyncio.ensure_future(consume())
        await asyncio.sleep(0)
        await store.close()
        assert await consuming == []
        with pytest.raises(StateError, match="closed"):
            store.subscribe("work")

    asyncio.run(main())


def test_the_first_connection_must_succeed(place) -> None:
    """A subscription to nobody raises `StateError` at once."""

    async def scenario(store):
        with pytest.raises(StateError, match="cannot be reached"):
            await anext(store.subscribe("work"))

    place.use(scenario, url="postgresql://127.0.0.1:1/db")


def test_closing_while_interrupted(place) -> None:
    """A subscription that cannot reconnect ends when it is closed, even just as it succeeds."""

    async def main():
        async with Proxy(place.url) as proxy:
            store = PostgresStore(proxy.url)
            wakes = await begun(store)
            proxy.refusing = True
            proxy.cut()
            waiting = asyncio.ensure_future(anext(wakes, "ended"))
            connections = proxy.connections
            while proxy.connections == connections:
                await asyncio.sleep(0.01)
            await wakes.close()
            assert await waiting == "ended"
            proxy.refusing = False
            late = store.subscribe("work")
            waiting = asyncio.ensure_future(anext(late, "ended"))
            await asyncio.sleep(0)
            await late.close()
            assert await waiting in {"", "ended"}
            assert late._connection is None
            await store.close()

    asyncio.run(main())


def test_a_setup_that_breaks_is_named(place) -> None:
    """What goes wrong between connecting and listening is `StateError` too, and leaves no connection."""

    async def main():
        async with Proxy(place.url) as proxy:
            store = PostgresStore(proxy.url)
            proxy.lose(b"set_config", "lose the request")
            with pytest.raises(StateError, match="broke the connection"):
                await anext(store.subscribe("work"))
            await store.close()

    asyncio.run(main())


def test_too_many_payloads_drop_the_oldest(place, monkeypatch) -> None:
    """Payloads are hints: of those that nobody takes, the latest are kept."""
    monkeypatch.setattr(listening, "_MOST_WAITING", 3)

    async def scenario(store):
        async with store.subscribe("work") as wakes:
            assert await anext(wakes) == ""
            for number in range(5):
                await store.notify("work", str(number))
            while "4" not in wakes._payloads._queue:  # notices arrive after the call that sent them
                await asyncio.sleep(0.005)
            assert [await anext(wakes) for _ in range(3)] == ["2", "3", "4"]

    place.use(scenario)


@pytest.mark.parametrize(("channel", "payload"), [("", ""), ("a\x00", ""), ("a", "\x00"), ("a", "é" * 4_000)])
def test_what_cannot_be_sent_is_refused(place, channel, payload) -> None:
    """A channel without a name, or more than PostgreSQL carries, is `ConfigurationError`."""

    async def scenario(store):
        with pytest.raises(ConfigurationError, match="notice"):
            await store.notify(channel, payload)

    place.use(scenario)


def test_long_channels_stay_apart() -> None:
    """Names longer than the database allows are shortened, each to another."""
    address = parse_address("postgresql://h/db?schema=" + "s" * 40)
    names = {listening.channel_name(address, "x" * length) for length in range(1, 200)}
    assert len(names) == 199
    assert max(len(name) for name in names) <= 63
