"""`SlackConfig`, and `SlackMessage`: a message in Slack's own fields."""

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

__all__ = ["LONGEST_TEXT", "SlackConfig", "SlackMessage"]

LONGEST_TEXT: Final = 40_000
"""Characters of a message that Slack keeps. https://docs.slack.dev/reference/methods/chat.postMessage"""

_HOOK_HOSTS: Final = frozenset({"hooks.slack.com", "hooks.slack-gov.com"})
_MOST_BLOCKS: Final = 50
_MOST_ATTACHMENTS: Final = 100


def _hook_url(value: str) -> str | None:
    expected = "the URL of a Slack incoming webhook, https://hooks.slack.com/services/…"
    if http_url(value) is not None:
        return expected
    parts = urlsplit(value)
    known = parts.scheme == "https" and parts.hostname in _HOOK_HOSTS and parts.port in {None, 443}
    good = (known or is_loopback(parts.hostname)) and len(parts.path) > 1 and not parts.query
    return None if good else expected


def _api_url(value: str) -> str | None:
    if http_url(value) is None:
        parts = urlsplit(value)
        if parts.scheme == "https" or is_loopback(parts.hostname):
            return None
    return "an https URL, for the token goes there"


def _bot_token(value: str) -> str | None:
    good = re.fullmatch(r"(xoxb|xoxp|xoxe\.xox[bp])-[\w-]+", value, re.ASCII)
    return None if good else "a bot token, xoxb-…"


def _emoji(value: str) -> str | None:
    return None if re.fullmatch(r":[^:\s]+:", value) else "an emoji's name between colons, e.g. :rocket:"


@settings
class SlackConfig(ConnectorConfig):
    """How to reach a Slack workspace: an incoming webhook, a bot token, or both.

    With both, messages go through the bot as soon as a channel is known, otherwise through the webhook.
    """

    webhook_url: Secret | None = setting(
        "URL of an incoming webhook, or of a workflow that starts from a webhook; who knows it can post.",
        default=None,
        validate=_hook_url,
        also=("webhook",),
        env=("SLACK_WEBHOOK_URL", "SLACK_WEBHOOK"),
        example="https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    )
    bot_token: Secret | None = setting(
        "Bot token of a Slack app; needed for threads, direct messages and several channels.",
        default=None,
        validate=_bot_token,
        also=("token",),
        env=("SLACK_BOT_TOKEN",),
        example="env:SLACK_BOT_TOKEN",
    )
    channel: str | None = setting(
        "Channel to post to, by name or id; an app's incoming webhook always posts to its own.",
        default=None,
        validate=not_empty,
        env=("SLACK_CHANNEL",),
        example="#deployments",
    )
    username: str | None = setting(
        "Name to post under; a bot needs the scope chat:write.customize for it.",
        default=None,
        validate=not_empty,
        example="GitLab Bot",
    )
    icon_emoji: str | None = setting(
        "Emoji to post under, in place of the app's icon.", default=None, validate=_emoji, example=":gear:"
    )
    icon_url: str | None = setting(
        "Image to post under, in place of the app's icon.", default=None, validate=http_url
    )
    notify_only_broken_pipelines: bool = setting(
        "Of pipelines, tell only of those that failed.", default=False, also=("only_broken_pipelines",)
    )
    mention_groups: tuple[str, ...] = setting(
        "Whom every notification calls: `@here`, `@channel`, or ids of users (`U…`) and groups (`S…`).",
        default=(),
        validate=not_empty,
        also=("mentions",),
        example="@here, S012AB3CD",
    )
    api_url: str = setting(
        "Where Slack's Web API is.",
        default="https://slack.com/api",
        validate=_api_url,
        example="https://slack-gov.com/api",
    )
    messages_per_second: float = setting(
        "Messages per second and channel, kept over five seconds; Slack allows 1, and short bursts.",
        default=1.0,
        validate=lambda value: None if 0.001 <= value <= 1000 else "a number from 0.001 to 1000",
    )

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """One of the credentials must be there."""
        if "webhook_url" not in given and "bot_token" not in given:
            remedy = "add it: the URL of an incoming webhook, or `bot_token` and `channel` instead"
            yield Problem(
                "webhook_url", "missing; expected some text, or a reference such as env:NAME", remedy
            )


def _blocks(value: Mapping[str, JsonValue]) -> str | None:
    return None if isinstance(value.get("type"), str) else "a block with its `type`"


def _colour(value: str) -> str | None:
    good = value in {"good", "warning", "danger"} or re.fullmatch(r"#[0-9A-Fa-f]{6}", value)
    return None if good else "good, warning, danger or #rrggbb"


def _text(value: str) -> str | None:
    return None if len(value) <= LONGEST_TEXT else f"at most {LONGEST_TEXT:,} characters"


@settings
class SlackMessage:
    """A message as Slack's API has it. Needs `text`, `blocks` or `attachments`.

    `text` is Slack's mrkdwn: what comes from elsewhere has to go through `escape()`.
    """

    text: str = setting("The message; beside blocks, what notifications show.", default="", validate=_text)
    blocks: tuple[dict[str, JsonValue], ...] = setting("Block Kit.", default=(), validate=_blocks)
    attachments: tuple[dict[str, JsonValue], ...] = setting("Secondary attachments.", default=())
    color: str | None = setting(
        "Puts text or blocks beside a bar of this colour.", default=None, validate=_colour, also=("colour",)
    )
    channel: str | None = setting("In place of the configured one.", default=None, validate=not_empty)
    username: str | None = setting("In place of the configured one.", default=None, validate=not_empty)
    icon_emoji: str | None = setting("In place of the configured one.", default=None, validate=_emoji)
    icon_url: str | None = setting("In place of the configured one.", default=None, validate=http_url)
    thread_ts: str | None = setting(
        "The message that this one answers: its `ts`.",
        default=None,
        validate=lambda value: (
            None if re.fullmatch(r"\d{1,12}\.\d{6}", value) else "a ts like 1503435956.000247"
        ),
    )
    reply_broadcast: bool | None = setting("Show the answer in the channel as well.", default=None)
    mentions: tuple[str, ...] = setting("Whom to call, before the text.", default=(), validate=not_empty)
    unfurl_links: bool | None = setting("Preview linked pages.", default=None)
    unfurl_media: bool | None = setting("Preview linked media.", default=None)

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """There must be something to say, and not more than Slack takes."""
        if not any(given.get(name) for name in ("text", "blocks", "attachments")):
            yield Problem("text", "missing", "add `text`, `blocks` or `attachments`")
        for name, most in (("blocks", _MOST_BLOCKS), ("attachments", _MOST_ATTACHMENTS)):
            value = given.get(name)
            if isinstance(value, list | tuple) and len(value) > most:
                yield Problem(name, f"expected at most {most}", "send several messages")
