"""`MattermostConfig`, and `MattermostMessage`: a post in Mattermost's own fields."""

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
    not_empty,
    one_of,
    setting,
    settings,
)

__all__ = ["LONGEST_TEXT", "MattermostConfig", "MattermostMessage"]

LONGEST_TEXT: Final = 16_383
"""Characters of one post's message, since version 5.0. https://docs.mattermost.com/product-overview/faq-product.html"""


def _hook_url(value: str) -> str | None:
    good = http_url(value) is None and re.search(r"/hooks/[^/?#]+/?$", urlsplit(value).path)
    bare = good and not (urlsplit(value).query or urlsplit(value).fragment)
    return None if bare else "the URL of an incoming webhook, https://mattermost.example.com/hooks/…"


def _id(value: str) -> str | None:
    return None if re.fullmatch(r"[a-z0-9]{26}", value) else "an id of 26 small letters and digits"


@settings
class MattermostConfig(ConnectorConfig):
    """How to reach a Mattermost server: an incoming webhook, or a bot and a channel.

    With both, posts go through the bot.
    """

    webhook_url: Secret | None = setting(
        "URL of an incoming webhook; who knows it can post.",
        default=None,
        validate=_hook_url,
        also=("webhook",),
        env=("MATTERMOST_WEBHOOK_URL",),
        example="https://mattermost.example.com/hooks/xxxxxxxxxxxxxxxxxxxxxxxxxx",
    )
    url: str | None = setting(
        "Address of the server, for a bot.",
        default=None,
        validate=http_url,
        also=("server_url",),
        env=("MATTERMOST_URL",),
        example="https://mattermost.example.com",
    )
    bot_token: Secret | None = setting(
        "Token of a bot account; needed for threads, files and the post's id.",
        default=None,
        validate=not_empty,
        also=("token", "access_token"),
        env=("MATTERMOST_TOKEN",),
        example="env:MATTERMOST_TOKEN",
    )
    channel_id: str | None = setting(
        "Channel that the bot posts to.", default=None, validate=_id, env=("MATTERMOST_CHANNEL_ID",)
    )
    channel: str | None = setting(
        "Channel that the webhook posts to, by name, in place of its own; `@name` is a direct message.",
        default=None,
        validate=not_empty,
        example="town-square",
    )
    username: str | None = setting(
        "Name that the webhook posts under; the server must allow it.", default=None, validate=not_empty
    )
    icon_url: str | None = setting(
        "Image that the webhook posts under; the server must allow it.", default=None, validate=http_url
    )
    mentions: tuple[str, ...] = setting(
        "Whom every notification calls: `@channel`, `@here`, `@all`, names of people and groups.",
        default=(),
        validate=not_empty,
        also=("mention_groups", "mention_users"),
        example="@here, @devops",
    )
    notify_only_broken_pipelines: bool = setting(
        "Of pipelines, tell only of those that failed.", default=False
    )

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """A webhook, or all that a bot needs."""
        bot = ("url", "bot_token", "channel_id")
        if any(name in given for name in bot[1:]) or "webhook_url" not in given:
            missing = [name for name in bot if name not in given]
            if len(missing) == len(bot):
                remedy = (
                    "add it: the URL of an incoming webhook; or `url`, `bot_token` and `channel_id` instead"
                )
                yield Problem("webhook_url", "missing; expected some text", remedy)
            elif missing:
                yield from (Problem(name, "missing; a bot needs it", "add it") for name in missing)


@settings
class MattermostMessage:
    """A post as Mattermost has it. Needs `text` or `attachments`.

    Texts are Markdown: what comes from elsewhere has to be escaped.
    """

    text: str = setting("The message; what is too long goes on in further posts.", default="")
    attachments: tuple[dict[str, JsonValue], ...] = setting("Message attachments.", default=())
    root_id: str | None = setting("The post that this one answers; needs a bot.", default=None, validate=_id)
    channel: str | None = setting("For the webhook, in place of the configured one.", default=None)
    channel_id: str | None = setting(
        "For the bot, in place of the configured one.",
        default=None,
        validate=_id,
    )
    priority: str | None = setting(
        "`important` or `urgent`.", default=None, validate=one_of("important", "urgent")
    )
    props: dict[str, JsonValue] = setting("Further properties of the post.", factory=dict)

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """There must be something to say."""
        if not given.get("text") and not given.get("attachments"):
            yield Problem("text", "missing", "add `text` or `attachments`")
