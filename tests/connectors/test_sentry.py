"""Sentry: DSNs, envelopes, exceptions, releases and deploys."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.base import (
    AuthenticationError,
    ConfigurationError,
    PermissionDeniedError,
    RateLimitedError,
    RejectedError,
    Request,
)
from integrations_sdk.connectors.sentry import SentryConnector, parse_dsn
from integrations_sdk.connectors.sentry.payloads import (
    environment_name,
    exception_values,
    in_app,
    limited_for,
    release_name,
)
from integrations_sdk.models import Event, OutcomeStatus
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.sentry import SentryStandIn

KEY = "c0ffee00CANARY00dsn00key"
TOKEN = "sntrys_CANARY_token"
DSN = f"https://{KEY}@o7.ingest.us.sentry.io/42"
INGEST = "https://o7.ingest.us.sentry.io"
API = "https://us.sentry.io"
FULL = {"dsn": DSN, "auth_token": TOKEN, "organization": "acme", "project": "web"}
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
PIPELINE = Event(
    id="0194-1",
    type="pipeline",
    source="https://gitlab.example.com/group/app",
    time=NOW - timedelta(minutes=1),
    provider="gitlab",
    project="group/app",
    branch="main",
    status="failed",
    title="Pipeline #31 failed",
    sha="a" * 40,
)
DEPLOYMENT = attrs.evolve(
    PIPELINE,
    type="deployment",
    status="success",
    environment="production",
    url="https://gitlab.example.com/d/1",
)
RELEASE = attrs.evolve(PIPELINE, type="release", status=None, action="created", tag="v1.2.3", url=None)


def make(http: ScriptedHttp, clock: FakeClock | None = None, **more: object) -> SentryConnector:
    return connect(SentryConnector, {"dsn": DSN, **more}, http, clock=clock or FakeClock(NOW))


def against(stand_in: SentryStandIn, **more: object) -> tuple[SentryConnector, ScriptedHttp]:
    http = ScriptedHttp([answered_by(stand_in)])
    return connect(SentryConnector, {**stand_in.config(), **more}, http, clock=FakeClock(NOW)), http


def plain(request: Request) -> Request:
    """The request before compression."""
    if "content-encoding" not in request.headers:
        return request
    headers = {name: value for name, value in request.headers.items() if name != "content-encoding"}
    return attrs.evolve(request, headers=headers, content=gzip.decompress(request.content))


def event_in(request: Request) -> dict[str, object]:
    """The event of an envelope, whose lengths are looked at on the way."""
    head, item_head, payload, rest = plain(request).content.split(b"\n")
    item = json.loads(item_head)
    assert (item["type"], item["length"], rest) == ("event", len(payload), b"")
    event: dict[str, object] = json.loads(payload)
    assert json.loads(head)["event_id"] == event["event_id"]
    return event


def failing() -> None:
    password = "CANARY local variable"  # noqa: F841  # must not be sent
    try:
        int("no number")
    except ValueError as error:
        raise RuntimeError("cannot read") from error


def raised() -> RuntimeError:
    with pytest.raises(RuntimeError) as caught:
        failing()
    return caught.value


@pytest.mark.parametrize(
    ("text", "url", "api"),
    [
        ("https://k@sentry.io/7", "https://sentry.io/api/7/envelope/", "https://sentry.io"),
        ("https://xxx@sentry.io/yyy", "https://sentry.io/api/yyy/envelope/", "https://sentry.io"),
        (DSN, f"{INGEST}/api/42/envelope/", API),
        (
            "https://k@o1.ingest.sentry.io/7",
            "https://o1.ingest.sentry.io/api/7/envelope/",
            "https://sentry.io",
        ),
        (
            "https://k@o1.ingest.de.sentry.io/7",
            "https://o1.ingest.de.sentry.io/api/7/envelope/",
            "https://de.sentry.io",
        ),
        ("http://k@Localhost:9000/7/", "http://localhost:9000/api/7/envelope/", "http://localhost:9000"),
        ("https://k@h.example/a/b/7", "https://h.example/a/b/api/7/envelope/", "https://h.example/a/b"),
        ("http://k@[::1]:80/7", "http://[::1]:80/api/7/envelope/", "http://[::1]:80"),
    ],
)
def test_dsn_says_where_to_go(text: str, url: str, api: str) -> None:
    """Host, port, path prefix and project become the envelope URL; Sentry's own cloud has its API elsewhere."""
    dsn = parse_dsn(text)
    assert (dsn.envelope_url, dsn.api_url) == (url, api)


def test_dsn_of_old_has_a_secret_key() -> None:
    """A secret key is sent along where the DSN has one; neither key is in the representation."""
    dsn = parse_dsn("https://public:hidden@sentry.io/7")
    assert (
        dsn.auth_header("me/1")
        == "Sentry sentry_version=7, sentry_client=me/1, sentry_key=public, sentry_secret=hidden"
    )
    assert "sentry_secret" not in parse_dsn("https://public:@sentry.io/7").auth_header("me/1")
    assert "public" not in repr(dsn)
    assert "hidden" not in repr(dsn)


@pytest.mark.parametrize(
    "text",
    [
        "", "sentry.io/7", "https://sentry.io/7", "https://k@sentry.io/", "https://k@sentry.io", "https://@sentry.io/7",
        "ftp://k@sentry.io/7", "https://k@/7", "https://k@sentry.io:x/7", "https://k@sentry.io/7?x=1",
        "https://k@sentry.io/7\r\nX: y", "https://k k@sentry.io/7", "https://k@sen try.io/7", "https://k@sentry.io/../7#a",
    ],
)  # fmt: skip
def test_what_is_no_dsn_is_refused_without_quoting_it(text: str) -> None:
    """Whatever is not a DSN gets one sentence with an example."""
    with pytest.raises(ValueError, match=r"^a DSN such as https://<key>@o1\.ingest\.sentry\.io/<project>$"):
        parse_dsn(text)


@given(st.text(alphabet="htps:/@.k7 \n[]?#", max_size=30))
def test_dsn_parsing_never_breaks(text: str) -> None:
    """Any text is either a DSN that leads to an http URL, or a `ValueError`."""
    try:
        dsn = parse_dsn(text)
    except ValueError:
        return
    Request(method="POST", url=dsn.envelope_url)


@pytest.mark.contracts
def test_message_conforms(conformity) -> None:
    """A message goes to the envelope endpoint with the DSN's key, its length, environment and release."""
    http = ScriptedHttp([reply(200, {"id": "x"})])
    sentry = make(http, environment="production", release="v1.2.3", tags={"team": "core"})

    outcome = asyncio.run(
        sentry.capture_message("hello", level="warning", tags={"a": "b"}, fingerprint=["f"])
    )

    (request,) = http.requests
    assert (request.method, request.url) == ("POST", f"{INGEST}/api/42/envelope/")
    assert request.headers["content-type"] == "application/x-sentry-envelope"
    assert (
        request.headers["x-sentry-auth"]
        == f"Sentry sentry_version=7, sentry_client=integrations-sdk/1, sentry_key={KEY}"
    )
    event = event_in(request)
    assert event == {
        "event_id": outcome.reference,
        "timestamp": NOW.timestamp(),
        "platform": "python",
        "environment": "production",
        "release": "v1.2.3",
        "message": {"formatted": "hello"},
        "level": "warning",
        "tags": {"team": "core", "a": "b"},
        "fingerprint": ["f"],
    }
    assert http.calls[0].idempotent
    conformity.check("sentry", plain(request), base_url=INGEST)


def test_the_token_is_not_sent_with_events() -> None:
    """Ingestion sees the DSN's key only."""
    stand_in = SentryStandIn()
    sentry, http = against(stand_in)
    asyncio.run(sentry.capture_message("x"))
    assert "authorization" not in http.requests[0].headers


@pytest.mark.contracts
def test_exception_event_conforms_to_the_event_schema(conformity) -> None:
    """An exception is sent with its cause first, its frames in calling order, and neither source nor variables."""
    http = ScriptedHttp([reply(200, {"id": "x"})])

    outcome = asyncio.run(make(http).capture_exception(raised(), tags={"a": "b"}))

    event = event_in(http.requests[0])
    cause, error = event["exception"]["values"]
    assert (cause["type"], "module" in cause, error["type"], error["value"]) == (
        "ValueError",
        False,
        "RuntimeError",
        "cannot read",
    )
    last = error["stacktrace"]["frames"][-1]
    assert (last["function"], last["in_app"]) == ("failing", True)
    assert last["abs_path"].endswith(last["filename"])
    assert last["lineno"] > 1
    assert event["level"] == "error"
    assert b"CANARY local" not in plain(http.requests[0]).content
    assert outcome.reference == event["event_id"]
    stored = Request(
        method="POST",
        url=f"{INGEST}/api/42/store/",
        headers={**plain(http.requests[0]).headers, "content-type": "application/json"},
        content=json.dumps(event).encode(),
    )
    conformity.check("sentry", stored, base_url=INGEST)


def test_exception_chains() -> None:
    """`from None` hides a context, an implicit context shows, a circle ends, and what was not raised has no frames."""

    def chain(raiser) -> list[str]:
        try:
            raiser()
        except Exception as error:  # noqa: BLE001  # a raiser of any
            return [value["type"] for value in exception_values(error)]
        raise AssertionError

    def implicit() -> None:
        try:
            raise KeyError("a")
        except KeyError:
            raise ValueError("b")  # noqa: B904  # its context is implicit on purpose

    def hidden() -> None:
        try:
            raise KeyError("a")
        except KeyError:
            raise ValueError("b") from None

    assert chain(implicit) == ["KeyError", "ValueError"]
    assert chain(hidden) == ["ValueError"]
    first, second = ValueError("1"), KeyError("2")
    first.__cause__, second.__cause__ = second, first
    values = exception_values(first)
    assert [value["type"] for value in values] == ["KeyError", "ValueError"]
    assert "stacktrace" not in values[0]


def test_deep_recursion_keeps_the_innermost_frames() -> None:
    """At most 250 frames are sent, the ones nearest to the error."""

    def dive(depth: int) -> None:
        if depth == 0:
            raise RuntimeError("bottom")
        dive(depth - 1)

    with pytest.raises(RuntimeError) as caught:
        dive(400)
    (value,) = exception_values(caught.value)
    frames = value["stacktrace"]["frames"]
    assert len(frames) == 250
    assert frames[-1]["function"].endswith("dive")


@pytest.mark.parametrize(
    ("path", "own"),
    [
        (__file__, True),
        ("/srv/app/main.py", True),
        (os.__file__, False),
        ("/venv/lib/python3/site-packages/x.py", False),
        ("<frozen importlib>", False),
        ("/usr/lib/python3/dist-packages/y.py", False),
    ],
)
def test_in_app_tells_own_code_from_libraries(path: str, own: bool) -> None:
    """Library and interpreter frames are not the application's."""
    assert in_app(path) is own


def test_failed_pipeline_becomes_one_error() -> None:
    """A failure is an error event whose id and issue follow from the event, so a repetition changes nothing."""
    stand_in = SentryStandIn()
    sentry, _ = against(stand_in, environment="ci")

    outcome = asyncio.run(sentry.handle_event(PIPELINE))
    asyncio.run(sentry.handle_event(PIPELINE))

    (event,) = stand_in.events.values()
    assert list(stand_in.events) == [outcome.reference]
    assert event["level"] == "error"
    assert event["fingerprint"] == ["pipeline", "group/app", "main"]
    assert event["tags"] == {
        "project": "group/app",
        "branch": "main",
        "event.type": "pipeline",
        "source": "gitlab",
    }
    assert event["environment"] == "ci"
    assert event["timestamp"] == PIPELINE.time.timestamp()
    assert event["contexts"]["event"]["sha"] == "a" * 40


def test_failed_deployment_names_its_environment() -> None:
    """The environment of a deployment goes before the configured one."""
    stand_in = SentryStandIn()
    sentry, _ = against(stand_in, environment="ci")
    asyncio.run(sentry.handle_event(attrs.evolve(DEPLOYMENT, status="failed")))
    (event,) = stand_in.events.values()
    assert event["environment"] == "production"
    assert stand_in.releases == {}


def test_successful_deployment_becomes_release_and_deploy() -> None:
    """The commit is the version when there is no tag; the deploy names environment and time."""
    stand_in = SentryStandIn()
    sentry, _ = against(stand_in)

    outcome = asyncio.run(sentry.handle_event(DEPLOYMENT))

    assert outcome.reference == "a" * 40
    assert outcome.operation == "deploys"
    assert list(stand_in.releases) == ["a" * 40]
    (deploy,) = stand_in.deploys
    assert deploy == {
        "environment": "production",
        "projects": ["web"],
        "url": "https://gitlab.example.com/d/1",
        "dateFinished": "2026-01-01T11:59:00Z",
        "release": "a" * 40,
    }


def test_release_event_becomes_a_release() -> None:
    """The tag is the version; an environment is not needed, and an existing release is no error."""
    stand_in = SentryStandIn()
    sentry, _ = against(stand_in)
    first, second = (asyncio.run(sentry.handle_event(RELEASE)) for _ in range(2))
    assert (first.http_status, second.http_status) == (201, 208)
    assert first.reference == "v1.2.3"
    assert stand_in.deploys == []
    assert asyncio.run(sentry.find_release("1.2")) == "v1.2.3"
    assert asyncio.run(sentry.find_release("9")) is None


@pytest.mark.parametrize(
    ("event", "given", "why"),
    [
        (attrs.evolve(PIPELINE, status="success"), {}, "neither a failure nor a release"),
        (attrs.evolve(DEPLOYMENT, status="running"), {}, "neither a failure nor a release"),
        (attrs.evolve(RELEASE, action="deleted"), {}, "neither a failure nor a release"),
        (attrs.evolve(PIPELINE, type="push", status=None), {}, "neither a failure nor a release"),
        (DEPLOYMENT, {"auth_token": None, "organization": None, "project": None}, "no auth_token"),
        (attrs.evolve(RELEASE, tag=None, sha=None), {}, "neither a tag nor a commit"),
    ],
)
def test_other_events_are_skipped(event: Event, given: dict[str, object], why: str) -> None:
    """What is neither a failure nor a release is skipped, saying so, without a request."""
    stand_in = SentryStandIn()
    sentry, http = against(stand_in, **given)
    outcome = asyncio.run(sentry.handle_event(event))
    assert outcome.status is OutcomeStatus.SKIPPED
    assert why in (outcome.detail or "")
    assert http.requests == []


def test_configured_release_and_environment_fill_in() -> None:
    """A deployment that names neither commit nor environment takes the configured ones, and without one ends at the release."""
    stand_in = SentryStandIn()
    bare = attrs.evolve(DEPLOYMENT, sha=None, environment=None)
    sentry, _ = against(stand_in, release="v9", environment="staging")
    asyncio.run(sentry.handle_event(bare))
    assert [deploy["environment"] for deploy in stand_in.deploys] == ["staging"]
    sentry, _ = against(stand_in, release="v10")
    assert asyncio.run(sentry.handle_event(bare)).operation == "releases"


@pytest.mark.contracts
def test_release_and_deploy_conform(conformity) -> None:
    """Both requests of the REST API carry the token and what was given."""
    http = ScriptedHttp([reply(201, {}), reply(201, {})])
    sentry = make(http, **FULL)

    asyncio.run(sentry.create_release("v1", ref="a" * 40, url="https://x.example/r", released=NOW))
    asyncio.run(
        sentry.create_deploy("v 1".replace(" ", "+"), "prod" * 20, name="d" * 70, started=NOW, finished=NOW)
    )

    release, deploy = http.requests
    assert release.url == f"{API}/api/0/organizations/acme/releases/"
    assert release.headers["authorization"] == f"Bearer {TOKEN}"
    assert http.sent(0) == {
        "version": "v1",
        "projects": ["web"],
        "ref": "a" * 40,
        "url": "https://x.example/r",
        "dateReleased": "2026-01-01T12:00:00Z",
    }
    assert deploy.url == f"{API}/api/0/organizations/acme/releases/v%2B1/deploys/"
    assert http.sent(1)["environment"] == ("prod" * 20)[:64]
    assert len(http.sent(1)["name"]) == 64
    assert [call.idempotent for call in http.calls] == [True, False]
    conformity.check("sentry", release, base_url=API)
    conformity.check("sentry", deploy, base_url=API)


def test_releases_need_a_token_and_a_version() -> None:
    """Without a token, and with a version that Sentry refuses, nothing is sent."""
    with pytest.raises(ConfigurationError, match="auth_token: missing; releases need it"):
        asyncio.run(make(ScriptedHttp()).create_release("v1"))
    sentry = make(ScriptedHttp(), **FULL)
    for version in ("a/b", "a\\b", "a b", "", "..", "x" * 201, "Latest"):
        with pytest.raises(ConfigurationError, match="version: expected at most 200 bytes"):
            asyncio.run(sentry.create_release(version))
        with pytest.raises(ConfigurationError):
            asyncio.run(sentry.create_deploy(version, "prod"))


@given(st.text(max_size=300))
def test_release_names_are_stable(text: str) -> None:
    """A cleaned name is one that Sentry accepts, and cleaning it again changes nothing."""
    name = release_name(text)
    if name is not None:
        assert 1 <= len(name.encode()) <= 200
        assert not set(name) & set("/\\\n\t ")
        assert release_name(name) == name


@given(st.text(max_size=100))
def test_environment_names_are_stable(text: str) -> None:
    """Likewise, where spaces are allowed."""
    name = environment_name(text)
    if name is not None:
        assert 1 <= len(name.encode()) <= 64
        assert not set(name) & set("/\\\n\t")
        assert environment_name(name) == name


def test_review_environments_and_odd_tags_are_made_valid() -> None:
    """Sentry drops what it finds invalid: an environment with a slash, a tag without a name, a value of two lines."""
    stand_in = SentryStandIn()
    tags = {"a/b ü": "1\n2", "": "x", "empty": " ", "long": "v" * 300}
    sentry, _ = against(stand_in, environment="review/main", release="Latest", tags=tags)
    review = attrs.evolve(DEPLOYMENT, environment="review/x")
    asyncio.run(sentry.capture_message("x"))
    asyncio.run(sentry.handle_event(attrs.evolve(review, status="failed")))
    asyncio.run(sentry.handle_event(review))
    first, second = stand_in.events.values()
    assert (first["environment"], second["environment"]) == ("review-main", "review-x")
    assert "release" not in first
    assert first["tags"] == {"a-b-": "1 2", "long": "v" * 200}
    assert [deploy["environment"] for deploy in stand_in.deploys] == ["review-x"]
    with pytest.raises(ConfigurationError, match="environment: expected the name of one"):
        asyncio.run(sentry.create_deploy("v1", "None"))


@pytest.mark.contracts
def test_check_leaves_nothing_behind(conformity) -> None:
    """The check sends an empty envelope and reads releases: no event, no release, no deploy."""
    stand_in = SentryStandIn()
    sentry, http = against(stand_in)

    result = asyncio.run(sentry.check())

    assert (stand_in.events, stand_in.releases, stand_in.deploys, stand_in.empty) == ({}, {}, [], 1)
    assert "the token may read releases of acme" in result.detail
    envelope, listing = http.requests
    assert envelope.content.count(b"\n") == 1
    assert listing.method == "GET"
    conformity.check("sentry", envelope, base_url=stand_in.url)
    conformity.check("sentry", listing, base_url=stand_in.url)


def test_check_without_a_token_says_what_it_could_not_see() -> None:
    """With a DSN alone the check tells that the key was not verified."""
    result = asyncio.run(make(ScriptedHttp([reply(200, {})])).check())
    assert "the DSN's key is verified when an event arrives" in result.detail


def test_check_finds_a_wrong_host_and_a_wrong_token() -> None:
    """A web page in place of Sentry, and a refused token, are errors."""
    with pytest.raises(RejectedError, match="a page of HTML instead"):
        asyncio.run(make(ScriptedHttp([reply(200, "<html>")])).check())
    sentry, _ = against(SentryStandIn(), auth_token="other")
    with pytest.raises(AuthenticationError, match="Invalid token"):
        asyncio.run(sentry.check())


def test_rejected_events_mean_a_wrong_dsn() -> None:
    """A key that is not the project's needs another DSN; a token without a right needs the right."""
    stand_in = SentryStandIn()
    sentry, _ = against(stand_in)
    wrong = connect(
        SentryConnector,
        {"dsn": stand_in.config()["dsn"].replace("5e7", "bad")},
        ScriptedHttp([answered_by(stand_in)]),
    )
    with pytest.raises(AuthenticationError, match="is the DSN that of the project") as caught:
        asyncio.run(wrong.capture_message("x"))
    assert caught.value.needs_reauth
    with pytest.raises(PermissionDeniedError, match="You do not have permission"):
        asyncio.run(
            make(
                ScriptedHttp([reply(403, {"detail": "You do not have permission to perform this action."})]),
                **FULL,
            ).create_release("v1")
        )
    assert sentry.dsn.project_id == "42"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", 0),
        ("60:transaction:key, 2700:default;error;security:organization", 2700),
        ("60::organization, 2700::organization", 2700),
        ("2700:metric_bucket:organization:quota_exceeded:custom", 0),
        ("1.5:error:key", 1.5),
        ("soon:error:key, -5:error:key, 10 : error : key", 10),
        ("60", 60),
        ("99999999999:error", 0),
    ],
)
def test_rate_limits_concern_errors_only(header: str, seconds: float) -> None:
    """The header is read as Sentry documents it, and for the kinds of data that are sent here."""
    assert limited_for(header) == seconds


def test_429_is_heeded_until_it_expires() -> None:
    """After a limit nothing is sent until it expires, and each attempt says how long that is."""
    clock = FakeClock(NOW)
    http = ScriptedHttp(
        [reply(429, {"detail": "quota"}, x_sentry_rate_limits="60:error:key"), reply(200, {"id": "x"})]
    )
    sentry = make(http, clock)

    with pytest.raises(RateLimitedError, match="quota") as caught:
        asyncio.run(sentry.capture_message("x"))
    assert caught.value.retry_after == timedelta(seconds=60)
    clock.advance(20)
    with pytest.raises(RateLimitedError, match="asked to send no errors") as caught:
        asyncio.run(sentry.capture_message("x"))
    assert (caught.value.retry_after, caught.value.attempts) == (timedelta(seconds=40), 0)
    assert len(http.requests) == 1
    clock.advance(40)
    assert asyncio.run(sentry.capture_message("x"))


def test_retry_after_goes_before_the_special_header() -> None:
    """`Retry-After` is what the error says when Sentry gives both."""
    http = ScriptedHttp([reply(429, {}, x_sentry_rate_limits="60:error:key", retry_after="90")])
    with pytest.raises(RateLimitedError) as caught:
        asyncio.run(make(http).capture_message("x"))
    assert caught.value.retry_after == timedelta(seconds=90)


def test_a_limit_in_a_good_answer_is_heeded_too() -> None:
    """Sentry may announce a limit with 200; the next event is held back."""
    http = ScriptedHttp([reply(200, {"id": "x"}, x_sentry_rate_limits="5::organization")])
    sentry = make(http)
    assert asyncio.run(sentry.capture_message("x"))
    with pytest.raises(RateLimitedError):
        asyncio.run(sentry.capture_message("x"))


def test_configuration_mistakes_are_named_at_once() -> None:
    """A wrong DSN is not quoted; with a token both slugs are required."""
    with pytest.raises(ConfigurationError) as caught:
        connect(
            SentryConnector,
            {"dsn": f"https://sentry.io/{KEY}", "auth_token": TOKEN, "enviroment": "x"},
            ScriptedHttp(),
        )
    assert {problem.path for problem in caught.value.problems} == {
        "dsn",
        "organization",
        "project",
        "enviroment",
    }
    assert "CANARY" not in str(caught.value)
    assert "did you mean `environment`?" in str(caught.value)


def test_default_subscription() -> None:
    """Pipelines, deployments and releases are wanted unless something else is configured."""
    sentry = make(ScriptedHttp())
    assert [sentry.wants(event) for event in (PIPELINE, DEPLOYMENT, RELEASE)] == [None] * 3
    assert sentry.wants(attrs.evolve(PIPELINE, type="push")) == "not subscribed to push"


def test_large_events_are_compressed() -> None:
    """An envelope of a kilobyte and more goes as gzip, and a text is cut to 8192 characters."""
    stand_in = SentryStandIn()
    sentry, http = against(stand_in)
    asyncio.run(sentry.capture_message("x" * 9000))
    assert http.requests[0].headers["content-encoding"] == "gzip"
    (event,) = stand_in.events.values()
    assert event["message"] == {"formatted": "x" * 8192}


def test_stand_in_refuses_what_sentry_refuses() -> None:
    """Malformed envelopes, missing credentials and fields get Sentry's own errors."""
    stand_in = SentryStandIn()
    answer = answered_by(stand_in)
    auth = {
        "x-sentry-auth": f"Sentry sentry_version=7, sentry_key={stand_in.public_key}",
        "content-type": "application/x-sentry-envelope",
    }
    token = {"authorization": f"Bearer {stand_in.auth_token}"}

    def post(path: str, content: bytes, headers: dict[str, str]) -> int:
        return answer(
            Request(method="POST", url=stand_in.url + path, headers=headers, content=content)
        ).status

    empty = b'{"event_id":"1"}\n'
    assert post("/api/42/envelope/", empty, {}) == 401
    assert post("/api/7/envelope/", empty, auth) == 403
    assert post("/api/42/envelope/", b"", auth) == 400
    assert post("/api/42/envelope/", empty + b'{"type":"event","length":9}\n{}\n', auth) == 400
    assert post("/api/42/envelope/", empty, {**auth, "content-type": "application/json"}) == 415
    releases = "/api/0/organizations/acme/releases/"
    assert post(releases, b"{}", {}) == 401
    assert post(releases, b"{}", token) == 400
    assert post(releases, b'{"version":"1","projects":["x"]}', token) == 400
    assert post(releases + "1/deploys/", b'{"environment":"p"}', token) == 404
    assert post(releases, b'{"version":"1","projects":["web"]}', token) == 201
    assert post(releases + "1/deploys/", b"{}", token) == 400
    assert post(releases + "1/deploys/", b'{"environment":"review/x"}', token) == 400
    stand_in.fail(status=503)
    assert post(releases, b"{}", token) == 503


@pytest.mark.parametrize("given", [{"release": "v1.2.3"}, {}])
def test_the_facade_documents_configurations(given: dict[str, object]) -> None:
    """Both configurations that the facade document shows are complete, its placeholder of a DSN included."""
    config = {"dsn": "https://xxx@sentry.io/yyy", "environment": "production", **given}
    sentry = connect(SentryConnector, config, ScriptedHttp())
    assert sentry.dsn.envelope_url == "https://sentry.io/api/yyy/envelope/"
