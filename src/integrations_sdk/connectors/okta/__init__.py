"""Okta: users and groups, read in whole or by change, provisioned and deprovisioned."""

from __future__ import annotations

from integrations_sdk.connectors.okta.config import OktaConfig
from integrations_sdk.connectors.okta.provider import OktaConnector

__all__ = ["OktaConfig", "OktaConnector", "connector"]

connector = OktaConnector
