"""SendGrid: mails as its API takes them, refusals, limits.

Sources: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send and
https://www.twilio.com/docs/sendgrid/api-reference/api-key-permissions/retrieve-a-list-of-scopes-for-which-this-user-has-access.
"""

from __future__ import annotations

import asyncio
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.base import draft_of
from integrations_sdk.connectors.sendgrid import SendGridConnector
from integrations_sdk.connectors.sendgrid.render import body_of
from integrations_sdk.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
)
from integrations_sdk.models import Message
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.sendgrid import SendGridStandIn
from support.golden import compare
from support.messages import CASES, messages

GIVEN = {
    "api_key": "SG.canary-in-the-key",
    "sender": "Bot <automation@example.com>",
    "to": ["Ada <a@example.com>"],
}
QUEUED = reply(202, b"", x_message_id="14c5d75ce93.dfd.64b469")


def sendgrid(http: ScriptedHttp, **fields: object) -> SendGridConnector:
    """A connector."""
    return connect(SendGridConnector, {**GIVEN, **fields}, http, clock=FakeClock())


def stood_in(**fields: object) -> tuple[SendGridStandIn, SendGridConnector]:
    """A stand-in, and a connector that it answers."""
    stand_in = SendGridStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    stand_in.url = "http://127.0.0.1:1"
    return stand_in, connect(SendGridConnector, {**stand_in.config(), **fields}, http)


def test_every_mistake_is_named_at_once() -> None:
    """Line breaks in headers among them."""
    with pytest.raises(ConfigurationError) as caught:
        connect(
            SendGridConnector,
            {
                "sender": "a",
                "to": ["b"],
                "region": "us",
                "subject_prefix": "a\nb",
                "reply_to": "ü@example.com",
                "api_url": "y",
            },
            ScriptedHttp(),
        )
    assert {problem.path for problem in caught.value.problems} == {
        "api_key", "sender", "to[0]", "region", "subject_prefix", "reply_to", "api_url",
    }  # fmt: skip


def test_the_environment_switches_it_on() -> None:
    """The key stays a reference."""
    environ = {
        "SENDGRID_API_KEY": "SG.x",
        "SENDGRID_FROM": "a@example.com",
        "SENDGRID_TO": "b@example.com,c@example.com",
    }

    async def main() -> None:
        async with await AsyncIntegrationManagementManager.from_env(environ) as manager:
            (made,) = await manager.sendgrid.list()
            assert made.config == {
                "api_key": "••••",
                "sender": "a@example.com",
                "to": ["b@example.com", "c@example.com"],
            }

    asyncio.run(main())


@pytest.mark.parametrize(
    ("fields", "host"),
    [
        ({}, "https://api.sendgrid.com"),
        ({"region": "eu"}, "https://api.eu.sendgrid.com"),
        ({"region": "eu", "api_url": "https://proxy.example.com/sg/"}, "https://proxy.example.com/sg"),
    ],
)
def test_the_region_decides_where_it_goes(fields: dict[str, object], host: str) -> None:
    """Unless an address is given."""
    http = ScriptedHttp([QUEUED])
    asyncio.run(sendgrid(http, **fields).notify(Message(text="x")))
    assert http.requests[0].url == f"{host}/v3/mail/send"
    assert http.requests[0].headers["authorization"] == "Bearer SG.canary-in-the-key"


@pytest.mark.parametrize("case", CASES)
def test_a_message_is_rendered_exactly_so(case: str) -> None:
    """As the golden file says."""
    config = sendgrid(ScriptedHttp(), subject_prefix="[prod]").config
    draft = draft_of(CASES[case], config.to, config.subject_prefix, provider="sendgrid")
    compare("sendgrid", f"{case}.json", body_of(draft, config, notification=True))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(messages())
def test_whatever_a_message_holds_sendgrid_takes_it(message: Message) -> None:
    """Never empty, no address twice."""
    stand_in, connector = stood_in()
    assert asyncio.run(connector.notify(message)).reference == "stand-in-1"
    assert stand_in.mails


def test_people_who_are_called_get_the_mail() -> None:
    """Mentions that are addresses; each for himself where nobody is to see the others."""
    stand_in, connector = stood_in(individually=True, to=["a@example.com", "b@example.com"])
    message = attrs.evolve(CASES["full"], mentions=("Ada@müller.example", "@here", "a@example.com"))
    asyncio.run(connector.notify(message))
    assert stand_in.mails[0]["personalizations"] == [
        {"to": [{"email": "a@example.com"}]},
        {"to": [{"email": "b@example.com"}]},
        {"to": [{"email": "Ada@xn--mller-kva.example"}]},
    ]


def test_a_mail_in_its_own_fields() -> None:
    """Copies without those who get it anyway; a template with its data; what SendGrid adds."""
    http = ScriptedHttp([QUEUED])
    outcome = asyncio.run(
        sendgrid(http, sandbox_mode=True, reply_to="ops@example.com").send_mail(
            {"to": ["a@example.com", "A@example.com"]},
            cc=["a@example.com", "cc@example.com"],
            bcc=["Hidden <h@example.com>"],
            template_id="d-1",
            template_data={"name": "Ada"},
            categories=["deploy"],
            send_at=1_900_000_000,
            in_reply_to="<1@example.com>",
            attachments=[{"name": "a.csv", "data": "MQ==", "media_type": "text/csv; charset=utf-8"}],
        )
    )
    assert outcome.reference == "14c5d75ce93.dfd.64b469"
    assert http.sent() == {
        "personalizations": [
            {
                "to": [{"email": "a@example.com"}],
                "cc": [{"email": "cc@example.com"}],
                "bcc": [{"email": "h@example.com", "name": "Hidden"}],
                "dynamic_template_data": {"name": "Ada"},
            }
        ],
        "from": {"email": "automation@example.com", "name": "Bot"},
        "reply_to": {"email": "ops@example.com"},
        "attachments": [
            {"content": "MQ==", "filename": "a.csv", "disposition": "attachment", "type": "text/csv"}
        ],
        "headers": {"In-Reply-To": "<1@example.com>", "References": "<1@example.com>"},
        "mail_settings": {"sandbox_mode": {"enable": True}},
        "template_id": "d-1",
        "categories": ["deploy"],
        "send_at": 1_900_000_000,
    }


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({}, {"to", "text", "subject"}),
        ({"cc": ["a@example.com"], "subject": "x", "html": "x"}, {"to"}),
        ({"to": ["a@example.com"], "subject": "a\nb", "text": "x"}, {"subject"}),
        ({"to": [f"a{n}@example.com" for n in range(1_001)], "subject": "x", "text": "x"}, {"to"}),
    ],
)
def test_a_malformed_mail_is_not_sent(fields: dict[str, object], paths: set[str]) -> None:
    """Every wrong field is named."""
    http = ScriptedHttp()
    with pytest.raises(ConfigurationError) as caught:
        asyncio.run(sendgrid(http).send_mail(fields))
    assert {problem.path for problem in caught.value.problems} == paths
    assert http.requests == []


def test_a_notification_for_nobody_is_a_mistake_of_configuration() -> None:
    """Which says what to configure."""
    with pytest.raises(ConfigurationError, match="configure `to`"):
        asyncio.run(sendgrid(ScriptedHttp(), to=[]).notify(Message(text="x")))


@pytest.mark.parametrize(
    ("status", "field", "kind"),
    [
        (400, "subject", RejectedError),
        (401, None, AuthenticationError),
        (403, "from", PermissionDeniedError),
        (413, None, RejectedError),
        (500, None, ProviderUnavailableError),
    ],
)
def test_refusals_become_the_error_that_fits(
    status: int, field: str | None, kind: type[ConnectorError]
) -> None:
    """With the field that is wrong, and SendGrid's words."""
    body = {"errors": [{"message": "Words of SendGrid.", "field": field, "help": None}]}
    with pytest.raises(kind, match=f"{field}: Words of SendGrid" if field else "Words of SendGrid") as caught:
        asyncio.run(sendgrid(ScriptedHttp([reply(status, body)])).notify(Message(text="x")))
    assert "canary" not in str(caught.value)


def test_a_rate_limit_says_how_long_to_wait() -> None:
    """By `X-RateLimit-Reset`, seconds since 1970."""
    reset = str(int(FakeClock().now().timestamp()) + 40)
    limited = reply(
        429,
        {"errors": [{"message": "too many requests"}]},
        x_ratelimit_remaining="0",
        x_ratelimit_reset=reset,
    )
    with pytest.raises(RateLimitedError) as caught:
        asyncio.run(sendgrid(ScriptedHttp([limited])).notify(Message(text="x")))
    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() == 40


def test_the_check_asks_what_the_key_may_do() -> None:
    """And sends nothing; a key that may not send is found."""
    stand_in, connector = stood_in(sandbox_mode=True)
    found = asyncio.run(connector.check())
    assert (found.detail, len(found.warnings)) == ("the key may send", 1)
    stand_in.scopes = ["alerts.read"]
    with pytest.raises(PermissionDeniedError, match="Mail Send"):
        asyncio.run(connector.check())
    with pytest.raises(AuthenticationError):
        asyncio.run(stood_in(api_key="SG.wrong")[1].check())
    assert stand_in.mails == []


@pytest.mark.contracts
def test_every_mail_conforms_to_sendgrids_description(conformity: Any) -> None:
    """Notifications of every kind, and a mail with everything."""
    http = ScriptedHttp([QUEUED])
    connector = sendgrid(http, reply_to="ops@example.com", subject_prefix="[prod]", sandbox_mode=True)
    for message in CASES.values():
        asyncio.run(connector.notify(message))
    asyncio.run(
        connector.send_mail(
            to=["a@example.com"],
            cc=["b@example.com"],
            bcc=["c@example.com"],
            template_id="d-1",
            template_data={"name": "Ada"},
            categories=["deploy"],
            send_at=1_900_000_000,
        )
    )
    for request in http.requests:
        conformity.check("sendgrid", request, base_url="https://api.sendgrid.com")
