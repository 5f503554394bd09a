"""SonarQube's words: severities, conditions, addresses. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from integrations_sdk.connectors.base import (
    ConfigurationError,
    Finding,
    FindingQuery,
    Gate,
    JsonValue,
    Severity,
    at,
    objects_at,
    text_at,
    texts_at,
    time_of,
)
from integrations_sdk.connectors.sonarqube.config import SonarQubeConfig

__all__ = ["finding_of", "gate_from", "place", "severity_of"]

_SEVERITIES: Final = {  # of an issue, in the Standard Experience
    "BLOCKER": Severity.CRITICAL,
    "CRITICAL": Severity.HIGH,
    "MAJOR": Severity.MEDIUM,
    "MINOR": Severity.LOW,
    "INFO": Severity.INFO,
}
_IMPACTS: Final = {  # on a software quality, in Multi-Quality Rule Mode
    "BLOCKER": Severity.CRITICAL,
    "HIGH": Severity.HIGH,
    "MEDIUM": Severity.MEDIUM,
    "LOW": Severity.LOW,
    "INFO": Severity.INFO,
}
_COMPARED: Final = {"LT": "less than", "GT": "greater than"}


def place(query: FindingQuery | None, config: SonarQubeConfig) -> tuple[str, dict[str, str]]:
    """The project's key, and the parameters that choose a branch or pull request of it.

    Raises:
        ConfigurationError: no project is known, or both branch and pull request are given.
    """
    query = query or FindingQuery()
    project = query.project or config.project
    if project is None:
        raise ConfigurationError.of(
            "sonarqube configuration", "project", "missing; nothing says which project", "add its key"
        )
    if query.branch and query.pull_request:
        raise ConfigurationError.of(
            "finding query", "pull_request", "given together with branch", "give one of them"
        )
    where = {"branch": query.branch, "pullRequest": query.pull_request}
    return project, {name: value for name, value in where.items() if value}


def severity_of(issue: Mapping[str, JsonValue]) -> Severity:
    """The worst of an issue's impacts; of one without them (before 10.2) its severity."""
    impacts = [_IMPACTS.get(str(impact.get("severity"))) for impact in objects_at(dict(issue), "impacts")]
    known = [impact for impact in impacts if impact is not None]
    if known:
        return max(known, key=list(Severity).index)
    return _SEVERITIES.get(str(issue.get("severity")), Severity.MEDIUM)


def finding_of(issue: dict[str, JsonValue], where: Mapping[str, str], base_url: str) -> Finding:
    """An issue as the API shows it."""
    key, project = text_at(issue, "key") or "", text_at(issue, "project")
    file = (text_at(issue, "component") or "").removeprefix(f"{project}:")
    line, rule = text_at(issue, "line"), text_at(issue, "rule")
    target = urlencode({"id": project or "", "open": key, **where})
    return Finding(
        reference=key,
        title=text_at(issue, "message") or rule or key,
        severity=severity_of(issue),
        kind=text_at(issue, "type") or "",
        status=(text_at(issue, "issueStatus") or text_at(issue, "status") or "open").lower(),
        project=project,
        branch=where.get("branch"),
        location=f"{file}:{line}" if line else file or None,
        identifiers=(*([rule] if rule else []), *texts_at(issue, "tags")),
        url=f"{base_url}/project/issues?{target}",
        created_at=time_of(issue.get("creationDate")),
    )


def gate_from(answer: dict[str, JsonValue], project: str, where: Mapping[str, str], base_url: str) -> Gate:
    """A quality gate as the API shows it. `NONE` means that nothing was analysed yet, which opens no gate."""
    status = text_at(answer, "projectStatus", "status") or "NONE"
    failures = [
        _failure(condition)
        for condition in objects_at(at(answer, "projectStatus"), "conditions")
        if condition.get("status") == "ERROR"
    ]
    if status == "NONE":
        failures.append("no quality gate was computed: analyse it first")
    return Gate(
        passed=status in {"OK", "WARN"},
        status=status,
        failures=tuple(failures),
        project=project,
        branch=where.get("branch"),
        url=f"{base_url}/dashboard?{urlencode({'id': project, **where})}",
    )


def _failure(condition: dict[str, JsonValue]) -> str:
    compared = _COMPARED.get(str(condition.get("comparator")), "against")
    actual, threshold = text_at(condition, "actualValue"), text_at(condition, "errorThreshold")
    return f"{text_at(condition, 'metricKey')} is {actual}, {compared} {threshold}"
