"""`mgr.monitoring`: Datadog, Sentry, Prometheus and New Relic under one roof."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from integrations_sdk.connectors.capabilities import LogSink, MetricSink, capabilities_of
from integrations_sdk.connectors.directory import ConnectorDirectory
from integrations_sdk.errors import ConnectorError
from integrations_sdk.integrations.providers import AsyncProviderManager, HealthProbe
from integrations_sdk.integrations.records import AsyncIntegrationsManager
from integrations_sdk.models import (
    Category,
    Integration,
    IntegrationState,
    LogEntry,
    Metric,
    Outcome,
    OutcomeList,
    RecordList,
)
from integrations_sdk.queue.outbox import Outbox

__all__ = ["AsyncMonitoringManager"]


class AsyncMonitoringManager:
    """The monitoring services of the scope together; each also has a sub-manager of its own (`mgr.datadog`)."""

    def __init__(
        self,
        integrations: AsyncIntegrationsManager,
        directory: ConnectorDirectory,
        probe: HealthProbe,
        outbox: Outbox,
    ) -> None:
        self._integrations = integrations
        self._directory = directory
        self._probe = probe
        self._outbox = outbox

    async def create_datadog_integration(self, config: Mapping[str, object]) -> Integration:
        """Configure Datadog; see `DatadogConfig` for its fields. `ConfigurationError` names everything wrong."""
        return await self._integrations.create("datadog", config)

    async def create_sentry_integration(self, config: Mapping[str, object]) -> Integration:
        """Configure Sentry; see `SentryConfig` for its fields. `ConfigurationError` names everything wrong."""
        return await self._integrations.create("sentry", config)

    async def create_prometheus_integration(self, config: Mapping[str, object]) -> Integration:
        """Configure Prometheus; see `PrometheusConfig` for its fields. `ConfigurationError` names everything wrong."""
        return await self._integrations.create("prometheus", config)

    async def create_newrelic_integration(self, config: Mapping[str, object]) -> Integration:
        """Configure New Relic; see `NewRelicConfig` for its fields. `ConfigurationError` names everything wrong."""
        return await self._integrations.create("newrelic", config)

    async def list(self, *, state: IntegrationState | str | None = None) -> RecordList[Integration]:
        """Every integration of a monitoring provider, oldest first."""
        registry = self._directory.registry
        found = await self._integrations.list(state=state)
        return RecordList(
            item for item in found if registry.get(item.integration_type).category is Category.MONITORING
        )

    async def send_metrics(
        self, metrics: Sequence[Metric | Mapping[str, object]] | Mapping[str, object] | Metric
    ) -> OutcomeList:
        """Send measured values to every active monitoring integration that takes metrics.

        Returns:
            One outcome for each of them; one that fails does not stop the others.
        """
        return await self._everywhere(MetricSink, lambda to, target: to.send_metrics(target, metrics))

    async def send_logs(
        self, entries: Sequence[LogEntry | Mapping[str, object]] | Mapping[str, object] | LogEntry
    ) -> OutcomeList:
        """Send log lines to every active monitoring integration that takes logs; outcomes as `send_metrics()`."""
        return await self._everywhere(LogSink, lambda to, target: to.send_logs(target, entries))

    async def _everywhere(
        self, capability: type, send: Callable[[AsyncProviderManager, str], Awaitable[Outcome]]
    ) -> OutcomeList:
        registry = self._directory.registry
        targets = [
            item
            for item in await self.list(state=IntegrationState.ACTIVE)
            if capability in capabilities_of(registry.get(item.integration_type))
        ]
        return OutcomeList(await asyncio.gather(*(self._attempt(item, send) for item in targets)))

    async def _attempt(
        self, item: Integration, send: Callable[[AsyncProviderManager, str], Awaitable[Outcome]]
    ) -> Outcome:
        manager = AsyncProviderManager(
            item.integration_type, self._integrations, self._directory, self._probe, self._outbox
        )
        try:
            return await send(manager, item.integration_id)
        except ConnectorError as error:
            return Outcome.from_error(
                error, target=item.integration_id, provider=item.integration_type, operation=error.operation
            )
