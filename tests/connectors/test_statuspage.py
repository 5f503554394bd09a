"""Statuspage: what the public is told, what comes of it, and what is said when it fails."""

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
    Level,
    Message,
    Notifier,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
)
from integrations_sdk.connectors.statuspage import StatuspageConnector, connector
from integrations_sdk.models import Event, OutcomeStatus
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.statuspage import StatuspageStandIn

T = TypeVar("T")

KEY = "CANARY0status0key"
API = "https://api.statuspage.io/v1"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
INCIDENT = {
    "id": "p31zjtct2jer",
    "name": "Checkout",
    "status": "investigating",
    "shortlink": "http://stspg.io/p31",
    "components": [],
}
DOWN = Message(title="Checkout is down", text="We are looking into it.", level=Level.ERROR, key="checkout")


def make(http: ScriptedHttp, **more: object) -> StatuspageConnector:
    return connect(
        StatuspageConnector, {"api_key": KEY, "page_id": "kctbh9vrtdwd", **more}, http, clock=FakeClock(NOW)
    )


def stood_in(**more: object) -> tuple[StatuspageConnector, StatuspageStandIn, ScriptedHttp]:
    stand_in = StatuspageStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    return (
        connect(StatuspageConnector, {**stand_in.config(), **more}, http, clock=FakeClock(NOW)),
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
    """The registry finds the class under `connector`; it tells people, but of no event unless told to."""
    assert connector is StatuspageConnector
    assert isinstance(make(ScriptedHttp()), Notifier)
    assert connector.default_events == ()
    assert (connector.rate.calls, connector.rate.period) == (60, timedelta(minutes=1))


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"api_key": ""}, "api_key"),
        ({"page_id": " "}, "page_id"),
        ({"api_url": "api.statuspage.io"}, "api_url"),
        ({"component_statuses": {"error": "broken"}}, "component_statuses"),
        ({"component_statuses": {"fatal": "major_outage"}}, "component_statuses"),
        ({"components": {"api": 1}}, "components.api"),
    ],
)
def test_a_wrong_configuration_names_the_field(wrong: dict[str, object], path: str) -> None:
    """Each mistake is reported under its field, and the key is not quoted."""
    with pytest.raises(ConfigurationError) as caught:
        make(ScriptedHttp(), **wrong)
    assert [problem.path for problem in caught.value.problems] == [path]
    assert "CANARY" not in str(caught.value)


# --- incidents ----------------------------------------------------------------


@pytest.mark.contracts
def test_an_incident_is_created(conformity) -> None:
    """With message, impact, components by their configured names, and the key to find it by."""
    http = ScriptedHttp([reply(201, INCIDENT, x_request_id="r-1")])
    statuspage = make(http, components={"api": "9nqvnr23zmzn"}, deliver_notifications=False)
    outcome = run(
        statuspage.create_incident(
            "Checkout " + "x" * 300,
            body="y" * 30_000,
            impact="major",
            components={"api": "partial_outage"},
            key="k",
            reminder_intervals="DEFAULT",
        )
    )
    (request,) = http.requests
    sent = http.sent()["incident"]
    assert (len(sent.pop("name")), len(sent.pop("body"))) == (255, 25_000)
    assert sent == {
        "status": "investigating",
        "impact_override": "major",
        "metadata": {"integrations_sdk": {"key": "k"}},
        "deliver_notifications": False,
        "components": {"9nqvnr23zmzn": "partial_outage"},
        "component_ids": ["9nqvnr23zmzn"],
        "reminder_intervals": "DEFAULT",
    }
    assert request.headers["authorization"] == f"OAuth {KEY}"
    assert not http.calls[0].idempotent, "a repeated creation would be a second incident"
    assert (outcome.reference, outcome.url, outcome.request_id) == (
        "p31zjtct2jer",
        "http://stspg.io/p31",
        "r-1",
    )
    conformity.check("statuspage", request, base_url=API)


@pytest.mark.contracts
def test_an_incident_is_brought_on(conformity) -> None:
    """PATCH, with what is given and nothing else."""
    http = ScriptedHttp([reply(200, INCIDENT)])
    run(make(http).update_incident("p31zjtct2jer", status="monitoring", body="A fix is in."))
    assert http.sent() == {
        "incident": {"status": "monitoring", "body": "A fix is in.", "deliver_notifications": True}
    }
    assert (http.requests[0].method, http.requests[0].url) == (
        "PATCH",
        f"{API}/pages/kctbh9vrtdwd/incidents/p31zjtct2jer",
    )
    assert not http.calls[0].idempotent, "a repeated message would be posted twice"
    conformity.check("statuspage", http.requests[0], base_url=API)


@pytest.mark.parametrize(("restore", "status"), [(True, "operational"), (False, "major_outage")])
def test_resolving_restores_the_components(restore: bool, status: str) -> None:
    """Those of the incident work again, unless that is not wanted; others are left alone."""
    statuspage, stand_in, _ = stood_in()
    stand_in.components["m0j6btq2nhl5"]["status"] = "under_maintenance"

    async def work() -> None:
        made = await statuspage.create_incident("Down", components={"9nqvnr23zmzn": "major_outage"})
        resolved = await statuspage.resolve_incident(str(made.reference), body="Over.", restore=restore)
        assert resolved.detail == "resolved"

    run(work())
    assert [one["status"] for one in stand_in.components.values()] == [status, "under_maintenance"]
    assert [one["body"] for one in stand_in.incidents[0]["incident_updates"]] == ["Over."]


def test_a_status_that_components_cannot_have_is_refused() -> None:
    """Before anything is sent."""
    for work in (
        make(ScriptedHttp()).create_incident("x", components={"api": "broken"}),
        make(ScriptedHttp()).set_component_status("api", "broken"),
    ):
        with pytest.raises(ConfigurationError, match="api: expected one of operational, under_maintenance"):
            run(work)


@pytest.mark.contracts
def test_listings_come_page_by_page(conformity) -> None:
    """A full page is followed by the next, filters kept; one that is not full is the last."""
    full = [{**INCIDENT, "id": f"i{n}"} for n in range(100)]
    http = ScriptedHttp([reply(200, full), reply(200, full[:3])])
    assert len(every(make(http).list_incidents("Check out"))) == 103
    assert [request.url.partition("?")[2] for request in http.requests] == [
        "limit=100&page=1&q=Check+out",
        "limit=100&q=Check+out&page=2",
    ]
    components = ScriptedHttp([reply(200, [{"id": "c"}] * 100), reply(200, [])])
    assert len(every(make(components).list_components())) == 100
    assert components.requests[1].url.endswith("per_page=100&page=2")
    for request in (*http.requests, *components.requests):
        conformity.check("statuspage", request, base_url=API)


def test_an_incident_is_found_by_its_key() -> None:
    """Among the unresolved ones, whatever page it is on; a resolved one is another matter.

    Source: https://developer.statuspage.io/#operation/getPagesPageIdIncidentsUnresolved.
    """
    statuspage, stand_in, http = stood_in()
    made = run(statuspage.create_incident("First", key="k"))
    for n in range(105):
        stand_in.incidents.append({**INCIDENT, "id": f"x{n}", "metadata": {}})
    found = run(statuspage.find_incident("k"))
    assert found is not None
    assert found.reference == made.reference
    assert len(http.requests) == 3
    run(statuspage.resolve_incident(str(made.reference)))
    assert run(statuspage.find_incident("k")) is None


def test_a_components_status_is_set() -> None:
    """By its configured name or its id; setting it again changes nothing, so it may be repeated.

    Source: https://developer.statuspage.io/#operation/patchPagesPageIdComponentsComponentId.
    """
    statuspage, stand_in, http = stood_in(components={"api": "9nqvnr23zmzn"})
    outcome = run(statuspage.set_component_status("api", "degraded_performance"))
    assert (outcome.reference, outcome.detail) == ("9nqvnr23zmzn", "degraded_performance")
    assert stand_in.components["9nqvnr23zmzn"]["status"] == "degraded_performance"
    assert http.calls[0].idempotent
    with pytest.raises(RejectedError, match="not found"):
        run(statuspage.set_component_status("other", "operational"))


# --- messages -------------------------------------------------------------------


def test_messages_of_one_key_are_one_incident() -> None:
    """Bad news open it, further ones bring it on, good ones resolve it and restore what it affected."""
    statuspage, stand_in, _ = stood_in(components={"api": "9nqvnr23zmzn"}, affects=["api"])
    run(statuspage.notify(DOWN))
    assert stand_in.components["9nqvnr23zmzn"]["status"] == "major_outage"
    run(statuspage.notify(Message(text="Slow now.", level=Level.WARNING, key="checkout")))
    assert stand_in.components["9nqvnr23zmzn"]["status"] == "degraded_performance"
    run(statuspage.notify(Message(text="Works again.", level=Level.SUCCESS, key="checkout")))
    (incident,) = stand_in.incidents
    assert incident["status"] == "resolved"
    assert [one["body"] for one in incident["incident_updates"]] == [
        "Works again.",
        "Slow now.",
        "We are looking into it.",
    ]
    assert stand_in.components["9nqvnr23zmzn"]["status"] == "operational"
    assert stand_in.mailed == 3


@pytest.mark.parametrize(
    ("level", "impact"), [(Level.ERROR, "major"), (Level.WARNING, "minor"), (Level.INFO, "none")]
)
def test_without_components_the_level_is_the_impact(level: Level, impact: str) -> None:
    """There is nothing else that Statuspage could work it out from."""
    statuspage, stand_in, _ = stood_in()
    run(statuspage.notify(attrs.evolve(DOWN, level=level)))
    assert stand_in.incidents[0]["impact_override"] == impact


def test_good_news_that_resolve_nothing_are_skipped() -> None:
    """Without a key, or without an open incident that has it."""
    statuspage, stand_in, _ = stood_in()
    for key in (None, "other"):
        assert (
            run(statuspage.notify(Message(text="ok", level=Level.SUCCESS, key=key))).status
            is OutcomeStatus.SKIPPED
        )
    assert stand_in.incidents == []


def test_events_open_and_resolve_where_configured() -> None:
    """A failed deployment opens, the next good one resolves; one that runs is nobody's business."""
    statuspage, stand_in, _ = stood_in(events=["deployment"])
    event = Event(
        id="1",
        type="deployment",
        source="s",
        time=NOW,
        provider="gitlab",
        project="shop/web",
        environment="production",
    )
    outcomes = [
        run(statuspage.handle_event(attrs.evolve(event, status=status)))
        for status in ("running", "failed", "success")
    ]
    assert [bool(outcome) for outcome in outcomes] == [False, True, True]
    assert [one["status"] for one in stand_in.incidents] == ["resolved"]


# --- the check, and errors ---------------------------------------------------------


def test_the_check_asks_for_the_page() -> None:
    """It has no effect; a wrong key and a wrong page are told apart.

    Source: https://developer.statuspage.io/#operation/getPagesPageId.
    """
    statuspage, stand_in, http = stood_in(api_url="http://stand-in.test/v1/")
    assert run(statuspage.check()).detail == "The shop at status.shop.example"
    assert [request.method for request in http.requests] == ["GET"]
    assert stand_in.mailed == 0
    with pytest.raises(AuthenticationError, match="Could not authenticate"):
        run(stood_in(api_key="other")[0].check())
    with pytest.raises(RejectedError, match="not found"):
        run(stood_in(page_id="other")[0].check())


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RejectedError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, RejectedError),
        (420, RateLimitedError),
        (422, RejectedError),
        (429, RateLimitedError),
        (500, ProviderUnavailableError),
    ],
)
def test_errors_carry_statuspages_words(status: int, kind: type[ConnectorError]) -> None:
    """`error` is a text or a list; 420 is a rate limit, and says how long to wait. Nothing secret is shown."""
    for said in ("Something wrong", ["Something wrong", f"with {KEY}"]):
        http = ScriptedHttp([reply(status, {"error": said}, x_request_id="r-1", retry_after="60")])
        with pytest.raises(kind, match="Something wrong") as caught:
            run(make(http).update_incident("i", status="resolved"))
        error = caught.value
        assert (error.status, error.request_id, error.operation) == (status, "r-1", "incidents.update")
        assert error.retry_after == timedelta(seconds=60)
        assert "CANARY" not in "".join(traceback.format_exception(error)) + repr(error)


def test_the_stand_in_refuses_what_statuspage_refuses() -> None:
    """Nameless incidents, statuses and components there are none of, unknown incidents and routes."""
    statuspage, stand_in, _ = stood_in()
    for work, words in (
        (statuspage.create_incident(""), "Name can't be blank"),
        (statuspage.create_incident("x", status="lost"), "Status is not included"),
        (
            statuspage.create_incident("x", components={"none": "operational"}),
            "Component none does not exist",
        ),
        (statuspage.get_incident("none"), "not found"),
        (statuspage.update_incident("none"), "not found"),
        (statuspage.call("GET", "/v1/elsewhere", operation="x"), "not found"),
        (
            statuspage.call("PATCH", "/v1/pages/p/components/9nqvnr23zmzn", operation="x", json={}),
            "Status is not included",
        ),
    ):
        with pytest.raises(RejectedError, match=words):
            run(work)
    assert stand_in.incidents == []
    stand_in.fail(status=420)
    with pytest.raises(RateLimitedError):
        run(statuspage.get_incident("x"))
