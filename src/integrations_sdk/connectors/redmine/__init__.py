"""Redmine: issues of a project on a server of one's own."""

from __future__ import annotations

from integrations_sdk.connectors.redmine.config import RedmineConfig
from integrations_sdk.connectors.redmine.provider import RedmineConnector

__all__ = ["RedmineConfig", "RedmineConnector", "connector"]

connector = RedmineConnector
