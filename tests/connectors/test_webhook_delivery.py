"""Webhooks under the delivery engine: one attempt, what it came to, what may be tried again, and shared bodies."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import attrs
import pytest

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.clock import FakeClock
from integrations_sdk.codec import load
from integrations_sdk.connectors.base import ConnectorContext
from integrations_sdk.connectors.directory import ConnectorDirectory
from integrations_sdk.connectors.renderings import Renderings
from integrations_sdk.connectors.webhook import WebhookConfig, WebhookConnector
from integrations_sdk.errors import (
    BlockedAddressError,
    ConfigurationError,
    ConnectorError,
    DeadlineExceededError,
    ProviderUnavailableError,
    ResponseTooLargeError,
    TransportError,
)
from integrations_sdk.http.base import Request, Response
from integrations_sdk.http.client import HttpClient
from integrations_sdk.models import MASK, Event, Scope, Secret
from integrations_sdk.queue.base import MOST_PER_SECOND
from integrations_sdk.signing import verify
from integrations_sdk.testing.fakes import DictMemory, ScriptedHttp, connect, reply

URL = "https://api.example.com/webhooks/gitlab"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SIGNING = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EVENT = Event(
    id="0198-event",
    type="pipeline",
    source="https://gitlab.example/p",
    time=NOW,
    provider="gitlab",
    status="failed",
    title="Mend it",
    data={"object_kind": "pipeline", "object_attributes": {"id": 7}},
)
OWN = attrs.evolve(
    EVENT, provider="application", type="order.paid", data={"order": 7, "event_type": "order.paid"}
)


def webhook(http: ScriptedHttp | None = None, **given: object) -> WebhookConnector:
    """A connector to `URL`."""
    where = {} if "url" in given or "secret_url" in given else {"url": URL}
    return connect(
        WebhookConnector, {**where, **given}, http or ScriptedHttp([reply(200)]), clock=FakeClock(NOW)
    )


def sibling(
    connector: WebhookConnector, number: int, http: ScriptedHttp, **given: object
) -> WebhookConnector:
    """Another webhook of the same manager."""
    context = attrs.evolve(connector.context, integration_id=f"webhook-{number}", http=http)
    return WebhookConnector(load(WebhookConfig, {"url": URL, **given}, subject="test"), context)


# --- one attempt ------------------------------------------------------------------


def test_a_delivery_goes_out_once_under_its_own_id() -> None:
    """The event's id stays where GitLab has it; the outcome has what the delivery log keeps."""
    http = ScriptedHttp([reply(200, "thanks", x_request_id="r-1")])
    connector = webhook(http, secret_token=SIGNING)
    sent = asyncio.run(connector.deliver(EVENT, delivery_id="d-1"))
    request = http.requests[0]
    headers = request.headers
    assert headers["webhook-id"] == headers["idempotency-key"] == "d-1"
    assert headers["x-gitlab-event-uuid"] == EVENT.id
    assert "x-webhook-attempt" not in headers
    assert (sent.target, sent.reference, sent.http_status, sent.request_id) == (
        "webhook-1",
        "d-1",
        200,
        "r-1",
    )
    assert (sent.excerpt, sent.address, sent.attempts) == ("thanks", "https://api.example.com", 1)
    assert http.calls[0].retry.attempts == 1
    verify("standard_webhooks", headers, request.content, [Secret(SIGNING)], now=NOW)


def test_a_repeated_attempt_says_so_and_is_signed_anew() -> None:
    """Same id, same body, another time."""
    http = ScriptedHttp([reply(500), reply(200)])
    connector = webhook(http, secret_token=SIGNING)
    clock = connector.context.clock
    assert isinstance(clock, FakeClock)
    asyncio.run(connector.deliver(EVENT, delivery_id="d-1"))
    clock.advance(3600)
    asyncio.run(connector.deliver(EVENT, delivery_id="d-1", attempt=2))
    first, second = http.requests
    assert second.headers["x-webhook-attempt"] == "2"
    assert (first.content, first.headers["webhook-id"]) == (second.content, second.headers["webhook-id"])
    verify("standard_webhooks", second.headers, second.content, [Secret(SIGNING)], now=clock.now())


@pytest.mark.parametrize(
    ("status", "retryable"),
    [
        (410, False),
        *(
            (status, True)
            for status in (300, 301, 304, 308, 400, 401, 403, 404, 405, 408, 409, 413, 422, 429)
        ),
        *((status, True) for status in (500, 501, 502, 503, 504, 521, 599)),
    ],
)
def test_anything_but_2xx_may_be_tried_again_but_for_410(status: int, retryable: bool) -> None:
    """Receivers answer 404 while they are deployed; with 410 they take their leave."""
    http = ScriptedHttp([reply(status, "no", retry_after="7")])
    sent = asyncio.run(webhook(http).deliver(EVENT, delivery_id="d-1"))
    assert (bool(sent), sent.http_status, sent.retryable) == (False, status, retryable)
    assert (sent.reference, sent.excerpt, sent.retry_after) == ("d-1", "no", timedelta(seconds=7))
    with pytest.raises(ConnectorError) as caught:
        asyncio.run(webhook(ScriptedHttp([reply(status)])).send_event(EVENT))
    assert caught.value.retryable is retryable


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_a_success(status: int) -> None:
    """Whatever the body says."""
    assert asyncio.run(webhook(ScriptedHttp([reply(status, "<html>")])).deliver(EVENT, delivery_id="d-1"))


@pytest.mark.parametrize(
    ("failure", "retryable"),
    [
        (TransportError("connection refused", sent=False), True),
        (TransportError("reset"), True),
        (DeadlineExceededError("no answer"), True),
        (BlockedAddressError("127.0.0.1 is refused", sent=False), False),
        (ResponseTooLargeError("too large"), False),
        (ProviderUnavailableError("left alone"), True),
    ],
)
def test_no_answer_may_be_tried_again_but_for_refused_addresses(
    failure: ConnectorError, retryable: bool
) -> None:
    """It is an outcome, not an error."""
    sent = asyncio.run(webhook(ScriptedHttp([failure])).deliver(EVENT, delivery_id="d-1"))
    assert (bool(sent), sent.retryable, sent.http_status, sent.excerpt) == (False, retryable, None, None)
    assert sent.address == "https://api.example.com"


class Counting:
    """A transport that answers with one status, or in no time at all, and counts."""

    def __init__(self, came: int | TransportError) -> None:
        self.came = came
        self.count = 0

    async def send(self, request: Request) -> Response:
        self.count += 1
        if isinstance(self.came, TransportError):
            raise type(self.came)(self.came.message, sent=self.came.sent)
        return Response(status=self.came)

    async def close(self) -> None:
        """Nothing to do."""


@pytest.mark.parametrize("came", [500, 503, TransportError("reset"), TransportError("refused", sent=False)])
def test_a_delivery_is_one_call_and_a_direct_one_is_repeated(came: int | TransportError) -> None:
    """Under the engine its schedule repeats; a direct call repeats what is safe, also after an ambiguous failure."""
    counts, retryable = [], []
    for direct in (False, True):
        transport, clock = Counting(came), FakeClock(NOW)
        connector = webhook()
        context = attrs.evolve(
            connector.context, http=HttpClient(transport, clock, random=lambda: 0.0), clock=clock
        )
        connector = WebhookConnector(connector.config, context)
        if direct:
            with pytest.raises(ConnectorError) as caught:
                asyncio.run(connector.send_event(EVENT))
            retryable.append(caught.value.retryable)
        else:
            retryable.append(asyncio.run(connector.deliver(EVENT, delivery_id="d-1")).retryable)
        counts.append(transport.count)
    assert counts == [1, 4]
    assert retryable == [True, True]


@pytest.mark.parametrize("bad", ["a\r\nX: y", "a b", "", "a.b"])
def test_an_id_that_cannot_be_signed_is_refused_before_sending(bad: str) -> None:
    """Nothing leaves."""
    http = ScriptedHttp([reply(200)])
    with pytest.raises(ConfigurationError):
        asyncio.run(webhook(http).deliver(EVENT, delivery_id=bad))
    assert http.requests == []


@pytest.mark.parametrize("kind", ["a\r\nX-Evil: 1", "größe", "日本", "\x00"])
@pytest.mark.parametrize("profile", ["gitlab", "github", "standard"])
def test_an_events_name_and_id_inject_nothing(kind: str, profile: str) -> None:
    """An application may name its events as it likes."""
    http = ScriptedHttp([reply(200)])
    event = attrs.evolve(OWN, type=kind, id=kind)
    asyncio.run(webhook(http, profile=profile, secret_token="s3cret").deliver(event, delivery_id="d-1"))
    assert all(value.isascii() and value.isprintable() for value in http.requests[0].headers.values())


def test_no_secret_is_in_an_excerpt() -> None:
    """Not even cut in half, when the receiver echoes it."""
    answer = "x" * 1010 + "canary-token-canary-token" + "Bearer canary-auth"
    connector = webhook(
        ScriptedHttp([reply(200, answer)]),
        secret_token="canary-token-canary-token", auth_value="Bearer canary-auth",
    )  # fmt: skip
    sent = asyncio.run(connector.deliver(EVENT, delivery_id="d-1"))
    assert sent.excerpt is not None
    assert len(sent.excerpt) <= 1024
    assert "canary" not in sent.excerpt


# --- bodies -----------------------------------------------------------------------


@pytest.mark.parametrize("profile", ["gitlab", "github", "standard"])
def test_an_applications_own_event_is_sent_in_its_own_words(profile: str) -> None:
    """As `trigger_webhook()` sends it, under every profile; also when it says nothing."""
    for data in (OWN.data, {}):
        http = ScriptedHttp([reply(200)])
        asyncio.run(webhook(http, profile=profile).deliver(attrs.evolve(OWN, data=data), delivery_id="d-1"))
        assert http.sent() == data


def test_a_template_takes_the_place_of_every_form() -> None:
    """Of the application's own events too."""
    template = {"text": "{{ event.title }}", "order": "{{ event.data.order }}"}
    for profile in ("gitlab", "standard"):
        for event, order in ((EVENT, None), (OWN, 7)):
            http = ScriptedHttp([reply(200)])
            connector = webhook(http, profile=profile, payload_template=template)
            asyncio.run(connector.deliver(event, delivery_id="d-1"))
            assert http.sent() == {"text": "Mend it", "order": order}


def test_a_body_is_made_once_for_all_webhooks_that_send_it_alike() -> None:
    """The same bytes for each; the signature is each one's own."""
    http, count = ScriptedHttp([reply(200)]), 6
    forms: list[dict[str, Any]] = [
        {}, {"profile": "github"}, {"profile": "standard"}, {"payload_template": {"a": "{{ event.title }}"}},
    ]  # fmt: skip
    first = webhook(http)
    many = [
        sibling(first, number, http, secret_token=f"secret-{number}", **form)
        for number in range(count)
        for form in forms
    ]

    async def deliver() -> None:
        for connector in many:
            await connector.deliver(EVENT, delivery_id="d-1")

    asyncio.run(deliver())
    bodies = [request.content for request in http.requests]
    assert len({id(body) for body in bodies}) == len({*bodies}) == len(forms)
    assert len({request.headers["webhook-signature"] for request in http.requests}) == len(many)


def test_a_manager_shares_bodies_and_a_single_connector_has_its_own() -> None:
    """By default a context shares with nobody."""

    async def nobody(_: str) -> Any:
        raise LookupError

    contexts = [
        ConnectorContext(
            integration_id=None, http=ScriptedHttp(), clock=FakeClock(), scope=Scope(), memory=DictMemory(),
            open=nobody, spawn=lambda work, name: None,
        )
        for _ in range(2)
    ]  # fmt: skip
    assert contexts[0].renderings is not contexts[1].renderings
    assert isinstance(contexts[0].renderings, Renderings)


def test_connectors_of_every_tenant_share_bodies_in_a_worker() -> None:
    """A directory of another scope is of the same manager."""
    manager = AsyncIntegrationManagementManager()
    directory = ConnectorDirectory(manager.runtime, manager.registry)
    given = {"url": URL}
    contexts = [
        directory.within(Scope(tenant_id=tenant)).build("webhook", given, "webhook-1").context
        for tenant in "ab"
    ]
    assert contexts[0].renderings is contexts[1].renderings
    assert [context.scope.tenant_id for context in contexts] == ["a", "b"]
    asyncio.run(manager.aclose())


# --- profiles ---------------------------------------------------------------------


def test_gitlabs_headers_are_complete() -> None:
    """Those of docs.gitlab.com, "Webhooks", "Delivery headers"; the webhook's id is the same in each call of it."""
    http = ScriptedHttp([reply(200)])
    one = webhook(http, secret_token="token-1")
    for connector in (one, one, sibling(one, 2, http)):
        asyncio.run(connector.deliver(EVENT, delivery_id="d-1"))
    first, second, other = (request.headers for request in http.requests)
    assert first["user-agent"].startswith("GitLab/")
    assert first["x-gitlab-event"] == "Pipeline Hook"
    assert first["x-gitlab-instance"] == "https://gitlab.com"
    assert first["x-gitlab-token"] == "token-1"
    assert first["x-gitlab-event-uuid"] == "0198-event"
    assert first["idempotency-key"] == "d-1"
    assert UUID(first["x-gitlab-webhook-uuid"]).version == 5
    assert first["x-gitlab-webhook-uuid"] == second["x-gitlab-webhook-uuid"] != other["x-gitlab-webhook-uuid"]


def test_githubs_headers_are_complete() -> None:
    """Those of docs.github.com, "Webhook events and payloads", "Delivery headers"."""
    event = attrs.evolve(
        EVENT, provider="github", data={"action": "completed", "repository": {"id": 1296269}}
    )
    http = ScriptedHttp([reply(200)])
    asyncio.run(webhook(http, profile="github", secret_token="s3cret").deliver(event, delivery_id="d-1"))
    headers = http.requests[0].headers
    assert headers["user-agent"].startswith("GitHub-Hookshot/")
    assert (headers["x-github-event"], headers["x-github-delivery"]) == ("workflow_run", "d-1")
    assert 0 < int(headers["x-github-hook-id"]) < 2**48
    assert headers["x-github-hook-installation-target-type"] == "repository"
    assert headers["x-github-hook-installation-target-id"] == "1296269"
    assert headers["x-hub-signature"].startswith("sha1=")
    verify("github", headers, http.requests[0].content, [Secret("s3cret")], now=NOW)


@pytest.mark.parametrize("data", [{}, {"repository": None}, {"repository": {"id": True}}, {"repository": []}])
def test_no_repository_is_made_up(data: dict[str, Any]) -> None:
    """Where the event names none."""
    http = ScriptedHttp([reply(200)])
    event = attrs.evolve(EVENT, provider="github", data=data)
    asyncio.run(webhook(http, profile="github").deliver(event, delivery_id="d-1"))
    assert not [name for name in http.requests[0].headers if "target" in name]


def test_a_user_agent_of_ones_own_goes_before_the_profiles() -> None:
    """And is sent once."""
    http = ScriptedHttp([reply(200)])
    asyncio.run(webhook(http, headers={"User-Agent": "Shop/1"}).deliver(EVENT, delivery_id="d-1"))
    names = [name for name in http.requests[0].headers if name.lower() == "user-agent"]
    assert [http.requests[0].headers[name] for name in names] == ["Shop/1"]


# --- what a test shows ------------------------------------------------------------


def test_an_exchange_shows_the_call_and_the_answer() -> None:
    """Exactly what went out, marked as a test, and the beginning of what came back."""
    answer = reply(422, {"error": "no such project"}, set_cookie="session=abc", x_request_id="r-1")
    http = ScriptedHttp([answer])
    connector = webhook(http, secret_token=SIGNING, headers={"X-Team": "web"})
    exchange = asyncio.run(connector.exchange(EVENT, delivery_id="d-1"))
    request = http.requests[0]
    assert exchange.request == {
        "method": "POST", "url": URL, "headers": dict(request.headers), "body": json.loads(request.content),
    }  # fmt: skip
    assert request.headers["x-webhook-test"] == "true"
    assert exchange.response == {
        "status": 422,
        "headers": {"content-type": "application/json", "set-cookie": MASK, "x-request-id": "r-1"},
        "excerpt": '{"error": "no such project"}',
    }
    assert (exchange.sent.reference, exchange.error is None) == ("d-1", False)
    assert http.calls[0].retry.attempts == 1


def test_an_exchange_shows_no_credential() -> None:
    """Neither in the call nor in an answer that echoes it all, however long."""
    http = ScriptedHttp()
    secrets = {
        "url": f"{URL}?key=canary-query",
        "secret_token": "canary-token",
        "auth_value": "Bearer canary-auth",
    }

    def echo(request: Request) -> Response:
        words = f"{request.url} {dict(request.headers)}"
        return reply(400, words * 10, x_echo=words, **{f"x_{n}": "y" * 1000 for n in range(100)})

    http.answers = [echo]
    exchange = asyncio.run(webhook(http, **secrets).exchange(EVENT, delivery_id="d-1"))
    assert "canary" not in repr(exchange)
    assert exchange.request["url"] == f"{URL}?{MASK}"
    headers: Any = exchange.request["headers"]
    assert (headers["authorization"], headers["x-gitlab-token"]) == (MASK, MASK)
    response: Any = exchange.response
    assert (len(response["excerpt"]), len(response["headers"])) == (1024, 50)
    assert max(len(value) for value in response["headers"].values()) <= 256
    whole = webhook(http, secret_url="https://hooks.example.com/canary-path")
    assert (
        asyncio.run(whole.exchange(EVENT, delivery_id="d-1")).request["url"]
        == f"https://hooks.example.com/{MASK}"
    )


# --- configuration ----------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.1, 1, 10_000, MOST_PER_SECOND])
def test_a_rate_limit_is_what_a_queue_takes(rate: float) -> None:
    """And no limit is none."""
    assert webhook(rate_limit=rate).config.rate_limit == rate
    assert webhook().config.rate_limit is None


@pytest.mark.parametrize("rate", [0, -1, 10_000.1, float("inf"), float("nan"), "10", True])
def test_no_other_rate_limit_is_taken(rate: object) -> None:
    """Named with its path."""
    with pytest.raises(ConfigurationError) as caught:
        webhook(rate_limit=rate)
    assert [problem.path for problem in caught.value.problems] == ["rate_limit"]


def test_everything_wrong_with_a_webhook_is_named_at_once() -> None:
    """Templates with the place, and nothing is quoted."""
    with pytest.raises(ConfigurationError) as caught:
        webhook(
            url="ftp://x",
            rate_limit=0,
            payload_template={"a": "{{ canary }}", "b": ["{{ event.a }} {{ canary | x }}"]},
            headers={"X-Webhook-Test": "1"},
        )
    assert {problem.path for problem in caught.value.problems} == {
        "url", "rate_limit", "headers", "payload_template.a, character 1", "payload_template.b[0], character 15",
    }  # fmt: skip
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("template", [{"a": object()}, {1: "a"}, b"x", {"a": {"b"}}])
def test_a_template_is_json(template: object) -> None:
    """Nothing else."""
    with pytest.raises(ConfigurationError, match="payload_template: expected any JSON value"):
        webhook(payload_template=template)


def test_a_failing_check_tells_of_an_unchecked_certificate_too() -> None:
    """It is visible in health whatever the answer."""
    for came in (reply(502), TransportError("reset")):
        with pytest.raises(ConnectorError) as caught:
            asyncio.run(webhook(ScriptedHttp([came])).check())
        assert "certificate" not in str(caught.value)
        with pytest.raises(ConnectorError, match="certificate is not checked"):
            asyncio.run(webhook(ScriptedHttp([came]), enable_ssl_verification=False).check())
