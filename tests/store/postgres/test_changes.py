"""`Batch`: what transactions do to rows, decided without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.errors import AlreadyExistsError
from integrations_sdk.store.base import Delete, Document, Insert, Put, Replace, Write
from integrations_sdk.store.encoding import microseconds
from integrations_sdk.store.postgres.changes import Batch, Row, Transaction, fit, moment

NOW = datetime(2026, 1, 1, tzinfo=UTC)
A = ("c", "a")


def doc(id_: str = "a", *, expires_at: datetime | None = None, **keys: str) -> Document:
    return Document(collection="c", id=id_, data={}, keys=keys, expires_at=expires_at)


def after(batch: Batch, *writes: Write) -> list[int | None]:
    return batch.add(Transaction(writes, microseconds(NOW)))


def summary(batch: Batch) -> dict[str, list[object]]:
    """What each part names: places, and of keys their names too."""
    return {
        part: [
            row[:2] if part == "changed" else row[0] if len(row) != 4 else (row[1], row[3]) for row in rows
        ]
        for part, rows in batch.changes().parts().items()
    }


def test_only_the_end_of_a_batch_is_written() -> None:
    """However often a document changes in a batch, it is written once; what came and went, never."""
    batch = Batch({}, [11, 12, 13])
    assert after(batch, Insert(doc(k="v")), Replace(doc(j="w"), 1)) == [1, 2]
    assert after(batch, Put(doc("b"))) == [1]
    assert after(batch, Put(doc(k="v")), Delete("c", "b")) == [3, None]
    assert summary(batch) == {"added": [11], "keyed": [("k", 11)]}


def test_a_change_touches_only_keys_that_differ() -> None:
    """Keys that stay are left alone; a document keeps its place while it lives."""
    batch = Batch({A: Row(5, 7, (("gone", "1"), ("same", "s")), None)}, [11])
    assert after(batch, Replace(doc(same="s", new="n"), 7)) == [8]
    assert summary(batch) == {"changed": [(5, 5)], "unkeyed": [("gone", 5)], "keyed": [("new", 11 - 6)]}


def test_what_comes_again_gets_a_new_place() -> None:
    """Deleted and inserted, or expired and put: the row moves to the end, with all of its keys."""
    for writes, row in (
        ([Delete("c", "a"), Insert(doc(k="v"))], Row(5, 7, (("k", "v"),), None)),
        ([Put(doc(k="v"))], Row(5, 7, (("k", "v"),), microseconds(NOW))),
    ):
        batch = Batch({A: row}, [11])
        assert after(batch, *writes)[-1] == 1
        assert summary(batch) == {"changed": [(5, 11)], "unkeyed": [("k", 5)], "keyed": [("k", 11)]}


def test_a_deletion_takes_the_keys_along() -> None:
    """The row and what leads to it go; of nothing there is nothing to remove."""
    batch = Batch({A: Row(5, 7, (("k", "v"),), None)}, [])
    assert after(batch, Delete("c", "a", 7), Delete("c", "b")) == [None, None]
    assert summary(batch) == {"removed": [5], "unkeyed": [("k", 5)]}


def test_a_refused_transaction_leaves_no_trace() -> None:
    """A decision against one transaction changes nothing of the batch, also not what it would have done first."""
    batch = Batch({A: Row(5, 7, (), None)}, [11, 12])
    with pytest.raises(AlreadyExistsError):
        after(batch, Put(doc("b")), Insert(doc()))
    assert after(batch, Insert(doc("b"))) == [1]
    assert summary(batch) == {"added": [11]}


def test_new_documents_come_in_one_order() -> None:
    """Two batches with the same ids write them in the same order, or each could wait for the other."""
    batch = Batch({}, [11, 12, 13])
    after(batch, *(Insert(doc(id_)) for id_ in "bca"))
    assert [(row[0], row[2]) for row in batch.changes().parts()["added"]] == [(13, "a"), (11, "b"), (12, "c")]


def test_places_are_for_what_may_be_new() -> None:
    """A transaction asks for as many places as it could need."""
    writes = [Insert(doc()), Put(doc("b")), Replace(doc("c"), 1), Delete("c", "d")]
    assert Transaction(writes, 0).places == 2


def test_times_are_exact() -> None:
    """Microseconds since 1970 become the very moment, and nothing stays nothing."""
    precise = NOW + timedelta(microseconds=1)
    assert moment(microseconds(precise)) == precise
    assert moment(None) is None


@given(st.text(max_size=5), st.text(max_size=5))
def test_different_texts_stay_different(one: str, other: str) -> None:
    """Whatever is shortened or has what no column takes, no two texts become one, and each fits."""
    texts = {one, other, one * 60, other * 60, one + "\x00", other + "\x00", fit(one * 60)}
    fitted = {text: fit(text) for text in texts}
    assert len(set(fitted.values())) == len(texts)
    for text in fitted.values():
        assert "\x00" not in text
        assert len(text) <= 200
