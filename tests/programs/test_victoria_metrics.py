"""VictoriaMetrics takes what is sent to Datadog and to Prometheus, and answers queries as Prometheus does."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations_sdk import IntegrationManagementManager
from integrations_sdk.connectors.prometheus import CONTENT_TYPE, render_exposition
from integrations_sdk.errors import RejectedError
from integrations_sdk.models import Event, Metric, MetricKind
from support.needs import unavailable
from support.programs import Program, ask


@pytest.fixture
def call(mgr: IntegrationManagementManager, victoria_metrics: Program) -> Any:
    """Calls any operation of a Prometheus connector that reaches it."""
    mgr.prometheus.create(url=victoria_metrics.url)
    return lambda operation, *args, **options: mgr.prometheus.call(
        "prometheus-1", operation, *args, **options
    )


@pytest.fixture
def found(call: Any, victoria_metrics: Program) -> Any:
    """The value of each series of a metric, by its labels; what was just sent is there."""

    def look(metric: str) -> dict[frozenset[tuple[str, str]], float]:
        ask(f"{victoria_metrics.url}/internal/force_flush")
        # What a series was, whatever its time: an evaluation at one moment may come before its value.
        series = call(
            "query",
            f'last_over_time({{__name__="{metric}"}}[5m])',
            at=datetime.now(UTC) + timedelta(minutes=1),
        )["result"]
        return {
            frozenset((name, text) for name, text in one["metric"].items() if name != "__name__"): float(
                one["value"][1]
            )
            for one in series
        }

    return look


@pytest.fixture
def datadog(mgr: IntegrationManagementManager, newer: Program) -> IntegrationManagementManager:
    """A manager with a Datadog connector that reaches it."""
    config = {"api_key": "any", "env": "prod", "service": "shop", "tags": ["team:web"]}
    mgr.datadog.create(config, api_url=f"{newer.url}/datadog")
    return mgr


@pytest.fixture(scope="session")
def newer(victoria_metrics: Program) -> Program:
    """One that takes what Datadog's second version of series is; skips where it is older than that."""
    try:
        ask(f"{victoria_metrics.url}/datadog/api/v2/series", body=b'{"series":[]}')
    except OSError:
        unavailable("this VictoriaMetrics takes no `/api/v2/series` of Datadog; that of Debian 13 does")
    return victoria_metrics


# --- as Datadog -------------------------------------------------------------


def test_series_for_datadog_are_found_again(
    datadog: IntegrationManagementManager, found: Any, victoria_metrics: Program
) -> None:
    """Name, value, and every tag: the configured ones and those of the metric, with colons and accents in them."""
    metrics = [
        Metric(name="deploy.duration", value=12.5, unit="second", tags={"site": "Zürich", "image": "a:b:c"}),
        Metric(name="deploy.duration", value=-0.25, tags={"site": "us"}),
        Metric(name="deploy.count", value=7, kind=MetricKind.COUNT, interval=timedelta(seconds=10)),
        Metric(name="deploy.rate", value=1e-9, kind=MetricKind.RATE),
    ]
    assert datadog.datadog.send_metrics("datadog-1", metrics)
    own = {("env", "prod"), ("service", "shop"), ("team", "web")}
    assert found("deploy.duration") == {
        frozenset({*own, ("site", "Zürich"), ("image", "a:b:c")}): 12.5,
        frozenset({*own, ("site", "us")}): -0.25,
    }
    assert found("deploy.count") == {frozenset(own): 7}
    assert found("deploy.rate") == {frozenset(own): 1e-9}
    victoria_metrics.checked("datadog", "send_metrics")


def test_a_metric_keeps_its_time(
    datadog: IntegrationManagementManager, call: Any, victoria_metrics: Program
) -> None:
    """One of ten minutes ago is found there, to the second, and not now."""
    then = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
    datadog.datadog.send_metrics("datadog-1", Metric(name="late", value=3, time=then))
    ask(f"{victoria_metrics.url}/internal/force_flush")
    (series,) = call("query", "timestamp(late)", at=then + timedelta(seconds=2))["result"]
    assert float(series["value"][1]) == then.timestamp()
    assert call("query", "late")["result"] == []
    victoria_metrics.checked("datadog", "send_metrics")


def test_many_series_arrive_compressed(
    datadog: IntegrationManagementManager, found: Any, victoria_metrics: Program
) -> None:
    """Thousands, in one call, all of them."""
    metrics = [Metric(name="many", value=number, tags={"n": str(number)}) for number in range(3_000)]
    assert datadog.datadog.send_metrics("datadog-1", metrics)
    assert sorted(found("many").values()) == list(range(3_000))
    victoria_metrics.checked("datadog", "send_metrics")


def test_the_metrics_of_an_event_arrive(
    datadog: IntegrationManagementManager, found: Any, victoria_metrics: Program
) -> None:
    """What an event measures is sent before its record, which VictoriaMetrics has no place for."""
    event = Event(
        id="1",
        type="pipeline",
        source="https://gitlab.example.com/shop/web",
        time=datetime.now(UTC),
        provider="gitlab",
        project="shop/web",
        status="failed",
        duration=timedelta(seconds=63),
    )
    (outcome,) = (one for one in datadog.events.dispatch(event) if one.target == "datadog-1")
    assert "unsupported path" in str(outcome.error)
    assert list(found("gitlab.pipeline.duration").values()) == [63.0]
    victoria_metrics.checked("datadog", "send_metrics")


def test_the_key_is_valid_and_a_service_check_taken(
    mgr: IntegrationManagementManager, victoria_metrics: Program
) -> None:
    """The check asks below the configured URL; a service check goes there as well; a wrong path is an error."""
    mgr.datadog.create(api_url=f"{victoria_metrics.url}/datadog/", api_key="any")
    assert mgr.datadog.check("datadog-1").status == "healthy"
    assert mgr.datadog.call("datadog-1", "service_check", "app.is_ok", "ok", host="web-1")
    mgr.datadog.create(api_url=f"{victoria_metrics.url}/nowhere", api_key="any")
    assert mgr.datadog.check("datadog-2").status == "unhealthy"
    victoria_metrics.checked("datadog", "check", "service_check")


# --- as Prometheus ----------------------------------------------------------


def test_it_reads_the_exposition(found: Any, victoria_metrics: Program) -> None:
    """What `render_exposition()` makes is imported as it is, escapes and odd numbers with it."""
    odd = 'a\\b"c\nd Zürich 🚀'
    text = render_exposition([
        Metric(name="imported", value=1.25, tags={"odd": odd, "git.branch": "feature/x"}),
        Metric(name="imported", value=math.inf, tags={"odd": "x"}),
        Metric(name="size", value=3, unit="byte"),
    ])  # fmt: skip
    ask(f"{victoria_metrics.url}/api/v1/import/prometheus", body=text.encode(), content_type=CONTENT_TYPE)
    assert found("imported") == {
        frozenset({("odd", odd), ("git_branch", "feature/x")}): 1.25,
        frozenset({("odd", "x")}): math.inf,
    }
    assert found("size_bytes") == {frozenset(): 3.0}
    victoria_metrics.checked("prometheus", "send_metrics")


def test_it_takes_pushes(mgr: IntegrationManagementManager, found: Any, newer: Program) -> None:
    """The Pushgateway's paths work below its import, the group's labels included."""
    mgr.prometheus.create(pushgateway_url=f"{newer.url}/api/v1/import/prometheus", job="a/b")
    assert mgr.prometheus.call(
        "prometheus-2", "push", [Metric(name="pushed", value=2)], grouping={"city": "Zürich"}
    )
    assert found("pushed") == {frozenset({("job", "a/b"), ("city", "Zürich")}): 2.0}
    newer.checked("prometheus", "push")


def test_it_answers_queries(call: Any, victoria_metrics: Program) -> None:
    """At one time, over a range, longer than a URL may be; a wrong one is refused in its own words."""
    at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    (now,) = call("query", "time()", at=at, timeout=timedelta(seconds=2))["result"]
    assert float(now["value"][1]) == at.timestamp()
    (long,) = call("query", " + ".join(["1"] * 1500))["result"]
    assert float(long["value"][1]) == 1500
    (ranged,) = call(
        "query_range", "time()", start=at, end=at + timedelta(minutes=1), step=timedelta(seconds=30)
    )["result"]
    assert [float(value) for _, value in ranged["values"]] == [at.timestamp() + step for step in (0, 30, 60)]
    with pytest.raises(RejectedError, match="sum"):
        call("query", "sum(")
    assert (call("rules"), call("alerts")) == ([], [])
    assert isinstance(call("buildinfo"), dict)
    victoria_metrics.checked("prometheus", "query", "query_range", "rules", "alerts", "buildinfo")
