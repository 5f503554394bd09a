"""The head of an answer, bounded while it is read, for a library that parses all of it before it lets anyone count.

h11 limits a head to 100 KB, and makes 300 bytes of each header field: 100 KB of four-byte fields become 8 MB.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from integrations_sdk.http.body import MAX_HEADERS, too_many_headers

if TYPE_CHECKING:  # for types alone
    import httpcore2
    from httpcore2 import SOCKET_OPTION

__all__ = ["BoundedBackend", "BoundedStream", "HeadBound"]

_MAX_LINES: Final = (
    MAX_HEADERS + 300
)  # the rest are status lines, and interim answers before the one that counts
_END: Final = re.compile(rb"\n\r?\n")
_INTERIM: Final = re.compile(rb"HTTP/\d\.\d 1(?!01)")


class HeadBound:
    """Counts the lines before an answer's body as they come in, those of interim answers (1xx) too."""

    __slots__ = ("_head", "_lines", "_searched")

    def __init__(self) -> None:
        self.expect()

    def expect(self) -> None:
        """Begin anew: the next bytes are those of another answer."""
        self._head: bytearray | None = bytearray()
        self._lines = self._searched = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes; what follows the head is no longer looked at.

        Raises:
            ResponseTooLargeError: more lines have come than an answer may have header fields.
        """
        while self._head is not None and data:
            self._head += data
            end = _END.search(self._head, max(0, self._searched - 3))
            stop = end.end() if end is not None else len(self._head)
            self._lines += self._head.count(b"\n", self._searched, stop)
            if self._lines > _MAX_LINES:
                raise too_many_headers()
            self._searched = stop
            data = b""
            if end is not None:
                data = self._next(stop)

    def _next(self, stop: int) -> bytes:
        """Leave a head that is complete; what came after it if another one is to follow."""
        head = self._head or bytearray()
        interim = _INTERIM.match(head) is not None
        self._head = bytearray() if interim else None
        self._searched = 0
        return bytes(head[stop:]) if interim else b""


class BoundedStream:
    """An httpcore `AsyncNetworkStream` over another one, which keeps `HeadBound` for every answer."""

    __slots__ = ("_bound", "_stream")

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream
        self._bound = HeadBound()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes; `ResponseTooLargeError` when they are too many header fields."""
        data = await self._stream.read(max_bytes, timeout)
        self._bound.feed(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send: after that another answer is to come."""
        self._bound.expect()
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> BoundedStream:
        """The stream within TLS, bounded as well."""
        return BoundedStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> object:
        """What the stream beneath says."""
        return self._stream.get_extra_info(info)


class BoundedBackend:
    """httpcore's `AsyncNetworkBackend`, for TCP without retries: its streams are bounded."""

    def __init__(self) -> None:
        import httpcore2

        self._backend: httpcore2.AsyncNetworkBackend = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> BoundedStream:
        """Connect, as the backend of httpcore does."""
        return BoundedStream(
            await self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        )
