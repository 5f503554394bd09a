"""Auth0: users and roles, read in whole or by change, provisioned, blocked and deleted."""

from __future__ import annotations

from integrations_sdk.connectors.auth0.config import Auth0Config
from integrations_sdk.connectors.auth0.provider import Auth0Connector

__all__ = ["Auth0Config", "Auth0Connector", "connector"]

connector = Auth0Connector
