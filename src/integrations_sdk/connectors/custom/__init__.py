"""A service of your own, described rather than programmed: operations, credentials, paging, notifications."""

from __future__ import annotations

from integrations_sdk.connectors.custom.config import CustomConfig
from integrations_sdk.connectors.custom.operations import Notification, Operation, Paging
from integrations_sdk.connectors.custom.provider import CustomConnector

__all__ = ["CustomConfig", "CustomConnector", "Notification", "Operation", "Paging", "connector"]

connector = CustomConnector
