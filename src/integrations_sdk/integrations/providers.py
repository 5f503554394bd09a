"""`mgr.<provider>`: the surface that every provider has, whatever it is called."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar, cast

from integrations_sdk.codec import closest
from integrations_sdk.connectors.base import Connector, ConnectorConfig
from integrations_sdk.connectors.capabilities import (
    BuildTrigger,
    EventSink,
    IdentitySource,
    IssueTracker,
    LogSink,
    MetricSink,
    Notifier,
    SecurityScanner,
    SourceHost,
)
from integrations_sdk.connectors.directory import ConnectorDirectory, target_of
from integrations_sdk.errors import ConfigurationError, NotFoundError, StateError
from integrations_sdk.integrations.actions import action, as_message, as_record, as_records
from integrations_sdk.integrations.records import AsyncIntegrationsManager
from integrations_sdk.models import (
    Build,
    BuildRequest,
    CommitStatus,
    Event,
    Finding,
    FindingQuery,
    Gate,
    Group,
    HealthCheck,
    Integration,
    IntegrationState,
    Issue,
    IssueDraft,
    LogEntry,
    Message,
    Metric,
    Outcome,
    OutcomeStatus,
    RecordList,
    User,
    UserChanges,
    UserDraft,
)
from integrations_sdk.queue.events import pack_action
from integrations_sdk.queue.outbox import Outbox

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
        outbox: Outbox,
    ) -> None:
        self.provider = provider
        self._integrations = integrations
        self._directory = directory
        self._probe = probe
        self._outbox = outbox

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
        return await connector.notify(as_message(message))

    async def create_issue(self, integration_id: str, draft: IssueDraft | Mapping[str, object]) -> Outcome:
        """Create an issue; `reference` of the outcome is its key."""
        connector = await self._offering(integration_id, IssueTracker)
        return await connector.create_issue(as_record(IssueDraft, draft, "issue"))

    async def update_issue(
        self, integration_id: str, reference: str, changes: IssueDraft | Mapping[str, object]
    ) -> Outcome:
        """Change an issue's fields; what is not mentioned stays."""
        connector = await self._offering(integration_id, IssueTracker)
        return await connector.update_issue(reference, as_record(IssueDraft, changes, "issue"))

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
        return await connector.trigger_build(as_record(BuildRequest, request or {}, "build request"))

    async def get_build(self, integration_id: str, reference: str) -> Build:
        """How a build stands now."""
        return await (await self._offering(integration_id, BuildTrigger)).get_build(reference)

    async def set_commit_status(
        self, integration_id: str, status: CommitStatus | Mapping[str, object]
    ) -> Outcome:
        """Show a build's status beside a commit."""
        connector = await self._offering(integration_id, SourceHost)
        return await connector.set_commit_status(as_record(CommitStatus, status, "commit status"))

    async def list_findings(
        self, integration_id: str, query: FindingQuery | Mapping[str, object] | None = None
    ) -> RecordList[Finding]:
        """What a scanner found and nobody has resolved yet, all of it."""
        connector = await self._offering(integration_id, SecurityScanner)
        found = connector.list_findings(as_record(FindingQuery, query or {}, "finding query"))
        return RecordList([finding async for finding in found])

    async def new_findings(
        self, integration_id: str, query: FindingQuery | Mapping[str, object] | None = None
    ) -> RecordList[Event]:
        """What was not there the last time, as events to `dispatch()`; the first time none, for all is known then."""
        connector = await self._offering(integration_id, SecurityScanner)
        found = connector.new_findings(as_record(FindingQuery, query or {}, "finding query"))
        return RecordList([event async for event in found])

    async def check_gate(
        self, integration_id: str, query: FindingQuery | Mapping[str, object] | None = None
    ) -> Gate:
        """Whether a project, branch or pull request may go on; true when it may."""
        connector = await self._offering(integration_id, SecurityScanner)
        return await connector.check_gate(as_record(FindingQuery, query or {}, "finding query"))

    async def send_metrics(
        self,
        integration_id: str,
        metrics: Sequence[Metric | Mapping[str, object]] | Mapping[str, object] | Metric,
    ) -> Outcome:
        """Send measured values: one, or a list."""
        connector = await self._offering(integration_id, MetricSink)
        return await connector.send_metrics(as_records(Metric, metrics, "metric"))

    async def send_logs(
        self,
        integration_id: str,
        entries: Sequence[LogEntry | Mapping[str, object]] | Mapping[str, object] | LogEntry,
    ) -> Outcome:
        """Send log lines: one, or a list."""
        connector = await self._offering(integration_id, LogSink)
        return await connector.send_logs(as_records(LogEntry, entries, "log entry"))

    async def send_event(self, integration_id: str, event: Event) -> Outcome:
        """Record an event as the provider's own kind of record."""
        return await (await self._offering(integration_id, EventSink)).send_event(event)

    async def enqueue(
        self,
        integration_id: str,
        operation: str,
        *,
        wait: bool = False,
        timeout: timedelta | None = None,
        ordering_key: str | None = None,
        idempotency_key: str | None = None,
        **arguments: object,
    ) -> Outcome:
        """Store something to be done, and see to it that it is: tried again while that can help, logged, replayable.

        The operations themselves (`notify()`, …) are tried while their caller waits, and raise. This one outlives
        the process, with a store that does.

        Args:
            operation: `notify`, `create_issue`, `update_issue`, `comment_issue`, `transition_issue`, `trigger_build`,
                `set_commit_status`, `send_metrics` or `send_logs`.
            wait: for the first attempt; what failed is tried again all the same, if its outcome is `retryable`.
            timeout: how long to wait; None: as long as it takes.
            ordering_key: do in order within this key, for this integration.
            idempotency_key: take no second one of this key for this integration, as long as the log is kept.
            arguments: those of the operation, by name; they are stored as they are, so no secrets.

        Returns:
            `accepted`, or what the first attempt came to; `delivery_id` finds it in `mgr.deliveries`.

        Raises:
            NotFoundError: no such integration, or no such operation.
            StateError: it is disabled, or has no such capability.
            ConfigurationError: naming everything wrong with the arguments.
        """
        connector = await self._open(integration_id)
        queued = pack_action(
            action(type(connector), operation, arguments), self._directory.runtime.clock.now()
        )
        integration = await self._directory.get(integration_id)
        targets = [target_of(integration_id, integration.tenant_id, integration.project_id)]
        if wait:
            (outcome,) = await self._outbox.enqueue_and_wait(
                queued,
                targets,
                ordering_key=ordering_key,
                idempotency_key=idempotency_key,
                timeout=timeout,
            )
            return outcome
        (taken,) = await self._outbox.enqueue(
            queued, targets, ordering_key=ordering_key, idempotency_key=idempotency_key
        )
        return Outcome(
            target=integration_id,
            provider=self.provider,
            operation=operation,
            status=OutcomeStatus.ACCEPTED,
            attempts=0,
            delivery_id=taken.delivery_id,
        )

    async def list_users(self, integration_id: str) -> RecordList[User]:
        """Every user that is not deprovisioned; of a large directory better page by page with `user_changes()`."""
        connector = await self._offering(integration_id, IdentitySource)
        return RecordList([user async for user in connector.list_users()])

    async def list_groups(self, integration_id: str) -> RecordList[Group]:
        """Every group, with what it means to the application."""
        connector = await self._offering(integration_id, IdentitySource)
        return RecordList([group async for group in connector.list_groups()])

    async def list_members(self, integration_id: str, group_id: str) -> RecordList[User]:
        """The users who are in a group."""
        connector = await self._offering(integration_id, IdentitySource)
        return RecordList([user async for user in connector.list_members(group_id)])

    async def user_changes(self, integration_id: str, cursor: str | None = None) -> UserChanges:
        """A page of the users that changed since the page that gave the cursor.

        Args:
            cursor: None begins with all users. Keep the last one together with what you made of the users.
        """
        return await (await self._offering(integration_id, IdentitySource)).user_changes(cursor)

    async def find_user(self, integration_id: str, username: str) -> User | None:
        """The user who signs in with that name, or has that id; None if there is none."""
        return await (await self._offering(integration_id, IdentitySource)).find_user(username)

    async def provision_user(self, integration_id: str, user: UserDraft | Mapping[str, object]) -> Outcome:
        """Create a user, or bring the one who exists to this state; `reference` of the outcome is the id."""
        connector = await self._offering(integration_id, IdentitySource)
        return await connector.provision_user(as_record(UserDraft, user, "user"))

    async def deprovision_user(self, integration_id: str, user_id: str) -> Outcome:
        """Let a user sign in no more; nothing is deleted."""
        return await (await self._offering(integration_id, IdentitySource)).deprovision_user(user_id)

    async def add_member(self, integration_id: str, group_id: str, user_id: str) -> Outcome:
        """Put a user into a group; no-op for one who is in it."""
        return await (await self._offering(integration_id, IdentitySource)).add_member(group_id, user_id)

    async def remove_member(self, integration_id: str, group_id: str, user_id: str) -> Outcome:
        """Take a user out of a group; no-op for one who is not in it."""
        return await (await self._offering(integration_id, IdentitySource)).remove_member(group_id, user_id)

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
        if not issubclass(type(connector), capability):  # remembered; isinstance() looks at each method anew
            methods = ", ".join(operations_of(type(connector)))
            msg = f"{self.provider} is no {capability.__name__}; its operations are: {methods}"
            raise StateError(msg)
        return cast("P", connector)


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
