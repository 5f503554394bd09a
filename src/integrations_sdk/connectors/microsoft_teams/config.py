"""`MicrosoftTeamsConfig`: a Workflows webhook, or a channel of Microsoft Graph and who posts to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

from integrations_sdk.connectors.base import (
    ConnectorConfig,
    Problem,
    Secret,
    http_url,
    is_loopback,
    not_empty,
    setting,
    settings,
)

__all__ = ["MicrosoftTeamsConfig"]

_FLOWS: Final = re.compile(
    r"(?i)(.+\.)?(logic\.azure\.(com|us|cn)|powerplatform\.(com|us|cn)|powerplatform\.microsoft\.us"
    r"|powerautomate\.(com|us|cn)|flow\.microsoft\.(com|us))"
)
"""Where webhooks of Workflows (Power Automate) are, those of the national clouds included."""

_RETIRED: Final = re.compile(r"(?i)outlook\.office(365)?\.com|(.+\.)?webhook\.office\.com")
_GRAPH: Final = ("team_id", "channel_id")
_DELEGATED: Final = ("tenant_id", "client_id", "refresh_token")


def _hook_url(value: str) -> str | None:
    expected = (
        "the URL of a Workflows webhook, https://….logic.azure.com/… or https://….api.powerplatform.com/…"
    )
    if http_url(value) is not None:
        return expected
    parts = urlsplit(value)
    host = parts.hostname or ""
    if _RETIRED.fullmatch(host):
        return (
            "a Workflows webhook, for Microsoft has retired Office 365 connectors; in Teams choose the channel's "
            "Workflows → Send webhook alerts to a channel, and configure the URL that it shows"
        )
    known = parts.scheme == "https" and _FLOWS.fullmatch(host)
    return None if (known or is_loopback(host)) and len(parts.path) > 1 else expected


def _secure_url(value: str) -> str | None:
    parts = urlsplit(value) if http_url(value) is None else None
    secure = parts is not None and (parts.scheme == "https" or is_loopback(parts.hostname))
    return None if secure else "an https URL, for tokens go there"


@settings
class MicrosoftTeamsConfig(ConnectorConfig):
    """How to reach a channel: a Workflows webhook, or Microsoft Graph as a signed-in user."""

    webhook_url: Secret | None = setting(
        "URL of a Workflows webhook; who knows it can post.",
        default=None,
        validate=_hook_url,
        also=("webhook",),
        env=("TEAMS_WEBHOOK_URL", "TEAMS_WEBHOOK", "MSTEAMS_WEBHOOK_URL"),
        example="https://prod-00.westeurope.logic.azure.com/workflows/0000/triggers/manual/paths/invoke?sig=XXXX",
    )
    team_id: str | None = setting("Team of the channel, for Graph.", default=None, validate=not_empty)
    channel_id: str | None = setting(
        "Channel to post to, for Graph.", default=None, validate=not_empty, example="19:…@thread.tacv2"
    )
    tenant_id: str | None = setting(
        "Directory (tenant) that the app is in.", default=None, validate=not_empty
    )
    client_id: str | None = setting("Application (client) id of the app.", default=None, validate=not_empty)
    client_secret: Secret | None = setting(
        "The app's secret; a public client has none.", default=None, validate=not_empty
    )
    refresh_token: Secret | None = setting(
        "Of the user who posts, granted with the scopes ChannelMessage.Send and offline_access.",
        default=None,
        validate=not_empty,
        example="env:TEAMS_REFRESH_TOKEN",
    )
    access_token: Secret | None = setting(
        "In place of tenant, client and refresh token: a user's token, which lasts about an hour.",
        default=None,
        validate=not_empty,
    )
    mentions: tuple[str, ...] = setting(
        "Whom every notification calls: sign-in names (`ada@example.com`) or object ids of users.",
        default=(),
        validate=not_empty,
        also=("mention_users",),
        example="ada@example.com",
    )
    notify_only_broken_pipelines: bool = setting(
        "Of pipelines, tell only of those that failed.", default=False
    )
    api_url: str = setting(
        "Where Microsoft Graph is.",
        default="https://graph.microsoft.com/v1.0",
        validate=_secure_url,
        example="https://graph.microsoft.us/v1.0",
    )
    login_url: str = setting(
        "Where tokens are granted.",
        default="https://login.microsoftonline.com",
        validate=_secure_url,
        example="https://login.microsoftonline.us",
    )

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """A webhook, or a channel and a user."""
        graph = [name for name in (*_GRAPH, *_DELEGATED, "access_token", "client_secret") if name in given]
        if not graph and "webhook_url" not in given:
            remedy = "add it: the URL of a Workflows webhook; or `team_id`, `channel_id` and who posts there"
            yield Problem(
                "webhook_url", "missing; expected some text, or a reference such as env:NAME", remedy
            )
        needed = (*_GRAPH, *(() if "access_token" in given else _DELEGATED)) if graph else ()
        for name in (name for name in needed if name not in given):
            if name == "refresh_token":
                wrong = "missing; an app alone may not post, for Graph takes channel messages from users"
                yield Problem(name, wrong, "sign a user in, or use the webhook of a workflow instead")
            else:
                yield Problem(name, "missing; Graph needs it", "add it")
