"""Events that are enqueued within a transaction of the host: rolled back, nothing is sent; committed, all is."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import threading

import pytest

from integrations_sdk import AsyncIntegrationManagementManager, DeliverySettings, IntegrationManagementManager
from integrations_sdk.errors import ConfigurationError, StateError
from integrations_sdk.queue.base import Selection
from integrations_sdk.secrets.keys import KeyRing
from integrations_sdk.secrets.sealed import SealedSecrets
from integrations_sdk.store.sqlite import SQLiteStore
from integrations_sdk.testing import Sandbox
from support.toy import toy

PUSH = {"type": "push"}


def toys(manager):
    """A connector that keeps what it is told."""
    kind = toy()
    manager.register_connector(kind)
    return kind


async def trials(path, number, seed):
    """Enqueue in that many transactions, half of which are rolled back; the ids of those that were committed."""
    draw = random.Random(seed)
    store = SQLiteStore(path)
    secrets = SealedSecrets(store, KeyRing.generate())
    host = sqlite3.connect(path, isolation_level=None, timeout=30)
    host.execute("CREATE TABLE mine (delivery TEXT)")
    kept, gone = [], []
    async with AsyncIntegrationManagementManager(store=store, secrets=secrets) as manager:
        kind = toys(manager)
        await manager.toy.create({"url": "https://t.example"})
        for _ in range(number):
            host.execute("BEGIN IMMEDIATE")
            (outcome,) = await manager.events.enqueue(PUSH, connection=host)
            host.execute("INSERT INTO mine VALUES (?)", (outcome.delivery_id,))
            commit = draw.random() < 0.5
            host.execute("COMMIT" if commit else "ROLLBACK")
            (kept if commit else gone).append(outcome.delivery_id)
        while (await manager.deliveries.backlog()).pending or len(kind.told) < len(kept):
            await asyncio.sleep(0.01)
        queue = manager._engine.queue
        stored = []
        page = await queue.query(limit=1_000)
        while True:
            stored += [delivery.delivery_id for delivery in page.deliveries]
            if page.cursor is None:
                break
            page = await queue.query(Selection(), after=page.cursor, limit=1_000)
    mine = [row[0] for row in host.execute("SELECT delivery FROM mine")]
    host.close()
    await store.close()
    return kept, gone, stored, mine, len(kind.told)


def check(path, number):
    kept, gone, stored, mine, told = asyncio.run(trials(path / "host.db", number, number))
    assert len(kept) + len(gone) == number
    assert min(len(kept), len(gone)) > number / 4
    assert set(stored) == set(mine) == set(kept)
    assert told == len(kept)


def test_200_transactions(tmp_path):
    """Of those that were rolled back none is sent, of those that were committed each is, once."""
    check(tmp_path, 200)


@pytest.mark.torture
@pytest.mark.timeout(1_200)
def test_10000_transactions(tmp_path):
    """The same, ten thousand times."""
    check(tmp_path, 10_000)


def test_a_blocking_host(tmp_path):
    """The connection is used in the thread that it belongs to, which is not the manager's; also in other threads."""
    path = tmp_path / "host.db"
    with (
        Sandbox() as sandbox,
        IntegrationManagementManager(
            store=f"sqlite:///{path}", delivery=DeliverySettings(worker=False)
        ) as mgr,
    ):
        mgr.webhooks.create_webhook({**sandbox.config("webhook"), "events": ["push"]})

        def transaction(end):
            host = sqlite3.connect(path, isolation_level=None)  # which refuses to be used by another thread
            host.execute("BEGIN IMMEDIATE")
            outcomes.append(mgr.events.enqueue(PUSH, connection=host)[0])
            host.execute(end)
            host.close()

        outcomes = []
        transaction("COMMIT")
        thread = threading.Thread(target=transaction, args=("ROLLBACK",))
        thread.start()
        thread.join()
        logged = [one.delivery_id for one in mgr.deliveries.list().deliveries]
        assert logged == [outcomes[0].delivery_id]
        assert [outcome.status for outcome in outcomes] == ["accepted", "accepted"]


def test_what_is_no_such_connection_is_refused(tmp_path):
    """A connection to another database, one without a transaction, none at all, and a store in memory."""
    path = tmp_path / "host.db"
    other = sqlite3.connect(tmp_path / "other.db", isolation_level=None)
    other.execute("BEGIN")
    with (
        IntegrationManagementManager(store=f"sqlite:///{path}") as mgr,
        IntegrationManagementManager() as memory,
    ):
        for one in (mgr, memory):
            toys(one)
            one.toy.create({"url": "https://t.example"})
        idle = sqlite3.connect(path, isolation_level=None)
        with pytest.raises(StateError, match="another database"):
            mgr.events.enqueue(PUSH, connection=other)
        with pytest.raises(ConfigurationError, match="BEGIN IMMEDIATE"):
            mgr.events.enqueue(PUSH, connection=idle)
        with pytest.raises(ConfigurationError, match=r"sqlite3\.Connection"):
            mgr.events.enqueue(PUSH, connection=object())
        with pytest.raises(StateError, match="in memory"):
            memory.events.enqueue(PUSH, connection=idle)
        assert mgr.deliveries.list().deliveries == ()
        idle.close()
    other.close()


def test_nobody_subscribed(tmp_path):
    """Then there is nothing to store, in any transaction."""
    with IntegrationManagementManager(store=f"sqlite:///{tmp_path}/host.db") as mgr:
        assert mgr.events.enqueue(PUSH, connection=object()) == []
