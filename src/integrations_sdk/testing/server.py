"""`LoopbackServer`: HTTP/1.1 on 127.0.0.1 for any number of stand-ins, in one background thread.

One event loop in a thread of its own serves them all, whatever its callers do: block, await, or sit in a
notebook. Stand-ins answer in that thread, one request at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable

from integrations_sdk.errors import StateError
from integrations_sdk.http.serving import LARGEST_HEAD, BadRequest, read_request, written
from integrations_sdk.testing.faults import FaultSpec
from integrations_sdk.testing.standin import Received, Reply

__all__ = ["Handler", "LoopbackServer"]

Handler = Callable[[Received], tuple[Reply, FaultSpec | None]]
"""What answers a request; it runs in the server's thread and must not block."""

_LARGEST_BODY = 32 * 1024 * 1024


class LoopbackServer:
    """Serves handlers, each at a port of its own that the system chooses.

    The thread starts with the first handler. `close()` ends it, its sockets and every open connection.
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []
        self._closed = False

    def serve(self, handler: Handler) -> str:
        """Serve a handler from now on; its URL, without a slash at the end.

        Raises:
            StateError: the server is closed.
        """
        listener = self._socket()
        asyncio.run_coroutine_threadsafe(self._listen(listener, handler), self._loop).result()
        return "http://{}:{}".format(*listener.getsockname())

    def listen(self, protocol: Callable[[], asyncio.Protocol], tls: ssl.SSLContext | None = None) -> int:
        """Serve something other than HTTP: a protocol, made anew for each connection; the port.

        Raises:
            StateError: the server is closed.
        """
        listener = self._socket()
        port: int = listener.getsockname()[1]
        asyncio.run_coroutine_threadsafe(self._adopt(listener, protocol, tls), self._loop).result()
        return port

    def close(self) -> None:
        """End everything, and return when it has ended; a second call does nothing."""
        self._closed = True
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
            self._thread = None

    def _socket(self) -> socket.socket:
        if self._closed:
            msg = "the sandbox is closed; make a new one"
            raise StateError(msg)
        self._start()
        # The socket listens at once, so that a request made before the loop takes it over only waits.
        return socket.create_server(("127.0.0.1", 0), backlog=512)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=lambda: asyncio.run(self._run()), name="integrations-sdk-sandbox", daemon=True
            )
            self._thread.start()
            self._ready.wait()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._ready.set()
        await self._stop.wait()
        self._accept_no_more()
        await (
            _turns()
        )  # what was accepted just now becomes a task, and begins, so that it can close its connection
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await _turns()  # in which aborted connections close

    def _accept_no_more(self) -> None:
        """Or a connection that is accepted while its server closes is left open by asyncio."""
        with contextlib.suppress(NotImplementedError):  # on Windows
            for listener in (one for server in self._servers for one in server.sockets):
                self._loop.remove_reader(listener.fileno())

    async def _listen(self, listener: socket.socket, handler: Handler) -> None:
        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            # A task of our own: asyncio's would log the cancellation by which close() ends it.
            task = self._loop.create_task(_converse(reader, writer, handler))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        self._servers.append(await asyncio.start_server(connected, sock=listener, limit=LARGEST_HEAD))

    async def _adopt(
        self, listener: socket.socket, protocol: Callable[[], asyncio.Protocol], tls: ssl.SSLContext | None
    ) -> None:
        self._servers.append(await self._loop.create_server(protocol, sock=listener, ssl=tls))


async def _turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler) -> None:
    """Answer one connection's requests until one side ends it."""
    try:
        goes_on = True
        while goes_on:
            goes_on = await _exchange(reader, writer, handler)
    except (ConnectionError, asyncio.IncompleteReadError):
        pass  # the client went away
    except asyncio.CancelledError:
        writer.transport.abort()  # close() would wait for a client that does not read
        raise
    finally:
        writer.close()


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler) -> bool:
    try:
        arrived = await read_request(reader, writer, largest_body=_LARGEST_BODY)
    except BadRequest as bad:
        writer.write(written(bad.status, bad.reason.encode(), close=True))
        await writer.drain()
        return False
    reply, fault = handler(Received.of(arrived.method, arrived.target, arrived.headers, arrived.body))
    if fault is not None and fault.delay:
        await asyncio.sleep(fault.delay)
    if fault is not None and fault.reset:
        _reset(writer)
        return False
    truncate = fault is not None and fault.truncate
    close = truncate or not arrived.persistent
    body = fault.body if fault is not None else None
    wire = _wire(reply, body=body, close=close, head_only=arrived.method == "HEAD")
    writer.write(_first_half(wire) if truncate else wire)
    await writer.drain()
    return not close


def _wire(reply: Reply, *, body: bytes | None, close: bool, head_only: bool) -> bytes:
    kind, content = reply.encoded()
    return written(
        reply.status,
        content if body is None else body,
        content_type=kind,
        headers=reply.headers,
        close=close,
        head_only=head_only,
    )


def _first_half(wire: bytes) -> bytes:
    start = wire.index(b"\r\n\r\n") + 4
    return wire[: start + (len(wire) - start) // 2]


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
