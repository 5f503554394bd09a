"""Twilio: text messages, their parts, each recipient's result, refusals.

Sources: https://www.twilio.com/docs/messaging/api/message-resource, https://www.twilio.com/docs/api/errors,
https://www.twilio.com/docs/glossary/what-sms-character-limit.
"""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.connectors.twilio import TwilioConnector
from integrations_sdk.connectors.twilio.segments import LONGEST_BODY, fitted, is_gsm, segments, short_text
from integrations_sdk.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
)
from integrations_sdk.models import Event, Message
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.twilio import TwilioStandIn
from support.golden import compare
from support.messages import CASES, messages

SID, KEY = "AC" + "0" * 32, "SK" + "1" * 32
GIVEN = {
    "account_sid": SID,
    "auth_token": "canary-in-the-token",
    "from_number": "+14155550100",
    "to": ["+14155550101"],
}
QUEUED = reply(201, {"sid": "SM1", "status": "queued"}, twilio_request_id="RQ1")


def twilio(http: ScriptedHttp, **fields: object) -> TwilioConnector:
    """A connector."""
    given = {name: value for name, value in {**GIVEN, **fields}.items() if value is not None}
    return connect(TwilioConnector, given, http)


def stood_in(*, key: bool = False, **fields: object) -> tuple[TwilioStandIn, TwilioConnector]:
    """A stand-in, and a connector that it answers."""
    stand_in = TwilioStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    stand_in.url = "http://127.0.0.1:1"
    config = stand_in.key_config() if key else stand_in.config()
    return stand_in, connect(TwilioConnector, {**config, **fields}, http)


def form(http: ScriptedHttp, index: int = -1) -> list[tuple[str, str]]:
    """A form that was sent."""
    return parse_qsl(http.requests[index].content.decode(), keep_blank_values=True)


# --- configuration ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({"auth_token": None}, {"auth_token"}),
        ({"auth_token": None, "api_key_sid": KEY}, {"api_key_secret"}),
        ({"api_key_secret": "x"}, {"api_key_sid"}),
        ({"from_number": None}, {"from_number"}),
        ({"account_sid": "AC1", "messaging_service_sid": "MG1", "api_key_sid": "x", "api_key_secret": "y"},
         {"account_sid", "messaging_service_sid", "api_key_sid"}),
        ({"to": ["+14155550101", "4155550101"], "from_number": "a name too long", "most_segments": 11}, {"to[1]", "from_number", "most_segments"}),
        ({"status_callback": "x", "api_url": "y"}, {"status_callback", "api_url"}),
    ],
)  # fmt: skip
def test_every_mistake_is_named_at_once(fields: dict[str, object], paths: set[str]) -> None:
    """What is missing of the two ways to authenticate, and numbers without a country."""
    with pytest.raises(ConfigurationError) as caught:
        twilio(ScriptedHttp(), **fields)
    assert {problem.path for problem in caught.value.problems} == paths
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("sender", ["+14155550100", "12345", "ACME Ops", "whatsapp:+14155550100"])
def test_who_may_send(sender: str) -> None:
    """A number, a short code, a name, an address of a channel."""
    assert twilio(ScriptedHttp(), from_number=sender)


def test_the_documented_variable_is_known() -> None:
    """`SMS_API_TOKEN` of the lifecycle document; what else is needed, the activation says."""

    async def main() -> None:
        async with AsyncIntegrationManagementManager() as manager:
            (half,) = await manager.from_environment({"SMS_API_TOKEN": "x"})
            assert half.reason is not None
            assert "account_sid" in half.reason
            environ = {
                "SMS_API_TOKEN": "x",
                "TWILIO_ACCOUNT_SID": SID,
                "TWILIO_FROM": "+14155550100",
                "TWILIO_TO": "+14155550101,+14155550102",
            }
            (whole,) = await manager.from_environment(environ)
            made = await manager.twilio.get(whole.integration_id)
            assert made.config["to"] == ["+14155550101", "+14155550102"]

    asyncio.run(main())


# --- parts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 153, 3),
        ("é" * 160, 1),
        ("ç" * 70, 1),
        ("ç" * 71, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("a" * 66 + "😀" + "a" * 67, 3),
        ("a€" * 53 + "a", 1),
        ("a€" * 53 + "aa", 2),
        ("ç😀" * 23 + "ç", 1),
        ("ç😀" * 23 + "çç", 2),
    ],
)
def test_in_how_many_parts_a_text_travels(text: str, parts: int) -> None:
    """160 or 70 units alone, 153 or 67 joined; what counts for two is not divided."""
    assert segments(text) == parts


def test_which_characters_travel_in_seven_bits() -> None:
    """Those of GSM 03.38; an emoji, or a letter of most other scripts, does not."""
    assert is_gsm("Hello, Ångström & ñandù? {[~]} €5 @\n")
    assert not any(map(is_gsm, "ç😀漢ł`"))


@given(st.text(st.sampled_from("abc €ç😀\n"), max_size=900), st.integers(1, 10))
def test_what_is_cut_off_keeps_both_limits(text: str, most: int) -> None:
    """And what fits stays whole."""
    cut = fitted(text, most)
    assert segments(cut) <= most
    assert len(cut) <= LONGEST_BODY
    assert cut == text or cut.endswith("...")


@pytest.mark.parametrize("case", CASES)
def test_a_message_is_rendered_exactly_so(case: str) -> None:
    """As the golden file says."""
    compare("twilio", f"{case}.txt", short_text(CASES[case], 3))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(messages(), st.integers(1, 10))
def test_whatever_a_message_holds_twilio_takes_it(message: Message, most: int) -> None:
    """Never empty, never longer than is to be paid for."""
    stand_in, connector = stood_in(most_segments=most)
    assert asyncio.run(connector.notify(message)).reference
    assert all(segments(str(sent["Body"])) <= most for sent in stand_in.messages)


def test_a_short_message_keeps_the_address() -> None:
    """It is what one needs at night; the words before it are cut off."""
    message = Message(title="Pipeline failed", text="word " * 200, url="https://gitlab.example/p/7")
    short = short_text(message, 1)
    assert (segments(short), short.endswith("...\nhttps://gitlab.example/p/7")) == (1, True)
    assert (
        "https"
        not in short_text(attrs.evolve(message, url="https://e.x/" + "y" * 200), 1).rpartition("...")[2]
    )


# --- messages -----------------------------------------------------------------------------------------


def test_a_message_is_sent_to_each_number() -> None:
    """Under the account, with its token; numbers that are mentioned get it as well, each once."""
    http = ScriptedHttp([QUEUED])
    connector = twilio(http, status_callback="https://example.com/sms")
    outcome = asyncio.run(
        connector.notify(Message(text="hi", mentions=("+14155550102", "+14155550101", "@here")))
    )
    assert (outcome.operation, outcome.reference, outcome.detail) == (
        "messages.create", "SM1", "queued for 2 of 2 recipients, 1 parts each",
    )  # fmt: skip
    assert outcome.data == {"sent": {"+14155550101": "SM1", "+14155550102": "SM1"}, "failed": {}}
    request = http.requests[0]
    assert request.url == f"https://api.twilio.com/2010-04-01/Accounts/{SID}/Messages.json"
    pair = base64.b64encode(f"{SID}:canary-in-the-token".encode()).decode()
    assert request.headers["authorization"] == f"Basic {pair}"
    assert form(http, 0) == [
        ("To", "+14155550101"), ("From", "+14155550100"), ("Body", "hi"), ("StatusCallback", "https://example.com/sms"),
    ]  # fmt: skip


def test_an_api_key_and_a_messaging_service_take_their_places() -> None:
    """The account stays in the path; pictures may go with the text."""
    http = ScriptedHttp([QUEUED])
    service = "MG" + "2" * 32
    connector = twilio(
        http, api_key_sid=KEY, api_key_secret="s", from_number=None, messaging_service_sid=service
    )
    asyncio.run(connector.send_sms("hi", media_urls=["https://e.x/1.png", "https://e.x/2.png"]))
    assert (
        http.requests[0].headers["authorization"] == f"Basic {base64.b64encode(f'{KEY}:s'.encode()).decode()}"
    )
    assert form(http)[1:] == [
        ("MessagingServiceSid", service), ("Body", "hi"),
        ("MediaUrl", "https://e.x/1.png"), ("MediaUrl", "https://e.x/2.png"),
    ]  # fmt: skip


def test_each_recipient_has_a_result() -> None:
    """One who does not want any is named; the others get theirs."""
    stand_in, connector = stood_in()
    stand_in.unsubscribed = {"+14155550102"}
    outcome = asyncio.run(connector.send_sms("hi", to=["+14155550102", "+14155550103"]))
    assert outcome
    assert outcome.data["sent"] == {"+14155550103": stand_in.messages[0]["sid"]}
    assert outcome.data["failed"] == {"+14155550102": "Attempt to send to unsubscribed recipient"}
    with pytest.raises(PermissionDeniedError, match="unsubscribed") as caught:
        asyncio.run(connector.send_sms("hi", to=["+14155550102"]))
    assert caught.value.code == "21610"


def test_what_became_of_a_message_can_be_asked() -> None:
    """By its SID."""
    _, connector = stood_in()
    outcome = asyncio.run(connector.send_sms("hi"))
    assert asyncio.run(connector.get_message(str(outcome.reference)))["status"] == "queued"
    with pytest.raises(RejectedError, match="not found"):
        asyncio.run(connector.get_message("SM" + "9" * 32))


@pytest.mark.parametrize(
    ("status", "urgent", "why"),
    [("success", True, "only errors are told by SMS"), ("success", False, None), ("failed", True, None)],
)
def test_only_errors_are_told_unless_all_is_asked_for(status: str, urgent: bool, why: str | None) -> None:
    """Each message costs."""
    event = Event(id="e", type="pipeline", source="x", time=datetime(2026, 1, 1, tzinfo=UTC), status=status)
    assert twilio(ScriptedHttp(), urgent_only=urgent).wants(event) == why


@pytest.mark.parametrize(
    ("body", "to", "path"),
    [("", ["+14155550101"], "body"), ("x" * 1_601, [], "body"), ("x", ["4155550101"], r"to\[0\]")],
)
def test_what_cannot_be_sent_is_not(body: str, to: list[str], path: str) -> None:
    """Nothing leaves."""
    http = ScriptedHttp()
    with pytest.raises(ConfigurationError, match=path):
        asyncio.run(twilio(http).send_sms(body, to=to))
    assert http.requests == []


def test_a_notification_for_nobody_is_a_mistake_of_configuration() -> None:
    """Which says what to configure."""
    with pytest.raises(ConfigurationError, match="configure `to`"):
        asyncio.run(twilio(ScriptedHttp(), to=None).notify(Message(text="x")))


# --- refusals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, 20003, AuthenticationError),
        (403, 20003, AuthenticationError),
        (400, 21211, RejectedError),
        (400, 21408, PermissionDeniedError),
        (400, 21608, PermissionDeniedError),
        (400, 21617, RejectedError),
        (404, 20404, RejectedError),
        (500, 20500, ProviderUnavailableError),
    ],
)
def test_refusals_become_the_error_that_fits(status: int, code: int, kind: type[ConnectorError]) -> None:
    """With Twilio's words and code."""
    answer = reply(status, {"code": code, "message": "Words of Twilio.", "more_info": "x", "status": status})
    with pytest.raises(kind, match="Words of Twilio") as caught:
        asyncio.run(twilio(ScriptedHttp([answer])).notify(Message(text="x")))
    assert caught.value.code == str(code)
    assert "canary" not in str(caught.value)


def test_a_rate_limit_says_how_long_to_wait() -> None:
    """By `Retry-After`."""
    limited = reply(429, {"code": 20429, "message": "Too Many Requests", "status": 429}, retry_after="30")
    with pytest.raises(RateLimitedError) as caught:
        asyncio.run(twilio(ScriptedHttp([limited])).notify(Message(text="x")))
    assert caught.value.retry_after == timedelta(seconds=30)


def test_the_check_sends_nothing() -> None:
    """The account is asked for with its token, messages with a key, which must not see the account."""
    stand_in, connector = stood_in()
    assert asyncio.run(connector.check()).detail == "Stand-in is active"
    stand_in.status = "suspended"
    assert asyncio.run(connector.check()).warnings == ("the account is suspended: no message will be sent",)
    assert asyncio.run(stood_in(key=True)[1].check()).detail == "the API key is good"
    with pytest.raises(AuthenticationError):
        asyncio.run(stood_in(auth_token="wrong")[1].check())
    assert stand_in.messages == []


@pytest.mark.contracts
def test_every_request_conforms_to_twilios_description(conformity: Any) -> None:
    """All three operations of the description."""
    http = ScriptedHttp([reply(200, {"sid": "SM" + "0" * 32, "status": "active"})])
    connector = twilio(http, status_callback="https://example.com/sms")
    for message in CASES.values():
        asyncio.run(connector.notify(message))
    asyncio.run(connector.send_sms("hi", media_urls=["https://e.x/1.png"]))
    asyncio.run(connector.get_message("SM" + "0" * 32))
    asyncio.run(connector.check())
    for request in http.requests:
        conformity.check("twilio", request, base_url="https://api.twilio.com")
