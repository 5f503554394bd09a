"""What a connector can do, as protocols: a connector offers a capability by having its methods."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol, runtime_checkable

from integrations_sdk.models import (
    Build,
    BuildRequest,
    CommitStatus,
    Event,
    Finding,
    FindingQuery,
    Gate,
    Group,
    Issue,
    IssueDraft,
    LogEntry,
    Message,
    Metric,
    Outcome,
    User,
    UserChanges,
    UserDraft,
)

__all__ = [
    "CAPABILITIES",
    "BuildTrigger",
    "EventSink",
    "IdentitySource",
    "IssueTracker",
    "LogSink",
    "MetricSink",
    "Notifier",
    "SecurityScanner",
    "SourceHost",
    "capabilities_of",
]


@runtime_checkable
class Notifier(Protocol):
    """Tells people something."""

    async def notify(self, message: Message) -> Outcome:
        """Post the message; `reference` of the outcome finds it again where the vendor says how."""
        ...


@runtime_checkable
class IssueTracker(Protocol):
    """Keeps issues."""

    async def create_issue(self, draft: IssueDraft) -> Outcome:
        """Create it (`draft.title` is required); `reference` is its key."""
        ...

    async def update_issue(self, reference: str, changes: IssueDraft) -> Outcome:
        """Change the fields of `changes` that are not None."""
        ...

    async def find_issue(self, external_id: str) -> Issue | None:
        """The issue created with that `external_id`, None if there is none."""
        ...

    async def comment_issue(self, reference: str, text: str) -> Outcome:
        """Add a comment."""
        ...

    async def transition_issue(self, reference: str, to: str) -> Outcome:
        """Move it to another status: the transition's id or name, or the status it leads to."""
        ...


@runtime_checkable
class BuildTrigger(Protocol):
    """Runs builds."""

    async def trigger_build(self, request: BuildRequest) -> Outcome:
        """Start a build; `reference` follows it with `get_build()`."""
        ...

    async def get_build(self, reference: str) -> Build:
        """How it stands now."""
        ...


@runtime_checkable
class MetricSink(Protocol):
    """Takes measured values."""

    async def send_metrics(self, metrics: Sequence[Metric]) -> Outcome:
        """Send them, in as many requests as the vendor's limits ask for."""
        ...


@runtime_checkable
class EventSink(Protocol):
    """Takes events as its own kind of record."""

    async def send_event(self, event: Event) -> Outcome:
        """Record the event."""
        ...


@runtime_checkable
class LogSink(Protocol):
    """Takes log lines."""

    async def send_logs(self, entries: Sequence[LogEntry]) -> Outcome:
        """Send them, in as many requests as the vendor's limits ask for."""
        ...


@runtime_checkable
class SourceHost(Protocol):
    """Keeps source code, and shows what builds say of a commit."""

    async def set_commit_status(self, status: CommitStatus) -> Outcome:
        """Show the status beside the commit, in place of an earlier one of the same context."""
        ...


@runtime_checkable
class SecurityScanner(Protocol):
    """Finds what is wrong with code and what it depends on. Read only."""

    def list_findings(self, query: FindingQuery | None = None) -> AsyncIterator[Finding]:
        """What is found and not resolved, page by page."""
        ...

    def new_findings(self, query: FindingQuery | None = None) -> AsyncIterator[Event]:
        """What was not there the last time this was asked, as events of type `security.finding`."""
        ...

    async def check_gate(self, query: FindingQuery | None = None) -> Gate:
        """Whether it may go on: by the scanner's own gate, or by how bad its findings are."""
        ...


@runtime_checkable
class IdentitySource(Protocol):
    """Knows users and the groups they are in, and takes them in and out."""

    def list_users(self) -> AsyncIterator[User]:
        """Every user that is not deprovisioned, a page at a time."""
        ...

    def list_groups(self) -> AsyncIterator[Group]:
        """Every group, a page at a time."""
        ...

    def list_members(self, group_id: str) -> AsyncIterator[User]:
        """The users who are in a group, a page at a time."""
        ...

    async def user_changes(self, cursor: str | None = None) -> UserChanges:
        """A page of the users that changed since the page that gave the cursor; None begins with all users."""
        ...

    async def find_user(self, username: str) -> User | None:
        """The user who signs in with that name, or has that id; None if there is none."""
        ...

    async def provision_user(self, user: UserDraft) -> Outcome:
        """Create the user, or bring the one who signs in with that name to this state; `reference` is the id."""
        ...

    async def deprovision_user(self, user_id: str) -> Outcome:
        """Let the user sign in no more; what the user had stays, so that it can be given back."""
        ...

    async def add_member(self, group_id: str, user_id: str) -> Outcome:
        """Put a user into a group; no-op for one who is in it."""
        ...

    async def remove_member(self, group_id: str, user_id: str) -> Outcome:
        """Take a user out of a group; no-op for one who is not in it."""
        ...


CAPABILITIES: dict[str, type] = {
    "notifier": Notifier,
    "issue_tracker": IssueTracker,
    "build_trigger": BuildTrigger,
    "metric_sink": MetricSink,
    "event_sink": EventSink,
    "log_sink": LogSink,
    "source_host": SourceHost,
    "security_scanner": SecurityScanner,
    "identity_source": IdentitySource,
}
"""Every capability by the name it has in the catalogue."""


def capabilities_of(connector: type) -> tuple[type, ...]:
    """The capabilities that a connector class offers."""
    return tuple(
        protocol
        for protocol in CAPABILITIES.values()
        if all(hasattr(connector, method) for method in vars(protocol) if not method.startswith("_"))
    )
