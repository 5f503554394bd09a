"""Datadog: events, metrics, logs and service checks."""

from __future__ import annotations

from datetime import timedelta

from integrations_sdk.connectors.datadog import DatadogConnector
from integrations_sdk.models import LogEntry, Metric, MetricKind
from integrations_sdk.testing.vendors.datadog import DatadogStandIn
from support.scenarios import NOW, PIPELINE, Suite, otherwise

SUITE = Suite(
    stand_in=DatadogStandIn,
    contracts={"datadog": "", "datadog_v2": ""},
    cited={
        "GET /api/v2/validate_keys": "https://docs.datadoghq.com/api/latest/key-management/validate-api-and-application-keys/"
    },
    config={"env": "production", "service": "shop", "tags": ["team:platform"]},
)


async def check(datadog: DatadogConnector, _site: DatadogStandIn) -> None:
    await datadog.check()


async def send_event(datadog: DatadogConnector, site: DatadogStandIn) -> None:
    await datadog.send_event(PIPELINE)
    assert len(site.events) == 1


async def send_metrics(datadog: DatadogConnector, site: DatadogStandIn) -> None:
    await datadog.send_metrics(
        [
            Metric(name="deploy.duration", value=1.5, unit="second", time=NOW, tags={"stage": "prod"}),
            Metric(name="deploy.count", value=2, kind=MetricKind.COUNT, interval=timedelta(seconds=10)),
        ]
    )
    assert [one["metric"] for one in site.series] == ["deploy.duration", "deploy.count"]


async def send_logs(datadog: DatadogConnector, site: DatadogStandIn) -> None:
    await datadog.send_logs(
        [LogEntry(message="disk full", level="error", time=NOW, attributes={"path": "/var"})]
    )
    assert site.logs[0]["message"] == "disk full"


async def service_check(datadog: DatadogConnector, site: DatadogStandIn) -> None:
    await datadog.service_check("shop.is_ok", "critical", host="web-1", message="down", tags={"a": "b"})
    assert site.checks[0]["status"] == 2


async def handle_event(datadog: DatadogConnector, site: DatadogStandIn) -> None:
    await otherwise(datadog, {**site.config(), "enable_logs": True}).handle_event(PIPELINE)
    assert (len(site.events), len(site.logs), len(site.series) > 0) == (1, 1, True)
