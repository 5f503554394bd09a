"""Reading the log: deliveries, attempts, statistics."""
# ruff: noqa: S608  # only constants and the schema's checked name are joined into the SQL; values are parameters

from __future__ import annotations

from collections import Counter
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
from integrations_sdk.queue.postgres.place import Sql
from integrations_sdk.queue.postgres.turning import FIRST_OF_KEY
from integrations_sdk.queue.rows import COLUMNS, attempt_of, delivery_of, maybe, statistics_of
from integrations_sdk.queue.selecting import STATES, conditions
from integrations_sdk.store.postgres.connection import Connection

__all__ = ["SOURCE", "attempts", "backlog", "deliveries", "event", "matching", "statistics"]

_FIRST: Final = f"(d.state = 1 AND {FIRST_OF_KEY})"
"""Of a key, and not known to the line yet: it is as good as pending."""

_COLUMNS: Final = COLUMNS.format(
    state=f"CASE WHEN {_FIRST} THEN 0 ELSE d.state END", held="t.held_at IS NOT NULL"
)
SOURCE: Final = (
    " FROM {}.queue_deliveries d CROSS JOIN LATERAL (SELECT n.kind, n.tenant, n.id, n.project, l.held_at,"
    " l.held_reason FROM {}.queue_targets n JOIN {}.queue_line l ON l.target = n.seq WHERE n.seq = d.target) t"
    " JOIN {}.queue_events e ON e.seq = d.event"
)
"""Deliveries `d` with their targets `t` and events `e`."""

_STATES: Final = {
    **STATES,
    DeliveryState.PENDING: f"((d.state = 0 OR {_FIRST}) AND t.held_at IS NULL)",
    DeliveryState.WAITING: f"(d.state = 1 AND NOT {_FIRST} AND t.held_at IS NULL)",
}
_ATTEMPTS: Final = (
    "SELECT number, started_at, latency, status, a.error, excerpt, address, request_id FROM {}.queue_deliveries d"
    " JOIN {}.queue_attempts a ON a.delivery = d.seq WHERE d.id = $1 ORDER BY number"
)
_EVENT: Final = "SELECT id, type, body FROM {}.queue_events WHERE id = $1 LIMIT 1"
_TARGET: Final = (
    "SELECT t.seq, s.succeeded, s.failed, s.last_at, s.last_status, s.failing_since, l.held_at, l.held_reason"
    " FROM {}.queue_targets t JOIN {}.queue_line l ON l.target = t.seq JOIN {}.queue_statistics s ON s.target = t.seq"
    " WHERE t.kind = $1 AND t.tenant = $2 AND t.id = $3"
)
_LATENCIES: Final = "SELECT bucket, count FROM {}.queue_latencies WHERE target = $1"
# Counted by the partial indexes, which hold nothing that has ended.
_OPEN: Final = (
    "SELECT (SELECT count(*) FROM {}.queue_deliveries WHERE target = $1 AND state = 0)"
    " + (SELECT count(*) FROM {}.queue_deliveries WHERE target = $1 AND state = 1)"
    " + (SELECT count(*) FROM {}.queue_deliveries WHERE state = 2 AND target = $1),"
    " least((SELECT min(due_at) FROM {}.queue_deliveries WHERE target = $1 AND state = 0),"
    f" (SELECT min(d.due_at) FROM {{}}.queue_deliveries d WHERE d.target = $1 AND {_FIRST}))"
)
_BACKLOG: Final = (
    "SELECT f.pending, l.held_at IS NOT NULL, count(*), min(f.due_at) FROM"
    " (SELECT d.target, 'pending' AS pending, d.due_at FROM {}.queue_deliveries d WHERE d.state = 0"
    f" UNION ALL SELECT d.target, CASE WHEN {FIRST_OF_KEY} THEN 'pending' ELSE 'waiting' END, d.due_at"
    " FROM {}.queue_deliveries d WHERE d.state = 1"
    " UNION ALL SELECT d.target, 'leased', d.due_at FROM {}.queue_deliveries d WHERE d.state = 2) f"
    " JOIN {}.queue_line l ON l.target = f.target GROUP BY 1, 2"
)


def matching(selection: Selection, sql: Sql) -> tuple[str, list[str | int]]:
    """The condition for deliveries of `SOURCE`, and its parameters, from `$1` on."""
    values: list[str | int] = []

    def put(value: str | int) -> str:
        values.append(value)
        return f"${len(values)}::{'text' if isinstance(value, str) else 'bigint'}"

    return conditions(selection, put, prefix=f"{sql.schema}.queue_", states=_STATES), values


async def deliveries(
    connection: Connection,
    sql: Sql,
    selection: Selection,
    *,
    after: int | None,
    limit: int,
    newest_first: bool,
) -> list[tuple[int, Delivery]]:
    """Up to `limit` deliveries behind a place in the order, each with its own."""
    condition, values = matching(selection, sql)
    compare, order = ("<", "DESC") if newest_first else (">", "ASC")
    edge = after if after is not None else 2**63 - 1 if newest_first else 0
    where = f"{condition} AND d.seq {compare} ${len(values) + 1}::bigint"
    statement = f"SELECT {_COLUMNS}{SOURCE} WHERE {where} ORDER BY d.seq {order} LIMIT ${len(values) + 2}"
    return [delivery_of(row) for row in await connection.fetch(sql(statement), *values, edge, limit)]


async def attempts(connection: Connection, sql: Sql, delivery_id: str) -> tuple[Attempt, ...]:
    """The attempts at a delivery."""
    return tuple(attempt_of(row) for row in await connection.fetch(sql(_ATTEMPTS), delivery_id))


async def event(connection: Connection, sql: Sql, event_id: str) -> QueuedEvent | None:
    """The event of that id."""
    rows = await connection.fetch(sql(_EVENT), event_id)
    return QueuedEvent(event_id=rows[0][0], event_type=rows[0][1], body=rows[0][2]) if rows else None


async def statistics(connection: Connection, sql: Sql, target: Target) -> TargetStatistics:
    """What became of the attempts on a target."""
    rows = await connection.fetch(sql(_TARGET), target.kind, target.tenant_id, target.id)
    if not rows:
        return TargetStatistics(target=target)
    number, *figures = rows[0]
    counts = {bucket: count for bucket, count in await connection.fetch(sql(_LATENCIES), number)}  # noqa: C416  # records
    unfinished, oldest = (await connection.fetch(sql(_OPEN), number))[0]
    return statistics_of(target, figures, counts, unfinished, oldest)


async def backlog(connection: Connection, sql: Sql) -> Backlog:
    """What is not finished yet, counted by the partial indexes."""
    counts: Counter[tuple[str, bool]] = Counter()
    oldest = None
    for state, held, count, due in await connection.fetch(sql(_BACKLOG)):
        counts[state, held] = count
        if (state, held) == ("pending", False):
            oldest = due
    return Backlog(
        pending=counts["pending", False],
        waiting=counts["waiting", False],
        leased=counts["leased", False] + counts["leased", True],
        held=counts["pending", True] + counts["waiting", True],
        oldest_due_at=maybe(oldest),
    )
