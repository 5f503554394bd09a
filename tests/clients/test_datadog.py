"""Datadog's own client: https://pypi.org/project/datadog-api-client."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from integrations_sdk.models import Event, LogEntry, Metric
from support.clients import Versus, against
from support.recording import Extra, Varies

versus = against("datadog", "datadog-api-client", "datadog_api_client")

NOW = datetime.now(UTC).replace(microsecond=0)


def client(stand_in: Any) -> Any:
    from datadog_api_client import ApiClient, Configuration

    configuration = Configuration(host=stand_in.url)
    configuration.server_variables = {}
    configuration.api_key = {"apiKeyAuth": stand_in.api_key}
    return ApiClient(configuration)


def metrics(stand_in: Any) -> Any:
    from datadog_api_client.v2.api.metrics_api import MetricsApi
    from datadog_api_client.v2.model.metric_intake_type import MetricIntakeType
    from datadog_api_client.v2.model.metric_payload import MetricPayload
    from datadog_api_client.v2.model.metric_point import MetricPoint
    from datadog_api_client.v2.model.metric_series import MetricSeries

    point = MetricPoint(timestamp=int(NOW.timestamp()), value=12.5)
    series = MetricSeries(metric="shop.load", type=MetricIntakeType.GAUGE, points=[point], tags=["env:prod"])
    return MetricsApi(client(stand_in)).submit_metrics(MetricPayload(series=[series]))


def test_metrics(versus: Versus) -> None:
    """`/api/v2/series`."""
    versus(
        "send_metrics",
        ours=lambda it: it.send_metrics(
            [Metric(name="shop.load", value=12.5, time=NOW, tags={"env": "prod"})]
        ),
        theirs=metrics,
    )


def test_logs(versus: Versus) -> None:
    """`/api/v2/logs`."""

    def theirs(stand_in: Any) -> None:
        from datadog_api_client.v2.api.logs_api import LogsApi
        from datadog_api_client.v2.model.http_log import HTTPLog
        from datadog_api_client.v2.model.http_log_item import HTTPLogItem

        LogsApi(client(stand_in)).submit_log(
            HTTPLog(
                [
                    HTTPLogItem(
                        message="Deployed",
                        ddsource="integrations-sdk",
                        ddtags="",
                        status="info",
                        timestamp=int(NOW.timestamp() * 1000),
                    )
                ]
            )
        )

    versus(
        "send_logs",
        ours=lambda it: it.send_logs([LogEntry(message="Deployed", time=NOW)]),
        theirs=theirs,
    )


def test_an_event(versus: Versus) -> None:
    """`/api/v1/events`."""

    def theirs(stand_in: Any) -> None:
        from datadog_api_client.v1.api.events_api import EventsApi
        from datadog_api_client.v1.model.event_alert_type import EventAlertType
        from datadog_api_client.v1.model.event_create_request import EventCreateRequest

        body = EventCreateRequest(
            title="Deployment changed",
            text="Deployed",
            alert_type=EventAlertType.INFO,
            date_happened=int(NOW.timestamp()),
            aggregation_key="deployment:https://x.example:",
            tags=["provider:custom", "type:deployment"],
        )
        EventsApi(client(stand_in)).create_event(body)

    event = Event(id="e-1", type="deployment", source="https://x.example", time=NOW, text="Deployed")
    versus("send_event", ours=lambda it: it.send_event(event), theirs=theirs)


def test_a_service_check(versus: Versus) -> None:
    """`/api/v1/check_run`."""

    def theirs(stand_in: Any) -> None:
        from datadog_api_client.v1.api.service_checks_api import ServiceChecksApi
        from datadog_api_client.v1.model.service_check import ServiceCheck
        from datadog_api_client.v1.model.service_check_status import ServiceCheckStatus
        from datadog_api_client.v1.model.service_checks import ServiceChecks

        check = ServiceCheck(
            check="shop.up",
            host_name="db-1",
            status=ServiceCheckStatus.OK,
            message="fine",
            tags=["env:prod"],
            timestamp=int(NOW.timestamp()),
        )
        ServiceChecksApi(client(stand_in)).submit_service_check(ServiceChecks([check]))

    versus(
        "service_check",
        Varies("body[0].timestamp", "ours says the time of the call"),
        ours=lambda it: it.service_check("shop.up", "ok", host="db-1", message="fine", tags={"env": "prod"}),
        theirs=theirs,
    )


def test_the_key(versus: Versus) -> None:
    """`/api/v1/validate`."""

    def theirs(stand_in: Any) -> Any:
        from datadog_api_client.v1.api.authentication_api import AuthenticationApi

        return AuthenticationApi(client(stand_in)).validate()

    _, answer = versus(
        "check",
        Extra("ours", "GET /api/v2/validate_keys", "ours asks for the application's key as well"),
        ours=lambda it: it.check(),
        theirs=theirs,
    )
    assert answer.valid
