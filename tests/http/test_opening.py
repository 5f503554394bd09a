"""`http.opening`: what may be given for `http=`, and what is imported for it."""

from __future__ import annotations

import asyncio
import builtins
import subprocess
import sys
from collections.abc import Mapping, Sequence

import httpx
import httpx2
import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import ConfigurationError, MissingExtraError, StateError
from integrations_sdk.http import opening
from integrations_sdk.http.aiohttp_transport import AiohttpTransport
from integrations_sdk.http.base import Call, Request, Response
from integrations_sdk.http.httpx_transport import HttpxTransport
from integrations_sdk.http.opening import open_http, open_transport


class OwnTransport:
    """A transport of the user's."""

    closed = False

    async def send(self, request: Request) -> Response:
        return Response(status=299)

    async def close(self) -> None:
        self.closed = True


class BlockingClient:
    """Has the names, but blocks."""

    def send(self, request: Request) -> Response:
        return Response(status=200)

    def close(self) -> None:
        pass


class DerivedClient(httpx.AsyncClient):
    """What an application may have made of a client."""


def test_nothing_gives_the_fast_transport() -> None:
    """aiohttp is installed here, so it is used."""
    assert isinstance(open_transport(), AiohttpTransport)


def test_without_aiohttp_the_default_is_httpx2(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra everything works all the same."""
    monkeypatch.setattr(opening, "find_spec", lambda _: None)
    assert isinstance(open_transport(), HttpxTransport)


@pytest.mark.parametrize("kind", [httpx.AsyncClient, httpx2.AsyncClient, DerivedClient])
def test_httpx_clients_are_used_and_stay_the_users(kind: type[httpx.AsyncClient]) -> None:
    """Either library's client answers, with its own default headers, and is not closed by us."""

    def handle(request: object) -> httpx.Response:
        return library.Response(299, json={"from": request.headers["x-mine"]})

    async def main() -> None:
        async with kind(transport=library.MockTransport(handle), headers={"x-mine": "yes"}) as client:
            http = open_http(client, FakeClock())
            response = await http.send(
                Request(method="GET", url="https://acme.example.com/"), Call(provider="a", operation="b")
            )
            await http.close()
            assert (response.status, response.json()) == (299, {"from": "yes"})
            assert not client.is_closed

    library = httpx2 if kind is httpx2.AsyncClient else httpx
    asyncio.run(main())


def test_closed_client_is_named() -> None:
    """A client that the user has closed already cannot be sent with, and the error says so."""

    async def main() -> None:
        client = httpx2.AsyncClient()
        await client.aclose()
        with pytest.raises(StateError, match="closed"):
            await open_transport(client).send(Request(method="GET", url="http://127.0.0.1:1/"))

    asyncio.run(main())


def test_own_transport_is_used_and_stays_open() -> None:
    """An object that sends is taken as it is."""

    async def main() -> None:
        own = OwnTransport()
        assert open_transport(own) is own
        http = open_http(own, FakeClock())
        request = Request(method="GET", url="https://acme.example.com/")
        assert (await http.send(request, Call(provider="a", operation="b"))).status == 299
        await http.close()
        assert not own.closed

    asyncio.run(main())


@pytest.mark.parametrize("given", [BlockingClient(), 7, "https://proxy", httpx.AsyncClient, OwnTransport])
def test_anything_else_is_refused(given: object) -> None:
    """A blocking client, a class, a text: one error that says what is expected."""
    with pytest.raises(ConfigurationError, match=r"http: expected an httpx2\.AsyncClient"):
        open_transport(given)


def test_httpx_transport_takes_clients_only() -> None:
    """The transport itself refuses what is no client of either library."""
    with pytest.raises(ConfigurationError, match="client: expected"):
        HttpxTransport(object())


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without aiohttp its transport says what to install."""
    real = builtins.__import__

    def without(name: str, scope: Mapping[str, object] | None = None, *rest: Sequence[str] | int) -> object:
        if name == "aiohttp":
            raise ImportError(name)
        return real(name, scope, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"integrations-sdk\[fast\]"):
        AiohttpTransport()


def test_only_what_is_used_is_imported() -> None:
    """Opening imports no HTTP library before it is needed, and never the one that the user did not import."""
    code = """
import sys
from integrations_sdk.clock import SystemClock
from integrations_sdk.http.opening import open_http, open_transport
libraries = {"httpx", "httpx2", "aiohttp", "opentelemetry"}
assert not libraries & set(sys.modules), sorted(libraries & set(sys.modules))
class Own:
    async def send(self, request): ...
    async def close(self): ...
open_http(Own(), SystemClock())
try:
    open_http(7, SystemClock())
except ValueError:
    pass
assert not libraries & set(sys.modules), sorted(libraries & set(sys.modules))
open_transport()
assert libraries & set(sys.modules) == {"aiohttp"}
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )  # our own code
    assert done.returncode == 0, done.stderr
