"""Datadog: events, metrics, logs and service checks, in every site."""

from __future__ import annotations

from integrations_sdk.connectors.datadog.config import SITES, DatadogConfig
from integrations_sdk.connectors.datadog.provider import DatadogConnector

__all__ = ["SITES", "DatadogConfig", "DatadogConnector", "connector"]

connector = DatadogConnector
