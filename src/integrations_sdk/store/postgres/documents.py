"""What each operation of the store is on one connection. Transactions are the caller's."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from integrations_sdk.errors import IntegrationError
from integrations_sdk.store.base import Document, Page
from integrations_sdk.store.encoding import Encoded, decode, decode_keys, encode_cursor, microseconds
from integrations_sdk.store.plan import target
from integrations_sdk.store.postgres.changes import Batch, Changes, Key, Row, Transaction, fit, moment
from integrations_sdk.store.postgres.connection import Connection
from integrations_sdk.store.postgres.database import Done
from integrations_sdk.store.postgres.statements import Part, Statements

__all__ = ["Answer", "Order", "apply", "count", "get", "purge", "query", "version"]

Parts = dict[Part, list[tuple[object, ...]]]
Answer = list[int | None] | IntegrationError


@attrs.frozen
class Order:
    """What one caller wants of a batch: writes, a number of a counter, and notices to send on success."""

    transaction: Transaction
    counter: str | None = None
    notices: tuple[tuple[str, str], ...] = ()


async def apply(
    connection: Connection, statements: Statements, orders: Sequence[Order]
) -> Done[Sequence[Answer]]:
    """Do what was ordered, each order all or not at all, in two statements.

    Returns:
        For each order the versions its writes left behind (None for a deletion), for one of a counter its
        number; or the decision against it (see `plan()`), which disturbs no other order.
    """
    rows, places = await _take(connection, statements, [order.transaction for order in orders])
    batch = Batch(rows, places)
    answers: list[Answer] = []
    for order in orders:
        try:
            answers.append(batch.add(order.transaction))
        except IntegrationError as error:
            answers.append(error)
    done = [order for order, answer in zip(orders, answers, strict=True) if isinstance(answer, list)]
    counters = Counter(fit(order.counter) for order in done if order.counter is not None)
    parts = batch.changes().parts()
    parts |= {"counted": sorted(counters.items())} if counters else {}
    notices = dict.fromkeys(notice for order in done for notice in order.notices)
    parts |= {"told": list(notices)} if notices else {}
    number, last = await _change(connection, statements, parts)
    _hand_out(orders, answers, {name: last[name] - times for name, times in counters.items()})
    return Done(answers, number)


async def get(
    connection: Connection, statements: Statements, collection: str, id_: str, now: int
) -> Document | None:
    """The live document, or None."""
    found = await connection.fetch(statements.get, fit(collection), moment(now), fit(id_))
    return _document(collection, id_, *found[0]) if found else None


async def version(
    connection: Connection, statements: Statements, collection: str, id_: str, now: int
) -> int | None:
    """The live document's version, or None."""
    found = await connection.fetch(statements.version, fit(collection), moment(now), fit(id_))
    return int(found[0][0]) if found else None


async def query(
    connection: Connection,
    statements: Statements,
    collection: str,
    where: Mapping[str, str],
    *,
    after: int | None,
    limit: int,
    newest_first: bool,
    now: int,
) -> Page:
    """One page, and one row more to know whether there is another."""
    edge = after if after is not None else 2**63 - 1 if newest_first else 0
    statement = statements.select(len(where), newest_first=newest_first)
    rows = await connection.fetch(statement, *_scope(collection, where, now), edge, limit + 1)
    documents = tuple(
        _document(collection, json.loads(full) if full else id_, *rest)
        for _, id_, full, *rest in rows[:limit]
    )
    return Page(documents=documents, cursor=encode_cursor(rows[limit - 1][0]) if len(rows) > limit else None)


async def count(
    connection: Connection, statements: Statements, collection: str, where: Mapping[str, str], now: int
) -> int:
    """How many live documents have all of the keys."""
    rows = await connection.fetch(statements.count(len(where)), *_scope(collection, where, now))
    return int(rows[0][0])


async def purge(connection: Connection, statements: Statements, now: int, limit: int) -> Done[int]:
    """Remove up to `limit` expired documents; how many it were."""
    rows = await connection.fetch(statements.expired, moment(now), limit)
    changes = Changes()
    for seq, collection, keys in rows:
        changes.remove(seq, collection, decode_keys(keys))
    number, _ = await _change(connection, statements, changes.parts())
    return Done(len(rows), number)


async def _take(
    connection: Connection, statements: Statements, transactions: Sequence[Transaction]
) -> tuple[dict[Key, Row], list[int]]:
    """Lock what the transactions are about, and take places in the order for what may be new."""
    keys = list(dict.fromkeys(target(write) for each in transactions for write in each.writes))
    if not keys:
        return {}, []
    collections, ids = [fit(collection) for collection, _ in keys], [fit(id_) for _, id_ in keys]
    wanted = sum(transaction.places for transaction in transactions)
    rows: dict[Key, Row] = {}
    places: list[int] = []
    for position, seq, number, pairs, expires_at in await connection.fetch(
        statements.take, collections, ids, wanted
    ):
        if position == 0:
            places.append(seq)
        else:
            rows[keys[position - 1]] = Row(seq, number, decode_keys(pairs), _since_1970(expires_at))
    return rows, sorted(places)


async def _change(
    connection: Connection, statements: Statements, parts: Parts
) -> tuple[str | None, dict[str, int]]:
    """Change what there is to change; the transaction's number, and the last number of each counter."""
    if not parts:
        return None, {}
    columns = [list(column) for rows in parts.values() for column in zip(*rows, strict=True)]
    found = await connection.fetch(statements.change(tuple(parts)), *columns)
    return found[0][0], {name: last for _, name, last, *_ in found}


def _hand_out(orders: Sequence[Order], answers: list[Answer], numbers: dict[str, int]) -> None:
    for place, order in enumerate(orders):
        if order.counter is not None:
            name = fit(order.counter)
            numbers[name] += 1
            answers[place] = [numbers[name]]


def _scope(collection: str, where: Mapping[str, str], now: int) -> tuple[object, ...]:
    names, values = [fit(name) for name in where], [fit(value) for value in where.values()]
    keys = () if not where else (names[0], values[0]) if len(where) == 1 else (names, values)
    return fit(collection), moment(now), *keys


def _document(
    collection: str, id_: str, data: str, keys: str, version_: int, expires_at: datetime | None
) -> Document:
    return decode(Encoded(collection, id_, data, decode_keys(keys), _since_1970(expires_at)), version_)


def _since_1970(expires_at: datetime | None) -> int | None:
    return None if expires_at is None else microseconds(expires_at)
