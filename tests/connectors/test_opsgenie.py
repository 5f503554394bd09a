"""Opsgenie: what is sent, what became of it, and what is said when it fails."""

from __future__ import annotations

import asyncio
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
    Notifier,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
)
from integrations_sdk.connectors.opsgenie import OpsgenieConnector, connector
from integrations_sdk.models import Event, OutcomeStatus
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.opsgenie import OpsgenieStandIn

T = TypeVar("T")

KEY = "CANARY0genie0key"
API = "https://api.opsgenie.com"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
ACCEPTED = {"result": "Request will be processed", "took": 0.3, "requestId": "43a29c5c"}
PROCESSED = {
    "data": {"isSuccess": True, "status": "Created alert", "alertId": "8743a1b2", "alias": "db"},
    "requestId": "x",
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
)


def make(http: ScriptedHttp, **more: object) -> OpsgenieConnector:
    return connect(OpsgenieConnector, {"api_key": KEY, **more}, http, clock=FakeClock(NOW))


def stood_in(**more: object) -> tuple[OpsgenieConnector, OpsgenieStandIn, ScriptedHttp]:
    stand_in = OpsgenieStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    return (
        connect(OpsgenieConnector, {**stand_in.config(), **more}, http, clock=FakeClock(NOW)),
        stand_in,
        http,
    )


def run(work: Coroutine[object, object, T]) -> T:
    return asyncio.run(work)


def every(items: AsyncIterator[T]) -> list[T]:
    async def collect() -> list[T]:
        return [item async for item in items]

    return asyncio.run(collect())


# --- configuration -----------------------------------------------------------


def test_module_names_its_connector() -> None:
    """The registry finds the class under `connector`; it tells people; it says until when there is an Opsgenie."""
    assert connector is OpsgenieConnector
    assert isinstance(make(ScriptedHttp()), Notifier)
    assert "5 April 2027" in connector.limits[0]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"api_key": "a\nb"}, "api_key"),
        ({"region": "asia"}, "region"),
        ({"responders": ["Platform"]}, "responders[0]"),
        ({"priorities": {"error": "P9"}}, "priorities"),
        ({"priorities": {"fatal": "P1"}}, "priorities"),
        ({"follow": 61}, "follow"),
        ({"api_url": "api.opsgenie.com"}, "api_url"),
    ],
)
def test_a_wrong_configuration_names_the_field(wrong: dict[str, object], path: str) -> None:
    """Each mistake is reported under its field, and the key is not quoted."""
    with pytest.raises(ConfigurationError) as caught:
        make(ScriptedHttp(), **wrong)
    assert [problem.path for problem in caught.value.problems] == [path]
    assert "CANARY" not in str(caught.value)


def test_the_region_is_the_host() -> None:
    """https://docs.opsgenie.com/docs/alert-api: the EU has an address of its own."""
    hosts = [
        make(ScriptedHttp(), **given).base_url
        for given in ({}, {"region": "eu"}, {"api_url": "https://p.example/"})
    ]
    assert hosts == [API, "https://api.eu.opsgenie.com", "https://p.example"]


# --- alerts ------------------------------------------------------------------


@pytest.mark.contracts
def test_a_message_opens_an_alert(conformity) -> None:
    """Its words, priority, facts and links arrive; the alias is the reference, the result the detail."""
    http = ScriptedHttp([reply(202, ACCEPTED, x_request_id="43a29c5c"), reply(200, PROCESSED)])
    message = Message(
        title="Disk full",
        text="99 % used",
        level=Level.ERROR,
        key="db",
        url="https://mon.example/1",
        footer="shop/web",
        author="Ada",
        fields=(Field(name="Host", value="db-1"),),
        links=(Link(label="Graph", url="https://mon.example/g"),),
    )
    opsgenie = make(
        http,
        responders=["team:Platform", "user:ada@company.com"],
        tags=["production"],
        priorities={"error": "P1"},
    )
    outcome = run(opsgenie.notify(message))
    assert http.sent(0) == {
        "message": "Disk full",
        "alias": "db",
        "description": "99 % used",
        "responders": [{"type": "team", "name": "Platform"}, {"type": "user", "username": "ada@company.com"}],
        "tags": ["production"],
        "source": "integrations-sdk",
        "priority": "P1",
        "entity": "shop/web",
        "details": {
            "Host": "db-1",
            "Graph": "https://mon.example/g",
            "URL": "https://mon.example/1",
            "Author": "Ada",
        },
    }
    assert http.requests[0].headers["authorization"] == f"GenieKey {KEY}"
    assert http.calls[0].idempotent, "the alias makes a repetition the same alert"
    assert (outcome.reference, outcome.detail, outcome.request_id) == ("db", "Created alert", "43a29c5c")
    assert outcome.data["alertId"] == "8743a1b2"
    beyond = (
        "/responders/name",
        "/responders/username",
    )  # https://docs.opsgenie.com/docs/alert-api#create-alert
    for request in http.requests:
        conformity.check("opsgenie", request, base_url=API, beyond=beyond)


def test_every_alert_has_an_alias_of_its_own() -> None:
    """Without one it is made, so that repeating an unanswered request makes no second alert."""
    opsgenie, stand_in, _ = stood_in()
    first, second = (run(opsgenie.create_alert("x")) for _ in range(2))
    assert first.reference != second.reference
    assert len(stand_in.alerts) == 2


def test_what_is_too_long_is_cut_and_the_whole_kept() -> None:
    """130 characters of a message, the rest in the description; a long alias is hashed alike each time."""
    opsgenie, stand_in, _ = stood_in()
    text, alias = "word " * 60, "k" * 600
    run(opsgenie.create_alert(text, alias=alias, description="d" * 20_000))
    run(opsgenie.acknowledge_alert(alias))
    (alert,) = stand_in.alerts.values()
    assert len(alert["message"]) == 130
    assert alert["description"].startswith(text.strip())
    assert len(alert["description"]) == 15_000
    assert (len(alert["alias"]), alert["acknowledged"]) == (64, True)


@pytest.mark.contracts
def test_an_alert_through_its_life(conformity) -> None:
    """Opened, acknowledged, noted on, read and closed, all by its alias."""
    opsgenie, stand_in, http = stood_in()

    async def live() -> None:
        await opsgenie.create_alert("Disk full", alias="disk/db 1", priority="P2")
        await opsgenie.acknowledge_alert("disk/db 1", note="looking")
        assert (await opsgenie.add_note("disk/db 1", "cleaned")).detail == "Added note"
        assert (await opsgenie.get_alert("disk/db 1")).status == "open"
        await opsgenie.close_alert("disk/db 1")

    run(live())
    (alert,) = stand_in.alerts.values()
    assert (alert["status"], alert["acknowledged"], alert["notes"]) == (
        "closed",
        True,
        ["looking", "cleaned"],
    )
    assert all(call.idempotent is (call.operation != "addNote") for call in http.calls)
    for request in http.requests:
        if "/requests/" not in request.url and request.method == "POST":
            assert request.url.endswith("?identifierType=alias") or request.url.endswith("/v2/alerts")
        conformity.check("opsgenie", request, base_url=stand_in.url)


def test_good_news_close() -> None:
    """A message of the level `success` closes what has its key; where nothing is open there is nothing to do."""
    opsgenie, stand_in, http = stood_in()
    run(opsgenie.notify(Message(text="down", level=Level.ERROR, key="db")))
    closed = run(opsgenie.notify(Message(text="up", level=Level.SUCCESS, key="db")))
    again = run(opsgenie.notify(Message(text="up", level=Level.SUCCESS, key="db")))
    asked = len(http.requests)
    without = run(opsgenie.notify(Message(text="up", level=Level.SUCCESS)))
    assert (closed.detail, closed.reference) == ("Closed alert", "db")
    assert [one.status for one in (again, without)] == [OutcomeStatus.SKIPPED] * 2
    assert again.detail == "Alert does not exist"
    assert len(http.requests) == asked
    (alert,) = stand_in.alerts.values()
    assert alert["notes"] == ["up"]


def test_a_failed_pipeline_alerts_and_the_next_good_one_closes() -> None:
    """Both are of one branch; what runs concerns nobody on call."""
    opsgenie, stand_in, _ = stood_in()
    running, _, passed = (
        run(opsgenie.handle_event(attrs.evolve(PIPELINE, status=status)))
        for status in ("running", "failed", "success")
    )
    assert running.status is OutcomeStatus.SKIPPED
    assert passed.reference == "gitlab:shop/web:pipeline:main"
    assert [one["status"] for one in stand_in.alerts.values()] == ["closed"]


# --- what became of a request ---------------------------------------------------


@pytest.mark.contracts
def test_a_request_is_followed_to_its_result(conformity) -> None:
    """404 says that it is not processed yet; intervals grow, and the clock is the manager's."""
    pending = reply(404, {"message": "Request not found. It might not be processed, yet."})
    http = ScriptedHttp([reply(202, ACCEPTED), pending, pending, pending, reply(200, PROCESSED)])
    opsgenie = make(http)
    outcome = run(opsgenie.create_alert("x", alias="db"))
    assert outcome.detail == "Created alert"
    assert opsgenie.context.clock.now() - NOW == timedelta(seconds=0.25 + 0.5 + 1)
    assert [request.url for request in http.requests[1:]] == [f"{API}/v2/alerts/requests/43a29c5c"] * 4
    conformity.check("opsgenie", http.requests[1], base_url=API)


def test_patience_ends_without_a_failure() -> None:
    """Not processed in time is said, with the id to ask about later; 0 does not ask at all."""
    pending = reply(404, {"message": "Request not found. It might not be processed, yet."})
    http = ScriptedHttp([reply(202, ACCEPTED), pending])
    opsgenie = make(http, follow=2)
    outcome = run(opsgenie.create_alert("x", alias="db"))
    assert (bool(outcome), outcome.detail) == (True, "accepted, not processed yet")
    assert outcome.data == {"requestId": "43a29c5c"}
    assert opsgenie.context.clock.now() - NOW == timedelta(seconds=2)
    assert run(opsgenie.get_request("43a29c5c")) is None
    http = ScriptedHttp([reply(202, ACCEPTED)])
    run(make(http, follow=0).create_alert("x"))
    assert len(http.requests) == 1


def test_a_result_that_cannot_be_read_is_no_failure() -> None:
    """The alert is there all the same: a key without read access must not make the caller send it again."""
    opsgenie, stand_in, _ = stood_in()
    stand_in.may_read = False
    outcome = run(opsgenie.create_alert("x", alias="db"))
    assert outcome
    assert outcome.detail == "accepted, its result cannot be read: You are not authorized for this action."
    assert len(stand_in.alerts) == 1


def test_a_request_that_was_not_carried_out_is_an_error() -> None:
    """The result says why: here that there is no such alert."""
    opsgenie, _, _ = stood_in()
    with pytest.raises(RejectedError, match="Alert does not exist") as caught:
        run(opsgenie.close_alert("none"))
    assert (caught.value.operation, caught.value.status) == ("closeAlert", 202)
    assert not caught.value.retryable


# --- reading -------------------------------------------------------------------


def test_alerts_come_page_by_page() -> None:
    """Over 230 alerts: three requests, each alert once, filters kept.

    Source: https://docs.opsgenie.com/docs/pagination. The next page's address is not followed, only its offset.
    """
    opsgenie, stand_in, http = stood_in(follow=0)
    stand_in.alerts = {
        f"{n}": {"id": f"{n}", "alias": f"a{n}", "status": "open", "tags": ["x"]} for n in range(230)
    }
    found = every(opsgenie.list_alerts("status:open", sort="createdAt"))
    assert len({one.reference for one in found}) == 230
    assert found[0].labels == ("x",)
    assert len(http.requests) == 3
    assert all("query=status%3Aopen" in request.url for request in http.requests)


@pytest.mark.parametrize(
    "paging", [{}, {"next": ""}, {"next": "nonsense"}, {"next": "https://evil.example/?limit=1"}]
)
def test_a_page_that_names_no_offset_is_the_last(paging: dict[str, str]) -> None:
    """Whatever stands there."""
    http = ScriptedHttp([reply(200, {"data": [{"id": "1"}], "paging": paging})])
    assert len(every(make(http).list_alerts())) == 1


# --- the check -----------------------------------------------------------------


def test_the_check_reads_one_alert() -> None:
    """It has no effect; a key without read access is said to be one, a wrong one is an error."""
    opsgenie, stand_in, http = stood_in()
    assert not run(opsgenie.check()).warnings
    assert (http.requests[0].method, http.requests[0].url) == ("GET", f"{stand_in.url}/v2/alerts?limit=1")
    stand_in.may_read = False
    assert run(opsgenie.check()).warnings
    wrong, _, _ = stood_in(api_key="other")
    with pytest.raises(AuthenticationError, match="Could not authenticate"):
        run(wrong.check())


# --- errors --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RejectedError),
        (401, AuthenticationError),
        (402, RejectedError),
        (403, PermissionDeniedError),
        (422, RejectedError),
        (429, RateLimitedError),
        (503, ProviderUnavailableError),
    ],
)
def test_errors_carry_opsgenies_words(status: int, kind: type[ConnectorError]) -> None:
    """Message, each field's error, request id; nothing secret. Source: https://docs.opsgenie.com/docs/response."""
    body = {
        "message": "Request body is not processable.",
        "errors": {"message": f"Bad {KEY}"},
        "requestId": "r",
    }
    http = ScriptedHttp([reply(status, body, x_request_id="r-1", retry_after="3")])
    with pytest.raises(kind) as caught:
        run(make(http).create_alert("x"))
    error = caught.value
    assert "Request body is not processable.; Bad" in error.message
    assert (error.status, error.request_id, error.operation) == (status, "r-1", "createAlert")
    assert error.retry_after == timedelta(seconds=3)
    assert "CANARY" not in "".join(traceback.format_exception(error)) + repr(error)


def test_the_stand_in_refuses_what_opsgenie_refuses() -> None:
    """Empty messages and notes, priorities there are none of, unknown alerts and paths."""
    opsgenie, stand_in, _ = stood_in(follow=0)
    with pytest.raises(RejectedError, match="Priority value is not valid"):
        run(opsgenie.create_alert("x", priority="P9"))
    with pytest.raises(RejectedError, match="Message can not be empty"):
        run(opsgenie.call("POST", "/v2/alerts", operation="createAlert", json={"alias": "a"}))
    with pytest.raises(RejectedError, match="Note can not be empty"):
        run(opsgenie.add_note("x", ""))
    with pytest.raises(RejectedError, match="Alert does not exist"):
        run(opsgenie.get_alert("none"))
    with pytest.raises(RejectedError, match="Not Found"):
        run(opsgenie.call("POST", "/v2/alerts/x/snooze", operation="snooze", json={}))
    assert stand_in.alerts == {}
    stand_in.fail(status=429)
    with pytest.raises(RateLimitedError, match="too many requests"):
        run(opsgenie.create_alert("x"))
