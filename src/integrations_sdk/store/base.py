"""The `Store` port: versioned JSON documents in named collections.

A backend keeps documents; it knows nothing of what they mean. Every promise below is checked by
`integrations_sdk.testing.StoreContract`, over every backend alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol, TypeAlias

import attrs

from integrations_sdk.models import JsonValue

__all__ = ["Delete", "Document", "Insert", "Page", "Put", "Replace", "Store", "Write"]


@attrs.frozen(kw_only=True)
class Document:
    """One stored thing.

    Attributes:
        collection: e.g. `integrations`.
        id: unique within the collection; some text.
        data: its content, at most 16 MiB as JSON. What is handed out is a copy: changing it changes
            nothing stored.
        keys: values by which it can be queried, e.g. `{"tenant_id": "acme"}`.
        version: 1 when inserted, one more after each replacement.
        expires_at: from then on it reads as absent; None keeps it for good.
    """

    collection: str
    id: str
    data: dict[str, JsonValue]
    keys: Mapping[str, str] = attrs.field(factory=dict)
    version: int = 1
    expires_at: datetime | None = None


@attrs.frozen
class Insert:
    """Store a new document, as version 1. `AlreadyExistsError` if a live one has that id."""

    document: Document


@attrs.frozen
class Replace:
    """Put a document in the place of version `expected_version`.

    `NotFoundError` if there is none, `ConflictError` if it has another version by now. The document's
    place in the order of a query stays what it was.
    """

    document: Document
    expected_version: int


@attrs.frozen
class Put:
    """Store a document whether or not one with that id exists; its version counts on."""

    document: Document


@attrs.frozen
class Delete:
    """Remove a document; no-op if missing.

    With `expected_version`: `NotFoundError` and `ConflictError` as for `Replace`.
    """

    collection: str
    id: str
    expected_version: int | None = None


Write: TypeAlias = Insert | Replace | Put | Delete


@attrs.frozen(kw_only=True)
class Page:
    """A part of a query's answer; `cursor` leads to the next part, None when this is the last."""

    documents: tuple[Document, ...]
    cursor: str | None = None


class Store(Protocol):
    """Where records live. Methods may be called concurrently, from one event loop."""

    async def write(self, *writes: Write) -> tuple[Document | None, ...]:
        """Do all of the writes, in order, or none of them: this is the transaction.

        Returns:
            The stored document for each `Insert`, `Replace` and `Put`, None for each `Delete`.

        Raises:
            AlreadyExistsError: for an `Insert`.
            NotFoundError: for a `Replace` or a `Delete` with a version.
            ConflictError: likewise.
            ConfigurationError: a document cannot be stored: no JSON, no id, a time without time zone.
        """
        ...

    async def get(self, collection: str, id: str) -> Document | None:  # noqa: A002  # the field's name
        """The document, or None if missing or expired."""
        ...

    async def version(self, collection: str, id: str) -> int | None:  # noqa: A002  # the field's name
        """The document's version, or None if missing or expired: whether what `get()` gave is still so."""
        ...

    async def query(
        self,
        collection: str,
        *,
        where: Mapping[str, str] | None = None,
        after: str | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> Page:
        """Documents whose keys equal all of `where`, in the order they were inserted.

        Paging is by keyset: going from cursor to cursor, a document that is there throughout is seen
        exactly once, whatever is inserted, replaced or deleted meanwhile.

        Args:
            after: the `cursor` of the page before; None begins.
            limit: 1 to 1,000.

        Raises:
            ConfigurationError: `limit` is out of range, or `after` is not a cursor.
        """
        ...

    async def count(self, collection: str, *, where: Mapping[str, str] | None = None) -> int:
        """How many documents `query` would find."""
        ...

    async def next_number(self, counter: str) -> int:
        """1, 2, 3, …: never the same number twice, also across processes; gaps are possible."""
        ...

    async def purge(self) -> int:
        """Free the room of expired documents; how many there were."""
        ...

    async def close(self) -> None:
        """Finish what was begun and let go of files and threads. A second call does nothing.

        Any other method raises `StateError` afterwards.
        """
        ...
