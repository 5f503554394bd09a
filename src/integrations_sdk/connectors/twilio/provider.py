"""`TwilioConnector`. Source: https://www.twilio.com/docs/messaging/api/message-resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from integrations_sdk.connectors.base import (
    AuthenticationError,
    Category,
    CheckResult,
    Connector,
    ConnectorError,
    Event,
    EventType,
    Fault,
    JsonValue,
    Level,
    Message,
    Outcome,
    PermissionDeniedError,
    RateLimitedError,
    Response,
    at,
    basic,
    fault_of,
    json_of,
    message_for,
    text_at,
    url_path,
)
from integrations_sdk.connectors.twilio.config import TwilioConfig, phone_number
from integrations_sdk.connectors.twilio.segments import must_be_sendable, segments, short_text

__all__ = ["TwilioConnector"]

_KINDS: Final[Mapping[int, type[ConnectorError]]] = {
    20003: AuthenticationError,
    20005: AuthenticationError,
    20429: RateLimitedError,
    21408: PermissionDeniedError,  # no permission for the country
    21608: PermissionDeniedError,  # a trial account writes to verified numbers alone
    21610: PermissionDeniedError,  # the recipient does not want any
}


class TwilioConnector(Connector[TwilioConfig]):
    """Sends text messages."""

    provider = "twilio"
    title = "Twilio"
    category = Category.COMMUNICATION
    Config = TwilioConfig
    docs_url = "https://www.twilio.com/docs/messaging/api/message-resource"
    setup = (
        "Console → Account Info: copy the Account SID",
        "Account → API keys & tokens → Create API key (Standard), copy SID and secret",
        "Phone Numbers → Buy a number, or make a messaging service",
    )
    permissions = ("a Standard API key, or a Restricted one with twilio/messaging/messages/create and /read",)
    limits = (
        "A part of a message holds 160 characters, 70 as soon as one is not in the alphabet of SMS; each is paid for.",
        "Twilio answers when a message is queued: `get_message()`, or `status_callback`, says what became of it.",
        "Each recipient is a message of its own, so some may fail while others do not.",
        "Files are named, not sent.",
    )
    default_events = tuple(EventType)

    @property
    def base_url(self) -> str:
        """The account, in its region."""
        return f"{self.config.api_url.rstrip('/')}/2010-04-01/Accounts/{self.config.account_sid}"

    async def authorize(self) -> Mapping[str, str]:
        """The API key, or else the account's token (RFC 7617)."""
        config = self.config
        user, secret = config.account_sid, config.auth_token
        if config.api_key_sid is not None:
            user, secret = config.api_key_sid, config.api_key_secret
        return {"authorization": basic(user, secret.reveal() if secret is not None else "")}

    def fault(self, response: Response) -> Fault | None:
        """Twilio's own codes go before the status (https://www.twilio.com/docs/api/errors)."""
        found, code = fault_of(response), at(json_of(response), "code")
        if found is None or not isinstance(code, int):
            return found
        return Fault(_KINDS.get(code, found.kind), found.message, str(code))

    async def check(self) -> CheckResult:
        """Ask for the account; an API key, which must not see it, for the last message. Nothing is sent."""
        if self.config.api_key_sid is not None:
            query = {"PageSize": "1"}
            await self.ask("GET", "/Messages.json", operation="messages.list", query=query)
            return CheckResult(detail="the API key is good")
        account = await self.ask("GET", ".json", operation="accounts.get")
        state = account.get("status")
        asleep = () if state == "active" else (f"the account is {state}: no message will be sent",)
        return CheckResult(detail=f"{account.get('friendly_name')} is {state}", warnings=asleep)

    def wants(self, event: Event) -> str | None:
        """As configured; unless told otherwise nothing but errors, for each message costs money and attention."""
        calm = self.config.urgent_only and message_for(event).level is not Level.ERROR
        return super().wants(event) or ("only errors are told by SMS" if calm else None)

    async def notify(self, message: Message) -> Outcome:
        """Send the message to `to`, and to those of its mentions that are phone numbers."""
        called = (whom for whom in message.mentions if phone_number(whom) is None)
        return await self.send_sms(
            short_text(message, self.config.most_segments), to=(*self.config.to, *called)
        )

    async def send_sms(self, body: str, *, to: Iterable[str] = (), media_urls: Iterable[str] = ()) -> Outcome:
        """Send a text message to each of some numbers.

        Args:
            body: at most 1,600 characters.
            to: numbers in E.164; none: the configured ones.
            media_urls: pictures to fetch and send with it (MMS), at most 10.

        Returns:
            The outcome: `data` holds the SID of each message under `sent`, and why under `failed`.

        Raises:
            ConfigurationError: a number or the text is none that can be sent.
            ConnectorError: it was sent to nobody; the first refusal.
        """
        people = tuple(dict.fromkeys(to)) or self.config.to
        must_be_sendable(body, people)
        form = [("Body", body), *(("MediaUrl", url) for url in media_urls)]
        results = {who: await self.attempt(self._create(who, form)) for who in people}
        sent = {who: came for who, came in results.items() if isinstance(came, Outcome)}
        failed = {who: came for who, came in results.items() if isinstance(came, ConnectorError)}
        if not sent:
            raise next(iter(failed.values()))
        detail = f"queued for {len(sent)} of {len(people)} recipients, {segments(body)} parts each"
        data: dict[str, JsonValue] = {
            "sent": {who: came.reference for who, came in sent.items()},
            "failed": {who: came.message for who, came in failed.items()},
        }
        return attrs.evolve(next(iter(sent.values())), detail=detail, data=data)

    async def get_message(self, sid: str) -> dict[str, JsonValue]:
        """What became of a message, in its words: among others `status` (queued, delivered, …) and `error_code`."""
        path = url_path("/Messages/{sid}.json", sid=sid)
        return await self.ask("GET", path, operation="messages.get")

    async def _create(self, who: str, form: list[tuple[str, str]]) -> Outcome:
        config = self.config
        fields = [("To", who), ("From", config.from_number or ""), *form]
        if config.from_number is None:
            fields[1] = ("MessagingServiceSid", config.messaging_service_sid or "")
        if config.status_callback is not None:
            fields.append(("StatusCallback", config.status_callback))
        response = await self.call("POST", "/Messages.json", operation="messages.create", form=fields)
        return self.done(response, reference=text_at(self.parse(response), "sid"))
