"""Reading the log: deliveries, attempts, statistics."""

from __future__ import annotations

import sqlite3
from typing import Final

from integrations_sdk.models.delivery import Attempt, Backlog, Delivery, Target, TargetStatistics
from integrations_sdk.queue.base import QueuedEvent, Selection
from integrations_sdk.queue.embedded.bulk import Value
from integrations_sdk.queue.rows import COLUMNS, attempt_of, delivery_of, maybe, statistics_of
from integrations_sdk.queue.selecting import conditions

__all__ = ["attempts", "backlog", "deliveries", "event", "matching", "statistics"]

_COLUMNS: Final = COLUMNS.format(state="d.state", held="t.held_at IS NOT NULL")
# CROSS JOIN keeps the deliveries outermost, in the order of one of their indexes.
_FROM: Final = (
    " FROM integrations_deliveries d CROSS JOIN integrations_targets t ON t.seq = d.target"
    " CROSS JOIN integrations_events e ON e.seq = d.event"
)


def matching(selection: Selection) -> tuple[str, list[Value]]:
    """The source of deliveries (`d`) with its conditions, and their parameters."""
    values: list[Value] = []

    def put(value: str | int) -> str:
        values.append(value)
        return "?"

    return f"{_FROM} WHERE {conditions(selection, put, prefix='integrations_')}", values


def deliveries(
    cursor: sqlite3.Cursor, selection: Selection, *, after: int | None, limit: int, newest_first: bool
) -> list[tuple[int, Delivery]]:
    """Up to `limit` deliveries behind a place in the order, each with its own."""
    source, values = matching(selection)
    if after is not None:
        source += f" AND d.seq {'<' if newest_first else '>'} ?"
        values.append(after)
    order = "DESC" if newest_first else "ASC"
    sql = f"SELECT {_COLUMNS}{source} ORDER BY d.seq {order} LIMIT ?"
    return [delivery_of(row) for row in cursor.execute(sql, [*values, limit]).fetchall()]


def attempts(cursor: sqlite3.Cursor, delivery_id: str) -> tuple[Attempt, ...]:
    """The attempts at a delivery."""
    sql = (
        "SELECT number, started_at, latency, status, a.error, excerpt, address, request_id"
        " FROM integrations_deliveries d JOIN integrations_attempts a ON a.delivery = d.seq"
        " WHERE d.id = ? ORDER BY number"
    )
    return tuple(attempt_of(row) for row in cursor.execute(sql, (delivery_id,)).fetchall())


def event(cursor: sqlite3.Cursor, event_id: str) -> QueuedEvent | None:
    """The event of that id."""
    sql = "SELECT id, type, body FROM integrations_events WHERE id = ? LIMIT 1"
    row = cursor.execute(sql, (event_id,)).fetchone()
    return None if row is None else QueuedEvent(event_id=row[0], event_type=row[1], body=row[2])


def statistics(cursor: sqlite3.Cursor, target: Target) -> TargetStatistics:
    """What became of the attempts on a target."""
    sql = (
        "SELECT seq, succeeded, failed, last_at, last_status, failing_since, held_at, held_reason"
        " FROM integrations_targets WHERE kind = ? AND tenant = ? AND id = ?"
    )
    row = cursor.execute(sql, (target.kind, target.tenant_id, target.id)).fetchone()
    if row is None:
        return TargetStatistics(target=target)
    number, *figures = row
    sql = "SELECT bucket, count FROM integrations_latencies WHERE target = ?"
    counts = dict(cursor.execute(sql, (number,)).fetchall())
    return statistics_of(target, figures, counts, *_backlog(cursor, number))


def _backlog(cursor: sqlite3.Cursor, target: int) -> tuple[int, int | None]:
    """Counted by the partial indexes, which hold nothing that has ended."""
    pending, oldest = cursor.execute(
        "SELECT count(*), min(due_at) FROM integrations_deliveries WHERE target = ? AND state = 0",
        (target,),
    ).fetchone()
    waiting = cursor.execute(
        "SELECT count(*) FROM integrations_deliveries"
        " WHERE target = ? AND key IS NOT NULL AND state < 3 AND state = 1", (target,)
    ).fetchone()[0]  # fmt: skip
    leased = cursor.execute(
        "SELECT count(*) FROM integrations_deliveries INDEXED BY integrations_deliveries_leased"
        " WHERE state = 2 AND target = ?",
        (target,),
    ).fetchone()[0]
    return pending + waiting + leased, oldest


def backlog(cursor: sqlite3.Cursor) -> Backlog:
    """What is not finished yet, counted by the partial indexes."""
    counted = (
        "SELECT t.held_at IS NOT NULL, count(*), min(d.due_at) FROM integrations_deliveries d"
        " JOIN integrations_targets t ON t.seq = d.target WHERE {} GROUP BY 1"
    )
    found = {
        name: {
            held: (number, due) for held, number, due in cursor.execute(counted.format(condition)).fetchall()
        }
        for name, condition in (
            ("pending", "d.state = 0"),
            ("waiting", "d.key IS NOT NULL AND d.state < 3 AND d.state = 1"),
            ("leased", "d.state = 2"),
        )
    }

    def number(name: str, *held: int) -> int:
        return sum(found[name].get(one, (0, None))[0] for one in held)

    return Backlog(
        pending=number("pending", 0),
        waiting=number("waiting", 0),
        leased=number("leased", 0, 1),
        held=number("pending", 1) + number("waiting", 1),
        oldest_due_at=maybe(found["pending"].get(0, (0, None))[1]),
    )
