"""What a transaction comes to, decided before anything is changed. Pure, and the same for every backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from integrations_sdk.errors import AlreadyExistsError, ConflictError, NotFoundError
from integrations_sdk.store.base import Delete, Insert, Put, Replace, Write
from integrations_sdk.store.encoding import Encoded

__all__ = ["decide", "plan", "target"]


def target(write: Write) -> tuple[str, str]:
    """The collection and id that a write is about."""
    about = write if isinstance(write, Delete) else write.document
    return about.collection, about.id


def decide(write: Write, current: int | None) -> int | None:
    """The version a write leaves behind, None for a deletion.

    Args:
        write: what is asked for.
        current: the version that is there; None if the document is missing or expired.

    Raises:
        AlreadyExistsError: for an `Insert`.
        NotFoundError: for a `Replace` or a `Delete` with a version.
        ConflictError: likewise.
    """
    if isinstance(write, Insert):
        if current is not None:
            raise AlreadyExistsError(f"{_name(write)} exists already: replace it, or choose another id")
        return 1
    if isinstance(write, Put):
        return (current or 0) + 1
    if write.expected_version is not None:
        _expect(write, current, write.expected_version)
    return None if isinstance(write, Delete) else write.expected_version + 1


def plan(
    writes: Sequence[Write],
    encoded: Sequence[Encoded | None],
    now: int,
    version_of: Callable[[str, str], int | None],
) -> list[int | None]:
    """`decide()` for each of the writes, each seeing what those before it did.

    Deciding the whole transaction first means that nothing ever has to be undone.

    Args:
        writes: the transaction.
        encoded: beside each write its document, None for a deletion.
        now: in microseconds since 1970; a document may be written that has expired already.
        version_of: looks up the live version by collection and id; asked once for each document.

    Raises:
        AlreadyExistsError: as `decide()`.
        NotFoundError: as `decide()`.
        ConflictError: as `decide()`.
    """
    live: dict[tuple[str, str], int | None] = {}
    planned: list[int | None] = []
    for write, kept in zip(writes, encoded, strict=True):
        key = target(write)
        current = live[key] if key in live else version_of(*key)
        version = decide(write, current)
        live[key] = version if kept is not None and kept.is_live(now) else None
        planned.append(version)
    return planned


def _expect(write: Replace | Delete, current: int | None, expected: int) -> None:
    if current is None:
        raise NotFoundError(f"{_name(write)} does not exist (any more)")
    if current != expected:
        message = f"{_name(write)} is at version {current}, not {expected}: read it again, then retry"
        raise ConflictError(message)


def _name(write: Write) -> str:
    collection, id_ = target(write)
    return f"document `{id_}` of `{collection}`"
