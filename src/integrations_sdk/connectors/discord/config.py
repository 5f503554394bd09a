"""`DiscordConfig`, and `DiscordMessage`: a message in Discord's own fields."""

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
    setting,
    settings,
)

__all__ = ["LONGEST_CONTENT", "MOST_EMBEDS", "DiscordConfig", "DiscordMessage"]

LONGEST_CONTENT: Final = 2_000
"""Characters of a message's text. https://docs.discord.com/developers/resources/webhook#execute-webhook"""

MOST_EMBEDS: Final = 10
"""Embeds of one message."""

_HOSTS: Final = frozenset({"discord.com", "discordapp.com", "ptb.discord.com", "canary.discord.com"})
_HOOK_PATH: Final = re.compile(r"/api(/v\d+)?/webhooks/[^/]+(/[^/]+)?/?")
_COMPATIBLE: Final = ("/slack", "/github")


def _hook_url(value: str) -> str | None:
    expected = "the URL of a Discord webhook, https://discord.com/api/webhooks/…"
    if http_url(value) is not None:
        return expected
    parts = urlsplit(value)
    known = parts.scheme == "https" and parts.hostname in _HOSTS and parts.port in {None, 443}
    if not (known or is_loopback(parts.hostname)) or parts.query or parts.fragment:
        return expected
    if parts.path.endswith(_COMPATIBLE):
        return f"{expected}, without /slack or /github at its end"
    return None if _HOOK_PATH.fullmatch(parts.path) else expected


def _username(value: str) -> str | None:
    if len(value) > 80 or re.search(r"(?i)discord|clyde|```", value):
        return "at most 80 characters, without `discord` and `clyde`, which Discord refuses"
    return not_empty(value)


def _snowflake(value: str) -> str | None:
    return None if re.fullmatch(r"\d{15,20}", value, re.ASCII) else "an id of 15 to 20 digits"


def _thread_name(value: str) -> str | None:
    return None if len(value) <= 100 and not_empty(value) is None else "at most 100 characters on one line"


@settings
class DiscordConfig(ConnectorConfig):
    """A webhook of a Discord channel, and those of further channels.

    An event goes to the channel of `channels` whose name is a part of the event's subject (`database` of
    `app.database.host`), or a pattern with `*` that fits it; otherwise to `webhook_url`.
    """

    webhook_url: Secret = setting(
        "URL of a channel's webhook; who knows it can post.",
        validate=_hook_url,
        also=("webhook",),
        env=("DISCORD_WEBHOOK_URL", "DISCORD_WEBHOOK"),
        example="https://discord.com/api/webhooks/123456789012345678/XXXXXXXXXXXXXXXXXXXXXXXX",
    )
    username: str | None = setting(
        "Name to post under, in place of the webhook's.",
        default=None,
        validate=_username,
        example="Config Bot",
    )
    avatar_url: str | None = setting(
        "Image to post under, in place of the webhook's.", default=None, validate=http_url
    )
    mention_users: tuple[str, ...] = setting(
        "Whom what is critical calls: ids of users (`123…`) or roles (`&123…`), `@here`, `@everyone`.",
        default=(),
        validate=not_empty,
        also=("mentions",),
        example="123456789012345678, @here",
    )
    critical_patterns: tuple[str, ...] = setting(
        "Subjects of events that are critical, with `*`; errors are so anyway.",
        default=(),
        validate=not_empty,
        example="*.database.*",
    )
    channels: dict[str, Secret] = setting(
        "Webhooks of further channels, by a name that events' subjects contain.",
        factory=dict,
        validate=_hook_url,
    )
    thread_id: str | None = setting(
        "Thread to post to; a forum's webhook needs it, or a `thread_name` with every message.",
        default=None,
        validate=_snowflake,
    )
    notify_only_broken_pipelines: bool = setting(
        "Of pipelines, tell only of those that failed.", default=False
    )


@settings
class DiscordMessage:
    """A message as Discord's API has it. Needs `content` or `embeds`.

    Texts are Discord's Markdown: what comes from elsewhere has to be escaped. Nobody is called but `mentions`,
    whatever the texts say.
    """

    content: str = setting("The message; beyond 2,000 characters it goes on in further ones.", default="")
    embeds: tuple[dict[str, JsonValue], ...] = setting("Embeds, at most 10.", default=())
    mentions: tuple[str, ...] = setting(
        "Whom to call, before the text, as in `mention_users`.", default=(), validate=not_empty
    )
    channel: str | None = setting("One of the configured `channels`, by name.", default=None)
    username: str | None = setting("In place of the configured one.", default=None, validate=_username)
    avatar_url: str | None = setting("In place of the configured one.", default=None, validate=http_url)
    thread_id: str | None = setting("Thread of the channel to post to.", default=None, validate=_snowflake)
    thread_name: str | None = setting(
        "In a forum: the thread to begin with this message.", default=None, validate=_thread_name
    )
    applied_tags: tuple[str, ...] = setting("Ids of the new thread's tags.", default=(), validate=_snowflake)

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """There must be something to say, in one place."""
        if not given.get("content") and not given.get("embeds"):
            yield Problem("content", "missing", "add `content` or `embeds`")
        if given.get("thread_id") and given.get("thread_name"):
            yield Problem("thread_name", "expected no `thread_id` beside it", "give one of them")
        embeds = given.get("embeds")
        if isinstance(embeds, list | tuple) and len(embeds) > MOST_EMBEDS:
            yield Problem("embeds", f"expected at most {MOST_EMBEDS}", "send several messages")
