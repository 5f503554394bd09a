"""Reading JSON of any shape: what is there is found, and nothing that is missing breaks it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.connectors.reading import at, objects_at, text_at, texts_at
from integrations_sdk.models import JsonValue

BODY: JsonValue = {"issue": {"id": 7, "name": "x", "none": "", "open": True, "tags": ["a", 1, {"b": 2}]}}
NAMES = st.sampled_from(["issue", "id", "tags", ""])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=9,
)


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        (("issue", "id"), 7, "7"),
        (("issue", "name"), "x", "x"),
        (("issue", "none"), "", None),
        (("issue", "open"), True, None),
        (("issue", "id", "deeper"), None, None),
        (("other",), None, None),
    ],
)
def test_what_is_there_is_found(path: tuple[str, ...], value: JsonValue, text: str | None) -> None:
    """Along names; numbers are ids more often than not, so they read as text."""
    assert at(BODY, *path) == value
    assert text_at(BODY, *path) == text


def test_lists_give_what_is_of_their_kind() -> None:
    """Texts and objects are told apart; what is no list has neither."""
    assert texts_at(BODY, "issue", "tags") == ("a",)
    assert objects_at(BODY, "issue", "tags") == [{"b": 2}]
    assert (texts_at(BODY, "issue"), objects_at(BODY, "issue", "id")) == ((), [])


@given(JSON, st.lists(NAMES, max_size=3))
def test_no_shape_breaks_it(value: JsonValue, path: list[str]) -> None:
    """Whatever a vendor sends, the answer has the promised type."""
    found = text_at(value, *path)
    assert found is None or (isinstance(found, str) and found)
    assert all(isinstance(item, str) for item in texts_at(value, *path))
    assert all(isinstance(item, dict) for item in objects_at(value, *path))
