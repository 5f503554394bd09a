"""`http.body`: bounds hold whatever the pieces, and compression is undone to its last byte."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.errors import ResponseTooLargeError, TransportError
from integrations_sdk.http.body import BodyReader, read_headers


def read(raw: bytes, encoding: str = "", *, limit: int = 10**6, size: int = 7) -> bytes:
    """Feed a body in pieces of `size` bytes."""
    reader = BodyReader(limit, encoding)
    for start in range(0, len(raw), size):
        reader.feed(raw[start : start + size])
    return reader.finish()


@given(
    parts=st.lists(st.binary(max_size=200), min_size=1, max_size=4), size=st.integers(1, 300), data=st.data()
)
def test_bodies_come_back_whole(parts: list[bytes], size: int, data: st.DataObject) -> None:
    """Plain, deflate, or gzip of any number of members, cut into pieces of any size."""
    body = b"".join(parts)
    encoding, raw = data.draw(
        st.sampled_from(
            [
                ("", body),
                ("identity", body),
                ("GZIP", b"".join(map(gzip.compress, parts))),
                ("deflate", zlib.compress(body)),
            ]
        )
    )
    assert read(raw, encoding, size=size) == body


@given(st.binary(min_size=1, max_size=500), st.integers(1, 50))
def test_limit_is_exact(body: bytes, size: int) -> None:
    """As many bytes as allowed pass, compressed or not; one more does not."""
    for encoding, raw in (("", body), ("gzip", gzip.compress(body))):
        assert read(raw, encoding, limit=len(body), size=size) == body
        with pytest.raises(ResponseTooLargeError, match=f"exceeds {len(body) - 1} bytes"):
            read(raw, encoding, limit=len(body) - 1, size=size)


@given(st.binary(min_size=1, max_size=200), st.data())
def test_every_truncation_is_noticed(body: bytes, data: st.DataObject) -> None:
    """A gzip body that lacks its end, however little, is no body."""
    raw = gzip.compress(body)
    cut = data.draw(st.integers(1, len(raw) - 1))
    with pytest.raises(TransportError):
        read(raw[:cut], "gzip")


def test_padding_after_the_end_is_ignored() -> None:
    """What follows the last member and is none is not part of the body."""
    assert read(gzip.compress(b"x") + b"\0\0\0", "gzip") == b"x"
    assert read(zlib.compress(b"x") + b"more", "deflate") == b"x"


def test_members_are_counted() -> None:
    """Thousands of tiny members are an attack on the processor."""
    with pytest.raises(ResponseTooLargeError, match="members"):
        read(gzip.compress(b"") * 1001, "gzip", size=10_000)


def test_empty_body_needs_no_stream() -> None:
    """Nothing at all is a complete body, whatever its encoding."""
    assert read(b"", "gzip") == b""


def test_nonsense_is_named() -> None:
    """An unreadable body says so, as an ambiguous failure."""
    with pytest.raises(TransportError, match="decompressed") as caught:
        read(b"plain text", "gzip")
    assert caught.value.sent is True


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress"])
def test_unasked_encodings_are_refused(encoding: str) -> None:
    """Only what was asked for is undone."""
    with pytest.raises(TransportError, match="not asked for"):
        BodyReader(10, encoding)


def test_headers_are_text_and_counted() -> None:
    """Names and values are text; more than 200 fields are refused, repeated ones included."""
    assert dict(read_headers([(b"A", b"1"), (b"a", b"\xc3\xa9\xff")])) == {"a": "1, é\ufffd"}
    assert read_headers([(b"a", b"1")] * 200)
    with pytest.raises(ResponseTooLargeError, match="200 header fields"):
        read_headers([(b"a", b"1")] * 201)
