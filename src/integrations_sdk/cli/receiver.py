"""`receiving()`: a small HTTP server that stays within bounds, whoever calls it and however slowly."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

import attrs

from integrations_sdk.http.serving import LARGEST_HEAD, Arrived, BadRequest, read_request, written

__all__ = ["Answer", "Bounds", "Handle", "receiving"]


_LINGER: Final = 1.0
"""Seconds in which what a refused caller still sends is read and dropped."""


@attrs.frozen(kw_only=True)
class Answer:
    """What is answered; `content` is text."""

    status: int
    content: str = ""


@attrs.frozen(kw_only=True)
class Bounds:
    """What no caller may exceed.

    Attributes:
        body: bytes of one; a larger one is answered 413.
        seconds: for a request to arrive, the wait for it included, and for its answer to be taken. The first of a
            connection that takes longer is answered 408; with a later one the connection is closed.
        connections: at a time; one more is answered 503.
        grace: seconds that requests which are being answered have at the end.
    """

    body: int = 25 * 1024 * 1024
    seconds: float = 10.0
    connections: int = 64
    grace: float = 5.0


Handle: TypeAlias = Callable[[Arrived], Awaitable[Answer]]
"""Answers one request. What it raises ends the server."""


@asynccontextmanager
async def receiving(
    handle: Handle, *, host: str = "127.0.0.1", port: int = 0, bounds: Bounds | None = None
) -> AsyncIterator[tuple[str, ...]]:
    """Serve until the block ends; what is being answered then is finished.

    Args:
        host: the name or address to listen at.
        port: 0: one that the system chooses.

    Yields:
        The URLs it is reached at, each with a slash at the end.

    Raises:
        OSError: it cannot listen there.
        ExceptionGroup: what `handle` raised.
    """
    conversations = _Conversations(handle, bounds or Bounds())
    server = await asyncio.start_server(
        conversations.accept, host, port, limit=LARGEST_HEAD, start_serving=False
    )
    async with server, asyncio.TaskGroup() as group:
        conversations.group = group
        await server.start_serving()
        try:
            yield tuple(_url(*socket.getsockname()[:2]) for socket in server.sockets)
        finally:
            server.close()
            await conversations.end()


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


class _Conversations:
    """The connections that are open.

    Attributes:
        group: whose tasks they are; set before the first connection.
    """

    group: asyncio.TaskGroup

    def __init__(self, handle: Handle, bounds: Bounds) -> None:
        self._handle = handle
        self._bounds = bounds
        self._all: set[asyncio.Task[None]] = set()
        self._answering: set[asyncio.Task[None]] = set()
        self._ending = False

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a new connection in."""
        # A task of our own: asyncio's would log the cancellation by which `end()` ends it.
        task = self.group.create_task(self._converse(reader, writer))
        self._all.add(task)
        task.add_done_callback(self._all.discard)

    async def end(self) -> None:
        """Finish what is being answered, and close the rest."""
        self._ending = True
        for task in self._all - self._answering:
            task.cancel()
        if self._all:
            await asyncio.wait(self._all, timeout=self._bounds.grace)
        for task in self._all:
            task.cancel()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if len(self._all) > self._bounds.connections:
                writer.write(written(503, b"too many connections", close=True))
                return
            first = True
            while (arrived := await self._next(reader, writer, first=first)) is not None:
                first = False
                if not await self._answer(arrived, writer):
                    return
        except asyncio.CancelledError:
            writer.transport.abort()  # `close()` would wait for a caller that does not read
            raise
        finally:
            writer.close()

    async def _next(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, first: bool
    ) -> Arrived | None:
        """The next request; None when there is none, or none that can be answered."""
        try:
            async with asyncio.timeout(self._bounds.seconds):
                return await read_request(reader, writer, largest_body=self._bounds.body)
        except BadRequest as bad:
            await self._refuse(reader, writer, bad)
        except TimeoutError:
            if first:
                await self._refuse(reader, writer, BadRequest(408, "the request took too long"))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the caller went away
        return None

    async def _answer(self, arrived: Arrived, writer: asyncio.StreamWriter) -> bool:
        """Answer a request; whether another may follow."""
        task = asyncio.current_task()
        assert task is not None
        self._answering.add(task)
        try:
            answer = await self._handle(arrived)
            goes_on = arrived.persistent and not self._ending
            head_only = arrived.method == "HEAD"
            wire = written(answer.status, answer.content.encode(), close=not goes_on, head_only=head_only)
            return await self._write(writer, wire) and goes_on
        finally:
            self._answering.discard(task)

    async def _refuse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, bad: BadRequest
    ) -> None:
        if not await self._write(writer, written(bad.status, bad.reason.encode(), close=True)):
            return
        # Closing while more arrives resets the connection, and the answer might never be read.
        with contextlib.suppress(OSError, TimeoutError):
            writer.write_eof()
            async with asyncio.timeout(_LINGER):
                while await reader.read(LARGEST_HEAD):
                    pass

    async def _write(self, writer: asyncio.StreamWriter, wire: bytes) -> bool:
        """Write an answer; False if the caller went away or does not take it."""
        try:
            async with asyncio.timeout(self._bounds.seconds):
                writer.write(wire)
                await writer.drain()
        except (ConnectionError, TimeoutError):
            return False
        return True
