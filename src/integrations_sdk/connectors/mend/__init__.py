"""Mend, which was WhiteSource: security findings of projects.

`config` says what is configured, `words` knows both versions of the API: both pure. `provider` talks to Mend.
"""

from integrations_sdk.connectors.mend.config import MendConfig
from integrations_sdk.connectors.mend.provider import MendConnector

__all__ = ["MendConfig", "MendConnector", "connector"]

connector = MendConnector
