"""Twilio in miniature: text messages of one account.

Source: https://www.twilio.com/docs/messaging/api/message-resource.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Final

from integrations_sdk.models import JsonValue
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["TwilioStandIn"]

_ACCOUNT: Final = "AC" + "0123456789abcdef" * 2
_KEY: Final = "SK" + "fedcba9876543210" * 2
_NUMBER: Final = "+14155550100"
_CALLED: Final = "+14155550101"

Body = dict[str, JsonValue]


class TwilioStandIn(StandIn):
    """An account with a number and an API key.

    Attributes:
        messages: what was queued, in order: the forms, each with its `sid` and `status`.
        unsubscribed: numbers that want no messages.
        status: of the account.
    """

    provider = "twilio"
    auth_token = "fedcba9876543210" * 2
    api_key_secret = "stand-in-secret-0123456789"  # noqa: S105  # accepted by the stand-in alone

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Body] = []
        self.unsubscribed: set[str] = set()
        self.status = "active"

    def config(self) -> dict[str, object]:
        """The account's token, its number, and somebody who gets messages."""
        return {
            "account_sid": _ACCOUNT,
            "auth_token": self.auth_token,
            "from_number": _NUMBER,
            "to": [_CALLED],
            "api_url": self.url,
        }

    def key_config(self) -> dict[str, object]:
        """An API key in place of the token."""
        given = {name: value for name, value in self.config().items() if name != "auth_token"}
        return {**given, "api_key_sid": _KEY, "api_key_secret": self.api_key_secret}

    def authorized(self, request: Received) -> Reply | None:
        """The token, or the key, which must not see the account."""
        sent = request.headers.get("authorization", "")
        if sent == _basic(_ACCOUNT, self.auth_token):
            return None
        allowed = request.path.startswith(f"/2010-04-01/Accounts/{_ACCOUNT}/")
        return (
            None
            if allowed and sent == _basic(_KEY, self.api_key_secret)
            else _refused(401, 20003, "Authenticate")
        )

    def failure(self, status: int) -> Reply:
        """Twilio's shape."""
        return _refused(
            status, 20429 if status == 429 else 20500, "Too Many Requests" if status == 429 else "injected"
        )

    @route("GET", "/2010-04-01/Accounts/{account}.json")
    def account(self, _request: Received, values: Mapping[str, str]) -> Reply:
        """Say how the account stands."""
        if values["account"] != _ACCOUNT:
            return _refused(404, 20404, "The requested resource was not found")
        return Reply(json={"sid": _ACCOUNT, "friendly_name": "Stand-in", "status": self.status})

    @route("GET", "/2010-04-01/Accounts/{account}/Messages.json")
    def listing(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """The last messages."""
        return Reply(json={"messages": [_shown(message) for message in self.messages[-1:]], "page": 0})

    @route("GET", "/2010-04-01/Accounts/{account}/Messages/{sid}.json")
    def message(self, _request: Received, values: Mapping[str, str]) -> Reply:
        """One message."""
        found = next((message for message in self.messages if message["sid"] == values["sid"]), None)
        return (
            Reply(json=_shown(found))
            if found is not None
            else _refused(404, 20404, "The requested resource was not found")
        )

    @route("POST", "/2010-04-01/Accounts/{account}/Messages.json")
    def create(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Queue a message."""
        form = request.form()
        if not re.fullmatch(r"\+[1-9]\d{6,14}", form.get("To", "")):
            return _refused(400, 21211, "Invalid 'To' Phone Number")
        if form.get("From") != _NUMBER and not form.get("MessagingServiceSid", "").startswith("MG"):
            return _refused(400, 21606, "The 'From' phone number is not a valid, SMS-capable number")
        if not form.get("Body", "").strip():
            return _refused(400, 21602, "Message body is required.")
        if len(form["Body"]) > 1_600:
            return _refused(400, 21617, "The concatenated message body exceeds the 1600 character limit")
        if form["To"] in self.unsubscribed:
            return _refused(400, 21610, "Attempt to send to unsubscribed recipient")
        message: Body = {**form, "sid": f"SM{len(self.messages):032x}", "status": "queued"}
        self.messages.append(message)
        return Reply(status=201, json=_shown(message))


def _shown(message: Body) -> Body:
    """A message as the API describes it: https://www.twilio.com/docs/messaging/api/message-resource."""
    kept = {name: message[name] for name in ("sid", "status")}
    named = {name.lower(): message.get(name) for name in ("To", "From", "Body")}
    return {**kept, **named, "account_sid": _ACCOUNT, "direction": "outbound-api", "error_code": None}


def _basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def _refused(status: int, code: int, message: str) -> Reply:
    more = f"https://www.twilio.com/docs/errors/{code}"
    body: Body = {"code": code, "message": message, "more_info": more, "status": status}
    return Reply(status=status, json=body)
