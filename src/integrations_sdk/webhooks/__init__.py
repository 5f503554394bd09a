"""`mgr.webhooks`: URLs of others that are called when something happens."""

from __future__ import annotations

from integrations_sdk.webhooks.manager import AsyncWebhooksManager
from integrations_sdk.webhooks.records import IntegrationRecords, VerifyMessage, Webhook

__all__ = ["AsyncWebhooksManager", "IntegrationRecords", "VerifyMessage", "Webhook"]
