"""`MonitoringManager`: generated from `AsyncMonitoringManager` by `scripts/generate_blocking.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations_sdk.blocking.portal import BlockingSubManager

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from integrations_sdk.integrations.monitoring import AsyncMonitoringManager  # noqa: F401  # ruff does not see it in the string below
    from integrations_sdk.models import (
        Integration,
        IntegrationState,
        LogEntry,
        Metric,
        OutcomeList,
        RecordList,
    )

__all__ = ["MonitoringManager"]


class MonitoringManager(BlockingSubManager["AsyncMonitoringManager"]):
    """The monitoring services of the scope together; each also has a sub-manager of its own (`mgr.datadog`)."""

    def create_datadog_integration(self, config: Mapping[str, object]) -> Integration:
        """Configure Datadog; see `DatadogConfig` for its fields. `ConfigurationError` names everything wrong."""
        return self._run(lambda manager: manager.create_datadog_integration(config))

    def create_sentry_integration(self, config: Mapping[str, object]) -> Integration:
        """Configure Sentry; see `SentryConfig` for its fields. `ConfigurationError` names everything wrong."""
        return self._run(lambda manager: manager.create_sentry_integration(config))

    def create_prometheus_integration(self, config: Mapping[str, object]) -> Integration:
        """Configure Prometheus; see `PrometheusConfig` for its fields. `ConfigurationError` names everything wrong."""
        return self._run(lambda manager: manager.create_prometheus_integration(config))

    def create_newrelic_integration(self, config: Mapping[str, object]) -> Integration:
        """Configure New Relic; see `NewRelicConfig` for its fields. `ConfigurationError` names everything wrong."""
        return self._run(lambda manager: manager.create_newrelic_integration(config))

    def list(self, *, state: IntegrationState | str | None = None) -> RecordList[Integration]:
        """Every integration of a monitoring provider, oldest first."""
        return self._run(lambda manager: manager.list(state=state))

    def send_metrics(
        self, metrics: Sequence[Metric | Mapping[str, object]] | Mapping[str, object] | Metric
    ) -> OutcomeList:
        """Send measured values to every active monitoring integration that takes metrics.

        Returns:
            One outcome for each of them; one that fails does not stop the others.
        """
        return self._run(lambda manager: manager.send_metrics(metrics))

    def send_logs(
        self, entries: Sequence[LogEntry | Mapping[str, object]] | Mapping[str, object] | LogEntry
    ) -> OutcomeList:
        """Send log lines to every active monitoring integration that takes logs; outcomes as `send_metrics()`."""
        return self._run(lambda manager: manager.send_logs(entries))
