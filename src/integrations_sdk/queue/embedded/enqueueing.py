"""Taking in events and their deliveries, within an open transaction."""
# ruff: noqa: S608  # only constants are joined into the SQL; every value is a parameter

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple, TypeAlias

from integrations_sdk.models.delivery import Target
from integrations_sdk.queue.base import Accepted, NewDelivery, QueuedEvent
from integrations_sdk.queue.embedded.bulk import (
    GIVEN,
    NOTHING,
    ROWS,
    Value,
    as_json,
    execute_rows,
    fetch_rows,
    or_null,
)
from integrations_sdk.queue.rows import LEASED, PENDING, WAITING
from integrations_sdk.store.encoding import microseconds

__all__ = [
    "AHEAD",
    "IS_FREE",
    "LAST",
    "NEXT_SLOTS",
    "Bundle",
    "Hand",
    "Handed",
    "Lease",
    "Stored",
    "add_first_due",
    "in_line",
    "number",
    "renew",
    "store",
]

AHEAD: Final = 1_000_000
"""How far ahead slots are given, in microseconds: the more, the fewer claims; the fewer, the less a kill wastes."""

NEXT_SLOTS: Final = f"iif(gap > 0, slot_at - {AHEAD // 2}, 0)"
"""When more slots are given, in the row of a target: many at a time, or a claim would be made for each of them."""


class Bundle(NamedTuple):
    """An event with its deliveries, and who waits for them to be stored."""

    event: QueuedEvent
    deliveries: Sequence[NewDelivery]
    future: asyncio.Future[tuple[Accepted, ...]] | None = None


class Hand(NamedTuple):
    """To whom deliveries may be handed over: a worker, until when it holds a lease then, and which of them."""

    worker: str
    until: int
    wanted: frozenset[str]


Handed: TypeAlias = tuple[int, int, NewDelivery]
"""A delivery that was stored as leased: its number, that of its event, and what it is."""


class Lease(NamedTuple):
    """A worker's lease, under which something was handed over; `token` 0 is none."""

    worker: str = ""
    token: int = 0
    expires_at: int = 0

    def is_long_enough(self, until: int, now: int) -> bool:
        """Whether half of the time until then is left: it is renewed then, not with each batch."""
        return 2 * self.expires_at >= now + until


class Stored(NamedTuple):
    """What became of bundles, one entry for each.

    Attributes:
        events: the numbers of the events; None where nothing of a bundle was new.
        targets: numbers of targets that were needed and not known.
        handed: what was handed over, under `lease`.
        pending: whether there is something to claim.
        before: the last place in the order before these, and `last` behind them.
    """

    accepted: list[tuple[Accepted, ...]]
    events: list[int | None]
    targets: dict[Target, int]
    handed: list[Handed]
    lease: Lease
    pending: bool
    before: int
    last: int


_INTO: Final = (
    "INSERT INTO integrations_deliveries (seq, id, event, target, due_at, created_at, key, idempotency, lease, state)"
    f" WITH v (seq, id, event, target, due_at, created_at, key, idempotency, lease, state) AS (VALUES {ROWS})"
    f" SELECT seq, id, event, target, due_at, created_at, {or_null('key')}, {or_null('idempotency')},"
    f" {or_null('lease')}, "
)
_PLAIN: Final = f"{_INTO} state FROM v WHERE seq <> {NOTHING}"
# A delivery waits if an earlier one of its key has not ended, here or (`state` says so) among the same rows.
_KEYED: Final = (
    f"{_INTO} CASE WHEN state = 0 AND EXISTS (SELECT 1 FROM integrations_deliveries d"
    f" WHERE d.target = v.target AND d.key = v.key AND d.state < 3) THEN 1 ELSE state END FROM v WHERE seq <> {NOTHING}"
)
_COLUMNS: Final = 10
_EVENTS: Final = (
    f"INSERT INTO integrations_events (seq, last, id, type, body) SELECT * FROM (VALUES {ROWS}) WHERE {GIVEN}"
)
_IN_LINE: Final = (
    f"WITH v (target, due) AS (VALUES {ROWS}) UPDATE integrations_targets"
    f" SET turn_at = max(v.due, {NEXT_SLOTS}) FROM v"
    f" WHERE seq = v.target AND (turn_at IS NULL OR turn_at > max(v.due, {NEXT_SLOTS}))"
)
_FIRST_DUE: Final = (
    "SELECT json_group_array(json_array(target, due_at)) FROM integrations_deliveries"
    " WHERE seq IN (SELECT value FROM json_each(?)) AND state = 0"
)
LAST: Final = "SELECT ifnull(max(seq), 0) FROM integrations_deliveries"
"""The last place in the order. Purging leaves the newest delivery, so that none is given twice."""

IS_FREE: Final = "held_at IS NULL AND gap = 0 AND (turn_at IS NULL OR turn_at > ?)"
"""Whether what is due now may be handed over for a target: it goes before nothing else, and needs no slot."""

# The last place in the order; which of the targets are free; and the lease under which would be handed over.
_LOOK: Final = (
    f"SELECT json_array(({LAST}), json((SELECT json_group_array(seq) FROM integrations_targets"
    f" WHERE seq IN (SELECT value FROM json_each(?)) AND {IS_FREE})),"
    " json((SELECT json_group_array(json_array(token, expires_at)) FROM integrations_leases WHERE worker = ?)))"
)
_TARGET: Final = "SELECT seq FROM integrations_targets WHERE kind = ? AND tenant = ? AND id = ?"
_NEW_TARGET: Final = (
    "INSERT INTO integrations_targets (kind, tenant, id, project) VALUES (?, ?, ?, ?) RETURNING seq"
)
_KNOWN: Final = (
    "SELECT id FROM integrations_deliveries WHERE target = ? AND idempotency = ? AND idempotency IS NOT NULL"
)


def store(
    cursor: sqlite3.Cursor,
    bundles: Sequence[Bundle],
    known: Mapping[Target, int],
    now: int,
    hand: Hand | None = None,
) -> Stored:
    """Store the bundles.

    Args:
        known: numbers of targets that are certain; not changed here, because all this may be rolled back.
        now: microseconds since 1970.
        hand: what may be handed over is.
    """
    found: dict[Target, int] = {}
    numbers = _numbers(cursor, bundles, known, found)
    rows = _Rows(now)
    rows.begin(cursor, hand, set(numbers))
    before = rows.seq - 1
    following = iter(numbers)
    accepted: list[tuple[Accepted, ...]] = []
    events: list[int | None] = []
    for bundle in bundles:
        first = rows.seq
        accepted.append(tuple([rows.add(cursor, new, next(following), first) for new in bundle.deliveries]))
        events.append(first if rows.seq > first else None)
        if rows.seq > first:
            event = bundle.event
            body = bytearray(event.body)  # `bytes` cost more than this copy, see `bulk`
            rows.events += (first, rows.seq - 1, event.event_id, event.event_type, body)
    pending = rows.write(cursor)
    return Stored(accepted, events, found, rows.handed, rows.lease, pending, before, last=rows.seq - 1)


_NOBODY: Final[frozenset[str]] = frozenset()


class _Rows:
    """Rows of one batch, gathered delivery by delivery and written together."""

    def __init__(self, now: int) -> None:
        self.seq = 1
        self._now = now
        self.events: list[Value] = []
        self.handed: list[Handed] = []
        self.lease = Lease()
        self._wanted = _NOBODY
        self._free: set[int] = set()
        self._plain: list[Value] = []
        self._keyed: list[Value] = []
        self._due: dict[int, int] = {}
        self._heads: set[tuple[int, str]] = set()
        self._once: dict[tuple[int, str], str] = {}

    def begin(self, cursor: sqlite3.Cursor, hand: Hand | None, targets: Iterable[int]) -> None:
        """Find the place to go on from, and what for these targets may be handed over."""
        if hand is None:
            self.seq = cursor.execute(LAST).fetchone()[0] + 1
            return
        row = cursor.execute(_LOOK, (as_json(targets), self._now, hand.worker)).fetchone()
        last, free, leases = json.loads(row[0])
        self.seq = last + 1
        if free:
            self._wanted, self._free = hand.wanted, set(free)
            self.lease = self._leased(cursor, hand, leases)

    def _leased(self, cursor: sqlite3.Cursor, hand: Hand, leases: list[list[int]]) -> Lease:
        for token, expires_at in leases:
            lease = Lease(hand.worker, token, expires_at)
            if lease.is_long_enough(hand.until, self._now):
                return lease
        return Lease(hand.worker, renew(cursor, hand.worker, hand.until, insert=True), hand.until)

    def add(self, cursor: sqlite3.Cursor, new: NewDelivery, target: int, event: int) -> Accepted:
        """Add a delivery for the target, of the event, of these numbers, unless it was taken before."""
        key, now = new.ordering_key, self._now
        if new.idempotency_key is not None:
            before = _before(cursor, new, target, self._once)
            if before is not None:
                return Accepted(before, duplicate=True)
        due = now if new.due_at is None else microseconds(new.due_at)
        seq, state, rows = self.seq, PENDING, self._plain
        lease: Value = NOTHING
        if key is not None:
            rows = self._keyed
            state = WAITING if (target, key) in self._heads else PENDING
            self._heads.add((target, key))
        elif new.delivery_id in self._wanted and target in self._free:
            state, lease = LEASED, self.lease.token
            self.handed.append((seq, event, new))
        elif due < self._due.get(target, due + 1):
            self._due[target] = due
        if state != LEASED and due <= now:  # it goes first now
            self._free.discard(target)
        idempotency = new.idempotency_key or NOTHING
        rows += (seq, new.delivery_id, event, target, due, now, key or NOTHING, idempotency, lease, state)
        self.seq += 1
        return Accepted(new.delivery_id)

    def write(self, cursor: sqlite3.Cursor) -> bool:
        """Write what was gathered; whether there is something to claim."""
        execute_rows(cursor, _PLAIN, _COLUMNS, self._plain)
        execute_rows(cursor, _KEYED, _COLUMNS, self._keyed)
        execute_rows(cursor, _EVENTS, 5, self.events)
        if self._keyed:
            add_first_due(cursor, self._keyed[::_COLUMNS], self._due)
        in_line(cursor, self._due)
        return bool(self._due)


def add_first_due(cursor: sqlite3.Cursor, handles: Iterable[Value], due: dict[int, int]) -> None:
    """Have `due` know when the pending ones of some deliveries are; those that wait are not in line."""
    for target, when in fetch_rows(cursor, _FIRST_DUE, (as_json(handles),)):
        due[target] = min(due.get(target, when), when)


def renew(cursor: sqlite3.Cursor, worker: str, until: int, *, insert: bool) -> int:
    """Renew the worker's lease; its token, 0 if it has none and needs none."""
    sql = "UPDATE integrations_leases SET expires_at = ? WHERE worker = ? RETURNING token"
    row = cursor.execute(sql, (until, worker)).fetchone()
    if row is None and insert:
        sql = "INSERT INTO integrations_leases (worker, expires_at) VALUES (?, ?) RETURNING token"
        row = cursor.execute(sql, (worker, until)).fetchone()
    return int(row[0]) if row else 0


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
    execute_rows(cursor, _IN_LINE, 2, list(chain.from_iterable(due.items())))


def _numbers(
    cursor: sqlite3.Cursor, bundles: Iterable[Bundle], known: Mapping[Target, int], found: dict[Target, int]
) -> list[int]:
    """The numbers of all deliveries' targets, in their order; those that are not known are put into `found`."""
    numbers = []
    for bundle in bundles:
        for delivery in bundle.deliveries:
            target = delivery.target
            at = known.get(target) or found.get(target)
            if at is None:
                at = found[target] = number(cursor, target)
            numbers.append(at)
    return numbers


def _before(
    cursor: sqlite3.Cursor, delivery: NewDelivery, target: int, once: dict[tuple[int, str], str]
) -> str | None:
    """The id of the delivery that was taken before under the same idempotency key."""
    name = (target, delivery.idempotency_key or "")
    if name not in once:
        row = cursor.execute(_KNOWN, name).fetchone()
        if row is None:
            once[name] = delivery.delivery_id
            return None
        once[name] = row[0]
    return once[name]
