"""Discord: notifications through webhooks, with embeds, routed to the webhook of the channel they belong to."""

from __future__ import annotations

from integrations_sdk.connectors.discord.config import DiscordConfig, DiscordMessage
from integrations_sdk.connectors.discord.provider import DiscordConnector

__all__ = ["DiscordConfig", "DiscordConnector", "DiscordMessage", "connector"]

connector = DiscordConnector
