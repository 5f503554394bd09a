"""Azure AD, now Microsoft Entra ID: users and groups over Microsoft Graph, in every national cloud."""

from __future__ import annotations

from integrations_sdk.connectors.azure_ad.config import CLOUDS, AzureAdConfig
from integrations_sdk.connectors.azure_ad.provider import AzureAdConnector

__all__ = ["CLOUDS", "AzureAdConfig", "AzureAdConnector", "connector"]

connector = AzureAdConnector
