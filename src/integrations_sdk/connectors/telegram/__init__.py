"""Telegram: messages and files of a bot, in chats, groups, topics and channels."""

from __future__ import annotations

from integrations_sdk.connectors.telegram.config import TelegramConfig, TelegramMessage
from integrations_sdk.connectors.telegram.provider import TelegramConnector

__all__ = ["TelegramConfig", "TelegramConnector", "TelegramMessage", "connector"]

connector = TelegramConnector
