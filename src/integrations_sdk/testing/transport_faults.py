"""`TransportFaultContract`: what a transport makes of bounds exceeded and connections broken."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
from pathlib import Path

import pytest

from integrations_sdk.errors import BlockedAddressError, ResponseTooLargeError
from integrations_sdk.http.base import Connection, Request, Transport
from integrations_sdk.http.guard import Guard
from integrations_sdk.testing.loopback import (
    Exchange,
    Loopback,
    TransportHarness,
    answering,
    failure_of,
    loopback,
    self_signed,
    with_body,
)

__all__ = ["TransportFaultContract"]


class TransportFaultContract(TransportHarness):
    """The part of `TransportContract` in which things go wrong."""

    # --- bounds ---------------------------------------------------------------------------------

    def test_endless_body_is_cut_off(self) -> None:
        """A body that never ends is not read further than allowed."""

        async def forever(exchange: Exchange) -> None:
            await exchange.answer(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                await exchange.answer(b"x" * 65_536)

        assert isinstance(self.failure(forever, max_response_bytes=100_000), ResponseTooLargeError)

    def test_body_of_exactly_the_limit_passes(self) -> None:
        """The limit itself is allowed, one byte more is not."""
        assert len(self.answered(with_body(b"x" * 1000), max_response_bytes=1000).content) == 1000
        failure = self.failure(answering(with_body(b"x" * 1001)), max_response_bytes=1000)
        assert isinstance(failure, ResponseTooLargeError)

    def test_decompression_bomb_is_cut_off(self) -> None:
        """A few kilobytes that inflate to 50 MB exceed a limit of 1 MB."""
        bomb = with_body(gzip.compress(bytes(50_000_000)), "content-encoding: gzip")
        assert isinstance(self.failure(answering(bomb), max_response_bytes=1_000_000), ResponseTooLargeError)

    def test_header_fields_are_counted(self) -> None:
        """200 header fields pass, 300 do not."""

        def answer(count: int) -> bytes:
            fields = "".join(f"x-{number}: 1\r\n" for number in range(count - 1))
            return f"HTTP/1.1 200 OK\r\n{fields}content-length: 0\r\n\r\n".encode()

        assert len(self.answered(answer(200)).headers) == 200
        assert isinstance(self.failure(answering(answer(300))), ResponseTooLargeError)

    def test_ten_thousand_header_fields_are_cut_off(self) -> None:
        """A head that is made of very many short fields is refused, after an interim answer too."""
        fields = b"".join(b"x-%d: 1\r\n" % number for number in range(10_000))
        for before in (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"):
            answer = before + b"HTTP/1.1 200 OK\r\n" + fields + b"content-length: 0\r\n\r\n"
            assert isinstance(self.failure(answering(answer)), ResponseTooLargeError)

    def test_endless_header_is_cut_off(self) -> None:
        """A header without end is given up."""

        async def forever(exchange: Exchange) -> None:
            await exchange.answer(b"HTTP/1.1 200 OK\r\nx-long: ")
            while True:
                await exchange.answer(b"x" * 65_536)

        assert isinstance(self.failure(forever), ResponseTooLargeError)

    # --- the guard ------------------------------------------------------------------------------

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "[::ffff:127.0.0.1]"])
    def test_a_guard_keeps_out_of_the_own_network(self, host: str) -> None:
        """Under a guard no connection is made to loopback, however it is called, and nothing is sent."""

        async def check(transport: Transport, server: Loopback) -> None:
            url = server.url.replace("127.0.0.1", host)
            failure = await failure_of(
                transport, Request(method="GET", url=url, connection=Connection(guard=Guard()))
            )
            assert isinstance(failure, BlockedAddressError)
            assert failure.sent is False
            assert server.connections == 0

        self.run(Exchange.answer, check)

    def test_a_guard_lets_pass_what_it_allows(self) -> None:
        """A network that is allowed is called, by address and by name."""

        async def check(transport: Transport, server: Loopback) -> None:
            connection = Connection(guard=Guard(allow=("127.0.0.0/8",)))
            for url in (server.url, server.url.replace("127.0.0.1", "localhost")):
                response = await transport.send(Request(method="GET", url=url, connection=connection))
                assert response.status == 200

        self.run(Exchange.answer, check)

    def test_a_guard_does_not_trust_kept_connections(self) -> None:
        """A connection that was made without a guard does not serve a guarded request."""

        async def check(transport: Transport, server: Loopback) -> None:
            await transport.send(Request(method="GET", url=server.url))
            guarded = Request(method="GET", url=server.url, connection=Connection(guard=Guard()))
            assert isinstance(await failure_of(transport, guarded), BlockedAddressError)

        self.run(Exchange.answer, check)

    # --- what goes wrong ------------------------------------------------------------------------

    def test_refused_connection_is_unsent(self) -> None:
        """Nobody listens: the request has not been sent."""

        async def check(transport: Transport, _: Loopback) -> None:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                url = f"http://127.0.0.1:{free.getsockname()[1]}/"
                failure = await failure_of(transport, Request(method="POST", url=url))
            assert failure.sent is False
            assert "connect" in str(failure)

        self.run(Exchange.answer, check)

    def test_untrusted_certificate_is_unsent(self, tmp_path: Path) -> None:
        """TLS is verified before anything is sent."""
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self_signed(tmp_path))

        async def check() -> None:
            transport = self.transport()
            async with loopback(Exchange.answer, tls) as server:
                failure = await failure_of(transport, Request(method="POST", url=f"{server.url}/"))
                await self.dispose(transport)
            assert failure.sent is False
            assert "certificate" in str(failure)
            assert server.exchanges == []

        asyncio.run(check())

    def test_reset_before_the_answer_is_ambiguous(self) -> None:
        """The request was sent and the connection broke: it may have had its effect."""

        async def reset(exchange: Exchange) -> None:
            exchange.reset()

        assert self.failure(reset).sent is True

    def test_reset_within_the_body_is_ambiguous(self) -> None:
        """Half an answer is no answer."""

        async def reset(exchange: Exchange) -> None:
            await exchange.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            exchange.reset()

        assert self.failure(reset).sent is True

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

        assert self.failure(answer).sent is True

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
        assert self.failure(answering(with_body(body, f"content-encoding: {encoding}"))).sent is True

    def test_slow_headers_time_out(self) -> None:
        """A server that does not answer is given up after the read timeout."""

        async def wait(_: Exchange) -> None:
            await asyncio.Event().wait()

        failure = self.failure(wait, read_timeout=0.02)
        assert failure.sent is True
        assert "timed out" in str(failure)

    def test_slow_body_times_out(self) -> None:
        """The read timeout holds between two pieces of the body as well."""

        async def wait(exchange: Exchange) -> None:
            await exchange.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            await asyncio.Event().wait()

        assert self.failure(wait, read_timeout=0.02).sent is True

    def test_broken_connection_is_not_tried_again(self) -> None:
        """A kept connection that breaks is reported: whether to repeat, even a GET, is decided elsewhere."""

        async def first_only(exchange: Exchange) -> None:
            if len(seen) == 0:
                seen.append(exchange)
                await exchange.answer()
            else:
                exchange.reset()

        async def check(transport: Transport, server: Loopback) -> None:
            request = Request(method="GET", url=f"{server.url}/")
            await transport.send(request)
            await failure_of(transport, request)
            assert len(server.exchanges) == 2

        seen: list[Exchange] = []
        self.run(first_only, check)

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

        self.run(second_only, check)
