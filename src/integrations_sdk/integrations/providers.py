"""`mgr.<provider>`: the surface that every provider has, whatever it is called."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import TypeVar, cast

from integrations_sdk.codec import closest, load
from integrations_sdk.connectors.base import Connector, ConnectorConfig
from integrations_sdk.connectors.capabilities import (
    BuildTrigger,
    EventSink,
    IssueTracker,
    LogSink,
    MetricSink,
    Notifier,
    SourceHost,
)
from integrations_sdk.connectors.directory import ConnectorDirectory
from integrations_sdk.errors import ConfigurationError, NotFoundError, StateError
from integrations_sdk.integrations.records import AsyncIntegrationsManager
from integrations_sdk.models import (
    Build,
    BuildRequest,
    CommitStatus,
    Event,
    HealthCheck,
    Integration,
    IntegrationState,
    Issue,
    IssueDraft,
    LogEntry,
    Message,
    Metric,
    Outcome,
    RecordList,
)

__all__ = ["AsyncProviderManager", "HealthProbe"]

P = TypeVar("P")
T = TypeVar("T")

HealthProbe = Callable[[str, str], Awaitable[HealthCheck]]
"""Checks one integration: its id and its provider."""


class AsyncProviderManager:
    """The integrations of one provider, and what its capabilities offer.

    An operation raises the `ConnectorError` that fits; one that the provider has no capability for
    raises `StateError` saying which it has.
    """

    def __init__(
        self,
        provider: str,
        integrations: AsyncIntegrationsManager,
        directory: ConnectorDirectory,
        probe: HealthProbe,
    ) -> None:
        self.provider = provider
        self._integrations = integrations
        self._directory = directory
        self._probe = probe

    async def create(
        self,
        config: Mapping[str, object] | ConnectorConfig | None = None,
        *,
        name: str | None = None,
        **fields: object,
    ) -> Integration:
        """Configure an integration of this provider; see `integrations.create()`."""
        return await self._integrations.create(self.provider, config, name=name, **fields)

    async def get(self, integration_id: str) -> Integration:
        """The integration; `NotFoundError` if there is none, or it is of another provider."""
        return await self._directory.get(integration_id, provider=self.provider)

    async def list(self, *, state: IntegrationState | str | None = None) -> RecordList[Integration]:
        """This provider's integrations, oldest first."""
        return await self._integrations.list(provider=self.provider, state=state)

    async def update(
        self,
        integration_id: str,
        changes: Mapping[str, object] | None = None,
        *,
        name: str | None = None,
        version: int | None = None,
        **fields: object,
    ) -> Integration:
        """Change some fields; see `integrations.update()`."""
        await self.get(integration_id)
        return await self._integrations.update(integration_id, changes, name=name, version=version, **fields)

    async def enable(self, integration_id: str) -> Integration:
        """Let it take part in fan-outs and sweeps again."""
        await self.get(integration_id)
        return await self._integrations.enable(integration_id)

    async def disable(self, integration_id: str) -> Integration:
        """Keep it, but use it for nothing until it is enabled."""
        await self.get(integration_id)
        return await self._integrations.disable(integration_id)

    async def delete(self, integration_id: str) -> None:
        """Remove it together with its credentials."""
        await self.get(integration_id)
        await self._integrations.delete(integration_id)

    async def check(self, integration_id: str) -> HealthCheck:
        """Whether it works, without any effect; the result joins its history in `mgr.health`."""
        return await self._probe(integration_id, self.provider)

    async def notify(self, integration_id: str, message: Message | Mapping[str, object] | str) -> Outcome:
        """Tell people something: a `Message`, its fields as a mapping, or just text."""
        connector = await self._offering(integration_id, Notifier)
        if isinstance(message, str):
            message = Message(text=message)
        return await connector.notify(_as(Message, message, "message"))

    async def create_issue(self, integration_id: str, draft: IssueDraft | Mapping[str, object]) -> Outcome:
        """Create an issue; `reference` of the outcome is its key."""
        connector = await self._offering(integration_id, IssueTracker)
        return await connector.create_issue(_as(IssueDraft, draft, "issue"))

    async def update_issue(
        self, integration_id: str, reference: str, changes: IssueDraft | Mapping[str, object]
    ) -> Outcome:
        """Change an issue's fields; what is not mentioned stays."""
        connector = await self._offering(integration_id, IssueTracker)
        return await connector.update_issue(reference, _as(IssueDraft, changes, "issue"))

    async def find_issue(self, integration_id: str, external_id: str) -> Issue | None:
        """The issue that was created with that `external_id`; None if there is none."""
        return await (await self._offering(integration_id, IssueTracker)).find_issue(external_id)

    async def comment_issue(self, integration_id: str, reference: str, text: str) -> Outcome:
        """Add a comment to an issue."""
        return await (await self._offering(integration_id, IssueTracker)).comment_issue(reference, text)

    async def transition_issue(self, integration_id: str, reference: str, to: str) -> Outcome:
        """Move an issue to another status: the transition's id or name, or the status it leads to."""
        return await (await self._offering(integration_id, IssueTracker)).transition_issue(reference, to)

    async def trigger_build(
        self, integration_id: str, request: BuildRequest | Mapping[str, object] | None = None
    ) -> Outcome:
        """Start a build; `reference` of the outcome follows it with `get_build()`."""
        connector = await self._offering(integration_id, BuildTrigger)
        return await connector.trigger_build(_as(BuildRequest, request or {}, "build request"))

    async def get_build(self, integration_id: str, reference: str) -> Build:
        """How a build stands now."""
        return await (await self._offering(integration_id, BuildTrigger)).get_build(reference)

    async def set_commit_status(
        self, integration_id: str, status: CommitStatus | Mapping[str, object]
    ) -> Outcome:
        """Show a build's status beside a commit."""
        connector = await self._offering(integration_id, SourceHost)
        return await connector.set_commit_status(_as(CommitStatus, status, "commit status"))

    async def send_metrics(
        self,
        integration_id: str,
        metrics: Sequence[Metric | Mapping[str, object]] | Mapping[str, object] | Metric,
    ) -> Outcome:
        """Send measured values: one, or a list."""
        connector = await self._offering(integration_id, MetricSink)
        return await connector.send_metrics([_as(Metric, item, "metric") for item in _several(metrics)])

    async def send_logs(
        self,
        integration_id: str,
        entries: Sequence[LogEntry | Mapping[str, object]] | Mapping[str, object] | LogEntry,
    ) -> Outcome:
        """Send log lines: one, or a list."""
        connector = await self._offering(integration_id, LogSink)
        return await connector.send_logs([_as(LogEntry, item, "log entry") for item in _several(entries)])

    async def send_event(self, integration_id: str, event: Event) -> Outcome:
        """Record an event as the provider's own kind of record."""
        return await (await self._offering(integration_id, EventSink)).send_event(event)

    async def call(self, integration_id: str, operation: str, *args: object, **options: object) -> object:
        """Any other public operation of the provider's connector, by its method's name.

        The reference page of each provider lists them. One that yields its results page by page gives
        them all in a list here.

        Raises:
            NotFoundError: the connector has no such operation; says which it has.
            ConfigurationError: it takes other arguments; says which.
        """
        connector = await self._open(integration_id)
        known = operations_of(type(connector))
        if operation not in known:
            msg = f"{self.provider} has no operation {operation!r}: {closest(operation, known)}"
            raise NotFoundError(msg)
        method: Callable[..., object] = getattr(connector, operation)
        _check_arguments(f"{self.provider} {operation}", method, args, options)
        result = method(*args, **options)
        if isinstance(result, AsyncIterator):
            return [item async for item in result]
        return await cast("Awaitable[object]", result)

    async def _open(self, integration_id: str) -> Connector[ConnectorConfig]:
        return await self._directory.open(integration_id, provider=self.provider)

    async def _offering(self, integration_id: str, capability: type[P]) -> P:
        connector = await self._open(integration_id)
        if not isinstance(connector, capability):
            methods = ", ".join(operations_of(type(connector)))
            msg = f"{self.provider} is no {capability.__name__}; its operations are: {methods}"
            raise StateError(msg)
        return connector


def operations_of(connector: type[Connector[ConnectorConfig]]) -> tuple[str, ...]:
    """The public coroutine methods that a connector class adds to the base, listings included."""
    return tuple(
        name
        for name, member in inspect.getmembers(connector)
        if (inspect.iscoroutinefunction(member) or inspect.isasyncgenfunction(member))
        and not name.startswith("_")
        and not hasattr(Connector, name)
    )


def _check_arguments(
    subject: str, method: Callable[..., object], args: Sequence[object], options: Mapping[str, object]
) -> None:
    signature = inspect.signature(method)
    try:
        signature.bind(*args, **options)
    except TypeError as error:
        takes = f"it takes {', '.join(signature.parameters) or 'none'}"
        raise ConfigurationError.of(subject, "arguments", str(error), takes) from None


def _as(kind: type[T], given: object, subject: str) -> T:
    if isinstance(given, kind):
        return given
    if isinstance(given, Mapping):
        return load(kind, given, subject=subject)
    raise ConfigurationError.of(subject, subject, f"expected a {kind.__name__} or a mapping of its fields")


def _several(items: object) -> Sequence[object]:
    return [items] if isinstance(items, Mapping) else cast("Sequence[object]", items)
