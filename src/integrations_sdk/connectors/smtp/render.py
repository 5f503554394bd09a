"""From drafts to mail as it goes over the wire (RFC 5322, MIME). Pure."""

from __future__ import annotations

import email.policy
from datetime import datetime
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache
from typing import Final

from integrations_sdk.connectors.base import (
    Attachment,
    Envelope,
    MailDraft,
    is_international,
    named,
    on_the_wire,
    visible,
)

__all__ = ["envelope_of"]


class _Headers(HeaderRegistry):
    """The class of each header is made once; the standard library makes a new one for every header of every mail."""

    @cache  # noqa: B019  # lives as long as the module, and only names written here come to it
    def __getitem__(self, name: str) -> type:
        return super().__getitem__(name)


_HEADERS: Final = _Headers()
_ASCII: Final = email.policy.SMTP.clone(header_factory=_HEADERS)
_INTERNATIONAL: Final = email.policy.SMTPUTF8.clone(header_factory=_HEADERS)


def envelope_of(
    draft: MailDraft,
    sender: str,
    *,
    reply_to: str | None,
    now: datetime,
    message_id: str,
    notification: bool = False,
) -> Envelope:
    """A draft as it is handed to a server.

    Without international addresses all of it is ASCII, so that any server can pass it on.

    Args:
        message_id: with its angle brackets.
        notification: whether nobody wrote it by hand, so that nobody's absence is answered to it (RFC 3834).
    """
    recipients = tuple(dict.fromkeys(on_the_wire(who) for who in (*draft.to, *draft.cc, *draft.bcc)))
    international = any(is_international(who) for who in (on_the_wire(sender), *recipients))
    mail = EmailMessage(policy=_INTERNATIONAL if international else _ASCII)
    mail["From"] = _named(sender)
    for name, people in (("To", draft.to), ("Cc", draft.cc)):
        if people:
            mail[name] = [_named(who) for who in people]
    if not draft.to and not draft.cc:
        mail["To"] = "undisclosed-recipients:;"
    answers = draft.reply_to or reply_to
    if answers is not None:
        mail["Reply-To"] = _named(answers)
    mail["Subject"] = _encodable(draft.subject)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = message_id
    if draft.in_reply_to is not None:
        mail["In-Reply-To"] = mail["References"] = draft.in_reply_to
    if notification:
        mail["Auto-Submitted"] = "auto-generated"
    _fill(mail, draft)
    return Envelope(
        sender=on_the_wire(sender),
        recipients=recipients,
        content=mail.as_bytes(),
        international=international,
    )


def _fill(mail: EmailMessage, draft: MailDraft) -> None:
    encoding = "quoted-printable"
    if draft.text:
        mail.set_content(_encodable(draft.text), cte=encoding)
        if draft.html:
            mail.add_alternative(_encodable(draft.html), subtype="html", cte=encoding)
    else:
        mail.set_content(_encodable(draft.html), subtype="html", cte=encoding)
    for file in draft.attachments:
        _attach(mail, file)


def _attach(mail: EmailMessage, file: Attachment) -> None:
    main, _, sub = file.media_type.partition(";")[0].strip().lower().partition("/")
    known = main.isalnum() and sub.replace("-", "").replace(".", "").replace("+", "").isalnum()
    kind = (main, sub) if known and main not in {"multipart", "message"} else ("application", "octet-stream")
    name = " ".join(visible(file.name).replace("/", "_").replace("\\", "_").split()) or "file"
    mail.add_attachment(file.content, maintype=kind[0], subtype=kind[1], filename=_encodable(name))


def _named(value: str) -> Address:
    """The address with its name; a domain in its ASCII form."""
    local, _, domain = on_the_wire(value).rpartition("@")
    name = _encodable(visible(named(value)))
    return Address(display_name=name, username=local, domain=domain)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
