"""Receivers that mean harm: every attempt ends in time, in little memory, and with an error of ours."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import attrs
import pytest

from integrations_sdk.clock import SystemClock
from integrations_sdk.connectors.webhook import WebhookConnector
from integrations_sdk.errors import (
    BlockedAddressError,
    ConnectorError,
    DeadlineExceededError,
    ResponseTooLargeError,
    TransportError,
)
from integrations_sdk.http.aiohttp_transport import AiohttpTransport
from integrations_sdk.http.base import Transport
from integrations_sdk.http.client import HttpClient
from integrations_sdk.http.guard import Guard
from integrations_sdk.http.httpx_transport import HttpxTransport
from integrations_sdk.models import Outcome
from integrations_sdk.testing.fakes import ScriptedHttp, connect
from integrations_sdk.testing.loopback import OK, Exchange, loopback, with_body

MEBIBYTE = 2**20
PIECE = b"x" * 65_536
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
GZIP = HEAD + b"Content-Encoding: gzip\r\n"
MANY_HEADERS = HEAD + b"".join(b"x-%d: 1\r\n" % number for number in range(10_000)) + b"\r\n"
BOMB = gzip.compress(bytes(100 * MEBIBYTE))


_squeeze = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
BOMB_PARTS = [_squeeze.compress(bytes(MEBIBYTE)) + _squeeze.flush(zlib.Z_SYNC_FLUSH) for _ in range(10)]

Writing = Callable[[Exchange], AsyncIterator[bytes]]
KINDS: dict[str, tuple[Writing, type[TransportError], float]] = {}


def hostile(error: type[TransportError], *, deadline: float = 15.0) -> Callable[[Writing], Writing]:
    """Name a way to answer, and what must come of it within how many seconds."""

    def register(writing: Writing) -> Writing:
        KINDS[writing.__name__.replace("_", " ")] = (writing, error, deadline)
        return writing

    return register


async def drip(text: bytes) -> AsyncIterator[bytes]:
    """A byte now and then, each well before any timeout between two pieces, for ever."""
    while True:
        for byte in text:
            yield bytes((byte,))
            await asyncio.sleep(0.002)


@hostile(DeadlineExceededError, deadline=0.25)
async def silence(exchange: Exchange) -> AsyncIterator[bytes]:
    await asyncio.Event().wait()
    yield b""


@hostile(DeadlineExceededError, deadline=0.25)
async def slow_status_line(exchange: Exchange) -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 "
    async for byte in drip(b"O"):
        yield byte


@hostile(DeadlineExceededError, deadline=0.25)
async def slow_headers(exchange: Exchange) -> AsyncIterator[bytes]:
    yield HEAD
    async for byte in drip(b"x-slow: 1\r\n"):
        yield byte


@hostile(DeadlineExceededError, deadline=0.25)
async def slow_body(exchange: Exchange) -> AsyncIterator[bytes]:
    yield HEAD + b"Content-Length: 60000\r\n\r\n"
    async for byte in drip(b"x"):
        yield byte


@hostile(DeadlineExceededError, deadline=0.25)
async def slow_chunks(exchange: Exchange) -> AsyncIterator[bytes]:
    yield CHUNKED
    async for byte in drip(b"1\r\nx\r\n"):
        yield byte


@hostile(DeadlineExceededError, deadline=0.25)
async def slow_chunk_extension(exchange: Exchange) -> AsyncIterator[bytes]:
    yield CHUNKED + b"1;"
    async for byte in drip(b"x"):
        yield byte


@hostile(TransportError, deadline=0.25)
async def endless_interim_answers(exchange: Exchange) -> AsyncIterator[bytes]:
    while True:
        yield b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" * 100
        await asyncio.sleep(0)


@hostile(ResponseTooLargeError)
async def endless_body(exchange: Exchange) -> AsyncIterator[bytes]:
    yield HEAD + b"\r\n"
    while True:
        yield PIECE


@hostile(ResponseTooLargeError)
async def endless_chunks(exchange: Exchange) -> AsyncIterator[bytes]:
    yield CHUNKED
    while True:
        yield b"10000\r\n" + PIECE + b"\r\n"


@hostile(ResponseTooLargeError)
async def gigantic_body(exchange: Exchange) -> AsyncIterator[bytes]:
    yield HEAD + b"Content-Length: 1000000000000\r\n\r\n"
    while True:
        yield PIECE


@hostile(ResponseTooLargeError)
async def gzip_bomb(exchange: Exchange) -> AsyncIterator[bytes]:
    yield GZIP + f"Content-Length: {len(BOMB)}\r\n\r\n".encode()
    yield BOMB


@hostile(ResponseTooLargeError)
async def endless_gzip_bomb(exchange: Exchange) -> AsyncIterator[bytes]:
    yield GZIP + b"\r\n"
    while True:
        for piece in BOMB_PARTS:
            yield piece


@hostile(ResponseTooLargeError)
async def many_gzip_members(exchange: Exchange) -> AsyncIterator[bytes]:
    members = gzip.compress(b"") * 100
    yield GZIP + b"\r\n"
    while True:
        yield members


@hostile(ResponseTooLargeError)
async def ten_thousand_headers(exchange: Exchange) -> AsyncIterator[bytes]:
    yield MANY_HEADERS


@hostile(ResponseTooLargeError)
async def endless_header(exchange: Exchange) -> AsyncIterator[bytes]:
    yield HEAD + b"x-long: "
    while True:
        yield PIECE


@hostile(ResponseTooLargeError)
async def endless_headers(exchange: Exchange) -> AsyncIterator[bytes]:
    yield HEAD
    while True:
        yield b"x-many: 1\r\n" * 1000


@hostile(TransportError)
async def endless_status_line(exchange: Exchange) -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 "
    while True:
        yield PIECE


@hostile(TransportError)
async def endless_trailers(exchange: Exchange) -> AsyncIterator[bytes]:
    yield CHUNKED + b"2\r\nok\r\n0\r\n"
    while True:
        yield b"x-many: 1\r\n" * 1000


@hostile(TransportError)
async def endless_nonsense(exchange: Exchange) -> AsyncIterator[bytes]:
    while True:
        yield PIECE


@hostile(TransportError)
async def reset_mid_body(exchange: Exchange) -> AsyncIterator[bytes]:
    yield HEAD + b"Content-Length: 60000\r\n\r\n" + b"x" * 30_000
    exchange.reset()


@hostile(TransportError)
async def less_than_declared(exchange: Exchange) -> AsyncIterator[bytes]:
    yield HEAD + b"Content-Length: 60000\r\n\r\n" + b"x" * 30_000
    exchange.hang_up()


@hostile(TransportError)
async def lengths_that_differ(exchange: Exchange) -> AsyncIterator[bytes]:
    yield HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok"
    exchange.hang_up()


@hostile(TransportError)
async def negative_length(exchange: Exchange) -> AsyncIterator[bytes]:
    yield HEAD + b"Content-Length: -1\r\n\r\nok"
    exchange.hang_up()


TRANSPORTS = {"aiohttp": AiohttpTransport, "httpx2": HttpxTransport}


@pytest.fixture(params=list(TRANSPORTS))
def transport(request):
    return TRANSPORTS[request.param]


def webhook(transport: Transport, url: str, deadline: float) -> WebhookConnector:
    """A webhook that is tried once, over a real client, under a guard that allows loopback."""
    client = HttpClient(transport, SystemClock())
    connector = connect(WebhookConnector, {"url": url}, ScriptedHttp())
    guard = Guard(allow=("127.0.0.1",))
    connector.context = attrs.evolve(connector.context, http=client, guard=guard)
    connector.retry = attrs.evolve(connector.retry, attempts=1, deadline=timedelta(seconds=deadline))
    return connector


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_hostile_receiver_costs_little(transport, kind):
    """The deadline is kept although bytes keep coming, and one attempt takes at most 1 MiB, the server's share included."""
    writing, expected, deadline = KINDS[kind]

    async def misbehave(exchange: Exchange) -> None:
        if exchange.header("x-gitlab-event") == "Push Hook":
            async for piece in writing(exchange):
                await exchange.answer(piece)
        else:
            await exchange.answer(OK)

    async def main() -> tuple[ConnectorError, int]:
        sender = transport()
        async with loopback(misbehave) as server, asyncio.timeout(20):
            connector = webhook(sender, server.url, deadline)
            assert await connector.send_payload({}, event_type="pipeline")
            tracemalloc.start()
            before, _ = tracemalloc.get_traced_memory()
            try:
                with pytest.raises(ConnectorError) as caught:
                    await connector.send_payload({}, event_type="push")
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            await sender.close()
        return caught.value, peak - before

    error, memory = asyncio.run(main())
    assert isinstance(error, expected)
    assert not isinstance(error, BlockedAddressError)
    assert memory <= MEBIBYTE


def test_more_than_declared_is_not_the_next_answer():
    """What follows a body of the declared length is never taken for the answer to another request, by aiohttp."""

    async def smuggle(exchange: Exchange) -> None:
        await exchange.answer(OK + b"HTTP/1.1 599 Smuggled\r\nContent-Length: 0\r\n\r\n")

    async def main() -> None:
        sender = AiohttpTransport()
        async with loopback(smuggle) as server:
            connector = webhook(sender, server.url, 15.0)
            for _ in range(3):
                outcome = await connector.attempt(connector.send_payload({}))
                assert isinstance(outcome, TransportError) or outcome.http_status == 200
            await sender.close()

    asyncio.run(main())


def test_an_answer_within_the_bounds_passes(transport):
    """64 KB, compressed, with 190 headers, in small pieces: unusual, but no harm."""

    async def odd(exchange: Exchange) -> None:
        headers = [f"x-{number}: 1" for number in range(190)]
        answer = with_body(gzip.compress(bytes(65_536)), "content-encoding: gzip", *headers)
        for start in range(0, len(answer), 100):
            await exchange.answer(answer[start : start + 100])

    async def main() -> Outcome:
        sender = transport()
        async with loopback(odd) as server:
            outcome = await webhook(sender, server.url, 15.0).send_payload({})
            await sender.close()
        return outcome

    assert asyncio.run(main())
