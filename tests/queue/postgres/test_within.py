"""`enqueue_within()`: deliveries as a part of the host application's own transaction, over asyncpg and psycopg."""

from __future__ import annotations

import asyncio
import contextlib
import random

import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import AlreadyExistsError, ConfigurationError, ConflictError, StateError
from integrations_sdk.models.delivery import Target
from integrations_sdk.queue.base import Accepted, NewDelivery, QueuedEvent
from integrations_sdk.queue.opening import open_queue
from integrations_sdk.testing.queue_contract.case import START, A, B, claim, finish, names, put

asyncpg = pytest.importorskip("asyncpg", reason="asyncpg is not installed (extra `postgres`)")
psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")


class OnPurposeError(Exception):
    """Why the host rolls back."""


def event(id_="e"):
    return QueuedEvent(event_id=id_, event_type="push", body=id_.encode())


def new(id_, target=A, **fields):
    return NewDelivery(delivery_id=id_, target=target, **fields)


def with_queue(place, scenario):
    """Run a scenario on a queue and on an asyncpg connection of the host; both are closed."""

    async def main(store):
        queue, host = open_queue(store, FakeClock(START)), await asyncpg.connect(place.server.url)
        try:
            return await scenario(queue, host)
        finally:
            await host.close()
            await queue.close()

    return place.use(main)


def at_once(coroutine):
    """Drive what never suspends to its end, in this thread and without a loop."""
    with contextlib.closing(coroutine), pytest.raises(StopIteration) as ended:
        coroutine.send(None)
    return ended.value.value


def check_trials(place, trials, seed):
    """Over asyncpg; both kinds of ends, exactly what was committed is there, the host's rows and ours alike."""

    async def scenario(queue, host):
        draw, kept, orders = random.Random(seed), set(), f"{place.schema}.orders"
        await queue.query()  # makes the schema
        await host.execute(f"CREATE TABLE {orders} (id text)")
        await host.execute("SET synchronous_commit = off")
        for number in range(trials):
            try:
                async with host.transaction():
                    await host.execute(f"INSERT INTO {orders} VALUES ($1)", f"d{number}")
                    await queue.enqueue_within(
                        host, event(f"e{number}"), [new(f"d{number}", Target("t", str(number % 50)))]
                    )
                    if draw.random() < 0.5:
                        raise OnPurposeError
            except OnPurposeError:
                continue
            kept.add(f"d{number}")
        assert {row[0] for row in await host.fetch(f"SELECT id FROM {orders}")} == kept
        return kept

    async def handed_out(queue, host):
        found = set()
        while batch := (await claim(queue, limit=1_000, per_target=1_000)).claimed:
            found.update(one.delivery.delivery_id for one in batch)
        return found

    kept = with_queue(place, scenario)
    assert 0 < len(kept) < trials
    stored = {row[0] for row in place.sql("SELECT id FROM {}.queue_deliveries")}
    assert stored == kept, "rolled back: nothing was enqueued; committed: all of it"
    events = {row[0] for row in place.sql("SELECT id FROM {}.queue_events")}
    assert events == {f"e{id_[1:]}" for id_ in kept}
    assert with_queue(place, handed_out) == kept, "and all of it is sent"


def test_rollback_enqueues_nothing_and_commit_all(place):
    """Over 300 trials, what the host committed is handed out, and nothing else."""
    check_trials(place, 300, 1)


@pytest.mark.torture
@pytest.mark.timeout(900)
def test_ten_thousand_trials(place):
    """The same 10,000 times."""
    check_trials(place, 10_000, 2)


@pytest.mark.parametrize("autocommit", [False, True])
def test_a_blocking_host_drives_it_itself(place, autocommit):
    """Over psycopg nothing is waited for: no loop runs, tables are made if need be, and each end is its host's."""
    queue = place.use(open_queue_of)

    with psycopg.connect(place.server.url, autocommit=autocommit) as host:
        for number in range(40):
            with contextlib.suppress(OnPurposeError), host.transaction():
                taken = at_once(
                    queue.enqueue_within(host, event(f"e{number}"), [new(f"d{number}"), new(f"b{number}", B)])
                )
                assert taken == (Accepted(f"d{number}"), Accepted(f"b{number}"))
                if number % 2:
                    raise OnPurposeError

    async def main(queue, _):
        assert names(await claim(queue)) == sorted(f"{a}{n}" for a in "db" for n in range(0, 40, 2))

    with_queue(place, main)


async def open_queue_of(store):
    return open_queue(store, FakeClock(START))


def test_a_blocking_host_needs_a_transaction(place):
    """With autocommit and none open there is nothing to be a part of; without autocommit there always is one."""
    queue = place.use(open_queue_of)
    with (
        psycopg.connect(place.server.url, autocommit=True) as host,
        pytest.raises(ConfigurationError, match="an open transaction"),
    ):
        at_once(queue.enqueue_within(host, event(), [new("d")]))
    with psycopg.connect(place.server.url) as host:
        at_once(queue.enqueue_within(host, event(), [new("d")]))
        host.rollback()
    assert not place.sql("SELECT 1 FROM pg_namespace WHERE nspname = $1", place.schema)


def test_the_real_clock_is_the_servers(place):
    """With the machine's clock what is enqueued within is due by the server's, which the same statement tells."""

    async def main(store):
        queue = open_queue(store)
        with psycopg.connect(place.server.url) as host:
            at_once(queue.enqueue_within(host, event(), [new("d")]))
        assert names(await claim(queue)) == ["d"]
        await queue.close()

    place.use(main)


def test_other_connections_are_refused(place):
    """What is no connection of a known kind is named, with what would be."""

    async def scenario(queue, _):
        with pytest.raises(ConfigurationError, match=r"an asyncpg\.Connection, or a psycopg\.Connection"):
            await queue.enqueue_within(object(), event(), [new("d")])

    with_queue(place, scenario)


def test_a_transaction_must_be_open(place):
    """Without one, `ConfigurationError` says how to open one, and nothing is enqueued."""

    async def scenario(queue, host):
        with pytest.raises(ConfigurationError, match=r"use `async with connection\.transaction"):
            await queue.enqueue_within(host, event(), [new("d")])
        assert await queue.get("d") is None
        assert await queue.enqueue_within(host, event(), []) == ()

    with_queue(place, scenario)


def test_another_database_is_named(place):
    """A connection to another database is `StateError`; its transaction is as it was."""

    async def scenario(queue, _):
        host = await asyncpg.connect(place.server.url, database="postgres")
        try:
            async with host.transaction():
                with pytest.raises(StateError, match="the connection is to another database"):
                    await queue.enqueue_within(host, event(), [new("d")])
                assert await host.fetchval("SELECT 1") == 1
        finally:
            await host.close()

    if not place.sql("SELECT 1 FROM pg_database WHERE datname = 'postgres'"):
        pytest.skip("there is no other database")
    with_queue(place, scenario)


def test_an_error_leaves_the_transaction_usable(place):
    """An id that exists is refused, and the host goes on."""

    async def scenario(queue, host):
        await put(queue, "d")
        async with host.transaction():
            with pytest.raises(AlreadyExistsError):
                await queue.enqueue_within(host, event(), [new("n"), new("d")])
            await queue.enqueue_within(host, event(), [new("m")])
        assert names(await claim(queue)) == ["d", "m"]

    with_queue(place, scenario)


def test_a_host_that_takes_its_time_keeps_nobody_waiting(place):
    """While its transaction is open, others enqueue for the same target and key, and all of it is handed out."""

    async def scenario(queue, host):
        transaction = host.transaction()
        await transaction.start()
        await queue.enqueue_within(host, event("host"), [new("host", ordering_key="k"), new("free")])
        await put(queue, "1", key="k")
        await put(queue, "2", key="k")
        for name in "12":
            batch = await claim(queue)
            assert names(batch) == [name]
            await finish(queue, batch)
        await transaction.commit()
        batch = await claim(queue)
        assert names(batch) == ["free", "host"]
        await finish(queue, batch)
        await put(queue, "3", key="k")
        assert names(await claim(queue)) == ["3"]

    with_queue(place, scenario)


def test_a_hosts_commit_wakes(place):
    """A waiting worker of another process hears of it; of a rollback it does not."""

    async def scenario(queue, host):
        await claim(queue)
        waiting = asyncio.create_task(queue.wait("w", None))
        transaction = host.transaction()
        await transaction.start()
        await queue.enqueue_within(host, event(), [new("gone")])
        await transaction.rollback()
        await asyncio.sleep(0.05)
        assert not waiting.done()
        async with host.transaction():
            await queue.enqueue_within(host, event(), [new("d")])
        assert await waiting
        assert names(await claim(queue)) == ["d"]

    with_queue(place, scenario)


def test_the_same_key_waits_for_the_host(place):
    """Of an idempotency key that a host uses just now, whoever comes second learns what became of the first."""

    async def scenario(queue, host):
        for end, answer in (
            ("rollback", Accepted("other-rollback")),
            ("commit", Accepted("commit", duplicate=True)),
        ):
            transaction = host.transaction()
            await transaction.start()
            await queue.enqueue_within(host, event(end), [new(end, idempotency_key=end)])
            second = asyncio.create_task(
                queue.enqueue(event(f"other-{end}"), [new(f"other-{end}", idempotency_key=end)])
            )
            await put(queue, f"free-{end}")  # does not wait behind it
            assert not second.done()
            await getattr(transaction, end)()
            assert await second == (answer,)

    with_queue(place, scenario)


def test_a_serializable_transaction_hears_that_it_must_repeat(place):
    """Where the host's isolation forbids going on, `ConflictError` says to do the whole of it again."""

    async def scenario(queue, host):
        transaction = host.transaction(isolation="repeatable_read")
        await transaction.start()
        await host.fetchval("SELECT 1")
        await put(queue, "d", once="i")
        with pytest.raises(ConflictError, match="do the whole of it again"):
            await queue.enqueue_within(host, event(), [new("e", idempotency_key="i")])
        await transaction.rollback()

    with_queue(place, scenario)
