"""What has arrived is taken into the line: targets that have something due, and the first of each key.

Whoever claims does it, under the lock on the target's place in the line. So there is always one who decides
which delivery of a key is the first, and who sees all that others decided before.
"""
# ruff: noqa: S608  # only constants and the schema's checked name are joined into the SQL; values are parameters

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from integrations_sdk.queue.postgres.place import Sql
from integrations_sdk.queue.turns import AHEAD
from integrations_sdk.store.postgres.connection import Connection

__all__ = ["FIRST_OF_KEY", "NEXT_SLOTS", "arrive", "take_in", "take_turns"]

_MOST: Final = 1_000
"""Arrivals taken in by one claim."""

FIRST_OF_KEY: Final = (
    "NOT EXISTS (SELECT 1 FROM {}.queue_deliveries f WHERE f.target = d.target AND f.key = d.key"
    " AND f.state IN (0, 2) OFFSET 0)"
    " AND NOT EXISTS (SELECT 1 FROM {}.queue_deliveries f WHERE f.target = d.target AND f.key = d.key"
    " AND f.state = 1 AND f.seq < d.seq OFFSET 0)"
)
"""Whether a delivery `d` that waits, with a key, is the first of it, so that only the line has yet to learn of it."""

NEXT_SLOTS: Final = f"CASE WHEN l.gap > 0 THEN l.slot_at - {AHEAD // 2} ELSE 0 END"
"""When more slots are given, of a target's place `l`: many at a time, or a claim would be made for each of them."""

# A place in the line that is due already is kept, or whoever enqueues all the time would always be served first.
_STAND: Final = (
    "UPDATE {}.queue_line l SET turn_at = greatest(n.due_at, "
    + NEXT_SLOTS
    + ") FROM news n WHERE l.target = n.target"
    " AND (l.turn_at IS NULL OR l.turn_at > greatest(n.due_at, $1, " + NEXT_SLOTS + "))"
)
_TAKE_IN: Final = (
    "WITH free AS MATERIALIZED (SELECT a.ctid AS place FROM {}.queue_arrivals a"
    f" JOIN {{}}.queue_line l ON l.target = a.target ORDER BY a.due_at LIMIT {_MOST} FOR UPDATE OF a, l SKIP LOCKED),"
    " came AS (DELETE FROM {}.queue_arrivals WHERE ctid = ANY(ARRAY(SELECT place FROM free))"
    " RETURNING target, key, due_at),"
    " news AS (SELECT target, min(due_at) AS due_at FROM came WHERE key IS NULL GROUP BY target),"
    f" stood AS ({_STAND})"
    " SELECT DISTINCT target, key FROM came WHERE key IS NOT NULL"
)
# Of a key without a first delivery the earliest that waits becomes it.
_PROMOTE: Final = (
    "WITH next AS MATERIALIZED (SELECT (SELECT w.seq FROM {}.queue_deliveries w WHERE w.target = v.target"
    " AND w.key = v.key AND w.state = 1 ORDER BY w.seq LIMIT 1) AS seq FROM"
    " unnest($2::bigint[], $3::text[]) v(target, key) WHERE"
    " NOT EXISTS (SELECT 1 FROM {}.queue_deliveries f WHERE f.target = v.target AND f.key = v.key"
    " AND f.state IN (0, 2) OFFSET 0)),"
    " first AS (UPDATE {}.queue_deliveries d SET state = 0 FROM next WHERE d.seq = next.seq AND d.state + 0 = 1"
    " RETURNING d.target, d.due_at),"
    " news AS (SELECT target, min(due_at) AS due_at FROM first GROUP BY target) " + _STAND
)
_TAKE_TURNS: Final = (
    "UPDATE {}.queue_line l SET turn_at = (SELECT greatest(d.due_at, $1, " + NEXT_SLOTS + ")"
    " FROM {}.queue_deliveries d WHERE d.target = l.target AND d.state = 0 ORDER BY d.due_at, d.seq LIMIT 1)"
    " WHERE l.target = ANY($2::bigint[])"
)
_ARRIVE: Final = (
    "INSERT INTO {}.queue_arrivals (target, key, due_at)"
    " SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[])"
)


async def take_in(connection: Connection, sql: Sql, now: int) -> None:
    """Take in what arrived for targets that nobody else is claiming from."""
    keys = await connection.fetch(sql(_TAKE_IN), now)
    if keys:  # in another statement, which sees what those decided who held the lock before
        columns = [list(column) for column in zip(*keys, strict=True)]
        await connection.execute(sql(_PROMOTE), now, *columns)


async def take_turns(connection: Connection, sql: Sql, targets: Iterable[int], now: int) -> None:
    """Put targets in the line by what they have pending: at its end, or where they will be due."""
    await connection.execute(sql(_TAKE_TURNS), now, list(targets))


async def arrive(connection: Connection, sql: Sql, rows: Sequence[tuple[int, str | None, int]]) -> None:
    """Have the line learn of targets, or of keys: number, key, when it is due."""
    if rows:
        await connection.execute(sql(_ARRIVE), *(list(column) for column in zip(*rows, strict=True)))
