"""`cli.receiver`: whoever calls, however slowly, the server stays within its bounds, and ends in good order."""

from __future__ import annotations

import asyncio
import socket
from urllib.parse import urlsplit

import pytest

from integrations_sdk.cli.receiver import Answer, Bounds, receiving

GET = b"GET / HTTP/1.1\r\n\r\n"


async def accept(arrived):
    return Answer(status=200, content=arrived.body.decode() or "empty")


class Caller:
    """One connection."""

    def __init__(self, url):
        self.parts = urlsplit(url)

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_connection(self.parts.hostname, self.parts.port)
        return self

    async def __aexit__(self, *_):
        self.writer.close()

    async def ask(self, wire):
        """What comes back with a length."""
        self.writer.write(wire)
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return int(head.split(b" ")[1]), await self.reader.readexactly(length)

    async def rest(self):
        """Everything until the other side closes."""
        return await self.reader.read()


def test_it_answers_one_request_after_another():
    """On one connection, as long as both sides want it."""

    async def main():
        async with receiving(accept) as (url,), Caller(url) as caller:
            assert await caller.ask(GET) == (200, b"empty")
            assert await caller.ask(b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\nhi") == (200, b"hi")
            caller.writer.write(b"GET / HTTP/1.0\r\n\r\n")
            assert b"connection: close" in await caller.rest()

    asyncio.run(main())


def test_it_listens_where_it_is_told():
    """By default on this machine alone, at a port that is free; a port that is taken is an `OSError`."""

    async def main():
        async with receiving(accept) as (url,):
            parts = urlsplit(url)
            assert parts.hostname == "127.0.0.1"
            with pytest.raises(OSError, match="in use"):
                async with receiving(accept, port=parts.port):
                    pass

    asyncio.run(main())


def test_ipv6_urls_have_brackets():
    """As RFC 3986 §3.2.2 has it."""

    async def main():
        async with receiving(accept, host="::1") as (url,), Caller(url) as caller:
            assert url.startswith("http://[::1]:")
            assert (await caller.ask(GET))[0] == 200

    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    asyncio.run(main())


def test_a_large_body_is_refused_while_it_is_sent():
    """The sender reads why, although it has not sent everything yet."""

    async def main():
        async with receiving(accept, bounds=Bounds(body=1_000)) as (url,), Caller(url) as caller:
            caller.writer.write(b"POST / HTTP/1.1\r\ncontent-length: 3000000\r\n\r\n" + bytes(3_000_000))
            assert (await caller.rest()).startswith(b"HTTP/1.1 413 ")

    asyncio.run(main())


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nab"])
def test_a_slow_caller_is_sent_away(begun):
    """It is answered 408, wherever in its request it stopped."""

    async def main():
        async with receiving(accept, bounds=Bounds(seconds=0.05)) as (url,), Caller(url) as caller:
            caller.writer.write(begun)
            assert (await caller.rest()).startswith(b"HTTP/1.1 408 ")

    asyncio.run(main())


def test_an_idle_connection_is_closed():
    """Without a word that could be taken for the answer to the next request."""

    async def main():
        async with receiving(accept, bounds=Bounds(seconds=0.05)) as (url,), Caller(url) as caller:
            assert (await caller.ask(GET))[0] == 200
            assert await caller.rest() == b""

    asyncio.run(main())


def test_no_more_connections_than_allowed():
    """One more is refused; when one has ended there is room again."""

    async def main():
        async with receiving(accept, bounds=Bounds(connections=1)) as (url,):
            async with Caller(url) as first:
                assert (await first.ask(GET))[0] == 200
                async with Caller(url) as second:
                    assert (await second.rest()).startswith(b"HTTP/1.1 503 ")
                first.writer.close()
                await first.writer.wait_closed()
            status = 503
            while status == 503:  # until the server has seen the end of the first
                async with Caller(url) as third:
                    status, _ = await third.ask(GET)
            assert status == 200

    asyncio.run(main())


def test_the_end_waits_for_what_is_being_answered():
    """Idle connections are closed at once; a request that is being answered gets its answer."""

    async def main():
        asked, go = asyncio.Event(), asyncio.Event()

        async def slowly(_):
            asked.set()
            await go.wait()
            return Answer(status=200, content="late")

        serving = receiving(slowly)
        (url,) = await serving.__aenter__()
        async with Caller(url) as idle, Caller(url) as busy:
            answer = asyncio.create_task(busy.ask(GET))
            await asked.wait()
            ending = asyncio.create_task(serving.__aexit__(None, None, None))
            try:
                gone = await idle.rest()
            except ConnectionError:
                gone = b""
            assert gone == b""
            assert not ending.done()
            go.set()
            assert await answer == (200, b"late")
            await ending

    asyncio.run(main())


def test_the_end_does_not_wait_for_ever():
    """What takes longer than the grace is cut off."""

    async def main():
        asked = asyncio.Event()

        async def never(_):
            asked.set()
            await asyncio.Event().wait()

        async with receiving(never, bounds=Bounds(grace=0.02)) as (url,), Caller(url) as caller:
            caller.writer.write(GET)
            await asked.wait()

    asyncio.run(main())


def test_a_caller_that_goes_away_harms_nobody():
    """In the middle of its request, or before it took its answer."""

    async def main():
        async with receiving(accept) as (url,):
            for begun in (b"", b"GET / HT", GET):
                async with Caller(url) as caller:
                    caller.writer.write(begun)
                    await caller.writer.drain()
                    caller.writer.transport.abort()
            async with Caller(url) as caller:
                assert (await caller.ask(GET))[0] == 200

    asyncio.run(main())


@pytest.mark.parametrize("error", [ValueError("a bug"), BrokenPipeError(), TimeoutError()])
def test_what_the_handler_raises_ends_the_server(error):
    """It is not taken for trouble of the caller's, whatever it is."""

    async def main():
        async def broken(_):
            raise error

        async with receiving(broken) as (url,), Caller(url) as caller:
            caller.writer.write(GET)
            await asyncio.Event().wait()

    with pytest.raises(BaseExceptionGroup) as caught:
        asyncio.run(main())
    assert caught.value.exceptions == (error,)
