"""What Datadog is sent, made from the library's records. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from integrations_sdk.connectors.base import (
    Event,
    JsonValue,
    LogEntry,
    Message,
    Metric,
    MetricKind,
    event_facts,
    message_for,
    sentence,
)
from integrations_sdk.connectors.datadog.config import DatadogConfig

__all__ = ["event_body", "line_of", "log_of", "series_of", "tags_of"]

_INTAKE_TYPE: Final = {MetricKind.COUNT: 1, MetricKind.RATE: 2, MetricKind.GAUGE: 3}
_LONGEST_TEXT: Final = 4000
_LONGEST_KEY: Final = 100
_OLDEST_EVENT: Final = timedelta(hours=18)
_TAGGED: Final = frozenset({
    "provider", "type", "action", "status", "project", "branch", "target_branch", "environment", "actor",
})  # fmt: skip


def tags_of(config: DatadogConfig, more: Mapping[str, object]) -> list[str]:
    """The configured tags, then `more`, each once."""
    given = {"env": config.env, "service": config.service}
    fixed = [f"{name}:{value}" for name, value in given.items() if value is not None]
    chosen = [f"{name}:{value}" for name, value in more.items()]
    return list(dict.fromkeys([*fixed, *config.tags, *chosen]))


def series_of(metric: Metric, tags: Sequence[str], now: datetime) -> dict[str, JsonValue]:
    """A metric as one series of one point (`POST /api/v2/series`)."""
    series: dict[str, JsonValue] = {
        "metric": metric.name,
        "type": _INTAKE_TYPE[metric.kind],
        "points": [{"timestamp": int((metric.time or now).timestamp()), "value": metric.value}],
        "tags": list(tags),
    }
    if metric.kind is not MetricKind.GAUGE:
        series["interval"] = max(1, round(metric.interval.total_seconds()))
    return series | ({"unit": metric.unit} if metric.unit else {})


def line_of(entry: LogEntry, config: DatadogConfig, now: datetime) -> dict[str, JsonValue]:
    """A log line (`POST /api/v2/logs`); its attributes cannot take the place of the reserved ones."""
    line: dict[str, JsonValue] = {
        **entry.attributes,
        "message": entry.message,
        "status": entry.level,
        "timestamp": int((entry.time or now).timestamp() * 1000),
        "ddsource": "integrations-sdk",
        "ddtags": ",".join(tags_of(config, {})),
    }
    return line | ({"service": config.service} if config.service else {})


def log_of(event: Event) -> LogEntry:
    """The log line that stands for an event, with all its facts as attributes."""
    message = message_for(event)
    return LogEntry(
        message=message.summary, level=message.level.value, time=event.time, attributes=event_facts(event)
    )


def event_body(event: Event, config: DatadogConfig, now: datetime) -> dict[str, JsonValue]:
    """An event for the event stream (`POST /api/v1/events`).

    What concerns the same merge request, branch or tag shares an aggregation key. Only facts with few
    values become tags: an id would make a tag of its own for each event.
    """
    message = message_for(event)
    subject = event.number if event.number is not None else event.branch or event.tag or event.subject or ""
    facts = {name: value for name, value in event_facts(event).items() if name in _TAGGED}
    body: dict[str, JsonValue] = {
        "title": sentence(message.summary) or event.type,
        "text": _text(message)[:_LONGEST_TEXT],
        "tags": list(tags_of(config, facts)),
        "alert_type": message.level.value,
        "aggregation_key": f"{event.type}:{event.project or event.source}:{subject}"[:_LONGEST_KEY],
    }
    if timedelta() <= now - event.time < _OLDEST_EVENT:
        body["date_happened"] = int(event.time.timestamp())
    return body


def _text(message: Message) -> str:
    facts = [f"{field.name}: {field.value}" for field in message.fields]
    links = [f"{link.label}: {link.url}" for link in message.links]
    return "\n".join(part for part in (message.text, *facts, *links, message.url) if part) or message.summary
