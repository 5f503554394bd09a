"""What telemetry sinks share: bodies within a vendor's limits, and the measured side of an event. Pure."""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from integrations_sdk.connectors.wire import json_bytes
from integrations_sdk.errors import ConfigurationError, Problem
from integrations_sdk.models import Event, EventType, JsonValue, Metric, MetricKind

__all__ = ["batches", "event_facts", "event_metrics", "finite", "packed", "stacked"]

_WORTH_PACKING: Final = 1024
_FACTS: Final = (
    "provider", "type", "action", "status", "project", "branch", "target_branch", "tag", "sha", "number",
    "environment", "title", "url", "source",
)  # fmt: skip


def batches(items: Iterable[object], *, count: int, size: int) -> Iterator[bytes]:
    """The items as JSON arrays, in order, each within both limits.

    Args:
        items: anything with a JSON form.
        count: items in one array, 1 or more.
        size: bytes of one array; an item that alone is larger goes alone, for the vendor to judge.

    Raises:
        ConfigurationError: an item holds what JSON cannot hold.
    """
    for held in _groups(items, count=count, size=size - 1):  # n items have n - 1 commas and two brackets
        yield b"[" + b",".join(held) + b"]"


def stacked(items: Iterable[object], *, count: int, size: int) -> Iterator[bytes]:
    """As `batches()`, but one item to a line, without brackets and commas."""
    for held in _groups(items, count=count, size=size):
        yield b"\n".join(held) + b"\n"


def _groups(items: Iterable[object], *, count: int, size: int) -> Iterator[list[bytes]]:
    """The items as JSON, as many together as `count` and `size` let; each takes a byte more than its own."""
    held: list[bytes] = []
    length = 0
    for item in items:
        piece = json_bytes(item)
        if held and (len(held) == count or length + len(piece) + 1 > size):
            yield held
            held, length = [], 0
        length += len(piece) + 1
        held.append(piece)
    if held:
        yield held


def packed(body: bytes) -> tuple[bytes, dict[str, str]]:
    """The body compressed with gzip when that is worth it (1 KiB or more), and the header that says so."""
    if len(body) < _WORTH_PACKING:
        return body, {}
    return gzip.compress(body, compresslevel=6, mtime=0), {"content-encoding": "gzip"}


def finite(metrics: Sequence[Metric]) -> Sequence[Metric]:
    """The metrics themselves, when every value is a number that JSON knows.

    Raises:
        ConfigurationError: naming each one whose value is NaN or infinite.
    """
    wrong = [
        Problem(
            f"[{index}].value", "expected a finite number", f"leave {metric.name!r} out while it has none"
        )
        for index, metric in enumerate(metrics)
        if not math.isfinite(metric.value)
    ]
    if wrong:
        raise ConfigurationError("metrics", wrong)
    return metrics


def event_facts(event: Event) -> dict[str, JsonValue]:
    """What is known of an event, flat, without what is unknown: `duration` in seconds, `actor` by name."""
    facts: dict[str, JsonValue] = {"id": event.id}
    facts |= {name: value for name in _FACTS if (value := getattr(event, name)) is not None}
    if event.actor is not None:
        facts["actor"] = event.actor.username or event.actor.name
    if event.duration is not None:
        facts["duration"] = event.duration.total_seconds()
    if event.failed_jobs:
        facts["failed_jobs"] = ", ".join(job.name for job in event.failed_jobs[:20])
    return facts


def event_metrics(event: Event) -> tuple[Metric, ...]:
    """The measured side of an event, named after its sender, e.g. `gitlab.pipeline.duration` (seconds).

    Every event counts 1 in `<sender>.<type>.count`; a push counts its commits in `<sender>.push.commits`.
    Tags, where known: `project`, `branch`, `status`, `action`, `environment`.
    """
    names = ("project", "branch", "status", "action", "environment")
    tags = {name: str(value) for name in names if (value := getattr(event, name)) is not None}
    prefix = f"{event.provider}.{event.type}"

    def metric(name: str, value: float, kind: MetricKind, unit: str | None = None) -> Metric:
        return Metric(name=f"{prefix}.{name}", value=value, kind=kind, tags=tags, unit=unit, time=event.time)

    found = [metric("count", 1, MetricKind.COUNT)]
    if event.duration is not None:
        found.append(metric("duration", event.duration.total_seconds(), MetricKind.GAUGE, "second"))
    if event.type == EventType.PUSH and event.commit_count:
        found.append(metric("commits", event.commit_count, MetricKind.COUNT))
    return tuple(found)
