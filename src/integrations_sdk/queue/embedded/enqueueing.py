"""Taking in events and their deliveries, within an open transaction."""
# ruff: noqa: S608  # only constants are joined into the SQL; every value is a parameter

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from integrations_sdk.models.delivery import Target
from integrations_sdk.queue.base import Accepted, NewDelivery, QueuedEvent
from integrations_sdk.queue.embedded.bulk import ROWS, Row, Value, as_json, execute_rows, fetch_rows
from integrations_sdk.queue.turns import AHEAD
from integrations_sdk.store.encoding import microseconds

__all__ = ["NEXT_SLOTS", "Bundle", "Taken", "add_first_due", "in_line", "number", "store"]

NEXT_SLOTS: Final = f"iif(gap > 0, slot_at - {AHEAD // 2}, 0)"
"""When more slots are given, in the row of a target: many at a time, or a claim would be made for each of them."""


class Bundle(NamedTuple):
    """An event with its deliveries."""

    event: QueuedEvent
    deliveries: Sequence[NewDelivery]


class Taken(NamedTuple):
    """What became of a bundle; `event` is its number, None if nothing of it was new."""

    accepted: tuple[Accepted, ...]
    event: int | None


_PLAIN: Final = (
    "INSERT INTO queue_deliveries (seq, id, event, target, state, due_at, created_at, key, idempotency)"
    f" SELECT * FROM (VALUES {ROWS}) WHERE column1 IS NOT NULL"
)
# A delivery waits if an earlier one of its key has not ended, here or (`state` says so) among the same rows.
_KEYED: Final = (
    "INSERT INTO queue_deliveries (seq, id, event, target, state, due_at, created_at, key, idempotency)"
    f" WITH v (seq, id, event, target, state, due_at, created_at, key, idempotency) AS (VALUES {ROWS})"
    " SELECT seq, id, event, target, CASE WHEN state = 0 AND EXISTS (SELECT 1 FROM queue_deliveries d"
    " WHERE d.target = v.target AND d.key = v.key AND d.state < 3) THEN 1 ELSE state END,"
    " due_at, created_at, key, idempotency FROM v WHERE seq IS NOT NULL"
)
_EVENTS: Final = (
    "INSERT INTO queue_events (seq, last, id, type, body)"
    f" SELECT * FROM (VALUES {ROWS}) WHERE column1 IS NOT NULL"
)
_IN_LINE: Final = (
    f"WITH v (target, due) AS (VALUES {ROWS}) UPDATE queue_targets"
    f" SET turn_at = max(v.due, {NEXT_SLOTS}) FROM v"
    f" WHERE seq = v.target AND (turn_at IS NULL OR turn_at > max(v.due, {NEXT_SLOTS}))"
)
_FIRST_DUE: Final = (
    "SELECT json_group_array(json_array(target, due_at)) FROM queue_deliveries"
    " WHERE seq IN (SELECT value FROM json_each(?)) AND state = 0"
)
_TARGET: Final = "SELECT seq FROM queue_targets WHERE kind = ? AND tenant = ? AND id = ?"
_NEW_TARGET: Final = "INSERT INTO queue_targets (kind, tenant, id, project) VALUES (?, ?, ?, ?) RETURNING seq"
_KNOWN: Final = (
    "SELECT id FROM queue_deliveries WHERE target = ? AND idempotency = ? AND idempotency IS NOT NULL"
)


def store(
    cursor: sqlite3.Cursor, bundles: Sequence[Bundle], known: Mapping[Target, int], now: int
) -> tuple[list[Taken], dict[Target, int]]:
    """Store the bundles.

    Args:
        known: numbers of targets that are certain; not changed here, because all this may be rolled back.
        now: microseconds since 1970.

    Returns:
        What became of each bundle, and the numbers of the other targets that were needed.
    """
    found = _targets(cursor, bundles, known)
    numbers = {**known, **found} if found else known
    seq = _last(cursor) + 1
    plain: list[Row] = []
    keyed: list[Row] = []
    events: list[Row] = []
    heads: set[tuple[int, str]] = set()
    once: dict[tuple[int, str], str] = {}
    due_by_target: dict[int, int] = {}
    taken = []
    for event, deliveries in bundles:
        first = seq
        accepted = []
        for delivery in deliveries:
            target, key = numbers[delivery.target], delivery.ordering_key
            if (before := _before(cursor, delivery, target, once)) is not None:
                accepted.append(Accepted(before, duplicate=True))
                continue
            accepted.append(Accepted(delivery.delivery_id))
            due = now if delivery.due_at is None else microseconds(delivery.due_at)
            behind = key is not None and (target, key) in heads
            if key is not None:
                heads.add((target, key))
            row = (
                seq, delivery.delivery_id, first, target, int(behind), due, now, key, delivery.idempotency_key,
            )  # fmt: skip
            (plain if key is None else keyed).append(row)
            if key is None and due < due_by_target.get(target, due + 1):
                due_by_target[target] = due
            seq += 1
        if seq > first:
            events.append((first, seq - 1, event.event_id, event.event_type, event.body))
        taken.append(Taken(tuple(accepted), first if seq > first else None))
    execute_rows(cursor, _PLAIN, plain)
    execute_rows(cursor, _KEYED, keyed)
    execute_rows(cursor, _EVENTS, events)
    if keyed:
        add_first_due(cursor, (row[0] for row in keyed), due_by_target)
    in_line(cursor, due_by_target)
    return taken, found


def add_first_due(cursor: sqlite3.Cursor, handles: Iterable[Value], due: dict[int, int]) -> None:
    """Have `due` know when the pending ones of some deliveries are; those that wait are not in line."""
    for target, when in fetch_rows(cursor, _FIRST_DUE, (as_json(handles),)):
        due[target] = min(due.get(target, when), when)


def number(cursor: sqlite3.Cursor, target: Target) -> int:
    """The number of a target; it is given one if it has none."""
    name = (target.kind, target.tenant_id, target.id)
    row = (
        cursor.execute(_TARGET, name).fetchone()
        or cursor.execute(_NEW_TARGET, (*name, target.project_id)).fetchone()
    )
    return int(row[0])


def in_line(cursor: sqlite3.Cursor, due: Mapping[int, int]) -> None:
    """Have targets stand in the line for workers no later than so."""
    execute_rows(cursor, _IN_LINE, list(due.items()))


def _targets(
    cursor: sqlite3.Cursor, bundles: Iterable[Bundle], known: Mapping[Target, int]
) -> dict[Target, int]:
    found: dict[Target, int] = {}
    for _, deliveries in bundles:
        for delivery in deliveries:
            target = delivery.target
            if target not in known and target not in found:
                found[target] = number(cursor, target)
    return found


def _before(
    cursor: sqlite3.Cursor, delivery: NewDelivery, target: int, once: dict[tuple[int, str], str]
) -> str | None:
    """The id of the delivery that was taken before under the same idempotency key."""
    if delivery.idempotency_key is None:
        return None
    name = (target, delivery.idempotency_key)
    if name not in once:
        row = cursor.execute(_KNOWN, name).fetchone()
        if row is None:
            once[name] = delivery.delivery_id
            return None
        once[name] = row[0]
    return once[name]


def _last(cursor: sqlite3.Cursor) -> int:
    """The last place in the order. Purging leaves the newest delivery, so no place is given twice."""
    row = cursor.execute("SELECT seq FROM queue_deliveries ORDER BY seq DESC LIMIT 1").fetchone()
    return int(row[0]) if row else 0
