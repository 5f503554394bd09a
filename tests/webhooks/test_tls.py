"""Webhooks over real TLS: private authorities, client certificates, and what becomes of it without them."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.http.aiohttp_transport import AiohttpTransport
from integrations_sdk.http.base import Transport
from integrations_sdk.http.httpx_transport import HttpxTransport
from integrations_sdk.models import HealthStatus
from integrations_sdk.testing.loopback import Exchange, Loopback, loopback
from support.tls import Authority

TRANSPORTS: list[Callable[[], Transport]] = [HttpxTransport, AiohttpTransport]
Check = Callable[[AsyncIntegrationManagementManager, Loopback], Awaitable[None]]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """The receiver's."""
    return Authority(tmp_path)


async def answer(exchange: Exchange) -> None:
    """Take everything."""
    await exchange.answer(b"HTTP/1.1 204 No Content\r\n\r\n")


def visit(transport: Callable[[], Transport], tls: ssl.SSLContext | None, check: Check) -> None:
    """Run `check` with a manager and a server that speaks so."""

    async def main() -> None:
        async with loopback(answer, tls) as server:
            made = transport()
            try:
                async with AsyncIntegrationManagementManager(http=made) as manager:
                    await check(manager, server)
            finally:
                await made.close()

    asyncio.run(main())


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_private_authority_is_trusted_where_it_is_named(transport, authority):
    """By the webhook that names it; another one of the same manager still does not trust it."""

    async def check(manager: AsyncIntegrationManagementManager, server: Loopback) -> None:
        given = {"url": f"{server.url}/hook", "secret_token": "s3cret", "events": ["push"]}
        await manager.webhooks.create_webhook({**given, "ca_file": str(authority.ca_file)})
        await manager.webhooks.create_webhook(given)
        assert (await manager.webhooks.test_webhook("webhook-1")).failures == []
        refused = (await manager.webhooks.test_webhook("webhook-2")).failures[0]
        assert "certificate" in refused.error
        assert "ca_file" in refused.detail or "certificate" in refused.detail
        assert len(server.exchanges) == 1

    visit(transport, authority.server(), check)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_another_authority_is_not_trusted(transport, authority, tmp_path):
    """A `ca_file` is the only authority that counts."""
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other")

    async def check(manager: AsyncIntegrationManagementManager, server: Loopback) -> None:
        given = {"url": server.url, "events": ["push"], "ca_file": str(stranger.ca_file)}
        await manager.webhooks.create_webhook(given)
        assert (await manager.webhooks.test_webhook("webhook-1")).failures
        assert server.exchanges == []

    visit(transport, authority.server(), check)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_client_certificate_is_shown_to_who_asks_for_it(transport, authority, tmp_path):
    """Mutual TLS: with the certificate the call arrives, without it, or with one of another authority, it does not."""
    (tmp_path / "clients").mkdir()
    clients = Authority(tmp_path / "clients")
    ours, foreign = clients.issue("client"), authority.issue("foreign")

    async def check(manager: AsyncIntegrationManagementManager, server: Loopback) -> None:
        given = {"url": server.url, "events": ["push"], "ca_file": str(authority.ca_file)}
        for certificate in (ours, foreign, None):
            extra = {} if certificate is None else {"client_certificate": str(certificate)}
            await manager.webhooks.create_webhook({**given, **extra})
        results = [
            bool((await manager.webhooks.test_webhook(f"webhook-{number}")).successes) for number in (1, 2, 3)
        ]
        assert results == [True, False, False]
        assert len(server.exchanges) == 1
        peer = server.exchanges[0].writer.get_extra_info("peercert")
        assert peer["subject"] == ((("commonName", "client"),),)

    visit(transport, authority.server(clients=clients), check)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_an_unchecked_certificate_is_each_webhooks_own_and_shows_in_health(transport, authority):
    """One webhook may do without the check, no other does; health says so as long as it lasts."""

    async def check(manager: AsyncIntegrationManagementManager, server: Loopback) -> None:
        given = {"url": server.url, "events": ["push"], "secret_token": "s3cret"}
        await manager.webhooks.create_webhook({**given, "enable_ssl_verification": False})
        await manager.webhooks.create_webhook(given)
        await manager.webhooks.create_webhook({**given, "ca_file": str(authority.ca_file)})
        assert (await manager.webhooks.test_webhook("webhook-1")).failures == []
        assert (await manager.webhooks.test_webhook("webhook-2")).failures
        unchecked = await manager.health.check_integration_health("webhook-1")
        assert unchecked.status is HealthStatus.DEGRADED
        assert "certificate is not checked" in unchecked.reason
        checked = await manager.health.check_integration_health("webhook-3")
        assert (checked.status, checked.reason) == (HealthStatus.HEALTHY, None)

    visit(transport, authority.server(), check)


@pytest.mark.parametrize("field", ["ca_file", "client_certificate"])
def test_a_file_that_is_not_there_is_named(field):
    """With what to do, and nothing is sent."""

    async def check(manager: AsyncIntegrationManagementManager, server: Loopback) -> None:
        await manager.webhooks.create_webhook(
            {"url": server.url, "events": ["push"], field: "/nowhere/x.pem"}
        )
        outcome = (await manager.webhooks.test_webhook("webhook-1")).failures[0]
        assert field in outcome.error
        assert "readable PEM file" in outcome.error
        assert server.exchanges == []

    visit(HttpxTransport, None, check)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_urls_parameters_are_in_no_log(transport, caplog):
    """Whatever level, ours or the HTTP library's; nor are the token and the credentials."""
    caplog.set_level(logging.DEBUG)

    async def check(manager: AsyncIntegrationManagementManager, server: Loopback) -> None:
        given = {
            "url": f"{server.url}/hook?key=canary-query",
            "secret_token": "canary-token",
            "auth_value": "Bearer canary-auth",
            "events": ["push"],
        }
        made = await manager.webhooks.create_webhook(given)
        outcomes = await manager.webhooks.test_webhook(made.webhook_id)
        assert outcomes.failures == []
        assert server.exchanges[0].line == "POST /hook?key=canary-query HTTP/1.1"
        assert "canary" not in caplog.text + repr(outcomes) + str([dict(one) for one in outcomes]) + repr(
            made
        )

    visit(transport, None, check)
    assert caplog.records
