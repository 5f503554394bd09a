"""What New Relic is sent, within its limits. Pure.

Source: https://docs.newrelic.com/docs/data-apis/ingest-apis/. New Relic drops what breaks a limit after it
has accepted the request, so limits are kept here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from integrations_sdk.connectors.base import (
    ConfigurationError,
    JsonValue,
    LogEntry,
    Metric,
    MetricKind,
    batches,
    json_bytes,
)
from integrations_sdk.connectors.newrelic.config import is_event_type

__all__ = [
    "BYTES",
    "attributes",
    "blocks",
    "event_record",
    "event_type",
    "log_record",
    "metric_record",
    "own_record",
]

BYTES: Final = 1_000_000
"""Of a request, before compression; so after it as well."""

_MOST_COMMON: Final = 100  # attributes of a block, which count against each item's own
_MOST_EVENT: Final = 254
_MOST_METRIC: Final = 150
_MOST_LOG: Final = 255
_LONGEST_NAME: Final = 255
_LONGEST_VALUE: Final = 4094  # of logs; 4096 of events and metrics
_RESERVED: Final = frozenset({"accountId", "appId", "eventType", "timestamp"})
_AROUND_NOW: Final = timedelta(hours=24)


def event_type(name: str, types: Mapping[str, str]) -> str:
    """The configured type for a kind of event, else one made of its name: `IntegrationMergeRequest`."""
    words = re.findall(r"[A-Za-z0-9]+", name)
    return types.get(name) or "Integration" + "".join(word[:1].upper() + word[1:] for word in words)[:200]


def attributes(given: Mapping[str, JsonValue], *, most: int) -> dict[str, JsonValue]:
    """Flat attributes: nested names joined by dots, lists as JSON text, nothing where there is no value.

    Names that New Relic keeps for itself get the prefix `custom.`. Of more than `most` the first are kept.
    """
    kept: dict[str, JsonValue] = {}
    for name, value in _flat(given, ""):
        if len(kept) == most:
            break
        mine = f"custom.{name}" if name in _RESERVED or name.startswith("nr.") else name
        kept[mine[:_LONGEST_NAME]] = value[:_LONGEST_VALUE] if isinstance(value, str) else value
    return kept


def event_record(
    kind: str, given: Mapping[str, JsonValue], *, time: datetime, now: datetime
) -> dict[str, JsonValue]:
    """A custom event. Further than 24 hours from now its time is left out, which New Relic would refuse.

    Booleans become text, for the Event API knows only text and numbers.
    """
    facts = attributes(given, most=_MOST_EVENT - 2)
    record: dict[str, JsonValue] = {
        name: str(value).lower() if isinstance(value, bool) else value for name, value in facts.items()
    }
    record["eventType"] = kind
    if abs(now - time) < _AROUND_NOW:
        record["timestamp"] = _milliseconds(time)
    return record


def own_record(
    record: Mapping[str, JsonValue], common: Mapping[str, JsonValue], *, time: datetime, now: datetime
) -> dict[str, JsonValue]:
    """A custom event that names its `eventType` itself, with the attributes common to all.

    Raises:
        ConfigurationError: an `eventType` is missing, or New Relic's own.
    """
    kind = record.get("eventType")
    if not isinstance(kind, str) or not is_event_type(kind):
        expected = "expected letters, digits, `:`, `_` and spaces, and not one of New Relic's own types"
        raise ConfigurationError.of("New Relic event", "eventType", expected)
    own = {name: value for name, value in record.items() if name != "eventType"}
    return event_record(kind, {**common, **own}, time=time, now=now)


def blocks(name: str, items: Sequence[JsonValue], common: Mapping[str, JsonValue]) -> list[bytes]:
    """Bodies of one block each: the attributes common to all items, and the items under their name."""
    start = b'[{"common":' + json_bytes({"attributes": attributes(common, most=_MOST_COMMON)})
    start += f',"{name}":'.encode()
    size = BYTES - len(start) - len(b"}]")
    return [start + part + b"}]" for part in batches(items, count=100_000, size=size)]


def metric_record(metric: Metric, *, now: datetime) -> dict[str, JsonValue]:
    """A data point. A rate is a gauge here, for New Relic computes rates from counts itself."""
    tags: dict[str, JsonValue] = {**metric.tags, **({"unit": metric.unit} if metric.unit else {})}
    counted = metric.kind is MetricKind.COUNT
    record: dict[str, JsonValue] = {
        "name": metric.name[:_LONGEST_NAME],
        "type": "count" if counted else "gauge",
        "value": metric.value,
        "timestamp": _milliseconds(metric.time or now),
        "attributes": attributes(tags, most=_MOST_METRIC),
    }
    return record | (
        {"interval.ms": max(1, round(metric.interval / timedelta(milliseconds=1)))} if counted else {}
    )


def log_record(entry: LogEntry, *, now: datetime) -> dict[str, JsonValue]:
    """A log line."""
    return {
        "timestamp": _milliseconds(entry.time or now),
        "message": entry.message,
        "level": entry.level,
        "attributes": attributes(entry.attributes, most=_MOST_LOG),
    }


def _flat(given: Mapping[str, JsonValue], prefix: str) -> Iterator[tuple[str, JsonValue]]:
    for name, value in given.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield prefix + name, json_bytes(value).decode()
        elif value is not None:
            yield prefix + name, value


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)
