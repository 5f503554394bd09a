"""Prometheus: queries, metrics through a Pushgateway, alerts and silences of Alertmanager."""

from __future__ import annotations

from datetime import timedelta

from integrations_sdk.connectors.prometheus import Alert, Family, Matcher, PrometheusConnector, Sample
from integrations_sdk.models import Metric
from integrations_sdk.testing.vendors.prometheus import PrometheusStandIn
from support.scenarios import NOW, PIPELINE, Suite

PUSH = "https://github.com/prometheus/pushgateway"

SUITE = Suite(
    stand_in=lambda: PrometheusStandIn(now=lambda: NOW),
    contracts={"prometheus": "/api/v1", "alertmanager": "/api/v2"},
    cited={
        "POST /metrics/job*": f"{PUSH}#post-method",
        "PUT /metrics/job*": f"{PUSH}#put-method",
        "DELETE /metrics/job*": f"{PUSH}#delete-method",
        "GET /-/ready": f"{PUSH}#management-api",
    },
)

DOWN = Alert(
    labels={"alertname": "ShopDown", "severity": "critical"}, annotations={"summary": "Nobody can buy."},
    starts_at=NOW, ends_at=NOW + timedelta(hours=1), generator_url="https://shop.example/health",
)  # fmt: skip
DURATION = Metric(name="deploy.duration", value=1.5, unit="second", tags={"stage": "prod"})


async def check(prometheus: PrometheusConnector, _server: PrometheusStandIn) -> None:
    await prometheus.check()


async def query(prometheus: PrometheusConnector, _server: PrometheusStandIn) -> None:
    found = await prometheus.query("up", at=NOW, timeout=timedelta(seconds=5))
    assert found["resultType"] == "vector"
    long = " or ".join(f'up{{job="{number}"}}' for number in range(500))
    assert (await prometheus.query(long))["resultType"] == "vector"


async def query_range(prometheus: PrometheusConnector, _server: PrometheusStandIn) -> None:
    found = await prometheus.query_range(
        "up",
        start=NOW - timedelta(hours=1),
        end=NOW,
        step=timedelta(seconds=30),
        timeout=timedelta(seconds=5),
    )
    assert found["resultType"] == "matrix"


async def alerts(prometheus: PrometheusConnector, _server: PrometheusStandIn) -> None:
    assert await prometheus.alerts() == []


async def rules(prometheus: PrometheusConnector, _server: PrometheusStandIn) -> None:
    assert await prometheus.rules() == []


async def buildinfo(prometheus: PrometheusConnector, _server: PrometheusStandIn) -> None:
    assert (await prometheus.buildinfo())["version"] == "3.8.0"


async def push(prometheus: PrometheusConnector, server: PrometheusStandIn) -> None:
    orders = Family(
        name="orders", kind="gauge", samples=(Sample(value=7, labels={"shop": "web"}),), help="Open orders."
    )
    await prometheus.push([orders, DURATION], job="shop", grouping={"stage": "prod/eu"})
    await prometheus.push([orders], job="shop", replace=True)
    assert len(server.groups) == 2


async def send_metrics(prometheus: PrometheusConnector, server: PrometheusStandIn) -> None:
    await prometheus.send_metrics([DURATION])
    assert [list(names) for names in server.groups.values()] == [["deploy_duration_seconds"]]


async def delete_group(prometheus: PrometheusConnector, server: PrometheusStandIn) -> None:
    await prometheus.push([DURATION], job="shop", grouping={"stage": "prod"})
    await prometheus.delete_group(job="shop", grouping={"stage": "prod"})
    assert server.groups == {}


async def send_event(prometheus: PrometheusConnector, server: PrometheusStandIn) -> None:
    await prometheus.send_event(PIPELINE)
    assert server.groups or server.alerts


async def post_alerts(prometheus: PrometheusConnector, server: PrometheusStandIn) -> None:
    await prometheus.post_alerts([DOWN])
    assert len(server.firing()) == 1


async def firing(prometheus: PrometheusConnector, _server: PrometheusStandIn) -> None:
    await prometheus.post_alerts([DOWN])
    assert len(await prometheus.firing(['severity="critical"'])) == 1


async def create_silence(prometheus: PrometheusConnector, server: PrometheusStandIn) -> None:
    made = await prometheus.create_silence(
        [Matcher(name="alertname", value="Shop.*", is_regex=True)], duration=timedelta(hours=2), comment="Moving house",
        created_by="ada", starts_at=NOW,
    )  # fmt: skip
    assert server.silences[made.reference or ""]["createdBy"] == "ada"


async def delete_silence(prometheus: PrometheusConnector, server: PrometheusStandIn) -> None:
    made = await prometheus.create_silence(
        [Matcher(name="alertname", value="ShopDown")], duration=timedelta(hours=2), comment="Moving house"
    )
    await prometheus.delete_silence(made.reference or "")
    assert server.silences[made.reference or ""]["status"] == {"state": "expired"}


async def silences(prometheus: PrometheusConnector, _server: PrometheusStandIn) -> None:
    await prometheus.create_silence(
        [Matcher(name="alertname", value="ShopDown")], duration=timedelta(hours=2), comment="Moving house"
    )
    assert len(await prometheus.silences(['alertname="ShopDown"'])) == 1


async def alertmanager_status(prometheus: PrometheusConnector, _server: PrometheusStandIn) -> None:
    assert "versionInfo" in await prometheus.alertmanager_status()
