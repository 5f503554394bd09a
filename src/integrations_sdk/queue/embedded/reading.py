"""Reading the log: deliveries, attempts, statistics."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from integrations_sdk.models.delivery import (
    Attempt,
    Backlog,
    Delivery,
    DeliveryState,
    Target,
    TargetStatistics,
)
from integrations_sdk.queue.base import QueuedEvent, Selection
from integrations_sdk.queue.embedded.bulk import Value
from integrations_sdk.queue.embedded.latency import percentile
from integrations_sdk.store.encoding import microseconds

__all__ = ["attempts", "backlog", "deliveries", "event", "matching", "moment", "statistics"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS: Final = (
    "d.seq, d.id, e.id, e.type, t.kind, t.id, t.tenant, t.project, d.state, t.held_at IS NOT NULL, d.due_at,"
    " d.created_at, d.key, d.idempotency, d.attempts, d.finished_at, d.error"
)
# CROSS JOIN keeps the deliveries outermost, in the order of one of their indexes.
_FROM: Final = (
    " FROM queue_deliveries d CROSS JOIN queue_targets t ON t.seq = d.target"
    " CROSS JOIN queue_events e ON e.seq = d.event"
)
_STATES: Final = tuple(
    DeliveryState(name) for name in ("pending", "waiting", "leased", "delivered", "failed")
)
_CONDITIONS: Final = {
    DeliveryState.PENDING: "(d.state = 0 AND t.held_at IS NULL)",
    DeliveryState.WAITING: "(d.state = 1 AND t.held_at IS NULL)",
    DeliveryState.HELD: "(d.state < 2 AND t.held_at IS NOT NULL)",
    DeliveryState.LEASED: "(d.state = 2)",
    DeliveryState.DELIVERED: "(d.state = 3)",
    DeliveryState.FAILED: "(d.state = 4)",
}


@lru_cache(maxsize=256)  # what was enqueued together has one time
def moment(microseconds_: int) -> datetime:
    """The time so many microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=microseconds_)


def matching(selection: Selection) -> tuple[str, list[Value]]:
    """The source of deliveries (`d`) with its conditions, and their parameters."""
    conditions: list[str] = []
    values: list[Value] = []

    def require(condition: str, *given: Value) -> None:
        conditions.append(condition)
        values.extend(given)

    if selection.delivery_ids:
        require(f"d.id IN ({','.join('?' * len(selection.delivery_ids))})", *selection.delivery_ids)
    if selection.event_id is not None:
        ranges = "SELECT x.seq FROM queue_events o JOIN queue_deliveries x ON x.seq BETWEEN o.seq AND o.last"
        require(f"d.seq IN ({ranges} WHERE o.id = ?)", selection.event_id)
    if selection.event_type is not None:
        require("e.type = ?", selection.event_type)
    if selection.target is not None:
        name = (selection.target.kind, selection.target.tenant_id, selection.target.id)
        require("d.target = (SELECT seq FROM queue_targets WHERE kind = ? AND tenant = ? AND id = ?)", *name)
    if selection.tenant_id is not None:
        require("t.tenant = ?", selection.tenant_id)
    if selection.project_id is not None:
        require("t.project = ?", selection.project_id)
    if selection.kind is not None:
        require("t.kind = ?", selection.kind)
    if selection.ordering_key is not None:
        require("d.key = ?", selection.ordering_key)
    if selection.since is not None:
        require("d.created_at >= ?", microseconds(selection.since))
    if selection.until is not None:
        require("d.created_at < ?", microseconds(selection.until))
    if selection.states:
        states = sorted(set(selection.states))
        require(" OR ".join(_CONDITIONS[state] for state in states).join("()"))
    return _FROM + " WHERE " + " AND ".join(conditions or ["TRUE"]), values


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
    return [_delivery(row) for row in cursor.execute(sql, [*values, limit]).fetchall()]


def attempts(cursor: sqlite3.Cursor, delivery_id: str) -> tuple[Attempt, ...]:
    """The attempts at a delivery."""
    sql = (
        "SELECT number, started_at, latency, status, a.error, excerpt, address, request_id"
        " FROM queue_deliveries d JOIN queue_attempts a ON a.delivery = d.seq WHERE d.id = ? ORDER BY number"
    )
    return tuple(
        Attempt(
            number=number,
            started_at=moment(started),
            latency=timedelta(microseconds=latency),
            http_status=status,
            error=error,
            excerpt=excerpt,
            address=address,
            request_id=request_id,
        )
        for number, started, latency, status, error, excerpt, address, request_id in cursor.execute(
            sql, (delivery_id,)
        ).fetchall()
    )


def event(cursor: sqlite3.Cursor, event_id: str) -> QueuedEvent | None:
    """The event of that id."""
    sql = "SELECT id, type, body FROM queue_events WHERE id = ? LIMIT 1"
    row = cursor.execute(sql, (event_id,)).fetchone()
    return None if row is None else QueuedEvent(event_id=row[0], event_type=row[1], body=row[2])


def statistics(cursor: sqlite3.Cursor, target: Target) -> TargetStatistics:
    """What became of the attempts on a target."""
    sql = (
        "SELECT seq, succeeded, failed, last_at, last_status, failing_since, held_at, held_reason"
        " FROM queue_targets WHERE kind = ? AND tenant = ? AND id = ?"
    )
    row = cursor.execute(sql, (target.kind, target.tenant_id, target.id)).fetchone()
    if row is None:
        return TargetStatistics(target=target)
    number, succeeded, failed, last, status, failing, held, reason = row
    sql = "SELECT bucket, count FROM queue_latencies WHERE target = ?"
    counts = dict(cursor.execute(sql, (number,)).fetchall())
    backlog, oldest = _backlog(cursor, number)
    return TargetStatistics(
        target=target,
        succeeded=succeeded,
        failed=failed,
        success_rate=succeeded / (succeeded + failed) if succeeded + failed else None,
        last_attempt_at=_maybe(last),
        last_status=status,
        p50=percentile(counts, 0.5),
        p95=percentile(counts, 0.95),
        p99=percentile(counts, 0.99),
        failing_since=_maybe(failing),
        held_since=_maybe(held),
        held_reason=reason,
        backlog=backlog,
        oldest_due_at=_maybe(oldest),
    )


def _backlog(cursor: sqlite3.Cursor, target: int) -> tuple[int, int | None]:
    """Counted by the partial indexes, which hold nothing that has ended."""
    pending, oldest = cursor.execute(
        "SELECT count(*), min(due_at) FROM queue_deliveries WHERE target = ? AND state = 0", (target,)
    ).fetchone()
    waiting = cursor.execute(
        "SELECT count(*) FROM queue_deliveries"
        " WHERE target = ? AND key IS NOT NULL AND state < 3 AND state = 1", (target,)
    ).fetchone()[0]  # fmt: skip
    leased = cursor.execute(
        "SELECT count(*) FROM queue_deliveries INDEXED BY queue_deliveries_leased WHERE state = 2 AND target = ?",
        (target,),
    ).fetchone()[0]
    return pending + waiting + leased, oldest


def backlog(cursor: sqlite3.Cursor) -> Backlog:
    """What is not finished yet, counted by the partial indexes."""
    counted = (
        "SELECT t.held_at IS NOT NULL, count(*), min(d.due_at) FROM queue_deliveries d"
        " JOIN queue_targets t ON t.seq = d.target WHERE {} GROUP BY 1"
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
        oldest_due_at=_maybe(found["pending"].get(0, (0, None))[1]),
    )


def _delivery(
    row: tuple[int, str, str, str, str, str, str, str | None, int, int, int, int, str, str, int, int, str],
) -> tuple[int, Delivery]:
    (
        seq,
        id_,
        event_id,
        event_type,
        kind,
        target,
        tenant,
        project,
        state,
        held,
        due,
        created,
        key,
        idem,
        tries,
        ended,
        error,
    ) = row
    return seq, Delivery(
        delivery_id=id_,
        event_id=event_id,
        event_type=event_type,
        target=Target(kind, target, tenant, project),
        state=DeliveryState.HELD if held and state < 2 else _STATES[state],
        due_at=moment(due),
        created_at=moment(created),
        ordering_key=key,
        idempotency_key=idem,
        attempts=tries,
        finished_at=_maybe(ended),
        error=error,
    )


def _maybe(microseconds_: int | None) -> datetime | None:
    return None if microseconds_ is None else moment(microseconds_)
