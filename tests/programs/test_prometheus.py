"""Prometheus, its Pushgateway and its Alertmanager themselves take what the connector sends, and are read by it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations_sdk import IntegrationManagementManager
from integrations_sdk.connectors.prometheus import Alert, Matcher, MetricRegistry
from integrations_sdk.errors import ConnectorError, RejectedError
from integrations_sdk.models import Event, Metric, Outcome
from support.programs import Program, ask, eventually

ODD = {
    "path": "/var/tmp",
    "empty": "",
    "dot": ".",
    "dots": "..",
    "city": "Zürich 東京 🚀",
    "percent": "50%2F?x=1&y#z",
    "back": 'a\\b"c',
    "space": " a b ",
    "git.branch": "feature/x",
}


@pytest.fixture
def call(
    mgr: IntegrationManagementManager, prometheus: Program, pushgateway: Program, alertmanager: Program
) -> Any:
    """Calls any operation of a connector that reaches all three."""
    made = mgr.prometheus.create(
        url=prometheus.url, pushgateway_url=pushgateway.url, alertmanager_url=alertmanager.url
    )
    return lambda operation, *args, **options: mgr.prometheus.call(
        made.integration_id, operation, *args, **options
    )


@pytest.fixture
def gateway(pushgateway: Program) -> Iterator[Program]:
    """The Pushgateway, emptied at the end."""
    yield pushgateway
    ask(f"{pushgateway.url}/api/v1/admin/wipe", method="PUT")


def groups_of(gateway: Program) -> dict[str, dict[str, Any]]:
    """What the Pushgateway holds: the metrics of each group, by its job."""
    found = json.loads(ask(f"{gateway.url}/api/v1/metrics"))["data"]
    return {group["labels"]["job"]: group for group in found}


# --- Prometheus -------------------------------------------------------------


def test_the_check_asks_all_three(
    mgr: IntegrationManagementManager, prometheus: Program, pushgateway: Program, alertmanager: Program
) -> None:
    """All three are ready; what is no Prometheus is unhealthy."""
    mgr.prometheus.create(
        url=prometheus.url, pushgateway_url=pushgateway.url, alertmanager_url=alertmanager.url
    )
    assert mgr.prometheus.check("prometheus-1").status == "healthy"
    mgr.prometheus.create(url=pushgateway.url)
    assert mgr.prometheus.check("prometheus-2").status == "unhealthy"
    for program in (prometheus, pushgateway, alertmanager):
        program.checked("prometheus", "check")


def test_a_metric_is_pushed_scraped_and_found(
    mgr: IntegrationManagementManager, call: Any, prometheus: Program, gateway: Program
) -> None:
    """What `send_metrics()` sends is what a query finds, at one time and over a range, with its tags as labels."""
    metric = Metric(
        name="deploy.duration", value=12.5, unit="second", tags={"env": 'pr"o\\d', "site": "Zürich"}
    )
    assert mgr.prometheus.send_metrics("prometheus-1", [metric])

    def look() -> Any:
        return call("query", 'deploy_duration_seconds{site="Zürich"}')["result"]

    (series,) = eventually(look, what="the metric that was pushed")
    labels = {
        "job": "integrations_sdk",
        "env": 'pr"o\\d',
        "site": "Zürich",
        "__name__": "deploy_duration_seconds",
    }
    assert labels.items() <= series["metric"].items()
    assert float(series["value"][1]) == 12.5

    now = datetime.now(UTC)
    ranged = call(
        "query_range",
        "deploy_duration_seconds",
        start=now - timedelta(minutes=1),
        end=now + timedelta(minutes=1),
        step=timedelta(seconds=1),
        timeout=timedelta(seconds=5),
    )
    assert ranged["resultType"] == "matrix"
    assert {value for _, value in ranged["result"][0]["values"]} == {"12.5"}
    gateway.checked("prometheus", "send_metrics")
    prometheus.checked("prometheus", "query", "query_range", "send_metrics")


def test_a_registry_is_scraped(call: Any, exposed: Any) -> None:
    """Counters and histograms of `MetricRegistry`, served as `CONTENT_TYPE`, count and divide as Prometheus's own do."""
    registry: MetricRegistry = exposed.registry
    registry.record(
        Outcome(target="slack-1", provider="slack", operation="post", duration=timedelta(seconds=0.2))
    )
    for value in (0.1, 0.2, 0.3, 0.4):
        registry.observe("latency", value, labels={"shop": 'a"b\\c\nd'}, doc="How long.", buckets=(0.2, 0.4))

    def found(promql: str) -> Any:
        return eventually(lambda: call("query", promql)["result"], what=promql)

    (counted,) = found('integrations_sdk_operations_total{provider="slack",status="succeeded"}')
    assert (counted["metric"]["operation"], counted["value"][1]) == ("post", "1")
    (median,) = found("histogram_quantile(0.5, latency_bucket)")
    assert (median["metric"]["shop"], float(median["value"][1])) == ('a"b\\c\nd', 0.2)
    assert [up["value"][1] for up in found('up{job="exposed"}')] == ["1"]


def test_queries_are_understood(call: Any, prometheus: Program) -> None:
    """At a given time, with a timeout, longer than a URL may be; a wrong one is refused in Prometheus's own words."""
    at = datetime(2026, 1, 1, 12, 0, 0, 250_000, UTC)
    found = call("query", "time()", at=at, timeout=timedelta(milliseconds=500))
    assert (found["resultType"], float(found["result"][1])) == ("scalar", at.timestamp())
    long = " + ".join(["1"] * 1500)
    assert float(call("query", f"vector({long})")["result"][0]["value"][1]) == 1500
    with pytest.raises(RejectedError, match="unclosed left parenthesis") as caught:
        call("query", "sum(")
    assert (caught.value.code, caught.value.status) == ("bad_data", 400)
    prometheus.checked("prometheus", "query")


def test_rules_and_their_alerts(
    mgr: IntegrationManagementManager, call: Any, prometheus: Program, alertmanager: Program, gateway: Program
) -> None:
    """A rule's group is listed; what it finds fires in Prometheus, and arrives at Alertmanager."""
    mgr.prometheus.send_metrics("prometheus-1", [Metric(name="program.deploys.failed", value=3)])

    def firing() -> Any:
        return [alert for alert in call("alerts") if alert["state"] == "firing"]

    (alert,) = eventually(firing, what="the alert of the rule")
    assert alert["labels"]["alertname"] == "DeploysFail"
    assert alert["annotations"] == {"summary": "3 deploys failed"}

    (group,) = call("rules")
    assert (group["name"], [rule["type"] for rule in group["rules"]]) == (
        "deploys",
        ["recording", "alerting"],
    )
    told = eventually(lambda: call("firing", ['alertname="DeploysFail"']), what="the alert at Alertmanager")
    assert told[0]["annotations"] == {"summary": "3 deploys failed"}
    recorded = eventually(lambda: call("query", "deploys:failed:sum")["result"], what="the recorded sum")
    assert recorded[0]["value"][1] == "3"
    prometheus.checked("prometheus", "alerts", "rules")
    alertmanager.checked("prometheus", "firing")


def test_it_says_which_it_is(call: Any, prometheus: Program, alertmanager: Program) -> None:
    """Prometheus's version, and Alertmanager's."""
    assert str(call("buildinfo")["version"]).startswith(prometheus.name.rpartition(" ")[2])
    status = call("alertmanager_status")
    assert status["versionInfo"]["version"].startswith(alertmanager.name.rpartition(" ")[2])
    prometheus.checked("prometheus", "buildinfo")
    alertmanager.checked("prometheus", "alertmanager_status")


# --- Pushgateway ------------------------------------------------------------


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
def test_any_text_can_be_the_label_of_a_group(call: Any, gateway: Program, value: str) -> None:
    """Slashes, dots, accents, quotes and nothing at all: the group that is pushed and deleted has that very label."""
    job = value or "app"
    call("push", [Metric(name="x", value=1)], job=job, grouping={"path": value})
    assert groups_of(gateway)[job]["labels"] == {"job": job, "path": value}
    call("delete_group", job=job, grouping={"path": value})
    assert groups_of(gateway) == {}
    gateway.checked("prometheus", "push", "delete_group")


def test_labels_of_a_metric_arrive_as_they_are(call: Any, gateway: Program) -> None:
    """Every odd text as the value of a label, and numbers that are none."""
    metrics = [
        Metric(name="odd", value=1, tags=ODD),
        Metric(name="none", value=math.nan),
        Metric(name="huge", value=-math.inf),
    ]
    call("push", metrics, job="labels")
    held = groups_of(gateway)["labels"]
    shown: Mapping[str, str] = held["odd"]["metrics"][0]["labels"]
    expected = {name.replace(".", "_"): text for name, text in ODD.items()}
    assert {name: shown.get(name, "") for name in expected} == expected
    assert [held[name]["metrics"][0]["value"] for name in ("none", "huge")] == ["NaN", "-Inf"]
    gateway.checked("prometheus", "push")


def test_a_registry_arrives_with_its_kinds(call: Any, gateway: Program) -> None:
    """Counters, gauges and histograms, under their help, as `MetricRegistry` keeps them; compressed when there are many."""
    registry = MetricRegistry()
    for number in range(300):
        registry.count("orders", number, labels={"shop": str(number)}, doc='Orders, "all"\\any\nof them.')
    registry.gauge("queue.length", 3)
    for value in (0.1, 0.7, 99):
        registry.observe("latency", value, buckets=(0.5, 1))
    call("push", registry.families(), job="registry")
    held = groups_of(gateway)["registry"]
    kinds = {name: held[name]["type"] for name in ("orders_total", "queue_length", "latency")}
    assert kinds == {"orders_total": "COUNTER", "queue_length": "GAUGE", "latency": "HISTOGRAM"}
    assert held["orders_total"]["help"] == 'Orders, "all"\\any\nof them.'
    assert len(held["orders_total"]["metrics"]) == 300
    (histogram,) = held["latency"]["metrics"]
    assert {bound: int(count) for bound, count in histogram["buckets"].items()}.items() >= {
        "0.5": 1,
        "1": 2,
    }.items()
    assert (histogram["count"], float(histogram["sum"])) == ("3", 99.8)
    gateway.checked("prometheus", "push")


def test_pushing_again_replaces_and_deleting_twice_is_no_error(call: Any, gateway: Program) -> None:
    """POST keeps the other metrics of the group, PUT removes them; a group that is gone may be deleted again."""
    call("push", [Metric(name="a", value=1), Metric(name="b", value=1)], job="again")
    call("push", [Metric(name="a", value=2)], job="again")
    held = groups_of(gateway)["again"]
    assert [held[name]["metrics"][0]["value"] for name in "ab"] == ["2", "1"]
    call("push", [Metric(name="c", value=1)], job="again", replace=True)
    assert {"a", "b", "c"} & groups_of(gateway)["again"].keys() == {"c"}
    for _ in range(2):
        assert call("delete_group", job="again")
    assert groups_of(gateway) == {}
    gateway.checked("prometheus", "push", "delete_group")


def test_a_push_that_contradicts_what_is_there_is_refused(call: Any, gateway: Program) -> None:
    """A gauge under the name of another group's counter: the Pushgateway's own words say so, and nothing is kept.

    Version 1.11.0 breaks the connection in their place (https://github.com/prometheus/pushgateway/issues/766).
    """
    registry = MetricRegistry()
    registry.count("runs")
    call("push", registry.families(), job="one")
    with pytest.raises(ConnectorError) as caught:
        call("push", [Metric(name="runs_total", value=1)], job="two")
    assert "inconsistent" in str(caught.value) or gateway.name.endswith(" 1.11.0")
    assert "runs_total" not in groups_of(gateway)["two"]
    gateway.checked("prometheus", "push")


# --- Alertmanager -----------------------------------------------------------


def test_alerts_are_opened_and_ended(call: Any, alertmanager: Program) -> None:
    """An alert is held with its words and its link until one with the same labels ends it."""
    now = datetime.now(UTC)
    alert = Alert(
        labels={"alertname": "DiskFull", "host": 'a"b\\c', "city": "Zürich", "a.b": "c"},
        annotations={"summary": "no room\nleft"},
        starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(hours=1),
        generator_url="https://ci.example.com/1",
    )
    assert call("post_alerts", [alert])

    def held() -> Any:
        return call("firing", ['alertname="DiskFull"', 'host=~"a.*"'])

    (found,) = eventually(held, what="the alert that was posted")
    assert found["labels"] == {"alertname": "DiskFull", "host": 'a"b\\c', "city": "Zürich", "a_b": "c"}
    assert (found["annotations"], found["generatorURL"]) == (
        {"summary": "no room\nleft"},
        "https://ci.example.com/1",
    )
    call("post_alerts", [Alert(labels=alert.labels, ends_at=now)])
    eventually(lambda: not held(), what="the end of the alert")
    with pytest.raises(RejectedError, match="bad matcher format"):
        call("firing", ["no matcher"])
    alertmanager.checked("prometheus", "post_alerts", "firing")


def test_a_silence_keeps_its_alerts_from_being_told(call: Any, alertmanager: Program) -> None:
    """The alerts that all its matchers fit are suppressed by it; deleted, it has expired; an unknown one is an error."""
    call("post_alerts", [Alert(labels={"alertname": "Noise", "site": site}) for site in ("eu", "us")])
    matchers = [
        Matcher(name="alertname", value="Noi.+", is_regex=True),
        Matcher(name="site", value="us", is_equal=False),
    ]
    made = call(
        "create_silence", matchers, duration=timedelta(hours=1), comment="Wartung – heute", created_by="ops"
    )

    def states() -> dict[str, str]:
        noisy = call("firing", ['alertname="Noise"'])
        return {alert["labels"]["site"]: alert["status"]["state"] for alert in noisy}

    def silenced() -> bool:
        return states() == {"eu": "suppressed", "us": "active"}

    eventually(silenced, what="an alert that is silenced")
    (silence,) = [one for one in call("silences", ['alertname=~"Noi.+"']) if one["id"] == made.reference]
    assert (silence["comment"], silence["createdBy"], silence["status"]) == (
        "Wartung – heute",
        "ops",
        {"state": "active"},
    )

    call("delete_silence", made.reference)
    (silence,) = [one for one in call("silences") if one["id"] == made.reference]
    assert silence["status"] == {"state": "expired"}
    with pytest.raises(RejectedError):
        call("delete_silence", "11111111-2222-3333-4444-555555555555")
    with pytest.raises(RejectedError, match="matcher"):
        call("create_silence", [], duration=timedelta(hours=1), comment="everything")
    alertmanager.checked("prometheus", "create_silence", "silences", "delete_silence")


# --- events -----------------------------------------------------------------


def test_a_failed_pipeline_opens_an_alert_and_a_success_ends_it(
    mgr: IntegrationManagementManager, call: Any, alertmanager: Program, gateway: Program
) -> None:
    """The Pushgateway holds how it went in a group of the project, Alertmanager the alert."""
    now = datetime.now(UTC)

    def pipeline(status: str) -> Event:
        return Event(
            id=f"p-{status}",
            type="pipeline",
            source="https://gitlab.example.com/group/app",
            time=now - timedelta(seconds=5),
            provider="gitlab",
            project="group/app",
            branch="main",
            status=status,
            duration=timedelta(seconds=63),
            url="https://gitlab.example.com/group/app/-/pipelines/1",
        )

    def held() -> Any:
        return call("firing", ['alertname="PipelineFailed"'])

    assert mgr.prometheus.send_event("prometheus-1", pipeline("failed"))
    (alert,) = eventually(held, what="the alert of the pipeline")
    assert alert["labels"]["project"] == "group/app"
    group = groups_of(gateway)["integrations_sdk"]
    assert group["labels"]["project"] == "group/app"
    assert group["gitlab_pipeline_last_duration_seconds"]["metrics"][0]["value"] == "63"
    assert group["gitlab_pipeline_last_success"]["metrics"][0]["value"] == "0"

    assert mgr.prometheus.send_event("prometheus-1", pipeline("success"))
    eventually(lambda: not held(), what="the end of the alert")
    assert (
        groups_of(gateway)["integrations_sdk"]["gitlab_pipeline_last_success"]["metrics"][0]["value"] == "1"
    )
    alertmanager.checked("prometheus", "send_event")
    gateway.checked("prometheus", "send_event")
