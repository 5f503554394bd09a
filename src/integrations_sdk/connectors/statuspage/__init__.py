"""Statuspage: incidents and the status of components on one page."""

from __future__ import annotations

from integrations_sdk.connectors.statuspage.config import StatuspageConfig
from integrations_sdk.connectors.statuspage.provider import StatuspageConnector

__all__ = ["StatuspageConfig", "StatuspageConnector", "connector"]

connector = StatuspageConnector
