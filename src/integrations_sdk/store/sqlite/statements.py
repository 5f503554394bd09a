"""The SQL of the store. Only constants are joined into it; every value is a parameter."""
# ruff: noqa: S608  # see above

from __future__ import annotations

from functools import cache
from typing import Final

__all__ = [
    "ADD_KEY",
    "DROP_KEY",
    "EXPIRED",
    "FIND",
    "FREQUENCY",
    "GET",
    "INSERT",
    "NEXT_NUMBER",
    "REMOVE",
    "UPDATE",
    "VERSION",
    "count",
    "select",
]

_LIVE: Final = "(expires_at IS NULL OR expires_at > ?)"
_KEY: Final = "collection = ? AND name = ? AND value = ?"
_HAS_KEY: Final = f" AND EXISTS (SELECT 1 FROM integrations_document_keys WHERE {_KEY} AND seq = first.seq)"
_FIRST_KEY: Final = "first.collection = ? AND first.name = ? AND first.value = ?"

GET: Final = (
    "SELECT data, keys, version, expires_at FROM integrations_documents"
    f" WHERE collection = ? AND id = ? AND {_LIVE}"
)
VERSION: Final = f"SELECT version FROM integrations_documents WHERE collection = ? AND id = ? AND {_LIVE}"
FIND: Final = (
    "SELECT seq, version, keys, expires_at FROM integrations_documents WHERE collection = ? AND id = ?"
)
INSERT: Final = (
    "INSERT INTO integrations_documents (collection, id, version, data, keys, expires_at)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)
UPDATE: Final = (
    "UPDATE integrations_documents SET version = ?, data = ?, keys = ?, expires_at = ? WHERE seq = ?"
)
REMOVE: Final = "DELETE FROM integrations_documents WHERE seq = ?"
ADD_KEY: Final = "INSERT INTO integrations_document_keys (collection, name, value, seq) VALUES (?, ?, ?, ?)"
DROP_KEY: Final = f"DELETE FROM integrations_document_keys WHERE {_KEY} AND seq = ?"
EXPIRED: Final = "SELECT seq, collection, keys FROM integrations_documents WHERE expires_at <= ? LIMIT ?"
NEXT_NUMBER: Final = (
    "INSERT INTO integrations_counters (name, value) VALUES (?, 1)"
    " ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value"
)
# Counting stops early: it only has to tell a rare key from a common one.
FREQUENCY: Final = f"SELECT count(*) FROM (SELECT 1 FROM integrations_document_keys WHERE {_KEY} LIMIT 256)"


@cache
def select(keys: int, *, newest_first: bool) -> str:
    """A page of documents with that many keys.

    Parameters: collection, name and value of the first key (or only the collection), the edge, the other
    keys likewise, the time, the limit.
    """
    compare, order = ("<", "DESC") if newest_first else (">", "ASC")
    columns = "d.seq, d.id, d.data, d.keys, d.version, d.expires_at"
    if keys == 0:
        where = f"d.collection = ? AND d.seq {compare} ? AND {_LIVE}"
        return f"SELECT {columns} FROM integrations_documents d WHERE {where} ORDER BY d.seq {order} LIMIT ?"
    where = f"{_FIRST_KEY} AND first.seq {compare} ?{_HAS_KEY * (keys - 1)} AND {_LIVE}"
    # CROSS JOIN keeps the key's index outermost, which is what gives the order without sorting.
    source = "integrations_document_keys first CROSS JOIN integrations_documents d ON d.seq = first.seq"
    return f"SELECT {columns} FROM {source} WHERE {where} ORDER BY first.seq {order} LIMIT ?"


@cache
def count(keys: int) -> str:
    """How many documents have that many keys; parameters as for `select()`, without edge and limit."""
    # The expired are few: leaving them out is a look at index entries only, not at any document.
    live = "seq NOT IN (SELECT seq FROM integrations_documents WHERE expires_at <= ?)"
    if keys == 0:
        return f"SELECT count(*) FROM integrations_documents WHERE collection = ? AND {live}"
    where = f"{_FIRST_KEY}{_HAS_KEY * (keys - 1)} AND first.{live}"
    return f"SELECT count(*) FROM integrations_document_keys first WHERE {where}"
