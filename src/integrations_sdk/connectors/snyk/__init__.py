"""Snyk: issues of an organization, its projects and their branches.

`config` says what is configured, `words` reads issues: both pure. `provider` talks to Snyk.
"""

from integrations_sdk.connectors.snyk.config import SnykConfig
from integrations_sdk.connectors.snyk.provider import SnykConnector

__all__ = ["SnykConfig", "SnykConnector", "connector"]

connector = SnykConnector
