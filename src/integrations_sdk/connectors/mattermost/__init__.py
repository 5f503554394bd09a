"""Mattermost: posts through an incoming webhook or a bot, with threads and files."""

from __future__ import annotations

from integrations_sdk.connectors.mattermost.config import MattermostConfig, MattermostMessage
from integrations_sdk.connectors.mattermost.provider import MattermostConnector

__all__ = ["MattermostConfig", "MattermostConnector", "MattermostMessage", "connector"]

connector = MattermostConnector
