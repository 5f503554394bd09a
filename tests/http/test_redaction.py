"""`http.redaction`: foreign logs and our own errors show nothing of a request but its origin."""

from __future__ import annotations

import asyncio
import gzip
import logging
import ssl
import traceback
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path

import httpx
import httpx2
import pytest

from integrations_sdk.clock import SystemClock
from integrations_sdk.errors import IntegrationError
from integrations_sdk.http.aiohttp_transport import AiohttpTransport
from integrations_sdk.http.base import Call, Connection, Request, Response, RetryPolicy, Transport
from integrations_sdk.http.client import HttpClient
from integrations_sdk.http.httpx_transport import HttpxTransport
from integrations_sdk.http.redaction import (
    FOREIGN_LOGGERS,
    Redact,
    install,
    names_credential,
    ours,
    redact_url,
)
from integrations_sdk.testing.loopback import Exchange, Handler, answering, loopback, self_signed, with_body

CANARY = "c4n4ry"
LOUD = [
    *FOREIGN_LOGGERS, "httpcore", "httpcore2", "aiohttp", "aiohttp.access", "anyio", "h11", "hpack", "integrations_sdk",
    "concurrent.futures", "ssl", "",
]  # fmt: skip


@pytest.fixture
def everything(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """All loggers at DEBUG, propagating."""
    names = {*LOUD, *logging.root.manager.loggerDict}
    levels = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield caplog
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


async def _reset(exchange: Exchange) -> None:
    exchange.reset()


async def _hang(_: Exchange) -> None:
    await asyncio.Event().wait()


HANDLERS: dict[str, Handler] = {
    "good": answering(
        with_body(CANARY.encode(), f"x-secret: {CANARY}", f"set-cookie: a={CANARY}; domain=x.invalid")
    ),
    "redirect": answering(
        f"HTTP/1.1 302 X\r\nlocation: http://h/{CANARY}\r\ncontent-length: 0\r\n\r\n".encode()
    ),
    "error": answering(f"HTTP/1.1 500 {CANARY}\r\ncontent-length: 6\r\n\r\n{CANARY}".encode()),
    "reset": _reset,
    "hang": _hang,
    "nonsense": answering(f"{CANARY}\r\n\r\n".encode()),
    "bad header": answering(f"HTTP/1.1 200 OK\r\n{CANARY} {CANARY}\r\n\r\n".encode()),
    "long header": answering(b"HTTP/1.1 200 OK\r\nx: " + CANARY.encode() * 50_000 + b"\r\n\r\n"),
    "bad chunk": answering(f"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{CANARY}\r\n".encode()),
    "bad gzip": answering(with_body(gzip.compress(CANARY.encode())[:-3], "content-encoding: gzip")),
    "bad encoding": answering(with_body(b"x", f"content-encoding: {CANARY}")),
}

TRANSPORTS: dict[str, Callable[[], Transport]] = {
    "httpx2": HttpxTransport,
    "aiohttp": AiohttpTransport,
    "httpx2 client": lambda: HttpxTransport(httpx2.AsyncClient()),
    "httpx client": lambda: HttpxTransport(httpx.AsyncClient()),
}


def _request(base: str, *, fast: bool = False, connection: Connection = Connection()) -> Request:  # noqa: B008  # frozen
    headers = {"authorization": f"Bearer {CANARY}", "x-other": CANARY}
    url = f"{base.replace('://', f'://{CANARY}:{CANARY}@')}/{CANARY}?q={CANARY}"
    timeouts = {"read_timeout": 0.03 if fast else 20.0, "connect_timeout": 20.0}
    return Request(
        method="POST",
        url=url,
        headers=headers,
        content=CANARY.encode(),
        connection=connection,
        **timeouts,
    )


async def _outcome(transport: Transport, request: Request) -> tuple[Response | None, str]:
    """What came of it, and every text that a failure shows."""
    client = HttpClient(transport, SystemClock())
    call = Call(provider="acme", operation="x", retry=RetryPolicy(attempts=1), idempotent=True)
    try:
        return await client.send(request, call), ""
    except IntegrationError as error:
        return None, "\n".join(_texts(error)) + traceback.format_exc()


def _texts(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        yield f"{error!r} {error!s} {error.args!r} {vars(error)!r}"
        assert error.__context__ is error.__cause__
        error = error.__cause__


def _run_loudly(main: Callable[[], Coroutine[object, object, None]]) -> None:
    """Run with the loop's own debugging, which describes every callback that it runs."""

    async def debugged() -> None:
        asyncio.get_running_loop().slow_callback_duration = 0
        await main()

    asyncio.run(debugged(), debug=True)


async def _finish(transport: Transport) -> None:
    await transport.close()
    client = getattr(transport, "_client", None)
    if client is not None:
        await client.aclose()


@pytest.mark.parametrize("handler", HANDLERS)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_canary(transport: str, handler: str, everything: pytest.LogCaptureFixture) -> None:
    """A canary in URL, header and body, and in whatever the server answers, shows up nowhere."""

    async def main() -> None:
        made = TRANSPORTS[transport]()
        async with loopback(HANDLERS[handler]) as server:
            response, shown = await _outcome(made, _request(server.url, fast=handler == "hang"))
            assert (response is not None) == (handler in {"good", "redirect", "error"})
            assert CANARY not in f"{response!r}{shown}{_request(server.url)!r}"
            await _finish(made)

    _run_loudly(main)
    assert "http attempt" in everything.text
    assert CANARY not in everything.text


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_canary_without_a_connection(
    transport: str, everything: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Failures to connect, to verify TLS and to reach a proxy show nothing either."""

    async def main() -> None:
        made = TRANSPORTS[transport]()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self_signed(tmp_path))
        async with loopback(_hang, tls) as server:
            shown = [(await _outcome(made, _request("http://127.0.0.1:1")))[1]]
            shown.append((await _outcome(made, _request(server.url)))[1])
            if "client" not in transport:
                proxied = Connection(proxy=f"http://{CANARY}:{CANARY}@127.0.0.1:1")
                shown.append((await _outcome(made, _request("http://127.0.0.1:2", connection=proxied)))[1])
        assert all(shown)
        assert CANARY not in "".join(shown)
        await _finish(made)

    _run_loudly(main)
    assert CANARY not in everything.text


def test_canary_in_header_that_cannot_be_sent(everything: pytest.LogCaptureFixture) -> None:
    """h11 quotes a header that it refuses; we do not."""

    async def main() -> None:
        made = HttpxTransport()
        request = Request(method="GET", url="http://127.0.0.1:1/", headers={"x": f" {CANARY}\x01"})
        async with loopback(Exchange.answer) as server:
            request = Request(method="GET", url=server.url, headers={"x": f" {CANARY}\x01"})
            _, shown = await _outcome(made, request)
        assert "no valid HTTP" in shown
        assert CANARY not in shown
        await made.close()

    _run_loudly(main)
    assert CANARY not in everything.text


def test_requests_of_the_application_are_logged_as_ever(everything: pytest.LogCaptureFixture) -> None:
    """The filter shortens our requests only: what the application sends with the same library is untouched."""

    async def main() -> None:
        install()
        async with loopback(Exchange.answer) as server, httpx2.AsyncClient() as client:
            await client.get(f"{server.url}/{CANARY}")
            assert f"{server.url}/{CANARY}" in everything.text
            everything.clear()
            await HttpxTransport(client).send(Request(method="GET", url=f"{server.url}/{CANARY}"))
            assert f"HTTP Request: GET {server.url}/…" in everything.text
            assert "receive_response_headers.complete …" in everything.text

    _run_loudly(main)


def test_record_is_shortened_with_all_its_parts() -> None:
    """Message, arguments and exception text go; a record of somebody else stays whole."""

    def record(level: int, message: str, *args: object) -> logging.LogRecord:
        return logging.LogRecord("httpx", level, "f", 1, message, args, None)

    theirs = record(logging.DEBUG, "GET %s", "http://h/x")
    assert Redact().filter(theirs)
    assert theirs.getMessage() == "GET http://h/x"
    with ours():
        for level, message, expected in (
            (logging.INFO, "GET %s", "GET http://h/…"),
            (logging.DEBUG, "step.started %s", "step.started …"),
            (logging.DEBUG, "(%s)", " …"),
        ):
            changed = record(level, message, "http://h/x")
            assert Redact().filter(changed)
            assert (changed.getMessage(), changed.exc_info) == (expected, None)


def test_installing_twice_adds_one_filter() -> None:
    """Each transport installs it, and it is there once."""
    install()
    install()
    for name in FOREIGN_LOGGERS:
        filters = [one for one in logging.getLogger(name).filters if isinstance(one, Redact)]
        assert len(filters) == 1


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://hooks.example.com/services/T/B/x", "https://hooks.example.com/…"),
        ("http://user:pass@[::1]:8080/?q=1#f", "http://[::1]:8080/…"),
        ("https://h:notaport/x", "…"),
    ],
)
def test_redact_url(url: str, shown: str) -> None:
    """Scheme, host and port remain."""
    assert redact_url(url) == shown


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Authorization", True), ("Cookie", True), ("X-Gitlab-Token", True), ("DD-API-KEY", True), ("Jenkins-Crumb", True),
        ("Idempotency-Key", False), ("Content-Type", False), ("X-GitHub-Delivery", False), ("Webhook-Id", False),
    ],
)  # fmt: skip
def test_headers_that_carry_credentials_are_known_by_their_names(name: str, expected: bool) -> None:
    """Whoever sends them; what only names a message is none."""
    assert names_credential(name) is expected
