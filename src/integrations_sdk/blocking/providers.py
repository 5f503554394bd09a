"""`ProviderManager`: generated from `AsyncProviderManager` by `scripts/generate_blocking.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations_sdk.blocking.portal import BlockingSubManager

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from integrations_sdk.connectors.base import ConnectorConfig
    from integrations_sdk.integrations.providers import AsyncProviderManager  # noqa: F401  # ruff does not see it in the string below
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
        RecordList,
        User,
        UserChanges,
        UserDraft,
    )

__all__ = ["ProviderManager"]


class ProviderManager(BlockingSubManager["AsyncProviderManager"]):
    """The integrations of one provider, and what its capabilities offer.

    An operation raises the `ConnectorError` that fits; one that the provider has no capability for
    raises `StateError` saying which it has.
    """

    def create(
        self,
        config: Mapping[str, object] | ConnectorConfig | None = None,
        *,
        name: str | None = None,
        **fields: object,
    ) -> Integration:
        """Configure an integration of this provider; see `integrations.create()`."""
        return self._run(lambda manager: manager.create(config, name=name, **fields))

    def get(self, integration_id: str) -> Integration:
        """The integration; `NotFoundError` if there is none, or it is of another provider."""
        return self._run(lambda manager: manager.get(integration_id))

    def list(self, *, state: IntegrationState | str | None = None) -> RecordList[Integration]:
        """This provider's integrations, oldest first."""
        return self._run(lambda manager: manager.list(state=state))

    def update(
        self,
        integration_id: str,
        changes: Mapping[str, object] | None = None,
        *,
        name: str | None = None,
        version: int | None = None,
        **fields: object,
    ) -> Integration:
        """Change some fields; see `integrations.update()`."""
        return self._run(
            lambda manager: manager.update(integration_id, changes, name=name, version=version, **fields)
        )

    def enable(self, integration_id: str) -> Integration:
        """Let it take part in fan-outs and sweeps again."""
        return self._run(lambda manager: manager.enable(integration_id))

    def disable(self, integration_id: str) -> Integration:
        """Keep it, but use it for nothing until it is enabled."""
        return self._run(lambda manager: manager.disable(integration_id))

    def delete(self, integration_id: str) -> None:
        """Remove it together with its credentials."""
        return self._run(lambda manager: manager.delete(integration_id))

    def check(self, integration_id: str) -> HealthCheck:
        """Whether it works, without any effect; the result joins its history in `mgr.health`."""
        return self._run(lambda manager: manager.check(integration_id))

    def notify(self, integration_id: str, message: Message | Mapping[str, object] | str) -> Outcome:
        """Tell people something: a `Message`, its fields as a mapping, or just text."""
        return self._run(lambda manager: manager.notify(integration_id, message))

    def create_issue(self, integration_id: str, draft: IssueDraft | Mapping[str, object]) -> Outcome:
        """Create an issue; `reference` of the outcome is its key."""
        return self._run(lambda manager: manager.create_issue(integration_id, draft))

    def update_issue(
        self, integration_id: str, reference: str, changes: IssueDraft | Mapping[str, object]
    ) -> Outcome:
        """Change an issue's fields; what is not mentioned stays."""
        return self._run(lambda manager: manager.update_issue(integration_id, reference, changes))

    def find_issue(self, integration_id: str, external_id: str) -> Issue | None:
        """The issue that was created with that `external_id`; None if there is none."""
        return self._run(lambda manager: manager.find_issue(integration_id, external_id))

    def comment_issue(self, integration_id: str, reference: str, text: str) -> Outcome:
        """Add a comment to an issue."""
        return self._run(lambda manager: manager.comment_issue(integration_id, reference, text))

    def transition_issue(self, integration_id: str, reference: str, to: str) -> Outcome:
        """Move an issue to another status: the transition's id or name, or the status it leads to."""
        return self._run(lambda manager: manager.transition_issue(integration_id, reference, to))

    def trigger_build(
        self, integration_id: str, request: BuildRequest | Mapping[str, object] | None = None
    ) -> Outcome:
        """Start a build; `reference` of the outcome follows it with `get_build()`."""
        return self._run(lambda manager: manager.trigger_build(integration_id, request))

    def get_build(self, integration_id: str, reference: str) -> Build:
        """How a build stands now."""
        return self._run(lambda manager: manager.get_build(integration_id, reference))

    def set_commit_status(self, integration_id: str, status: CommitStatus | Mapping[str, object]) -> Outcome:
        """Show a build's status beside a commit."""
        return self._run(lambda manager: manager.set_commit_status(integration_id, status))

    def list_findings(
        self, integration_id: str, query: FindingQuery | Mapping[str, object] | None = None
    ) -> RecordList[Finding]:
        """What a scanner found and nobody has resolved yet, all of it."""
        return self._run(lambda manager: manager.list_findings(integration_id, query))

    def new_findings(
        self, integration_id: str, query: FindingQuery | Mapping[str, object] | None = None
    ) -> RecordList[Event]:
        """What was not there the last time, as events to `dispatch()`; the first time none, for all is known then."""
        return self._run(lambda manager: manager.new_findings(integration_id, query))

    def check_gate(
        self, integration_id: str, query: FindingQuery | Mapping[str, object] | None = None
    ) -> Gate:
        """Whether a project, branch or pull request may go on; true when it may."""
        return self._run(lambda manager: manager.check_gate(integration_id, query))

    def send_metrics(
        self,
        integration_id: str,
        metrics: Sequence[Metric | Mapping[str, object]] | Mapping[str, object] | Metric,
    ) -> Outcome:
        """Send measured values: one, or a list."""
        return self._run(lambda manager: manager.send_metrics(integration_id, metrics))

    def send_logs(
        self,
        integration_id: str,
        entries: Sequence[LogEntry | Mapping[str, object]] | Mapping[str, object] | LogEntry,
    ) -> Outcome:
        """Send log lines: one, or a list."""
        return self._run(lambda manager: manager.send_logs(integration_id, entries))

    def send_event(self, integration_id: str, event: Event) -> Outcome:
        """Record an event as the provider's own kind of record."""
        return self._run(lambda manager: manager.send_event(integration_id, event))

    def enqueue(
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
        return self._run(
            lambda manager: manager.enqueue(
                integration_id,
                operation,
                wait=wait,
                timeout=timeout,
                ordering_key=ordering_key,
                idempotency_key=idempotency_key,
                **arguments,
            )
        )

    def list_users(self, integration_id: str) -> RecordList[User]:
        """Every user that is not deprovisioned; of a large directory better page by page with `user_changes()`."""
        return self._run(lambda manager: manager.list_users(integration_id))

    def list_groups(self, integration_id: str) -> RecordList[Group]:
        """Every group, with what it means to the application."""
        return self._run(lambda manager: manager.list_groups(integration_id))

    def list_members(self, integration_id: str, group_id: str) -> RecordList[User]:
        """The users who are in a group."""
        return self._run(lambda manager: manager.list_members(integration_id, group_id))

    def user_changes(self, integration_id: str, cursor: str | None = None) -> UserChanges:
        """A page of the users that changed since the page that gave the cursor.

        Args:
            cursor: None begins with all users. Keep the last one together with what you made of the users.
        """
        return self._run(lambda manager: manager.user_changes(integration_id, cursor))

    def find_user(self, integration_id: str, username: str) -> User | None:
        """The user who signs in with that name, or has that id; None if there is none."""
        return self._run(lambda manager: manager.find_user(integration_id, username))

    def provision_user(self, integration_id: str, user: UserDraft | Mapping[str, object]) -> Outcome:
        """Create a user, or bring the one who exists to this state; `reference` of the outcome is the id."""
        return self._run(lambda manager: manager.provision_user(integration_id, user))

    def deprovision_user(self, integration_id: str, user_id: str) -> Outcome:
        """Let a user sign in no more; nothing is deleted."""
        return self._run(lambda manager: manager.deprovision_user(integration_id, user_id))

    def add_member(self, integration_id: str, group_id: str, user_id: str) -> Outcome:
        """Put a user into a group; no-op for one who is in it."""
        return self._run(lambda manager: manager.add_member(integration_id, group_id, user_id))

    def remove_member(self, integration_id: str, group_id: str, user_id: str) -> Outcome:
        """Take a user out of a group; no-op for one who is not in it."""
        return self._run(lambda manager: manager.remove_member(integration_id, group_id, user_id))

    def call(self, integration_id: str, operation: str, *args: object, **options: object) -> object:
        """Any other public operation of the provider's connector, by its method's name.

        The reference page of each provider lists them. One that yields its results page by page gives
        them all in a list here.

        Raises:
            NotFoundError: the connector has no such operation; says which it has.
            ConfigurationError: it takes other arguments; says which.
        """
        return self._run(lambda manager: manager.call(integration_id, operation, *args, **options))
