"""A stand-in for the network between store and server, which loses what it is told to lose."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Literal, Self
from urllib.parse import urlsplit, urlunsplit

Fault = Literal["lose the request", "lose the answer", "hang"]


class Proxy:
    """Forwards to the server of a URL; once `lose()` is armed, acts on the next request with these bytes."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._mark = b""
        self._fault: Fault = "hang"
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections = 0
        self.refusing = False

    @property
    def url(self) -> str:
        """The same database by way of this proxy."""
        user = self._parts.netloc.rpartition("@")[0]
        port = self._server.sockets[0].getsockname()[1]
        query = f"{self._parts.query}&sslmode=disable"  # or there would be nothing to read
        return urlunsplit(self._parts._replace(netloc=f"{user}@127.0.0.1:{port}", query=query))

    def lose(self, mark: bytes, fault: Fault) -> None:
        """Arm it, once."""
        self._mark, self._fault = mark, fault

    @property
    def armed(self) -> bool:
        """Whether what was to be lost has not come by yet."""
        return bool(self._mark)

    def cut(self) -> None:
        """Break every connection."""
        for writer in self._writers:
            writer.transport.abort()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self._writers.add(writer)
        if self.refusing:
            writer.transport.abort()
            return
        host, port = self._parts.hostname, self._parts.port or 5432
        to_server = None
        with suppress(OSError, asyncio.CancelledError):
            from_server, to_server = await asyncio.open_connection(host, port)
            self._writers.add(to_server)
            ways = [
                asyncio.create_task(self._forward(from_server, writer)),
                asyncio.create_task(self._forward(reader, to_server, client=writer)),
            ]
            self._tasks.update(ways)
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for each in (writer, to_server):
            if each is not None:
                each.transport.abort()

    async def _forward(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        client: asyncio.StreamWriter | None = None,
    ) -> None:
        with suppress(OSError, asyncio.CancelledError):
            while data := await reader.read(65536):
                if client is not None and self._mark and self._mark in data:
                    self._mark = b""
                    if self._fault == "hang":
                        await asyncio.Event().wait()
                    if self._fault == "lose the answer":
                        client.transport.abort()
                        writer.write(data)
                        await writer.drain()
                        await asyncio.sleep(0.03)  # the server must have read it before it sees us gone
                    return
                writer.write(data)
                await writer.drain()
