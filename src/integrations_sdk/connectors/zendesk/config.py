"""Which Zendesk account, on whose behalf, and what its tickets are like."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from integrations_sdk.connectors.base import (
    ConnectorConfig,
    Problem,
    Secret,
    http_url,
    not_empty,
    setting,
    settings,
)
from integrations_sdk.connectors.zendesk.templates import TicketTemplate

__all__ = ["ZendeskConfig"]


def _subdomain(value: str) -> str | None:
    if re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", value):
        return None
    return "the subdomain alone: `company` of https://company.zendesk.com, in small letters"


def _email(value: str) -> str | None:
    return None if re.fullmatch(r"[^\s@/:]+@[^\s@/:]+", value) else "an e-mail address"


@settings
class ZendeskConfig(ConnectorConfig):
    """An account of Zendesk Support, reached with an API token and its user's address, or with an OAuth token."""

    subdomain: str | None = setting(
        "Subdomain of the account.",
        default=None,
        validate=_subdomain,
        env=("ZENDESK_SUBDOMAIN",),
        example="yourcompany",
    )
    email: str | None = setting(
        "E-mail address of the agent whose API token it is.",
        default=None,
        validate=_email,
        also=("username",),
        env=("ZENDESK_EMAIL",),
        example="admin@yourcompany.com",
    )
    api_token: Secret | None = setting(
        "API token.",
        default=None,
        validate=not_empty,
        env=("ZENDESK_API_TOKEN",),
        example="env:ZENDESK_API_TOKEN",
    )
    oauth_token: Secret | None = setting(
        "OAuth access token, in place of e-mail address and API token.",
        default=None,
        validate=not_empty,
        also=("access_token",),
        env=("ZENDESK_OAUTH_TOKEN",),
    )
    api_url: str | None = setting(
        "In place of the subdomain's address, e.g. a proxy's.", default=None, validate=http_url, also=("url",)
    )
    default_assignee: str | None = setting(
        "E-mail address of the agent who gets tickets that name nobody.",
        default=None,
        validate=_email,
        example="platform-team@yourcompany.com",
    )
    ticket_templates: Mapping[str, TicketTemplate] = setting(
        "Kinds of tickets by name; an event or an issue type of that name makes one.",
        factory=dict,
        example="config_change: {subject: 'Configuration Change: {config_key}', priority: normal}",
    )
    tags: tuple[str, ...] = setting(
        "Tags of every ticket.", default=(), validate=not_empty, example="automated"
    )
    custom_fields: Mapping[str, str | int | float | bool] = setting(
        "Values of custom fields of every ticket, by their ids.", factory=dict, example="{'360001': platform}"
    )
    public_comments: bool = setting(
        "Whether requesters see, and are mailed, what is written; otherwise it is internal.", default=False
    )

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """Where it is, and one way to get in."""
        if not given.get("subdomain") and not given.get("api_url"):
            yield Problem(
                "subdomain", "missing; expected some text", "add it: `company` of https://company.zendesk.com"
            )
        if given.get("oauth_token"):
            if given.get("api_token"):
                yield Problem("api_token", "given together with an oauth_token", "leave one of them out")
            return
        if not given.get("api_token"):
            yield Problem("api_token", "missing; expected some text, or an oauth_token instead", "add it")
        if not given.get("email"):
            yield Problem(
                "email", "missing; expected an e-mail address", "an API token goes with its user's: add it"
            )
