"""The embedded queue keeps the contract, in memory and in a store's file; and what only the file can do."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3

import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import ConfigurationError, StateError
from integrations_sdk.queue.base import NewDelivery, QueuedEvent, Selection
from integrations_sdk.queue.news import Lead, News
from integrations_sdk.queue.opening import open_queue
from integrations_sdk.store.memory import MemoryStore
from integrations_sdk.store.sqlite import SQLiteStore
from integrations_sdk.testing.queue_contract import QueueContract
from integrations_sdk.testing.queue_contract.case import START, A, claim, finish, names, put
from integrations_sdk.testing.queue_contract.handing import Hands

EVENT = QueuedEvent(event_id="e", event_type="push", body=b"{}")


class TestInMemory(QueueContract):
    def open(self, clock):
        return open_queue(MemoryStore(clock), clock)


class TestInAFile(QueueContract):
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _folder(cls, tmp_path_factory):
        cls.folder = tmp_path_factory.mktemp("queues")
        cls.numbers = itertools.count()

    async def opened(self, clock):
        self.store = SQLiteStore(self.folder / f"{next(self.numbers)}.db", clock=clock)
        return open_queue(self.store, clock)

    async def closed(self, queue):
        await queue.close()
        await self.store.close()


def new(id_: str) -> NewDelivery:
    return NewDelivery(delivery_id=id_, target=A)


def on_file(path, scenario):
    """Run a scenario on a queue in a file, and close both."""

    async def main():
        clock = FakeClock(START)
        store = SQLiteStore(path / "q.db", clock=clock)
        queue = open_queue(store, clock)
        try:
            return await scenario(queue, clock)
        finally:
            await queue.close()
            await store.close()

    return asyncio.run(main())


def test_it_outlives_its_process_and_its_claims(tmp_path):
    """A queue opened again on the file hands out what was enqueued, and knows what ended."""

    async def before(queue, _):
        await put(queue, "1")
        await finish(queue, await claim(queue))
        await put(queue, "2", key="k")

    async def after(queue, _):
        batch = await claim(queue, worker="new")
        assert names(batch) == ["2"]
        assert batch.claimed[0].event.body == b"2"
        assert len(await queue.attempts("1")) == 1

    on_file(tmp_path, before)
    on_file(tmp_path, after)


@pytest.mark.parametrize("isolation", [None, "DEFERRED", "IMMEDIATE"])
def test_commit_and_rollback_of_a_host(tmp_path, isolation):
    """A host's rollback enqueues nothing, its commit everything, in one transaction with its own rows."""

    async def scenario(queue, _):
        await put(queue, "first")
        host = sqlite3.connect(tmp_path / "q.db", isolation_level=isolation)
        host.row_factory = sqlite3.Row
        try:
            host.execute("CREATE TABLE orders (id TEXT)")
            host.commit()
            for number in range(100):
                if isolation is None:
                    host.execute("BEGIN")
                host.execute("INSERT INTO orders VALUES (?)", (f"o{number}",))
                await queue.enqueue_within(host, EVENT, [new(f"o{number}")])
                if number % 2:
                    host.commit()
                else:
                    host.rollback()
            orders = {row["id"] for row in host.execute("SELECT id FROM orders")}
        finally:
            host.close()
        kept = {one.delivery_id for one in (await queue.query(Selection(target=A))).deliveries} - {"first"}
        assert kept == orders == {f"o{number}" for number in range(1, 100, 2)}
        assert len((await claim(queue)).claimed) == 51

    on_file(tmp_path, scenario)


def test_a_host_may_be_the_first(tmp_path):
    """On a file without the queue's tables a host's transaction makes them, or its rollback does not."""

    async def scenario(queue, _):
        host = sqlite3.connect(tmp_path / "q.db")
        try:
            assert await queue.enqueue_within(host, EVENT, [new("gone")])
            host.rollback()
            assert await queue.enqueue_within(host, EVENT, [new("kept")])
            host.commit()
        finally:
            host.close()
        assert names(await claim(queue)) == ["kept"]

    async def create(queue, _):
        await queue._place._store.count("nothing")  # the store's tables, not yet the queue's

    on_file(tmp_path, create)
    on_file(tmp_path, scenario)


def test_a_host_without_a_transaction_is_refused(tmp_path):
    """Where each statement would be a transaction of its own, nothing is bound to anything."""

    async def scenario(queue, _):
        await queue.query()
        host = sqlite3.connect(tmp_path / "q.db", isolation_level=None)
        try:
            with pytest.raises(ConfigurationError, match="BEGIN IMMEDIATE"):
                await queue.enqueue_within(host, EVENT, [new("d")])
        finally:
            host.close()

    on_file(tmp_path, scenario)


@pytest.mark.parametrize("other", [":memory:", "other.db"])
def test_a_host_on_another_database_is_refused(tmp_path, other):
    """A connection to another file, or to none, cannot be meant."""

    async def scenario(queue, _):
        await queue.query()
        host = sqlite3.connect(other if other == ":memory:" else tmp_path / other)
        try:
            host.execute("CREATE TABLE t (x)")
            with pytest.raises(StateError, match="another database"):
                await queue.enqueue_within(host, EVENT, [new("d")])
        finally:
            host.close()

    on_file(tmp_path, scenario)


def test_a_queue_in_memory_has_no_host():
    """No connection of a host reaches it."""

    async def scenario():
        queue = open_queue()
        host = sqlite3.connect(":memory:")
        with pytest.raises(StateError, match="lives in memory"):
            await queue.enqueue_within(host, EVENT, [new("d")])
        host.close()
        await queue.close()

    asyncio.run(scenario())


def test_what_another_connection_enqueues_wakes(tmp_path):
    """A worker waiting in this process hears of a commit that another one made."""

    async def scenario(queue, clock):
        await claim(queue)
        store = SQLiteStore(tmp_path / "q.db", clock=clock)
        other = open_queue(store, clock)
        waiting = asyncio.create_task(queue.wait("w", None))
        await asyncio.sleep(0.01)
        await put(other, "d")
        assert await waiting
        assert names(await claim(queue)) == ["d"]
        assert not await queue.wait("w", 0.15)
        await other.close()
        await store.close()

    on_file(tmp_path, scenario)


@pytest.mark.parametrize("in_a_file", [True, False])
def test_it_outlives_event_loops(tmp_path, in_a_file):
    """What one loop left half done when it ended keeps the next one from nothing: neither storing nor waking."""
    clock = FakeClock(START)
    store = SQLiteStore(tmp_path / "q.db", clock=clock) if in_a_file else MemoryStore(clock)
    queue = open_queue(store, clock)

    async def leave():
        await put(queue, "0")
        await claim(queue)
        left = [queue.wait("w", None), put(queue, "1"), put(queue, "2")]
        tasks = [asyncio.create_task(each) for each in left]
        await asyncio.sleep(0)
        assert not any(task.done() for task in tasks)

    async def go_on():
        await claim(queue, worker="new")
        waiting = asyncio.create_task(queue.wait("new", None))
        await asyncio.sleep(0.01)
        await put(queue, "3")
        assert await waiting
        assert "3" in names(await claim(queue, worker="new"))
        await queue.close()
        await store.close()

    for scenario in (leave, go_on):
        asyncio.run(scenario())


@pytest.mark.parametrize("in_a_file", [True, False])
def test_it_hands_over(tmp_path, in_a_file):
    """This backend does: what is due at once is with the worker when `enqueue()` returns; workers take turns."""

    async def main():
        clock = FakeClock(START)
        store = SQLiteStore(tmp_path / "q.db", clock=clock) if in_a_file else MemoryStore(clock)
        queue = open_queue(store, clock)
        first, second = Hands(room=3), Hands(room=3)
        for hands in (first, second):
            queue.attach(hands)
        await put(queue, "1")
        await put(queue, "2", once="i")
        assert (names(first.taken), names(second.taken)) == (["1"], ["2"])
        await asyncio.gather(*(put(queue, f"n{number}") for number in range(6)))
        assert len(first.taken) + len(second.taken) == 4
        assert len((await claim(queue, worker="other")).claimed) == 4
        await put(queue, "again")  # nothing is due before it now, and the other one has room
        assert len(first.taken) + len(second.taken) == 5
        await queue.close()
        await store.close()

    asyncio.run(main())


def test_news_of_closed_loops():
    """A loop that was closed with somebody waiting in it disturbs nobody who rings."""
    news = News()
    loop = asyncio.new_event_loop()
    waiting = news.wait("w", None)
    news.read("w")
    task = loop.create_task(waiting)
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    news.ring()
    assert news.has("w")
    task._log_destroy_pending = False
    waiting.close()


def test_news_of_many_workers_are_bounded():
    """A worker that was forgotten for others looks once too often, and that is all."""
    news = News()
    news.read("first")
    assert not news.has("first")
    for number in range(1_000):
        news.read(str(number))
    assert news.has("first")
    assert len(news._known) == 1_000


def test_slots_lead_where_claims_are_slow():
    """A claim that took long makes the next slots begin later, at once; quick ones take that back bit by bit."""
    lead = Lead()
    lead.took(0.004)
    assert lead.microseconds == 0
    lead.took(0.05)
    assert lead.microseconds == 50_000
    lead.took(0.001)
    assert lead.microseconds == 45_000
    lead.took(9)
    assert lead.microseconds == 500_000


def test_an_event_that_was_forgotten_is_read_again(tmp_path):
    """Events beyond what is kept in memory come from the file."""

    async def scenario(queue, _):
        queue._events._left = 3_000
        for number in range(20):
            await put(queue, f"{number:02}")
        batch = await claim(queue)
        assert sorted(one.event.body.decode() for one in batch.claimed) == [f"{n:02}" for n in range(20)]

    on_file(tmp_path, scenario)


def test_a_newer_queue_is_refused(tmp_path):
    """Tables of a later version are left alone."""

    async def scenario(queue, _):
        await queue.query()
        host = sqlite3.connect(tmp_path / "q.db")
        host.execute("UPDATE integrations_schema SET version = 99 WHERE part = 'queue'")
        host.commit()
        host.close()

    async def refused(queue, _):
        with pytest.raises(StateError, match="newer"):
            await queue.query()

    on_file(tmp_path, scenario)
    on_file(tmp_path, refused)


def test_plans_use_indexes(tmp_path):
    """No statement of the hot path reads a whole table, however many deliveries have ended."""
    from integrations_sdk.queue.embedded import claiming, enqueueing, foreseen, recording
    from integrations_sdk.queue.embedded.bulk import ROWS

    async def scenario(queue, _):
        await queue.query()

    on_file(tmp_path, scenario)
    connection = sqlite3.connect(tmp_path / "q.db")
    columns = {"_KEYED": 10, "_IN_LINE": 2, "_HELD_BY": 2, "_RESULTS": 14, "_NEXT_OF_KEY": 2, "_COUNTS": 7}
    for module in (claiming, enqueueing, foreseen, recording):
        for name, sql in vars(module).items():
            if not isinstance(sql, str) or not sql.startswith(("SELECT", "UPDATE", "WITH", "INSERT")):
                continue
            row = f"({','.join('?' * columns.get(name, 1))})"
            statement = sql.replace(ROWS, f"{row},{row}") if ROWS in sql else sql
            if name in {"_INTO", "_PLAIN", "_EVENTS", "_RESULTS", "_COUNTS"}:
                continue  # they only insert
            marks = statement.count("?")
            plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", (1,) * marks).fetchall()
            scans = [line[3] for line in plan if line[3].startswith("SCAN")]
            tables = [
                scan
                for scan in scans
                if "integrations_deliveries" in scan or scan.split()[1] in {"d", "x", "t", "e"}
            ]
            assert tables == [], (name, tables)
    connection.close()
