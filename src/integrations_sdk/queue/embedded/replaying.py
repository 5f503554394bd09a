"""Sending again what has ended, and forgetting it; in steps, each within an open transaction."""
# ruff: noqa: S608  # only constants are joined into the SQL; every value is a parameter

from __future__ import annotations

import json
import sqlite3
from typing import Final, NamedTuple

from integrations_sdk.codec import restore
from integrations_sdk.models import plain
from integrations_sdk.queue.base import Selection
from integrations_sdk.queue.embedded.bulk import as_json
from integrations_sdk.queue.embedded.enqueueing import add_first_due, in_line
from integrations_sdk.queue.embedded.reading import matching

__all__ = ["Progress", "begin", "count", "find", "purge", "step"]


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
    finished: int


_ENDED: Final = " AND d.state > 2"
_AGAIN: Final = (
    "UPDATE integrations_deliveries SET state = CASE WHEN key IS NOT NULL AND EXISTS"
    " (SELECT 1 FROM integrations_deliveries o"
    " WHERE o.target = integrations_deliveries.target AND o.key = integrations_deliveries.key AND o.state < 3)"
    " THEN 1 ELSE 0 END, due_at = ?, tries = 0, finished_at = NULL, error = NULL WHERE seq = ?"
)
_SAVE: Final = (
    "UPDATE integrations_replays SET position = ?, next_due = ?, scheduled = ?, finished = ? WHERE id = ?"
)


def count(cursor: sqlite3.Cursor, selection: Selection) -> int:
    """How many deliveries of the selection have ended."""
    source, values = matching(selection)
    return int(cursor.execute(f"SELECT count(*){source}{_ENDED}", values).fetchone()[0])


def begin(cursor: sqlite3.Cursor, replay_id: str, selection: Selection, gap: int, now: int) -> Progress:
    """Store a replay of what has ended by now; `gap` is the time between two, in microseconds."""
    row = cursor.execute("SELECT seq FROM integrations_deliveries ORDER BY seq DESC LIMIT 1").fetchone()
    until = row[0] if row else 0
    matched = count(cursor, selection)
    progress = Progress(replay_id, json.dumps(plain(selection)), now, until, 0, gap, now, matched, 0, 0)
    cursor.execute(f"INSERT INTO integrations_replays VALUES ({','.join('?' * len(progress))})", progress)
    return progress


def find(cursor: sqlite3.Cursor, replay_id: str) -> Progress | None:
    """The replay of that id."""
    row = cursor.execute("SELECT * FROM integrations_replays WHERE id = ?", (replay_id,)).fetchone()
    return None if row is None else Progress(*row)


def step(cursor: sqlite3.Cursor, replay_id: str, most: int, now: int) -> Progress | None:
    """Schedule up to `most` deliveries; None if there is no such replay."""
    progress = find(cursor, replay_id)
    if progress is None or progress.finished:
        return progress
    source, values = matching(restore(Selection, json.loads(progress.selection)))
    sql = (
        f"SELECT d.seq{source}{_ENDED} AND d.finished_at <= ? AND d.seq > ? AND d.seq <= ?"
        " ORDER BY d.seq LIMIT ?"
    )
    bounds = [progress.begun_at, progress.position, progress.until, most]
    rows = cursor.execute(sql, [*values, *bounds]).fetchall()
    start = max(progress.next_due, now) if progress.gap else now
    for number, (seq,) in enumerate(rows):
        cursor.execute(_AGAIN, (start + number * progress.gap, seq))
    due: dict[int, int] = {}
    add_first_due(cursor, (seq for (seq,) in rows), due)
    in_line(cursor, due)
    after = progress._replace(
        position=rows[-1][0] if rows else progress.position,
        next_due=start + len(rows) * progress.gap,
        scheduled=progress.scheduled + len(rows),
        finished=int(len(rows) < most),
    )
    cursor.execute(_SAVE, (after.position, after.next_due, after.scheduled, after.finished, replay_id))
    return after


def purge(cursor: sqlite3.Cursor, before: int, position: int, most: int) -> tuple[int, int | None]:
    """Forget deliveries that ended before then, looking at up to `most` behind a place in the order.

    Returns:
        How many were forgotten, and where to go on; None at the end. The newest delivery stays, so that no
        place in the order is given twice.
    """
    sql = (
        "SELECT seq, created_at, state, finished_at, event FROM integrations_deliveries WHERE seq > ?"
        " AND seq < (SELECT max(seq) FROM integrations_deliveries) ORDER BY seq LIMIT ?"
    )
    rows = cursor.execute(sql, (position, most)).fetchall()
    gone = as_json(seq for seq, _, state, ended, _ in rows if state > 2 and ended < before)
    events = as_json({event for _, _, state, ended, event in rows if state > 2 and ended < before})
    cursor.execute(
        "DELETE FROM integrations_attempts WHERE delivery IN (SELECT value FROM json_each(?))", (gone,)
    )
    cursor.execute(
        "DELETE FROM integrations_deliveries WHERE seq IN (SELECT value FROM json_each(?))", (gone,)
    )
    count_ = cursor.rowcount
    cursor.execute(
        "DELETE FROM integrations_events WHERE seq IN (SELECT value FROM json_each(?)) AND NOT EXISTS"
        " (SELECT 1 FROM integrations_deliveries d"
        " WHERE d.seq BETWEEN integrations_events.seq AND integrations_events.last)",
        (events,),
    )
    more = len(rows) == most and rows[-1][1] < before
    return count_, rows[-1][0] if more else None
