"""Reading an answer with bounds: header fields, size, and size after decompression."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

from integrations_sdk.errors import ResponseTooLargeError, TransportError
from integrations_sdk.http.base import Headers

__all__ = ["ACCEPT_ENCODING", "MAX_HEADERS", "BodyReader", "read_headers", "too_many_headers"]

MAX_HEADERS: Final = 200
"""More header fields than this in an answer are refused."""

ACCEPT_ENCODING: Final = "gzip, deflate"
"""What `BodyReader` can undo."""

_MAX_MEMBERS: Final = 1000  # each takes time of its own, so that many tiny ones are an attack
_GZIP: Final = 16 + zlib.MAX_WBITS


def read_headers(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Header fields as text: UTF-8, with what is not replaced.

    Raises:
        ResponseTooLargeError: there are more than `MAX_HEADERS`.
    """
    pairs = [(name.decode("latin-1"), value.decode("utf-8", "replace")) for name, value in raw]
    if len(pairs) > MAX_HEADERS:
        raise too_many_headers()
    return Headers(pairs)


def too_many_headers() -> ResponseTooLargeError:
    """The error for an answer with more headers than are read."""
    return ResponseTooLargeError(f"the answer has more than {MAX_HEADERS} header fields, or overlong ones")


class BodyReader:
    """Collects a body piece by piece and undoes its `Content-Encoding`, in at most `limit` bytes.

    The HTTP libraries' own decompression is not used: some inflate a whole piece at once whatever comes
    out of it, and none notices a gzip stream that ends too early.
    """

    __slots__ = ("_inflate", "_limit", "_members", "_parts", "_raw", "_size", "_wbits")

    def __init__(self, limit: int, encoding: str = "") -> None:
        """Begin with nothing.

        Args:
            limit: bytes, after decompression.
            encoding: the `Content-Encoding` header; empty for none.

        Raises:
            TransportError: the encoding was not asked for.
        """
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = self._members = 0
        self._inflate: zlib._Decompress | None = None
        self._wbits = _wbits(encoding)

    def feed(self, piece: bytes) -> None:
        """Take one more piece.

        Raises:
            ResponseTooLargeError: the body exceeds the limit.
            TransportError: it cannot be decompressed.
        """
        if self._wbits is None:
            self._keep(piece)
        else:
            try:
                self._decompress(piece)
            except zlib.error as error:  # its text speaks of the stream's format only
                raise TransportError("the answer's body cannot be decompressed") from error

    def finish(self) -> bytes:
        """The whole body.

        Raises:
            TransportError: the compressed stream is not complete.
        """
        if self._inflate is not None and not self._inflate.eof:
            raise TransportError("the answer's compressed body ends too early")
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._limit:
            raise ResponseTooLargeError(f"the answer's body exceeds {self._limit} bytes")
        self._parts.append(piece)

    def _decompress(self, piece: bytes) -> None:
        while piece:
            if self._inflate is None or self._inflate.eof:
                if not self._next_member(piece):
                    return
                self._inflate = zlib.decompressobj(self._wbits or 0)
            # one byte more than allowed, so that too much is noticed and never inflated
            self._keep(self._inflate.decompress(piece, self._limit - self._size + 1))
            piece = self._inflate.unused_data

    def _next_member(self, piece: bytes) -> bool:
        self._members += 1
        if self._members > _MAX_MEMBERS:
            raise ResponseTooLargeError(f"the answer's body has more than {_MAX_MEMBERS} compressed members")
        if self._members == 1:
            if self._wbits == zlib.MAX_WBITS and piece[0] & 0x0F != 8:
                self._wbits = -zlib.MAX_WBITS  # many servers send "deflate" without zlib's frame
            return True
        return self._wbits == _GZIP and piece[0] == 0x1F  # RFC 1952 §2.2; anything else is padding


def _wbits(encoding: str) -> int | None:
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return None
    if name in {"gzip", "x-gzip"}:
        return _GZIP
    if name == "deflate":
        return zlib.MAX_WBITS
    raise TransportError("the answer's body has a content encoding that was not asked for")
