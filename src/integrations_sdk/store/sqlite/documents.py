"""The SQL: what each operation of the store is, on one connection. Transactions are the caller's."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple

from integrations_sdk.store.base import Document, Page, Write
from integrations_sdk.store.encoding import Encoded, decode, encode_cursor
from integrations_sdk.store.plan import plan, target

__all__ = ["apply", "count", "get", "next_number", "purge", "query"]

_LIVE: Final = "(expires_at IS NULL OR expires_at > ?)"
_FIND: Final = "SELECT seq, version, keys, expires_at FROM documents WHERE collection = ? AND id = ?"
_INSERT: Final = (
    "INSERT INTO documents (collection, id, version, data, keys, expires_at) VALUES (?, ?, ?, ?, ?, ?)"
)
_UPDATE: Final = "UPDATE documents SET version = ?, data = ?, keys = ?, expires_at = ? WHERE seq = ?"
_REMOVE: Final = "DELETE FROM documents WHERE seq = ?"
_ADD_KEY: Final = "INSERT INTO document_keys (collection, name, value, seq) VALUES (?, ?, ?, ?)"
_DROP_KEY: Final = "DELETE FROM document_keys WHERE collection = ? AND name = ? AND value = ? AND seq = ?"
_GET: Final = (
    f"SELECT data, keys, version, expires_at FROM documents WHERE collection = ? AND id = ? AND {_LIVE}"
)
_COUNT_ON: Final = (
    "INSERT INTO counters (name, value) VALUES (?, 1)"
    " ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value"
)
_EXPIRED: Final = "SELECT seq, collection, keys FROM documents WHERE expires_at <= ? LIMIT ?"

_HAS_KEY: Final = (
    "EXISTS (SELECT 1 FROM document_keys WHERE collection = ? AND name = ? AND value = ? AND seq = first.seq)"
)
# Counting stops here: it only has to tell a rare key from a common one.
_FREQUENCY: Final = "SELECT count(*) FROM (SELECT 1 FROM document_keys WHERE collection = ? AND name = ? AND value = ? LIMIT 256)"

Pairs = tuple[tuple[str, str], ...]


class _Row(NamedTuple):
    """A row as it stands within a transaction; `version` None: expired, or removed (`seq` None)."""

    seq: int | None
    version: int | None
    keys: Pairs


def apply(
    connection: sqlite3.Connection, writes: Sequence[Write], encoded: Sequence[Encoded | None], now: int
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
    found = connection.execute(_GET, (collection, id_, now)).fetchone()
    if found is None:
        return None
    data, keys, version, expires_at = found
    return decode(Encoded(collection, id_, data, _pairs(keys), expires_at), version)


def query(  # noqa: PLR0913  # the arguments of `Store.query`, and the time
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
    rows = connection.execute(_select(len(pairs), newest_first), (*values, now, limit + 1)).fetchall()
    documents = tuple(
        decode(Encoded(collection, id_, data, _pairs(keys), expires_at), version)
        for _, id_, data, keys, version, expires_at in rows[:limit]
    )
    return Page(documents=documents, cursor=encode_cursor(rows[limit - 1][0]) if len(rows) > limit else None)


def count(connection: sqlite3.Connection, collection: str, where: Mapping[str, str], now: int) -> int:
    """How many live documents have all of the keys."""
    pairs = _rarest_first(connection, collection, where)
    values: list[object] = [collection, *(pairs[0] if pairs else ())]
    for pair in pairs[1:]:
        values += [collection, *pair]
    return int(connection.execute(_count(len(pairs)), (*values, now)).fetchone()[0])


def next_number(connection: sqlite3.Connection, counter: str) -> int:
    """The counter's next value."""
    return int(connection.execute(_COUNT_ON, (counter,)).fetchall()[0][0])


def purge(connection: sqlite3.Connection, now: int, limit: int) -> int:
    """Remove up to `limit` expired documents; how many it were."""
    rows = connection.execute(_EXPIRED, (now, limit)).fetchall()
    for seq, collection, keys in rows:
        _remove(connection, collection, seq, _pairs(keys))
    return len(rows)


def _find(connection: sqlite3.Connection, collection: str, id_: str, now: int) -> _Row:
    found = connection.execute(_FIND, (collection, id_)).fetchone()
    if found is None:
        return _Row(None, None, ())
    seq, version, keys, expires_at = found
    live = expires_at is None or expires_at > now
    return _Row(seq, version if live else None, _pairs(keys))


def _change(
    connection: sqlite3.Connection, collection: str, row: _Row, kept: Encoded | None, version: int | None
) -> _Row:
    if kept is not None and row.seq is not None and row.version is not None:
        keys = _keys_text(kept.keys)
        connection.execute(_UPDATE, (version, kept.data, keys, kept.expires_at, row.seq))
        _drop_keys(connection, collection, row.seq, [pair for pair in row.keys if pair not in kept.keys])
        _add_keys(connection, collection, row.seq, [pair for pair in kept.keys if pair not in row.keys])
        return _Row(row.seq, version, kept.keys)
    if row.seq is not None:
        _remove(connection, collection, row.seq, row.keys)
    if kept is None:
        return _Row(None, None, ())
    values = (collection, kept.id, version, kept.data, _keys_text(kept.keys), kept.expires_at)
    seq = connection.execute(_INSERT, values).lastrowid or 0
    _add_keys(connection, collection, seq, kept.keys)
    return _Row(seq, version, kept.keys)


def _remove(connection: sqlite3.Connection, collection: str, seq: int, keys: Pairs) -> None:
    connection.execute(_REMOVE, (seq,))
    _drop_keys(connection, collection, seq, keys)


def _add_keys(
    connection: sqlite3.Connection, collection: str, seq: int, pairs: Sequence[tuple[str, str]]
) -> None:
    if pairs:
        connection.executemany(_ADD_KEY, [(collection, name, value, seq) for name, value in pairs])


def _drop_keys(
    connection: sqlite3.Connection, collection: str, seq: int, pairs: Sequence[tuple[str, str]]
) -> None:
    if pairs:
        connection.executemany(_DROP_KEY, [(collection, name, value, seq) for name, value in pairs])


def _rarest_first(
    connection: sqlite3.Connection, collection: str, where: Mapping[str, str]
) -> list[tuple[str, str]]:
    """The pairs in the order to join them in; SQLite has no statistics of single values."""
    pairs = list(where.items())
    if len(pairs) < 2:
        return pairs
    frequency = {pair: connection.execute(_FREQUENCY, (collection, *pair)).fetchone()[0] for pair in pairs}
    return sorted(pairs, key=frequency.__getitem__)


@cache
def _select(keys: int, newest_first: bool) -> str:  # noqa: FBT001  # part of the cache's key
    compare, order = ("<", "DESC") if newest_first else (">", "ASC")
    columns = "d.seq, d.id, d.data, d.keys, d.version, d.expires_at"
    if keys == 0:
        where = f"d.collection = ? AND d.seq {compare} ? AND {_LIVE}"
        return f"SELECT {columns} FROM documents d WHERE {where} ORDER BY d.seq {order} LIMIT ?"
    others = f" AND {_HAS_KEY}" * (keys - 1)
    return (
        # CROSS JOIN keeps the key's index outermost, which is what gives the order without sorting.
        f"SELECT {columns} FROM document_keys first CROSS JOIN documents d ON d.seq = first.seq"
        f" WHERE first.collection = ? AND first.name = ? AND first.value = ? AND first.seq {compare} ?{others}"
        f" AND {_LIVE} ORDER BY first.seq {order} LIMIT ?"
    )


@cache
def _count(keys: int) -> str:
    # The expired are few: subtracting them leaves a count of index entries, without a look at any document.
    live = "seq NOT IN (SELECT seq FROM documents WHERE expires_at <= ?)"
    if keys == 0:
        return f"SELECT count(*) FROM documents WHERE collection = ? AND {live}"
    others = f" AND {_HAS_KEY}" * (keys - 1)
    first = "first.collection = ? AND first.name = ? AND first.value = ?"
    return f"SELECT count(*) FROM document_keys first WHERE {first}{others} AND first.{live}"


def _keys_text(pairs: Pairs) -> str:
    return json.dumps(pairs, separators=(",", ":"))


def _pairs(text: str) -> Pairs:
    return tuple((name, value) for name, value in json.loads(text))
