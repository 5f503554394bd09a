"""`MailDraft`: a mail before it is handed to whoever sends it, and the one that a message becomes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from integrations_sdk.connectors.addresses import address, is_address, is_international
from integrations_sdk.connectors.config import not_empty, setting, settings
from integrations_sdk.connectors.html import html_text
from integrations_sdk.connectors.text import cut_off, plain_text, visible
from integrations_sdk.errors import ConfigurationError, Problem
from integrations_sdk.models import Attachment, Message

__all__ = ["MailDraft", "draft_of", "header_text"]

_LONGEST_SUBJECT: Final = 200


def header_text(value: str) -> str | None:
    """Validate: text that can stand in a header of mail, and begins none of its own."""
    return (
        None
        if not_empty(value) is None and len(value) <= 998
        else "text on one line, of at most 998 characters"
    )


@settings
class MailDraft:
    """A mail. Needs a recipient, and `text` or `html`."""

    to: tuple[str, ...] = setting("Who gets it.", default=(), validate=address)
    cc: tuple[str, ...] = setting("Who gets a copy.", default=(), validate=address)
    bcc: tuple[str, ...] = setting(
        "Who gets a copy that the others do not know of.", default=(), validate=address
    )
    subject: str = setting("What it is about.", validate=header_text)
    text: str = setting("The plain text; left out, nothing but the HTML.", default="")
    html: str = setting("The HTML; what comes from elsewhere has to be escaped.", default="")
    attachments: tuple[Attachment, ...] = setting("Files.", default=())
    reply_to: str | None = setting("In place of the configured one.", default=None, validate=address)
    in_reply_to: str | None = setting(
        "The mail that this one answers: its Message-ID.",
        default=None,
        validate=lambda value: None if re.fullmatch(r"<[^<>\s]{3,250}>", value) else "a Message-ID, <…@…>",
    )

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """Somebody must get something."""
        if not any(given.get(name) for name in ("to", "cc", "bcc")):
            yield Problem("to", "missing", "add `to`, `cc` or `bcc`")
        if not given.get("text") and not given.get("html"):
            yield Problem("text", "missing", "add `text` or `html`")


def draft_of(
    message: Message, to: Sequence[str], prefix: str = "", *, provider: str, international: bool = True
) -> MailDraft:
    """A message as a mail: its title as the subject; mentions that are addresses get it as well.

    Args:
        provider: who is to send it, for the error.
        international: whether addresses that need SMTPUTF8 are among those mentions, too.

    Raises:
        ConfigurationError: nobody would get it.
    """
    called = [
        whom
        for whom in message.mentions
        if is_address(whom) and whom not in to and (international or not is_international(whom))
    ]
    if not to and not called:
        raise ConfigurationError.of(f"{provider} message", "to", "nobody would get it", "configure `to`")
    summary = cut_off(" ".join(visible(message.summary).split()), _LONGEST_SUBJECT)
    return MailDraft(
        to=(*to, *called),
        subject=f"{prefix} {summary or 'Notification'}".strip(),
        text=plain_text(message, files=True) or "Notification",
        html=html_text(message, files=True),
        attachments=message.attachments,
    )
