"""New Relic: events, metrics and logs within its limits."""

from __future__ import annotations

import asyncio
import gzip
import json
import traceback
from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.base import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    LogEntry,
    Metric,
    MetricKind,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
    Request,
)
from integrations_sdk.connectors.newrelic import NewRelicConnector
from integrations_sdk.connectors.newrelic.config import is_event_type
from integrations_sdk.connectors.newrelic.payloads import attributes, event_type
from integrations_sdk.models import Actor, Event, EventType, OutcomeStatus
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.newrelic import NewRelicStandIn

CANARY = "nr0CANARY0license0key0NRAL"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
MS = int(NOW.timestamp() * 1000)
CONFIG = {
    "account_id": "1234567",
    "api_key": CANARY,
    "region": "US",
    "event_types": {
        "config_change": "ConfigurationChanged",
        "config_error": "ConfigurationError",
        "performance": "ConfigurationPerformance",
    },
    "custom_attributes": {
        "service": "central-configuration",
        "team": "platform",
        "environment": "production",
    },
}
EVENTS = "https://insights-collector.newrelic.com"
METRICS = "https://metric-api.newrelic.com"
LOGS = "https://log-api.newrelic.com"
ACCEPTED = reply(202, {"requestId": "r-1"})
PIPELINE = Event(
    id="0194-1",
    type="pipeline",
    source="https://gitlab.example.com/group/app",
    time=NOW - timedelta(minutes=1),
    provider="gitlab",
    project="group/app",
    branch="main",
    status="failed",
    actor=Actor(name="Ada", username="ada"),
    duration=timedelta(seconds=63),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=9,
)


def make(http: ScriptedHttp, **more: object) -> NewRelicConnector:
    return connect(NewRelicConnector, {**CONFIG, **more}, http, clock=FakeClock(NOW))


def plain(request: Request) -> Request:
    """The request before compression."""
    if "content-encoding" not in request.headers:
        return request
    headers = {name: value for name, value in request.headers.items() if name != "content-encoding"}
    return attrs.evolve(request, headers=headers, content=gzip.decompress(request.content))


def body(request: Request) -> list[dict[str, object]]:
    value: list[dict[str, object]] = json.loads(plain(request).content)
    return value


@pytest.mark.contracts
def test_event_conforms(conformity) -> None:
    """An event is a flat custom event of its own type, with the configured attributes and the account's URL."""
    http = ScriptedHttp([reply(200, {"success": True, "uuid": "u-1"})])

    outcome = asyncio.run(make(http).handle_event(PIPELINE))

    (request,) = http.requests
    assert (request.method, request.url) == ("POST", f"{EVENTS}/v1/accounts/1234567/events")
    assert request.headers["api-key"] == CANARY
    assert body(request) == [{
        "service": "central-configuration",
        "team": "platform",
        "environment": "production",
        "id": "0194-1",
        "provider": "gitlab",
        "type": "pipeline",
        "status": "failed",
        "project": "group/app",
        "branch": "main",
        "source": "https://gitlab.example.com/group/app",
        "actor": "ada",
        "duration": 63.0,
        "eventType": "IntegrationPipeline",
        "timestamp": MS - 60_000,
    }]  # fmt: skip
    assert (outcome.reference, outcome.detail) == ("u-1", "1 events in 1 requests")
    assert not http.calls[0].idempotent
    conformity.check("newrelic_event", request, base_url=EVENTS)


@pytest.mark.contracts
def test_the_enterprise_documents_event(conformity) -> None:
    """A configured name of an event becomes its type, as the document on configuration changes shows."""
    http = ScriptedHttp([reply(200, {"success": True, "uuid": "u"})])
    facts = {
        "configKey": "app.database.host",
        "oldValue": "localhost",
        "newValue": "prod-db.internal",
        "dry": False,
    }

    asyncio.run(make(http).record_event("config_change", facts))

    (event,) = body(http.requests[0])
    assert (event["eventType"], event["timestamp"], event["environment"]) == (
        "ConfigurationChanged",
        MS,
        "production",
    )
    assert (event["configKey"], event["dry"]) == ("app.database.host", "false")
    conformity.check("newrelic_event", http.requests[0], base_url=EVENTS)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("merge_request", "IntegrationMergeRequest"),
        ("config_error", "ConfigurationError"),
        ("acme.built-it", "IntegrationAcmeBuiltIt"),
        ("é", "Integration"),
    ],
)
def test_event_types(name: str, kind: str) -> None:
    """A type is the configured one, or made of the event's name so that New Relic takes it."""
    assert event_type(name, CONFIG["event_types"]) == kind
    assert is_event_type(kind)


@given(st.text(max_size=400))
def test_made_event_types_are_valid(name: str) -> None:
    """Whatever an event is called, its type is one that New Relic takes."""
    assert is_event_type(event_type(name, {}))


@pytest.mark.parametrize(
    ("age", "kept"),
    [
        (timedelta(hours=23, minutes=59), True),
        (timedelta(hours=24), False),
        (-timedelta(hours=24), False),
        (timedelta(hours=-23), True),
    ],
)
def test_event_time_only_within_what_new_relic_takes(age: timedelta, kept: bool) -> None:
    """Events further than a day from now go without their time."""
    http = ScriptedHttp([reply(200, {})])
    asyncio.run(make(http).record_event("x", {}, time=NOW - age))
    assert ("timestamp" in body(http.requests[0])[0]) is kept


def test_events_of_ones_own_type() -> None:
    """Several events may name their types; without one, or with New Relic's own, nothing is sent."""
    http = ScriptedHttp([reply(200, {"uuid": "u"})])
    asyncio.run(
        make(http).record_events([{"eventType": "Order Paid", "amount": 2.5}, {"eventType": "A:b_1"}])
    )
    assert [event["eventType"] for event in body(http.requests[0])] == ["Order Paid", "A:b_1"]
    for wrong in ({}, {"eventType": 5}, {"eventType": "a-b"}, {"eventType": "Metric"}, {"eventType": ""}):
        http = ScriptedHttp()
        with pytest.raises(ConfigurationError, match="eventType: expected letters"):
            asyncio.run(make(http).record_events([{"eventType": "Fine"}, wrong]))
        assert http.requests == []


def test_attributes_become_flat() -> None:
    """Nested names are joined, lists are text, nothing stays out, and New Relic's own names are moved."""
    given_attributes = {
        "a": {"b": {"c": 1}},
        "list": [1, "x"],
        "none": None,
        "accountId": 5,
        "nr.x": 1,
        "yes": True,
        "x" * 300: "y" * 5000,
    }
    assert attributes(given_attributes, most=99) == {
        "a.b.c": 1,
        "list": '[1,"x"]',
        "custom.accountId": 5,
        "custom.nr.x": 1,
        "yes": True,
        "x" * 255: "y" * 4094,
    }
    assert list(attributes({str(n): n for n in range(9)}, most=3)) == ["0", "1", "2"]


@given(st.dictionaries(st.text(max_size=9), JSON, max_size=9), st.integers(0, 5))
def test_attributes_keep_the_limits(given_attributes: dict[str, object], most: int) -> None:
    """No attribute is nested or empty, and there are never too many."""
    made = attributes(given_attributes, most=most)
    assert len(made) <= most
    assert all(isinstance(value, str | int | float) for value in made.values())


@pytest.mark.contracts
def test_metrics_of_every_kind_conform(conformity) -> None:
    """Counts carry their interval; rates and gauges are gauges; units are attributes."""
    http = ScriptedHttp([ACCEPTED])
    metrics = [
        Metric(
            name="deploy.duration",
            value=1.5,
            unit="second",
            tags={"stage": "prod"},
            time=NOW - timedelta(seconds=5),
        ),
        Metric(name="deploy.count", value=2, kind=MetricKind.COUNT, interval=timedelta(seconds=10)),
        Metric(name="deploy.rate", value=0.5, kind=MetricKind.RATE),
    ]

    outcome = asyncio.run(make(http).send_metrics(metrics))

    (request,) = http.requests
    assert request.url == f"{METRICS}/metric/v1"
    (block,) = body(request)
    assert block["common"] == {"attributes": CONFIG["custom_attributes"]}
    assert block["metrics"] == [
        {
            "name": "deploy.duration",
            "type": "gauge",
            "value": 1.5,
            "timestamp": MS - 5000,
            "attributes": {"stage": "prod", "unit": "second"},
        },
        {
            "name": "deploy.count",
            "type": "count",
            "value": 2,
            "timestamp": MS,
            "attributes": {},
            "interval.ms": 10_000,
        },
        {"name": "deploy.rate", "type": "gauge", "value": 0.5, "timestamp": MS, "attributes": {}},
    ]
    assert outcome.reference == "r-1"
    conformity.check("newrelic_metric", plain(request), base_url=METRICS)


def test_metric_without_a_finite_value() -> None:
    """A value that JSON does not know is named, and nothing is sent."""
    http = ScriptedHttp()
    with pytest.raises(ConfigurationError, match=r"\[0\]\.value: expected a finite number"):
        asyncio.run(make(http).send_metrics([Metric(name="a", value=float("nan"))]))
    assert http.requests == []


@pytest.mark.contracts
def test_logs_conform(conformity) -> None:
    """Log lines keep level, time and attributes."""
    http = ScriptedHttp([ACCEPTED])
    asyncio.run(
        make(http, custom_attributes={}).send_logs(
            [LogEntry(message="disk full", level="error", time=NOW, attributes={"path": {"name": "/var"}})]
        )
    )
    (request,) = http.requests
    assert request.url == f"{LOGS}/log/v1"
    assert body(request) == [{
        "common": {"attributes": {}},
        "logs": [{"timestamp": MS, "message": "disk full", "level": "error", "attributes": {"path.name": "/var"}}],
    }]  # fmt: skip
    conformity.check("newrelic_log", request, base_url=LOGS)


def test_everything_is_split_at_a_megabyte() -> None:
    """No request exceeds 1 MB before compression, nothing is lost, and events also keep to 2000."""
    http = ScriptedHttp([ACCEPTED])
    asyncio.run(make(http).send_logs([LogEntry(message="x" * 300_000) for _ in range(7)]))
    sizes = [len(plain(request).content) for request in http.requests]
    assert max(sizes) <= 1_000_000
    assert [len(body(request)[0]["logs"]) for request in http.requests] == [3, 3, 1]
    assert all(request.headers["content-encoding"] == "gzip" for request in http.requests)

    http = ScriptedHttp([reply(200, {})])
    outcome = asyncio.run(
        make(http, custom_attributes={}).record_events([{"eventType": "E", "n": n} for n in range(4500)])
    )
    assert [len(body(request)) for request in http.requests] == [2000, 2000, 500]
    assert (outcome.detail, outcome.reference) == ("4500 events in 3 requests", None)

    http = ScriptedHttp([ACCEPTED])
    asyncio.run(make(http).send_metrics([Metric(name=f"m{n}", value=n) for n in range(20_000)]))
    assert max(len(plain(request).content) for request in http.requests) <= 1_000_000
    assert sum(len(body(request)[0]["metrics"]) for request in http.requests) == 20_000


def test_nothing_to_send() -> None:
    """Empty lists make no request."""
    newrelic = make(ScriptedHttp())
    for work in (newrelic.send_metrics([]), newrelic.send_logs([]), newrelic.record_events([])):
        assert asyncio.run(work).status is OutcomeStatus.SKIPPED


@pytest.mark.contracts
def test_check_records_nothing(conformity) -> None:
    """The check is an empty list of metrics: the key is looked at, and there is nothing to keep."""
    http = ScriptedHttp([ACCEPTED])
    result = asyncio.run(make(http).check())
    (request,) = http.requests
    assert (request.url, request.content) == (f"{METRICS}/metric/v1", b"[]")
    assert "region US" in result.detail
    conformity.check("newrelic_metric", request, base_url=METRICS)

    stand_in = NewRelicStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    asyncio.run(connect(NewRelicConnector, stand_in.config(), http).check())
    assert (stand_in.metrics, stand_in.events, stand_in.logs) == ([], [], [])


def test_wrong_key_is_an_authentication_error() -> None:
    """New Relic answers 403 and an empty object: the error says what to look at."""
    stand_in = NewRelicStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    wrong = connect(NewRelicConnector, {**stand_in.config(), "api_key": "other", "region": "eu"}, http)
    with pytest.raises(
        AuthenticationError, match="ingest licence key of this account, in region EU"
    ) as caught:
        asyncio.run(wrong.check())
    assert caught.value.needs_reauth
    account = connect(NewRelicConnector, {**stand_in.config(), "account_id": "7"}, http)
    with pytest.raises(AuthenticationError):
        asyncio.run(account.send_event(PIPELINE))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RejectedError),
        (408, ProviderUnavailableError),
        (413, RejectedError),
        (429, RateLimitedError),
        (500, ProviderUnavailableError),
    ],
)
def test_errors_carry_new_relics_words(status: int, kind: type[ConnectorError]) -> None:
    """Each refusal is the error that fits, with New Relic's words and no key in it."""
    http = ScriptedHttp(
        [reply(status, {"error": {"type": "t", "message": f"odd payload {CANARY}"}}, x_request_id="q-1")]
    )
    newrelic = make(http)
    with pytest.raises(kind, match="odd payload") as caught:
        asyncio.run(newrelic.send_event(PIPELINE))
    assert (caught.value.status, caught.value.request_id, caught.value.operation) == (status, "q-1", "events")
    assert CANARY not in "".join(traceback.format_exception(caught.value)) + repr(newrelic.config)


@pytest.mark.parametrize(
    ("region", "hosts"),
    [
        (
            "EU",
            (
                "https://insights-collector.eu01.nr-data.net",
                "https://metric-api.eu.newrelic.com",
                "https://log-api.eu.newrelic.com",
            ),
        ),
        ("us", (EVENTS, METRICS, LOGS)),
    ],
)
def test_regions(region: str, hosts: tuple[str, str, str]) -> None:
    """Each region has its three hosts; a URL of one's own goes before."""
    assert make(ScriptedHttp(), region=region).config.endpoints() == hosts
    own = make(ScriptedHttp(), region=region, metric_url="https://proxy.example/nr/").config.endpoints()
    assert own == (hosts[0], "https://proxy.example/nr", hosts[2])


@pytest.mark.parametrize(
    ("given_fields", "path", "words"),
    [
        ({"account_id": "12a"}, "account_id", "the number of the account"),
        ({"account_id": 12}, "account_id", "some text"),
        ({"region": "JP"}, "region", "one of US, EU; for another one set event_url"),
        ({"api_key": f"NRAK-{CANARY}"}, "api_key", "is a user key"),
        ({"api_key": " "}, "api_key", "some text"),
        ({"event_types": {"a": "b-c", "d": "Metric"}}, "event_types", "in the type for 'a', 'd'"),
        ({"custom_attributes": {"a": [1]}}, "custom_attributes.a", "expected"),
        ({"license_kye": CANARY}, "license_kye", "unknown field"),
    ],
)
def test_configuration_mistakes(given_fields: dict[str, object], path: str, words: str) -> None:
    """Each wrong field is named with what was expected, and no secret is quoted."""
    with pytest.raises(ConfigurationError) as caught:
        make(ScriptedHttp(), **given_fields)
    assert [problem.path for problem in caught.value.problems] == [path]
    assert words in str(caught.value)
    assert CANARY not in str(caught.value)


def test_missing_fields_are_named_together() -> None:
    """Account and key are required."""
    with pytest.raises(ConfigurationError) as caught:
        connect(NewRelicConnector, {}, ScriptedHttp())
    assert {problem.path for problem in caught.value.problems} == {"account_id", "api_key"}
    assert (
        connect(NewRelicConnector, {"account_id": "1", "license_key": "k"}, ScriptedHttp()).config.region
        == "US"
    )


def test_default_subscription() -> None:
    """All eight types are recorded unless something else is configured."""
    newrelic = make(ScriptedHttp())
    assert all(newrelic.wants(attrs.evolve(PIPELINE, type=str(kind))) is None for kind in EventType)


def test_stand_in_keeps_and_refuses_what_new_relic_does() -> None:
    """What is accepted is found again with common attributes; malformed requests get New Relic's errors."""
    stand_in = NewRelicStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    newrelic = connect(
        NewRelicConnector,
        {**stand_in.config(), "custom_attributes": {"team": "x"}},
        http,
        clock=FakeClock(NOW),
    )
    asyncio.run(newrelic.send_metrics([Metric(name="a", value=1, tags={"b": "c"})]))
    asyncio.run(newrelic.send_logs([LogEntry(message="m")]))
    asyncio.run(newrelic.send_event(PIPELINE))
    assert stand_in.metrics[0]["attributes"] == {"team": "x", "b": "c"}
    assert stand_in.logs[0]["message"] == "m"
    assert stand_in.events[0]["team"] == "x"

    answer = answered_by(stand_in)
    key = {"api-key": stand_in.license_key, "content-type": "application/json"}

    def post(path: str, content: object, headers: dict[str, str] = key) -> int:
        return answer(
            Request(
                method="POST", url=stand_in.url + path, headers=headers, content=json.dumps(content).encode()
            )
        ).status

    events = f"/v1/accounts/{stand_in.account_id}/events"
    assert post(events, [], {}) == 403
    assert post(events, [{"a": 1}]) == 400
    assert post(events, [{"eventType": "a", "b": {}}]) == 400
    assert post(events, [{"eventType": "a" * 1_000_000}]) == 413
    assert post("/metric/v1", [], {"api-key": stand_in.license_key}) == 400
    assert post("/metric/v1", {}) == 400
    assert post("/metric/v1", [{"logs": []}]) == 400
    assert post("/log/v1", [{"logs": ["x" * 1_000_000]}]) == 413
    assert post("/log/v1", [{"logs": ["x", {"message": "y"}]}]) == 202
    stand_in.fail(status=503)
    assert post("/log/v1", []) == 503
