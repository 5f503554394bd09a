"""New Relic: custom events, metrics and logs."""

from __future__ import annotations

from integrations_sdk.connectors.newrelic.config import NewRelicConfig
from integrations_sdk.connectors.newrelic.provider import NewRelicConnector

__all__ = ["NewRelicConfig", "NewRelicConnector", "connector"]

connector = NewRelicConnector
