"""`guard=` of the managers: whose requests it is for, and what its refusals look like."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from integrations_sdk import IntegrationManagementManager
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.http.guard import Guard
from integrations_sdk.manager import AsyncIntegrationManagementManager
from integrations_sdk.testing.fakes import ScriptedHttp, connect, reply
from integrations_sdk.testing.loopback import Exchange, loopback


def test_guarded_webhooks_stay_out_of_the_own_network():
    """With a guard a webhook into the own network is not called, and the outcome says how to allow it."""

    async def main() -> None:
        async with (
            loopback(Exchange.answer) as server,
            AsyncIntegrationManagementManager(guard=True) as manager,
        ):
            webhook = await manager.webhooks.create_webhook({"url": f"{server.url}/secret-path"})
            (outcome,) = await manager.webhooks.test_webhook(webhook.webhook_id, event_type="push")
            assert not outcome
            assert outcome.detail is not None
            assert "Guard(allow=('127.0.0.1',))" in outcome.detail
            assert "secret-path" not in outcome.detail
            outcome = await manager.webhooks.trigger_webhook(webhook.webhook_id, {"a": 1})
            assert (outcome.target, outcome.retryable) == (webhook.webhook_id, False)
            assert outcome.error is not None
            assert "Guard(allow=('127.0.0.1',))" in outcome.error
            assert "secret-path" not in outcome.error
            delivery = await manager.deliveries.get(outcome.delivery_id or "")
            assert delivery.state == "failed"
            assert server.connections == 0

    asyncio.run(main())


def test_what_is_allowed_is_called():
    """A guard that allows the target lets it be called; without one everything is."""

    async def main(guard: Guard | None) -> None:
        async with (
            loopback(Exchange.answer) as server,
            AsyncIntegrationManagementManager(guard=guard) as manager,
        ):
            webhook = await manager.webhooks.create_webhook({"url": server.url})
            outcomes = await manager.webhooks.test_webhook(webhook.webhook_id, event_type="push")
            assert (len(outcomes), outcomes.failures, server.connections) == (1, [], 1)

    asyncio.run(main(Guard(allow=("127.0.0.1",))))
    asyncio.run(main(None))


def test_other_providers_are_not_guarded():
    """URLs of Jenkins, Jira and the like are the operator's own, and usually internal."""

    async def main() -> None:
        async with (
            loopback(Exchange.answer) as server,
            AsyncIntegrationManagementManager(guard=True) as manager,
        ):
            await manager.jenkins.create_jenkins_integration(
                {"url": server.url, "username": "ci", "api_token": "t" * 34, "jobs": ["web"]}
            )
            await manager.health.check_integration_health("jenkins-1")
            assert server.connections == 1

    asyncio.run(main())


def test_guarded_connections_carry_the_guard():
    """The context's guard goes into the connection of a provider whose URLs come from others, and of no other."""
    import attrs

    from integrations_sdk.connectors.slack import SlackConnector
    from integrations_sdk.connectors.webhook import WebhookConnector

    guard = Guard()
    for kind, given, expected in (
        (WebhookConnector, {"url": "https://hook.example"}, guard),
        (SlackConnector, {"webhook_url": "https://hooks.slack.com/services/T/B/x"}, None),
    ):
        connector = connect(kind, given, ScriptedHttp([reply()]))
        connector.context = attrs.evolve(connector.context, guard=guard)
        assert connector.connection.guard is expected


def test_webhook_answers_are_short():
    """Of a webhook's answer at most 64 KB are read: nothing but its status matters."""
    from integrations_sdk.connectors.webhook import WebhookConnector

    http = ScriptedHttp([reply(204)])
    connector = connect(WebhookConnector, {"url": "https://hook.example"}, http)
    asyncio.run(connector.send_payload({}))
    assert http.requests[0].max_response_bytes == 65_536


def test_a_client_that_is_brought_cannot_be_guarded():
    """A guard and a client of one's own do not go together; that is said when the manager is made."""

    async def main() -> None:
        async with httpx2.AsyncClient() as client:
            with pytest.raises(ConfigurationError, match="client that is brought"):
                AsyncIntegrationManagementManager(http=client, guard=True)

    asyncio.run(main())


def test_the_blocking_manager_is_guarded_too():
    """`guard=` means the same there."""
    with IntegrationManagementManager(guard=True) as manager:
        manager.webhooks.create_webhook({"url": "https://metadata.google.internal/"})
        (outcome,) = manager.webhooks.test_webhook("webhook-1", event_type="push")
        assert outcome.detail is not None
        assert "never allowed" in outcome.detail
