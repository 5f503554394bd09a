"""`encoding`: cursors, moments, limits, and documents as text."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.errors import ConfigurationError
from integrations_sdk.models import JsonValue
from integrations_sdk.store.base import Document
from integrations_sdk.store.encoding import (
    Encoded,
    check_limit,
    decode,
    decode_cursor,
    encode,
    encode_cursor,
    microseconds,
)

JSON: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
UTF8 = st.text(st.characters(codec="utf-8"))


@given(st.integers(0, 2**63 - 1))
def test_a_cursor_reads_back(sequence: int) -> None:
    """Every place in the order survives being a cursor."""
    assert decode_cursor(encode_cursor(sequence)) == sequence


@given(st.text() | st.text("c0123456789abcdefABCDEF+-_ ").map("c".__add__))
def test_only_cursors_are_cursors(text: str) -> None:
    """A text is a cursor only if it is spelled exactly as one is given out."""
    with contextlib.suppress(ConfigurationError):
        assert encode_cursor(decode_cursor(text)) == text


@pytest.mark.parametrize("cursor", [f"c{2**63:x}", 7, None, b"c1"])
def test_what_is_no_cursor_at_all(cursor: object) -> None:
    """Places that no row can have, and values of other types, are refused alike."""
    with pytest.raises(ConfigurationError, match="not a cursor"):
        decode_cursor(cursor)  # what a caller without types may pass


@given(st.datetimes(timezones=st.just(UTC)))
def test_moments_are_exact(moment: datetime) -> None:
    """No microsecond of any year is lost, which a float of seconds could not promise."""
    kept = encode(Document(collection="c", id="i", data={}, expires_at=moment))
    assert kept.expires_at == microseconds(moment)
    assert decode(kept, 1).expires_at == moment


@given(
    st.dictionaries(st.text(), JSON, max_size=4),
    st.dictionaries(UTF8.filter(bool), UTF8, max_size=4),
    st.integers(1, 9),
)
def test_documents_read_back(data: dict[str, JsonValue], keys: dict[str, str], version: int) -> None:
    """Whatever JSON and keys a document has, it is the same after encoding and decoding."""
    document = Document(collection="c", id="i", data=data, keys=keys, version=version)
    assert decode(encode(document), version) == document


def test_keys_have_one_form() -> None:
    """Equal keys are kept equally, in whatever order they were given; JSON is ASCII without blanks."""
    one = encode(Document(collection="c", id="i", data={"ä": [1, 2]}, keys={"b": "2", "a": "1"}))
    assert one == Encoded("c", "i", '{"\\u00e4":[1,2]}', (("a", "1"), ("b", "2")), None)


def test_everything_wrong_is_named_at_once() -> None:
    """One error has every problem of a document, and quotes no content."""
    naive, no_json = datetime(2026, 1, 1), {1}  # which is what is wrong with them
    wrong = Document(collection="", id="", data={"secret": no_json}, keys={"k": "\ud800"}, expires_at=naive)
    with pytest.raises(ConfigurationError) as caught:
        encode(wrong)
    assert [problem.path for problem in caught.value.problems] == [
        "data",
        "collection",
        "id",
        "keys.k",
        "expires_at",
    ]
    assert "secret" not in str(caught.value)


def test_what_contains_itself_is_refused() -> None:
    """Circles, and nesting beyond what JSON's reader takes, end in `ConfigurationError`."""
    circle: dict[str, JsonValue] = {}
    circle["self"] = circle
    deep: JsonValue = "x"
    for _ in range(100_000):
        deep = [deep]
    for data in (circle, {"deep": deep}):
        with pytest.raises(ConfigurationError, match="has no JSON form"):
            encode(Document(collection="c", id="i", data=data))


@pytest.mark.parametrize(("moment", "live"), [(-1, True), (0, False), (1, False)])
def test_the_moment_of_expiry_is_past_it(moment: int, live: bool) -> None:
    """A document is gone from the very moment of its expiry; without one it stays."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    kept = encode(Document(collection="c", id="i", data={}, expires_at=now))
    assert kept.is_live(microseconds(now + moment * timedelta(microseconds=1))) is live
    assert kept._replace(expires_at=None).is_live(microseconds(now))


@pytest.mark.parametrize("limit", [1, 100, 1000])
def test_limits_in_range_pass(limit: int) -> None:
    """1 to 1,000 are accepted, both ends included."""
    check_limit(limit)
