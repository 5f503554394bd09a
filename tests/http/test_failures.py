"""`http.failures`: what is said of a foreign exception is the operating system's words, never its own."""

from __future__ import annotations

import asyncio
import socket
import ssl

import pytest

from integrations_sdk.errors import ResponseTooLargeError
from integrations_sdk.http.aiohttp_transport import AiohttpTransport
from integrations_sdk.http.base import Request
from integrations_sdk.http.failures import chain, transport_error
from integrations_sdk.testing.loopback import Exchange, failure_of, loopback


class ForeignError(Exception):
    """A library's, which quotes the URL."""


def foreign(cause: BaseException | None = None) -> BaseException:
    """A library's error for a cause."""
    try:
        raise ForeignError("https://h/secret") from cause
    except ForeignError as error:
        return error


class ForeignOSError(OSError):
    """A library's own kind of operating system error."""


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (foreign(), "no luck: ForeignError"),
        (foreign(ConnectionRefusedError(111, "Connection refused")), "no luck: Connection refused"),
        (foreign(socket.gaierror(-2, "Name or service not known")), "no luck: Name or service not known"),
        (foreign(ssl.SSLError(1, "[SSL: X] https://h/secret")), "no luck: TLS failed (None)"),
        (foreign(OSError("secret")), "no luck: ForeignError"),
        (foreign(ForeignOSError(5, "secret")), "no luck: ForeignError"),
    ],
)
def test_words(error: BaseException, words: str) -> None:
    """The kind of failure, and what the system says of it."""
    assert transport_error("no luck", error, sent=True).message == words


def test_overlong_headers_have_an_error_of_their_own() -> None:
    """A library that gives up on headers means an answer too large."""
    hint = ForeignError()
    hint.error_status_hint = 431  # as h11 does
    for cause in (hint, ForeignError("Too many headers received"), type("LineTooLong", (Exception,), {})()):
        assert isinstance(transport_error("x", foreign(cause), sent=True), ResponseTooLargeError)


def test_circular_chains_end() -> None:
    """Exceptions that name each other as causes do not hang us."""
    one, two = ForeignError(), ForeignError()
    one.__cause__, two.__cause__ = two, one
    assert list(chain(one)) == [one, two]


def test_full_pool_counts_as_unsent() -> None:
    """Who gets no connection in time has sent nothing."""

    async def main() -> None:
        full = asyncio.Event()

        async def hang(_: Exchange) -> None:
            if len(server.exchanges) == 100:
                full.set()
            await asyncio.Event().wait()

        transport = AiohttpTransport()
        async with asyncio.timeout(30), loopback(hang) as server:
            patient = Request(method="POST", url=server.url)
            waiting = [asyncio.ensure_future(transport.send(patient)) for _ in range(100)]
            await full.wait()
            failure = await failure_of(
                transport, Request(method="POST", url=server.url, connect_timeout=0.01)
            )
            assert (failure.sent, failure.message) == (False, "timed out while connecting")
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        await transport.close()

    asyncio.run(main())


def test_timeouts_of_any_number_are_remembered_boundedly() -> None:
    """Requests with ever different timeouts do not fill the memory."""

    async def main() -> None:
        transport = AiohttpTransport()
        async with loopback(Exchange.answer) as server:
            for number in range(102):
                await transport.send(Request(method="GET", url=server.url, read_timeout=1 + number / 10))
        assert len(transport._timeouts) < 102
        await transport.close()

    asyncio.run(main())
