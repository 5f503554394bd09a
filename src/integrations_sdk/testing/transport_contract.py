"""`TransportContract`: what every HTTP transport must do, as tests that a transport's test class inherits.

```python
class TestMyTransport(TransportContract):
    def transport(self) -> Transport:
        return MyTransport()
```

The other side is a raw socket on loopback, which misbehaves in ways that no HTTP server library can. pytest
is needed, and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import ssl
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import pytest

from integrations_sdk.errors import ConfigurationError, ResponseTooLargeError, TransportError
from integrations_sdk.http.base import Request, Response, Transport

__all__ = ["Exchange", "Loopback", "TransportContract", "loopback"]

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


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

    async def answer(self, raw: bytes = _OK) -> None:
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


class TransportContract:
    """Inherit and say how the transport is made."""

    def transport(self) -> Transport:
        """A new transport; called in the running loop, once per test."""
        raise NotImplementedError

    async def dispose(self, transport: Transport) -> None:
        """Close it, and what it borrowed."""
        await transport.close()

    # --- what arrives at the server -------------------------------------------------------------

    def test_request_reaches_the_wire_unchanged(self) -> None:
        """Method, path with its escapes, query, headers and body arrive as given."""
        content = b'{"caf\xc3\xa9": 1}'
        headers = {"content-type": "application/json", "x-one": "1"}
        exchange = self._exchanged("POST", "/a%2Fb/%20c?q=%26&r=a+b", headers=headers, content=content)
        assert exchange.line == "POST /a%2Fb/%20c?q=%26&r=a+b HTTP/1.1"
        assert exchange.body == content
        assert exchange.header("content-length") == str(len(content))
        assert exchange.header("x-one") == "1"
        assert [value for name, value in exchange.headers if name.lower() == "content-type"] == [
            "application/json"
        ]

    def test_no_content_type_is_invented(self) -> None:
        """A body without a declared type stays undeclared."""
        assert self._exchanged("POST", "/", content=b"raw").header("content-type") is None

    def test_bodyless_post_says_so(self) -> None:
        """An empty POST has a length of zero, which strict servers demand."""
        assert self._exchanged("POST", "/").header("content-length") == "0"

    def test_userinfo_becomes_basic_authentication(self) -> None:
        """`user:password@` in the URL is sent as `Authorization: Basic`, decoded, and not in the path."""

        async def check(transport: Transport, server: Loopback) -> None:
            url = server.url.replace("://", "://us%40er:pass@")
            await transport.send(Request(method="GET", url=f"{url}/x"))
            assert server.exchanges[0].header("authorization") == "Basic dXNAZXI6cGFzcw=="
            assert server.exchanges[0].line == "GET /x HTTP/1.1"

        self._run(Exchange.answer, check)

    def test_only_known_encodings_are_asked_for(self) -> None:
        """`Accept-Encoding` names nothing that could not be bounded while it is undone."""
        assert self._exchanged("GET", "/").header("accept-encoding") == "gzip, deflate"

    def test_large_body_arrives_whole(self) -> None:
        """Three megabytes arrive as they were sent."""
        content = bytes(range(256)) * 12_288
        assert self._exchanged("PUT", "/", content=content).body == content

    def test_non_ascii_header_values_are_utf_8(self) -> None:
        """Header values outside ASCII are sent as UTF-8."""
        sent = self._exchanged("GET", "/", headers={"x-name": "Zoë"}).header("x-name")
        assert sent is not None
        assert sent.encode("latin-1").decode() == "Zoë"

    def test_header_injection_is_refused(self) -> None:
        """A line break in a header never reaches a transport."""
        with pytest.raises(ConfigurationError, match="line break"):
            Request(method="GET", url="http://127.0.0.1/", headers={"x-a": "b\r\nx-evil: 1"})

    # --- what comes back ------------------------------------------------------------------------

    def test_answer_is_read_to_its_end(self) -> None:
        """Status, headers in any case, and a body in several chunks."""
        raw = b"HTTP/1.1 201 Created\r\nX-REQUEST-ID: r1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        response = self._answered(raw)
        assert (response.status, response.content, response.ok) == (201, b"abcde", True)
        assert response.headers["x-request-id"] == response.headers["X-Request-Id"] == "r1"
        assert response.elapsed > 0

    def test_repeated_headers_are_joined_in_order(self) -> None:
        """Repeated fields become one, in the order of arrival (RFC 9110 §5.3)."""
        raw = b"HTTP/1.1 200 OK\r\nx-a: 1\r\nX-A: 2\r\ncontent-length: 0\r\n\r\n"
        assert self._answered(raw).headers["x-a"] == "1, 2"

    @pytest.mark.parametrize("status", [302, 307, 400, 404, 500, 503])
    def test_every_status_is_an_answer(self, status: int) -> None:
        """No status raises, and no redirect is followed."""
        raw = f"HTTP/1.1 {status} X\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 1\r\n\r\nx"
        response = self._answered(raw.encode())
        assert (response.status, response.content) == (status, b"x")

    def test_bytes_are_kept_as_they_are(self) -> None:
        """Invalid UTF-8 in the body survives, and in a header is replaced."""
        raw = b"HTTP/1.1 200 OK\r\nx-a: caf\xe9\r\ncontent-length: 2\r\n\r\n\xff\xfe"
        response = self._answered(raw)
        assert response.content == b"\xff\xfe"
        assert response.headers["x-a"] == "caf\ufffd"

    @pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
    def test_answers_without_a_body(self, method: str, status: int) -> None:
        """HEAD, 204 and 304 have no body, whatever their headers say."""
        raw = f"HTTP/1.1 {status} X\r\ncontent-encoding: gzip\r\n"
        raw += "content-length: 500\r\n\r\n" if method == "HEAD" else "\r\n"
        response = self._answered(raw.encode(), method=method)
        assert (response.status, response.content) == (status, b"")

    def test_interim_answers_are_skipped(self) -> None:
        """103 Early Hints is not the answer."""
        assert self._answered(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + _OK).status == 200

    @pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "raw deflate", "two members"])
    def test_compressed_bodies_are_undone(self, encoding: str) -> None:
        """gzip, in one or more members, and both things that are called deflate."""
        text = b"hello " * 100
        raw_deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        body = {
            "gzip": gzip.compress(text),
            "x-gzip": gzip.compress(text),
            "deflate": zlib.compress(text),
            "raw deflate": raw_deflate.compress(text) + raw_deflate.flush(),
            "two members": gzip.compress(text[:300]) + gzip.compress(text[300:]),
        }[encoding]
        name = encoding.split()[-1].replace("members", "gzip")
        assert self._answered(_with_body(body, f"content-encoding: {name}")).content == text

    # --- bounds ---------------------------------------------------------------------------------

    def test_endless_body_is_cut_off(self) -> None:
        """A body that never ends is not read further than allowed."""

        async def forever(exchange: Exchange) -> None:
            await exchange.answer(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                await exchange.answer(b"x" * 65_536)

        assert isinstance(self._failure(forever, max_response_bytes=100_000), ResponseTooLargeError)

    def test_body_of_exactly_the_limit_passes(self) -> None:
        """The limit itself is allowed, one byte more is not."""
        assert len(self._answered(_with_body(b"x" * 1000), max_response_bytes=1000).content) == 1000
        failure = self._failure(_answering(_with_body(b"x" * 1001)), max_response_bytes=1000)
        assert isinstance(failure, ResponseTooLargeError)

    def test_decompression_bomb_is_cut_off(self) -> None:
        """A few kilobytes that inflate to 50 MB exceed a limit of 1 MB."""
        bomb = _with_body(gzip.compress(bytes(50_000_000)), "content-encoding: gzip")
        assert isinstance(
            self._failure(_answering(bomb), max_response_bytes=1_000_000), ResponseTooLargeError
        )

    def test_header_fields_are_counted(self) -> None:
        """200 header fields pass, 300 do not."""

        def answer(count: int) -> bytes:
            fields = "".join(f"x-{number}: 1\r\n" for number in range(count - 1))
            return f"HTTP/1.1 200 OK\r\n{fields}content-length: 0\r\n\r\n".encode()

        assert len(self._answered(answer(200)).headers) == 200
        assert isinstance(self._failure(_answering(answer(300))), ResponseTooLargeError)

    def test_endless_header_is_cut_off(self) -> None:
        """A header without end is given up."""

        async def forever(exchange: Exchange) -> None:
            await exchange.answer(b"HTTP/1.1 200 OK\r\nx-long: ")
            while True:
                await exchange.answer(b"x" * 65_536)

        assert isinstance(self._failure(forever), ResponseTooLargeError)

    # --- what goes wrong ------------------------------------------------------------------------

    def test_refused_connection_is_unsent(self) -> None:
        """Nobody listens: the request has not been sent."""

        async def check(transport: Transport, _: Loopback) -> None:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                url = f"http://127.0.0.1:{free.getsockname()[1]}/"
                failure = await _failure_of(transport, Request(method="POST", url=url))
            assert failure.sent is False
            assert "connect" in str(failure)

        self._run(Exchange.answer, check)

    def test_untrusted_certificate_is_unsent(self, tmp_path: Path) -> None:
        """TLS is verified before anything is sent."""
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(_self_signed(tmp_path))

        async def check() -> None:
            transport = self.transport()
            async with loopback(Exchange.answer, tls) as server:
                failure = await _failure_of(transport, Request(method="POST", url=f"{server.url}/"))
                await self.dispose(transport)
            assert failure.sent is False
            assert "certificate" in str(failure)
            assert server.exchanges == []

        asyncio.run(check())

    def test_reset_before_the_answer_is_ambiguous(self) -> None:
        """The request was sent and the connection broke: it may have had its effect."""

        async def reset(exchange: Exchange) -> None:
            exchange.reset()

        assert self._failure(reset).sent is True

    def test_reset_within_the_body_is_ambiguous(self) -> None:
        """Half an answer is no answer."""

        async def reset(exchange: Exchange) -> None:
            await exchange.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            exchange.reset()

        assert self._failure(reset).sent is True

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"HTTP/1.1 200 OK\r\nContent-Le",
            b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
            b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ],
        ids=["nothing", "headers", "body", "chunk", "no HTTP", "chunk size"],
    )
    def test_broken_answer_is_ambiguous(self, raw: bytes) -> None:
        """An answer that ends too early or is none at all counts as no answer."""

        async def answer(exchange: Exchange) -> None:
            await exchange.answer(raw)
            exchange.hang_up()

        assert self._failure(answer).sent is True

    @pytest.mark.parametrize(
        ("encoding", "body"),
        [
            ("gzip", gzip.compress(b"hello " * 100)[:-9]),
            ("gzip", b"not compressed"),
            ("deflate", b"x"),
            ("br", b"\x0b\x02\x80hello\x03"),
            ("gzip, gzip", gzip.compress(gzip.compress(b"x"))),
        ],
        ids=["truncated", "plain", "nonsense", "not asked for", "twice"],
    )
    def test_undecodable_body_is_ambiguous(self, encoding: str, body: bytes) -> None:
        """A body that cannot be decompressed to its end is no answer."""
        assert self._failure(_answering(_with_body(body, f"content-encoding: {encoding}"))).sent is True

    def test_slow_headers_time_out(self) -> None:
        """A server that does not answer is given up after the read timeout."""

        async def wait(exchange: Exchange) -> None:
            await asyncio.Event().wait()

        failure = self._failure(wait, read_timeout=0.02)
        assert failure.sent is True
        assert "timed out" in str(failure)

    def test_slow_body_times_out(self) -> None:
        """The read timeout holds between two pieces of the body as well."""

        async def wait(exchange: Exchange) -> None:
            await exchange.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            await asyncio.Event().wait()

        assert self._failure(wait, read_timeout=0.02).sent is True

    def test_broken_connection_is_not_tried_again(self) -> None:
        """A kept connection that breaks is reported, even for idempotent methods: who retries is decided above."""

        async def first_only(exchange: Exchange) -> None:
            if len(seen) == 0:
                seen.append(exchange)
                await exchange.answer()
            else:
                exchange.reset()

        async def check(transport: Transport, server: Loopback) -> None:
            request = Request(method="GET", url=f"{server.url}/")
            await transport.send(request)
            await _failure_of(transport, request)
            assert len(server.exchanges) == 2

        seen: list[Exchange] = []
        self._run(first_only, check)

    def test_cancellation_passes(self) -> None:
        """A cancelled request is cancelled, not translated, and the transport works on."""
        arrived = asyncio.Event()

        async def second_only(exchange: Exchange) -> None:
            if "/hang" in exchange.line:
                arrived.set()
                await asyncio.Event().wait()
            await exchange.answer()

        async def check(transport: Transport, server: Loopback) -> None:
            task = asyncio.ensure_future(transport.send(Request(method="GET", url=f"{server.url}/hang")))
            await arrived.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (await transport.send(Request(method="GET", url=f"{server.url}/"))).status == 200

        self._run(second_only, check)

    # --- connections ----------------------------------------------------------------------------

    def test_connection_is_kept(self) -> None:
        """Requests one after the other share a connection, errors included."""

        async def check(transport: Transport, server: Loopback) -> None:
            for _ in range(5):
                await transport.send(Request(method="POST", url=f"{server.url}/", content=b"x"))
            assert server.connections == 1

        self._run(_answering(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"), check)

    def test_concurrent_requests_do_not_mix(self) -> None:
        """Twenty at once get each its own answer."""

        async def echo(exchange: Exchange) -> None:
            await exchange.answer(_with_body(exchange.line.split()[1].encode()))

        async def check(transport: Transport, server: Loopback) -> None:
            requests = [Request(method="GET", url=f"{server.url}/{number}") for number in range(20)]
            answers = await asyncio.gather(*map(transport.send, requests))
            assert [answer.text for answer in answers] == [f"/{number}" for number in range(20)]

        self._run(echo, check)

    def test_no_cookies_are_kept(self) -> None:
        """A cookie that was set is not sent back: integrations on one host must not share a session."""

        async def check(transport: Transport, server: Loopback) -> None:
            for _ in range(2):
                await transport.send(Request(method="GET", url=f"{server.url}/"))
            assert server.exchanges[1].header("cookie") is None

        self._run(_answering(_with_body(b"", "set-cookie: session=1; path=/")), check)

    def test_environment_proxies_are_not_used(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """`HTTP_PROXY` has no say; a proxy is configured."""
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        assert self._answered(_OK).status == 200

    def test_close_twice(self) -> None:
        """A second `close()` does nothing."""

        async def check(transport: Transport, server: Loopback) -> None:
            await transport.send(Request(method="GET", url=f"{server.url}/"))
            await transport.close()
            await transport.close()

        self._run(Exchange.answer, check)

    # --- machinery ------------------------------------------------------------------------------

    def _run(self, handler: Handler, check: Callable[[Transport, Loopback], Awaitable[None]]) -> None:
        async def main() -> None:
            transport = self.transport()
            async with loopback(handler) as server:
                try:
                    await check(transport, server)
                finally:
                    await self.dispose(transport)

        asyncio.run(main())

    def _exchanged(self, method: str, path: str, **parts: object) -> Exchange:
        seen: list[Exchange] = []

        async def check(transport: Transport, server: Loopback) -> None:
            await transport.send(_request(method, server.url + path, **parts))
            seen.extend(server.exchanges)

        self._run(Exchange.answer, check)
        return seen[0]

    def _answered(self, raw: bytes, *, method: str = "GET", **parts: object) -> Response:
        answers: list[Response] = []

        async def check(transport: Transport, server: Loopback) -> None:
            answers.append(await transport.send(_request(method, f"{server.url}/", **parts)))

        self._run(_answering(raw), check)
        return answers[0]

    def _failure(self, handler: Handler, **parts: object) -> TransportError:
        failures: list[TransportError] = []

        async def check(transport: Transport, server: Loopback) -> None:
            request = _request("POST", f"{server.url}/", content=b"x", **parts)
            failures.append(await _failure_of(transport, request))

        self._run(handler, check)
        return failures[0]


def _request(method: str, url: str, **parts: object) -> Request:
    return Request(method=method, url=url, **parts)  # type: ignore[arg-type]  # the test names the fields


async def _failure_of(transport: Transport, request: Request) -> TransportError:
    with pytest.raises(TransportError) as caught:
        await transport.send(request)
    return caught.value


def _answering(raw: bytes) -> Handler:
    async def handler(exchange: Exchange) -> None:
        await exchange.answer(raw)

    return handler


def _with_body(body: bytes, *headers: str) -> bytes:
    head = "\r\n".join(["HTTP/1.1 200 OK", f"content-length: {len(body)}", *headers])
    return f"{head}\r\n\r\n".encode() + body


async def _receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Exchange:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *fields = head.rstrip("\r\n").split("\r\n")
    headers = [(name, value.strip()) for name, _, value in (field.partition(":") for field in fields)]
    exchange = Exchange(line, headers, b"", writer)
    exchange.body = await reader.readexactly(int(exchange.header("content-length") or 0))
    return exchange


def _self_signed(folder: Path) -> Path:
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    now = datetime.now(UTC)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
    certificate = builder.not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    path = folder / "self-signed.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
