"""PagerDuty: alerts and changes through the Events API, incidents through the REST API."""

from __future__ import annotations

from integrations_sdk.connectors.pagerduty.config import PagerDutyConfig
from integrations_sdk.connectors.pagerduty.provider import PagerDutyConnector

__all__ = ["PagerDutyConfig", "PagerDutyConnector", "connector"]

connector = PagerDutyConnector
