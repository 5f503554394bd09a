"""Taking down attempts and what becomes of their deliveries, within an open transaction.

The tables are written through views, whose triggers do with one statement what would be four (see `bulk` for what
a statement costs).
"""
# ruff: noqa: S608  # only constants are joined into the SQL; every value is a parameter

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from integrations_sdk.models.delivery import At, Dead, Disable, Done
from integrations_sdk.queue.base import Result
from integrations_sdk.queue.embedded.bulk import (
    GIVEN,
    NOTHING,
    ROWS,
    Value,
    as_json,
    execute_rows,
    fetch_columns_for_rows,
    fetch_for_rows,
    or_nothing,
    or_null,
)
from integrations_sdk.queue.embedded.claiming import take_turns
from integrations_sdk.queue.embedded.enqueueing import add_first_due, in_line
from integrations_sdk.queue.latency import bucket
from integrations_sdk.queue.rows import DELIVERED, FAILED, PENDING
from integrations_sdk.store.encoding import microseconds

__all__ = ["ACCEPTED", "Taken", "hold", "limit", "record", "resume"]


class Taken(NamedTuple):
    """What became of a result; see `Recorded`."""

    accepted: bool
    failing_since: int | None = None
    recovered: bool = False
    held: bool = False


_REFUSED: Final = Taken(accepted=False)
ACCEPTED: Final = Taken(accepted=True)
"""What nearly all results come to."""
_MICROSECOND: Final = timedelta(microseconds=1)

_HELD_BY: Final = (
    f"WITH v (seq, token) AS (VALUES {ROWS}) SELECT json_array(json_group_array(d.seq),"
    " json_group_array(d.target), json_group_array(t.failing_since)) FROM v"
    " CROSS JOIN integrations_deliveries d ON d.seq = v.seq"
    " CROSS JOIN integrations_targets t ON t.seq = d.target WHERE d.state = 2 AND d.lease = v.token"
)
_RESULT_COLUMNS: Final = 14
_RESULTS: Final = (
    "INSERT INTO integrations_results SELECT column1, column2, column3,"
    f" {', '.join(or_null(f'column{number}') for number in range(4, _RESULT_COLUMNS + 1))}"
    f" FROM (VALUES {ROWS}) WHERE {GIVEN}"
)
_NO_ATTEMPT: Final = (0, *[NOTHING] * 8)
_COUNT_COLUMNS: Final = 7
_COUNTS: Final = (
    "INSERT INTO integrations_counts SELECT column1, column2,"
    f" {', '.join(or_null(f'column{number}') for number in range(3, _COUNT_COLUMNS + 1))}"
    f" FROM (VALUES {ROWS}) WHERE {GIVEN}"
)
# Who is next of each key: the first that has not ended. What has ended is not in the index that this reads.
_NEXT_OF_KEY: Final = (
    f"WITH v (target, key) AS (VALUES {ROWS}) SELECT json_group_array(json_array(ifnull((SELECT min(d.seq)"
    " FROM integrations_deliveries d WHERE d.target = v.target AND d.key = v.key AND d.state < 3), 0))) FROM v"
)
_UNBLOCK: Final = (
    "UPDATE integrations_deliveries SET state = 0 WHERE seq IN (SELECT value FROM json_each(?)) AND state = 1"
)
_LIMIT: Final = "UPDATE integrations_targets SET slot_at = max(0, slot_at - gap + ?), gap = ? WHERE seq = ?"
_HOLD: Final = (
    "UPDATE integrations_targets SET held_at = ?, held_reason = ? WHERE seq = ? AND held_at IS NULL"
)
_RESUME: Final = (
    "UPDATE integrations_targets SET held_at = NULL, held_reason = NULL, failing_since = NULL"
    " WHERE seq = ? AND held_at IS NOT NULL"
)


class _Count:
    """What happened to one target within this batch."""

    __slots__ = ("at", "failed", "failing", "status", "succeeded")

    def __init__(self, failing: int | None) -> None:
        self.failing = failing
        self.succeeded = 0
        self.failed = 0
        self.at: int | None = None
        self.status: int | None = None


class _Ledger:
    """Rows of one batch, gathered result by result and written together."""

    def __init__(self, cursor: sqlite3.Cursor, counts: dict[int, _Count], now: int) -> None:
        self._cursor = cursor
        self._counts = counts
        self._now = now
        self._results: list[Value] = []
        self._ended_keys: list[Value] = []
        self._latencies: Counter[tuple[int, int]] = Counter()
        self._due: dict[int, int] = {}

    def take(self, result: Result, target: int) -> Taken:
        """Add one result."""
        attempt, count = result.attempt, self._counts[target]
        if attempt is None:
            held = self._move(result, target, self._now, _NO_ATTEMPT)
            return Taken(accepted=True, failing_since=count.failing, held=held)
        started, latency = microseconds(attempt.started_at), attempt.latency // _MICROSECOND
        told = (attempt.http_status, attempt.error, attempt.excerpt, attempt.address, attempt.request_id)
        logged = (1, result.claimed.delivery.attempts + 1, started, latency, *or_nothing(told))
        self._latencies[target, bucket(latency)] += 1
        count.at, count.status = started, attempt.http_status
        was_failing = count.failing is not None
        if done := isinstance(result.verdict, Done):
            count.succeeded += 1
            count.failing = None
        else:
            count.failed += 1
            count.failing = count.failing if was_failing else started
        held = self._move(result, target, started, logged)
        if done and not was_failing:
            return ACCEPTED
        return Taken(accepted=True, failing_since=count.failing, recovered=done and was_failing, held=held)

    def write(self) -> None:
        """Write what was gathered."""
        cursor = self._cursor
        execute_rows(cursor, _RESULTS, _RESULT_COLUMNS, self._results)
        counts: list[Value] = []
        for target, c in self._counts.items():
            counts += (target, c.succeeded, c.failed, *or_nothing((c.at, c.status, c.failing)), NOTHING)
        for (target, number), times in self._latencies.items():
            counts += (target, times, NOTHING, NOTHING, NOTHING, NOTHING, number)
        execute_rows(cursor, _COUNTS, _COUNT_COLUMNS, counts)
        _unblock(cursor, self._ended_keys, self._due)
        in_line(cursor, self._due)

    def _move(self, result: Result, target: int, started: int, logged: tuple[Value, ...]) -> bool:
        """Note where the delivery goes, and its attempt; whether that disabled its target."""
        delivery, seq = result.claimed.delivery, result.claimed.handle
        match result.verdict:
            case Done():
                self._results += (seq, DELIVERED, started, self._now, NOTHING, *logged)
            case Dead(reason):
                self._results += (seq, FAILED, started, self._now, reason, *logged)
            case At(when):
                due = microseconds(when)
                self._results += (seq, PENDING, due, NOTHING, _error_of(result), *logged)
                self._due[target] = min(self._due.get(target, due), due)
                return False
            case Disable(reason):
                self._results += (seq, PENDING, self._now, NOTHING, _error_of(result), *logged)
                self._due[target] = min(self._due.get(target, self._now), self._now)
                return hold(self._cursor, target, reason, self._now)
        key = delivery.ordering_key
        if key is not None:
            self._ended_keys += (target, key)
        return False


def _error_of(result: Result) -> Value:
    error = result.claimed.delivery.error if result.attempt is None else result.attempt.error
    return NOTHING if error is None else error


def record(cursor: sqlite3.Cursor, results: Sequence[Result], now: int) -> list[Taken]:
    """Take the results down; one entry for each, in their order. Times are microseconds since 1970."""
    handles: list[Value] = []
    for result in results:
        handles += (result.claimed.handle, result.claimed.token)
    targets: dict[int, int] = {}
    counts: dict[int, _Count] = {}
    for seq, target, since in fetch_columns_for_rows(cursor, _HELD_BY, 2, handles):
        targets[seq] = target
        if target not in counts:
            counts[target] = _Count(since)
    ledger = _Ledger(cursor, counts, now)
    taken = []
    for result in results:
        held = targets.pop(result.claimed.handle, None)  # a second result of the same delivery is refused
        taken.append(_REFUSED if held is None else ledger.take(result, held))
    ledger.write()
    return taken


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
    sql = "UPDATE integrations_deliveries SET due_at = ? WHERE target = ? AND state = 0 AND due_at > ?"
    cursor.execute(sql, (now, target, now))
    take_turns(cursor, [target], now)
    return True


def _unblock(cursor: sqlite3.Cursor, keys: list[Value], due: dict[int, int]) -> None:
    """Have the next of each key pending; `due` learns when that makes its target's turn."""
    if not keys:
        return
    following = [seq for (seq,) in fetch_for_rows(cursor, _NEXT_OF_KEY, 2, keys)]
    cursor.execute(_UNBLOCK, (as_json(following),))
    add_first_due(cursor, following, due)
