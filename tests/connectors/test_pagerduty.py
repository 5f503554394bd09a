"""PagerDuty: what is sent, what comes of it, and what is said when it fails."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import attrs
import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.base import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    Field,
    Level,
    Link,
    Message,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
    Request,
)
from integrations_sdk.connectors.pagerduty import PagerDutyConnector
from integrations_sdk.http.client import HttpClient
from integrations_sdk.models import Event, OutcomeStatus
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.pagerduty import PagerDutyStandIn

T = TypeVar("T")

KEY = "CANARY0routing0key00000000000000"
TOKEN = "CANARY0api0token"
CONFIG = {"routing_key": KEY, "api_token": TOKEN, "from_email": "oncall@company.com"}
EVENTS, API = "https://events.pagerduty.com/v2", "https://api.pagerduty.com"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
ACCEPTED = {"status": "success", "message": "Event processed", "dedup_key": "k-1"}
INCIDENT = {
    "id": "PT4KHLK",
    "title": "Disk full",
    "status": "triggered",
    "html_url": "https://x.pagerduty.com/incidents/PT4KHLK",
}
PIPELINE = Event(
    id="e-1",
    type="pipeline",
    source="https://gitlab.example.com/shop/web",
    time=NOW,
    provider="gitlab",
    project="shop/web",
    branch="main",
    status="failed",
    number=31,
    url="https://gitlab.example.com/shop/web/-/pipelines/31",
)


def make(http: ScriptedHttp, **more: object) -> PagerDutyConnector:
    given = {name: value for name, value in {**CONFIG, **more}.items() if value is not None}
    return connect(PagerDutyConnector, given, http, clock=FakeClock(NOW))


def stood_in(**more: object) -> tuple[PagerDutyConnector, PagerDutyStandIn, ScriptedHttp]:
    stand_in = PagerDutyStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    given = {name: value for name, value in {**stand_in.config(), **more}.items() if value is not None}
    return connect(PagerDutyConnector, given, http, clock=FakeClock(NOW)), stand_in, http


def run(work: Coroutine[object, object, T]) -> T:
    return asyncio.run(work)


def every(items: AsyncIterator[T]) -> list[T]:
    async def collect() -> list[T]:
        return [item async for item in items]

    return asyncio.run(collect())


# --- configuration -----------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"routing_key": None, "api_token": None}, "routing_key"),
        ({"routing_key": "two\nlines"}, "routing_key"),
        ({"region": "asia"}, "region"),
        ({"token_type": "basic"}, "token_type"),
        ({"severities": {"error": "fatal"}}, "severities"),
        ({"severities": {"fatal": "critical"}}, "severities"),
        ({"events_url": "events.pagerduty.com"}, "events_url"),
        ({"routing_kye": "x"}, "routing_kye"),
    ],
)
def test_a_wrong_configuration_names_the_field(wrong: dict[str, object], path: str) -> None:
    """Each mistake is reported under its field, and no key is quoted."""
    with pytest.raises(ConfigurationError) as caught:
        make(ScriptedHttp(), **wrong)
    assert [problem.path for problem in caught.value.problems] == [path]
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "events", "api"),
    [
        ({}, "https://events.pagerduty.com", "https://api.pagerduty.com"),
        ({"region": "eu"}, "https://events.eu.pagerduty.com", "https://api.eu.pagerduty.com"),
        ({"events_url": "https://events.pagerduty.com/v2/enqueue"}, "https://events.pagerduty.com", API),
        (
            {"events_url": "https://p.example/pd/", "api_url": "https://p.example/"},
            "https://p.example/pd",
            "https://p.example",
        ),
    ],
)
def test_regions_and_urls_of_ones_own(given: dict[str, object], events: str, api: str) -> None:
    """https://support.pagerduty.com/main/docs/service-regions; the playbook's URL with its path works too."""
    pagerduty = make(ScriptedHttp(), **given)
    assert (pagerduty.config.events_root, pagerduty.base_url) == (events, api)


def test_the_playbooks_variables_are_enough() -> None:
    """PAGERDUTY_KEY is the integration key, PAGERDUTY_URL the address that is posted to."""
    environment = PagerDutyConnector.environment
    assert (environment["PAGERDUTY_KEY"], environment["PAGERDUTY_URL"]) == ("routing_key", "events_url")
    connect(PagerDutyConnector, {"integration_key": KEY}, ScriptedHttp())


# --- alerts ------------------------------------------------------------------


@pytest.mark.contracts
def test_a_message_triggers_an_alert(conformity) -> None:
    """Summary, severity, facts and links go to the Events API; the answer's key is the reference."""
    http = ScriptedHttp([reply(202, ACCEPTED, x_request_id="r-1")])
    message = Message(
        title="Disk full",
        text="99 % used",
        level=Level.ERROR,
        url="https://mon.example/1",
        footer="shop/web",
        fields=(Field(name="Host", value="db-1"),),
        links=(Link(label="Graph", url="https://mon.example/g"),),
        key="disk:db-1",
    )
    outcome = run(make(http).notify(message))
    (request,) = http.requests
    assert request.url == f"{EVENTS}/enqueue"
    assert http.sent() == {
        "routing_key": KEY,
        "event_action": "trigger",
        "dedup_key": "disk:db-1",
        "payload": {
            "summary": "Disk full",
            "source": "shop/web",
            "severity": "error",
            "timestamp": "2026-01-01T12:00:00Z",
            "custom_details": {"text": "99 % used", "footer": "shop/web", "Host": "db-1"},
        },
        "links": [
            {"href": "https://mon.example/1", "text": "Details"},
            {"href": "https://mon.example/g", "text": "Graph"},
        ],
    }
    assert (outcome.reference, outcome.request_id, outcome.http_status) == ("k-1", "r-1", 202)
    assert "authorization" not in request.headers, "the key in the body is the whole authority"
    assert http.calls[0].idempotent, "the key makes a repetition the same alert"
    conformity.check("pagerduty_events", request, base_url=EVENTS)


def test_every_alert_has_a_key_of_its_own() -> None:
    """Without a key one is made, so that repeating an unanswered request makes no second alert."""
    http = ScriptedHttp([reply(202, {"status": "success"})])
    pagerduty = make(http)
    first, second = (run(pagerduty.notify(Message(text="x"))) for _ in range(2))
    assert first.reference == http.sent(0)["dedup_key"]
    assert first.reference != second.reference


@pytest.mark.parametrize(
    ("level", "configured", "severity"),
    [
        (Level.ERROR, {}, "error"),
        (Level.ERROR, {"error": "critical"}, "critical"),
        (Level.WARNING, {"error": "critical"}, "warning"),
        (Level.INFO, {}, "info"),
    ],
)
def test_the_level_is_the_severity(level: Level, configured: dict[str, str], severity: str) -> None:
    """As it is, or as configured."""
    _, stand_in, _ = sent = stood_in(severities=configured)
    run(sent[0].notify(Message(text="x", level=level, key="k")))
    assert stand_in.alerts["k"]["payload"]["severity"] == severity


def test_good_news_resolve() -> None:
    """A message of the level `success` resolves what has its key; without a key there is nothing to resolve."""
    pagerduty, stand_in, http = stood_in()
    run(pagerduty.notify(Message(text="down", level=Level.ERROR, key="db")))
    outcome = run(pagerduty.notify(Message(text="up", level=Level.SUCCESS, key="db")))
    assert stand_in.alerts["db"]["status"] == "resolved"
    assert (outcome.reference, outcome.detail) == ("db", "resolve accepted")
    skipped = run(pagerduty.notify(Message(text="up", level=Level.SUCCESS)))
    assert skipped.status is OutcomeStatus.SKIPPED
    assert len(http.requests) == 2


@pytest.mark.contracts
def test_an_alert_through_its_life(conformity) -> None:
    """Trigger, acknowledge and resolve by one key; a key of more than 255 characters is hashed alike each time."""
    http = ScriptedHttp([reply(202, ACCEPTED)])
    pagerduty, key = make(http), "k" * 300

    async def live() -> None:
        await pagerduty.trigger_alert(
            "x" * 2000, severity="critical", dedup_key=key, details={"when": NOW}, fields={"client": "shop"}
        )
        await pagerduty.acknowledge_alert(key)
        await pagerduty.resolve_alert(key)

    run(live())
    assert [http.sent(i)["event_action"] for i in range(3)] == ["trigger", "acknowledge", "resolve"]
    assert len({http.sent(i)["dedup_key"] for i in range(3)}) == 1
    assert len(http.sent(0)["dedup_key"]) <= 255
    assert len(http.sent(0)["payload"]["summary"]) == 1024
    assert http.sent(0)["payload"]["custom_details"] == {"when": "2026-01-01T12:00:00Z"}
    assert http.sent(0)["client"] == "shop"
    for request in http.requests:
        conformity.check("pagerduty_events", request, base_url=EVENTS)


def test_a_severity_that_pagerduty_lacks_is_refused() -> None:
    """Before anything is sent."""
    with pytest.raises(ConfigurationError, match="expected one of critical, error, warning, info"):
        run(make(ScriptedHttp()).trigger_alert("x", severity="fatal"))


@pytest.mark.contracts
def test_a_change_is_recorded(conformity) -> None:
    """Changes go to their own endpoint, and are not repeated after an answer that was lost."""
    http = ScriptedHttp([reply(202, {"status": "success"})])
    outcome = run(
        make(http).send_change(
            "Deployed 1.2", details={"by": "ada"}, fields={"links": [{"href": "https://x.example"}]}
        )
    )
    assert outcome.operation == "change.enqueue"
    assert http.sent()["payload"] == {
        "summary": "Deployed 1.2",
        "source": "integrations-sdk",
        "timestamp": "2026-01-01T12:00:00Z",
        "custom_details": {"by": "ada"},
    }
    assert not http.calls[0].idempotent
    conformity.check("pagerduty_events", http.requests[0], base_url=EVENTS)


# --- events ------------------------------------------------------------------


def test_a_failed_pipeline_pages_and_the_next_good_one_resolves() -> None:
    """Both are the same alert, for they are of one branch; what runs concerns nobody on call."""
    pagerduty, stand_in, _ = stood_in()
    running = run(pagerduty.handle_event(attrs.evolve(PIPELINE, status="running")))
    failed = run(pagerduty.handle_event(PIPELINE))
    passed = run(pagerduty.handle_event(attrs.evolve(PIPELINE, status="success", number=32)))
    assert running.status is OutcomeStatus.SKIPPED
    assert failed.reference == passed.reference == "gitlab:shop/web:pipeline:main"
    assert [one["status"] for one in stand_in.alerts.values()] == ["resolved"]
    assert stand_in.changes == []


@pytest.mark.parametrize(
    ("fields", "changes"),
    [
        ({"type": "push", "status": None}, 1),
        ({"type": "release", "status": None}, 1),
        ({"type": "merge_request", "status": None, "action": "merged"}, 1),
        ({"type": "merge_request", "status": None, "action": "opened"}, 0),
        ({"type": "deployment", "status": "success", "environment": "production"}, 1),
        ({"type": "deployment", "status": "failed", "environment": "production"}, 0),
    ],
)
def test_changes_are_recorded_where_configured(fields: dict[str, object], changes: int) -> None:
    """What was pushed, merged, released or deployed; nothing of it without `change_events`."""
    event = attrs.evolve(PIPELINE, **fields)
    for switch, expected in ((True, changes), (False, 0)):
        pagerduty, stand_in, _ = stood_in(change_events=switch)
        run(pagerduty.handle_event(event))
        assert len(stand_in.changes) == expected


def test_it_acts_on_pipelines_and_deployments_unless_told_otherwise() -> None:
    """Nobody is to be paged by an issue."""
    pagerduty = make(ScriptedHttp())
    assert pagerduty.wants(PIPELINE) is None
    assert pagerduty.wants(attrs.evolve(PIPELINE, type="issue"))


# --- incidents ----------------------------------------------------------------


@pytest.mark.contracts
def test_incidents_are_created_changed_and_noted_on(conformity) -> None:
    """Each request carries the token, the version and on whose behalf it is."""
    http = ScriptedHttp([reply(201, {"incident": INCIDENT})])
    pagerduty = make(http)

    async def work() -> None:
        made = await pagerduty.create_incident("Disk full", "PWIXJZS", key="k", urgency="high")
        assert (made.reference, made.url, made.detail) == ("PT4KHLK", INCIDENT["html_url"], "triggered")
        await pagerduty.update_incident("PT4KHLK", status="resolved", resolution="cleaned")
        http.answers = [reply(201, {"note": {"id": "PWL7QXS", "content": "looking"}})]
        assert (await pagerduty.add_note("PT4KHLK", "looking")).reference == "PWL7QXS"
        http.answers = [reply(200, {"incident": INCIDENT})]
        assert (await pagerduty.get_incident("PT4KHLK")).status == "triggered"

    run(work())
    assert [(request.method, request.url.removeprefix(API)) for request in http.requests] == [
        ("POST", "/incidents"),
        ("PUT", "/incidents/PT4KHLK"),
        ("POST", "/incidents/PT4KHLK/notes"),
        ("GET", "/incidents/PT4KHLK"),
    ]
    assert http.sent(0)["incident"]["service"] == {"id": "PWIXJZS", "type": "service_reference"}
    for request in http.requests:
        assert request.headers["authorization"] == f"Token token={TOKEN}"
        assert request.headers["accept"] == "application/vnd.pagerduty+json;version=2"
        assert (request.headers.get("from") == "oncall@company.com") is (request.method != "GET")
        conformity.check("pagerduty", request, base_url=API)
    assert [call.idempotent for call in http.calls] == [True, True, False, True]


def test_an_incidents_details_are_text() -> None:
    """As in the example of the documentation, though the schema beside it says `object`.

    Source: https://developer.pagerduty.com/api-reference/a7d81b0e9200f-create-an-incident.
    """
    pagerduty, stand_in, _ = stood_in()
    made = run(pagerduty.create_incident("Disk full", "PWIXJZS", details="It is."))
    assert stand_in.incidents[str(made.reference)]["body"] == {"type": "incident_body", "details": "It is."}


@pytest.mark.contracts
def test_incidents_come_page_by_page(conformity) -> None:
    """The next page is asked for where the one before ended, filters kept."""
    pages = [
        reply(200, {"incidents": [INCIDENT, INCIDENT], "offset": 0, "limit": 2, "more": True}),
        reply(200, {"incidents": [INCIDENT], "offset": 2, "limit": 2, "more": False}),
    ]
    http = ScriptedHttp(pages)
    found = every(
        make(http).list_incidents(
            statuses=["triggered", "acknowledged"], since="2026-01-01T00:00:00Z", team_ids=["P1"]
        )
    )
    assert [one.reference for one in found] == ["PT4KHLK"] * 3
    assert "offset=2" in http.requests[1].url
    for request in http.requests:
        assert "statuses%5B%5D=triggered&statuses%5B%5D=acknowledged" in request.url
        conformity.check("pagerduty", request, base_url=API)


def test_the_stand_in_pages_as_pagerduty_does() -> None:
    """Over 250 incidents: three requests, each one once."""
    pagerduty, stand_in, http = stood_in()
    stand_in.incidents = {f"P{n}": {"id": f"P{n}", "status": "triggered"} for n in range(250)}
    assert len({one.reference for one in every(pagerduty.list_incidents())}) == 250
    assert len(http.requests) == 3


def test_an_oauth_token_goes_as_bearer() -> None:
    """https://developer.pagerduty.com/docs/authentication."""
    http = ScriptedHttp([reply(200, {"incident": INCIDENT})])
    run(make(http, token_type="bearer").get_incident("PT4KHLK"))
    assert http.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_what_is_not_configured_is_named() -> None:
    """Alerts without a routing key and incidents without a token say which field they need."""
    with pytest.raises(ConfigurationError, match="routing_key: missing"):
        run(make(ScriptedHttp(), routing_key=None).resolve_alert("k"))
    with pytest.raises(ConfigurationError, match="api_token: missing"):
        run(make(ScriptedHttp(), api_token=None).get_incident("P1"))


# --- the check -----------------------------------------------------------------


@pytest.mark.parametrize("given", [{}, {"api_token": None}, {"routing_key": None}])
def test_the_check_has_no_effect(given: dict[str, object]) -> None:
    """Neither alert nor change nor incident comes of it; what the key alone cannot show is said."""
    pagerduty, stand_in, _ = stood_in(**given)
    found = run(pagerduty.check())
    assert (stand_in.alerts, stand_in.changes, stand_in.incidents) == ({}, [], {})
    assert bool(found.warnings) is (given == {"api_token": None})


def test_the_check_finds_wrong_credentials() -> None:
    """A token that is refused, and a key that PagerDuty calls wrong."""
    pagerduty, _, _ = stood_in(api_token="other")
    with pytest.raises(AuthenticationError, match="Unauthorized"):
        run(pagerduty.check())
    pagerduty, _, _ = stood_in(routing_key="short", api_token=None)
    with pytest.raises(AuthenticationError, match="should be 32 characters"):
        run(pagerduty.check())


# --- errors --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RejectedError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, RejectedError),
        (429, RateLimitedError),
        (500, ProviderUnavailableError),
    ],
)
def test_errors_carry_pagerdutys_words(status: int, kind: type[ConnectorError]) -> None:
    """Message, details, code and request id; nothing secret that it echoes.

    Source: https://developer.pagerduty.com/docs/errors.
    """
    body = {"error": {"message": "Invalid Input Provided", "code": 2001, "errors": [f"Bad {TOKEN}"]}}
    http = ScriptedHttp([reply(status, body, x_request_id="r-9")])
    with pytest.raises(kind) as caught:
        run(make(http).update_incident("P1", status="resolved"))
    error = caught.value
    assert "Invalid Input Provided" in error.message
    assert (error.status, error.code, error.request_id, error.operation) == (
        status,
        "2001",
        "r-9",
        "updateIncident",
    )
    assert "CANARY" not in "".join(traceback.format_exception(error)) + repr(error)


def test_the_events_api_says_everything_that_is_wrong() -> None:
    """Its errors have another shape: `errors` beside `message`."""
    pagerduty, stand_in, _ = stood_in(routing_key="x" * 32)
    with pytest.raises(RejectedError, match="Event object is invalid; Invalid routing key"):
        run(pagerduty.trigger_alert("x"))
    assert len(stand_in.refused) == 1


def test_a_refusal_for_too_many_requests_is_obeyed() -> None:
    """429 with `ratelimit-reset` is waited out: https://support.pagerduty.com/main/docs/rest-api-rate-limits."""
    stand_in, clock = PagerDutyStandIn(), FakeClock(NOW)
    answer = answered_by(stand_in)

    class Wire:
        async def send(self, request: Request) -> object:
            return answer(request)

        async def close(self) -> None: ...

    stand_in.fail(status=429, headers={"ratelimit-remaining": "0", "ratelimit-reset": "7"})
    pagerduty = connect(PagerDutyConnector, stand_in.config(), ScriptedHttp(), clock=clock)
    pagerduty.context = attrs.evolve(pagerduty.context, http=HttpClient(Wire(), clock, random=lambda: 0.0))
    began = clock.now()
    outcome = run(pagerduty.trigger_alert("x"))
    assert outcome.attempts == 2
    assert clock.now() - began >= timedelta(seconds=7)


def test_the_stand_in_refuses_what_pagerduty_refuses() -> None:
    """Missing fields, wrong severities, unknown incidents, a second incident of a key, nobody in `From`."""
    pagerduty, stand_in, _ = stood_in()
    answer = answered_by(stand_in)

    def post(path: str, content: object, method: str = "POST", **headers: str) -> int:
        sent = {"authorization": f"Token token={stand_in.api_token}", "from": stand_in.user, **headers}
        return answer(
            Request(
                method=method, url=stand_in.url + path, headers=sent, content=json.dumps(content).encode()
            )
        ).status

    key = {"routing_key": stand_in.routing_key}
    assert post("/v2/enqueue", {**key, "event_action": "trigger", "payload": {"summary": "x"}}) == 400
    assert (
        post(
            "/v2/enqueue",
            {**key, "event_action": "trigger", "payload": {"summary": "x", "source": "s", "severity": "bad"}},
        )
        == 400
    )
    assert post("/v2/enqueue", {**key, "event_action": "resolve"}) == 400
    assert post("/v2/change/enqueue", key) == 400
    assert post("/incidents", {"incident": {"title": "x"}}) == 400
    made = {"incident": {"title": "x", "service": {"id": "P"}, "incident_key": "k"}}
    assert post("/incidents", made, **{"from": "nobody@x.example"}) == 400
    assert [post("/incidents", made) for _ in range(2)] == [201, 400]
    assert post("/incidents/none", {}, "PUT") == 404
    assert post("/incidents/PT4KHL1", {"incident": {"type": "incident", "status": "lost"}}, "PUT") == 400
    assert post("/incidents/none/notes", {}) == post("/incidents/none", {}, "GET") == 404
    assert post("/incidents/PT4KHL1/notes", {"note": {}}) == 400
    assert post("/incidents?offset=9990&limit=100", None, "GET") == 400
    run(pagerduty.acknowledge_alert("never triggered"))
    assert stand_in.alerts == {}
