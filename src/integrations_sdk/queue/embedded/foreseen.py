"""What nearly always happens, foreseen: made ready in the event loop, and done by one statement or not at all.

The statement finds out whether all is as foreseen, and otherwise changes nothing; then `enqueueing` or `recording` go
through it step by step. Where Python runs in the writing thread beside a busy event loop, the two take the
interpreter's lock from each other every few microseconds, which costs more than all that is written. Here nothing runs
in it but the statement. The rows are one JSON text, which SQLite takes apart without the lock.
"""
# ruff: noqa: S608  # only constants are joined into the SQL; every value is a parameter

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final, Generic, NamedTuple, TypeVar

from integrations_sdk.models.delivery import Attempt, Done, Target
from integrations_sdk.queue.base import Accepted, Result
from integrations_sdk.queue.embedded.bulk import as_json
from integrations_sdk.queue.embedded.enqueueing import IS_FREE, LAST, Bundle, Hand, Handed, Lease, Stored
from integrations_sdk.queue.embedded.place import Place
from integrations_sdk.queue.embedded.recording import ACCEPTED, Taken
from integrations_sdk.queue.latency import bucket
from integrations_sdk.store.encoding import microseconds

__all__ = ["Foreseen", "carry_out", "foresee_delivered", "foresee_handed_over"]

T = TypeVar("T")

_MICROSECOND: Final = timedelta(microseconds=1)
_NUL: Final = "\\u0000"
"""Its text in JSON, where SQLite would take it for the end of a string."""

_MOST_BYTES: Final = 4 * 1024 * 1024
"""Of bodies, which are copied to be one parameter."""


def _columns(first: int, last: int) -> str:
    """SQL for these of a row's values."""
    return ", ".join(f"json_extract(value, '$[{number}]')" for number in range(first, last + 1))


_HAND_OVER: Final = (
    f"INSERT INTO integrations_handed_over SELECT {_columns(0, 3)}, ?, ?, {_columns(4, 6)},"
    f" substr(?, {_columns(7, 8)}) FROM json_each(?)"
    f" WHERE ({LAST}) = ? AND EXISTS (SELECT 1 FROM integrations_leases WHERE worker = ? AND token = ?)"
    " AND NOT EXISTS (SELECT 1 FROM integrations_targets"
    f" WHERE seq IN (SELECT value FROM json_each(?)) AND NOT ({IS_FREE}))"
)
_DELIVERED: Final = (
    f"INSERT INTO integrations_delivered SELECT {_columns(0, 0)}, ?, {_columns(1, 10)} FROM json_each(?)"
    " WHERE ? = (SELECT count(*) FROM json_each(?) v CROSS JOIN integrations_deliveries d ON d.seq = v.value"
    " CROSS JOIN integrations_targets t ON t.seq = d.target"
    " WHERE d.state = 2 AND d.lease = ? AND t.failing_since IS NULL)"
)
_encode: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


class Foreseen(NamedTuple, Generic[T]):
    """A statement, and what it comes to if all is as foreseen."""

    sql: str
    parameters: Sequence[str | int | bytearray]
    outcome: T

    def execute(self, cursor: sqlite3.Cursor) -> T | None:
        """Do it; None if something is different, and nothing was changed."""
        connection = cursor.connection
        before = connection.total_changes
        cursor.execute(self.sql, self.parameters)
        return self.outcome if connection.total_changes > before else None


async def carry_out(
    place: Place, foreseen: Foreseen[T] | None, otherwise: Callable[[sqlite3.Cursor], T]
) -> T:
    """What was foreseen, if it was and all is so; else what `otherwise` comes to."""
    if foreseen is not None:
        outcome = await place.write(foreseen.execute, one_statement=True)
        if outcome is not None:
            return outcome
    return await place.write(otherwise)


def foresee_handed_over(
    bundles: Iterable[Bundle], known: Mapping[Target, int], hand: Hand, lease: Lease, last: int, now: int
) -> Foreseen[Stored] | None:
    """That all of them are new, and handed over to a worker which still has its lease.

    Args:
        known: numbers of targets that are certain.
        last: the last place in the order, if nobody else has enqueued anything.
        now: microseconds since 1970.
    """
    if lease.worker != hand.worker or not lease.is_long_enough(hand.until, now):
        return None
    seq, targets = last + 1, set()
    rows: list[tuple[int | str, ...]] = []
    bodies = bytearray(1)  # never empty: `substr()` of nothing is NULL
    accepted: list[tuple[Accepted, ...]] = []
    events: list[int | None] = []
    handed: list[Handed] = []
    for event, deliveries, _ in bundles:
        first = seq
        told: tuple[int | str, ...] = (
            first + len(deliveries) - 1, event.event_id, event.event_type, len(bodies) + 1, len(event.body)
        )  # fmt: skip
        for new in deliveries:
            target = known.get(new.target)
            if target is None or new.idempotency_key is not None or new.delivery_id not in hand.wanted:
                return None
            targets.add(target)
            rows.append((seq, new.delivery_id, first, target, *told))
            told = ()
            handed.append((seq, first, new))
            seq += 1
        bodies += event.body
        if len(bodies) > _MOST_BYTES:
            return None
        accepted.append(tuple([Accepted(new.delivery_id) for new in deliveries]))
        events.append(first)
    text = _encode(rows)
    if _NUL in text:
        return None
    parameters = (
        now, lease.token, bodies, text, last, hand.worker, lease.token, as_json(targets), now
    )  # fmt: skip
    stored = Stored(accepted, events, {}, handed, lease, pending=False, before=last, last=seq - 1)
    return Foreseen(_HAND_OVER, parameters, stored)


def foresee_delivered(
    results: Sequence[Result], known: Mapping[Target, int], now: int
) -> Foreseen[list[Taken]] | None:
    """That all were delivered, by the worker that still holds them, and no target had been failing.

    Args:
        known: numbers of targets that are certain.
        now: microseconds since 1970.
    """
    token = results[0].claimed.token
    rows: list[tuple[int | str | None, ...]] = []
    handles: set[int] = set()
    succeeded: Counter[int] = Counter()
    latest: dict[int, Attempt] = {}
    latencies: Counter[tuple[int, int]] = Counter()
    for result in results:
        claimed, attempt = result.claimed, result.attempt
        delivery = claimed.delivery
        target = known.get(delivery.target)
        if attempt is None or attempt.error is not None or not isinstance(result.verdict, Done):
            return None
        if target is None or claimed.token != token or delivery.ordering_key is not None:
            return None
        started, latency = microseconds(attempt.started_at), attempt.latency // _MICROSECOND
        told = (attempt.http_status, attempt.excerpt, attempt.address, attempt.request_id)
        rows.append((claimed.handle, delivery.attempts + 1, started, latency, *told))
        handles.add(claimed.handle)
        succeeded[target] += 1
        latest[target] = attempt
        latencies[target, bucket(latency)] += 1
    if len(handles) < len(results):  # a second result of the same delivery
        return None
    for target, times in succeeded.items():
        attempt = latest[target]
        last_at = microseconds(attempt.started_at)
        rows.append((None, None, last_at, None, attempt.http_status, None, None, None, target, times))
    for (target, number), times in latencies.items():
        rows.append((*[None] * 8, target, times, number))
    text = _encode(rows)
    if _NUL in text:
        return None
    parameters = (now, text, len(results), as_json(handles), token)
    return Foreseen(_DELIVERED, parameters, [ACCEPTED] * len(results))
