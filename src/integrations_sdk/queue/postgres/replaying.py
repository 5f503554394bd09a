"""Sending again what has ended, and forgetting it; in steps, each within an open transaction."""
# only constants are joined into the SQL; every value is a parameter

from __future__ import annotations

import json
from typing import Final, NamedTuple

from integrations_sdk.codec import restore
from integrations_sdk.models import plain
from integrations_sdk.queue.base import Selection
from integrations_sdk.queue.postgres.place import Sql
from integrations_sdk.queue.postgres.reading import SOURCE, matching
from integrations_sdk.queue.postgres.turning import arrive
from integrations_sdk.store.postgres.connection import Connection

__all__ = ["Progress", "begin", "count", "purge", "step"]


class Progress(NamedTuple):
    """A replay as it is stored; `position` is the last delivery looked at, `gap` the time between two."""

    id: str
    selection: str
    begun_at: int
    until: int
    position: int
    gap: int
    next_due: int
    matched: int
    scheduled: int
    finished: bool


_BEGIN: Final = (
    "INSERT INTO {}.queue_replays SELECT $1, $2, $3, coalesce((SELECT max(seq) FROM {}.queue_deliveries), 0),"
    " 0, $4, $3, $5, 0, false"
)
_FIND: Final = "SELECT * FROM {}.queue_replays WHERE id = $1 FOR UPDATE"
# As when it was enqueued: with a key it waits, and the next claim sees whether it is the first.
_AGAIN: Final = (
    "UPDATE {}.queue_deliveries d SET state = CASE WHEN key IS NULL THEN 0 ELSE 1 END, due_at = v.due_at, tries = 0,"
    " finished_at = NULL, error = NULL FROM unnest($1::bigint[], $2::bigint[]) v(seq, due_at)"
    " WHERE d.seq = v.seq AND d.state > 2 RETURNING d.target, d.key, d.due_at"
)
_SAVE: Final = (
    "UPDATE {}.queue_replays SET position = $2, next_due = $3, scheduled = $4, finished = $5 WHERE id = $1"
)
_LOOK: Final = (
    "SELECT seq, created_at, state > 2 AND finished_at < $1, event FROM {}.queue_deliveries WHERE seq > $2"
    " AND seq < (SELECT max(seq) FROM {}.queue_deliveries) ORDER BY seq LIMIT $3"
)
_FORGET: Final = (
    "WITH gone AS (DELETE FROM {}.queue_deliveries WHERE seq = ANY($1::bigint[]) AND state > 2 AND finished_at < $2"
    " RETURNING seq),"
    " untold AS (DELETE FROM {}.queue_attempts a USING gone WHERE a.delivery = gone.seq)"
    " SELECT count(*) FROM gone"
)
_FORGET_EVENTS: Final = (
    "DELETE FROM {}.queue_events e WHERE e.seq = ANY($1::bigint[]) AND NOT EXISTS (SELECT 1"
    " FROM {}.queue_deliveries d WHERE d.seq BETWEEN e.seq AND e.last AND d.event = e.seq)"
)
# One at a time, or two that forget the last two deliveries of an event would each leave it to the other.
_ALONE: Final = "SELECT pg_advisory_xact_lock(hashtext($1), hashtext('purge'))"


async def count(connection: Connection, sql: Sql, selection: Selection) -> int:
    """How many deliveries of the selection have ended."""
    condition, values = matching(selection, sql)
    rows = await connection.fetch(sql(f"SELECT count(*){SOURCE} WHERE d.state > 2 AND {condition}"), *values)
    return int(rows[0][0])


async def begin(
    connection: Connection, sql: Sql, replay_id: str, selection: Selection, gap: int, now: int
) -> None:
    """Store a replay of what has ended by now; `gap` is the time between two, in microseconds."""
    matched = await count(connection, sql, selection)
    await connection.execute(sql(_BEGIN), replay_id, json.dumps(plain(selection)), now, gap, matched)


async def step(connection: Connection, sql: Sql, replay_id: str, most: int, now: int) -> Progress | None:
    """Schedule up to `most` deliveries; None if there is no such replay."""
    found = await connection.fetch(sql(_FIND), replay_id)
    progress = Progress(*found[0]) if found else None
    if progress is None or progress.finished:
        return progress
    places = await _next(connection, sql, progress, most)
    start = max(progress.next_due, now) if progress.gap else now
    due = [start + number * progress.gap for number in range(len(places))]
    again = await connection.fetch(sql(_AGAIN), places, due)
    await arrive(connection, sql, [(target, key, when) for target, key, when in again])
    after = progress._replace(
        position=places[-1] if places else progress.position,
        next_due=start + len(places) * progress.gap,
        scheduled=progress.scheduled + len(again),
        finished=len(places) < most,
    )
    await connection.execute(
        sql(_SAVE), replay_id, after.position, after.next_due, after.scheduled, after.finished
    )
    return after


async def _next(connection: Connection, sql: Sql, progress: Progress, most: int) -> list[int]:
    condition, values = matching(restore(Selection, json.loads(progress.selection)), sql)
    first = len(values) + 1
    bounds = f"d.finished_at <= ${first}::bigint AND d.seq > ${first + 1}::bigint AND d.seq <= ${first + 2}::bigint"
    rows = await connection.fetch(
        sql(
            f"SELECT d.seq{SOURCE} WHERE d.state > 2 AND {bounds} AND {condition} ORDER BY d.seq LIMIT ${first + 3}"
        ),
        *values,
        progress.begun_at,
        progress.position,
        progress.until,
        most,
    )
    return [seq for (seq,) in rows]


async def purge(
    connection: Connection, sql: Sql, before: int, position: int, most: int
) -> tuple[int, int | None]:
    """Forget deliveries that ended before then, looking at up to `most` behind a place in the order.

    Returns:
        How many were forgotten, and where to go on; None at the end. The newest delivery stays, as in every queue.
    """
    await connection.execute(sql(_ALONE), sql.schema)
    rows = await connection.fetch(sql(_LOOK), before, position, most)
    gone = [seq for seq, _, old, _ in rows if old]
    forgotten = 0
    if gone:
        forgotten = (await connection.fetch(sql(_FORGET), gone, before))[0][0]
        await connection.execute(sql(_FORGET_EVENTS), list({event for _, _, old, event in rows if old}))
    more = len(rows) == most and rows[-1][1] < before
    return forgotten, rows[-1][0] if more else None
