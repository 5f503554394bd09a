"""A signed POST to any URL."""

from __future__ import annotations

from integrations_sdk.connectors.webhook.config import WebhookConfig
from integrations_sdk.connectors.webhook.provider import WebhookConnector

__all__ = ["WebhookConfig", "WebhookConnector", "connector"]

connector = WebhookConnector
