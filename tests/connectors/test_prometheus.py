"""Prometheus: exposition, registry, pushes, queries, alerts and silences."""

from __future__ import annotations

import asyncio
import gzip
import json
import math
from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.base import (
    AuthenticationError,
    ConfigurationError,
    Metric,
    MetricKind,
    ProviderUnavailableError,
    RejectedError,
    Request,
)
from integrations_sdk.connectors.prometheus import (
    Alert,
    Family,
    Matcher,
    MetricRegistry,
    PrometheusConnector,
    Sample,
    render_exposition,
)
from integrations_sdk.connectors.prometheus.exposition import label_name, metric_name
from integrations_sdk.connectors.prometheus.pushgateway import push_path
from integrations_sdk.models import Event, Outcome, OutcomeStatus
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.prometheus import PrometheusStandIn

CANARY = "prom-CANARY-token"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
URLS = {
    "url": "https://prom.example.com/prefix/",
    "pushgateway_url": "https://push.example.com",
    "alertmanager_url": "https://am.example.com",
}
API = "https://prom.example.com/prefix/api/v1"
ALERTS = "https://am.example.com/api/v2"
PUSH = "https://push.example.com"
OK = {"status": "success", "data": {}}
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
    url="https://gitlab.example.com/group/app/-/pipelines/31",
    duration=timedelta(seconds=63),
)
NAMES = st.text(max_size=12)


def make(http: ScriptedHttp, **more: object) -> PrometheusConnector:
    return connect(PrometheusConnector, {**URLS, **more}, http, clock=FakeClock(NOW))


def against(stand_in: PrometheusStandIn, **more: object) -> tuple[PrometheusConnector, ScriptedHttp]:
    http = ScriptedHttp([answered_by(stand_in)])
    return connect(PrometheusConnector, {**stand_in.config(), **more}, http, clock=FakeClock(NOW)), http


def stand_in_now() -> PrometheusStandIn:
    return PrometheusStandIn(now=lambda: NOW)


def families(text: str) -> dict[str, object]:
    """The text as Prometheus's own client reads it."""
    parser = pytest.importorskip("prometheus_client.parser", reason="prometheus_client is not installed")
    return {family.name: family for family in parser.text_string_to_metric_families(text)}


# --- exposition -------------------------------------------------------------


def test_exposition_of_metrics() -> None:
    """Metrics of one name stand together under one type, without times; the last value of a series counts."""
    text = render_exposition([
        Metric(name="deploy.duration", value=1.5, unit="second", tags={"stage": "prod"}, time=NOW),
        Metric(name="up", value=1),
        Metric(name="deploy.duration", value=2, unit="second", tags={"stage": 'te"s\\t\n'}),
        Metric(name="up", value=0, kind=MetricKind.COUNT),
    ])  # fmt: skip
    assert text == (
        "# TYPE deploy_duration_seconds gauge\n"
        'deploy_duration_seconds{stage="prod"} 1.5\n'
        'deploy_duration_seconds{stage="te\\"s\\\\t\\n"} 2.0\n'
        "# TYPE up gauge\n"
        "up 0.0\n"
    )


def test_exposition_of_families() -> None:
    """Help is escaped and stands before the type; special values have their own words."""
    values = (math.nan, math.inf, -math.inf)
    samples = tuple(Sample(value=value, labels={"n": str(index)}) for index, value in enumerate(values))
    text = render_exposition(
        [Family(name="x", help="a\\b\nc", samples=samples), Family(name="x", kind="gauge", samples=())]
    )
    assert text == '# HELP x a\\\\b\\nc\n# TYPE x untyped\nx{n="0"} NaN\nx{n="1"} +Inf\nx{n="2"} -Inf\n'
    assert render_exposition([]) == ""


@pytest.mark.parametrize(
    ("text", "unit", "name"),
    [
        ("a.b-c", None, "a_b_c"),
        ("9lives", None, "_9lives"),
        ("", None, "_"),
        ("ü", None, "_"),
        ("a:b", None, "a:b"),
        ("t", "second", "t_seconds"),
        ("t.seconds", "second", "t_seconds"),
        ("size", "byte", "size_bytes"),
        ("speed", "m/s", "speed_m_s"),
    ],
)
def test_metric_names_are_made_valid(text: str, unit: str | None, name: str) -> None:
    """What Prometheus does not allow becomes an underscore; the unit ends the name, once."""
    assert metric_name(text, unit) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a.b", "a_b"),
        ("__name__", "_name__"),
        ("9", "_9"),
        ("", "_"),
        ("a:b", "a_b"),
        ("_x", "_x"),
        ("éé", "_"),
    ],
)
def test_label_names_are_made_valid(text: str, name: str) -> None:
    """Two underscores at the start are Prometheus's own."""
    assert label_name(text) == name


@given(NAMES)
def test_names_are_valid_and_stable(text: str) -> None:
    """A name made valid fits the format's grammar, and stays as it is when made valid again."""
    metric, label = metric_name(text), label_name(text)
    assert (metric_name(metric), label_name(label)) == (metric, label)
    assert metric.isascii()
    assert not label[0].isdigit()
    assert not label.startswith("__")


@given(st.lists(st.tuples(NAMES, st.dictionaries(NAMES, NAMES, max_size=3), st.floats()), max_size=8))
def test_prometheus_reads_what_is_rendered(given_metrics: list[tuple[str, dict[str, str], float]]) -> None:
    """Prometheus's own parser finds every series with its labels and value again, whatever characters are in it."""
    metrics = [Metric(name=name, tags=tags, value=value) for name, tags, value in given_metrics]
    expected = {
        (metric_name(m.name), frozenset({label_name(k): v for k, v in m.tags.items()}.items())): m.value
        for m in metrics
    }
    found = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families(render_exposition(metrics)).values()
        for sample in family.samples
    }
    assert found.keys() == expected.keys()
    assert all(
        found[key] == value or (math.isnan(value) and math.isnan(found[key]))
        for key, value in expected.items()
    )


# --- registry ---------------------------------------------------------------


def test_registry_counts_sets_and_observes() -> None:
    """Counters add up, gauges keep the last value, histograms are cumulative: as Prometheus's client reads them."""
    registry = MetricRegistry()
    for amount in (1, 2.5):
        registry.count("orders", amount, labels={"shop": "eu"}, doc="Orders.")
    registry.gauge("queue.length", 7)
    registry.gauge("queue.length", 3)
    for value in (0.1, 0.5, 0.7, 99):
        registry.observe("latency", value, buckets=(0.5, 1, math.inf))

    read = families(registry.render())

    assert (read["orders"].type, read["orders"].documentation) == ("counter", "Orders.")
    assert [(s.name, s.labels, s.value) for s in read["orders"].samples] == [
        ("orders_total", {"shop": "eu"}, 3.5)
    ]
    assert read["queue_length"].samples[0].value == 3
    histogram = {(s.name, s.labels.get("le")): s.value for s in read["latency"].samples}
    assert histogram == {
        ("latency_bucket", "0.5"): 2,
        ("latency_bucket", "1"): 3,
        ("latency_bucket", "+Inf"): 4,
        ("latency_sum", None): pytest.approx(100.3),
        ("latency_count", None): 4,
    }


def test_registry_keeps_a_name_for_one_kind() -> None:
    """A name that is used for another kind, or a counter that should fall, is an error."""
    registry = MetricRegistry()
    registry.gauge("x", 1)
    with pytest.raises(ConfigurationError, match="x: expected use as a gauge"):
        registry.observe("x", 1)
    for amount in (-1, math.nan):
        with pytest.raises(ConfigurationError, match="expected 0 or more"):
            registry.count("y", amount)
    assert "y" not in registry.render()


def test_registry_is_bounded() -> None:
    """Labels with endless values do not fill the memory: what exceeds the bound is counted as dropped."""
    registry = MetricRegistry(most_series=2)
    for number in range(5):
        registry.count("visits", labels={"user": str(number)})
    registry.gauge("g", 1)
    registry.observe("h", 1)
    registry.count("visits", labels={"user": "0"})
    assert registry.dropped == 5
    assert 'visits_total{user="0"} 2.0' in registry.render()
    assert 'user="2"' not in registry.render()


def test_registry_records_the_librarys_own_operations() -> None:
    """Outcomes are counted by provider, operation and status, and timed when they took time."""
    registry = MetricRegistry()
    outcome = Outcome(
        target="slack-1", provider="slack", operation="chat.postMessage", duration=timedelta(seconds=0.2)
    )
    registry.record(outcome)
    registry.record(attrs.evolve(outcome, status=OutcomeStatus.FAILED, duration=None))
    read = families(registry.render())
    counted = {s.labels["status"]: s.value for s in read["integrations_sdk_operations"].samples}
    assert counted == {"succeeded": 1, "failed": 1}
    assert [
        s.value for s in read["integrations_sdk_operation_seconds"].samples if s.name.endswith("_count")
    ] == [1]


# --- Pushgateway ------------------------------------------------------------


@pytest.mark.parametrize(
    ("job", "grouping", "path"),
    [
        ("app", {}, "/metrics/job/app"),
        ("app", {"instance": "a b", "a": "ü"}, "/metrics/job/app/a/%C3%BC/instance/a%20b"),
        ("a/b", {}, "/metrics/job@base64/YS9i"),
        ("app", {"path": "/var/tmp", "empty": ""}, "/metrics/job/app/empty@base64/=/path@base64/L3Zhci90bXA"),
        ("..", {"x": "."}, "/metrics/job@base64/Li4/x@base64/Lg"),
        ("app", {"git.branch": "x"}, "/metrics/job/app/git_branch/x"),
    ],
)
def test_group_paths(job: str, grouping: dict[str, str], path: str) -> None:
    """Values that a path cannot hold go as base64 (https://github.com/prometheus/pushgateway#url)."""
    assert push_path(job, grouping) == path


def test_metrics_are_pushed_into_the_configured_group() -> None:
    """A push is a POST of text in the exposition format, which may be repeated.

    Source: https://github.com/prometheus/pushgateway#post-method; there is no machine-readable contract.
    """
    http = ScriptedHttp([reply(200)])
    prometheus = make(http, job="batch", grouping={"instance": "a/b"})

    outcome = asyncio.run(prometheus.send_metrics([Metric(name="load", value=2)]))

    (request,) = http.requests
    assert (request.method, request.url) == ("POST", f"{PUSH}/metrics/job/batch/instance@base64/YS9i")
    assert request.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert request.content == b"# TYPE load gauge\nload 2.0\n"
    assert http.calls[0].idempotent
    assert (outcome.reference, outcome.detail) == ("/metrics/job/batch/instance@base64/YS9i", "1 metrics")


def test_push_replace_and_delete() -> None:
    """PUT replaces a group, POST metrics of the same name, DELETE removes it; a registry can be pushed as well."""
    stand_in = stand_in_now()
    prometheus, http = against(stand_in)
    registry = MetricRegistry()
    registry.count("runs")
    group = "/metrics/job/other/instance/a"

    async def work() -> None:
        await prometheus.push(
            [Metric(name="a", value=1), Metric(name="b", value=1)], job="other", grouping={"instance": "a"}
        )
        await prometheus.push(registry.families(), job="other", grouping={"instance": "a"})
        assert set(stand_in.groups[group]) == {"a", "b", "runs_total"}
        await prometheus.push(
            [Metric(name="c", value=1)], job="other", grouping={"instance": "a"}, replace=True
        )
        assert set(stand_in.groups[group]) == {"c"}
        outcome = await prometheus.delete_group(job="other", grouping={"instance": "a"})
        assert (outcome.http_status, outcome.reference) == (202, group)

    asyncio.run(work())
    assert stand_in.groups == {}
    assert [request.method for request in http.requests] == ["POST", "POST", "PUT", "DELETE"]


def test_many_metrics_are_compressed() -> None:
    """A large push goes as gzip."""
    http = ScriptedHttp([reply(200)])
    asyncio.run(make(http).send_metrics([Metric(name="x", value=n, tags={"n": str(n)}) for n in range(200)]))
    assert http.requests[0].headers["content-encoding"] == "gzip"
    assert gzip.decompress(http.requests[0].content).count(b"\n") == 201


def test_push_without_a_gateway() -> None:
    """Metrics are skipped without a Pushgateway, so a fan-out goes on; what asks for it by name is an error."""
    prometheus = connect(PrometheusConnector, {"url": URLS["url"]}, ScriptedHttp())
    outcome = asyncio.run(prometheus.send_metrics([Metric(name="x", value=1)]))
    assert (outcome.status, outcome.detail) == (OutcomeStatus.SKIPPED, "no pushgateway_url is configured")
    assert asyncio.run(make(ScriptedHttp()).send_metrics([])).status is OutcomeStatus.SKIPPED
    with pytest.raises(ConfigurationError, match="pushgateway_url: missing"):
        asyncio.run(prometheus.push([]))
    with pytest.raises(ConfigurationError, match="alertmanager_url: missing"):
        asyncio.run(prometheus.silences())
    with pytest.raises(ConfigurationError, match="url: missing"):
        asyncio.run(connect(PrometheusConnector, {"pushgateway_url": PUSH}, ScriptedHttp()).query("up"))


def test_pushgateway_errors_are_in_its_words() -> None:
    """The gateway explains itself in plain text."""
    http = ScriptedHttp([reply(400, "text format parsing error in line 1: invalid metric name")])
    with pytest.raises(RejectedError, match="text format parsing error in line 1"):
        asyncio.run(make(http).push([Metric(name="x", value=1)]))


# --- queries ----------------------------------------------------------------


@pytest.mark.contracts
def test_queries_conform(conformity) -> None:
    """Every read of Prometheus's API is as its description says, times in seconds."""
    http = ScriptedHttp([reply(200, OK)])
    prometheus = make(http)

    async def work() -> None:
        await prometheus.query("up")
        await prometheus.query("up", at=NOW, timeout=timedelta(seconds=2))
        await prometheus.query("up or " * 400 + "up")
        await prometheus.query_range(
            "up", start=NOW, end=NOW + timedelta(hours=1), step=timedelta(seconds=15)
        )
        await prometheus.alerts()
        await prometheus.rules()
        await prometheus.buildinfo()

    asyncio.run(work())
    assert http.requests[1].url == f"{API}/query?query=up&time=1767268800.000&timeout=2.000"
    assert [request.method for request in http.requests] == ["GET", "GET", "POST", "GET", "GET", "GET", "GET"]
    assert all(call.idempotent for call in http.calls)
    for request in http.requests:
        conformity.check("prometheus", request, base_url=API)


def test_query_finds_what_was_pushed() -> None:
    """The data of an answer is returned as it is, whichever way a query goes."""
    stand_in = stand_in_now()
    prometheus, _ = against(stand_in, grouping={"path": "/x"})
    asyncio.run(prometheus.send_metrics([Metric(name="load", value=2)]))
    data = asyncio.run(prometheus.query("load"))
    assert data["resultType"] == "vector"
    assert data["result"] == [
        {
            "metric": {"__name__": "load", "job": "integrations_sdk", "path": "/x"},
            "value": [NOW.timestamp(), "2.0"],
        }
    ]
    assert asyncio.run(prometheus.query("x" * 3000))["result"] == []
    assert (
        asyncio.run(prometheus.query_range("x", start=NOW, end=NOW, step=timedelta(seconds=1)))["resultType"]
        == "matrix"
    )


def test_alerts_and_rules_are_returned_as_they_are() -> None:
    """Those of Prometheus's own rules, the rules by their groups."""
    alert, group = {"labels": {"alertname": "Down"}, "state": "firing"}, {"name": "shop", "rules": []}
    prometheus = make(ScriptedHttp([reply(200, {"data": {"alerts": [alert], "groups": [group]}})]))
    assert asyncio.run(prometheus.alerts()) == [alert]
    assert asyncio.run(prometheus.rules()) == [group]


@pytest.mark.parametrize("body", [{"status": "success"}, {"data": None}, {"data": {"alerts": "x"}}])
def test_odd_answers_are_empty(body: dict[str, object]) -> None:
    """An answer without the expected data is an empty one."""
    assert asyncio.run(make(ScriptedHttp([reply(200, body)])).alerts()) == []
    with pytest.raises(RejectedError, match="instead of a JSON object"):
        asyncio.run(make(ScriptedHttp([reply(200, "up")])).query("up"))


def test_query_errors_carry_words_and_type() -> None:
    """A refused expression is an error in Prometheus's words, its type the code."""
    prometheus, _ = against(stand_in_now())
    with pytest.raises(RejectedError, match="unclosed left parenthesis") as caught:
        asyncio.run(prometheus.query("sum("))
    assert (caught.value.code, caught.value.status, caught.value.operation) == ("bad_data", 400, "query")
    with pytest.raises(ProviderUnavailableError, match="query timed out") as unavailable:
        asyncio.run(
            make(
                ScriptedHttp(
                    [reply(503, {"status": "error", "errorType": "timeout", "error": "query timed out"})]
                )
            ).query("up")
        )
    assert unavailable.value.code == "timeout"


# --- alerts -----------------------------------------------------------------


@pytest.mark.contracts
def test_alerts_and_silences_conform(conformity) -> None:
    """Every request to Alertmanager is as its description says."""
    http = ScriptedHttp(
        [
            reply(200),
            reply(200, []),
            reply(200, {"silenceID": "s-1"}),
            reply(200, []),
            reply(200),
            reply(200, {}),
        ]
    )
    prometheus = make(http)
    alert = Alert(
        labels={"alertname": "Down", "git.branch": "main", "empty": ""},
        annotations={"summary": "It is down", "none": ""},
        starts_at=NOW,
        ends_at=NOW + timedelta(hours=1),
        generator_url="https://x.example/1",
    )
    identity = "5b9f7d5c-6c0c-4f0e-9d1a-0a2f1f1e2d3c"

    async def work() -> Outcome:
        await prometheus.post_alerts([alert])
        await prometheus.firing(['alertname="Down"'])
        made = await prometheus.create_silence(
            [
                Matcher(name="alertname", value="D.*", is_regex=True),
                Matcher(name="env", value="prod", is_equal=False),
            ],
            duration=timedelta(hours=2),
            comment="deploying",
            created_by="ops",
        )
        await prometheus.silences(['env="prod"'])
        await prometheus.delete_silence(identity)
        await prometheus.alertmanager_status()
        return made

    made = asyncio.run(work())

    assert http.sent(0) == [{
        "labels": {"alertname": "Down", "git_branch": "main"},
        "annotations": {"summary": "It is down"},
        "startsAt": "2026-01-01T12:00:00Z",
        "endsAt": "2026-01-01T13:00:00Z",
        "generatorURL": "https://x.example/1",
    }]  # fmt: skip
    assert http.sent(2) == {
        "matchers": [
            {"name": "alertname", "value": "D.*", "isRegex": True, "isEqual": True},
            {"name": "env", "value": "prod", "isRegex": False, "isEqual": False},
        ],
        "startsAt": "2026-01-01T12:00:00Z",
        "endsAt": "2026-01-01T14:00:00Z",
        "createdBy": "ops",
        "comment": "deploying",
    }
    assert made.reference == "s-1"
    assert [call.idempotent for call in http.calls] == [True, True, False, True, True, True]
    for request in http.requests:
        conformity.check("alertmanager", request, base_url=ALERTS)


def test_alert_without_a_name_is_named() -> None:
    """Each alert without `alertname` is told, and nothing is sent."""
    http = ScriptedHttp()
    with pytest.raises(ConfigurationError, match=r"\[1\]\.labels\.alertname: missing"):
        asyncio.run(
            make(http).post_alerts([Alert(labels={"alertname": "A"}), Alert(labels={"severity": "x"})])
        )
    assert http.requests == []


def test_silences_come_and_go() -> None:
    """A silence is found again by its reference, and expires when it is deleted."""
    stand_in = stand_in_now()
    prometheus, _ = against(stand_in)

    async def work() -> None:
        made = await prometheus.create_silence(
            [Matcher(name="a", value="b")], duration=timedelta(hours=1), comment="x", starts_at=NOW
        )
        (silence,) = await prometheus.silences()
        assert silence["id"] == made.reference
        assert await prometheus.delete_silence(made.reference or "")
        assert (await prometheus.silences())[0]["status"] == {"state": "expired"}

    asyncio.run(work())
    with pytest.raises(RejectedError, match="silence none not found"):
        asyncio.run(prometheus.delete_silence("none"))
    with pytest.raises(RejectedError, match="silence not found"):
        asyncio.run(make(ScriptedHttp([reply(500, "silence not found")])).delete_silence("none"))
    with pytest.raises(ProviderUnavailableError):
        asyncio.run(make(ScriptedHttp([reply(500, "the cluster is gone")])).delete_silence("none"))
    with pytest.raises(RejectedError, match="at least one matcher required"):
        asyncio.run(prometheus.create_silence([], duration=timedelta(1), comment=""))
    odd = asyncio.run(
        make(ScriptedHttp([reply(200, {})])).create_silence([], duration=timedelta(1), comment="")
    )
    assert odd.reference is None


def test_failure_opens_an_alert_and_success_ends_it() -> None:
    """The alert of a failed pipeline stays open beyond Alertmanager's 5 minutes, until the next success."""
    stand_in = stand_in_now()
    prometheus, _ = against(stand_in)

    asyncio.run(prometheus.handle_event(PIPELINE))

    (alert,) = stand_in.firing()
    assert alert["labels"] == {
        "alertname": "PipelineFailed",
        "severity": "warning",
        "source": "gitlab",
        "project": "group/app",
        "branch": "main",
    }
    assert alert["annotations"]["url"] == PIPELINE.url
    assert alert["endsAt"] == "2026-01-02T11:59:00Z"

    asyncio.run(prometheus.handle_event(attrs.evolve(PIPELINE, branch="other", status="success")))
    assert len(stand_in.firing()) == 1
    asyncio.run(prometheus.handle_event(attrs.evolve(PIPELINE, status="success")))
    assert stand_in.firing() == []


def test_how_it_went_is_pushed_for_the_project() -> None:
    """Success, time and duration of the last run are gauges in the project's group."""
    stand_in = stand_in_now()
    prometheus, _ = against(stand_in, alertmanager_url=None, alert_duration=60)
    outcome = asyncio.run(prometheus.handle_event(PIPELINE))
    assert outcome.operation == "push"
    (lines,) = stand_in.groups.values()
    assert lines == {
        "gitlab_pipeline_last_success": ["gitlab_pipeline_last_success 0.0"],
        "gitlab_pipeline_last_time_seconds": [
            f"gitlab_pipeline_last_time_seconds {PIPELINE.time.timestamp()}"
        ],
        "gitlab_pipeline_last_duration_seconds": ["gitlab_pipeline_last_duration_seconds 63.0"],
    }
    asyncio.run(
        prometheus.handle_event(attrs.evolve(PIPELINE, project=None, duration=None, status="success"))
    )
    assert set(list(stand_in.groups.values())[1]) == {
        "gitlab_pipeline_last_success",
        "gitlab_pipeline_last_time_seconds",
    }


def test_deployment_alert_is_critical() -> None:
    """A failed deployment is known by its environment, and graver than a pipeline."""
    stand_in = stand_in_now()
    prometheus, http = against(stand_in, pushgateway_url=None, alert_duration=60)
    failed = attrs.evolve(PIPELINE, type="deployment", environment="production", url=None)
    asyncio.run(prometheus.handle_event(failed))
    (alert,) = stand_in.firing() or stand_in.alerts.values()
    assert alert["labels"]["alertname"] == "DeploymentFailed"
    assert (alert["labels"]["severity"], alert["labels"]["environment"]) == ("critical", "production")
    assert alert["endsAt"] == "2026-01-01T12:00:00Z"
    assert len(http.requests) == 1


@pytest.mark.parametrize(
    "change", [{"status": "running"}, {"type": "push", "status": "failed"}, {"type": "acme.thing"}]
)
def test_other_events_change_nothing(change: dict[str, object]) -> None:
    """What has not ended, and what is neither pipeline nor deployment, makes no request."""
    outcome = asyncio.run(make(ScriptedHttp()).handle_event(attrs.evolve(PIPELINE, **change)))
    assert outcome.status is OutcomeStatus.SKIPPED


# --- configuration and check ------------------------------------------------


@pytest.mark.contracts
def test_check_only_reads(conformity) -> None:
    """Each configured part is asked by a GET; the answer says which versions there are."""
    stand_in = stand_in_now()
    prometheus, http = against(stand_in)
    result = asyncio.run(prometheus.check())
    assert result.detail == "ready: Prometheus 3.8.0, Pushgateway, Alertmanager 0.30.0"
    assert [request.method for request in http.requests] == ["GET"] * 3
    build, _, status = http.requests
    conformity.check("prometheus", build, base_url=f"{stand_in.url}/api/v1")
    conformity.check("alertmanager", status, base_url=f"{stand_in.url}/api/v2")
    assert (stand_in.groups, stand_in.alerts, stand_in.silences) == ({}, {}, {})


def test_check_asks_only_what_is_configured() -> None:
    """A part that is not configured is not asked; unknown versions are left out."""
    http = ScriptedHttp([reply(200, {"data": {}})])
    only = connect(PrometheusConnector, {"url": URLS["url"]}, http)
    assert asyncio.run(only.check()).detail == "ready: Prometheus"
    assert len(http.requests) == 1
    http = ScriptedHttp([reply(200, {"versionInfo": 1})])
    only = connect(PrometheusConnector, {"alertmanager_url": URLS["alertmanager_url"]}, http)
    assert asyncio.run(only.check()).detail == "ready: Alertmanager"
    assert http.requests[0].url == f"{ALERTS}/status"


def test_credentials_go_along() -> None:
    """A token, or user and password, or nothing."""
    http = ScriptedHttp([reply(200, OK)])
    for given_fields, header in [
        ({"token": CANARY}, f"Bearer {CANARY}"),
        ({"username": "ada", "password": "pä"}, "Basic YWRhOnDDpA=="),
        ({}, None),
    ]:
        asyncio.run(make(http, **given_fields).buildinfo())
        assert http.requests[-1].headers.get("authorization") == header
    prometheus, _ = against(stand_in_now(), bearer_token="wrong")
    with pytest.raises(AuthenticationError, match="Unauthorized"):
        asyncio.run(prometheus.check())


@pytest.mark.parametrize(
    ("given_fields", "paths"),
    [
        ({}, {"url"}),
        ({"url": "x"}, {"url"}),
        ({"url": "http://a", "username": "u"}, {"password"}),
        ({"url": "http://a", "password": CANARY}, {"username"}),
        ({"url": "http://a", "token": CANARY, "username": "u", "password": CANARY}, {"bearer_token"}),
        ({"url": "http://a", "grouping": {"job": "x"}, "job": " "}, {"grouping.job", "job"}),
        ({"url": "http://a", "alert_duration": 0, "gropuing": {}}, {"alert_duration", "gropuing"}),
        ({"url": "http://a", "grouping": 5}, {"grouping"}),
    ],
)
def test_configuration_mistakes(given_fields: dict[str, object], paths: set[str]) -> None:
    """Every wrong field is named, and no secret is quoted."""
    with pytest.raises(ConfigurationError) as caught:
        connect(PrometheusConnector, given_fields, ScriptedHttp())
    assert {problem.path for problem in caught.value.problems} == paths
    assert CANARY not in str(caught.value)


def test_default_subscription() -> None:
    """Pipelines and deployments are acted on unless something else is configured."""
    prometheus = make(ScriptedHttp())
    assert prometheus.wants(PIPELINE) is None
    assert prometheus.wants(attrs.evolve(PIPELINE, type="push")) == "not subscribed to push"


def test_stand_in_refuses_what_prometheus_refuses() -> None:
    """Malformed text, missing parameters and empty alerts get the errors of the real thing."""
    stand_in = stand_in_now()
    answer = answered_by(stand_in)
    auth = {"authorization": f"Bearer {stand_in.token}"}

    def ask(method: str, path: str, content: bytes = b"") -> tuple[int, str]:
        response = answer(Request(method=method, url=stand_in.url + path, headers=auth, content=content))
        return response.status, response.text

    assert ask("POST", "/metrics/job/x", b"a 1")[0] == 400
    assert ask("POST", "/metrics/job/x", b'# TYPE a gauge\na{b="c",d="e\\"\\n"} 1\n') == (200, "")
    assert ask("POST", "/metrics/job/x", b"a 1 1767225600\n") == (
        400,
        "text format parsing error in line 1: invalid sample\n",
    )
    assert "start" in ask("GET", "/api/v1/query_range?query=x&end=1&step=1")[1]
    assert ask("POST", "/api/v2/alerts", b"{}")[0] == 400
    assert ask("POST", "/api/v2/alerts", b'[{"labels":{}}]')[0] == 400
    assert ask("POST", "/api/v2/alerts", b'[{"labels":{"alertname":"x"}}]')[0] == 200
    assert [alert["labels"] for alert in json.loads(ask("GET", "/api/v2/alerts")[1])] == [{"alertname": "x"}]
    stand_in.fail(status=503)
    assert ask("GET", "/api/v1/rules")[0] == 503
    assert ask("GET", "/api/v1/rules")[0] == 200
    assert ask("GET", "/api/v1/alerts")[0] == 200
    assert PrometheusStandIn().firing() == []
