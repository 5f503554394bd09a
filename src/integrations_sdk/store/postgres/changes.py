"""What a batch of transactions does to the rows, decided before anything is changed. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final, NamedTuple

import attrs

from integrations_sdk.store.base import Delete, Document, Insert, Put, Write
from integrations_sdk.store.encoding import Encoded, Pairs, decode, encode, encode_keys
from integrations_sdk.store.plan import plan, target
from integrations_sdk.store.postgres.statements import Part

__all__ = ["Batch", "Changes", "Key", "Row", "Transaction", "fit", "moment"]

Key = tuple[str, str]

_LONGEST: Final = 200  # characters; three of them fit an index entry, which holds 2,704 bytes
_SHORTENED: Final = "\x1a"  # SUBSTITUTE
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def fit(text: str) -> str:
    """The text as an indexed column holds it: itself, or a digest if it is long or has what no column takes.

    Different texts stay different, for none that looks like a digest is kept as it is.
    """
    if len(text) <= _LONGEST and "\x00" not in text and _SHORTENED not in text:
        return text
    beginning = text[: _LONGEST // 2].replace("\x00", "")
    return f"{beginning}{_SHORTENED}{sha256(text.encode()).hexdigest()}"


def moment(microseconds: int | None) -> datetime | None:
    """The time that many microseconds after 1970."""
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)


class Transaction:
    """What one caller wants done, all of it or nothing.

    Raises:
        ConfigurationError: a document cannot be stored.
    """

    __slots__ = ("encoded", "now", "size", "writes")

    def __init__(self, writes: Sequence[Write], now: int) -> None:
        self.writes = writes
        self.encoded = [None if isinstance(write, Delete) else encode(write.document) for write in writes]
        self.now = now
        self.size = sum(len(kept.data) for kept in self.encoded if kept is not None)

    @property
    def places(self) -> int:
        """How many new documents it may store at most."""
        return sum(isinstance(write, Insert | Put) for write in self.writes)

    def answers(self, versions: Sequence[int | None]) -> tuple[Document | None, ...]:
        """What `Store.write` returns."""
        return tuple(
            None if kept is None else decode(kept, version or 0)
            for kept, version in zip(self.encoded, versions, strict=True)
        )


class Row(NamedTuple):
    """A document as it is stored, expired or not."""

    seq: int
    version: int
    keys: Pairs
    expires_at: int | None


class _State(NamedTuple):
    """A document amid the batch; without `kept` it is as it is stored."""

    row: Row
    kept: Encoded | None = None


@attrs.frozen(kw_only=True)
class Changes:
    """Rows to remove, change and add, each as the statement's columns want it."""

    removed: list[tuple[object, ...]] = attrs.field(factory=list)
    unkeyed: list[tuple[object, ...]] = attrs.field(factory=list)
    changed: list[tuple[object, ...]] = attrs.field(factory=list)
    added: list[tuple[object, ...]] = attrs.field(factory=list)
    keyed: list[tuple[object, ...]] = attrs.field(factory=list)

    def parts(self) -> dict[Part, list[tuple[object, ...]]]:
        """Those that there are. New documents come in the order of their ids, so that nobody deadlocks."""
        parts: dict[Part, list[tuple[object, ...]]] = {
            "removed": self.removed,
            "unkeyed": self.unkeyed,
            "changed": self.changed,
            "added": sorted(self.added, key=lambda row: (row[1], row[2])),
            "keyed": self.keyed,
        }
        return {part: rows for part, rows in parts.items() if rows}

    def remove(self, seq: int, collection: str, keys: Pairs) -> None:
        """Remove a document and what leads to it."""
        self.removed.append((seq,))
        self.unkeyed.extend(_key_rows(seq, collection, keys))


class Batch:
    """Several transactions, one after another, each seeing those before it.

    Args:
        rows: what is stored of the documents concerned.
        places: in the order, for new documents, ascending.
    """

    def __init__(self, rows: Mapping[Key, Row], places: Iterable[int]) -> None:
        self._before = rows
        self._now: dict[Key, _State | None] = {key: _State(row) for key, row in rows.items()}
        self._places = iter(places)

    def add(self, transaction: Transaction) -> list[int | None]:
        """Do it; the version each write leaves behind, None for a deletion.

        Raises:
            AlreadyExistsError: see `plan()`; the batch is as it was then.
            NotFoundError: likewise.
            ConflictError: likewise.
        """
        now = transaction.now
        versions = plan(
            transaction.writes, transaction.encoded, now, lambda *key: self._live_version(key, now)
        )
        for write, kept, version in zip(transaction.writes, transaction.encoded, versions, strict=True):
            key = target(write)
            if kept is None:
                self._now[key] = None
            else:
                alive = self._live_version(key, now) is not None
                seq = self._seq(key) if alive else next(self._places)
                self._now[key] = _State(Row(seq, version or 0, kept.keys, kept.expires_at), kept)
        return versions

    def changes(self) -> Changes:
        """What all of it comes to."""
        changes = Changes()
        for key, state in self._now.items():
            before = self._before.get(key)
            if state is None:
                if before is not None:
                    changes.remove(before.seq, key[0], before.keys)
            elif state.kept is not None:
                _store(changes, before, state.row, state.kept)
        return changes

    def _seq(self, key: Key) -> int:
        state = self._now[key]
        assert state is not None
        return state.row.seq

    def _live_version(self, key: Key, now: int) -> int | None:
        state = self._now.get(key)
        if state is None or not (state.row.expires_at is None or state.row.expires_at > now):
            return None
        return state.row.version


def _store(changes: Changes, before: Row | None, row: Row, kept: Encoded) -> None:
    content = (row.version, kept.data, encode_keys(kept.keys), moment(kept.expires_at))
    if before is None:
        id_ = fit(kept.id)
        full = None if id_ == kept.id else json.dumps(kept.id)
        changes.added.append((row.seq, fit(kept.collection), id_, full, *content))
    else:  # also when it gets a new place: removing and adding the same id in one statement would collide
        changes.changed.append((before.seq, row.seq, *content))
    same = before is not None and before.seq == row.seq
    gone = () if before is None else tuple(pair for pair in before.keys if not same or pair not in kept.keys)
    new = kept.keys if not same or before is None else tuple(p for p in kept.keys if p not in before.keys)
    if before is not None:
        changes.unkeyed.extend(_key_rows(before.seq, kept.collection, gone))
    changes.keyed.extend(_key_rows(row.seq, kept.collection, new))


def _key_rows(seq: int, collection: str, keys: Pairs) -> list[tuple[object, ...]]:
    fitted = fit(collection)
    return [(fitted, fit(name), fit(value), seq) for name, value in keys]
