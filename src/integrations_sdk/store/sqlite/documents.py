"""What each operation of the store is on one connection. Transactions are the caller's."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from integrations_sdk.store.base import Document, Page, Write
from integrations_sdk.store.encoding import Encoded, Pairs, decode, decode_keys, encode_cursor, encode_keys
from integrations_sdk.store.plan import plan, target
from integrations_sdk.store.sqlite import statements

__all__ = ["Executor", "apply", "count", "get", "next_number", "purge", "query", "version"]


Executor: TypeAlias = sqlite3.Connection | sqlite3.Cursor
"""What statements are run on; a cursor where the connection's way to make rows is somebody else's."""


class _Row(NamedTuple):
    """A row as it stands within a transaction; `version` None: expired, or removed (`seq` None)."""

    seq: int | None
    version: int | None
    keys: Pairs


def apply(
    connection: Executor, writes: Sequence[Write], encoded: Sequence[Encoded | None], now: int
) -> list[int | None]:
    """Do the writes of one transaction, which nothing has been changed for if this raises a decision.

    Returns:
        The version each of them left behind, None for a deletion.

    Raises:
        AlreadyExistsError: see `plan()`.
        NotFoundError: see `plan()`.
        ConflictError: see `plan()`.
    """
    rows: dict[tuple[str, str], _Row] = {}

    def version_of(collection: str, id_: str) -> int | None:
        rows[collection, id_] = row = _find(connection, collection, id_, now)
        return row.version

    versions = plan(writes, encoded, now, version_of)
    for write, kept, version in zip(writes, encoded, versions, strict=True):
        key = target(write)
        row = _change(connection, key[0], rows[key], kept, version)
        rows[key] = row if kept is None or kept.is_live(now) else row._replace(version=None)
    return versions


def get(connection: sqlite3.Connection, collection: str, id_: str, now: int) -> Document | None:
    """The live document, or None."""
    found = connection.execute(statements.GET, (collection, id_, now)).fetchone()
    if found is None:
        return None
    data, keys, version, expires_at = found
    return decode(Encoded(collection, id_, data, decode_keys(keys), expires_at), version)


def version(connection: sqlite3.Connection, collection: str, id_: str, now: int) -> int | None:
    """The live document's version, or None."""
    found = connection.execute(statements.VERSION, (collection, id_, now)).fetchone()
    return None if found is None else int(found[0])


def query(
    connection: sqlite3.Connection,
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
    pairs = _rarest_first(connection, collection, where)
    values: list[object] = [collection, *(pairs[0] if pairs else ()), edge]
    for pair in pairs[1:]:
        values += [collection, *pair]
    rows = connection.execute(
        statements.select(len(pairs), newest_first=newest_first), (*values, now, limit + 1)
    ).fetchall()
    documents = tuple(
        decode(Encoded(collection, id_, data, decode_keys(keys), expires_at), version)
        for _, id_, data, keys, version, expires_at in rows[:limit]
    )
    return Page(documents=documents, cursor=encode_cursor(rows[limit - 1][0]) if len(rows) > limit else None)


def count(connection: sqlite3.Connection, collection: str, where: Mapping[str, str], now: int) -> int:
    """How many live documents have all of the keys."""
    pairs = _rarest_first(connection, collection, where)
    values: list[object] = [collection, *(pairs[0] if pairs else ())]
    for pair in pairs[1:]:
        values += [collection, *pair]
    return int(connection.execute(statements.count(len(pairs)), (*values, now)).fetchone()[0])


def next_number(connection: sqlite3.Connection, counter: str) -> int:
    """The counter's next value."""
    return int(connection.execute(statements.NEXT_NUMBER, (counter,)).fetchall()[0][0])


def purge(connection: sqlite3.Connection, now: int, limit: int) -> int:
    """Remove up to `limit` expired documents; how many it were."""
    rows = connection.execute(statements.EXPIRED, (now, limit)).fetchall()
    for seq, collection, keys in rows:
        _remove(connection, collection, seq, decode_keys(keys))
    return len(rows)


def _find(connection: Executor, collection: str, id_: str, now: int) -> _Row:
    found = connection.execute(statements.FIND, (collection, id_)).fetchone()
    if found is None:
        return _Row(None, None, ())
    seq, version, keys, expires_at = found
    live = expires_at is None or expires_at > now
    return _Row(seq, version if live else None, decode_keys(keys))


def _change(
    connection: Executor, collection: str, row: _Row, kept: Encoded | None, version: int | None
) -> _Row:
    if kept is not None and row.seq is not None and row.version is not None:
        keys = encode_keys(kept.keys)
        connection.execute(statements.UPDATE, (version, kept.data, keys, kept.expires_at, row.seq))
        _drop_keys(connection, collection, row.seq, [pair for pair in row.keys if pair not in kept.keys])
        _add_keys(connection, collection, row.seq, [pair for pair in kept.keys if pair not in row.keys])
        return _Row(row.seq, version, kept.keys)
    if row.seq is not None:
        _remove(connection, collection, row.seq, row.keys)
    if kept is None:
        return _Row(None, None, ())
    values = (collection, kept.id, version, kept.data, encode_keys(kept.keys), kept.expires_at)
    seq = connection.execute(statements.INSERT, values).lastrowid or 0
    _add_keys(connection, collection, seq, kept.keys)
    return _Row(seq, version, kept.keys)


def _remove(connection: Executor, collection: str, seq: int, keys: Pairs) -> None:
    connection.execute(statements.REMOVE, (seq,))
    _drop_keys(connection, collection, seq, keys)


def _add_keys(connection: Executor, collection: str, seq: int, pairs: Sequence[tuple[str, str]]) -> None:
    if pairs:
        connection.executemany(statements.ADD_KEY, [(collection, name, value, seq) for name, value in pairs])


def _drop_keys(connection: Executor, collection: str, seq: int, pairs: Sequence[tuple[str, str]]) -> None:
    if pairs:
        connection.executemany(statements.DROP_KEY, [(collection, name, value, seq) for name, value in pairs])


def _rarest_first(
    connection: sqlite3.Connection, collection: str, where: Mapping[str, str]
) -> list[tuple[str, str]]:
    """The pairs in the order to join them in; SQLite has no statistics of single values."""
    pairs = list(where.items())
    if len(pairs) < 2:
        return pairs
    frequency = {
        pair: connection.execute(statements.FREQUENCY, (collection, *pair)).fetchone()[0] for pair in pairs
    }
    return sorted(pairs, key=frequency.__getitem__)
