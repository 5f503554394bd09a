"""`PrometheusConnector`."""

from __future__ import annotations

from collections.abc import Sequence

from integrations_sdk.connectors.base import (
    Category,
    CheckResult,
    Event,
    EventType,
    JsonValue,
    Metric,
    Outcome,
)
from integrations_sdk.connectors.prometheus.alertmanager import AlertmanagerApi
from integrations_sdk.connectors.prometheus.alerts import alert_of, last_run_of
from integrations_sdk.connectors.prometheus.config import PrometheusConfig
from integrations_sdk.connectors.prometheus.pushgateway import PushgatewayApi
from integrations_sdk.connectors.prometheus.server import ServerApi

__all__ = ["PrometheusConnector"]


class PrometheusConnector(ServerApi, PushgatewayApi, AlertmanagerApi):
    """Pushes metrics, asks queries, posts alerts and silences them: each where its URL is configured."""

    provider = "prometheus"
    title = "Prometheus"
    category = Category.MONITORING
    Config = PrometheusConfig
    docs_url = "https://prometheus.io/docs/"
    setup = (
        "Find the URLs of Prometheus, Pushgateway and Alertmanager; any of them will do",
        "Let Prometheus scrape the Pushgateway with `honor_labels: true`",
    )
    permissions = ("none of their own; credentials are those of a proxy in front of them",)
    limits = (
        "A Pushgateway keeps the last value of each metric of a group until the group is deleted.",
        "Metrics carry the time at which they are scraped.",
    )
    default_events = (EventType.PIPELINE, EventType.DEPLOYMENT)

    async def check(self) -> CheckResult:
        """Ask each configured part whether it is ready."""
        parts: list[str] = []
        if self.config.url is not None:
            parts.append(_named("Prometheus", await self.buildinfo()))
        if self.config.pushgateway_url is not None:
            url = f"{self.part('pushgateway_url')}/-/ready"
            await self.call("GET", url, operation="ready", headers={"accept": "*/*"})
            parts.append("Pushgateway")
        if self.config.alertmanager_url is not None:
            parts.append(_named("Alertmanager", (await self.alertmanager_status()).get("versionInfo")))
        return CheckResult(detail=f"ready: {', '.join(parts)}")

    async def send_event(self, event: Event) -> Outcome:
        """Let a failed pipeline or deployment open an alert and a successful one end it; push how it went.

        The metrics go into a group of the project, where each push replaces the one before. Repeating
        changes nothing.
        """
        outcome = self.skipped("alerts", f"{event.type}: neither failed nor succeeded")
        metrics = last_run_of(event)
        if metrics and self.config.pushgateway_url is not None:
            outcome = await self.push(metrics, grouping={"project": event.project or event.source})
        alert = alert_of(event, now=self.context.clock.now(), lasts=self.config.alert_duration)
        if alert is not None and self.config.alertmanager_url is not None:
            outcome = await self.post_alerts([alert])
        return outcome

    async def send_metrics(self, metrics: Sequence[Metric]) -> Outcome:
        """Push the metrics into the configured group; skipped without a `pushgateway_url`."""
        if self.config.pushgateway_url is None:
            return self.skipped("push", "no pushgateway_url is configured")
        return await self.push(metrics) if metrics else self.skipped("push", "nothing to send")


def _named(name: str, info: JsonValue) -> str:
    version = info.get("version") if isinstance(info, dict) else None
    return f"{name} {version}" if version else name
