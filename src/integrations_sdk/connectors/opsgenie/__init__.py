"""Opsgenie: alerts, and what became of each request about them."""

from __future__ import annotations

from integrations_sdk.connectors.opsgenie.config import OpsgenieConfig
from integrations_sdk.connectors.opsgenie.provider import OpsgenieConnector

__all__ = ["OpsgenieConfig", "OpsgenieConnector", "connector"]

connector = OpsgenieConnector
