"""Taking down attempts and what becomes of their deliveries, within an open transaction."""
# ruff: noqa: S608  # only constants are joined into the SQL; every value is a parameter

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from integrations_sdk.queue.base import Recorded, Result
from integrations_sdk.queue.embedded.bulk import (
    ROWS,
    as_json,
    execute_rows,
    fetch_for_rows,
)
from integrations_sdk.queue.embedded.claiming import take_turns
from integrations_sdk.queue.embedded.enqueueing import add_first_due, in_line
from integrations_sdk.queue.ledger import Held, Ledger, recorded

__all__ = ["hold", "limit", "record", "resume"]


_HELD_BY: Final = (
    f"WITH v (seq, token) AS (VALUES {ROWS}) SELECT json_group_array(json_array(d.seq, d.target,"
    " t.failing_since)) FROM v CROSS JOIN queue_deliveries d ON d.seq = v.seq"
    " CROSS JOIN queue_targets t ON t.seq = d.target WHERE d.state = 2 AND d.lease = v.token"
)
_MOVE: Final = (
    f"WITH v (seq, state, due, finished, error, sent) AS (VALUES {ROWS}) UPDATE queue_deliveries"
    " SET state = v.state, due_at = v.due, finished_at = v.finished, error = v.error, lease = NULL,"
    " attempts = attempts + v.sent, tries = tries + v.sent FROM v WHERE queue_deliveries.seq = v.seq"
)
_ATTEMPTS: Final = (
    "INSERT INTO queue_attempts (delivery, number, started_at, latency, status, error, excerpt, address,"
    f" request_id) SELECT * FROM (VALUES {ROWS}) WHERE column1 IS NOT NULL"
)
_LATENCIES: Final = (
    "INSERT INTO queue_latencies (target, bucket, count)"
    f" SELECT * FROM (VALUES {ROWS}) WHERE column1 IS NOT NULL"
    " ON CONFLICT (target, bucket) DO UPDATE SET count = count + excluded.count"
)
# Who is next of each key: the first that has not ended. What has ended is not in the index that this reads.
_NEXT_OF_KEY: Final = (
    f"WITH v (target, key) AS (VALUES {ROWS}) SELECT json_group_array(json_array(ifnull((SELECT min(d.seq)"
    " FROM queue_deliveries d WHERE d.target = v.target AND d.key = v.key AND d.state < 3), 0))) FROM v"
)
_UNBLOCK: Final = (
    "UPDATE queue_deliveries SET state = 0 WHERE seq IN (SELECT value FROM json_each(?)) AND state = 1"
)
_COUNT: Final = (
    f"WITH v (target, succeeded, failed, at, status, since) AS (VALUES {ROWS}) UPDATE queue_targets"
    " SET succeeded = queue_targets.succeeded + v.succeeded, failed = queue_targets.failed + v.failed,"
    " last_at = ifnull(v.at, last_at), last_status = iif(v.at IS NULL, last_status, v.status),"
    " failing_since = v.since FROM v WHERE seq = v.target"
)
_LIMIT: Final = "UPDATE queue_targets SET slot_at = max(0, slot_at - gap + ?), gap = ? WHERE seq = ?"
_HOLD: Final = "UPDATE queue_targets SET held_at = ?, held_reason = ? WHERE seq = ? AND held_at IS NULL"
_RESUME: Final = (
    "UPDATE queue_targets SET held_at = NULL, held_reason = NULL, failing_since = NULL"
    " WHERE seq = ? AND held_at IS NOT NULL"
)


def record(cursor: sqlite3.Cursor, results: Sequence[Result], now: int) -> list[Recorded]:
    """Take the results down; one entry for each, in their order. Times are microseconds since 1970."""
    pairs = [(result.claimed.handle, result.claimed.token) for result in results]
    ledger = Ledger([Held(*row) for row in fetch_for_rows(cursor, _HELD_BY, pairs)], now)
    ledger.add(results)
    disabled = {target for target, reason in ledger.disables.items() if hold(cursor, target, reason, now)}
    _write(cursor, ledger)
    return [recorded(one, disabled) for one in ledger.taken]


def _write(cursor: sqlite3.Cursor, ledger: Ledger) -> None:
    execute_rows(cursor, _MOVE, ledger.moves)
    execute_rows(cursor, _ATTEMPTS, ledger.attempts)
    execute_rows(cursor, _LATENCIES, [(*name, times) for name, times in ledger.latencies.items()])
    rows = [(t, c.succeeded, c.failed, c.at, c.status, c.failing) for t, c in ledger.counts.items()]
    execute_rows(cursor, _COUNT, rows)
    _unblock(cursor, ledger.ended_keys, ledger.due)
    in_line(cursor, ledger.due)


def limit(cursor: sqlite3.Cursor, target: int, gap: int, now: int) -> None:
    """Have so much time between two of the target's slots, from the last that was given on; 0: no slots."""
    cursor.execute(_LIMIT, (gap, gap, target))
    take_turns(cursor, [target], now)


def hold(cursor: sqlite3.Cursor, target: int, reason: str, now: int) -> bool:
    """Take a target out of the line; False if it was."""
    return cursor.execute(_HOLD, (now, reason, target)).rowcount > 0


def resume(cursor: sqlite3.Cursor, target: int, now: int) -> bool:
    """Put it back, all it has pending due now; False if it was not held."""
    if cursor.execute(_RESUME, (target,)).rowcount == 0:
        return False
    sql = "UPDATE queue_deliveries SET due_at = ? WHERE target = ? AND state = 0 AND due_at > ?"
    cursor.execute(sql, (now, target, now))
    take_turns(cursor, [target], now)
    return True


def _unblock(cursor: sqlite3.Cursor, keys: Sequence[tuple[int, str]], due: dict[int, int]) -> None:
    """Have the next of each key pending; `due` learns when that makes its target's turn."""
    if not keys:
        return
    following = [seq for (seq,) in fetch_for_rows(cursor, _NEXT_OF_KEY, keys)]
    cursor.execute(_UNBLOCK, (as_json(following),))
    add_first_due(cursor, following, due)
