"""Amazon SNS: messages to topics and phones, within its limits; against a stand-in, AWS' own model, and moto."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode
from urllib.request import Request, urlopen

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.connectors.base import (
    AuthenticationError,
    ConfigurationError,
    Field,
    Link,
    Message,
    Notifier,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
)
from integrations_sdk.connectors.sns import SnsConnector, connector
from integrations_sdk.connectors.sns.words import (
    attribute_entries,
    body_text,
    most_bytes,
    shortened,
    subject_of,
)
from integrations_sdk.models import OutcomeStatus
from integrations_sdk.testing.fakes import ScriptedHttp, connect, reply
from integrations_sdk.testing.vendors.sns import SnsStandIn
from support.aws import by_moto, complaints, moto_server, parameters_of
from support.build_servers import Served, event

CANARY = "sns-canary/0123456789abcdef"
TOPIC, FIFO = SnsStandIn.topic, SnsStandIn.fifo_topic
PHONE = "+4915112345678"
CONFIG = {"access_key_id": "AKID", "secret_access_key": CANARY, "topic_arn": TOPIC}
run = asyncio.run


class Sns(Served[SnsStandIn, SnsConnector]):
    def __init__(self, **more: Any) -> None:
        super().__init__(SnsConnector, SnsStandIn(), **more)

    def forms(self) -> list[dict[str, str]]:
        """What was sent."""
        return [dict(parse_qsl(one.content.decode(), keep_blank_values=True)) for one in self.http.requests]


# --- pure -------------------------------------------------------------------


@given(st.text(max_size=300))
def test_subjects_are_what_sns_takes(text: str) -> None:
    """ASCII, one line, less than 100 characters, no white space first; or none."""
    subject = subject_of(Message(title=text))
    assert subject is None or re.fullmatch(r"[!-~][ -~]{0,98}", subject)


def test_subjects_keep_what_can_be_kept() -> None:
    """Accents go, letters stay."""
    assert subject_of(Message(title="  Überführung\nfertig ✓ ")) == "Uberfuhrung fertig"
    assert subject_of(Message(text="first\nsecond")) == "first"
    assert subject_of(Message(title="✓")) is None


@given(st.text(), st.integers(3, 40))
def test_text_is_cut_at_bytes_but_not_within_a_character(text: str, size: int) -> None:
    """What fits stays as it is; of what does not, the beginning stays."""
    cut = shortened(text, size)
    raw = text.encode("utf-8", "replace")
    assert len(cut.encode()) <= size
    if len(raw) <= size:
        assert cut == raw.decode()
    else:
        assert cut.endswith("…")
        assert raw.decode().startswith(cut[:-1])


def test_a_message_is_plain_text() -> None:
    """With everything that is in it."""
    message = Message(
        title="Pipeline failed",
        text="on main",
        fields=(Field(name="Branch", value="main"),),
        links=(Link(label="Pipeline", url="https://ci.example/1"),),
        footer="g/n",
    )
    assert body_text(message) == "Pipeline failed\non main\nBranch: main\nPipeline: https://ci.example/1\ng/n"
    assert body_text(Message(title="Hi", url="https://x.example")) == "Hi\nhttps://x.example"


@pytest.mark.parametrize(
    "attributes",
    [{"": "x"}, {"a b": "x"}, {".a": "x"}, {"a.": "x"}, {"a..b": "x"}, {"a": ""}, {"x" * 257: "x"}],
)
def test_attributes_that_sns_refuses_are_refused(attributes: dict[str, str]) -> None:
    """Before anything is sent."""
    with pytest.raises(ConfigurationError, match="message attributes"):
        attribute_entries(attributes)


# --- configuration ----------------------------------------------------------


def test_it_is_what_the_registry_loads() -> None:
    """The module offers a notifier, in the topic's region."""
    assert connector is SnsConnector
    known = connect(SnsConnector, CONFIG, ScriptedHttp())
    assert isinstance(known, Notifier)
    assert known.base_url == "https://sns.eu-central-1.amazonaws.com"


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"topic_arn": None}, "topic_arn"),
        ({"topic_arn": "deployments"}, "topic_arn"),
        ({"topic_arn": "arn:aws:sqs:eu-central-1:123456789012:q"}, "topic_arn"),
        ({"phone_numbers": ["015112345678"]}, "phone_numbers[0]"),
        ({"region": "us-east-1"}, "region"),
        ({"sms_type": "Urgent"}, "sms_type"),
        ({"sender_id": "123"}, "sender_id"),
        ({"sender_id": "much-too-long-a-name"}, "sender_id"),
        ({"secret_access_key": None}, "secret_access_key"),
    ],
)
def test_wrong_fields_are_named(given: dict[str, object], path: str) -> None:
    """Each field says what it expects."""
    with pytest.raises(ConfigurationError) as caught:
        connect(SnsConnector, {**CONFIG, **given}, ScriptedHttp())
    assert path in [problem.path for problem in caught.value.problems]
    assert CANARY not in str(caught.value)


# --- topics -----------------------------------------------------------------


def test_a_message_is_published() -> None:
    """With a subject for e-mails and the configured attributes; it may be delivered twice, so it is not repeated."""
    sns = Sns(message_attributes={"team": "platform"})
    outcome = run(sns.connector.notify(Message(title="Deployed", text="Version 7 ✓")))
    [message] = sns.server.messages
    assert (message.target, message.subject, message.text) == (TOPIC, "Deployed", "Deployed\nVersion 7 ✓")
    assert message.attributes == {"team": "platform"}
    assert outcome.reference == "00000000-0000-4000-8000-000000000001"
    assert outcome.data == {"messages": [{"target": TOPIC, "message_id": outcome.reference}]}
    assert outcome.request_id == "7c3e-sns"
    assert not sns.http.calls[-1].idempotent


def test_an_event_has_attributes_to_filter_by() -> None:
    """What is known of it."""
    sns = Sns()
    run(sns.connector.handle_event(event("pipeline", status="failed", title="x")))
    assert sns.server.messages[0].attributes == {
        "type": "pipeline",
        "status": "failed",
        "project": "g/n",
        "branch": "main",
    }
    assert sns.connector.wants(event("pipeline")) is None
    assert sns.connector.wants(event("push")) == "not subscribed to push"


def test_a_fifo_topic_takes_a_message_once() -> None:
    """So it may be repeated: its id tells."""
    sns = Sns(topic_arn=FIFO, message_group="shop")
    run(sns.connector.notify(Message(text="x")))
    assert sns.http.calls[-1].idempotent
    run(sns.http.send(sns.http.requests[-1], sns.http.calls[-1]))
    assert [message.group for message in sns.server.messages] == ["shop"]
    for _ in range(2):
        run(sns.connector.publish("x", group="other", deduplication_id="build-7"))
    assert [message.group for message in sns.server.messages] == ["shop", "other"]


@pytest.mark.parametrize("character", ["x", "ä", "✓", "😀"])
def test_a_message_that_is_too_long_is_cut_off(character: str) -> None:
    """At 256 KiB, whatever characters it is made of, attributes included."""
    sns = Sns(message_attributes={"team": "platform" * 20})
    assert run(sns.connector.notify(Message(text=character * 300_000)))
    text = sns.server.messages[0].text
    assert text.endswith(f"{character}…")
    room = most_bytes({"team": "platform" * 20})
    assert room - 8 < len(text.encode()) <= room == 262_144 - 4 - 6 - 160


def test_what_is_published_as_it_is_is_not_cut_off() -> None:
    """It may be JSON: then half of it is worth nothing."""
    sns = Sns()
    with pytest.raises(ConfigurationError, match="expected at most 256 KiB"):
        run(sns.connector.publish("x" * 262_145))
    assert run(sns.connector.publish("x" * 262_144))
    run(sns.connector.publish('{"default": "x"}', subject="S", structure="json", attributes={"a": "b"}))
    assert sns.forms()[-1]["MessageStructure"] == "json"
    with pytest.raises(ConfigurationError, match="topic_arn: missing"):
        run(Sns(topic_arn=None, phone_numbers=[PHONE]).connector.publish("x"))


# --- phones -----------------------------------------------------------------


def test_phones_get_a_text() -> None:
    """Of the configured kind, at most 1,600 characters."""
    sns = Sns(topic_arn=None, phone_numbers=[PHONE], sender_id="Shop", sms_type="Promotional")
    run(sns.connector.notify(Message(text="x" * 2000)))
    [message] = sns.server.messages
    assert message.target == PHONE
    assert message.attributes == {"AWS.SNS.SMS.SMSType": "Promotional", "AWS.SNS.SMS.SenderID": "Shop"}
    assert message.text == "x" * 1599 + "…"
    assert message.subject is None


def test_one_of_several_targets_fails() -> None:
    """The others got it; the outcome failed, and is not to be retried as a whole."""
    sns = Sns(phone_numbers=[PHONE, "+4915187654321"])
    sns.server.sandbox, sns.server.verified = True, {PHONE}
    outcome = run(sns.connector.notify(Message(text="x")))
    assert (outcome.status, outcome.retryable) == (OutcomeStatus.FAILED, False)
    assert outcome.error is not None
    assert outcome.error.startswith("1 of 3 targets got nothing: ")
    assert [message.target for message in sns.server.messages] == [TOPIC, PHONE]


def test_nobody_gets_it() -> None:
    """Then it is an error like any other."""
    sns = Sns(topic_arn=None, phone_numbers=[PHONE])
    sns.server.sandbox = True
    with pytest.raises(RejectedError, match="not verified"):
        run(sns.connector.notify(Message(text="x")))


# --- health and errors ------------------------------------------------------


def test_the_check_publishes_nothing() -> None:
    """It asks for the topic, and for the sandbox."""
    sns = Sns(phone_numbers=[PHONE])
    result = run(sns.connector.check())
    assert (result.detail, result.warnings) == (f"{TOPIC}, 2 subscriptions; 1 phones", ())
    assert [form["Action"] for form in sns.forms()] == ["GetTopicAttributes", "GetSMSSandboxAccountStatus"]
    assert sns.server.messages == []


def test_the_check_warns_of_messages_that_nobody_gets() -> None:
    """No subscription, or a sandbox."""
    sns = Sns(phone_numbers=[PHONE])
    sns.server.subscriptions[TOPIC], sns.server.sandbox = 0, True
    assert run(sns.connector.check()).warnings == (
        "nobody has subscribed to the topic, or confirmed it",
        "the account is in the SMS sandbox: only verified numbers get messages",
    )


def test_wrong_credentials_are_refused() -> None:
    """A secret that is another's."""
    with pytest.raises(AuthenticationError, match="does not match"):
        run(Sns(secret_access_key="x").connector.check())


def error(status: int, code: str, words: str) -> Any:
    text = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{words}</Message></Error></ErrorResponse>"
    return reply(status, text, content_type="text/xml", x_amzn_requestid="7c3e")


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (error(404, "NotFound", "Topic does not exist"), RejectedError, "Topic does not exist"),
        (error(403, "AuthorizationError", "User is not authorized to perform: SNS:Publish"), PermissionDeniedError, "SNS:Publish"),
        (error(403, "InvalidClientTokenId", "The security token is invalid"), AuthenticationError, "token is invalid"),
        (error(429, "Throttled", "Rate exceeded"), RateLimitedError, "Rate exceeded"),
        (error(400, "InvalidParameter", "Invalid parameter: Message too long"), RejectedError, "too long"),
        (error(500, "InternalError", "oops"), ProviderUnavailableError, "oops"),
    ],
)  # fmt: skip
def test_errors_say_what_sns_said(answer: Any, kind: type[Exception], words: str) -> None:
    """Each refusal becomes its error, in AWS' words, with the id to quote to its support."""
    with pytest.raises(kind) as caught:
        run(connect(SnsConnector, CONFIG, ScriptedHttp([answer])).notify(Message(text="x")))
    assert words in str(caught.value)
    assert "request id 7c3e" in str(caught.value)


def test_an_answer_without_an_id_is_survived() -> None:
    """Then there is no reference."""
    http = ScriptedHttp([reply(200, "<PublishResponse/>")])
    assert run(connect(SnsConnector, CONFIG, http).notify(Message(text="x"))).reference is None


# --- contracts --------------------------------------------------------------


def test_every_request_conforms_to_aws_own_model() -> None:
    """Every operation that the connector makes, names and types; the model comes with botocore."""
    sns = Sns(phone_numbers=[PHONE], message_attributes={"team": "x"}, sender_id="Shop")

    async def everything() -> None:
        await sns.connector.check()
        await sns.connector.notify(Message(title="x"))
        await sns.connector.publish("{}", structure="json", subject="x", attributes={"a": "b"})

    run(everything())
    for form in sns.forms():
        assert complaints("sns", form["Action"], parameters_of(form)) == "", form
    assert complaints("sns", "Publish", {"Massage": "x"}) != ""


@pytest.mark.filterwarnings("ignore")  # moto's libraries warn of one another
def test_moto_takes_it_for_aws() -> None:
    """Topics, a FIFO topic, phones, and its errors; over the wire, signed."""

    async def whole(url: str) -> None:
        async with AsyncIntegrationManagementManager() as manager:
            made = await manager.sns.create({**CONFIG, "endpoint_url": url})
            with pytest.raises(RejectedError, match="does not exist"):
                await manager.sns.call(made.integration_id, "publish", "x")
            for name in ("deployments", "ordered.fifo"):
                await asyncio.to_thread(_ask, url, Action="CreateTopic", Name=name, **_fifo(name))
            checked = await manager.sns.check(made.integration_id)
            assert "nobody has subscribed" in str(checked)
            await manager.sns.update(made.integration_id, phone_numbers=[PHONE])
            outcome = await manager.sns.notify(made.integration_id, {"title": "Hi ✓", "text": "there"})
            assert outcome, outcome.error
            assert len(outcome.data["messages"]) == 2
            fifo = await manager.sns.create({**CONFIG, "endpoint_url": url, "topic_arn": FIFO})
            assert (await manager.sns.notify(fifo.integration_id, "in order")).reference

    with moto_server() as url:
        run(whole(url))
    by_moto("sns", "check", "notify")


def _fifo(name: str) -> dict[str, str]:
    if not name.endswith(".fifo"):
        return {}
    return {"Attributes.entry.1.key": "FifoTopic", "Attributes.entry.1.value": "true"}


def _ask(url: str, **form: str) -> None:
    """Ask moto itself, which takes unsigned requests: topics are made by others than the library."""
    body = urlencode({"Version": "2010-03-31", **form}).encode()
    headers = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/eu-central-1/sns/aws4_request, SignedHeaders=host, Signature=0"
    }
    urlopen(Request(f"{url}/", data=body, headers=headers), timeout=10).close()
