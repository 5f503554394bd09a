"""Grafana: annotations, queries and dashboards, what is sent and what is said when it fails."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest

from integrations_sdk import IntegrationManagementManager
from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.base import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
    Request,
)
from integrations_sdk.connectors.grafana import GrafanaConnector
from integrations_sdk.models import Event
from integrations_sdk.testing import Sandbox
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.grafana import GrafanaStandIn

CANARY = "glsa_CANARY0token0CANARY"
API = "https://grafana.example.com/api"
CONFIG = {
    "url": "https://grafana.example.com/",
    "token": CANARY,
    "tags": ["team:platform"],
    "datasource": "prometheus",
}
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
DEPLOYMENT = Event(
    id="0194-1",
    type="deployment",
    source="https://gitlab.example.com/group/app",
    time=NOW,
    provider="gitlab",
    project="group/app",
    branch="main",
    status="success",
    environment="production",
    title="<b>Deployed</b>",
    url="https://gitlab.example.com/group/app/-/jobs/1?a=1&b=2",
    duration=timedelta(seconds=63),
)


def make(http: ScriptedHttp, **more: object) -> GrafanaConnector:
    return connect(GrafanaConnector, {**CONFIG, **more}, http, clock=FakeClock(NOW))


def standing() -> tuple[GrafanaStandIn, GrafanaConnector, ScriptedHttp]:
    stand_in = GrafanaStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    return stand_in, connect(GrafanaConnector, stand_in.config(), http, clock=FakeClock(NOW)), http


def listed(found: AsyncIterator[Any]) -> list[Any]:
    async def gather() -> list[Any]:
        return [item async for item in found]

    return asyncio.run(gather())


@pytest.mark.contracts
def test_an_event_is_annotated_from_its_beginning_to_its_end(conformity) -> None:
    """Facts with few values are tags, the text is escaped, and dashboard and panel are the configured ones."""
    http = ScriptedHttp([reply(200, {"message": "Annotation added", "id": 7})])

    outcome = asyncio.run(make(http, dashboard_uid="cIBgcSjkk", panel_id=2).send_event(DEPLOYMENT))

    (request,) = http.requests
    assert (request.method, request.url) == ("POST", f"{API}/annotations")
    assert request.headers["authorization"] == f"Bearer {CANARY}"
    sent = http.sent()
    assert (sent["time"], sent["timeEnd"]) == (int(NOW.timestamp() - 63) * 1000, int(NOW.timestamp()) * 1000)
    assert (sent["dashboardUID"], sent["panelId"]) == ("cIBgcSjkk", 2)
    assert sent["tags"] == [
        "team:platform", "type:deployment", "status:success", "project:group/app", "branch:main",
        "environment:production", "provider:gitlab",
    ]  # fmt: skip
    assert "<b>" not in sent["text"]
    assert 'href="https://gitlab.example.com/group/app/-/jobs/1?a=1&amp;b=2"' in sent["text"]
    assert (outcome.reference, outcome.url) == ("7", "https://grafana.example.com/d/cIBgcSjkk")
    assert not http.calls[0].idempotent
    conformity.check("grafana", request, base_url=API)


def test_an_event_without_duration_is_a_moment() -> None:
    """It has no end."""
    http = ScriptedHttp([reply(200, {"id": 7})])
    outcome = asyncio.run(make(http).send_event(attrs.evolve(DEPLOYMENT, duration=None)))
    assert "timeEnd" not in http.sent()
    assert "dashboardUID" not in http.sent()
    assert outcome.url is None


def test_wants_what_is_worth_a_mark() -> None:
    """Pipelines, deployments and releases; not each push."""
    assert make(ScriptedHttp()).wants(DEPLOYMENT) is None
    assert make(ScriptedHttp()).wants(attrs.evolve(DEPLOYMENT, type="push")) == "not subscribed to push"


def test_annotations_are_created_changed_found_and_removed() -> None:
    """Through their whole life; changing and removing may be repeated.

    Source: https://grafana.com/docs/grafana/latest/developers/http_api/annotations/
    """
    stand_in, grafana, http = standing()
    made = asyncio.run(
        grafana.create_annotation("Window", tags=["maintenance", "t" * 120], until=NOW + timedelta(hours=1))
    )
    assert made.reference == "1"
    assert stand_in.annotations[1]["tags"] == ["maintenance", "t" * 100]
    assert asyncio.run(
        grafana.update_annotation(
            "1", text="Longer", tags=["maintenance"], time=NOW, until=NOW + timedelta(hours=2)
        )
    )
    assert (http.requests[-1].method, http.calls[-1].idempotent) == ("PATCH", True)
    (found,) = listed(grafana.find_annotations(["maintenance"], until=NOW + timedelta(days=1)))
    assert (found["text"], found["timeEnd"]) == ("Longer", int((NOW + timedelta(hours=2)).timestamp() * 1000))
    assert asyncio.run(grafana.delete_annotation("1")).reference == "1"
    assert listed(grafana.find_annotations()) == []
    with pytest.raises(RejectedError, match="Not found"):
        asyncio.run(grafana.update_annotation("1", text="x"))
    with pytest.raises(ConfigurationError):
        asyncio.run(grafana.delete_annotation(".."))


@pytest.mark.contracts
def test_finding_conforms(conformity) -> None:
    """Tags are repeated, times are milliseconds, and one of the tags may do."""
    http = ScriptedHttp([reply(200, [])])
    assert (
        listed(make(http).find_annotations(["a b", "c"], since=NOW - timedelta(days=1), match_any=True)) == []
    )
    (request,) = http.requests
    assert "tags=a+b&tags=c" in request.url
    assert f"to={int(NOW.timestamp()) * 1000}" in request.url
    assert "matchAny=true" in request.url
    conformity.check("grafana", request, base_url=API)


def test_all_annotations_are_found_beyond_one_page() -> None:
    """Each once, however long their regions and however many end at one moment."""
    stand_in, grafana, http = standing()
    for number in range(1, 2501):
        begun = (1 + number // 10) * 1000
        stand_in.annotations[number] = {
            "id": number,
            "time": begun,
            "timeEnd": begun + number % 7 * 5000,
            "tags": ["x"],
        }
    found = [one["id"] for one in listed(grafana.find_annotations(["x"]))]
    assert sorted(found) == list(range(1, 2501))
    assert 3 <= len(http.requests) <= 5


def test_more_than_a_page_at_one_moment_is_an_error() -> None:
    """No paging gets past it, and to leave some out silently would be worse."""
    stand_in, grafana, _ = standing()
    stand_in.annotations = {number: {"id": number, "time": 5, "timeEnd": 5} for number in range(1, 1202)}
    with pytest.raises(RejectedError, match="more than 1000 annotations end at one moment: narrow"):
        listed(grafana.find_annotations())


@pytest.mark.contracts
def test_query_conforms_and_gives_results_by_ref_id(conformity) -> None:
    """`refId` and data source are filled in where they are missing; asking twice is harmless."""
    http = ScriptedHttp([reply(200, {"results": {"A": {"status": 200, "frames": []}}})])
    own = {"rawSql": "SELECT 1", "datasource": {"uid": "sql"}, "refId": "S"}

    assert asyncio.run(make(http).query([{"expr": "up"}, own], since="now-6h")) == {
        "A": {"status": 200, "frames": []}
    }

    assert http.sent() == {
        "from": "now-6h",
        "to": "now",
        "queries": [{"refId": "A", "datasource": {"uid": "prometheus"}, "expr": "up"}, own],
    }
    assert http.calls[0].idempotent
    conformity.check("grafana", http.requests[0], base_url=API)


def test_queries_beyond_the_alphabet_have_names_of_their_own() -> None:
    """A to Z, then A1."""
    http = ScriptedHttp([reply(200, {"results": {}})])
    asyncio.run(make(http).query([{"expr": "up"}] * 30))
    names = [query["refId"] for query in http.sent()["queries"]]
    assert len(set(names)) == 30
    assert names[25:27] == ["Z", "A1"]


def test_a_query_that_fails_is_named() -> None:
    """Whether Grafana says so with 400, or with 207 because others worked."""
    _, grafana, _ = standing()
    unknown = {"expr": "up", "datasource": {"uid": "nowhere"}}
    for queries in ([unknown], [{"expr": "up"}, {**unknown, "refId": "B"}]):
        with pytest.raises(RejectedError, match=r"[AB]: data source not found"):
            asyncio.run(grafana.query(queries))


@pytest.mark.parametrize(("given", "queries"), [({"datasource": None}, [{"expr": "up"}]), ({}, [])])
def test_a_query_needs_a_data_source(given: dict[str, object], queries: list[dict[str, Any]]) -> None:
    """Without one nothing is sent."""
    with pytest.raises(ConfigurationError, match="queries that each name a datasource"):
        asyncio.run(make(ScriptedHttp(), **given).query(queries))


@pytest.mark.contracts
def test_dashboards_are_searched_page_by_page(conformity) -> None:
    """A page is asked for when the one before is used up; the last is the one that is not full."""
    http = ScriptedHttp([reply(200, [{"uid": str(n)} for n in range(1000)]), reply(200, [{"uid": "last"}])])
    found = listed(make(http).search_dashboards("payments & more", tags=["a", "b"], starred=True))
    assert (len(found), found[-1]) == (1001, {"uid": "last"})
    assert ["page=1" in request.url for request in http.requests] == [True, False]
    assert "page=2" in http.requests[1].url
    assert all(
        "tag=a&tag=b" in request.url and "query=payments+%26+more" in request.url for request in http.requests
    )
    for request in http.requests:
        conformity.check("grafana", request, base_url=API)


def test_dashboards_of_the_stand_in() -> None:
    """All of them, by title."""
    stand_in, grafana, _ = standing()
    stand_in.dashboards = [{"uid": str(n), "title": f"Board {n}"} for n in range(2300)]
    assert len(listed(grafana.search_dashboards("board"))) == 2300
    assert [one["uid"] for one in listed(grafana.search_dashboards("Board 17"))] == [
        "17",
        *map(str, range(170, 180)),
        *map(str, range(1700, 1800)),
    ]


@pytest.mark.contracts
def test_check_only_asks(conformity) -> None:
    """Health says whether Grafana works, the organisation whether the token does."""
    http = ScriptedHttp(
        [reply(200, {"database": "ok", "version": "12.3.0"}), reply(200, {"id": 1, "name": "Main Org."})]
    )
    assert asyncio.run(make(http).check()).detail == "Main Org., Grafana 12.3.0"
    for request in http.requests:
        assert request.method == "GET"
        conformity.check("grafana", request, base_url=API)


def test_check_refuses_a_wrong_token() -> None:
    """Though health answers anybody."""
    stand_in, _, http = standing()
    with pytest.raises(AuthenticationError, match="Invalid API key"):
        asyncio.run(connect(GrafanaConnector, {**stand_in.config(), "token": "other"}, http).check())


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (400, {"message": "bad time range", "messageId": "annotations.bad"}, RejectedError, "bad time range"),
        (401, {"message": "Unauthorized"}, AuthenticationError, "Unauthorized"),
        (403, {"message": "Permissions needed: annotations:create", "title": "Access denied"}, PermissionDeniedError, "annotations:create"),
        (429, {"message": "too many"}, RateLimitedError, "too many"),
        (500, {"message": "Internal server error"}, ProviderUnavailableError, "Internal server error"),
        (502, "<html>bad gateway", ProviderUnavailableError, "bad gateway"),
        (302, None, RejectedError, "redirect"),
    ],
)  # fmt: skip
def test_errors_carry_grafanas_words(
    status: int, body: object, kind: type[ConnectorError], says: str
) -> None:
    """Each refusal is the error that fits, and shows no token."""
    http = ScriptedHttp([reply(status, body, x_request_id=CANARY)])
    with pytest.raises(kind, match=says) as caught:
        asyncio.run(make(http).create_annotation("x"))
    assert (caught.value.status, caught.value.operation) == (status, "annotations.create")
    assert caught.value.code == ("annotations.bad" if status == 400 else None)
    assert CANARY not in "".join(traceback.format_exception(caught.value)) + str(caught.value.request_id)


def test_configuration_mistakes_are_named_at_once() -> None:
    """Every wrong field is named, and no value of a secret."""
    with pytest.raises(ConfigurationError) as caught:
        connect(
            GrafanaConnector,
            {"url": "grafana", "token": f"{CANARY}\n", "panel_id": 2, "tags": ["x" * 101]},
            ScriptedHttp(),
        )
    assert {problem.path for problem in caught.value.problems} == {"url", "token", "panel_id", "tags[0]"}
    assert CANARY not in str(caught.value)


def test_a_grafana_below_a_path() -> None:
    """`serve_from_sub_path` and proxies add one."""
    assert (
        make(ScriptedHttp(), url="https://example.com/grafana/").base_url == "https://example.com/grafana/api"
    )


def test_over_the_wire_with_the_manager() -> None:
    """Events are annotated, and queries asked with `call()`."""
    with Sandbox() as sandbox, IntegrationManagementManager() as mgr:
        mgr.grafana.create(sandbox.config("grafana"))
        assert mgr.grafana.check("grafana-1").status == "healthy"
        assert mgr.events.dispatch(DEPLOYMENT).successes
        assert mgr.grafana.call("grafana-1", "query", [{"expr": "up"}]) == {
            "A": {"status": 200, "frames": [{"schema": {"refId": "A"}}]}
        }
        found = mgr.grafana.call("grafana-1", "find_annotations", ["environment:production"])
        assert [one["id"] for one in found] == [1]


def test_stand_in_refuses_what_grafana_refuses() -> None:
    """With its own words."""
    stand_in, _, _ = standing()
    answer = answered_by(stand_in)

    def status(method: str, path: str, content: bytes = b"", token: str = stand_in.token) -> int:
        headers = {"authorization": f"Bearer {token}"}
        return answer(
            Request(method=method, url=f"{stand_in.url}/api/{path}", headers=headers, content=content)
        ).status

    assert status("GET", "org", token="x") == 401
    assert status("POST", "annotations", b'{"tags":[]}') == 400
    assert status("PATCH", "annotations/9", b"{}") == 404
    assert status("DELETE", "annotations/x") == 404
    assert status("POST", "ds/query", b'{"queries":[]}') == 400
    assert status("GET", "nothing") == 404
