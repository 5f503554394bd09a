"""Handing out due deliveries under leases, within an open transaction.

Targets stand in a line, ordered by `turn_at`; one that was served goes to its end. A claim locks the places of
those it serves, and passes over those that another one is serving. So a backlog, however long, delays nobody
else, workers do not wait for each other, and a claim looks at no more than it hands out.
"""
# ruff: noqa: S608  # only constants and the schema's checked name are joined into the SQL; values are parameters

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from integrations_sdk.queue.postgres.place import Rows, Sql
from integrations_sdk.queue.postgres.turning import take_in, take_turns
from integrations_sdk.queue.turns import Pace, Slot, give_slots, in_turns, room
from integrations_sdk.store.postgres.connection import Connection
from integrations_sdk.store.postgres.database import Done

__all__ = ["Claim", "claim", "extend", "fetch_events", "next_due", "release"]


class Claim(NamedTuple):
    """What was handed out, as `claimed_of()` takes it, the slots of some of it, and when there is more."""

    token: int
    rows: Rows
    slots: dict[int, Slot]
    next_at: int | None


# `state + 0` keeps the planner from the partial indexes where a row is known by its number, and `OFFSET 0` from
# turning a look at one row into a join with all of them: plans are made while the tables are small.
_RENEW: Final = (
    "WITH mine AS (UPDATE {}.queue_leases SET expires_at = $2 WHERE worker = $1 RETURNING token)"
    " SELECT (SELECT token FROM mine),"
    " EXISTS (SELECT 1 FROM {}.queue_leases WHERE expires_at <= $3 AND worker <> $1)"
)
_LEASE: Final = (
    "INSERT INTO {}.queue_leases (worker, expires_at) VALUES ($1, $2)"
    " ON CONFLICT (worker) DO UPDATE SET expires_at = excluded.expires_at RETURNING token"
)
# Deliveries are locked in order, here and in a record, so that the two never wait for each other.
_GIVEN_BACK: Final = (
    "back AS (UPDATE {}.queue_deliveries d SET state = 0, lease = NULL FROM held WHERE d.seq = held.seq"
    " RETURNING d.target, d.due_at)"
    " INSERT INTO {}.queue_arrivals (target, due_at) SELECT target, min(due_at) FROM back GROUP BY target"
)
_TAKE_OVER: Final = (
    "WITH gone AS (DELETE FROM {}.queue_leases WHERE token = ANY(ARRAY(SELECT token FROM {}.queue_leases"
    " WHERE expires_at <= $1 AND worker <> $2 FOR UPDATE SKIP LOCKED)) RETURNING token),"
    " held AS MATERIALIZED (SELECT d.seq FROM {}.queue_deliveries d WHERE d.state = 2"
    " AND d.lease = ANY(ARRAY(SELECT token FROM gone)) ORDER BY d.seq FOR UPDATE OF d), " + _GIVEN_BACK
)
_RELEASE: Final = (
    "WITH held AS MATERIALIZED (SELECT d.seq FROM unnest($1::bigint[], $2::bigint[]) v(seq, token)"
    " JOIN {}.queue_deliveries d ON d.seq = v.seq WHERE d.state + 0 = 2 AND d.lease = v.token"
    " ORDER BY d.seq FOR UPDATE OF d), " + _GIVEN_BACK
)
_DUE: Final = (
    "l.held_at IS NULL AND l.turn_at IS NOT NULL AND l.turn_at <= $1 AND l.target <> ALL($2::bigint[])"
    " ORDER BY l.turn_at"
)
_LINE: Final = (
    "SELECT l.target, l.gap, l.slot_at FROM {}.queue_line l WHERE "
    + _DUE
    + " LIMIT $3 FOR UPDATE SKIP LOCKED"
)
# The target that is due longest, in the line or about to be, which another claim is at work on.
_AWAIT: Final = (
    "SELECT l.target FROM {}.queue_line l WHERE l.target = (SELECT f.target FROM"
    " ((SELECT l.target, l.turn_at AS due_at FROM {}.queue_line l WHERE " + _DUE + " LIMIT 1) UNION ALL"
    " (SELECT a.target, a.due_at FROM {}.queue_arrivals a WHERE a.due_at <= $1 AND a.target <> ALL($2::bigint[])"
    " AND (SELECT l.held_at IS NULL FROM {}.queue_line l WHERE l.target = a.target) ORDER BY a.due_at LIMIT 1)) f"
    " ORDER BY f.due_at LIMIT 1) FOR UPDATE"
)
_CANDIDATES: Final = (
    "SELECT line.target, d.seq FROM unnest($1::bigint[], $2::int[], $3::int[]) line(target, passed, share)"
    " CROSS JOIN LATERAL (SELECT x.seq FROM {}.queue_deliveries x WHERE x.target = line.target AND x.state = 0"
    " AND x.due_at <= $4 ORDER BY x.due_at, x.seq OFFSET line.passed LIMIT line.share) d"
)
_TAKE: Final = (
    "UPDATE {}.queue_deliveries SET state = 2, lease = $1 WHERE seq = ANY($2::bigint[])"
    " AND state + 0 = 0 RETURNING seq, id, event, target, key, idempotency, attempts, tries, due_at, created_at, error"
)
_SLOTS: Final = (
    "UPDATE {}.queue_line l SET slot_at = v.slot_at FROM unnest($1::bigint[], $2::bigint[]) v(target, slot_at)"
    " WHERE l.target = v.target"
)
_NEXT: Final = (
    "SELECT pg_current_xact_id_if_assigned()::text,"
    " least((SELECT l.turn_at FROM {}.queue_line l WHERE l.held_at IS NULL AND l.turn_at IS NOT NULL"
    " AND l.target <> ALL($1::bigint[]) ORDER BY l.turn_at LIMIT 1),"
    " (SELECT a.due_at FROM {}.queue_arrivals a WHERE a.target <> ALL($1::bigint[])"
    " AND (SELECT l.held_at IS NULL FROM {}.queue_line l WHERE l.target = a.target) ORDER BY a.due_at LIMIT 1),"
    " (SELECT min(s.expires_at) FROM {}.queue_leases s WHERE s.worker <> $2 AND EXISTS"
    " (SELECT 1 FROM {}.queue_deliveries d WHERE d.lease = s.token AND d.state = 2 OFFSET 0)))"
)
_EVENTS: Final = "SELECT seq, id, type, body FROM {}.queue_events WHERE seq = ANY($1::bigint[])"


async def claim(
    connection: Connection,
    sql: Sql,
    worker: str,
    *,
    limit: int,
    per_target: int,
    busy: Mapping[int, int],
    until: int,
    now: int,
    lead: int = 0,
) -> Done[Claim]:
    """Hand out deliveries; see `Queue.claim`. Times are microseconds since 1970, targets their numbers.

    Args:
        lead: slots begin so much later than now, because the worker will not hear of them sooner.
    """
    token, ended = (await connection.fetch(sql(_RENEW), worker, until, now))[0]
    if ended:
        await connection.execute(sql(_TAKE_OVER), now, worker)
    full = {target for target, held in busy.items() if held >= per_target}
    line = await _stand_in_line(connection, sql, limit, full, now)
    if line and token is None:
        token = (await connection.fetch(sql(_LEASE), worker, until))[0][0]
    rooms = {target: per_target - busy.get(target, 0) for target, _, _ in line}
    paces = {target: Pace(gap, max(slot, now + lead)) for target, gap, slot in line if gap}
    left = {**rooms, **{target: min(rooms[target], room(pace, now)) for target, pace in paces.items()}}
    given = dict(left)
    taken = await _pick(connection, sql, left, limit, now)
    rows = await connection.fetch(sql(_TAKE), token, list(taken)) if taken else []
    slots = give_slots(paces, taken.items())
    if slots:
        await connection.execute(sql(_SLOTS), list(paces), [pace.slot for pace in paces.values()])
    if rooms:
        await take_turns(connection, sql, rooms, now)
    full |= {target for target, free in rooms.items() if free <= given[target] - left[target]}
    number, next_at = (await connection.fetch(sql(_NEXT), list(full), worker))[0]
    return Done(Claim(token or 0, rows, slots, now if len(taken) == limit else next_at), number)


async def extend(connection: Connection, sql: Sql, worker: str, until: int) -> Done[bool]:
    """Renew the lease; False if there is none."""
    statement = (
        "UPDATE {}.queue_leases SET expires_at = $2 WHERE worker = $1 RETURNING pg_current_xact_id()::text"
    )
    rows = await connection.fetch(sql(statement), worker, until)
    return Done(bool(rows), rows[0][0] if rows else None)


async def release(connection: Connection, sql: Sql, held: Sequence[tuple[int, int]]) -> None:
    """Give back deliveries, each with the token under which it is held."""
    await connection.execute(sql(_RELEASE), [seq for seq, _ in held], [token for _, token in held])


async def next_due(connection: Connection, sql: Sql, now: int) -> int | None:
    """When anything is next due, or a lease ends."""
    await take_in(connection, sql, now)
    found: int | None = (await connection.fetch(sql(_NEXT), [], ""))[0][1]
    return found


async def fetch_events(connection: Connection, sql: Sql, events: Iterable[int]) -> Rows:
    """Events by their numbers: number, id, type, body."""
    return await connection.fetch(sql(_EVENTS), list(events))


async def _stand_in_line(connection: Connection, sql: Sql, limit: int, full: Iterable[int], now: int) -> Rows:
    """The targets whose turn it is, locked: target, gap, next slot."""
    passed_over = list(full)
    await take_in(connection, sql, now)
    line = await connection.fetch(sql(_LINE), now, passed_over, limit)
    # Where others are at work on all there is, wait for one of them rather than come again and again.
    if not line and await connection.fetch(sql(_AWAIT), now, passed_over):
        await take_in(connection, sql, now)
        line = await connection.fetch(sql(_LINE), now, passed_over, limit)
    return line


async def _pick(
    connection: Connection, sql: Sql, rooms: dict[int, int], limit: int, now: int
) -> dict[int, int]:
    """Up to `limit` deliveries of the targets in equal shares, with their targets; `rooms` says what room is left."""
    taken: dict[int, int] = {}
    passed: Counter[int] = Counter()
    line = [target for target, free in rooms.items() if free > 0]
    while line and len(taken) < limit:
        share = -(-(limit - len(taken)) // len(line))
        shares = [min(share, rooms[target]) for target in line]
        rows = await connection.fetch(
            sql(_CANDIDATES), line, [passed[target] for target in line], shares, now
        )
        found: dict[int, list[tuple[int, int]]] = {target: [] for target in line}
        for target, seq in rows:
            if seq not in taken:  # it may have moved on, when something came that is due longer
                found[target].append((seq, target))
        chosen = in_turns(list(found.values()), limit - len(taken))
        taken.update(chosen)
        for _, target in chosen:
            rooms[target] -= 1
            passed[target] += 1
        line = [target for target in line if rooms[target] > 0 and len(found[target]) == share]
    return taken
