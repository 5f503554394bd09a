"""`SendGridConfig`, and `SendGridMail`: a mail with what SendGrid adds to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from integrations_sdk.connectors.base import (
    ConnectorConfig,
    JsonValue,
    MailDraft,
    Problem,
    Secret,
    address,
    bare,
    header_text,
    http_url,
    is_international,
    not_empty,
    one_of,
    setting,
    settings,
)

__all__ = ["MOST_RECIPIENTS", "SendGridConfig", "SendGridMail"]

MOST_RECIPIENTS = 1_000
"""Of one request, copies included."""


def _ascii_address(value: str) -> str | None:
    if (wrong := address(value)) is not None:
        return wrong
    return (
        "an address in ASCII before its @, for SendGrid takes no other"
        if is_international(bare(value))
        else None
    )


@settings
class SendGridConfig(ConnectorConfig):
    """A SendGrid account, and who writes to whom through it."""

    api_key: Secret = setting(
        "API key with the permission Mail Send.",
        validate=not_empty,
        also=("token",),
        env=("SENDGRID_API_KEY",),
        example="env:SENDGRID_API_KEY",
    )
    sender: str = setting(
        "Who the mail is from: a verified sender, or an address of an authenticated domain.",
        validate=_ascii_address,
        also=("from_address", "from"),
        env=("SENDGRID_FROM",),
        example="Deployments <automation@example.com>",
    )
    to: tuple[str, ...] = setting(
        "Who gets notifications.",
        default=(),
        validate=_ascii_address,
        also=("recipients",),
        env=("SENDGRID_TO",),
        example="admins@example.com",
    )
    reply_to: str | None = setting("Where answers go.", default=None, validate=_ascii_address)
    subject_prefix: str = setting(
        "Before the subject of notifications.", default="", validate=header_text, example="[prod]"
    )
    individually: bool = setting("One mail for each recipient, none of whom sees the others.", default=False)
    region: str = setting(
        "`global`, or `eu` for a subuser there.", default="global", validate=one_of("global", "eu")
    )
    sandbox_mode: bool = setting("Let SendGrid check mails and deliver none.", default=False)
    notify_only_broken_pipelines: bool = setting(
        "Of pipelines, tell only of those that failed.", default=False
    )
    api_url: str | None = setting(
        "In place of the region's URL, e.g. a proxy's.", default=None, validate=http_url
    )


@settings
class SendGridMail(MailDraft):
    """A mail, with what SendGrid adds. Needs `to`, and `text`, `html` or `template_id`."""

    subject: str = setting("What it is about; a template may have its own.", default="", validate=header_text)
    template_id: str | None = setting("A dynamic template, `d-…`.", default=None, validate=not_empty)
    template_data: dict[str, JsonValue] = setting("What the template's placeholders stand for.", factory=dict)
    categories: tuple[str, ...] = setting("For statistics, at most 10.", default=(), validate=not_empty)
    send_at: int | None = setting("Seconds since 1970; at most 72 hours from now.", default=None)

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """Somebody must get something, and not too many at once."""
        if not given.get("to"):
            yield Problem("to", "missing; SendGrid needs one beside copies", "add it")
        for name in ("text", "subject") if not given.get("template_id") else ():
            if not given.get(name) and not (name == "text" and given.get("html")):
                yield Problem(name, "missing", "add `text` or `html`, and a `subject`; or `template_id`")
        people = sum(
            len(who) for name in ("to", "cc", "bcc") if isinstance(who := given.get(name), list | tuple)
        )
        if people > MOST_RECIPIENTS:
            yield Problem("to", f"expected at most {MOST_RECIPIENTS:,} recipients", "send several mails")
