"""`Scanner`: what is the same with every scanner of code and dependencies, whoever made it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Final, TypeVar

import attrs

from integrations_sdk.clock import uuid7
from integrations_sdk.connectors.config import ConnectorConfig, one_of, setting, settings
from integrations_sdk.connectors.connector import Connector
from integrations_sdk.connectors.reading import texts_at
from integrations_sdk.connectors.wire import json_bytes
from integrations_sdk.models import Event, Finding, FindingQuery, Gate, Severity, plain

__all__ = ["GatedConfig", "Scanner", "ScannerConfig", "gate_of"]

_EVENT: Final = "security.finding"


@settings
class ScannerConfig(ConnectorConfig):
    """Which findings matter."""

    severity: str = setting(
        "Findings of this severity and worse count: info, low, medium, high or critical.",
        default="low",
        validate=one_of(*Severity),
        also=("min_severity", "severity_threshold"),
    )


@settings
class GatedConfig(ScannerConfig):
    """What closes the gate, where the scanner has none of its own."""

    fail_on: str = setting(
        "Findings of this severity and worse close the gate.",
        default="high",
        validate=one_of(*Severity),
        also=("gate_severity",),
    )


S_co = TypeVar("S_co", bound=ScannerConfig, covariant=True)


class Scanner(Connector[S_co]):
    """A connector that reads what a scanner found.

    Subclasses list findings in `list_findings()`, and say in `check_gate()` whether they matter.
    """

    def list_findings(self, query: FindingQuery | None = None) -> AsyncIterator[Finding]:
        """What is found and not resolved, page by page."""
        raise NotImplementedError

    async def check_gate(self, query: FindingQuery | None = None) -> Gate:
        """Whether it may go on."""
        raise NotImplementedError

    async def new_findings(self, query: FindingQuery | None = None) -> AsyncIterator[Event]:
        """Findings that were not there the last time, as events of type `security.finding`.

        The first time, what there is is only remembered. A finding that was gone in between is new again.
        Remembered is what was there once the listing came to its end: who stops before, or fails, is told
        the same again.
        """
        key = f"findings {_mark(json_bytes(plain(query or FindingQuery())).decode())}"
        known = await self.context.memory.recall(key)
        seen = set(texts_at(known, "seen"))
        there: set[str] = set()
        async for finding in self.list_findings(query):
            mark = _mark(finding.reference)
            if known is not None and mark not in seen | there:
                yield self._event(finding)
            there.add(mark)
        await self.context.memory.remember(key, {"seen": [*sorted(there)]})

    def least(self, query: FindingQuery | None) -> Severity:
        """The severity from which on findings are wanted."""
        return Severity((query and query.severity) or self.config.severity)

    def _event(self, finding: Finding) -> Event:
        now = self.context.clock.now()
        return _event_of(finding, provider=self.provider, source=self.base_url, now=now)


def gate_of(findings: Iterable[Finding], fail_on: str) -> Gate:
    """The gate that findings of a severity, and worse ones, close."""
    counts = Counter(finding.severity for finding in findings if finding.severity.reaches(fail_on))
    failures = tuple(
        f"{counts[severity]} {severity} finding{'' if counts[severity] == 1 else 's'}, where none may be"
        for severity in reversed(Severity)
        if counts[severity]
    )
    return Gate(passed=not failures, status="failed" if failures else "passed", failures=failures)


def _event_of(finding: Finding, *, provider: str, source: str, now: datetime) -> Event:
    about = (finding.location, ", ".join(finding.identifiers), finding.remedy)
    return Event(
        id=uuid7(now),
        type=_EVENT,
        source=source,
        time=now,
        subject=finding.reference,
        data={name: finding[name] for name in attrs.fields_dict(Finding)},
        provider=provider,
        sender_id=finding.reference,
        action="opened",
        project=finding.project,
        title=f"[{finding.severity}] {finding.title}",
        text="\n".join(part for part in about if part),
        url=finding.url,
        branch=finding.branch,
    )


def _mark(text: str) -> str:
    """Short, for thousands of them are remembered."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
