"""Bamboo: builds of plans and plan branches.

`config` says what is configured, `results` knows keys and states: both pure. `provider` talks to Bamboo.
"""

from integrations_sdk.connectors.bamboo.config import BambooConfig
from integrations_sdk.connectors.bamboo.provider import BambooConnector

__all__ = ["BambooConfig", "BambooConnector", "connector"]

connector = BambooConnector
