"""New Relic's own client: https://pypi.org/project/newrelic-telemetry-sdk."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from integrations_sdk.models import LogEntry, Metric
from support.clients import Versus, against
from support.recording import Difference

versus = against("newrelic", "newrelic-telemetry-sdk", "newrelic_telemetry_sdk")

COMMON = Difference("body[0].common.attributes", "ours says so where there are none in common")
NOW = datetime.now(UTC).replace(microsecond=0)


def client(stand_in: Any, kind: str) -> Any:
    """The client speaks TLS alone: its pool is given a plain one."""
    import newrelic_telemetry_sdk
    from urllib3 import HTTPConnectionPool

    where = urlsplit(stand_in.url)
    made = getattr(newrelic_telemetry_sdk, kind)(stand_in.license_key, host=where.hostname, port=where.port)
    made._pool = HTTPConnectionPool(where.hostname, where.port)
    return made


def test_metrics(versus: Versus) -> None:
    """Name, type, value, time and attributes."""
    from newrelic_telemetry_sdk import GaugeMetric

    gauge = GaugeMetric("shop.load", 12.5, tags={"env": "prod"}, end_time_ms=int(NOW.timestamp() * 1000))
    versus(
        "send_metrics",
        COMMON,
        Difference("body[0].metrics[0].type", "the client leaves out the default, a gauge"),
        ours=lambda it: it.send_metrics(
            [Metric(name="shop.load", value=12.5, time=NOW, tags={"env": "prod"})]
        ),
        theirs=lambda it: client(it, "MetricClient").send_batch([gauge]),
    )


def test_events(versus: Versus) -> None:
    """A list of flat objects with `eventType`."""
    from newrelic_telemetry_sdk import Event

    event = Event("IntegrationDeployed", tags={"service": "shop"}, timestamp_ms=int(NOW.timestamp() * 1000))
    versus(
        "record_event",
        Difference("path", "the client leaves out the account, which follows from the key"),
        ours=lambda it: it.record_event("Deployed", {"service": "shop"}, time=NOW),
        theirs=lambda it: client(it, "EventClient").send_batch([event]),
    )


def test_logs(versus: Versus) -> None:
    """Message, time, level."""
    from newrelic_telemetry_sdk import Log

    log = Log("Deployed", level="info", timestamp=int(NOW.timestamp() * 1000))
    versus(
        "send_logs",
        COMMON,
        Difference(
            "body[0].logs[0].level",
            "ours is a field of the line, the client's one of its attributes; New Relic takes both",
        ),
        Difference("body[0].logs[0].attributes", "as above"),
        ours=lambda it: it.send_logs([LogEntry(message="Deployed", time=NOW)]),
        theirs=lambda it: client(it, "LogClient").send_batch([log]),
    )
