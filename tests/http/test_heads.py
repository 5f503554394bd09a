"""Counting the lines of an answer's head."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.errors import ResponseTooLargeError
from integrations_sdk.http.heads import HeadBound

OK = b"HTTP/1.1 200 OK\r\nx-a: 1\r\n\r\n"
EARLY = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
LINES = b"\n" * 10_000


def passes(*pieces: bytes) -> bool:
    bound = HeadBound()
    try:
        for piece in pieces:
            bound.feed(piece)
    except ResponseTooLargeError:
        return False
    return True


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([OK, LINES], True),
        ([OK + LINES], True),
        ([b"HTTP/1.1 200 OK\nx-a: 1\n\n" + LINES], True),
        ([b"HTTP/1.1 200 OK\nx-a: 1\n\r\n" + LINES], True),
        ([b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + LINES], True),
        ([EARLY * 100 + OK + LINES], True),
        ([EARLY * 300 + OK], False),
        ([EARLY, b"HTTP/1.1 200 OK\r\n" + b"x: 1\r\n" * 1000], False),
        ([b"HTTP/9.9 103 \r\n\r\nHTTP/1.1 200 OK\r\n" + b"x: 1\r\n" * 1000], False),
        ([b"HTTP/1.1 200 OK\r\n" + b"a:\r\n" * 300], True),
        ([b"HTTP/1.1 200 OK\r\n", *[b"a:\r\n"] * 600], False),
        ([b"HTTP/1.1 200 OK\r\n", *[b"a:\n"] * 600], False),
        ([b"x" * 1_000_000], True),
    ],
)
def test_lines_before_the_body_are_counted(pieces, expected):
    """Too many are refused before anything parses them, in interim answers too; the body's lines do not count."""
    assert passes(*pieces) is expected


@given(st.data())
def test_it_does_not_matter_how_bytes_arrive(data):
    """However an answer is cut into pieces, the count is the same."""
    text = data.draw(st.sampled_from([EARLY * 3 + OK + LINES, b"HTTP/1.1 200 OK\r\n" + b"a:\r\n" * 600]))
    cuts = sorted(data.draw(st.lists(st.integers(0, 250), max_size=8)))
    pieces = [text[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert passes(*pieces) == passes(text)


def test_every_answer_is_counted_anew():
    """A connection may carry any number of answers, each within the bound."""
    bound = HeadBound()
    for _ in range(100):
        bound.expect()
        bound.feed(b"HTTP/1.1 200 OK\r\n" + b"a:\r\n" * 100 + b"\r\n")
    bound.feed(LINES)
