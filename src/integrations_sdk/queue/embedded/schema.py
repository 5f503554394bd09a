"""The tables of the queue, beside those of the store in the same file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final

from integrations_sdk.errors import StateError
from integrations_sdk.store.sqlite.schema import SCHEMA

__all__ = ["MIGRATIONS", "prepare"]

# Each brings the tables from the version that is its index to the next one. Never change one that was released.
#
# integrations_events: `seq` is that of the event's first delivery and `last` that of its last one, so an event finds
#   its deliveries, and a purge what no delivery needs any more, without an index.
# integrations_targets: `turn_at` is the target's place in the line for workers: when its first pending delivery is due
#   or, once it was served, when that was. NULL: nothing is pending. `gap` is the time between two of its slots
#   under a rate limit, 0 without one; `slot_at` is the next slot to be given.
# integrations_deliveries: the indexes are partial, so what has ended costs nothing any more.
# integrations_leases: one lease for each worker, on all it holds; AUTOINCREMENT, so that no token is ever given twice.
MIGRATIONS: Final[tuple[str, ...]] = (
    """
    CREATE TABLE integrations_events (
        seq INTEGER PRIMARY KEY,
        last INTEGER NOT NULL,
        id TEXT NOT NULL,
        type TEXT NOT NULL,
        body BLOB NOT NULL
    );
    CREATE INDEX integrations_events_by_id ON integrations_events (id);
    CREATE TABLE integrations_targets (
        seq INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        project TEXT,
        turn_at INTEGER,
        held_at INTEGER,
        held_reason TEXT,
        gap INTEGER NOT NULL DEFAULT 0,
        slot_at INTEGER NOT NULL DEFAULT 0,
        succeeded INTEGER NOT NULL DEFAULT 0,
        failed INTEGER NOT NULL DEFAULT 0,
        last_at INTEGER,
        last_status INTEGER,
        failing_since INTEGER
    );
    CREATE UNIQUE INDEX integrations_targets_by_name ON integrations_targets (kind, tenant, id);
    CREATE INDEX integrations_targets_in_line ON integrations_targets (turn_at)
        WHERE held_at IS NULL AND turn_at IS NOT NULL;
    CREATE TABLE integrations_deliveries (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL,
        event INTEGER NOT NULL,
        target INTEGER NOT NULL,
        state INTEGER NOT NULL,
        due_at INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        lease INTEGER,
        attempts INTEGER NOT NULL DEFAULT 0,
        tries INTEGER NOT NULL DEFAULT 0,
        finished_at INTEGER,
        key TEXT,
        idempotency TEXT,
        error TEXT
    );
    CREATE UNIQUE INDEX integrations_deliveries_by_id ON integrations_deliveries (id);
    CREATE INDEX integrations_deliveries_by_target ON integrations_deliveries (target);
    CREATE INDEX integrations_deliveries_due ON integrations_deliveries (target, due_at) WHERE state = 0;
    CREATE INDEX integrations_deliveries_leased ON integrations_deliveries (lease) WHERE state = 2;
    CREATE INDEX integrations_deliveries_dead ON integrations_deliveries (state) WHERE state = 4;
    CREATE INDEX integrations_deliveries_by_key ON integrations_deliveries (target, key)
        WHERE key IS NOT NULL AND state < 3;
    CREATE UNIQUE INDEX integrations_deliveries_once ON integrations_deliveries (target, idempotency)
        WHERE idempotency IS NOT NULL;
    CREATE TABLE integrations_attempts (
        delivery INTEGER NOT NULL,
        number INTEGER NOT NULL,
        started_at INTEGER NOT NULL,
        latency INTEGER NOT NULL,
        status INTEGER,
        error TEXT,
        excerpt TEXT,
        address TEXT,
        request_id TEXT,
        PRIMARY KEY (delivery, number)
    ) WITHOUT ROWID;
    CREATE TABLE integrations_latencies (
        target INTEGER NOT NULL,
        bucket INTEGER NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (target, bucket)
    ) WITHOUT ROWID;
    CREATE TABLE integrations_leases (
        token INTEGER PRIMARY KEY AUTOINCREMENT,
        worker TEXT NOT NULL UNIQUE,
        expires_at INTEGER NOT NULL
    );
    CREATE TABLE integrations_replays (
        id TEXT PRIMARY KEY,
        selection TEXT NOT NULL,
        begun_at INTEGER NOT NULL,
        until INTEGER NOT NULL,
        position INTEGER NOT NULL,
        gap INTEGER NOT NULL,
        next_due INTEGER NOT NULL,
        matched INTEGER NOT NULL,
        scheduled INTEGER NOT NULL,
        finished INTEGER NOT NULL
    ) WITHOUT ROWID;
    """,
    # Nothing is in these views: an INSERT into one is several statements at the price of one, see `recording`.
    """
    CREATE VIEW integrations_results (
        delivery, state, due_at, finished_at, error, sent, number, started_at, latency, status, attempt_error,
        excerpt, address, request_id
    ) AS SELECT 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 WHERE FALSE;
    CREATE TRIGGER integrations_results_moved INSTEAD OF INSERT ON integrations_results
        WHEN NEW.delivery IS NOT NULL BEGIN
        UPDATE integrations_deliveries SET state = NEW.state, due_at = NEW.due_at, finished_at = NEW.finished_at,
            error = NEW.error, lease = NULL, attempts = attempts + NEW.sent, tries = tries + NEW.sent
            WHERE seq = NEW.delivery;
        INSERT INTO integrations_attempts SELECT NEW.delivery, NEW.number, NEW.started_at, NEW.latency, NEW.status,
            NEW.attempt_error, NEW.excerpt, NEW.address, NEW.request_id WHERE NEW.sent;
    END;
    CREATE VIEW integrations_counts (target, succeeded, failed, last_at, last_status, failing_since, bucket) AS
        SELECT 0, 0, 0, 0, 0, 0, 0 WHERE FALSE;
    CREATE TRIGGER integrations_counts_attempts INSTEAD OF INSERT ON integrations_counts WHEN NEW.bucket IS NULL BEGIN
        UPDATE integrations_targets SET succeeded = succeeded + NEW.succeeded, failed = failed + NEW.failed,
            last_at = ifnull(NEW.last_at, last_at), failing_since = NEW.failing_since,
            last_status = iif(NEW.last_at IS NULL, last_status, NEW.last_status) WHERE seq = NEW.target;
    END;
    CREATE TRIGGER integrations_counts_latencies INSTEAD OF INSERT ON integrations_counts
        WHEN NEW.bucket IS NOT NULL BEGIN
        INSERT INTO integrations_latencies VALUES (NEW.target, NEW.bucket, NEW.succeeded)
            ON CONFLICT (target, bucket) DO UPDATE SET count = count + excluded.count;
    END;
    """,
    # The same for what is foreseen, see `foreseen`. There is an event in the row of its first delivery. What was
    # delivered counts for its targets, and for each of their `bucket`s, in rows without a delivery, which go the way
    # of all counts.
    """
    CREATE VIEW integrations_handed_over (seq, id, event, target, now, lease, last, event_id, type, body) AS
        SELECT 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 WHERE FALSE;
    CREATE TRIGGER integrations_handed_over_deliveries INSTEAD OF INSERT ON integrations_handed_over BEGIN
        INSERT INTO integrations_deliveries (seq, id, event, target, state, due_at, created_at, lease)
            VALUES (NEW.seq, NEW.id, NEW.event, NEW.target, 2, NEW.now, NEW.now, NEW.lease);
    END;
    CREATE TRIGGER integrations_handed_over_events INSTEAD OF INSERT ON integrations_handed_over
        WHEN NEW.last IS NOT NULL BEGIN
        INSERT INTO integrations_events VALUES (NEW.seq, NEW.last, NEW.event_id, NEW.type, NEW.body);
    END;
    CREATE VIEW integrations_delivered (
        delivery, now, number, started_at, latency, status, excerpt, address, request_id, target, times, bucket
    ) AS SELECT 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 WHERE FALSE;
    CREATE TRIGGER integrations_delivered_attempts INSTEAD OF INSERT ON integrations_delivered
        WHEN NEW.delivery IS NOT NULL BEGIN
        UPDATE integrations_deliveries SET state = 3, due_at = NEW.started_at, finished_at = NEW.now, error = NULL,
            lease = NULL, attempts = attempts + 1, tries = tries + 1 WHERE seq = NEW.delivery;
        INSERT INTO integrations_attempts VALUES (NEW.delivery, NEW.number, NEW.started_at, NEW.latency, NEW.status,
            NULL, NEW.excerpt, NEW.address, NEW.request_id);
    END;
    CREATE TRIGGER integrations_delivered_counts INSTEAD OF INSERT ON integrations_delivered
        WHEN NEW.delivery IS NULL BEGIN
        INSERT INTO integrations_counts
            VALUES (NEW.target, NEW.times, 0, NEW.started_at, NEW.status, NULL, NEW.bucket);
    END;
    """,
)


def prepare(cursor: sqlite3.Cursor) -> None:
    """Bring the tables up to date, within the transaction that is open.

    Raises:
        StateError: they were written by a newer version of this library; nothing was changed.
    """
    cursor.execute(SCHEMA)
    row = cursor.execute("SELECT version FROM integrations_schema WHERE part = 'queue'").fetchone()
    version = row[0] if row else 0
    if version == len(MIGRATIONS):
        return
    if version > len(MIGRATIONS):
        raise StateError("the queue was written by a newer integrations-sdk: upgrade the package")
    for step in MIGRATIONS[version:]:
        for statement in _statements(step):
            cursor.execute(statement)
    cursor.execute("REPLACE INTO integrations_schema VALUES ('queue', ?)", (len(MIGRATIONS),))


def _statements(script: str) -> Iterator[str]:
    """The statements of a script; those of a trigger are one."""
    statement = ""
    for part in script.split(";"):
        statement += part + ";"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
