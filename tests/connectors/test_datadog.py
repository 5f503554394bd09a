"""Datadog: what is sent, what comes of it, and what is said when it fails."""

from __future__ import annotations

import asyncio
import gzip
import json
import traceback
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.base import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    LogEntry,
    Metric,
    MetricKind,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
    Request,
)
from integrations_sdk.connectors.datadog import SITES, DatadogConnector
from integrations_sdk.models import Actor, Event, EventType, OutcomeStatus
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.datadog import DatadogStandIn

CANARY = "dd0CANARY0api0key0dd"
CONFIG = {"api_key": CANARY, "env": "production", "service": "myapp", "tags": ["team:platform"]}
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
    number=31,
    title="Pipeline #31 failed",
    url="https://gitlab.example.com/group/app/-/pipelines/31",
    actor=Actor(name="Ada", username="ada"),
    duration=timedelta(seconds=63),
)
API = "https://api.datadoghq.com"
LOGS = "https://http-intake.logs.datadoghq.com"


def make(http: ScriptedHttp, **more: object) -> DatadogConnector:
    return connect(DatadogConnector, {**CONFIG, **more}, http, clock=FakeClock(NOW))


def plain(request: Request) -> Request:
    """The request before compression."""
    if dict(request.headers).get("content-encoding") != "gzip":
        return request
    headers = {name: value for name, value in request.headers.items() if name != "content-encoding"}
    return attrs.evolve(request, headers=headers, content=gzip.decompress(request.content))


def body(request: Request) -> object:
    return json.loads(plain(request).content)


@pytest.mark.contracts
def test_event_conforms_and_is_found_again(conformity) -> None:
    """An event goes to the v1 event stream with tags, level and key, and its id and URL come back."""
    http = ScriptedHttp(
        [reply(202, {"status": "ok", "event": {"id_str": "77", "url": "https://app.datadoghq.com/e/77"}})]
    )

    outcome = asyncio.run(make(http).send_event(PIPELINE))

    (request,) = http.requests
    assert (request.method, request.url) == ("POST", f"{API}/api/v1/events")
    assert request.headers["dd-api-key"] == CANARY
    sent = http.sent()
    assert sent["title"]
    assert sent["aggregation_key"] == "pipeline:group/app:31"
    assert sent["date_happened"] == int(PIPELINE.time.timestamp())
    assert {
        "env:production",
        "service:myapp",
        "team:platform",
        "project:group/app",
        "branch:main",
        "status:failed",
        "actor:ada",
    } <= set(sent["tags"])
    assert not [tag for tag in sent["tags"] if tag.startswith(("id:", "url:", "number:"))]
    assert PIPELINE.url in sent["text"]
    assert (outcome.reference, outcome.url, bool(outcome)) == ("77", "https://app.datadoghq.com/e/77", True)
    assert not http.calls[0].idempotent
    conformity.check("datadog", request, base_url=API)


def test_event_without_an_id_in_the_answer() -> None:
    """An answer that names no event still is a success, without a reference."""
    for answer in ({"status": "ok"}, {"event": {}}, {"event": "x"}):
        outcome = asyncio.run(make(ScriptedHttp([reply(202, answer)])).send_event(PIPELINE))
        assert outcome
        assert (outcome.reference, outcome.url) == (None, None)


@pytest.mark.parametrize(
    ("age", "kept"),
    [
        (timedelta(), True),
        (timedelta(hours=17, minutes=59), True),
        (timedelta(hours=18), False),
        (timedelta(seconds=-1), False),
    ],
)
def test_event_time_only_within_what_datadog_takes(age: timedelta, kept: bool) -> None:
    """Datadog refuses events of more than 18 hours ago, so those go without their time."""
    http = ScriptedHttp([reply(202, {})])
    asyncio.run(make(http).send_event(attrs.evolve(PIPELINE, time=NOW - age)))
    assert ("date_happened" in http.sent()) is kept


def test_event_text_is_cut_to_4000_characters() -> None:
    """A long text is cut where Datadog would refuse it."""
    http = ScriptedHttp([reply(202, {})])
    asyncio.run(make(http).send_event(attrs.evolve(PIPELINE, type="release", text="x" * 5000)))
    assert 1 <= len(http.sent()["text"]) <= 4000


@pytest.mark.parametrize(
    ("change", "subject"),
    [
        ({"number": None}, "main"),
        ({"number": None, "branch": None, "tag": "v1"}, "v1"),
        ({"number": None, "branch": None}, ""),
    ],
)
def test_events_on_the_same_thing_share_a_key(change: dict[str, object], subject: str) -> None:
    """The aggregation key falls back from number to branch to tag."""
    http = ScriptedHttp([reply(202, {})])
    asyncio.run(make(http).send_event(attrs.evolve(PIPELINE, **change)))
    assert http.sent()["aggregation_key"] == f"pipeline:group/app:{subject}"


@pytest.mark.contracts
def test_metrics_of_every_kind_conform(conformity) -> None:
    """Kinds become intake types; counts and rates carry their interval, units and times are kept."""
    http = ScriptedHttp([reply(202, {"errors": []})])
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
    assert request.url == f"{API}/api/v2/series"
    series = body(request)["series"]
    assert [(one["type"], one.get("interval"), one.get("unit")) for one in series] == [
        (3, None, "second"),
        (1, 10, None),
        (2, 60, None),
    ]
    assert series[0]["points"] == [{"timestamp": int(NOW.timestamp()) - 5, "value": 1.5}]
    assert series[1]["points"][0]["timestamp"] == int(NOW.timestamp())
    assert series[0]["tags"] == ["env:production", "service:myapp", "team:platform", "stage:prod"]
    assert outcome.detail == "3 metrics in 1 requests"
    conformity.check("datadog_v2", plain(request), base_url=API)


def test_many_metrics_are_split_at_500_kilobytes() -> None:
    """Every request stays within 512,000 bytes uncompressed, is gzip, and none of the points is lost."""
    http = ScriptedHttp([reply(202, {"errors": []})])
    metrics = [Metric(name=f"load.{n}", value=n, tags={"host": "h" * 100}) for n in range(6000)]

    outcome = asyncio.run(make(http).send_metrics(metrics))

    bodies = [plain(request).content for request in http.requests]
    assert len(bodies) > 2
    assert max(map(len, bodies)) <= 512_000
    assert all(request.headers["content-encoding"] == "gzip" for request in http.requests)
    assert [one["metric"] for part in bodies for one in json.loads(part)["series"]] == [
        m.name for m in metrics
    ]
    assert outcome.detail == f"6000 metrics in {len(bodies)} requests"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_metric_without_a_finite_value(value: float) -> None:
    """A value that JSON does not know is named, and nothing is sent."""
    http = ScriptedHttp()
    with pytest.raises(ConfigurationError, match=r"\[1\]\.value: expected a finite number"):
        asyncio.run(make(http).send_metrics([Metric(name="a", value=1), Metric(name="b", value=value)]))
    assert http.requests == []


def test_nothing_to_send() -> None:
    """No metrics and no lines make no request."""
    http = ScriptedHttp()
    assert asyncio.run(make(http).send_metrics([])).status is OutcomeStatus.SKIPPED
    assert asyncio.run(make(http).send_logs([])).status is OutcomeStatus.SKIPPED


@pytest.mark.contracts
def test_logs_conform_and_go_to_the_intake(conformity) -> None:
    """Log lines go to the intake host of the site; attributes stay, reserved names win."""
    http = ScriptedHttp([reply(202, {})])
    entry = LogEntry(
        message="disk full", level="error", time=NOW, attributes={"path": "/var", "message": "not this"}
    )

    asyncio.run(make(http).send_logs([entry]))

    (request,) = http.requests
    assert request.url == f"{LOGS}/api/v2/logs"
    assert body(request) == [{
        "path": "/var",
        "message": "disk full",
        "status": "error",
        "timestamp": int(NOW.timestamp() * 1000),
        "ddsource": "integrations-sdk",
        "ddtags": "env:production,service:myapp,team:platform",
        "service": "myapp",
    }]  # fmt: skip
    conformity.check("datadog_v2", plain(request), base_url=LOGS)


def test_logs_are_split_at_1000_lines_and_5_megabytes() -> None:
    """Neither limit of the intake is exceeded."""
    http = ScriptedHttp([reply(202, {})])
    asyncio.run(make(http).send_logs([LogEntry(message=str(n)) for n in range(2001)]))
    assert [len(body(request)) for request in http.requests] == [1000, 1000, 1]

    http = ScriptedHttp([reply(202, {})])
    asyncio.run(make(http, service=None).send_logs([LogEntry(message="x" * 900_000) for _ in range(8)]))
    assert [len(body(request)) for request in http.requests] == [5, 3]


@pytest.mark.contracts
def test_service_check_conforms(conformity) -> None:
    """A service check carries its status as a number, and may be repeated."""
    http = ScriptedHttp([reply(202, {"status": "ok"})])

    assert asyncio.run(
        make(http).service_check("app.is_ok", "critical", host="web-1", message="down", tags={"a": "b"})
    )

    (request,) = http.requests
    assert http.sent() == [{
        "check": "app.is_ok",
        "status": 2,
        "host_name": "web-1",
        "message": "down",
        "tags": ["env:production", "service:myapp", "team:platform", "a:b"],
        "timestamp": int(NOW.timestamp()),
    }]  # fmt: skip
    assert http.calls[0].idempotent
    conformity.check("datadog", request, base_url=API)


def test_service_check_of_an_unknown_status() -> None:
    """Another word than the four is refused before anything is sent."""
    with pytest.raises(ConfigurationError, match="expected one of ok, warning, critical, unknown"):
        asyncio.run(make(ScriptedHttp()).service_check("a", "fine", host="h"))


@pytest.mark.contracts
def test_check_only_asks(conformity) -> None:
    """The check validates the API key by a GET and does nothing else."""
    http = ScriptedHttp([reply(200, {"valid": True})])

    result = asyncio.run(make(http).check())

    (request,) = http.requests
    assert (request.method, request.url) == ("GET", f"{API}/api/v1/validate")
    assert "datadoghq.com" in result.detail
    conformity.check("datadog", request, base_url=API)


def test_check_looks_at_the_application_key_too() -> None:
    """With an application key both are validated; that key is sent nowhere else.

    Source: https://docs.datadoghq.com/api/latest/key-management/validate-api-and-application-keys/
    """
    stand_in = DatadogStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    datadog = connect(DatadogConnector, stand_in.config(), http, clock=FakeClock(NOW))

    asyncio.run(datadog.check())
    asyncio.run(datadog.handle_event(PIPELINE))

    carrying = [request.url for request in http.requests if "dd-application-key" in request.headers]
    assert carrying == [f"{stand_in.url}/api/v2/validate_keys"]


def test_wrong_keys_are_an_authentication_error() -> None:
    """Datadog answers 403 to a wrong key: the error asks for another key, and names the site."""
    stand_in = DatadogStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    for wrong in ({"api_key": "other"}, {"app_key": "other"}):
        datadog = connect(DatadogConnector, stand_in.config() | wrong, http)
        with pytest.raises(AuthenticationError, match="Forbidden; is the key one of") as caught:
            asyncio.run(datadog.check())
        assert caught.value.needs_reauth
    with pytest.raises(AuthenticationError, match="not valid"):
        asyncio.run(make(ScriptedHttp([reply(200, {"valid": False})])).check())


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RejectedError),
        (401, AuthenticationError),
        (403, AuthenticationError),
        (408, ProviderUnavailableError),
        (413, RejectedError),
        (429, RateLimitedError),
        (503, ProviderUnavailableError),
    ],
)
def test_errors_carry_datadogs_words(status: int, kind: type[ConnectorError]) -> None:
    """Each refusal is the error that fits, in Datadog's words, with its request id and no key in it."""
    http = ScriptedHttp([reply(status, {"errors": [f"No {CANARY}", "Payload odd"]}, x_request_id="r-1")])
    with pytest.raises(kind) as caught:
        asyncio.run(make(http).send_event(PIPELINE))
    error = caught.value
    assert "Payload odd" in error.message
    assert (error.status, error.request_id, error.operation) == (status, "r-1", "events")
    assert not isinstance(error, PermissionDeniedError)
    assert CANARY not in "".join(traceback.format_exception(error)) + repr(error)


def test_log_errors_of_the_intake() -> None:
    """The log intake words its errors otherwise; they are read as well."""
    http = ScriptedHttp(
        [reply(400, {"errors": [{"status": "400", "title": "Bad Request", "detail": "Malformed payload"}]})]
    )
    with pytest.raises(RejectedError, match="Malformed payload"):
        asyncio.run(make(http).send_logs([LogEntry(message="x")]))


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ({}, ["/api/v2/series", "/api/v1/events"]),
        ({"enable_metrics": False}, ["/api/v1/events"]),
        ({"enable_metrics": False, "enable_logs": True}, ["/api/v2/logs", "/api/v1/events"]),
        ({"enable_metrics": True, "enable_logs": True}, ["/api/v2/series", "/api/v2/logs", "/api/v1/events"]),
    ],
)
def test_event_becomes_what_the_configuration_says(given: dict[str, object], paths: list[str]) -> None:
    """Metrics and logs accompany an event as configured, the event coming last."""
    stand_in = DatadogStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    datadog = connect(DatadogConnector, stand_in.config() | given, http, clock=FakeClock(NOW))

    outcome = asyncio.run(datadog.handle_event(PIPELINE))

    assert [request.url.removeprefix(stand_in.url) for request in http.requests] == paths
    assert outcome.reference is not None
    assert stand_in.refused == []
    if "/api/v2/series" in paths:
        values = {one["metric"]: one["points"][0]["value"] for one in stand_in.series}
        assert values == {"gitlab.pipeline.count": 1, "gitlab.pipeline.duration": 63.0}
    if "/api/v2/logs" in paths:
        assert stand_in.logs[0]["project"] == "group/app"


def test_wants_every_event_by_default() -> None:
    """Without `events` all eight types are forwarded; with it, those."""
    datadog = make(ScriptedHttp())
    assert all(datadog.wants(attrs.evolve(PIPELINE, type=str(kind))) is None for kind in EventType)
    assert make(ScriptedHttp(), events=["push"]).wants(PIPELINE) == "not subscribed to pipeline"


@pytest.mark.parametrize("site", SITES.values())
def test_every_site_has_its_hosts(site: str) -> None:
    """API and log intake are subdomains of the site."""
    datadog = make(ScriptedHttp(), site=site)
    assert datadog.base_url == f"https://api.{site}"
    assert datadog.logs_url == f"https://http-intake.logs.{site}"


@pytest.mark.parametrize(
    ("site", "hint"),
    [
        ("eu", "did you mean `datadoghq.eu`"),
        ("us5", "did you mean `us5.datadoghq.com`"),
        ("GOV", "did you mean `ddog-gov.com`"),
        ("https://app.datadoghq.eu/", "did you mean `datadoghq.eu`"),
        ("us3.datadog.com", "did you mean `us3.datadoghq.com`"),
        ("example.org", "known: datadoghq.com, us3.datadoghq.com"),
    ],
)
def test_wrong_site_gets_a_suggestion(site: str, hint: str) -> None:
    """A site's name, URL or a slip of it is answered with the right parameter."""
    with pytest.raises(ConfigurationError) as caught:
        make(ScriptedHttp(), site=site)
    assert f"site: expected a Datadog site; {hint}" in str(caught.value)


def test_configuration_mistakes_are_named_at_once() -> None:
    """Every wrong field is named, and no value of a secret."""
    with pytest.raises(ConfigurationError) as caught:
        connect(
            DatadogConnector,
            {"api_kye": "x", "enable_logs": "yes", "app_key": f"{CANARY}\n", "api_url": "ftp://x"},
            ScriptedHttp(),
        )
    assert {problem.path for problem in caught.value.problems} == {
        "api_kye",
        "api_key",
        "enable_logs",
        "app_key",
        "api_url",
    }
    assert "did you mean `api_key`?" in str(caught.value)
    assert CANARY not in str(caught.value)


def test_names_of_other_documents_are_accepted() -> None:
    """`environment` and `application_key` are other names of `env` and `app_key`."""
    datadog = connect(
        DatadogConnector, {"api_key": "k", "environment": "prod", "application_key": "a"}, ScriptedHttp()
    )
    assert datadog.config.env == "prod"
    assert datadog.config.app_key is not None
    assert CANARY not in repr(make(ScriptedHttp()).config)


def test_stand_in_refuses_what_datadog_refuses() -> None:
    """Missing keys, fields and limits get Datadog's own errors."""
    stand_in = DatadogStandIn()
    answer = answered_by(stand_in)
    good = {"dd-api-key": stand_in.api_key}

    def post(path: str, content: object, headers: dict[str, str] = good) -> int:
        return answer(
            Request(
                method="POST", url=stand_in.url + path, headers=headers, content=json.dumps(content).encode()
            )
        ).status

    assert post("/api/v1/events", {"title": "t", "text": "x"}, {}) == 403
    assert post("/api/v1/events", {"title": "t"}) == 400
    assert post("/api/v1/events", {"title": "t", "text": "x" * 4001}) == 400
    assert post("/api/v2/series", {"series": [{"metric": "a"}]}) == 400
    assert post("/api/v2/series", {"series": [{"metric": "a" * 6_000_000, "points": [1]}]}) == 413
    assert post("/api/v2/logs", [{"text": "x"}]) == 400
    assert post("/api/v2/logs", [{"message": "x"}] * 1001) == 413
    assert post("/api/v1/check_run", [{"check": "a"}]) == 400
    assert post("/api/v1/check_run", [{"check": "a", "host_name": "h", "status": 9, "tags": []}]) == 400
    assert post("/api/v1/check_run", [{"check": "a", "host_name": "h", "status": 0, "tags": []}]) == 202
    assert len(stand_in.checks) == 1
    assert len(stand_in.refused) == 9


@pytest.mark.parametrize(
    "given",
    [
        {
            "api_key": "datadog-api-key",
            "env": "production",
            "service": "myapp",
            "enable_logs": True,
            "enable_metrics": True,
        },
        {"api_key": "datadog-key", "env": "production", "service": "web-api"},
    ],
)
def test_the_facade_documents_configurations(given: dict[str, object]) -> None:
    """Both configurations that the facade document shows are complete."""
    assert connect(DatadogConnector, given, ScriptedHttp()).config.env == "production"
