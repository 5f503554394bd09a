"""Taking down attempts and what becomes of their deliveries, within an open transaction.

Two statements, however large the batch: one locks what it is about, one writes all that is decided.
"""
# only constants and the schema's checked name are joined into the SQL; values are parameters

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from integrations_sdk.models.delivery import Target
from integrations_sdk.queue.base import Recorded, Result
from integrations_sdk.queue.ledger import Held, Ledger, recorded
from integrations_sdk.queue.postgres.enqueueing import clean
from integrations_sdk.queue.postgres.place import Sql
from integrations_sdk.queue.postgres.turning import take_in, take_turns
from integrations_sdk.store.postgres.connection import Connection
from integrations_sdk.store.postgres.database import Done

__all__ = ["hold", "limit", "record", "resume"]

# Whoever records for the same targets comes after us, which is what makes `failing_since` and `recovered` exact.
# The line is left alone: recording keeps nobody from claiming.
_HELD_BY: Final = (
    "WITH s AS MATERIALIZED (SELECT target, failing_since FROM {}.queue_statistics WHERE target = ANY($3::bigint[])"
    " ORDER BY target FOR UPDATE),"
    " d AS MATERIALIZED (SELECT d.seq, d.target FROM unnest($1::bigint[], $2::bigint[]) v(seq, token)"
    " JOIN {}.queue_deliveries d ON d.seq = v.seq WHERE d.state + 0 = 2 AND d.lease = v.token"
    " ORDER BY d.seq FOR UPDATE OF d)"
    " SELECT d.seq, d.target, s.failing_since FROM s JOIN d ON d.target = s.target"
)
# What is written, all in one statement: a name for each column, and its type.
_COLUMNS: Final[dict[str, dict[str, str]]] = {
    "moved": {
        "seq": "bigint", "state": "smallint", "due_at": "bigint", "finished_at": "bigint", "error": "text",
        "sent": "int",
    },
    "tried": {
        "delivery": "bigint", "number": "int", "started_at": "bigint", "latency": "bigint", "status": "int",
        "error": "text", "excerpt": "text", "address": "text", "request_id": "text",
    },
    "timed": {"target": "bigint", "bucket": "smallint", "count": "bigint"},
    "counted": {
        "target": "bigint", "succeeded": "bigint", "failed": "bigint", "at": "bigint", "status": "int",
        "since": "bigint",
    },
    "arrived": {"target": "bigint", "key": "text", "due_at": "bigint"},
    "held": {"target": "bigint", "reason": "text", "at": "bigint"},
}  # fmt: skip
_EFFECTS: Final[dict[str, str]] = {
    "moved": "UPDATE {}.queue_deliveries d SET state = v.state, due_at = v.due_at, finished_at = v.finished_at,"
    " error = v.error, lease = NULL, attempts = d.attempts + v.sent, tries = d.tries + v.sent"
    " FROM {rows} WHERE d.seq = v.seq",
    "tried": "INSERT INTO {}.queue_attempts (delivery, number, started_at, latency, status, error, excerpt, address,"
    " request_id) SELECT * FROM {rows}",
    "timed": "INSERT INTO {}.queue_latencies AS l (target, bucket, count) SELECT * FROM {rows}"
    " ON CONFLICT (target, bucket) DO UPDATE SET count = l.count + excluded.count",
    "counted": "UPDATE {}.queue_statistics s SET succeeded = s.succeeded + v.succeeded,"
    " failed = s.failed + v.failed, last_at = coalesce(v.at, s.last_at), failing_since = v.since,"
    " last_status = CASE WHEN v.at IS NULL THEN s.last_status ELSE v.status END"
    " FROM {rows} WHERE s.target = v.target",
    "arrived": "INSERT INTO {}.queue_arrivals (target, key, due_at) SELECT * FROM {rows}",
    "held": "UPDATE {}.queue_line l SET held_at = v.at, held_reason = v.reason FROM {rows}"
    " WHERE l.target = v.target AND l.held_at IS NULL RETURNING l.target",
}


def _write_all() -> str:
    """All of it in one statement; parameters are the columns of each part."""
    effects, used = [], 0
    for name, columns in _COLUMNS.items():
        arrays = ", ".join(f"${used + place}::{kind}[]" for place, kind in enumerate(columns.values(), 1))
        used += len(columns)
        rows = f"unnest({arrays}) v({', '.join(columns)})"
        effects.append(f"{name} AS ({_EFFECTS[name].replace('{rows}', rows)})")
    result = "SELECT pg_current_xact_id()::text, h.target FROM (SELECT 1) one LEFT JOIN held h ON true"
    return f"WITH {', '.join(effects)} {result}"


_WRITE: Final = _write_all()

_HOLD: Final = (
    "UPDATE {}.queue_line SET held_at = $2, held_reason = $3 WHERE target = $1 AND held_at IS NULL"
    " RETURNING pg_current_xact_id()::text"
)
# In the order in which a record that disables the target locks them.
_LOCK_STATISTICS: Final = "SELECT target FROM {}.queue_statistics WHERE target = $1 FOR UPDATE"
_LOCK: Final = "SELECT held_at FROM {}.queue_line WHERE target = $1 FOR UPDATE"
_RESUME: Final = (
    "WITH stood AS (UPDATE {}.queue_line SET held_at = NULL, held_reason = NULL WHERE target = $1),"
    " counted AS (UPDATE {}.queue_statistics SET failing_since = NULL WHERE target = $1)"
    " UPDATE {}.queue_deliveries SET due_at = $2 WHERE target = $1 AND state = 0 AND due_at > $2"
)
_LIMIT: Final = (
    "UPDATE {}.queue_line SET slot_at = greatest(0, slot_at - gap + $2), gap = $2 WHERE target = $1"
)


async def record(
    connection: Connection, sql: Sql, results: Sequence[Result], numbers: Mapping[Target, int], now: int
) -> Done[tuple[Recorded, ...]]:
    """Take the results down; one entry for each, in their order. Times are microseconds since 1970."""
    held = await connection.fetch(
        sql(_HELD_BY),
        [result.claimed.handle for result in results],
        [result.claimed.token for result in results],
        list({numbers[result.claimed.delivery.target] for result in results}),
    )
    ledger = Ledger([Held(*row) for row in held], now)
    ledger.add(results)
    if not ledger.moves:
        return Done(tuple(recorded(one, set()) for one in ledger.taken), None)
    columns = [
        [row[place] for row in rows]
        for rows, names in zip(_rows(ledger, now), _COLUMNS.values(), strict=True)
        for place in range(len(names))
    ]
    found = await connection.fetch(sql(_WRITE), *columns)
    disabled = {target for _, target in found if target is not None}
    return Done(tuple(recorded(one, disabled) for one in ledger.taken), found[0][0])


def _rows(ledger: Ledger, now: int) -> Iterable[Sequence[tuple[Any, ...]]]:
    """The rows of each part."""
    yield [move._replace(error=clean(move.error)) for move in ledger.moves]
    yield [(*tried[:5], *map(clean, tried[5:])) for tried in ledger.attempts]
    yield [(*name, times) for name, times in sorted(ledger.latencies.items())]
    yield [(t, c.succeeded, c.failed, c.at, c.status, c.failing) for t, c in ledger.counts.items()]
    ended = {(target, key, now) for target, key in ledger.ended_keys}
    yield [*((target, None, due) for target, due in ledger.due.items()), *ended]
    yield [(target, clean(reason), now) for target, reason in sorted(ledger.disables.items())]


async def limit(connection: Connection, sql: Sql, target: int, gap: int, now: int) -> None:
    """Have so much time between two of the target's slots, from the last that was given on; 0: no slots."""
    await connection.execute(sql(_LIMIT), target, gap)
    await take_turns(connection, sql, [target], now)


async def hold(connection: Connection, sql: Sql, target: int, reason: str, now: int) -> Done[bool]:
    """Take a target out of the line; False if it was."""
    rows = await connection.fetch(sql(_HOLD), target, now, clean(reason))
    return Done(bool(rows), rows[0][0] if rows else None)


async def resume(connection: Connection, sql: Sql, target: int, now: int) -> bool:
    """Put it back, all it has pending due now; False if it was not held."""
    await connection.fetch(sql(_LOCK_STATISTICS), target)
    held = await connection.fetch(sql(_LOCK), target)
    if not held or held[0][0] is None:
        return False
    await take_in(connection, sql, now)
    await connection.execute(sql(_RESUME), target, now)
    await take_turns(connection, sql, [target], now)
    return True
