"""`SmtpConfig`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from integrations_sdk.connectors.base import (
    ConnectorConfig,
    Problem,
    Secret,
    Security,
    address,
    header_text,
    is_address,
    is_loopback,
    not_empty,
    one_of,
    setting,
    settings,
)

__all__ = ["SmtpConfig"]


def _host(value: str) -> str | None:
    return None if re.fullmatch(r"[\w.:-]{1,253}", value) else "a host's name or address, smtp.example.com"


def _port(value: int) -> str | None:
    return None if 0 < value < 65_536 else "a port from 1 to 65535"


@settings
class SmtpConfig(ConnectorConfig):
    """A mail server, and who writes to whom through it."""

    host: str = setting(
        "The mail server.", validate=_host, also=("server",), env=("SMTP_HOST",), example="smtp.example.com"
    )
    port: int = setting(
        "Its port: 587 for STARTTLS, 465 for TLS from the start.",
        default=587,
        validate=_port,
        env=("SMTP_PORT",),
    )
    security: str | None = setting(
        "`starttls`, `tls` or `none`; left out, `tls` on port 465 and `starttls` elsewhere.",
        default=None,
        validate=one_of(*Security),
    )
    username: str | None = setting(
        "Who logs in.", default=None, validate=not_empty, also=("user",), env=("SMTP_USER",)
    )
    password: Secret | None = setting(
        "The password; many providers want one made for an application.",
        default=None,
        validate=not_empty,
        env=("SMTP_PASSWORD",),
        example="env:SMTP_PASSWORD",
    )
    oauth_token: Secret | None = setting(
        "In place of the password: an access token of OAuth 2.0 (XOAUTH2), which lasts about an hour.",
        default=None,
        validate=not_empty,
    )
    sender: str | None = setting(
        "Who the mail is from; left out, `username`, if that is an address.",
        default=None,
        validate=address,
        also=("from_address", "from"),
        env=("SMTP_FROM",),
        example="Deployments <automation@example.com>",
    )
    to: tuple[str, ...] = setting(
        "Who gets notifications.",
        default=(),
        validate=address,
        also=("recipients",),
        env=("ADMIN_EMAIL",),
        example="admins@example.com",
    )
    reply_to: str | None = setting("Where answers go.", default=None, validate=address)
    subject_prefix: str = setting(
        "Before the subject of notifications.", default="", validate=header_text, example="[prod]"
    )
    local_name: str | None = setting(
        "What to call this machine to the server; left out, its name.", default=None, validate=_host
    )
    notify_only_broken_pipelines: bool = setting(
        "Of pipelines, tell only of those that failed.", default=False
    )

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """Somebody must write; credentials are whole, and go over an encrypted connection."""
        user, secret = given.get("username"), given.get("password") or given.get("oauth_token")
        if "sender" not in given and not (isinstance(user, str) and is_address(user)):
            yield Problem("sender", "missing; `username` is no address", "add it: who the mail is from")
        if secret and not user:
            yield Problem("username", "missing; there is a password or token", "add it")
        if user and not secret:
            yield Problem("password", "missing; there is a username", "add it, or leave the username out")
        if given.get("password") and given.get("oauth_token"):
            yield Problem("oauth_token", "expected no password beside it", "give one of them")
        if given.get("security") == Security.NONE and secret and not is_loopback(str(given.get("host"))):
            yield Problem("security", "the password would be readable on the way", "use starttls or tls")
        if given.get("proxy"):
            yield Problem(
                "proxy", "not for SMTP", "leave it out; use a mail server that can be reached directly"
            )
