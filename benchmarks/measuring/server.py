"""A loopback HTTP/1.1 server that costs as little as Python allows, in a process of its own.

It answers every request to a port with the same few bytes and keeps connections open, so that what is measured
is the client. `running()` starts it with one port, `answering()` with one for each answer, of which `MAIL` makes a
port that takes mail; as a script it serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final, cast

__all__ = ["MAIL", "answer", "answering", "running"]

MAIL: Final = "220 mail.example ESMTP\r\n"
"""The greeting of a port that speaks SMTP."""

_REPLIES: Final = {
    b"EHLO": b"250-mail.example\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


def answer(status: str, content: str = "", kind: str = "application/json", *headers: str) -> str:
    """An answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {status}", *headers]
    lines += [f"Content-Type: {kind}"] if content else []
    lines += [] if status.startswith("204") else [f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, "", content])


_OK = answer("200 OK", "ok", "text/html")


class Answering(asyncio.Protocol):
    """Answers each complete request of one connection."""

    def __init__(self, said: str) -> None:
        self._answer = said.encode("ascii")
        self._last_answer = self._answer.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with nothing."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is no subclass
        self._received = b""

    def data_received(self, data: bytes) -> None:
        """Answer what is complete, keep the rest."""
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end]
            length = _LENGTH.search(head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._received) < whole:
                return
            self._received = self._received[whole:]
            closing = _CLOSE.search(head) is not None
            self._transport.write(self._last_answer if closing else self._answer)
            if closing:
                self._transport.close()


class Mailbox(asyncio.Protocol):
    """Takes every mail that comes over one connection, and keeps none."""

    def __init__(self, greeting: str) -> None:
        self._greeting = greeting.encode("ascii")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is no subclass
        self._received, self._end = b"", b"\r\n"
        self._transport.write(self._greeting)

    def data_received(self, data: bytes) -> None:
        """Reply to each complete command, and to a complete mail."""
        self._received += data
        while self._end in self._received:
            said, _, self._received = self._received.partition(self._end)
            verb = said[:4].upper() if len(self._end) == 2 else b""
            self._end = b"\r\n.\r\n" if verb == b"DATA" else b"\r\n"
            self._transport.write(_REPLIES.get(verb, b"250 good\r\n"))
            if verb == b"QUIT":
                self._transport.close()


@contextlib.contextmanager
def answering(answers: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Start the server; its base URLs, by the names of the answers. It ends with the block, or with this process."""
    with subprocess.Popen(
        [sys.executable, __file__, *answers.values()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            ports = json.loads(process.stdout.readline())
            yield {name: f"http://127.0.0.1:{port}" for name, port in zip(answers, ports, strict=True)}
        finally:
            process.stdin.close()


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Start the server with one port, where all is well; its base URL."""
    with answering({"": _OK}) as urls:
        yield urls[""]


async def _serve(answers: list[str]) -> None:
    loop = asyncio.get_running_loop()
    kinds = [partial(Mailbox if said == MAIL else Answering, said) for said in answers]
    servers = [await loop.create_server(kind, "127.0.0.1", 0, backlog=1024) for kind in kinds]
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin, ended.set)
    await ended.wait()
    for server in servers:
        server.close()


def _main() -> None:
    try:
        import uvloop
    except ImportError:
        asyncio.run(_serve(sys.argv[1:]))
    else:
        uvloop.run(_serve(sys.argv[1:]))


if __name__ == "__main__":
    _main()
