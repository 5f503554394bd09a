"""`mgr.webhooks`: URLs of others that are called when something happens."""

from __future__ import annotations

from integrations_sdk.webhooks.manager import AsyncWebhooksManager
from integrations_sdk.webhooks.records import (
    IntegrationRecords,
    ReadMessage,
    VerifyMessage,
    Webhook,
    WebhookEventType,
)

__all__ = [
    "AsyncWebhooksManager",
    "IntegrationRecords",
    "ReadMessage",
    "VerifyMessage",
    "Webhook",
    "WebhookEventType",
]
