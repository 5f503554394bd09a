"""Microsoft Teams: Adaptive Cards through a Workflows webhook, or as a signed-in user through Microsoft Graph."""

from __future__ import annotations

from integrations_sdk.connectors.microsoft_teams.config import MicrosoftTeamsConfig
from integrations_sdk.connectors.microsoft_teams.provider import MicrosoftTeamsConnector

__all__ = ["MicrosoftTeamsConfig", "MicrosoftTeamsConnector", "connector"]

connector = MicrosoftTeamsConnector
