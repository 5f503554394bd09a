"""The words of the library as frozen records; see `docs/design/architecture.md` for their meaning."""

from integrations_sdk.models.event import SENDER_EVENTS, Actor, Commit, Event, EventType, Job
from integrations_sdk.models.health import Diagnosis, HealthCheck, HealthStatus
from integrations_sdk.models.identity import Group, User, UserChanges, UserDraft, UserState
from integrations_sdk.models.integration import (
    Category,
    Integration,
    IntegrationState,
    IntegrationType,
    Scope,
)
from integrations_sdk.models.message import Attachment, Field, Level, Link, Message
from integrations_sdk.models.outcome import Outcome, OutcomeList, OutcomeStatus, Sent
from integrations_sdk.models.record import JsonValue, Record, RecordList, html_table, plain
from integrations_sdk.models.secret import MASK, Secret
from integrations_sdk.models.work import (
    Build,
    BuildRequest,
    BuildStatus,
    CheckResult,
    CommitStatus,
    Finding,
    FindingQuery,
    Gate,
    Issue,
    IssueDraft,
    LogEntry,
    Metric,
    MetricKind,
    Severity,
)

__all__ = [
    "MASK",
    "SENDER_EVENTS",
    "Actor",
    "Attachment",
    "Build",
    "BuildRequest",
    "BuildStatus",
    "Category",
    "CheckResult",
    "Commit",
    "CommitStatus",
    "Diagnosis",
    "Event",
    "EventType",
    "Field",
    "Finding",
    "FindingQuery",
    "Gate",
    "Group",
    "HealthCheck",
    "HealthStatus",
    "Integration",
    "IntegrationState",
    "IntegrationType",
    "Issue",
    "IssueDraft",
    "Job",
    "JsonValue",
    "Level",
    "Link",
    "LogEntry",
    "Message",
    "Metric",
    "MetricKind",
    "Outcome",
    "OutcomeList",
    "OutcomeStatus",
    "Record",
    "RecordList",
    "Scope",
    "Secret",
    "Sent",
    "Severity",
    "User",
    "UserChanges",
    "UserDraft",
    "UserState",
    "html_table",
    "plain",
]
