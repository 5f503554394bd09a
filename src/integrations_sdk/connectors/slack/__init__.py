"""Slack: notifications through an incoming webhook or a bot, direct messages through a bot."""

from __future__ import annotations

from integrations_sdk.connectors.slack.config import SlackConfig, SlackMessage
from integrations_sdk.connectors.slack.provider import SlackConnector
from integrations_sdk.connectors.slack.render import escape, link, mention, split

__all__ = ["SlackConfig", "SlackConnector", "SlackMessage", "connector", "escape", "link", "mention", "split"]

connector = SlackConnector
