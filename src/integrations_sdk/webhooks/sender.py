"""How a delivery calls a webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from integrations_sdk.connectors.base import Connector, ConnectorConfig
from integrations_sdk.errors import StateError
from integrations_sdk.models import Event, Outcome
from integrations_sdk.models.delivery import Action, Delivery

if TYPE_CHECKING:  # a provider is imported only when it is used
    from integrations_sdk.connectors.webhook import WebhookConnector

__all__ = ["call"]


async def call(connector: Connector[ConnectorConfig], delivery: Delivery, queued: Event | Action) -> Outcome:
    """Call it with the event, under the delivery's id; an event it does not want (any more) is passed over."""
    if not isinstance(queued, Event):
        raise StateError(f"a webhook can be called with events, it has no {queued.operation!r}")
    webhook = cast("WebhookConnector", connector)
    if queued.provider != "application" and (why := webhook.wants(queued)) is not None:
        return webhook.skipped("wants", why)
    return await webhook.deliver(queued, delivery_id=delivery.delivery_id, attempt=delivery.attempts + 1)
