"""`TwilioConfig`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from integrations_sdk.connectors.base import (
    ConnectorConfig,
    Problem,
    Secret,
    http_url,
    not_empty,
    setting,
    settings,
)

__all__ = ["TwilioConfig", "phone_number"]


def phone_number(value: str) -> str | None:
    """Validate: a number in E.164, or an address of one of Twilio's channels."""
    good = re.fullmatch(
        r"((whatsapp|messenger|rcs):)?(\+[1-9]\d{6,14}|[A-Za-z0-9._-]{1,64})", value, re.ASCII
    )
    bare = re.fullmatch(r"\+[1-9]\d{6,14}", value, re.ASCII)
    return None if bare or (good and good[1]) else "a phone number with its country, +14155550100"


def _sender(value: str) -> str | None:
    """A number, a short code, a name of letters and digits, or an address of a channel."""
    named = re.fullmatch(r"(?=.*[A-Za-z])[A-Za-z0-9 &+_-]{1,11}|\d{3,8}", value, re.ASCII)
    return None if named or phone_number(value) is None else "a phone number, a short code or a sender's name"


def _sid(kind: str, what: str) -> Callable[[str], str | None]:
    def validate(value: str) -> str | None:
        return (
            None
            if re.fullmatch(rf"{kind}[0-9a-fA-F]{{32}}", value, re.ASCII)
            else f"the SID of {what}, {kind}…"
        )

    return validate


@settings
class TwilioConfig(ConnectorConfig):
    """A Twilio account, who sends, and who gets messages."""

    account_sid: str = setting(
        "The account's SID.",
        validate=_sid("AC", "an account"),
        also=("sid",),
        env=("TWILIO_ACCOUNT_SID",),
        example="AC" + "0" * 32,
    )
    auth_token: Secret | None = setting(
        "The account's Auth Token; an API key can be taken back by itself, so it is the better choice.",
        default=None,
        validate=not_empty,
        also=("token",),
        env=("TWILIO_AUTH_TOKEN", "SMS_API_TOKEN"),
        example="env:TWILIO_AUTH_TOKEN",
    )
    api_key_sid: str | None = setting(
        "SID of an API key.",
        default=None,
        validate=_sid("SK", "an API key"),
        also=("api_key",),
        env=("TWILIO_API_KEY",),
    )
    api_key_secret: Secret | None = setting(
        "Its secret.", default=None, validate=not_empty, also=("api_secret",), env=("TWILIO_API_SECRET",)
    )
    from_number: str | None = setting(
        "Who sends: a number of the account, a short code, or a name where the country allows one.",
        default=None,
        validate=_sender,
        also=("from", "sender"),
        env=("TWILIO_FROM",),
        example="+14155550100",
    )
    messaging_service_sid: str | None = setting(
        "In place of `from_number`: a messaging service, which chooses.",
        default=None,
        validate=_sid("MG", "a messaging service"),
        env=("TWILIO_MESSAGING_SERVICE_SID",),
    )
    to: tuple[str, ...] = setting(
        "Who gets notifications.",
        default=(),
        validate=phone_number,
        also=("recipients",),
        env=("TWILIO_TO",),
        example="+14155550101",
    )
    urgent_only: bool = setting("Of events, tell only of errors.", default=True)
    most_segments: int = setting(
        "How many parts a notification may take, each of which is paid for; the rest is cut off.",
        default=3,
        validate=lambda value: None if 1 <= value <= 10 else "a number from 1 to 10",
    )
    status_callback: str | None = setting(
        "URL that Twilio tells what becomes of a message.", default=None, validate=http_url
    )
    api_url: str = setting(
        "Where the API is, e.g. in another region.",
        default="https://api.twilio.com",
        validate=http_url,
        example="https://api.dublin.ie1.twilio.com",
    )

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """One way to authenticate, and somebody who sends."""
        key = [name for name in ("api_key_sid", "api_key_secret") if name in given]
        if not key and "auth_token" not in given:
            yield Problem(
                "auth_token", "missing; expected some text", "add it, or `api_key_sid` and `api_key_secret`"
            )
        if len(key) == 1:
            other = "api_key_secret" if key[0] == "api_key_sid" else "api_key_sid"
            yield Problem(other, f"missing; there is `{key[0]}`", "add it")
        if "from_number" not in given and "messaging_service_sid" not in given:
            yield Problem("from_number", "missing; expected some text", "add it, or `messaging_service_sid`")
