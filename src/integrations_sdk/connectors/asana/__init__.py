"""Asana: tasks of a project, their sections, tags and comments."""

from __future__ import annotations

from integrations_sdk.connectors.asana.config import AsanaConfig
from integrations_sdk.connectors.asana.provider import AsanaConnector

__all__ = ["AsanaConfig", "AsanaConnector", "connector"]

connector = AsanaConnector
