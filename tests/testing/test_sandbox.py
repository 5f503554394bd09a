"""The sandbox over the wire: stand-ins on loopback, faults as a client meets them, nothing left behind."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
import time
from collections.abc import Mapping
from typing import Self
from urllib.parse import urlsplit

import pytest

from integrations_sdk.errors import AlreadyExistsError, NotFoundError, StateError
from integrations_sdk.testing.sandbox import FaultSpec, Sandbox
from integrations_sdk.testing.standin import Received, Reply, StandIn, route


class Acme(StandIn):
    """A vendor that echoes."""

    provider = "acme"

    def config(self) -> dict[str, object]:
        """Where it is."""
        return {"url": self.url}

    @route("POST", "/echo")
    def echo(self, request: Received, values: Mapping[str, str]) -> Reply:
        """The body again."""
        return Reply(text=request.body.decode(), headers={"Content-Type": "text/x-echo", "x-many": "1"})

    @route("GET", "/empty")
    def empty(self, request: Received, values: Mapping[str, str]) -> Reply:
        """No content."""
        return Reply(status=204)

    @route("GET", "/broken")
    def broken(self, request: Received, values: Mapping[str, str]) -> Reply:
        """A bug of the stand-in."""
        msg = "a bug"
        raise ValueError(msg)


class Client:
    """One keep-alive connection to a stand-in."""

    def __init__(self, url: str) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def ask(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """Status, body and headers."""
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}


def raw(url: str, wire: bytes) -> bytes:
    """Everything that comes back for some bytes, until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=10) as connection:
        connection.sendall(wire)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_one_connection_carries_several_requests() -> None:
    """Keep-alive, bodies with a length or in chunks, HEAD and 204 all leave the connection usable."""
    with Sandbox() as sandbox:
        acme = sandbox.add(Acme())
        with Client(acme.url) as client:
            assert client.ask("POST", "/echo", b"one")[:2] == (200, b"one")
            assert client.ask("POST", "/echo", iter([b"tw", b"o"]))[:2] == (200, b"two")
            assert client.ask("GET", "/empty")[:2] == (204, b"")
            assert client.ask("HEAD", "/nowhere")[:2] == (404, b"")
            status, _, headers = client.ask("POST", "/echo", b"", Connection="close")
        assert (status, headers["content-type"], headers["connection"]) == (200, "text/x-echo", "close")
        assert [arrival.status for arrival in sandbox.received] == [200, 200, 204, 404, 200]
        assert [arrival.accepted for arrival in sandbox.received] == [True, True, True, False, True]


def test_everything_that_arrives_is_kept_in_order_with_its_provider() -> None:
    """Across stand-ins, whatever became of it."""
    with Sandbox() as sandbox:
        first, second = sandbox.add(Acme()), sandbox.add(Acme(), "other")
        sandbox.fail("other", FaultSpec(status=503))
        with Client(first.url) as one, Client(second.url) as two:
            one.ask("POST", "/echo", b"1")
            two.ask("POST", "/echo", b"2")
            one.ask("POST", "/echo", b"3")
        seen = [(arrival.provider, arrival.request.body, arrival.status) for arrival in sandbox.received]
        assert seen == [("acme", b"1", 200), ("other", b"2", 503), ("acme", b"3", 200)]
        assert sandbox.received[1].fault is not None


def test_a_reset_connection_is_reset() -> None:
    """The client meets ECONNRESET, and the vendor did not act."""
    with Sandbox() as sandbox:
        acme = sandbox.add(Acme())
        acme.fail(reset=True)
        with Client(acme.url) as client, pytest.raises(ConnectionResetError):
            client.ask("POST", "/echo", b"x")
        assert acme.received == []


def test_an_answer_can_break_off_in_the_middle() -> None:
    """The client is promised more than it gets."""
    with Sandbox() as sandbox:
        acme = sandbox.add(Acme())
        acme.fail(truncate=True)
        with Client(acme.url) as client, pytest.raises(http.client.IncompleteRead) as caught:
            client.ask("POST", "/echo", b"12345678")
        assert caught.value.partial == b"1234"
        assert len(acme.received) == 1


def test_an_answer_can_have_another_body_than_the_vendors() -> None:
    """Its status and content type stay, so that it looks like the vendor's."""
    with Sandbox() as sandbox:
        acme = sandbox.add(Acme())
        acme.fail(body=b"not json")
        with Client(acme.url) as client:
            status, body, headers = client.ask("POST", "/echo", b"x")
        assert (status, body, headers["content-type"]) == (200, b"not json", "text/x-echo")


def test_a_slow_answer_comes_late_and_holds_up_nobody_else() -> None:
    """Another connection is served while the first one waits; closing does not wait for it."""
    sandbox = Sandbox()
    acme = sandbox.add(Acme())
    acme.fail(delay=3600, path="/echo")
    with Client(acme.url) as slow, Client(acme.url) as quick:
        slow.connection.request("POST", "/echo", b"x")
        while not acme.received:
            time.sleep(0.001)
        assert quick.ask("GET", "/empty")[0] == 204
        sandbox.close()
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            slow.connection.getresponse()


def test_a_short_delay_only_delays() -> None:
    """The answer is the vendor's own."""
    with Sandbox() as sandbox:
        acme = sandbox.add(Acme())
        acme.fail(delay=0.001)
        with Client(acme.url) as client:
            assert client.ask("POST", "/echo", b"x")[:2] == (200, b"x")


@pytest.mark.parametrize(
    ("wire", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\ncontent-length: many\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"GET / HTTP/1.1\r\nx: " + b"x" * 70_000 + b"\r\n\r\n", 431),
    ],
)
def test_what_is_not_http_is_refused(wire: bytes, status: int) -> None:
    """With the status that fits, and the connection ends."""
    with Sandbox() as sandbox:
        acme = sandbox.add(Acme())
        assert raw(acme.url, wire).startswith(f"HTTP/1.1 {status} ".encode())
        assert acme.received == acme.refused == []


def test_a_client_that_waits_for_100_continue_gets_it() -> None:
    """RFC 9110 §10.1.1."""
    with Sandbox() as sandbox:
        wire = (
            b"POST /echo HTTP/1.1\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi"
        )
        answer = raw(sandbox.add(Acme()).url, wire)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")
    assert answer.endswith(b"hi")


def test_a_stand_in_that_breaks_fails_the_block() -> None:
    """The client gets a 500, and leaving the block raises with the cause."""
    sandbox = Sandbox()
    with (
        Client(sandbox.add(Acme()).url) as client,
        pytest.raises(StateError, match="broke") as caught,
        sandbox,
    ):
        assert client.ask("GET", "/broken")[0] == 500
    assert isinstance(caught.value.__cause__, ValueError)


def test_the_error_inside_the_block_goes_first() -> None:
    """A broken stand-in does not hide it."""
    sandbox = Sandbox()

    def visit() -> None:
        with sandbox, Client(sandbox.add(Acme()).url) as client:
            client.ask("GET", "/broken")
            raise KeyError

    with pytest.raises(KeyError):
        visit()


def test_nothing_is_left_at_the_end() -> None:
    """No thread, no open port; what keeps a connection open is cut off. A second close does nothing."""
    before = threading.active_count()
    with Sandbox() as sandbox:
        acme = sandbox.add(Acme())
        idle = Client(acme.url)
        idle.ask("POST", "/echo", b"x")
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        idle.ask("POST", "/echo", b"x")
    idle.connection.close()
    with pytest.raises(ConnectionRefusedError):
        raw(acme.url, b"")
    sandbox.close()
    with pytest.raises(StateError, match="closed"):
        sandbox.add(Acme(), "late")


def test_an_unused_sandbox_starts_nothing() -> None:
    """Stand-ins are served from their first use on."""
    before = threading.active_count()
    with Sandbox():
        assert threading.active_count() == before


def test_it_works_inside_a_running_loop() -> None:
    """As in an async test or a notebook: the sandbox has a loop of its own."""

    async def visit() -> bytes:
        async with Sandbox() as sandbox:
            url = urlsplit(sandbox.add(Acme()).url)
            reader, writer = await asyncio.open_connection(url.hostname, url.port)
            writer.write(b"POST /echo HTTP/1.1\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi")
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            return answer

    assert asyncio.run(visit()).endswith(b"hi")


def test_stand_ins_are_found_by_name() -> None:
    """As attribute and by key, the same one; a mistyped name is told the right one."""
    with Sandbox() as sandbox:
        assert sandbox.slack is sandbox["slack"]
        assert sandbox.config("slack") == sandbox.slack.config()
        assert "slack" in dir(sandbox)
        with pytest.raises(AttributeError, match="did you mean `slack`"):
            _ = sandbox.slak
        with pytest.raises(NotFoundError, match="did you mean `slack`"):
            sandbox.config("slak")
        assert not hasattr(sandbox, "_ipython_display_")
        sandbox.add(Acme())
        assert "acme" in dir(sandbox)
        with pytest.raises(AlreadyExistsError):
            sandbox.add(Acme())
