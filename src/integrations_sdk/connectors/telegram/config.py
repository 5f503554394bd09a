"""`TelegramConfig`, and `TelegramMessage`: a message in Telegram's own fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

from integrations_sdk.connectors.base import (
    ConnectorConfig,
    JsonValue,
    Problem,
    Secret,
    http_url,
    is_loopback,
    not_empty,
    one_of,
    setting,
    settings,
    utf16_length,
)

__all__ = ["LONGEST_TEXT", "TelegramConfig", "TelegramMessage"]

LONGEST_TEXT: Final = 4_096
"""UTF-16 units of one message. https://core.telegram.org/bots/api#sendmessage"""

_MODES: Final = ("HTML", "MarkdownV2")


def _token(value: str) -> str | None:
    good = re.fullmatch(r"\d{1,20}:[\w-]{20,80}", value, re.ASCII)
    return None if good else "the token that @BotFather gives, 123456789:AA…"


def _api_url(value: str) -> str | None:
    parts = urlsplit(value) if http_url(value) is None else None
    secure = parts is not None and (parts.scheme == "https" or is_loopback(parts.hostname))
    return None if secure else "an https URL, for the token stands in its path"


def _chat(value: int | str) -> str | None:
    good = isinstance(value, int) or re.fullmatch(r"-?\d{1,20}|@\w{4,32}", value, re.ASCII)
    return None if good else "a chat's number, or the @name of a public channel or group"


@settings
class TelegramConfig(ConnectorConfig):
    """A bot, and the chat that it posts to."""

    bot_token: Secret = setting(
        "The bot's token.",
        validate=_token,
        also=("token",),
        env=("TELEGRAM_BOT_TOKEN", "TELEGRAM_TOKEN"),
        example="env:TELEGRAM_BOT_TOKEN",
    )
    chat_id: int | str = setting(
        "Chat to post to: its number (of groups negative), or the `@name` of a public one.",
        validate=_chat,
        also=("chat",),
        env=("TELEGRAM_CHAT_ID",),
        example="-1001234567890",
    )
    message_thread_id: int | None = setting("Topic of a forum to post to.", default=None, also=("thread_id",))
    parse_mode: str = setting(
        "How notifications are marked up; both look the same.", default="HTML", validate=one_of(*_MODES)
    )
    disable_notification: bool = setting("Post silently.", default=False, also=("silent",))
    mentions: tuple[str, ...] = setting(
        "Whom every notification calls: `@names`, or numbers of users.",
        default=(),
        validate=not_empty,
        also=("mention_users",),
        example="@ada, 123456789",
    )
    notify_only_broken_pipelines: bool = setting(
        "Of pipelines, tell only of those that failed.", default=False
    )
    api_url: str = setting(
        "Where the Bot API is; a server of your own takes larger files.",
        default="https://api.telegram.org",
        validate=_api_url,
    )


@settings
class TelegramMessage:
    """A message as the Bot API has it.

    With a `parse_mode` the text is markup: what comes from elsewhere has to be escaped.
    """

    text: str = setting("The message; without `parse_mode` what is too long goes on in further ones.")
    parse_mode: str | None = setting(
        "HTML or MarkdownV2; none is plain text.", default=None, validate=one_of(*_MODES)
    )
    chat_id: int | str | None = setting("In place of the configured one.", default=None, validate=_chat)
    message_thread_id: int | None = setting("In place of the configured one.", default=None)
    reply_to_message_id: int | None = setting("The message that this one answers.", default=None)
    disable_notification: bool | None = setting("In place of what is configured.", default=None)
    protect_content: bool | None = setting("Keep it from being forwarded.", default=None)
    link_preview: bool = setting("Preview the first link.", default=False)
    reply_markup: dict[str, JsonValue] | None = setting("A keyboard.", default=None)

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """Markup is not split, for a part of it would be none."""
        text = given.get("text")
        if given.get("parse_mode") and isinstance(text, str) and utf16_length(text) > LONGEST_TEXT:
            yield Problem("text", f"expected at most {LONGEST_TEXT} characters", "send it in parts")
