"""Webhooks: calls of others' URLs as Standard Webhooks describes them."""

from __future__ import annotations

from datetime import UTC, datetime

from integrations_sdk.connectors.webhook import WebhookConnector
from integrations_sdk.testing.vendors.webhook import WebhookStandIn
from support.scenarios import PIPELINE, Suite

SPECIFICATION = "https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md"

SUITE = Suite(
    stand_in=WebhookStandIn,
    cited={"POST /hook": SPECIFICATION, "HEAD /hook": "https://www.rfc-editor.org/rfc/rfc9110#name-head"},
    now=lambda: datetime.now(UTC),
)


async def check(webhook: WebhookConnector, receiver: WebhookStandIn) -> None:
    await webhook.check()
    assert receiver.calls == []


async def send_event(webhook: WebhookConnector, receiver: WebhookStandIn) -> None:
    await webhook.send_event(PIPELINE)
    assert receiver.deliveries == [PIPELINE.id]


async def send_payload(webhook: WebhookConnector, receiver: WebhookStandIn) -> None:
    await webhook.send_payload({"order": 12}, event_type="order", delivery_id="d-1")
    assert (receiver.payloads, receiver.deliveries) == ([{"order": 12}], ["d-1"])


async def deliver(webhook: WebhookConnector, receiver: WebhookStandIn) -> None:
    for attempt in (1, 2):
        await webhook.deliver(PIPELINE, delivery_id="d-1", attempt=attempt)
    assert [call.times for call in receiver.calls] == [2]


async def exchange(webhook: WebhookConnector, receiver: WebhookStandIn) -> None:
    found = await webhook.exchange(PIPELINE, delivery_id="d-1")
    assert found.sent
    assert receiver.calls[0].test
