"""Reading untrusted JSON: what is accepted, what is a problem, and that nothing else can happen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.errors import ConfigurationError, Problem
from integrations_sdk.events.reading import Reader, is_null_sha, named, reading, status_word

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def _read(kind: str, value: object) -> tuple[object, list[str]]:
    problems: list[Problem] = []
    found = getattr(Reader({"x": value}, problems), kind)("x")  # on purpose, anything
    return found, [problem.wrong for problem in problems]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("text", "a", "a"), ("text", "", None), ("text", None, None),
        ("needed", "a", "a"),
        ("word", "push", "push"), ("word", None, None),
        ("url", "https://a.example", "https://a.example"), ("url", "javascript:alert(1)", None), ("url", None, None),
        ("whole", 7, 7), ("whole", None, None), ("whole", -1, -1),
        ("truth", True, True), ("truth", None, False),
        ("seconds", 1.5, timedelta(seconds=1.5)), ("seconds", 0, timedelta(0)), ("seconds", None, None),
        ("time", "2026-02-03T10:00:00Z", datetime(2026, 2, 3, 10, tzinfo=UTC)),
        ("time", "2026-02-03 10:00:00 UTC", datetime(2026, 2, 3, 10, tzinfo=UTC)),
        ("time", "2026-02-03 11:00:00 +0100", datetime(2026, 2, 3, 10, tzinfo=UTC)),
        ("time", "2026-02-03T10:00:00.500-0000", datetime(2026, 2, 3, 10, 0, 0, 500000, tzinfo=UTC)),
        ("time", 1770112800000, datetime(2026, 2, 3, 10, tzinfo=UTC)),
        ("time", "next week", None), ("time", "0001-01-01T00:00:00+23:59", None), ("time", None, None),
    ],
)  # fmt: skip
def test_reads_what_is_right(kind: str, value: object, expected: object) -> None:
    """A right, missing or null value is read without a problem."""
    assert _read(kind, value) == (expected, [])


@pytest.mark.parametrize(
    ("kind", "value", "wrong"),
    [
        ("text", 5, "expected text"), ("text", ["a"], "expected text"),
        ("needed", None, "missing; expected text"), ("needed", "", "missing; expected text"),
        ("needed", 0, "expected text"),
        ("word", "a\nb", "expected at most 200 printable characters"),
        ("word", "x" * 201, "expected at most 200 printable characters"),
        ("url", 5, "expected text"),
        ("whole", True, "expected a whole number"), ("whole", 1.0, "expected a whole number"),
        ("whole", 1 << 63, "expected a whole number"), ("whole", "7", "expected a whole number"),
        ("truth", 1, "expected true or false"), ("truth", "yes", "expected true or false"),
        ("seconds", -1, "expected a number, 0 or more"), ("seconds", True, "expected a number, 0 or more"),
        ("seconds", float("nan"), "expected a number, 0 or more"),
        ("seconds", float("inf"), "expected a number, 0 or more"), ("seconds", 10**400, "expected a number, 0 or more"),
        ("time", {}, "expected text"), ("time", 10**30, "expected text"),
        ("child", [], "expected an object"), ("child", "a", "expected an object"),
        ("children", {}, "expected a list"), ("children", [5], "expected an object"),
    ],
)  # fmt: skip
def test_tells_what_is_wrong(kind: str, value: object, wrong: str) -> None:
    """A value of another type is one problem that says what was expected."""
    assert _read(kind, value)[1] == [wrong]


@pytest.mark.parametrize(
    "kind",
    ["text", "needed", "word", "url", "whole", "truth", "seconds", "time", "child", "children", "peek"],
)
@given(value=JSON)
def test_never_raises(kind: str, value: object) -> None:
    """Whatever JSON there is, reading it gives a value or notes a problem."""
    _read(kind, value)


def test_follows_paths() -> None:
    """A problem deep inside names the way to it; no more than 20 are kept, and none twice."""
    body: dict[str, Any] = {"a": {"b": [{"c": 1}]}, "many": [5] * 50}

    def read() -> None:
        with reading("webhook", body) as reader:
            inner = reader.child("a").children("b")[0]
            assert (inner.text("c"), inner.text("c")) == (None, None)
            assert reader.children("many") == []

    with pytest.raises(ConfigurationError) as caught:
        read()
    assert caught.value.problems[0].path == "a.b[0].c"
    assert caught.value.problems[1].path == "many[0]"
    assert len(caught.value.problems) == 20


def test_peek_and_first_word_pass_over() -> None:
    """For bodies of which nothing is known, a value of another type is as if it were missing."""
    problems: list[Problem] = []
    reader = Reader({"a": 1, "b": "x\ny", "c": "word"}, problems)
    assert not reader.peek("a")
    assert reader.first_word("a", "b", "c", "missing") == "word"
    assert reader.first_word("a") is None
    assert problems == []


def test_small_words() -> None:
    """git's null commit, subjects and status words."""
    assert [is_null_sha(sha) for sha in ("0" * 40, "0" * 64, "0a", None)] == [True, True, False, False]
    assert (named("issues", 7), named("issues", None)) == ("issues/7", None)
    assert (status_word("FAILURE"), status_word("Odd"), status_word(None)) == ("failed", "odd", None)
