"""Taking in events and their deliveries, within an open transaction, which waits for nobody's locks.

Only rows of its own are inserted. The one exception is an idempotency key that another transaction uses just
now: whether it commits decides what becomes of the second delivery.
"""
# ruff: noqa: S608  # only constants and the schema's checked name are joined into the SQL; values are parameters

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from integrations_sdk.errors import AlreadyExistsError, ConfigurationError, ConflictError, Problem
from integrations_sdk.models.delivery import Target
from integrations_sdk.queue.base import Accepted, NewDelivery, QueuedEvent
from integrations_sdk.queue.postgres.place import SERVER_TIME, Sql
from integrations_sdk.store.encoding import microseconds
from integrations_sdk.store.postgres.connection import Connection
from integrations_sdk.store.postgres.database import Done
from integrations_sdk.store.postgres.faults import broken_index

__all__ = ["MAX_TEXT", "Bundle", "Stored", "check_texts", "clean", "store"]

MAX_TEXT: Final = 500
"""Characters of an id or key, of which an index entry holds a whole one."""

_MAX_NAME: Final = 200  # of a target's, three of which stand in an entry
_CLASHING: Final = "queue_deliveries_by_id"


class Bundle(NamedTuple):
    """An event with its deliveries."""

    event: QueuedEvent
    deliveries: Sequence[NewDelivery]


class Stored(NamedTuple):
    """What became of the bundles, and the number of each one's event; None if nothing of it was new."""

    accepted: list[tuple[Accepted, ...]]
    events: list[int | None]


_PLACES: Final = f"SELECT nextval('{{}}.queue_order'), {SERVER_TIME} FROM generate_series(1, $1::int)"
# With a key a delivery waits: the next claim sees whether it is the first.
_STORE: Final = (
    "WITH v AS MATERIALIZED (SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[],"
    " $6::text[], $7::text[]) v(seq, id, event, target, due_at, key, idempotency)),"
    " stored AS (INSERT INTO {}.queue_deliveries (seq, id, event, target, state, due_at, created_at, key, idempotency)"
    " SELECT seq, id, event, target, CASE WHEN key IS NULL THEN 0 ELSE 1 END, due_at, $8, key, idempotency FROM v"
    " ORDER BY seq ON CONFLICT (target, idempotency) WHERE idempotency IS NOT NULL DO NOTHING"
    " RETURNING seq, event, target, key, due_at),"
    " told AS (INSERT INTO {}.queue_events (seq, last, id, type, body) SELECT e.* FROM unnest($9::bigint[],"
    " $10::bigint[], $11::text[], $12::text[], $13::bytea[]) e(seq, last, id, type, body)"
    " WHERE e.seq IN (SELECT event FROM stored)),"
    " arrived AS (INSERT INTO {}.queue_arrivals (target, key, due_at)"
    " SELECT target, key, min(due_at) FROM stored GROUP BY target, key)"
    " SELECT pg_current_xact_id()::text, s.seq FROM (SELECT 1) one LEFT JOIN stored s ON true"
)
_BEFORE: Final = (
    "SELECT d.target, d.idempotency, d.id FROM unnest($1::bigint[], $2::text[]) v(target, idempotency)"
    " JOIN {}.queue_deliveries d ON d.target = v.target AND d.idempotency = v.idempotency"
)


async def store(
    connection: Connection,
    sql: Sql,
    bundles: Sequence[Bundle],
    numbers: Mapping[Target, int],
    now: int | None,
) -> Done[Stored]:
    """Store the bundles.

    Args:
        numbers: of every target.
        now: microseconds since 1970; None asks the server.

    Raises:
        AlreadyExistsError: a delivery of an id exists.
    """
    wanted = sum(len(deliveries) for _, deliveries in bundles)
    places = await connection.fetch(sql(_PLACES), wanted)
    now = places[0][1] if now is None else now
    rows = list(_rows(bundles, sorted(place for place, _ in places), numbers, now))
    events = _events(bundles, rows)
    number, stored = await _insert(connection, sql, rows, events, now)
    twice = [row for row in rows if row.seq not in stored]
    before = await _find_before(connection, sql, twice) if twice else {}
    answers = iter(
        Accepted(row.id)
        if row.seq in stored
        else Accepted(before[row.target, row.idempotency], duplicate=True)
        for row in rows
    )
    accepted = [tuple(next(answers) for _ in deliveries) for _, deliveries in bundles]
    kept = {row.event for row in rows if row.seq in stored}
    return Done(Stored(accepted, [event[0] if event[0] in kept else None for event in events]), number)


class _Row(NamedTuple):
    seq: int
    id: str
    event: int
    target: int
    due_at: int
    key: str | None
    idempotency: str | None


def _rows(
    bundles: Sequence[Bundle], places: Sequence[int], numbers: Mapping[Target, int], now: int
) -> Iterator[_Row]:
    free = iter(places)
    for _, deliveries in bundles:
        event = None
        for one in deliveries:
            seq = next(free)
            event = seq if event is None else event
            due = now if one.due_at is None else microseconds(one.due_at)
            yield _Row(
                seq, one.delivery_id, event, numbers[one.target], due, one.ordering_key, one.idempotency_key
            )


def _events(bundles: Sequence[Bundle], rows: Sequence[_Row]) -> list[tuple[int, int, str, str, bytes]]:
    found, start = [], 0
    for event, deliveries in bundles:
        first, last = rows[start].seq, rows[start + len(deliveries) - 1].seq
        found.append((first, last, event.event_id, event.event_type, event.body))
        start += len(deliveries)
    return found


async def _insert(
    connection: Connection,
    sql: Sql,
    rows: Sequence[_Row],
    events: Sequence[tuple[int, int, str, str, bytes]],
    now: int,
) -> tuple[str, set[int]]:
    columns = [list(column) for column in zip(*rows, strict=True)]
    told = [list(column) for column in zip(*events, strict=True)]
    try:
        found = await connection.fetch(sql(_STORE), *columns, now, *told)
    except Exception as error:  # the driver is known only where it is chosen
        if broken_index(error) != _CLASHING:
            raise
        raise AlreadyExistsError("a delivery of that id exists: ids are given once") from error
    return found[0][0], {seq for _, seq in found if seq is not None}


async def _find_before(
    connection: Connection, sql: Sql, rows: Sequence[_Row]
) -> dict[tuple[int, str | None], str]:
    """The ids of the deliveries that were taken before, by target and idempotency key."""
    columns = [row.target for row in rows], [row.idempotency for row in rows]
    found = {(target, key): id_ for target, key, id_ in await connection.fetch(sql(_BEFORE), *columns)}
    if any((row.target, row.idempotency) not in found for row in rows):
        raise ConflictError("a delivery of that idempotency key has just been purged: enqueue it again")
    return found


def check_texts(event: QueuedEvent, deliveries: Sequence[NewDelivery]) -> None:
    """Refuse what these tables cannot hold, of what is otherwise right.

    Raises:
        ConfigurationError: naming everything wrong with it.
    """
    texts = [text for _, text, _ in _texts(event, deliveries) if text is not None]
    if max(map(len, texts)) <= _MAX_NAME and "\x00" not in "".join(texts):
        return
    if problems := [problem for each in _texts(event, deliveries) for problem in _wrong(*each)]:
        raise ConfigurationError("enqueued event", problems)


def clean(text: str | None) -> str | None:
    """What others said, as a column can hold it: without NUL and lone surrogates."""
    if text is None or (text.isascii() and "\x00" not in text):
        return text
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _texts(event: QueuedEvent, deliveries: Sequence[NewDelivery]) -> Iterator[tuple[str, str | None, int]]:
    yield "event.event_id", event.event_id, MAX_TEXT
    yield "event.event_type", event.event_type, MAX_TEXT
    for place, one in enumerate(deliveries):
        path, target = f"deliveries[{place}]", one.target
        yield f"{path}.delivery_id", one.delivery_id, MAX_TEXT
        yield f"{path}.ordering_key", one.ordering_key, MAX_TEXT
        yield f"{path}.idempotency_key", one.idempotency_key, MAX_TEXT
        yield f"{path}.target.kind", target.kind, _MAX_NAME
        yield f"{path}.target.id", target.id, _MAX_NAME
        yield f"{path}.target.tenant_id", target.tenant_id, _MAX_NAME
        yield f"{path}.target.project_id", target.project_id, MAX_TEXT


def _wrong(path: str, text: str | None, most: int) -> Iterator[Problem]:
    if text is not None and (len(text) > most or "\x00" in text):
        yield Problem(path, f"expected at most {most} characters without NUL")
