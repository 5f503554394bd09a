"""Sentry: errors and messages as envelopes, releases and deploys through the REST API."""

from __future__ import annotations

from integrations_sdk.connectors.sentry.config import SentryConfig
from integrations_sdk.connectors.sentry.dsn import Dsn, parse_dsn
from integrations_sdk.connectors.sentry.provider import SentryConnector

__all__ = ["Dsn", "SentryConfig", "SentryConnector", "connector", "parse_dsn"]

connector = SentryConnector
