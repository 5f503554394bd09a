"""What a `Store` should do, in the plainest Python, and random operations to try on both.

Needs Hypothesis, which is why `store_contract` imports it late.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import attrs
from hypothesis import strategies as st

from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import AlreadyExistsError, ConflictError, IntegrationError, NotFoundError
from integrations_sdk.models import JsonValue
from integrations_sdk.store.base import Delete, Document, Insert, Put, Replace, Store, Write

__all__ = ["Advance", "ModelStore", "Operation", "Purge", "everything", "operations", "outcome"]

COLLECTION: Final = "things"

_WHERES: Final[tuple[dict[str, str], ...]] = ({}, {"k": "a"}, {"k": "b"}, {"m": "x"}, {"k": "a", "m": "x"})


@attrs.frozen
class Advance:
    """Let this many seconds pass."""

    seconds: int


@attrs.frozen
class Purge:
    """Call `purge()`."""


Operation: TypeAlias = tuple[Write, ...] | Advance | Purge
"""One step: a transaction, or one of the others."""


class ModelStore:
    """A dict, in the order of insertion; every method is the obvious one, however slow."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.rows: dict[str, Document] = {}

    def write(self, writes: Sequence[Write]) -> list[int | None]:
        """The versions left behind; on an error everything is as it was."""
        before = dict(self.rows)
        try:
            return [self._write_one(write) for write in writes]
        except IntegrationError:
            self.rows = before
            raise

    def live(self) -> list[Document]:
        """What has not expired, oldest first."""
        now = self.clock.now()
        return [row for row in self.rows.values() if row.expires_at is None or row.expires_at > now]

    def matching(self, where: Mapping[str, str]) -> list[Document]:
        """Live documents with all of these keys."""
        return [row for row in self.live() if where.items() <= dict(row.keys).items()]

    def purge(self) -> int:
        """Remove what has expired; how many it were."""
        before = len(self.rows)
        self.rows = {row.id: row for row in self.live()}
        return before - len(self.rows)

    def _write_one(self, write: Write) -> int | None:
        about = write if isinstance(write, Delete) else write.document
        there = next((row for row in self.live() if row.id == about.id), None)
        if isinstance(write, Insert) and there:
            raise AlreadyExistsError
        if isinstance(write, Replace | Delete) and write.expected_version is not None:
            if there is None:
                raise NotFoundError
            if there.version != write.expected_version:
                raise ConflictError
        if there is None or isinstance(write, Delete):
            self.rows.pop(about.id, None)
        if isinstance(write, Delete):
            return None
        version = there.version + 1 if there else 1
        self.rows[about.id] = attrs.evolve(write.document, version=version)
        return version


def operations(start: datetime) -> st.SearchStrategy[list[Operation]]:
    """Lists of operations that often meet the same few documents, versions and keys."""
    expiries = st.sampled_from([None, None, *(start + timedelta(seconds=seconds) for seconds in (3, 7, 20))])
    keys = st.fixed_dictionaries({}, optional={"k": st.sampled_from("ab"), "m": st.sampled_from("xy")})
    data: st.SearchStrategy[dict[str, JsonValue]] = st.dictionaries(
        st.text(max_size=3), st.integers(), max_size=2
    )
    ids, versions = st.sampled_from("pqrs"), st.integers(1, 3)
    document = st.builds(
        Document, collection=st.just(COLLECTION), id=ids, data=data, keys=keys, expires_at=expiries
    )
    write = st.one_of(
        st.builds(Insert, document),
        st.builds(Put, document),
        st.builds(Replace, document, versions),
        st.builds(Delete, st.just(COLLECTION), ids, st.none() | versions),
    )
    transaction = st.lists(write, min_size=1, max_size=3).map(tuple)
    step = st.one_of(
        transaction, transaction, transaction, st.builds(Advance, st.integers(1, 6)), st.just(Purge())
    )
    return st.lists(step, max_size=30)


async def outcome(store: Store, model: ModelStore, step: Operation) -> tuple[object, object]:
    """What the step came to on either; they should be equal."""
    if isinstance(step, Advance):
        model.clock.advance(step.seconds)
        return None, None
    if isinstance(step, Purge):
        return await store.purge(), model.purge()
    try:
        stored = await store.write(*step)
        found: object = [None if document is None else document.version for document in stored]
    except IntegrationError as error:
        found = type(error)
    try:
        return found, model.write(step)
    except IntegrationError as error:
        return found, type(error)


async def everything(store: Store, model: ModelStore) -> tuple[object, object]:
    """All that can be asked of either, in both directions and page by page; they should be equal."""
    found: list[object] = []
    expected: list[object] = []
    for where in _WHERES:
        matching = model.matching(where)
        found += [await store.count(COLLECTION, where=where)]
        expected += [len(matching)]
        for newest_first in (False, True):
            found += [await _paged(store, where, newest_first=newest_first)]
            expected += [matching[::-1] if newest_first else matching]
    for id_ in "pqrs":
        found += [await store.get(COLLECTION, id_)]
        row = next((row for row in model.live() if row.id == id_), None)
        found += [await store.version(COLLECTION, id_)]
        expected += [row, None if row is None else row.version]
    return found, expected


async def _paged(store: Store, where: Mapping[str, str], *, newest_first: bool) -> list[Document]:
    found: list[Document] = []
    cursor = None
    while True:
        page = await store.query(COLLECTION, where=where, after=cursor, limit=2, newest_first=newest_first)
        found += page.documents
        cursor = page.cursor
        if cursor is None:
            return found
