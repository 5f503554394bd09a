"""The fast transport, over aiohttp (extra `fast`).

aiohttp's own conveniences are off: redirects, cookies, decompression, proxies from the environment, and
the silent second attempt on a broken connection.
"""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING, Final, cast

from integrations_sdk.errors import (
    BlockedAddressError,
    IntegrationError,
    MissingExtraError,
    TransportError,
)
from integrations_sdk.http.base import Connection, Request, Response
from integrations_sdk.http.body import ACCEPT_ENCODING, MAX_HEADERS, BodyReader, read_headers
from integrations_sdk.http.failures import transport_error
from integrations_sdk.http.guard import Resolve, lookup
from integrations_sdk.http.guarded import HOST, GuardedResolver, guarded_sockets
from integrations_sdk.http.pools import Pools, split_userinfo, ssl_context
from integrations_sdk.http.redaction import OURS, install

if TYPE_CHECKING:  # imported when the first transport is made: aiohttp is an extra
    import aiohttp
    from aiohttp.abc import AbstractResolver
    from yarl import URL

__all__ = ["AiohttpTransport"]

_LARGE: Final = 2**20  # aiohttp warns of longer bodies unless they come as a file
_LINE: Final = 16 * 1024


class AiohttpTransport:
    """A `Transport` over aiohttp, with one session for each distinct `Connection`.

    It belongs to the event loop in which it sends first.

    Args:
        resolve: finds the addresses of hosts under a guard.

    Raises:
        MissingExtraError: aiohttp is not installed.
    """

    def __init__(self, *, resolve: Resolve = lookup) -> None:
        try:
            import aiohttp
            from yarl import URL
        except ImportError:
            missing = True
        else:
            missing = False
        if missing:
            raise MissingExtraError("the fast HTTP transport", "fast")
        install()
        self._resolve = resolve
        self._aiohttp = aiohttp
        self._url = URL
        self._timeouts: dict[tuple[float, float], aiohttp.ClientTimeout] = {}
        self._pools: Pools[aiohttp.ClientSession] = Pools(self._open, lambda session: session.close())

    async def send(self, request: Request) -> Response:
        """Send it once, see `Transport.send`."""
        if (guard := request.connection.guard) is not None:
            guard.admit(request.url, request.connection.proxy)
        lease = self._pools.take(request.connection)
        token = OURS.set(True)
        try:
            return await self._exchange(lease.pool, request)
        except BlockedAddressError as error:  # one lookup may serve several requests: each gets its own error
            failure: TransportError = BlockedAddressError(error.message, sent=False)
        except IntegrationError:
            raise
        except Exception as error:  # noqa: BLE001  # the port: whatever the library raises becomes ours
            failure = self._translate(error)
        finally:
            OURS.reset(token)
            await self._pools.give_back(lease)
        raise failure  # outside of `except`: see `failures`

    async def close(self) -> None:
        """Close all sessions and their connections; a second call does nothing."""
        await self._pools.close()

    async def _exchange(self, session: aiohttp.ClientSession, request: Request) -> Response:
        started = time.monotonic()
        url, content = request.url, request.content
        headers = request.headers
        if "@" in url:
            url, authorization = split_userinfo(url)
            if authorization and "authorization" not in map(str.lower, headers):
                headers = {**headers, "authorization": authorization}
        target = self._target(url)
        if request.connection.guard is not None:
            HOST.set(target.raw_host or "")
        async with session.request(
            request.method,
            target,
            data=self._payload(content) if content else None,
            headers=headers,
            allow_redirects=False,
            timeout=self._timeout(request),
        ) as response:
            received = read_headers(response.raw_headers)
            reader = BodyReader(request.max_response_bytes, received.get("content-encoding", ""))
            stream = response.content
            while not stream.at_eof():
                reader.feed(await stream.readany())
            body = reader.finish()
        return Response(
            status=response.status, headers=received, content=body, elapsed=time.monotonic() - started
        )

    def _target(self, url: str) -> URL:
        try:
            return self._url(url, encoded=url.isascii())
        except ValueError:
            pass  # its text quotes the host
        raise TransportError("the URL cannot be used", sent=False)

    def _payload(self, content: bytes) -> aiohttp.Payload:
        lib = self._aiohttp  # left to itself, it looks through a registry of kinds for every body
        large = len(content) > _LARGE
        payload: aiohttp.Payload = (
            lib.BytesIOPayload(io.BytesIO(content)) if large else lib.BytesPayload(content)
        )
        return payload

    def _timeout(self, request: Request) -> aiohttp.ClientTimeout:
        key = (request.connect_timeout, request.read_timeout)
        timeout = self._timeouts.get(key)
        if timeout is None:
            if len(self._timeouts) > 100:
                self._timeouts.clear()
            connect, read = key
            timeout = self._aiohttp.ClientTimeout(connect=connect, sock_connect=connect, sock_read=read)
            self._timeouts[key] = timeout
        return timeout

    def _open(self, connection: Connection) -> aiohttp.ClientSession:
        lib = self._aiohttp
        plain = connection.verify and not connection.ca_file and not connection.client_certificate
        guard = None if connection.proxy else connection.guard  # through a proxy, `Guard.admit()` decides
        session: aiohttp.ClientSession = lib.ClientSession(
            connector=lib.TCPConnector(
                ssl=True if plain else ssl_context(connection),
                resolver=cast("AbstractResolver", GuardedResolver(guard, self._resolve)) if guard else None,
                socket_factory=guarded_sockets(guard) if guard else None,
            ),
            cookie_jar=lib.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            proxy=connection.proxy,
            headers={"accept-encoding": ACCEPT_ENCODING, "user-agent": "integrations-sdk"},
            skip_auto_headers=("Content-Type",),
            max_headers=MAX_HEADERS,
            max_line_size=_LINE,
            max_field_size=_LINE,
        )
        # otherwise it would repeat idempotent requests on its own, unseen by attempts, deadline and circuit
        session._retry_connection = False  # noqa: SLF001  # has no public name
        return session

    def _translate(self, error: Exception) -> TransportError:
        lib = self._aiohttp
        if isinstance(error, lib.ConnectionTimeoutError):
            return TransportError("timed out while connecting", sent=False)
        if isinstance(error, (lib.ClientConnectorError, lib.ClientHttpProxyError, lib.InvalidURL)):
            return transport_error("could not connect", error, sent=False)
        if isinstance(error, TimeoutError):
            return TransportError("timed out while waiting for the answer")
        if isinstance(error, (lib.ClientResponseError, lib.ClientPayloadError)):
            return transport_error("the answer is broken or incomplete", error, sent=True)
        return transport_error("the connection broke", error, sent=True)
