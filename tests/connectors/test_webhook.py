"""Webhooks: what is sent, how it is signed, what is shown, and what is refused."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.directory import split_config
from integrations_sdk.connectors.webhook import WebhookConnector
from integrations_sdk.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    ProviderUnavailableError,
    RejectedError,
)
from integrations_sdk.models import MASK, Event, Secret
from integrations_sdk.signing import generate_key_pair, verify
from integrations_sdk.testing.fakes import ScriptedHttp, connect, reply

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
    duration=timedelta(seconds=63),
    data={"object_kind": "pipeline", "object_attributes": {"id": 7}},
)


def webhook(http: ScriptedHttp | None = None, **given: object) -> WebhookConnector:
    """A connector; to `URL` unless something else is given."""
    where = {} if "url" in given or "secret_url" in given else {"url": URL}
    return connect(
        WebhookConnector, {**where, **given}, http or ScriptedHttp([reply(200)]), clock=FakeClock(NOW)
    )


def sent(**given: object) -> dict[str, str]:
    """The headers of one call."""
    http = ScriptedHttp([reply(200)])
    payload = {"event_type": "pipeline", "status": "success"}
    asyncio.run(webhook(http, **given).send_payload(payload, event_type="merge_request", delivery_id="msg-1"))
    return dict(http.requests[0].headers)


# --- what is sent -----------------------------------------------------------------


def test_a_payload_is_posted_as_it_is() -> None:
    """Compact JSON, and the delivery's id as the outcome's reference."""
    http = ScriptedHttp([reply(204, x_request_id="r-1")])
    connector = webhook(http, secret_token="my-secret", events=["pipeline"], enable_ssl_verification=True)
    outcome = asyncio.run(connector.send_payload({"event_type": "pipeline", "n": 1}, event_type="pipeline"))
    request = http.requests[0]
    assert (request.method, request.url) == ("POST", URL)
    assert request.content == b'{"event_type":"pipeline","n":1}'
    assert request.headers["content-type"] == "application/json"
    assert outcome.reference == request.headers["webhook-id"]
    assert (outcome.operation, outcome.http_status, outcome.request_id) == ("webhook.send", 204, "r-1")
    assert http.calls[0].idempotent is True


def test_gitlabs_headers_are_sent_by_default() -> None:
    """Beside those of Standard Webhooks; a plain token as GitLab sends it."""
    headers = sent(secret_token="my-secret")
    assert headers["x-gitlab-token"] == "my-secret"
    assert headers["x-gitlab-event"] == "Merge Request Hook"
    assert headers["idempotency-key"] == headers["x-gitlab-event-uuid"] == headers["webhook-id"] == "msg-1"
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert headers["webhook-signature"].startswith("v1,")


def test_a_signing_secret_is_never_sent() -> None:
    """`whsec_…` signs, as GitLab's signing tokens do."""
    headers = sent(secret_token=SIGNING)
    assert "x-gitlab-token" not in headers
    assert "webhook-signature" in headers
    assert SIGNING not in str(headers)


@pytest.mark.parametrize(("until", "both"), [(None, True), (NOW + timedelta(seconds=1), True), (NOW, False)])
def test_a_previous_secret_signs_too_until_its_time(until: datetime | None, both: bool) -> None:
    """Or until it is taken away, where no time is given."""
    headers = sent(secret_token=SIGNING, previous_secret_token="old", previous_until=until)
    assert len(headers["webhook-signature"].split(" ")) == 1 + both
    assert headers.get("x-gitlab-token") == ("old" if both else None)


def test_a_key_pair_signs_beside_a_secret_or_alone() -> None:
    """With `v1a`; it is shown nowhere, and alone it is enough for the check."""
    pair = generate_key_pair()
    private = pair.private_key.reveal()
    for given, versions in (({"secret_token": SIGNING}, ["v1", "v1a"]), ({}, ["v1a"])):
        headers = sent(private_key=private, **given)
        assert [part.split(",")[0] for part in headers["webhook-signature"].split(" ")] == versions
        assert private.removeprefix("whsk_") not in str(headers)
    connector = webhook(private_key=private)
    assert private not in repr(connector.config)
    assert asyncio.run(connector.check()).warnings == ()


def test_githubs_headers_are_sent_under_its_profile() -> None:
    """With GitHub's signature and GitHub's name of the event."""
    headers = sent(secret_token="my-secret", profile="github")
    body = b'{"event_type":"pipeline","status":"success"}'
    expected = hmac.new(b"my-secret", body, hashlib.sha256).hexdigest()
    assert headers["x-hub-signature-256"] == f"sha256={expected}"
    assert (headers["x-github-event"], headers["x-github-delivery"]) == ("pull_request", "msg-1")
    assert not [name for name in headers if name.startswith("x-gitlab")]


def test_the_standard_profile_sends_nothing_else() -> None:
    """Id, time, signature."""
    headers = sent(secret_token="my-secret", profile="standard")
    assert set(headers) == {
        "accept", "content-type", "webhook-id", "webhook-timestamp", "webhook-signature",
    }  # fmt: skip


@pytest.mark.parametrize("source", ["standard_webhooks", "gitlab", "github"])
@pytest.mark.parametrize("secret", [SIGNING, "my-secret"])
def test_our_own_verification_accepts_what_is_sent(source: str, secret: str) -> None:
    """For each scheme that the profile sends."""
    http = ScriptedHttp([reply(200)])
    profile = "standard" if source == "standard_webhooks" else source
    asyncio.run(webhook(http, secret_token=secret, profile=profile).send_event(EVENT))
    request = http.requests[0]
    verify(source, request.headers, request.content, [Secret(secret)], now=NOW)


@pytest.mark.contracts
def test_what_accepts_the_official_test_vector_accepts_our_calls(payloads: Path) -> None:
    """With Standard Webhooks' own body, id, time and secret; only its JSON is not as compact."""
    folder = payloads / "standard_webhooks"
    expected = json.loads((folder / "_headers.json").read_text())["test_vector"]
    moment = datetime.fromtimestamp(int(expected["webhook-timestamp"]), UTC)
    http = ScriptedHttp([reply(200)])
    given = {"url": URL, "secret_token": SIGNING, "profile": "standard"}
    connector = connect(WebhookConnector, given, http, clock=FakeClock(moment))
    body = (folder / "test_vector.json").read_bytes()
    verify("standard_webhooks", expected, body, [Secret(SIGNING)], now=moment)
    asyncio.run(connector.send_payload(json.loads(body), delivery_id=expected["webhook-id"]))
    request = http.requests[0]
    assert json.loads(request.content) == json.loads(body)
    verify("standard_webhooks", request.headers, request.content, [Secret(SIGNING)], now=moment)


def test_calls_without_a_secret_still_carry_id_and_time() -> None:
    """So that receivers can drop repeated ones."""
    headers = sent()
    assert {"webhook-id", "webhook-timestamp"} <= set(headers)
    assert not {"webhook-signature", "x-gitlab-token"} & set(headers)


def test_further_headers_and_credentials_are_sent() -> None:
    """The credentials under the header of one's choice, and not with a check."""
    http = ScriptedHttp([reply(200)])
    connector = webhook(http, headers={"X-Team": "a"}, auth_header="X-Api-Key", auth_value="key-1")
    asyncio.run(connector.send_payload({}))
    asyncio.run(connector.check())
    assert (http.requests[0].headers["X-Team"], http.requests[0].headers["x-api-key"]) == ("a", "key-1")
    assert "x-api-key" not in http.requests[1].headers


def test_the_configured_timeout_and_certificate_are_used() -> None:
    """The deadline leaves room for one whole answer."""
    http = ScriptedHttp([reply(200)])
    asyncio.run(webhook(http, timeout=60, client_certificate="/etc/c.pem", verify_ssl=False).send_payload({}))
    request = http.requests[0]
    assert request.read_timeout == 60
    assert http.calls[0].retry.deadline == timedelta(seconds=65)
    assert (request.connection.client_certificate, request.connection.verify) == ("/etc/c.pem", False)


# --- events -----------------------------------------------------------------------


def test_an_event_of_the_profiles_own_sender_is_passed_on_unchanged() -> None:
    """Under the event's id, so that the same event is one delivery."""
    http = ScriptedHttp([reply(200)])
    outcome = asyncio.run(webhook(http).handle_event(EVENT))
    assert http.sent() == EVENT.data
    assert http.requests[0].headers["x-gitlab-event"] == "Pipeline Hook"
    assert outcome.reference == EVENT.id


@pytest.mark.parametrize("profile", ["github", "standard"])
def test_any_other_event_is_sent_as_it_was_read(profile: str) -> None:
    """Standard Webhooks wants it below `data`, beside type and time."""
    http = ScriptedHttp([reply(200)])
    asyncio.run(webhook(http, profile=profile).send_event(EVENT))
    body: Any = http.sent()
    if profile == "standard":
        assert (body["type"], body["timestamp"]) == ("pipeline", "2026-01-01T00:00:00Z")
        body = body["data"]
    assert (body["id"], body["status"], body["duration"]) == ("0198-event", "failed", 63.0)


# --- configuration ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"url": "api.example.com"}, "url"),
        ({"url": "ftp://example.com"}, "url"),
        ({"url": "https://user:canary@example.com"}, "url"),
        ({"url": "https://example.com/\r\nX: y"}, "url"),
        ({"secret_url": "example.com"}, "secret_url"),
        ({"secret_token": "a\nb"}, "secret_token"),
        ({"secret_token": "schlüssel"}, "secret_token"),
        ({"secret_token": "whsec_no base64"}, "secret_token"),
        ({"secret_token": "whsec_ca-nary"}, "secret_token"),
        ({"secret_token": "whsk_canary"}, "secret_token"),
        ({"secret_token": "whpk_canary"}, "secret_token"),
        ({"secret_token": "a", "previous_secret_token": "whsk_canary"}, "previous_secret_token"),
        ({"previous_secret_token": "canary"}, "secret_token"),
        ({"private_key": "canary"}, "private_key"),
        ({"private_key": "whsk_canary"}, "private_key"),
        ({"private_key": SIGNING}, "private_key"),
        ({"profile": "gitea"}, "profile"),
        ({"headers": {"X-A": "a\r\nX-B: b"}}, "headers"),
        ({"headers": {"X A": "a"}}, "headers"),
        ({"headers": {"Webhook-Id": "a"}}, "headers"),
        ({"headers": {"Host": "a"}}, "headers"),
        ({"headers": {"Authorization": "Bearer canary"}}, "headers"),
        ({"headers": {"X-Api-Key": "canary"}}, "headers"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": 301}, "timeout"),
        ({"auth_header": "X Y\n"}, "auth_header"),
        ({"secret_tokn": "x"}, "secret_tokn"),
    ],
)
def test_every_mistake_is_named_and_no_value_is_quoted(given: dict[str, object], path: str) -> None:
    """With its path."""
    with pytest.raises(ConfigurationError) as caught:
        webhook(**given)
    assert path in {problem.path for problem in caught.value.problems}
    assert "canary" not in str(caught.value)


def test_a_url_is_needed() -> None:
    """One or the other."""
    with pytest.raises(ConfigurationError, match="url: missing"):
        connect(WebhookConnector, {"events": ["push"]}, ScriptedHttp())


def test_the_query_of_a_url_is_kept_as_a_secret() -> None:
    """It is sent, and shown nowhere; what is stored gives the same configuration again."""
    http = ScriptedHttp([reply(200)])
    connector = webhook(http, url=f"{URL}?token=canary")
    visible, secrets = split_config(connector.config)
    assert (visible["url"], visible["secret_url"]) == (URL, MASK)
    assert "canary" not in repr(connector.config) + str(visible)
    again = webhook(http, **{**visible, **secrets})
    asyncio.run(again.send_payload({}))
    assert http.requests[0].url == f"{URL}?token=canary"


def test_the_query_of_an_earlier_url_does_not_go_to_a_new_one() -> None:
    """An update of `url` alone leaves the secret behind."""
    http = ScriptedHttp([reply(200)])
    moved = webhook(http, url="https://other.example.com/hook", secret_url=f"{URL}?token=canary")
    asyncio.run(moved.send_payload({}))
    assert http.requests[0].url == "https://other.example.com/hook"
    assert moved.config.secret_url is None


def test_a_url_can_be_secret_as_a_whole() -> None:
    """Given as a value or as a reference, which is resolved before use."""
    http = ScriptedHttp([reply(200)])
    connector = webhook(http, secret_url="https://hooks.example.com/canary")
    asyncio.run(connector.send_payload({}))
    assert http.requests[0].url == "https://hooks.example.com/canary"
    assert connector.config.url == ""
    reference = webhook(url=URL, secret_url="env:HOOK_URL").config.secret_url
    assert reference is not None
    assert reference.is_reference


# --- answers ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, AuthenticationError),
        (302, RejectedError),
        (400, RejectedError),
        (503, ProviderUnavailableError),
    ],
)
def test_an_answer_other_than_2xx_is_an_error(status: int, kind: type[ConnectorError]) -> None:
    """In the receiver's own words."""
    with pytest.raises(kind):
        asyncio.run(webhook(ScriptedHttp([reply(status, {"error": "no"})])).send_payload({}))


@pytest.mark.parametrize("payload", [{"when": object()}, {"n": float("nan")}, {"n": float("inf")}])
def test_what_json_cannot_hold_is_refused_before_sending(payload: dict[str, object]) -> None:
    """Nothing leaves."""
    http = ScriptedHttp([reply(200)])
    with pytest.raises(ConfigurationError, match="JSON"):
        asyncio.run(webhook(http).send_payload(payload))
    assert http.requests == []


@pytest.mark.parametrize("secret", [None, "my-secret"])
def test_an_id_that_would_inject_a_header_is_refused(secret: str | None) -> None:
    """With and without a signature over it."""
    with pytest.raises(ConfigurationError):
        asyncio.run(webhook(secret_token=secret).send_payload({}, delivery_id="a\r\nX-B: b"))


@pytest.mark.parametrize(
    ("given", "status", "doubts"),
    [
        ({"secret_token": "s"}, 405, []),
        ({}, 200, ["not signed"]),
        ({"url": "http://example.com/h", "secret_token": "s"}, 200, ["http is readable"]),
        ({"url": "http://127.0.0.1:1/h", "secret_token": "s"}, 200, []),
        ({"verify_ssl": False, "secret_token": "s"}, 401, ["certificate is not checked"]),
        ({"secret_token": "s"}, 301, ["redirects"]),
        ({"secret_token": "s"}, 404, ["check the URL"]),
    ],
)
def test_the_check_has_no_effect_and_tells_of_doubts(
    given: dict[str, object], status: int, doubts: list[str]
) -> None:
    """HEAD, without body or proof; any answer below 500 will do."""
    http = ScriptedHttp([reply(status)])
    found = asyncio.run(webhook(http, **given).check())
    assert (http.requests[0].method, http.requests[0].content) == ("HEAD", b"")
    assert not [name for name in http.requests[0].headers if name.startswith(("webhook", "x-gitlab"))]
    assert len(found.warnings) == len(doubts)
    assert all(doubt in warning for doubt, warning in zip(doubts, found.warnings, strict=True))


def test_the_check_fails_when_the_server_does() -> None:
    """5xx is no answer to rely on."""
    with pytest.raises(ProviderUnavailableError):
        asyncio.run(webhook(ScriptedHttp([reply(502)])).check())


def test_no_secret_is_in_an_error_or_a_repr() -> None:
    """Not even when the receiver echoes it."""
    secrets = {
        "secret_token": "canary-token",
        "auth_value": "Bearer canary-auth",
        "url": f"{URL}?t=canary-query",
    }
    echo = reply(400, "bad canary-token and Bearer canary-auth at " + secrets["url"])
    connector = webhook(ScriptedHttp([echo]), **secrets)
    try:
        asyncio.run(connector.send_payload({}))
    except ConnectorError:
        shown = traceback.format_exc() + repr(connector.config)
    assert "canary" not in shown
