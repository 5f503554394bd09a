"""The SQL of the store. Only constants and the schema's checked name are joined into it; values are parameters."""
# ruff: noqa: S608  # see above

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final, Literal

__all__ = ["Part", "Statements"]

Part = Literal["removed", "unkeyed", "changed", "added", "keyed", "counted", "told"]
"""What a transaction may consist of; each comes with its own columns, one array for each."""

# A name for each column, and its type. `{}` is the schema.
_COLUMNS: Final[dict[Part, dict[str, str]]] = {
    "removed": {"seq": "bigint"},
    "unkeyed": {"collection": "text", "name": "text", "value": "text", "seq": "bigint"},
    "changed": {
        "seq": "bigint", "new_seq": "bigint", "version": "bigint", "data": "text", "keys": "text",
        "expires_at": "timestamptz",
    },
    "added": {
        "seq": "bigint", "collection": "text", "id": "text", "full_id": "text", "version": "bigint",
        "data": "text", "keys": "text", "expires_at": "timestamptz",
    },
    "keyed": {"collection": "text", "name": "text", "value": "text", "seq": "bigint"},
    "counted": {"name": "text", "times": "bigint"},
    "told": {"channel": "text", "payload": "text"},
}  # fmt: skip
_EFFECTS: Final[dict[Part, str]] = {
    "removed": "DELETE FROM {}.documents d USING {rows} WHERE d.seq = r.seq",
    "unkeyed": "DELETE FROM {}.document_keys k USING {rows} WHERE k.collection = r.collection AND k.name = r.name"
    " AND k.value = r.value AND k.seq = r.seq",
    "changed": "UPDATE {}.documents d SET seq = r.new_seq, version = r.version, data = r.data, keys = r.keys,"
    " expires_at = r.expires_at FROM {rows} WHERE d.seq = r.seq",
    "added": "INSERT INTO {}.documents (seq, collection, id, full_id, version, data, keys, expires_at)"
    " SELECT * FROM {rows}",
    "keyed": "INSERT INTO {}.document_keys (collection, name, value, seq) SELECT * FROM {rows}",
    "counted": "INSERT INTO {}.counters AS c (name, value) SELECT * FROM {rows}"
    " ON CONFLICT (name) DO UPDATE SET value = c.value + excluded.value RETURNING name, value",
    "told": "SELECT pg_notify(r.channel, r.payload) FROM {rows}",
}

_LIVE: Final = "(d.expires_at IS NULL OR d.expires_at > $2)"
_FIELDS: Final = "d.seq, d.id, d.full_id, d.data, d.keys, d.version, d.expires_at"
# `OFFSET 0` keeps the planner from turning a look at one row into a join with all of them.
_LACKS_A_KEY: Final = (
    "EXISTS (SELECT 1 FROM unnest($3::text[], $4::text[]) o(name, value) WHERE NOT EXISTS"
    " (SELECT 1 FROM {}.document_keys e WHERE e.collection = $1 AND e.name = o.name AND e.value = o.value"
    " AND e.seq = {seq} OFFSET 0) OFFSET 0)"
)
# The index of the rarest key is the one to walk along; counting stops early, for it only has to tell rare from common.
_RAREST: Final = (
    "WITH rarest AS MATERIALIZED (SELECT w.name, w.value FROM unnest($3::text[], $4::text[]) w(name, value)"
    " ORDER BY (SELECT count(*) FROM (SELECT 1 FROM {}.document_keys f WHERE f.collection = $1"
    " AND f.name = w.name AND f.value = w.value LIMIT 256) s) LIMIT 1) "
)
_ONE: Final = "k.collection = $1 AND k.name = $3 AND k.value = $4"
_MANY: Final = (
    "k.collection = $1 AND k.name = (SELECT name FROM rarest) AND k.value = (SELECT value FROM rarest)"
    f" AND NOT {_LACKS_A_KEY.replace('{seq}', 'k.seq')}"
)


class Statements:
    """The statements for one schema. `$1` is the collection and `$2` the time wherever both occur."""

    def __init__(self, schema: str) -> None:
        self.schema = f'"{schema}"'
        self._text = cache(self._fill)
        self.change = cache(self._change)

    @property
    def get(self) -> str:
        """Parameters: collection, time, id."""
        return self._text(
            "SELECT data, keys, version, expires_at FROM {}.documents d WHERE collection = $1 AND id = $3 AND "
            + _LIVE
        )

    @property
    def version(self) -> str:
        """Parameters: collection, time, id."""
        return self._text("SELECT version FROM {}.documents d WHERE collection = $1 AND id = $3 AND " + _LIVE)

    @property
    def take(self) -> str:
        """Lock documents, always in the same order, and take places in the order for new ones.

        Parameters: collections, ids, how many places. Rows: the position of the document asked for, seq,
        version, keys, expiry; with position 0, a place.
        """
        return self._text(
            "WITH locked AS MATERIALIZED (SELECT w.position, d.seq, d.version, d.keys, d.expires_at"
            " FROM unnest($1::text[], $2::text[]) WITH ORDINALITY w(collection, id, position)"
            " JOIN {}.documents d ON d.collection = w.collection AND d.id = w.id"
            " ORDER BY d.collection, d.id FOR UPDATE OF d)"
            " SELECT position, seq, version, keys, expires_at FROM locked UNION ALL"
            " SELECT 0, nextval('{}.documents_order'), NULL, NULL, NULL FROM generate_series(1, $3::int)"
        )

    @property
    def expired(self) -> str:
        """Parameters: time, limit. What somebody else is changing or purging is left to the next time."""
        return self._text(
            "SELECT seq, collection, keys FROM {}.documents WHERE expires_at <= $1"
            " ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED"
        )

    def select(self, keys: int, *, newest_first: bool) -> str:
        """A page.

        Parameters: collection, time; with one key its name and value, with more arrays of them; the edge
        and the limit.
        """
        compare, order = ("<", "DESC") if newest_first else (">", "ASC")
        if keys == 0:
            where = f"d.collection = $1 AND d.seq {compare} $3 AND {_LIVE}"
            return self._text(
                f"SELECT {_FIELDS} FROM {{}}.documents d WHERE {where} ORDER BY d.seq {order} LIMIT $4"
            )
        first, where = ("", _ONE) if keys == 1 else (_RAREST, _MANY)
        document = f"(SELECT {_FIELDS} FROM {{}}.documents d WHERE d.seq = k.seq AND {_LIVE} OFFSET 0)"
        return self._text(
            f"{first}SELECT d.* FROM {{}}.document_keys k CROSS JOIN LATERAL {document} d"
            f" WHERE {where} AND k.seq {compare} $5 ORDER BY k.seq {order} LIMIT $6"
        )

    def count(self, keys: int) -> str:
        """How many; parameters as for `select()`, without edge and limit.

        All, and less those that have expired, which are few: so no live document is looked at.
        """
        expired = "SELECT count(*) FROM {}.documents d WHERE d.collection = $1 AND d.expires_at <= $2"
        if keys == 0:
            return self._text(
                f"SELECT (SELECT count(*) FROM {{}}.documents WHERE collection = $1) - ({expired})"
            )
        first, where = ("", _ONE) if keys == 1 else (_RAREST, _MANY)
        has = (
            "EXISTS (SELECT 1 FROM {}.document_keys e WHERE e.collection = $1 AND e.name = $3 AND e.value = $4"
            " AND e.seq = d.seq OFFSET 0)"
            if keys == 1
            else f"NOT {_LACKS_A_KEY.replace('{seq}', 'd.seq')}"
        )
        return self._text(
            f"{first}SELECT (SELECT count(*) FROM {{}}.document_keys k WHERE {where}) - ({expired} AND {has})"
        )

    def _change(self, parts: Sequence[Part]) -> str:
        """All changes of a transaction in one statement, which names the transaction and each counter's value.

        Parameters: the columns of each part, in the order of `parts`, which name different rows.
        """
        effects, used = [], 0
        for part in parts:
            columns = _COLUMNS[part]
            arrays = ", ".join(f"${used + place}::{kind}[]" for place, kind in enumerate(columns.values(), 1))
            used += len(columns)
            rows = f"unnest({arrays}) r({', '.join(columns)})"
            effects.append(f"{part} AS ({_EFFECTS[part].replace('{rows}', rows)})")
        counted = (
            "LEFT JOIN counted ON true"
            if "counted" in parts
            else "CROSS JOIN (SELECT NULL, NULL) c(name, value)"
        )
        told = ", (SELECT count(*) FROM told)" if "told" in parts else ""
        begin = f"WITH {', '.join(effects)} " if effects else ""
        return self._fill(
            f"{begin}SELECT pg_current_xact_id()::text, name, value{told} FROM (SELECT 1) one {counted}"
        )

    def _fill(self, text: str) -> str:
        return text.replace("{}", self.schema)
