"""A raw HTTP server on loopback that answers whatever bytes it is told; the contract's harness.

It misbehaves in ways that no HTTP server library can: resets connections, stops within a header, never ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import attrs
import pytest

from integrations_sdk.errors import TransportError
from integrations_sdk.http.base import Request, Response, Transport

__all__ = [
    "OK",
    "Exchange",
    "Handler",
    "Loopback",
    "TransportHarness",
    "answering",
    "failure_of",
    "loopback",
    "self_signed",
    "with_body",
]

OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
"""The shortest good answer."""


@attrs.define
class Exchange:
    """One request as it came over the wire, and the means to answer it.

    Attributes:
        line: e.g. `POST /path?query HTTP/1.1`.
        headers: in order, names as they were written.
        body: `Content-Length` bytes.
    """

    line: str
    headers: list[tuple[str, str]]
    body: bytes
    writer: asyncio.StreamWriter

    def header(self, name: str) -> str | None:
        """The value of the first header of that name; None without one."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    async def answer(self, raw: bytes = OK) -> None:
        """Write bytes as they are."""
        self.writer.write(raw)
        await self.writer.drain()

    def hang_up(self) -> None:
        """Close the connection in good order."""
        self.writer.close()

    def reset(self) -> None:
        """Break the connection: the peer gets a TCP reset."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Handler = Callable[[Exchange], Awaitable[None]]
"""Answers one request."""


@attrs.define
class Loopback:
    """A running server.

    Attributes:
        url: its base URL, without a slash at the end.
        connections: how many were made to it.
        exchanges: the requests it received, in order.
    """

    url: str
    connections: int = 0
    exchanges: list[Exchange] = attrs.field(factory=list)


@asynccontextmanager
async def loopback(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[Loopback]:
    """Serve on 127.0.0.1 until the block ends; `handler` answers each request."""
    running: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        try:
            while not writer.is_closing():
                exchange = await _receive(reader, writer)
                server.exchanges.append(exchange)
                await handler(exchange)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client went away
        finally:
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(serve(reader, writer))
        running.add(task)
        task.add_done_callback(running.discard)

    listener = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    port = listener.sockets[0].getsockname()[1]
    server = Loopback(f"{'https' if tls else 'http'}://127.0.0.1:{port}")
    try:
        yield server
    finally:
        listener.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


class TransportHarness:
    """A transport under test against a loopback server."""

    def transport(self) -> Transport:
        """A new transport; called in the running loop, once per test."""
        raise NotImplementedError

    async def dispose(self, transport: Transport) -> None:
        """Close it, and what it borrowed."""
        await transport.close()

    def run(self, handler: Handler, check: Callable[[Transport, Loopback], Awaitable[None]]) -> None:
        """Run `check` with a new transport and a server that answers with `handler`."""

        async def main() -> None:
            transport = self.transport()
            async with loopback(handler) as server:
                try:
                    await check(transport, server)
                finally:
                    await self.dispose(transport)

        asyncio.run(main())

    def exchanged(self, method: str, path: str, **parts: object) -> Exchange:
        """What arrives at the server of one request."""
        seen: list[Exchange] = []

        async def check(transport: Transport, server: Loopback) -> None:
            await transport.send(_request(method, server.url + path, **parts))
            seen.extend(server.exchanges)

        self.run(Exchange.answer, check)
        return seen[0]

    def answered(self, raw: bytes, *, method: str = "GET", **parts: object) -> Response:
        """What the transport makes of these bytes."""
        answers: list[Response] = []

        async def check(transport: Transport, server: Loopback) -> None:
            answers.append(await transport.send(_request(method, f"{server.url}/", **parts)))

        self.run(answering(raw), check)
        return answers[0]

    def failure(self, handler: Handler, **parts: object) -> TransportError:
        """How a request fails at such a server."""
        failures: list[TransportError] = []

        async def check(transport: Transport, server: Loopback) -> None:
            request = _request("POST", f"{server.url}/", content=b"x", **parts)
            failures.append(await failure_of(transport, request))

        self.run(handler, check)
        return failures[0]


def _request(method: str, url: str, **parts: object) -> Request:
    return Request(method=method, url=url, **parts)  # type: ignore[arg-type]  # the test names the fields


async def failure_of(transport: Transport, request: Request) -> TransportError:
    """How this request fails; the test fails if it does not."""
    with pytest.raises(TransportError) as caught:
        await transport.send(request)
    return caught.value


def answering(raw: bytes) -> Handler:
    """A handler that answers every request with the same bytes."""

    async def handler(exchange: Exchange) -> None:
        await exchange.answer(raw)

    return handler


def with_body(body: bytes, *headers: str) -> bytes:
    """A good answer with this body, and header lines besides."""
    head = "\r\n".join(["HTTP/1.1 200 OK", f"content-length: {len(body)}", *headers])
    return f"{head}\r\n\r\n".encode() + body


async def _receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Exchange:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *fields = head.rstrip("\r\n").split("\r\n")
    headers = [(name, value.strip()) for name, _, value in (field.partition(":") for field in fields)]
    exchange = Exchange(line, headers, b"", writer)
    exchange.body = await reader.readexactly(int(exchange.header("content-length") or 0))
    return exchange


def self_signed(folder: Path) -> Path:
    """A new PEM file with a key and a certificate for 127.0.0.1 that nobody trusts unless told to."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path = folder / "self-signed.pem"
    path.write_bytes(
        key.private_bytes(pem, pkcs8, serialization.NoEncryption()) + certificate.public_bytes(pem)
    )
    return path
