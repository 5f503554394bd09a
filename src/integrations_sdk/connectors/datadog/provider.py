"""`DatadogConnector`.

Source: https://docs.datadoghq.com/api/latest/. Events go to the v1 endpoint: v2 takes change and alert
events only, and sends no notifications.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, Literal

from integrations_sdk.connectors.base import (
    AuthenticationError,
    Category,
    CheckResult,
    ConfigurationError,
    Event,
    EventType,
    Fault,
    JsonValue,
    LogEntry,
    Metric,
    Outcome,
    batches,
    event_metrics,
    finite,
    text_at,
)
from integrations_sdk.connectors.datadog.api import DatadogApi
from integrations_sdk.connectors.datadog.config import DatadogConfig
from integrations_sdk.connectors.datadog.payloads import event_body, line_of, log_of, series_of, tags_of

__all__ = ["DatadogConnector"]

_SERVICE_STATUS: Final = {"ok": 0, "warning": 1, "critical": 2, "unknown": 3}
_METRIC_BYTES: Final = 512_000 - len('{"series":}')  # of a request, before compression; so after it as well
_LOG_BYTES: Final = 5_000_000
_LOG_COUNT: Final = 1000


class DatadogConnector(DatadogApi):
    """Sends events, metrics, logs and service checks, each with the configured tags."""

    provider = "datadog"
    title = "Datadog"
    category = Category.MONITORING
    Config = DatadogConfig
    docs_url = "https://docs.datadoghq.com/api/latest/"
    setup = (
        "Organization Settings → API Keys → New Key",
        "Find your site's parameter by the URL at which you log in",
    )
    permissions = ("an API key; an application key is not needed to send",)
    limits = (
        "Events older than 18 hours are recorded under the time of sending.",
        "Datadog drops metrics older than an hour.",
    )
    default_events = tuple(EventType)
    recommended: ClassVar[Mapping[str, JsonValue]] = {"enable_metrics": True, "enable_logs": False}

    async def check(self) -> CheckResult:
        """Ask whether the API key is valid, and the application key if there is one."""
        response = await self.call("GET", "/api/v1/validate", operation="validate")
        if self.parse(response).get("valid") is not True:
            raise self.error(Fault(AuthenticationError, "the API key is not valid"), response)
        if self.config.app_key is not None:
            key = {"dd-application-key": self.config.app_key.reveal()}
            await self.call("GET", "/api/v2/validate_keys", operation="validate_keys", headers=key)
        return CheckResult(detail=f"the API key is valid at {self._where}")

    async def handle_event(self, event: Event) -> Outcome:
        """Record the event, with metrics and a log line of it where the configuration says so."""
        if self.config.enable_metrics:
            await self.send_metrics(event_metrics(event))
        if self.config.enable_logs:
            await self.send_logs([log_of(event)])
        return await self.send_event(event)  # last, for it is what a repetition would show twice

    async def send_event(self, event: Event) -> Outcome:
        """Post it to the event stream; `reference` is its id there."""
        body = event_body(event, self.config, self.context.clock.now())
        response = await self.call("POST", "/api/v1/events", operation="events", json=body)
        posted = self.parse(response).get("event")
        reference = text_at(posted, "id_str") or text_at(posted, "id")
        return self.done(response, reference=reference, url=text_at(posted, "url"))

    async def send_metrics(self, metrics: Sequence[Metric]) -> Outcome:
        """Send points of time series, 500 KB to a request.

        When a request fails, those before it have had their effect.

        Raises:
            ConfigurationError: a value is NaN or infinite; nothing is sent.
        """
        now = self.context.clock.now()
        series = [series_of(metric, tags_of(self.config, metric.tags), now) for metric in finite(metrics)]
        bodies = [b'{"series":' + part + b"}" for part in batches(series, count=10_000, size=_METRIC_BYTES)]
        what = f"{len(metrics)} metrics"
        return await self._send_bodies("/api/v2/series", bodies, operation="series", what=what)

    async def send_logs(self, entries: Sequence[LogEntry]) -> Outcome:
        """Send log lines, at most 1000 and 5 MB to a request; Datadog cuts a line of more than 1 MB.

        When a request fails, those before it have had their effect.
        """
        now = self.context.clock.now()
        lines = (line_of(entry, self.config, now) for entry in entries)
        bodies = list(batches(lines, count=_LOG_COUNT, size=_LOG_BYTES))
        url, what = f"{self.logs_url}/api/v2/logs", f"{len(entries)} log lines"
        return await self._send_bodies(url, bodies, operation="logs", what=what)

    async def service_check(
        self,
        check: str,
        status: Literal["ok", "warning", "critical", "unknown"],
        *,
        host: str,
        message: str = "",
        tags: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Report how a service stands.

        Args:
            check: dotted name, e.g. `app.is_ok`.
            status: how it stands.
            host: what was checked, as Datadog knows it.
            message: why; empty for nothing to add.
            tags: beside the configured ones.

        Raises:
            ConfigurationError: the status is another word.
        """
        if status not in _SERVICE_STATUS:
            raise ConfigurationError.of(
                "service check", "status", f"expected one of {', '.join(_SERVICE_STATUS)}"
            )
        report = {
            "check": check,
            "status": _SERVICE_STATUS[status],
            "host_name": host,
            "message": message,
            "tags": tags_of(self.config, tags or {}),
            "timestamp": int(self.context.clock.now().timestamp()),
        }
        response = await self.call(
            "POST", "/api/v1/check_run", operation="check_run", json=[report], idempotent=True
        )
        return self.done(response)
