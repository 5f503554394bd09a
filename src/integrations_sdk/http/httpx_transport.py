"""The default transport, over `httpx2`; or over a client of `httpx2` or `httpx` that the user brings."""

from __future__ import annotations

import ssl
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Final, Protocol, cast

from integrations_sdk.errors import ConfigurationError, IntegrationError, StateError, TransportError
from integrations_sdk.http.base import Connection, Request, Response
from integrations_sdk.http.body import ACCEPT_ENCODING, BodyReader, read_headers
from integrations_sdk.http.failures import transport_error
from integrations_sdk.http.guard import Guard, Resolve, lookup, unguardable
from integrations_sdk.http.guarded import GuardedBackend
from integrations_sdk.http.heads import BoundedBackend
from integrations_sdk.http.pools import Pools, split_userinfo, ssl_context
from integrations_sdk.http.redaction import OURS, install

if TYPE_CHECKING:  # imported when a pool is made
    import httpcore2

__all__ = ["HttpxTransport", "is_httpx_client"]

_UNSENT: Final = {
    "ConnectError": "could not connect",
    "ConnectTimeout": "timed out while connecting",
    "PoolTimeout": "timed out while waiting for a free connection",
    "ProxyError": "the proxy refused to connect",
    "UnsupportedProtocol": "the URL cannot be used",
    "InvalidURL": "the URL cannot be used",
}
_AMBIGUOUS: Final = {
    "ReadTimeout": "timed out while waiting for the answer",
    "WriteTimeout": "timed out while sending",
    "LocalProtocolError": "the request is no valid HTTP",
    "RemoteProtocolError": "the answer is broken or incomplete",
}


class _Headers(Protocol):
    @property
    def raw(self) -> Sequence[tuple[bytes, bytes]]: ...


class _Response(Protocol):
    status_code: int
    headers: _Headers
    is_stream_consumed: bool

    @property
    def content(self) -> bytes: ...

    def aiter_raw(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None: ...


class _Pool(Protocol):
    async def handle_async_request(self, request: object) -> _Response: ...

    async def aclose(self) -> None: ...


class _Client(Protocol):
    is_closed: bool

    def build_request(
        self, method: str, url: str, *, content: bytes, headers: object, timeout: object
    ) -> object: ...

    async def send(self, request: object, *, stream: bool, follow_redirects: bool) -> _Response: ...


class HttpxTransport:
    """A `Transport` over HTTPX.

    Without a client, one `httpx2` connection pool for each distinct `Connection`, with HTTPX's
    conveniences left out: no redirects, cookies, proxies from the environment, `.netrc` or log lines.

    A client that is brought is used as it is, with its TLS settings, proxies, authentication, hooks
    and cookies; a request's `Connection` has no say then. Only redirects are not followed, and the
    timeouts and bounds of each request hold. It is never closed here.

    A guard holds in our own pools; with a client that is brought, a guarded request is refused.

    Args:
        client: an `httpx2.AsyncClient` or `httpx.AsyncClient`.
        resolve: finds the addresses of hosts under a guard.

    Raises:
        ConfigurationError: the client is something else.
    """

    def __init__(self, client: object | None = None, *, resolve: Resolve = lookup) -> None:
        install()
        self._resolve = resolve
        self._client: _Client | None = None
        if client is None:
            import httpx2

            self._lib: ModuleType = httpx2
        else:
            self._lib = _library_of(client)
            self._client = cast("_Client", client)
        self._pools: Pools[_Pool] = Pools(self._open, lambda pool: pool.aclose())

    async def send(self, request: Request) -> Response:
        """Send it once, see `Transport.send`."""
        token = OURS.set(True)
        try:
            if self._client is not None:
                return await self._send_by_client(self._client, request)
            return await self._send_by_pool(request)
        except IntegrationError:
            raise
        except Exception as error:  # noqa: BLE001  # the port: whatever the library raises becomes ours
            failure = _translate(error)
        finally:
            OURS.reset(token)
        raise failure  # outside of `except`: see `failures`

    async def close(self) -> None:
        """Close our own connections, never the user's client; a second call does nothing."""
        await self._pools.close()

    async def _send_by_pool(self, request: Request) -> Response:
        started = time.monotonic()
        if (guard := request.connection.guard) is not None:
            guard.admit(request.url, request.connection.proxy)
        lease = self._pools.take(request.connection)
        try:
            url, headers = _prepared(request, {b"user-agent": b"integrations-sdk"})
            timeouts = _timeouts(request)
            response = await lease.pool.handle_async_request(
                self._lib.Request(
                    request.method,
                    url,
                    headers=headers,
                    content=request.content,
                    extensions={"timeout": timeouts},
                )
            )
            return await _read(response, request, started)
        finally:
            await self._pools.give_back(lease)

    async def _send_by_client(self, client: _Client, request: Request) -> Response:
        started = time.monotonic()
        if client.is_closed:
            raise StateError("the HTTP client that was brought is closed")
        if request.connection.guard is not None:
            raise unguardable()
        url, headers = _prepared(request, {})
        timeout = self._lib.Timeout(**_timeouts(request))
        built = client.build_request(
            request.method, url, content=request.content, headers=headers, timeout=timeout
        )
        response = await client.send(built, stream=True, follow_redirects=False)
        return await _read(response, request, started)

    def _open(self, connection: Connection) -> _Pool:
        plain = connection.verify and not connection.ca_file and not connection.client_certificate
        if connection.proxy is None:
            return self._direct(connection.guard, None if plain else ssl_context(connection))
        pool = self._lib.AsyncHTTPTransport(
            verify=True if plain else ssl_context(connection), trust_env=False, proxy=connection.proxy
        )
        return cast("_Pool", pool)

    def _direct(self, guard: Guard | None, tls: ssl.SSLContext | None) -> _Pool:
        """A pool that makes its connections through a network backend of ours.

        `AsyncHTTPTransport` does not pass one on. So it gets its httpcore pool from here, and not from its
        `__init__`: if it ever keeps its pool elsewhere, it fails instead of connecting unguarded.
        """
        import httpcore2

        backend = BoundedBackend() if guard is None else GuardedBackend(guard, self._resolve)
        kind = self._lib.AsyncHTTPTransport
        transport = kind.__new__(kind)
        transport._pool = httpcore2.AsyncConnectionPool(  # noqa: SLF001  # see above
            ssl_context=tls or self._lib.create_ssl_context(trust_env=False),
            max_connections=100,  # these three as httpx2 has them
            max_keepalive_connections=20,
            keepalive_expiry=5.0,
            network_backend=cast("httpcore2.AsyncNetworkBackend", backend),
        )
        return cast("_Pool", transport)


def is_httpx_client(value: object) -> bool:
    """Whether it is an `AsyncClient` of `httpx2` or `httpx`, or derived from one. Imports neither."""
    return any(
        kind.__name__ == "AsyncClient" and kind.__module__.partition(".")[0] in {"httpx", "httpx2"}
        for kind in type(value).__mro__
    )


def _library_of(client: object) -> ModuleType:
    if not is_httpx_client(client):
        raise ConfigurationError.of(
            "HTTP client",
            "client",
            "expected an httpx2.AsyncClient or httpx.AsyncClient",
            "bring one, or nothing",
        )
    modules = (kind.__module__.partition(".")[0] for kind in type(client).__mro__)
    return sys.modules[next(name for name in modules if name in {"httpx", "httpx2"})]


def _prepared(request: Request, defaults: Mapping[bytes, bytes]) -> tuple[str, list[tuple[bytes, bytes]]]:
    url, authorization = split_userinfo(request.url) if "@" in request.url else (request.url, None)
    # encoded here, as HTTPX would refuse what is not ASCII, quoting it
    headers = [(name.encode("ascii"), value.encode()) for name, value in request.headers.items()]
    given = {name.lower() for name, _ in headers}
    missing = {b"accept-encoding": ACCEPT_ENCODING.encode(), **defaults}
    if authorization is not None:
        missing[b"authorization"] = authorization.encode()
    headers += [(name, value) for name, value in missing.items() if name not in given]
    return url, headers


def _timeouts(request: Request) -> dict[str, float]:
    connect, read = request.connect_timeout, request.read_timeout
    return {"connect": connect, "read": read, "write": read, "pool": connect}


async def _read(response: _Response, request: Request, started: float) -> Response:
    try:
        headers = read_headers(response.headers.raw)
        if response.is_stream_consumed:  # it never came over a wire: a mock, a cache
            reader = BodyReader(request.max_response_bytes)
            reader.feed(response.content)
        else:
            reader = BodyReader(request.max_response_bytes, headers.get("content-encoding", ""))
            async for piece in response.aiter_raw():
                reader.feed(piece)
        body = reader.finish()
    finally:
        await response.aclose()
    return Response(
        status=response.status_code, headers=headers, content=body, elapsed=time.monotonic() - started
    )


def _translate(error: Exception) -> TransportError:
    for name in [kind.__name__ for kind in type(error).__mro__]:  # by name: httpx and httpx2 have the same
        if (what := _UNSENT.get(name)) is not None:
            return transport_error(what, error, sent=False)
        if (what := _AMBIGUOUS.get(name)) is not None:
            return transport_error(what, error, sent=True)
    return transport_error("the connection broke", error, sent=True)
