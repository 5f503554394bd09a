"""New Relic: events, metrics and logs."""

from __future__ import annotations

from datetime import timedelta

from integrations_sdk.connectors.newrelic import NewRelicConnector
from integrations_sdk.models import LogEntry, Metric, MetricKind
from integrations_sdk.testing.vendors.newrelic import NewRelicStandIn
from support.scenarios import NOW, PIPELINE, Suite

SUITE = Suite(
    stand_in=NewRelicStandIn, contracts={"newrelic_event": "", "newrelic_metric": "", "newrelic_log": ""}
)


async def check(newrelic: NewRelicConnector, account: NewRelicStandIn) -> None:
    await newrelic.check()
    assert (account.events, account.metrics, account.logs) == ([], [], [])


async def send_event(newrelic: NewRelicConnector, account: NewRelicStandIn) -> None:
    await newrelic.send_event(PIPELINE)
    assert account.events[0]["eventType"] == "IntegrationPipeline"


async def record_event(newrelic: NewRelicConnector, account: NewRelicStandIn) -> None:
    await newrelic.record_event("config_change", {"configKey": "app.db.host", "dry": False}, time=NOW)
    assert account.events[0]["configKey"] == "app.db.host"


async def record_events(newrelic: NewRelicConnector, account: NewRelicStandIn) -> None:
    await newrelic.record_events(
        [{"eventType": "Order", "total": 12.5}, {"eventType": "Order", "total": 7}], time=NOW
    )
    assert len(account.events) == 2


async def send_metrics(newrelic: NewRelicConnector, account: NewRelicStandIn) -> None:
    await newrelic.send_metrics(
        [
            Metric(name="deploy.duration", value=1.5, unit="second", time=NOW, tags={"stage": "prod"}),
            Metric(name="deploy.count", value=2, kind=MetricKind.COUNT, interval=timedelta(seconds=10)),
        ]
    )
    assert [one["name"] for one in account.metrics] == ["deploy.duration", "deploy.count"]


async def send_logs(newrelic: NewRelicConnector, account: NewRelicStandIn) -> None:
    await newrelic.send_logs(
        [LogEntry(message="disk full", level="error", time=NOW, attributes={"path": "/var"})]
    )
    assert account.logs[0]["message"] == "disk full"
