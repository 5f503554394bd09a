"""`WebhookConfig`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from integrations_sdk.connectors.base import (
    PROFILES,
    ConnectorConfig,
    JsonValue,
    Problem,
    Secret,
    http_url,
    key_problem,
    one_of,
    setting,
    settings,
)
from integrations_sdk.connectors.webhook.template import template_problems

__all__ = ["WebhookConfig"]

_OURS: Final = re.compile(
    r"(?i)webhook-.*|x-(?:gitlab|github|hub)-.*|idempotency-key|content-.*|host|connection|transfer-encoding|x-webhook-.*"
)
_CREDENTIALS: Final = re.compile(
    r"(?i)(?:proxy-)?authorization|cookie|.*(?:token|secret|password|api-?key).*"
)
_LONGEST_TIMEOUT: Final = timedelta(minutes=5)
_MOST_PER_SECOND: Final = 10_000


def _headers(value: Mapping[str, str]) -> str | None:
    for name, text in value.items():
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or not re.fullmatch(r"[\x20-\x7e]*", text):
            return "names of letters, digits and hyphens, and values of printable ASCII"
        if _OURS.fullmatch(name):
            return "other headers than those that every call carries (webhook-*, x-gitlab-*, content-*, …)"
        if _CREDENTIALS.fullmatch(name):
            return "no credentials, for headers are shown: give them as `auth_value`, under `auth_header`"
    return None


def _ascii(value: str) -> str | None:
    return None if re.fullmatch(r"[\x21-\x7e]+( [\x21-\x7e]+)*", value) else "printable ASCII, as in a header"


def _shared(value: str) -> str | None:
    if value.startswith(("whsk_", "whpk_")):
        return "a secret that both sides know: a key pair's private key goes into `private_key`"
    return _ascii(value) or key_problem(value)


def _private(value: str) -> str | None:
    return key_problem(value) if value.startswith("whsk_") else "an Ed25519 private key, `whsk_…`"


def _timeout(value: timedelta) -> str | None:
    return None if timedelta() < value <= _LONGEST_TIMEOUT else "more than 0 and at most 300 seconds"


def _rate(value: float) -> str | None:
    return None if 0 < value <= _MOST_PER_SECOND else f"more than 0 and at most {_MOST_PER_SECOND} a second"


@settings
class WebhookConfig(ConnectorConfig):
    """Whom to call, and how to prove that it is us.

    A `url` with a query is kept as `secret_url`, because tokens stand in queries: `url` shows it without.
    """

    url: str = setting(
        "Where to POST; it is shown, without its query.",
        default="",
        validate=http_url,
        example="https://api.example.com/webhooks/gitlab",
    )
    secret_url: Secret | None = setting(
        "In place of `url`, where its path is secret as well.", default=None, validate=http_url
    )
    secret_token: Secret | None = setting(
        "Shared with the receiver, to sign with; under GitLab's profile it is sent unless it is `whsec_…`.",
        default=None,
        validate=_shared,
        also=("secret", "token"),
    )
    previous_secret_token: Secret | None = setting(
        "The secret before it: signs as well, until the receiver knows the new one.",
        default=None,
        validate=_shared,
        also=("previous_secret",),
    )
    previous_until: datetime | None = setting(
        "When the previous secret stops being used; none means when it is taken away.", default=None
    )
    private_key: Secret | None = setting(
        "Ed25519 key to sign with, beside or in place of a secret; the receiver needs only the public one.",
        default=None,
        validate=_private,
        example="whsk_…",
    )
    profile: str = setting(
        "Whose headers to send beside those of Standard Webhooks: gitlab, github, or standard for none.",
        default="gitlab",
        validate=one_of(*PROFILES),
    )
    payload_template: JsonValue = setting(
        "What to send in place of the event: JSON with placeholders such as `{{ event.title }}`; it is shown.",
        default=None,
    )
    headers: dict[str, str] = setting("Further headers; they are shown.", factory=dict, validate=_headers)
    auth_header: str = setting(
        "The header that `auth_value` goes into.", default="Authorization", validate=_ascii
    )
    auth_value: Secret | None = setting(
        "Credentials for the receiver.", default=None, validate=_ascii, example="Bearer …"
    )
    timeout: timedelta = setting(
        "How long an answer may take, in seconds.", default=timedelta(seconds=10), validate=_timeout
    )
    rate_limit: float | None = setting(
        "At most so many calls a second, over all processes; none means no limit.",
        default=None,
        validate=_rate,
        example="10",
    )
    client_certificate: str | None = setting(
        "PEM file with certificate and key, for mutual TLS.", default=None
    )

    def __attrs_post_init__(self) -> None:
        bare, _, rest = self.url.partition("?")
        kept = self.secret_url
        if rest:
            kept = Secret(self.url)
        elif bare and kept and not kept.is_reference and not kept.reveal().startswith(f"{bare}?"):
            kept = None  # the query of an earlier URL must not go to another one
        object.__setattr__(self, "url", bare)
        object.__setattr__(self, "secret_url", kept)

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """There must be a URL, no previous secret without one that replaced it, and a template that is understood."""
        if "url" not in given and "secret_url" not in given:
            yield Problem("url", "missing; expected some text", "add it: where to POST")
        if given.get("previous_secret_token") and not given.get("secret_token"):
            yield Problem("secret_token", "missing; there is a previous one", "add the one that replaces it")
        yield from template_problems(given.get("payload_template"))
