"""Grafana: annotations, queries of data sources, dashboards."""

from __future__ import annotations

from integrations_sdk.connectors.grafana.config import GrafanaConfig
from integrations_sdk.connectors.grafana.provider import GrafanaConnector

__all__ = ["GrafanaConfig", "GrafanaConnector", "connector"]

connector = GrafanaConnector
