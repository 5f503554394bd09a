"""The other side of HTTP/1.1: reading a request in bounds, and writing its answer (RFC 9110, RFC 9112).

For what receives a few requests from few senders, such as stand-ins of vendors and `integrations listen`; an
application serves by its web framework. What could be read in two ways is refused.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NoReturn

import attrs

from integrations_sdk.http.base import Headers

__all__ = ["LARGEST_HEAD", "Arrived", "BadRequest", "read_request", "written"]

LARGEST_HEAD: Final = 64 * 1024
"""Bytes of the request line and all headers, and of the trailers; give it to the stream as its limit."""

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_FORBIDDEN: Final = re.compile(r"[\0\r\n]")  # RFC 9110 §5.5
_VERSION: Final = re.compile(r"HTTP/1\.[0-9]")
_CHUNK_SIZE: Final = re.compile(rb"[0-9A-Fa-f]{1,8}")
_LENGTH: Final = re.compile(r"[0-9]{1,15}")


@attrs.frozen(kw_only=True)
class Arrived:
    """A request as it arrived.

    Attributes:
        target: path and query, percent-encoded.
        headers: decoded as Latin-1.
        body: without its chunks, otherwise byte for byte.
        persistent: another request may follow on the connection.
    """

    method: str
    target: str
    headers: Headers
    body: bytes = attrs.field(repr=False)
    persistent: bool = True


@attrs.frozen
class BadRequest(Exception):  # noqa: N818  # it is an answer, not an error of ours
    """What is to be answered with this status, after which the connection is closed."""

    status: int
    reason: str


async def read_request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, largest_body: int
) -> Arrived:
    """The next request of a connection. It may take for ever: the caller bounds the time.

    Args:
        reader: of a stream whose limit is `LARGEST_HEAD`.
        writer: a sender that waits for `100 Continue` gets it.
        largest_body: bytes.

    Raises:
        BadRequest: it is malformed or too large.
        IncompleteReadError: the sender went away, or is done.
    """
    first, headers = _head((await _until(reader, b"\r\n\r\n", status=431))[:-4].decode("latin-1"))
    method, target, version = first
    chunked = _is_chunked(headers)
    length = 0 if chunked else _length(headers, largest_body)
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await (_chunks(reader, largest_body) if chunked else reader.readexactly(length))
    closing = version == "HTTP/1.0" or headers.get("connection", "").lower() == "close"
    return Arrived(method=method, target=target, headers=headers, body=body, persistent=not closing)


def written(
    status: int,
    content: bytes = b"",
    *,
    content_type: str = "text/plain; charset=utf-8",
    headers: Mapping[str, str] | None = None,
    close: bool = False,
    head_only: bool = False,
) -> bytes:
    """An answer as it goes over the wire.

    Args:
        headers: over those that follow from the rest.
        close: say that the connection is closed after it.
        head_only: leave the content out, whose length is given all the same: the answer to HEAD.
    """
    fields = {
        "content-type": content_type,
        **{name.lower(): value for name, value in (headers or {}).items()},
    }
    if status in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}:  # RFC 9110 §6.4.1
        del fields["content-type"]
        content = b""
    else:
        fields["content-length"] = str(len(content))
    if close:
        fields["connection"] = "close"
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (b"" if head_only else content)


def _head(text: str) -> tuple[list[str], Headers]:
    first, *lines = text.split("\r\n")
    parts = first.split(" ")
    pairs = [(name, value.strip(" \t")) for name, _, value in (line.partition(":") for line in lines)]
    if (
        len(parts) != 3
        or not _TOKEN.fullmatch(parts[0])
        or not parts[1]
        or not _VERSION.fullmatch(parts[2])
        or not all(_TOKEN.fullmatch(name) for name, _ in pairs)
        or _FORBIDDEN.search(text.replace("\r\n", ""))
    ):
        _refuse(400, "not an HTTP request")
    return parts, Headers(pairs)


def _is_chunked(headers: Headers) -> bool:
    coding = headers.get("transfer-encoding")
    if coding is None:
        return False
    if coding.lower() != "chunked":
        _refuse(501, "the transfer encoding is not known")
    if "content-length" in headers:  # RFC 9112 §6.3: it might be an attempt at request smuggling
        _refuse(400, "both content-length and transfer-encoding")
    return True


def _length(headers: Headers, largest: int) -> int:
    length = headers.get("content-length", "0")
    if not _LENGTH.fullmatch(length):
        _refuse(400, "content-length is no number")
    return _bounded(int(length), largest)


async def _chunks(reader: asyncio.StreamReader, largest: int) -> bytes:
    body = bytearray()
    while True:
        size = (await _until(reader, b"\r\n")).partition(b";")[0].strip()
        if not _CHUNK_SIZE.fullmatch(size):
            _refuse(400, "not a chunk")
        length = int(size, 16)
        if length == 0:
            await _skip_trailers(reader)
            return bytes(body)
        _bounded(len(body) + length, largest)
        body += await reader.readexactly(length)
        if await reader.readexactly(2) != b"\r\n":
            _refuse(400, "not a chunk")


async def _skip_trailers(reader: asyncio.StreamReader) -> None:
    read = 0
    while (line := await _until(reader, b"\r\n")) != b"\r\n":
        read += len(line)
        if read > LARGEST_HEAD:
            _refuse(431, "the trailers are too large")


async def _until(reader: asyncio.StreamReader, end: bytes, *, status: int = 400) -> bytes:
    try:
        return await reader.readuntil(end)
    except asyncio.LimitOverrunError:
        raise BadRequest(status, "the header is too large" if status == 431 else "not a chunk") from None


def _bounded(length: int, largest: int) -> int:
    if length > largest:
        _refuse(413, "the body is too large")
    return length


def _refuse(status: int, reason: str) -> NoReturn:
    raise BadRequest(status, reason)
