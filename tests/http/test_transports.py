"""Every transport keeps the same contract."""

from __future__ import annotations

import httpx
import httpx2

from integrations_sdk.http.aiohttp_transport import AiohttpTransport
from integrations_sdk.http.base import Transport
from integrations_sdk.http.httpx_transport import HttpxTransport
from integrations_sdk.testing.transport_contract import TransportContract


class TestHttpx2(TransportContract):
    """The default."""

    def transport(self) -> Transport:
        """Our own pools."""
        return HttpxTransport()


class TestAiohttp(TransportContract):
    """The fast one."""

    def transport(self) -> Transport:
        """Our own sessions."""
        return AiohttpTransport()


class _Brought(TransportContract):
    client_class: type[httpx.AsyncClient | httpx2.AsyncClient]

    def transport(self) -> Transport:
        self.client = self.client_class()
        return HttpxTransport(self.client)

    async def dispose(self, transport: Transport) -> None:
        await transport.close()
        assert not self.client.is_closed
        await self.client.aclose()

    # A client that is brought keeps its own habits, and cannot be guarded: see test_guarded.py.
    test_no_cookies_are_kept = None
    test_environment_proxies_are_not_used = None
    test_a_guard_keeps_out_of_the_own_network = None
    test_a_guard_lets_pass_what_it_allows = None
    test_a_guard_does_not_trust_kept_connections = None


class TestHttpxClient(_Brought):
    """A client of the original HTTPX."""

    client_class = httpx.AsyncClient


class TestHttpx2Client(_Brought):
    """A client of its continuation."""

    client_class = httpx2.AsyncClient
