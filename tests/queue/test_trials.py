"""A host's transaction on a SQLite file: rolled back nothing is enqueued, committed all of it, every time."""

from __future__ import annotations

import asyncio
import random
import sqlite3

import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.models.delivery import Target
from integrations_sdk.queue.base import NewDelivery, QueuedEvent
from integrations_sdk.queue.opening import open_queue
from integrations_sdk.store.sqlite import SQLiteStore
from integrations_sdk.testing.queue_contract.case import START, claim


async def end_each(path, trials, seed):
    """What the host committed, and what was handed out afterwards."""
    clock, draw, kept = FakeClock(START), random.Random(seed), set()
    store = SQLiteStore(path, clock=clock)
    queue = open_queue(store, clock)
    await queue.query()
    host = sqlite3.connect(path)
    host.execute("PRAGMA synchronous = OFF")
    host.execute("CREATE TABLE orders (id TEXT)")
    host.commit()
    for number in range(trials):
        id_ = f"d{number}"
        host.execute("INSERT INTO orders VALUES (?)", (id_,))
        event = QueuedEvent(event_id=f"e{number}", event_type="push", body=b"{}")
        new = NewDelivery(delivery_id=id_, target=Target("t", str(number % 50)))
        await queue.enqueue_within(host, event, [new])
        if draw.random() < 0.5:
            host.rollback()
        else:
            host.commit()
            kept.add(id_)
    assert {id_ for (id_,) in host.execute("SELECT id FROM orders")} == kept
    assert {id_ for (id_,) in host.execute("SELECT id FROM queue_deliveries")} == kept
    assert {f"d{id_[1:]}" for (id_,) in host.execute("SELECT id FROM queue_events")} == kept
    host.close()
    handed_out = set()
    while batch := (await claim(queue, limit=1_000, per_target=1_000)).claimed:
        handed_out.update(one.delivery.delivery_id for one in batch)
    await queue.close()
    await store.close()
    return kept, handed_out


def check(path, trials, seed):
    kept, handed_out = asyncio.run(end_each(path, trials, seed))
    assert 0 < len(kept) < trials
    assert handed_out == kept


def test_rollback_enqueues_nothing_and_commit_all(tmp_path):
    """Over 300 trials, what the host committed is handed out, and nothing else."""
    check(tmp_path / "q.db", 300, 1)


@pytest.mark.torture
@pytest.mark.timeout(900)
def test_ten_thousand_trials(tmp_path):
    """The same 10,000 times."""
    check(tmp_path / "q.db", 10_000, 2)
