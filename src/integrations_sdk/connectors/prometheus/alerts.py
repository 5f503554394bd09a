"""Alerts and silences as Alertmanager's API v2 has them. Pure.

Source: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import attrs

from integrations_sdk.connectors.base import Event, EventType, JsonValue, Metric, message_for, plain
from integrations_sdk.connectors.prometheus.exposition import label_name

__all__ = ["Alert", "Matcher", "alert_body", "alert_of", "last_run_of", "matcher_body"]

_ALERTS: Final[Mapping[str, tuple[str, str]]] = {
    EventType.PIPELINE: ("PipelineFailed", "warning"),
    EventType.DEPLOYMENT: ("DeploymentFailed", "critical"),
}


@attrs.frozen(kw_only=True)
class Alert:
    """Something that is wrong, or (with `ends_at` in the past) was.

    Attributes:
        labels: what the alert is known by; `alertname` is required. The same labels are the same alert.
        annotations: what people should know, e.g. `summary` and `description`.
        starts_at: None is now, or when it was first reported.
        ends_at: None lets Alertmanager end it (after `resolve_timeout`, 5 minutes) unless it is repeated.
        generator_url: where it comes from.
    """

    labels: Mapping[str, str]
    annotations: Mapping[str, str] = attrs.field(factory=dict)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    generator_url: str | None = None


@attrs.frozen(kw_only=True)
class Matcher:
    """Which alerts a silence concerns: those whose label `name` has the value.

    Attributes:
        is_regex: the value is a regular expression (RE2), anchored at both ends.
        is_equal: False turns it round: those whose label has not the value.
    """

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True


def alert_body(alert: Alert) -> dict[str, JsonValue]:
    """An alert as it is posted; label names are made valid, empty values left out as they mean none."""
    body: dict[str, JsonValue] = {
        "labels": {label_name(name): value for name, value in alert.labels.items() if value},
        "annotations": {label_name(name): value for name, value in alert.annotations.items() if value},
    }
    known = {"startsAt": alert.starts_at, "endsAt": alert.ends_at, "generatorURL": alert.generator_url}
    return body | {name: plain(value) for name, value in known.items() if value is not None}


def matcher_body(matcher: Matcher) -> dict[str, JsonValue]:
    """A matcher as it is posted."""
    return {
        "name": matcher.name,
        "value": matcher.value,
        "isRegex": matcher.is_regex,
        "isEqual": matcher.is_equal,
    }


def alert_of(event: Event, *, now: datetime, lasts: timedelta) -> Alert | None:
    """The alert that a failed pipeline or deployment opens, and the next successful one ends.

    It is known by project, branch and environment, so that the one and the other are the same alert. It
    stays open for `lasts`, for nobody repeats it as Prometheus would.

    Returns:
        None for other events, and while the outcome is open.
    """
    named = _ALERTS.get(event.type)
    if named is None or event.status not in {"failed", "success"}:
        return None
    message = message_for(event)
    known = {"project": event.project, "branch": event.branch, "environment": event.environment}
    known |= {"alertname": named[0], "severity": named[1], "source": event.provider}
    notes = {"summary": message.summary, "description": message.text, "url": event.url}
    ends = event.time + lasts if event.failed else now
    return Alert(
        labels={name: value for name, value in known.items() if value},
        annotations={name: value for name, value in notes.items() if value},
        starts_at=event.time if event.failed else None,
        ends_at=ends,
        generator_url=event.url,
    )


def last_run_of(event: Event) -> list[Metric]:
    """How the last pipeline or deployment of a project went, as gauges; none while the outcome is open."""
    if event.type not in _ALERTS or event.status not in {"failed", "success"}:
        return []
    name = f"{event.provider}.{event.type}.last"
    found = [
        Metric(name=f"{name}.success", value=0 if event.failed else 1),
        Metric(name=f"{name}.time", value=event.time.timestamp(), unit="second"),
    ]
    if event.duration is not None:
        found.append(Metric(name=f"{name}.duration", value=event.duration.total_seconds(), unit="second"))
    return found
