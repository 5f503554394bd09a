"""Splunk: events, log lines and raw text through the HTTP Event Collector."""

from __future__ import annotations

from integrations_sdk.connectors.splunk.config import SplunkConfig
from integrations_sdk.connectors.splunk.provider import SplunkConnector

__all__ = ["SplunkConfig", "SplunkConnector", "connector"]

connector = SplunkConnector
