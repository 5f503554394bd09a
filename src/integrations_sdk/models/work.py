"""What capabilities take and give: issues, builds, commit statuses, findings, metrics, log lines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from integrations_sdk.models.record import JsonValue, Record

__all__ = [
    "Build",
    "BuildRequest",
    "BuildStatus",
    "CheckResult",
    "CommitStatus",
    "Finding",
    "FindingQuery",
    "Gate",
    "Issue",
    "IssueDraft",
    "LogEntry",
    "Metric",
    "MetricKind",
    "Severity",
]


class BuildStatus(StrEnum):
    """How a build, or a commit's status, stands."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELED = "canceled"


class Severity(StrEnum):
    """How bad a finding is, the least first."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    def reaches(self, least: Severity | str) -> bool:
        """Whether it is as bad as `least`, or worse."""
        return list(Severity).index(self) >= list(Severity).index(Severity(least))


class MetricKind(StrEnum):
    """`gauge`: a value now; `count`: how many since the last report; `rate`: the same per second."""

    GAUGE = "gauge"
    COUNT = "count"
    RATE = "rate"


@attrs.frozen(kw_only=True)
class IssueDraft(Record):
    """An issue to be created, or (fields that are None stay as they are) the changes to one.

    Attributes:
        description: plain text; the tracker's own markup is produced from it.
        external_id: the id of the thing it stands for elsewhere, e.g. `gitlab:group/name#12`; by it
            the issue is found again.
        fields: vendor fields, passed through as they are.
    """

    title: str | None = None
    description: str | None = None
    issue_type: str | None = None
    labels: tuple[str, ...] | None = None
    assignee: str | None = None
    priority: str | None = None
    url: str | None = None
    external_id: str | None = None
    fields: dict[str, JsonValue] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Issue(Record):
    """An issue as the tracker has it; `reference` is its key or number there."""

    reference: str
    title: str
    status: str
    url: str | None = None
    labels: tuple[str, ...] = ()
    data: dict[str, JsonValue] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class BuildRequest(Record):
    """A build to be started. `job` None takes the configured one."""

    branch: str | None = None
    commit_sha: str | None = None
    tag: str | None = None
    job: str | None = None
    parameters: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Build(Record):
    """A build as the server has it. `reference` finds it again; `number` is None while it is queued."""

    reference: str
    status: BuildStatus
    job: str = ""
    number: int | None = None
    url: str | None = None
    duration: timedelta | None = None


@attrs.frozen(kw_only=True)
class CommitStatus(Record):
    """What a build says of a commit, shown beside it by the source host.

    Attributes:
        project: path on the host, `group/name` or `owner/repo`; None takes the configured one.
        context: tells this status from others of the same commit.
        description: at most 140 characters are kept.
    """

    sha: str
    status: BuildStatus
    context: str = "integrations-sdk"
    project: str | None = None
    url: str | None = None
    description: str = ""


@attrs.frozen(kw_only=True)
class FindingQuery(Record):
    """Which findings are meant; what is None is what is configured, or does not matter.

    Attributes:
        project: as the scanner calls it: a key, an id, a token.
        severity: this and worse; None takes the configured one.
    """

    project: str | None = None
    branch: str | None = None
    pull_request: str | None = None
    severity: Severity | None = None


@attrs.frozen(kw_only=True)
class Finding(Record):
    """What a scanner found and nobody has resolved yet.

    Attributes:
        reference: the scanner's own id of it; the same as long as it is the same finding.
        kind: the scanner's word for what it is, e.g. `VULNERABILITY`, `license`.
        location: where it is: a file with its line, or a package with its version.
        identifiers: by which others know it: CVE and CWE numbers, the rule.
        remedy: what the scanner says would resolve it.
        created_at: when it was found first.
    """

    overview = ("severity", "title", "location", "project", "branch", "url")

    reference: str
    title: str
    severity: Severity
    kind: str = ""
    status: str = "open"
    project: str | None = None
    branch: str | None = None
    location: str | None = None
    identifiers: tuple[str, ...] = ()
    remedy: str | None = None
    url: str | None = None
    created_at: datetime | None = None


@attrs.frozen(kw_only=True)
class Gate(Record):
    """Whether something may go on; true when it may.

    Attributes:
        status: in the scanner's own word, where it has one.
        failures: one line for each condition that is not met, e.g. `new_coverage is 62.1, less than 80`.
    """

    passed: bool
    status: str
    failures: tuple[str, ...] = ()
    project: str | None = None
    branch: str | None = None
    url: str | None = None

    def __bool__(self) -> bool:
        return self.passed


@attrs.frozen(kw_only=True)
class Metric(Record):
    """One measured value.

    Attributes:
        name: dotted, e.g. `deploy.duration`; rendered into each vendor's form.
        time: None is now.
        interval: the span a `count` or `rate` covers.
    """

    name: str
    value: float
    kind: MetricKind = MetricKind.GAUGE
    tags: Mapping[str, str] = attrs.field(factory=dict)
    unit: str | None = None
    time: datetime | None = None
    interval: timedelta = timedelta(seconds=60)


@attrs.frozen(kw_only=True)
class LogEntry(Record):
    """One log line. `level` is a syslog-like word (`info`, `warning`, `error`); `time` None is now."""

    message: str
    level: str = "info"
    time: datetime | None = None
    attributes: dict[str, JsonValue] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class CheckResult(Record):
    """What a connector's own check found, when it found it working.

    Attributes:
        detail: whom the vendor says we are, or what answered.
        warnings: what works but should not stay so, each with its remedy.
    """

    detail: str = ""
    warnings: tuple[str, ...] = ()
