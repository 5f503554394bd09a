"""`http.serving`: a request is read whole or refused, whatever arrives; an answer is written as HTTP has it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations_sdk.http.serving import LARGEST_HEAD, Arrived, BadRequest, read_request, written

POST = b"POST /a?b=c HTTP/1.1\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


class Written:
    """A writer that keeps what is written."""

    def __init__(self) -> None:
        self.wire = b""

    def write(self, wire: bytes) -> None:
        self.wire += wire


def read(
    wire: bytes, *, largest: int = 1_000, count: int = 1, writer: Written | None = None
) -> list[Arrived]:
    """The requests in some bytes, after which the sender is done."""

    async def main() -> list[Arrived]:
        reader = asyncio.StreamReader(limit=LARGEST_HEAD)
        reader.feed_data(wire)
        reader.feed_eof()
        kept = writer or Written()
        return [await read_request(reader, kept, largest_body=largest) for _ in range(count)]

    return asyncio.run(main())


def refused(wire: bytes, **options: int) -> int:
    """The status with which it is refused."""
    with pytest.raises(BadRequest) as caught:
        read(wire, **options)
    return caught.value.status


def test_a_request_is_read_as_it_was_sent() -> None:
    """Target, headers (repeated ones joined) and body; the next one follows."""
    wire = POST + b"X-One: 1\r\nX-One:2 \r\ncontent-length: 3\r\n\r\nabcGET / HTTP/1.1\r\n\r\n"
    first, second = read(wire, count=2)
    assert (first.method, first.target, first.body, first.persistent) == ("POST", "/a?b=c", b"abc", True)
    assert dict(first.headers) == {"x-one": "1, 2", "content-length": "3"}
    assert (second.method, second.body) == ("GET", b"")


def test_a_body_in_chunks() -> None:
    """Extensions and trailers are passed over, and the next request begins after them."""
    wire = CHUNKED + b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\nGET / HTTP/1.1\r\n\r\n"
    assert [one.body for one in read(wire, count=2)] == [b"abcde", b""]


@pytest.mark.parametrize(
    ("head", "persistent"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", True),
        (b"GET / HTTP/1.0\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nConnection: Close\r\n\r\n", False),
    ],
)
def test_whether_the_connection_goes_on(head: bytes, persistent: bool) -> None:
    """By the version, and by what the sender says."""
    assert read(head)[0].persistent is persistent


def test_who_waits_for_a_word_gets_it() -> None:
    """`100 Continue`, unless the body would be refused anyway."""
    writer = Written()
    read(POST + b"expect: 100-continue\r\ncontent-length: 1\r\n\r\nx", writer=writer)
    assert writer.wire == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer = Written()
    with pytest.raises(BadRequest):
        read(POST + b"expect: 100-continue\r\ncontent-length: 1001\r\n\r\n", writer=writer)
    assert writer.wire == b""


@pytest.mark.parametrize(
    ("wire", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 400),
        (b"GET  HTTP/1.1\r\n\r\n", 400),
        (b"G(T / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nname : value\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n folded: value\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\na: b\nc: d\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\na: \0\r\n\r\n", 400),
        (POST + b"content-length: many\r\n\r\n", 400),
        (POST + b"content-length: -1\r\n\r\n", 400),
        (POST + b"content-length: +1\r\n\r\nx", 400),
        (POST + b"content-length: 1\r\ncontent-length: 2\r\n\r\nxx", 400),
        (POST + b"content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"transfer-encoding: gzip, chunked\r\n\r\n", 501),
        (CHUNKED + b"zz\r\n", 400),
        (CHUNKED + b"-1\r\n", 400),
        (CHUNKED + b"0x1\r\nx\r\n0\r\n\r\n", 400),
        (CHUNKED + b"1\r\nxx\r\n0\r\n\r\n", 400),
        (CHUNKED + b"1" * 70_000 + b"\r\n", 400),
        (POST + b"content-length: 1001\r\n\r\n", 413),
        (CHUNKED + b"3e8\r\n" + b"x" * 1_000 + b"\r\n1\r\nx\r\n0\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nx: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        (CHUNKED + b"0\r\n" + (b"t: " + b"x" * 1_000 + b"\r\n") * 70 + b"\r\n", 431),
    ],
)
def test_what_is_malformed_or_too_large_is_refused(wire: bytes, status: int) -> None:
    """Above all what two readers could read differently."""
    assert refused(wire) == status


def test_a_sender_that_goes_away() -> None:
    """In the middle of a request, or between two."""
    for wire in (b"", b"GET / HT", POST + b"content-length: 3\r\n\r\nab"):
        with pytest.raises(asyncio.IncompleteReadError):
            read(wire)


FRAGMENTS = [
    b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\n", b"content-length: ", b"transfer-encoding: chunked", b"\r\n", b"\n", b"\r",
    b":", b" ", b"0", b"5", b"\r\n\r\n", b"expect: 100-continue\r\n", b"abcde",
]  # fmt: skip


@settings(max_examples=400)
@given(wire=st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=6), max_size=24).map(b"".join))
def test_no_bytes_break_it(wire: bytes) -> None:
    """A request, a refusal, or the end of the stream; never anything else."""
    try:
        (found,) = read(wire)
    except (BadRequest, asyncio.IncompleteReadError):
        return
    assert found.method and found.target and len(found.body) <= 1_000


def test_an_answer() -> None:
    """Status line, type, length; of 204 and 304 neither, and for HEAD the length without the content."""
    assert written(200, b"hi") == (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 2\r\n\r\nhi"
    )
    assert written(204, b"hi", close=True) == b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"
    assert written(304) == b"HTTP/1.1 304 Not Modified\r\n\r\n"
    assert written(200, b"hi", head_only=True).endswith(b"content-length: 2\r\n\r\n")
    assert written(299, content_type="a/b", headers={"X-A": "1"}) == (
        b"HTTP/1.1 299 Unknown\r\ncontent-type: a/b\r\nx-a: 1\r\ncontent-length: 0\r\n\r\n"
    )
