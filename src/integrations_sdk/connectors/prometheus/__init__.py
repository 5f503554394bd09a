"""Prometheus: metrics through a Pushgateway or a registry of one's own, queries, and alerts."""

from __future__ import annotations

from integrations_sdk.connectors.prometheus.alerts import Alert, Matcher
from integrations_sdk.connectors.prometheus.config import PrometheusConfig
from integrations_sdk.connectors.prometheus.exposition import CONTENT_TYPE, Family, Sample, render_exposition
from integrations_sdk.connectors.prometheus.provider import PrometheusConnector
from integrations_sdk.connectors.prometheus.registry import MetricRegistry

__all__ = [
    "CONTENT_TYPE",
    "Alert",
    "Family",
    "Matcher",
    "MetricRegistry",
    "PrometheusConfig",
    "PrometheusConnector",
    "Sample",
    "connector",
    "render_exposition",
]

connector = PrometheusConnector
