"""What a connector is asked to do: one operation of each capability, with arguments that say something."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import attrs

from integrations_sdk.connectors.base import Connector, ConnectorConfig
from integrations_sdk.connectors.capabilities import capabilities_of
from integrations_sdk.models import (
    BuildRequest,
    BuildStatus,
    CommitStatus,
    Event,
    EventType,
    Field,
    IssueDraft,
    Level,
    LogEntry,
    Message,
    Metric,
)

__all__ = ["SHA", "Act", "acts_of", "event", "odd_acts"]

SHA: Final = "0123456789abcdef0123456789abcdef01234567"
_NOW: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)


@attrs.frozen
class Act:
    """An operation of a connector: its method's name, and the arguments it is tried with."""

    operation: str
    arguments: tuple[object, ...] = ()


def event(kind: str = EventType.PIPELINE, **fields: object) -> Event:
    """An event of a type: a pipeline that failed on main, unless the fields say otherwise."""
    usual: dict[str, object] = {
        "id": f"e-{kind}",
        "source": "https://gitlab.example.com/shop/web",
        "time": _NOW,
        "provider": "gitlab",
        "project": "shop/web",
        "branch": "main",
        "sha": SHA,
        "number": 7,
        "title": "It went wrong",
        "status": "failed",
        "action": "opened",
        "environment": "production",
        "url": "https://gitlab.example.com/shop/web/-/pipelines/7",
    }
    return Event(type=kind, **{**usual, **fields})  # type: ignore[arg-type]  # the test names the fields


_ACTS: Final = {
    "Notifier": Act("notify", (Message(text="The shop is down.", title="Alert", level=Level.ERROR),)),
    "IssueTracker": Act("create_issue", (IssueDraft(title="The shop is down", description="Since noon."),)),
    "BuildTrigger": Act("trigger_build", (BuildRequest(branch="main"),)),
    "SourceHost": Act("set_commit_status", (CommitStatus(sha=SHA, status=BuildStatus.FAILED),)),
    "EventSink": Act("send_event", (event(),)),
    "MetricSink": Act("send_metrics", ((Metric(name="shop.orders", value=3.0, time=_NOW),),)),
    "LogSink": Act("send_logs", ((LogEntry(message="The shop is down.", level="error", time=_NOW),),)),
    "SecurityScanner": Act("list_findings"),
    "IdentitySource": Act("list_users"),
}
"""By the name of the capability's protocol."""


def odd_acts(connector: type[Connector[ConnectorConfig]], text: str) -> tuple[Act, ...]:
    """The operations that take words, with a text that is none one would write."""
    odd = {
        "notify": (Message(text=text, title=text, fields=(Field(name=text, value=text),), key=text),),
        "create_issue": (IssueDraft(title=text, description=text, labels=(text,), external_id=text),),
        "send_event": (event(title=text, text=text, branch=text, project=text),),
        "send_metrics": ((Metric(name="shop.orders", value=1.0, tags={"where": text}),),),
        "send_logs": ((LogEntry(message=text, attributes={text[:50]: text}),),),
        "trigger_build": (BuildRequest(branch=text, parameters={"TEXT": text}),),
    }
    return tuple(Act(act.operation, odd[act.operation]) for act in acts_of(connector) if act.operation in odd)


def acts_of(connector: type[Connector[ConnectorConfig]]) -> tuple[Act, ...]:
    """One operation for each capability that the class offers."""
    return tuple(
        _ACTS[protocol.__name__] for protocol in capabilities_of(connector) if protocol.__name__ in _ACTS
    )
