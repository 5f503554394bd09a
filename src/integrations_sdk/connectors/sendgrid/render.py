"""From drafts to SendGrid's JSON. Pure.

Source: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send. No address may stand in it twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from integrations_sdk.connectors.base import Attachment, JsonValue, MailDraft, named, on_the_wire, visible
from integrations_sdk.connectors.sendgrid.config import SendGridConfig, SendGridMail

__all__ = ["Payload", "body_of"]

Payload = dict[str, JsonValue]


def body_of(draft: MailDraft, config: SendGridConfig, *, notification: bool = False) -> Payload:
    """A draft as a request to `mail/send`.

    Args:
        notification: whether nobody wrote it by hand, so that nobody's absence is answered to it (RFC 3834).
    """
    reply_to = draft.reply_to or config.reply_to
    headers: Payload = {"Auto-Submitted": "auto-generated"} if notification else {}
    if draft.in_reply_to is not None:
        headers |= {"In-Reply-To": draft.in_reply_to, "References": draft.in_reply_to}
    own: Payload = {
        "reply_to": _person(reply_to) if reply_to is not None else None,
        "subject": draft.subject,
        "content": [*_content(draft)],
        "attachments": [_file(file) for file in draft.attachments],
        "headers": headers,
        "mail_settings": {"sandbox_mode": {"enable": True}} if config.sandbox_mode else {},
        **(_extra(draft) if isinstance(draft, SendGridMail) else {}),
    }
    body: Payload = {"personalizations": _envelopes(draft, config), "from": _person(config.sender)}
    return {**body, **{name: value for name, value in own.items() if value}}


def _envelopes(draft: MailDraft, config: SendGridConfig) -> list[JsonValue]:
    """For whom: one envelope for all, or each recipient's own, copies with the first."""
    seen: set[str] = set()
    to, cc, bcc = (list(_fresh(people, seen)) for people in (draft.to, draft.cc, draft.bcc))
    data: Payload = {}
    if isinstance(draft, SendGridMail) and draft.template_data:
        data = {"dynamic_template_data": draft.template_data}
    groups = [[person] for person in to] if config.individually else [to]
    envelopes: list[Payload] = [{"to": [*group], **data} for group in groups]
    envelopes[0] |= {name: people for name, people in (("cc", cc), ("bcc", bcc)) if people}
    return [*envelopes]


def _fresh(people: Iterable[str], seen: set[str]) -> Iterator[JsonValue]:
    for who in people:
        if (wire := on_the_wire(who).lower()) not in seen:
            seen.add(wire)
            yield _person(who)


def _person(who: str) -> Payload:
    name = visible(named(who)).strip()
    return {"email": on_the_wire(who), **({"name": name} if name else {})}


def _content(draft: MailDraft) -> Sequence[Payload]:
    """Plain text goes first: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send#content."""
    kinds = (("text/plain", draft.text), ("text/html", draft.html))
    return [{"type": kind, "value": text} for kind, text in kinds if text]


def _file(file: Attachment) -> Payload:
    name = " ".join(visible(file.name).replace("/", "_").replace("\\", "_").split()) or "file"
    kind = file.media_type.partition(";")[0].strip()
    return {
        "content": file.data,
        "filename": name,
        "disposition": "attachment",
        **({"type": kind} if kind else {}),
    }


def _extra(mail: SendGridMail) -> Payload:
    return {"template_id": mail.template_id, "categories": [*mail.categories], "send_at": mail.send_at}
