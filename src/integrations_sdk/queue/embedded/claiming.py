"""Handing out due deliveries under leases, within an open transaction.

Targets stand in a line, ordered by `turn_at`; one that was served goes to its end. So a backlog, however
long, delays nobody else, and a claim looks at no more of it than it hands out.
"""
# ruff: noqa: S608  # only constants are joined into the SQL; every value is a parameter

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias, cast

from integrations_sdk.models.delivery import Target
from integrations_sdk.queue.embedded.bulk import as_json
from integrations_sdk.queue.embedded.enqueueing import NEXT_SLOTS, renew
from integrations_sdk.queue.turns import Pace, Slot, give_slots, in_turns, room

__all__ = [
    "Claim",
    "claim",
    "extend",
    "fetch_events",
    "fetch_targets",
    "next_due",
    "release",
    "take_turns",
    "version",
]


Details: TypeAlias = list[Any]  # columns of several types
"""A delivery as `_CANDIDATES` reads it: its number first, its target at `_TARGET`."""

_TARGET: Final = 3


class Claim(NamedTuple):
    """What was handed out, the slots of some of it, and when there is more."""

    token: int
    rows: list[Details]
    slots: dict[int, Slot]
    next_at: int | None


# Whose leases have ended, and who stands in the line; in one statement, as the first is nearly always nobody.
_LOOK: Final = (
    "SELECT json_array(json((SELECT json_group_array(token) FROM integrations_leases"
    " WHERE expires_at <= ? AND worker <> ?)), json((SELECT json_group_array(json_array(seq, gap, slot_at)) FROM"
    " (SELECT seq, gap, slot_at FROM integrations_targets WHERE held_at IS NULL AND turn_at <= ?"
    " AND turn_at IS NOT NULL"
    " AND seq NOT IN (SELECT value FROM json_each(?)) ORDER BY turn_at LIMIT ?))))"
)
# CROSS JOIN keeps the line outermost; the inner select then reads a few entries of one index for each target.
_CANDIDATES: Final = (
    "SELECT json_group_array(json_array(d.seq, d.id, d.event, d.target, d.key, d.idempotency, d.attempts,"
    " d.tries, d.due_at, d.created_at, d.error)) FROM json_each(?) line"
    " CROSS JOIN integrations_deliveries d WHERE d.seq IN (SELECT x.seq FROM integrations_deliveries x"
    " WHERE x.target = line.value AND x.state = 0 AND x.due_at <= ? ORDER BY x.due_at, x.seq LIMIT ?)"
)
_TAKE: Final = (
    "UPDATE integrations_deliveries SET state = 2, lease = ? WHERE seq IN (SELECT value FROM json_each(?))"
)
_TAKE_TURNS: Final = (
    "UPDATE integrations_targets SET turn_at = max((SELECT d.due_at FROM integrations_deliveries d"
    " WHERE d.target = integrations_targets.seq AND d.state = 0 ORDER BY d.due_at LIMIT 1), ?,"
    f" {NEXT_SLOTS}) WHERE seq IN (SELECT value FROM json_each(?))"
)
_NEXT_SLOT: Final = "UPDATE integrations_targets SET slot_at = ? WHERE seq = ?"
_NEXT: Final = (
    "SELECT (SELECT turn_at FROM integrations_targets WHERE held_at IS NULL AND turn_at IS NOT NULL"
    " AND seq NOT IN (SELECT value FROM json_each(?)) ORDER BY turn_at LIMIT 1),"
    " (SELECT min(expires_at) FROM integrations_leases l WHERE worker <> ? AND EXISTS"
    " (SELECT 1 FROM integrations_deliveries d WHERE d.lease = l.token AND d.state = 2))"
)
_GIVE_BACK: Final = "UPDATE integrations_deliveries SET state = 0, lease = NULL WHERE lease = ? AND state = 2"
_RELEASE: Final = (
    "UPDATE integrations_deliveries SET state = 0, lease = NULL"
    " WHERE seq IN (SELECT value FROM json_each(?)) AND lease = ? AND state = 2"
)


def claim(
    cursor: sqlite3.Cursor,
    worker: str,
    *,
    limit: int,
    per_target: int,
    busy: Mapping[int, int],
    until: int,
    now: int,
    lead: int = 0,
) -> Claim:
    """Hand out deliveries; see `Queue.claim`. Times are microseconds since 1970, targets their numbers.

    Args:
        lead: slots begin so much later than now, because the worker will not hear of them sooner.
    """
    full = {target for target, held in busy.items() if held >= per_target}
    line = _look(cursor, worker, full, limit, now)
    token = renew(cursor, worker, until, insert=bool(line))
    rooms = {target: per_target - busy.get(target, 0) for target, _, _ in line}
    paces = {target: Pace(gap, max(slot, now + lead)) for target, gap, slot in line if gap}
    left = {**rooms, **{target: min(rooms[target], room(pace, now)) for target, pace in paces.items()}}
    given = dict(left)
    taken = _pick(cursor, token, left, limit, now)
    slots = _give_slots(cursor, paces, taken) if paces else {}
    take_turns(cursor, rooms, now)
    if len(taken) == limit:  # there may be more at once
        return Claim(token, taken, slots, now)
    full |= {target for target, room in rooms.items() if room <= given[target] - left[target]}
    return Claim(token, taken, slots, _next(cursor, worker, full))


def extend(cursor: sqlite3.Cursor, worker: str, until: int) -> bool:
    """Renew the lease; False if there is none."""
    return bool(renew(cursor, worker, until, insert=False))


def release(cursor: sqlite3.Cursor, held: Mapping[int, Sequence[int]], now: int) -> None:
    """Give back deliveries, by the token under which they are held."""
    for token, handles in held.items():
        chosen = as_json(handles)
        cursor.execute(_RELEASE, (chosen, token))
        sql = "SELECT DISTINCT target FROM integrations_deliveries WHERE seq IN (SELECT value FROM json_each(?))"
        take_turns(cursor, [row[0] for row in cursor.execute(sql, (chosen,)).fetchall()], now)


def take_turns(cursor: sqlite3.Cursor, targets: Iterable[int], now: int) -> None:
    """Put targets in the line by what they have pending: at its end, or where they will be due."""
    if chosen := list(targets):
        cursor.execute(_TAKE_TURNS, (now, as_json(chosen)))


def next_due(cursor: sqlite3.Cursor, worker: str = "") -> int | None:
    """When anything is next due, or a lease of another worker ends."""
    return _next(cursor, worker, ())


def fetch_events(cursor: sqlite3.Cursor, events: Iterable[int]) -> list[tuple[int, str, str, bytes]]:
    """Events by their numbers: number, id, type, body."""
    sql = "SELECT seq, id, type, body FROM integrations_events WHERE seq IN (SELECT value FROM json_each(?))"
    return cursor.execute(sql, (as_json(events),)).fetchall()


def fetch_targets(cursor: sqlite3.Cursor, targets: Iterable[int]) -> dict[Target, int]:
    """Targets by their numbers."""
    sql = (
        "SELECT seq, kind, id, tenant, project FROM integrations_targets"
        " WHERE seq IN (SELECT value FROM json_each(?))"
    )
    return {Target(*name): number for number, *name in cursor.execute(sql, (as_json(targets),)).fetchall()}


def version(cursor: sqlite3.Cursor) -> int:
    """Another number whenever another connection changed the database."""
    return int(cursor.execute("PRAGMA data_version").fetchone()[0])


def _look(cursor: sqlite3.Cursor, worker: str, full: Iterable[int], limit: int, now: int) -> list[list[int]]:
    """The line of targets, after what other workers held under ended leases is pending again.

    Nobody took over one's own.
    """
    sought = (now, worker, now, as_json(full), limit)
    ended, line = json.loads(cursor.execute(_LOOK, sought).fetchone()[0])
    if not ended:
        return cast("list[list[int]]", line)
    for token in ended:
        sql = "SELECT DISTINCT target FROM integrations_deliveries WHERE lease = ? AND state = 2"
        targets = [row[0] for row in cursor.execute(sql, (token,)).fetchall()]
        cursor.execute(_GIVE_BACK, (token,))
        cursor.execute("DELETE FROM integrations_leases WHERE token = ?", (token,))
        take_turns(cursor, targets, now)
    return _look(cursor, worker, full, limit, now)


def _pick(cursor: sqlite3.Cursor, token: int, rooms: dict[int, int], limit: int, now: int) -> list[Details]:
    """Lease up to `limit` deliveries of the targets in equal shares; `rooms` says how much room is left."""
    taken: list[Details] = []
    line = list(rooms)
    while line and len(taken) < limit:
        share = -(-(limit - len(taken)) // len(line))
        found: dict[int, list[Details]] = {target: [] for target in line}
        for row in json.loads(cursor.execute(_CANDIDATES, (as_json(line), now, share)).fetchone()[0]):
            if len(found[row[_TARGET]]) < rooms[row[_TARGET]]:
                found[row[_TARGET]].append(row)
        chosen = in_turns(list(found.values()), limit - len(taken))
        if not chosen:
            break
        cursor.execute(_TAKE, (token, as_json(row[0] for row in chosen)))
        taken += chosen
        for row in chosen:
            rooms[row[_TARGET]] -= 1
        line = [target for target in line if rooms[target] > 0 and len(found[target]) == share]
    return taken


def _give_slots(cursor: sqlite3.Cursor, paces: dict[int, Pace], taken: Iterable[Details]) -> dict[int, Slot]:
    """Slots for what was taken of targets with a rate limit, in the order in which it was taken."""
    slots = give_slots(paces, ((row[0], row[_TARGET]) for row in taken))
    cursor.executemany(_NEXT_SLOT, [(pace.slot, target) for target, pace in paces.items()])
    return slots


def _next(cursor: sqlite3.Cursor, worker: str, full: Iterable[int]) -> int | None:
    times = cursor.execute(_NEXT, (as_json(full), worker)).fetchone()
    return min((time for time in times if time is not None), default=None)
