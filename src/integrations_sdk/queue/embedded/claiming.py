"""Handing out due deliveries under leases, within an open transaction.

Targets stand in a line, ordered by `turn_at`; one that was served goes to its end. So a backlog, however
long, delays nobody else, and a claim looks at no more of it than it hands out.
"""
# ruff: noqa: S608  # only constants are joined into the SQL; every value is a parameter

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from integrations_sdk.models.delivery import Target
from integrations_sdk.queue.embedded.bulk import as_json, fetch_rows
from integrations_sdk.queue.embedded.enqueueing import AHEAD, NEXT_SLOTS

__all__ = [
    "Claim",
    "Slot",
    "claim",
    "extend",
    "fetch_events",
    "fetch_targets",
    "next_due",
    "release",
    "take_turns",
    "version",
]


class Slot(NamedTuple):
    """When a delivery is to be sent, and the time between two slots of its target."""

    at: int
    gap: int


class Claim(NamedTuple):
    """What was handed out, as the columns of `_DETAILS`, the slots of some of it, and when there is more."""

    token: int
    rows: list[list[object]]
    slots: dict[int, Slot]
    next_at: int | None


class _Pace(NamedTuple):
    """The rate limit of a target: the time between two slots, and the next one."""

    gap: int
    slot: int


_LINE: Final = (
    "SELECT json_group_array(json_array(seq, gap, slot_at)) FROM (SELECT seq, gap, slot_at FROM queue_targets"
    " WHERE held_at IS NULL AND turn_at <= ?"
    " AND turn_at IS NOT NULL AND seq NOT IN (SELECT value FROM json_each(?)) ORDER BY turn_at LIMIT ?)"
)
# CROSS JOIN keeps the line outermost; the inner select then reads a few entries of one index for each target.
_CANDIDATES: Final = (
    "SELECT json_group_array(json_array(d.target, d.seq)) FROM json_each(?) line"
    " CROSS JOIN queue_deliveries d WHERE d.seq IN (SELECT x.seq FROM queue_deliveries x"
    " WHERE x.target = line.value AND x.state = 0 AND x.due_at <= ? ORDER BY x.due_at, x.seq LIMIT ?)"
)
_TAKE: Final = (
    "UPDATE queue_deliveries SET state = 2, lease = ? WHERE seq IN (SELECT value FROM json_each(?))"
)
_DETAILS: Final = (
    "SELECT json_group_array(json_array(seq, id, event, target, key, idempotency, attempts, tries, due_at,"
    " created_at, error)) FROM queue_deliveries WHERE seq IN (SELECT value FROM json_each(?))"
)
_TAKE_TURNS: Final = (
    "UPDATE queue_targets SET turn_at = max((SELECT d.due_at FROM queue_deliveries d"
    " WHERE d.target = queue_targets.seq AND d.state = 0 ORDER BY d.due_at LIMIT 1), ?,"
    f" {NEXT_SLOTS}) WHERE seq IN (SELECT value FROM json_each(?))"
)
_NEXT_SLOT: Final = "UPDATE queue_targets SET slot_at = ? WHERE seq = ?"
_FIRST_TURN: Final = (
    "SELECT turn_at FROM queue_targets WHERE held_at IS NULL AND turn_at IS NOT NULL"
    " AND seq NOT IN (SELECT value FROM json_each(?)) ORDER BY turn_at LIMIT 1"
)
_FIRST_END: Final = (
    "SELECT min(expires_at) FROM queue_leases l WHERE worker <> ? AND EXISTS"
    " (SELECT 1 FROM queue_deliveries d WHERE d.lease = l.token AND d.state = 2)"
)
_GIVE_BACK: Final = "UPDATE queue_deliveries SET state = 0, lease = NULL WHERE lease = ? AND state = 2"
_RELEASE: Final = (
    "UPDATE queue_deliveries SET state = 0, lease = NULL"
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
    _take_over(cursor, worker, now)
    full = {target for target, held in busy.items() if held >= per_target}
    line = fetch_rows(cursor, _LINE, (now, as_json(full), limit))
    token = _renew(cursor, worker, until, insert=bool(line))
    rooms = {target: per_target - busy.get(target, 0) for target, _, _ in line}
    paces = {target: _Pace(gap, max(slot, now + lead)) for target, gap, slot in line if gap}
    left = {**rooms, **{target: min(rooms[target], _slots(pace, now)) for target, pace in paces.items()}}
    given = dict(left)
    taken = _pick(cursor, token, left, limit, now)
    details: list[list[object]] = (
        json.loads(cursor.execute(_DETAILS, (as_json(taken),)).fetchone()[0]) if taken else []
    )
    slots = _give_slots(cursor, paces, taken, details) if paces else {}
    take_turns(cursor, rooms, now)
    if len(taken) == limit:  # there may be more at once
        return Claim(token, details, slots, now)
    full |= {target for target, room in rooms.items() if room <= given[target] - left[target]}
    return Claim(token, details, slots, _next(cursor, worker, full))


def extend(cursor: sqlite3.Cursor, worker: str, until: int) -> bool:
    """Renew the lease; False if there is none."""
    return bool(_renew(cursor, worker, until, insert=False))


def release(cursor: sqlite3.Cursor, held: Mapping[int, Sequence[int]], now: int) -> None:
    """Give back deliveries, by the token under which they are held."""
    for token, handles in held.items():
        chosen = as_json(handles)
        cursor.execute(_RELEASE, (chosen, token))
        sql = "SELECT DISTINCT target FROM queue_deliveries WHERE seq IN (SELECT value FROM json_each(?))"
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
    sql = "SELECT seq, id, type, body FROM queue_events WHERE seq IN (SELECT value FROM json_each(?))"
    return cursor.execute(sql, (as_json(events),)).fetchall()


def fetch_targets(cursor: sqlite3.Cursor, targets: Iterable[int]) -> dict[Target, int]:
    """Targets by their numbers."""
    sql = "SELECT seq, kind, id, tenant, project FROM queue_targets WHERE seq IN (SELECT value FROM json_each(?))"
    return {Target(*name): number for number, *name in cursor.execute(sql, (as_json(targets),)).fetchall()}


def version(cursor: sqlite3.Cursor) -> int:
    """Another number whenever another connection changed the database."""
    return int(cursor.execute("PRAGMA data_version").fetchone()[0])


def _take_over(cursor: sqlite3.Cursor, worker: str, now: int) -> None:
    """Have what other workers hold under an ended lease pending again; nobody took over one's own."""
    sql = "SELECT token FROM queue_leases WHERE expires_at <= ? AND worker <> ?"
    for (token,) in cursor.execute(sql, (now, worker)).fetchall():
        sql = "SELECT DISTINCT target FROM queue_deliveries WHERE lease = ? AND state = 2"
        targets = [row[0] for row in cursor.execute(sql, (token,)).fetchall()]
        cursor.execute(_GIVE_BACK, (token,))
        cursor.execute("DELETE FROM queue_leases WHERE token = ?", (token,))
        take_turns(cursor, targets, now)


def _renew(cursor: sqlite3.Cursor, worker: str, until: int, *, insert: bool) -> int:
    """The worker's token, 0 if it has none and needs none."""
    sql = "UPDATE queue_leases SET expires_at = ? WHERE worker = ? RETURNING token"
    row = cursor.execute(sql, (until, worker)).fetchone()
    if row is None and insert:
        sql = "INSERT INTO queue_leases (worker, expires_at) VALUES (?, ?) RETURNING token"
        row = cursor.execute(sql, (worker, until)).fetchone()
    return int(row[0]) if row else 0


def _pick(cursor: sqlite3.Cursor, token: int, rooms: dict[int, int], limit: int, now: int) -> list[int]:
    """Lease up to `limit` deliveries of the targets in equal shares; `rooms` says how much room is left."""
    taken: list[int] = []
    line = list(rooms)
    while line and len(taken) < limit:
        share = -(-(limit - len(taken)) // len(line))
        found: dict[int, list[int]] = {target: [] for target in line}
        for target, seq in fetch_rows(cursor, _CANDIDATES, (as_json(line), now, share)):
            if len(found[target]) < rooms[target]:
                found[target].append(seq)
        chosen = _in_turns(list(found.values()), limit - len(taken))
        if not chosen:
            break
        cursor.execute(_TAKE, (token, as_json(chosen)))
        taken += chosen
        picked = set(chosen)
        for target, seqs in found.items():
            rooms[target] -= len(picked.intersection(seqs))
        line = [target for target in line if rooms[target] > 0 and len(found[target]) == share]
    return taken


def _in_turns(lists: Sequence[Sequence[int]], limit: int) -> list[int]:
    """The first of each, then the second of each, up to the limit."""
    longest = max(map(len, lists), default=0)
    order = [items[rank] for rank in range(longest) for items in lists if rank < len(items)]
    return order[:limit]


def _slots(pace: _Pace, now: int) -> int:
    """How many slots may be given now."""
    return max(0, (now + AHEAD - pace.slot) // pace.gap + 1)


def _give_slots(
    cursor: sqlite3.Cursor, paces: dict[int, _Pace], taken: Sequence[int], details: Iterable[Sequence[object]]
) -> dict[int, Slot]:
    """Slots for what was taken of targets with a rate limit, in the order in which it was taken."""
    targets = {row[0]: row[3] for row in details}
    slots: dict[int, Slot] = {}
    for seq in taken:
        target = targets[seq]
        if isinstance(target, int) and (pace := paces.get(target)) is not None:
            slots[seq] = Slot(pace.slot, pace.gap)
            paces[target] = pace._replace(slot=pace.slot + pace.gap)
    cursor.executemany(_NEXT_SLOT, [(pace.slot, target) for target, pace in paces.items()])
    return slots


def _next(cursor: sqlite3.Cursor, worker: str, full: Iterable[int]) -> int | None:
    turn = cursor.execute(_FIRST_TURN, (as_json(full),)).fetchone()
    lease = cursor.execute(_FIRST_END, (worker,)).fetchone()
    times = [row[0] for row in (turn, lease) if row is not None and row[0] is not None]
    return min(times) if times else None
