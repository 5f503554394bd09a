"""What can be queued for an integration to do: the operations that every provider of a capability has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar, cast

from integrations_sdk.codec import closest, load, restore
from integrations_sdk.connectors.base import Connector, ConnectorConfig
from integrations_sdk.connectors.capabilities import (
    BuildTrigger,
    IssueTracker,
    LogSink,
    MetricSink,
    Notifier,
    SourceHost,
)
from integrations_sdk.errors import ConfigurationError, NotFoundError, Problem, StateError
from integrations_sdk.models import (
    BuildRequest,
    CommitStatus,
    Event,
    IssueDraft,
    JsonValue,
    LogEntry,
    Message,
    Metric,
    Outcome,
    plain,
)
from integrations_sdk.models.delivery import Action, Delivery

__all__ = ["OPERATIONS", "act", "action", "as_message", "as_record", "as_records"]

T = TypeVar("T")


def as_record(kind: type[T], given: object, subject: str) -> T:
    """The record that was given, as itself or as a mapping of its fields.

    Raises:
        ConfigurationError: naming everything wrong with it.
    """
    if isinstance(given, kind):
        return given
    if isinstance(given, Mapping):
        return load(kind, given, subject=subject)
    raise ConfigurationError.of(subject, subject, f"expected a {kind.__name__} or a mapping of its fields")


def as_records(kind: type[T], given: object, subject: str) -> list[T]:
    """The records that were given: one, or several of them."""
    one = isinstance(given, (kind, Mapping, str)) or not isinstance(given, Sequence)
    return [as_record(kind, item, subject) for item in ([given] if one else cast("Sequence[object]", given))]


def as_message(given: object) -> Message:
    """The message that was given: a `Message`, its fields as a mapping, or just text."""
    return Message(text=given) if isinstance(given, str) else as_record(Message, given, "message")


def _text(given: object, name: str) -> str:
    if not isinstance(given, str) or not given:
        raise ConfigurationError.of("action", name, "expected some text")
    return given


class _Argument(NamedTuple):
    """How an argument is read from what a person gives, and from what was stored."""

    read: Callable[[object, str], object]
    restore: Callable[[JsonValue], object]


def _record(kind: type[T]) -> _Argument:
    return _Argument(
        lambda given, name: as_record(kind, given, name),
        lambda kept: restore(kind, cast("dict[str, object]", kept)),
    )


def _records(kind: type[T]) -> _Argument:
    return _Argument(
        lambda given, name: as_records(kind, given, name),
        lambda kept: [restore(kind, item) for item in cast("list[dict[str, object]]", kept)],
    )


_TEXT: Final = _Argument(_text, lambda kept: kept)
_MESSAGE: Final = _record(Message)._replace(read=lambda given, _: as_message(given))

OPERATIONS: Final[Mapping[str, tuple[type, Mapping[str, _Argument]]]] = {
    "notify": (Notifier, {"message": _MESSAGE}),
    "create_issue": (IssueTracker, {"draft": _record(IssueDraft)}),
    "update_issue": (IssueTracker, {"reference": _TEXT, "changes": _record(IssueDraft)}),
    "comment_issue": (IssueTracker, {"reference": _TEXT, "text": _TEXT}),
    "transition_issue": (IssueTracker, {"reference": _TEXT, "to": _TEXT}),
    "trigger_build": (BuildTrigger, {"request": _record(BuildRequest)}),
    "set_commit_status": (SourceHost, {"status": _record(CommitStatus)}),
    "send_metrics": (MetricSink, {"metrics": _records(Metric)}),
    "send_logs": (LogSink, {"entries": _records(LogEntry)}),
}
"""By name: the capability that has it, and its arguments."""


def action(kind: type[Connector[ConnectorConfig]], operation: str, arguments: Mapping[str, object]) -> Action:
    """What is to be queued, its arguments read as the operation itself would.

    Raises:
        NotFoundError: there is no such operation; says which there are.
        StateError: the provider has no such capability; says what can be queued for it.
        ConfigurationError: naming everything wrong with the arguments.
    """
    if operation not in OPERATIONS:
        raise NotFoundError(f"no operation {operation!r} can be queued: {closest(operation, OPERATIONS)}")
    capability, expected = OPERATIONS[operation]
    if not issubclass(kind, capability):
        able = [name for name, (needed, _) in OPERATIONS.items() if issubclass(kind, needed)]
        raise StateError(
            f"{kind.provider} is no {capability.__name__}; it can: {', '.join(able) or 'nothing of it'}"
        )
    problems = [
        Problem(name, "unknown argument", closest(name, expected)) for name in arguments.keys() - expected
    ]
    problems += [Problem(name, "missing", "add it") for name in expected.keys() - arguments.keys()]
    if problems:
        raise ConfigurationError(operation, sorted(problems))
    read = {name: plain(argument.read(arguments[name], name)) for name, argument in expected.items()}
    return Action(operation=operation, arguments=read)


async def act(connector: Connector[ConnectorConfig], delivery: Delivery, queued: Event | Action) -> Outcome:
    """Do what was queued: the action, or what the connector does with such an event if it (still) wants it."""
    del delivery
    if isinstance(queued, Event):
        why = connector.wants(queued)
        return connector.skipped("wants", why) if why is not None else await connector.handle_event(queued)
    _, expected = OPERATIONS[queued.operation]
    given = {name: argument.restore(queued.arguments[name]) for name, argument in expected.items()}
    method: Callable[..., Awaitable[Outcome]] = getattr(connector, queued.operation)
    return await method(*given.values())
