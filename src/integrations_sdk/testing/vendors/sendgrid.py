"""SendGrid in miniature: mails that are checked, queued and kept.

Source: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from integrations_sdk.models import JsonValue
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["SendGridStandIn"]

_SENDER: Final = "automation@example.com"

Body = dict[str, JsonValue]


class SendGridStandIn(StandIn):
    """An account with one verified sender.

    Attributes:
        mails: what was queued, in order: the bodies.
        scopes: what the key may do.
    """

    provider = "sendgrid"
    api_key = "SG.stand-in.0123456789"

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Body] = []
        self.scopes = ["mail.send", "sender_verification_eligible"]

    def config(self) -> dict[str, object]:
        """A key, the verified sender, and somebody who gets mail."""
        return {"api_key": self.api_key, "sender": _SENDER, "to": ["admins@example.com"], "api_url": self.url}

    def authorized(self, request: Received) -> Reply | None:
        """The key."""
        right = request.headers.get("authorization") == f"Bearer {self.api_key}"
        return (
            None
            if right
            else _refused(401, "The provided authorization grant is invalid, expired, or revoked")
        )

    def failure(self, status: int) -> Reply:
        """SendGrid's shape."""
        return _refused(status, "too many requests" if status == 429 else f"injected fault {status}")

    @route("GET", "/v3/scopes")
    def get_scopes(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """Say what the key may do."""
        return Reply(json={"scopes": [*self.scopes]})

    @route("POST", "/v3/mail/send")
    def send(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Queue a mail."""
        body = request.json()
        if "mail.send" not in self.scopes:
            return _refused(403, "access forbidden")
        if not isinstance(body, dict):
            return _refused(400, "Bad Request")
        sender = body.get("from")
        if not isinstance(sender, dict) or sender.get("email") != _SENDER:
            return _refused(403, "The from address does not match a verified Sender Identity.", "from")
        if (wrong := _wrong(body)) is not None:
            return _refused(400, *wrong)
        self.mails.append(body)
        return Reply(status=202, headers={"x-message-id": f"stand-in-{len(self.mails)}"})


def _wrong(body: Body) -> tuple[str, str] | None:
    """What SendGrid would refuse: its words, and the field."""
    envelopes = [each for each in _list(body.get("personalizations")) if isinstance(each, dict)]
    if not envelopes or not all(each.get("to") for each in envelopes):
        return "The to array is required for all personalization objects.", "personalizations.0.to"
    for index, envelope in enumerate(envelopes):
        listed = [who for name in ("to", "cc", "bcc") for who in _list(envelope.get(name))]
        people = [who.get("email") for who in listed if isinstance(who, dict)]
        if len(people) != len(set(map(str, people))):
            return (
                "Each email address in the personalization block should be unique.",
                f"personalizations.{index}",
            )
        if any(not str(who).isascii() for who in people):
            return "Does not contain a valid address.", f"personalizations.{index}.to.0.email"
    content = [each for each in _list(body.get("content")) if isinstance(each, dict)]
    if not content and not body.get("template_id"):
        return "Unless a valid template_id is provided, the content parameter is required.", "content"
    if any(not each.get("value") for each in content):
        return "The content value must be a string at least one character in length.", "content.0.value"
    if [each.get("type") for each in content] != sorted(
        (str(each.get("type")) for each in content), reverse=True
    ):
        return "If present, text/plain and text/html may only be provided in this order.", "content"
    if not body.get("subject") and not body.get("template_id"):
        return "The subject is required.", "subject"
    if any(isinstance(file, dict) and not file.get("content") for file in _list(body.get("attachments"))):
        return "The attachment content must be a string at least one character in length.", "attachments.0"
    return None


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _refused(status: int, message: str, field: str | None = None) -> Reply:
    return Reply(status=status, json={"errors": [{"message": message, "field": field, "help": None}]})
