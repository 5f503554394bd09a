"""`plan`: what a transaction comes to, as a table."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from integrations_sdk.errors import AlreadyExistsError, ConflictError, NotFoundError
from integrations_sdk.store.base import Delete, Document, Insert, Put, Replace, Write
from integrations_sdk.store.encoding import encode, microseconds
from integrations_sdk.store.plan import decide, plan, target

NOW = datetime(2026, 1, 1, tzinfo=UTC)
A = Document(collection="c", id="a", data={})
EXPIRED = Document(collection="c", id="a", data={}, expires_at=NOW)
Answer = int | None | type[Exception]


@pytest.mark.parametrize(
    ("write", "missing", "at_two"),
    [
        (Insert(A), 1, AlreadyExistsError),
        (Put(A), 1, 3),
        (Replace(A, 2), NotFoundError, 3),
        (Replace(A, 1), NotFoundError, ConflictError),
        (Replace(A, 3), NotFoundError, ConflictError),
        (Delete("c", "a"), None, None),
        (Delete("c", "a", 2), NotFoundError, None),
        (Delete("c", "a", 1), NotFoundError, ConflictError),
    ],
)
def test_each_write_is_decided(write: Write, missing: Answer, at_two: Answer) -> None:
    """Every kind of write, of a document that is missing and of one at version 2."""
    for current, expected in ((None, missing), (2, at_two)):
        if isinstance(expected, type):
            with pytest.raises(expected, match="document `a` of `c`"):
                decide(write, current)
        else:
            assert decide(write, current) == expected


@pytest.mark.parametrize(
    ("writes", "versions"),
    [
        ([Insert(A), Replace(A, 1), Put(A), Delete("c", "a", 3), Insert(A)], [1, 2, 3, None, 1]),
        ([Insert(EXPIRED), Insert(EXPIRED), Put(A), Replace(A, 1)], [1, 1, 1, 2]),
        ([Put(A), Insert(A)], AlreadyExistsError),
        ([Insert(A), Delete("c", "a"), Replace(A, 1)], NotFoundError),
        ([Insert(EXPIRED), Replace(A, 1)], NotFoundError),
        ([], []),
    ],
)
def test_writes_see_those_before_them(
    writes: list[Write], versions: list[int | None] | type[Exception]
) -> None:
    """Later writes of a transaction go by what earlier ones did; the backend is asked once."""
    asked: list[tuple[str, str]] = []
    encoded = [None if isinstance(write, Delete) else encode(write.document) for write in writes]

    def version_of(collection: str, id_: str) -> None:
        asked.append((collection, id_))

    if isinstance(versions, type):
        with pytest.raises(versions):
            plan(writes, encoded, microseconds(NOW), version_of)
    else:
        assert plan(writes, encoded, microseconds(NOW), version_of) == versions
    assert asked == [("c", "a")] * bool(writes)


def test_a_write_is_about_its_document() -> None:
    """A deletion names its target itself, the others by their document."""
    assert {target(write) for write in (Insert(A), Put(A), Replace(A, 1), Delete("c", "a"))} == {("c", "a")}
