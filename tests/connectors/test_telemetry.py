"""What telemetry sinks share: batches, compression, and the measured side of an event."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.connectors.telemetry import batches, event_facts, event_metrics, packed, stacked
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.models import Actor, Event, Job, MetricKind

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PUSH = Event(
    id="1", type="push", source="https://x/p", time=NOW, provider="github", project="o/r", branch="main"
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.lists(JSON, max_size=20), st.integers(1, 5), st.integers(2, 120))
def test_batches_lose_nothing_and_keep_both_limits(items: list[object], count: int, size: int) -> None:
    """All items come out in order; only an item too large by itself exceeds the size, and then alone."""
    arrays = list(batches(items, count=count, size=size))
    decoded = [json.loads(array) for array in arrays]
    assert [item for array in decoded for item in array] == items
    assert all(1 <= len(array) <= count for array in decoded)
    assert all(len(array) <= size or len(items) == 1 for array, items in zip(arrays, decoded, strict=True))


def test_batches_are_as_large_as_allowed() -> None:
    """An array of exactly the size is not split."""
    assert list(batches([1, 2, 3], count=9, size=len(b"[1,2,3]"))) == [b"[1,2,3]"]
    assert list(batches([1, 2, 3], count=9, size=len(b"[1,2,3]") - 1)) == [b"[1,2]", b"[3]"]


@given(st.lists(JSON, max_size=20), st.integers(1, 5), st.integers(2, 120))
def test_stacked_lines_lose_nothing_and_keep_both_limits(items: list[object], count: int, size: int) -> None:
    """As with arrays, but one item to a line."""
    bodies = list(stacked(items, count=count, size=size))
    decoded = [[json.loads(line) for line in body.decode().split("\n")[:-1]] for body in bodies]
    assert [item for lines in decoded for item in lines] == items
    assert all(1 <= len(lines) <= count for lines in decoded)
    assert all(len(body) <= size or len(lines) == 1 for body, lines in zip(bodies, decoded, strict=True))
    assert list(stacked([1, 2], count=9, size=4)) == [b"1\n2\n"]


def test_batches_refuse_what_json_cannot_hold() -> None:
    """NaN and objects without a JSON form raise instead of becoming invalid JSON."""
    with pytest.raises(ConfigurationError, match="what JSON can hold"):
        list(batches([float("nan")], count=1, size=99))
    with pytest.raises(ConfigurationError, match="what JSON can hold"):
        list(batches([object()], count=1, size=99))


def test_packed_compresses_what_is_worth_it() -> None:
    """Small bodies stay as they are; larger ones are gzip and say so, the same bytes each time."""
    assert packed(b"x" * 1023) == (b"x" * 1023, {})
    content, headers = packed(b"x" * 1024)
    assert headers == {"content-encoding": "gzip"}
    assert gzip.decompress(content) == b"x" * 1024
    assert packed(b"x" * 1024)[0] == content


def test_facts_leave_out_what_is_unknown() -> None:
    """Facts are flat and hold only what the event says."""
    assert event_facts(PUSH) == {
        "id": "1", "provider": "github", "type": "push", "project": "o/r", "branch": "main", "source": "https://x/p",
    }  # fmt: skip


def test_facts_of_a_failed_pipeline() -> None:
    """Actor, duration and failed jobs are told in one value each."""
    event = attrs.evolve(
        PUSH,
        type="pipeline",
        status="failed",
        actor=Actor(name="Ada L."),
        duration=timedelta(minutes=2),
        jobs=(
            Job(name="lint", status="failed"),
            Job(name="unit", status="success"),
            Job(name="e2e", status="failed"),
        ),
    )
    facts = event_facts(event)
    assert (facts["actor"], facts["duration"], facts["failed_jobs"]) == ("Ada L.", 120.0, "lint, e2e")
    assert event_facts(attrs.evolve(event, actor=Actor(name="Ada L.", username="ada")))["actor"] == "ada"


def test_metrics_of_events() -> None:
    """Each event counts one; durations and commits are measured where there are any."""
    by_name = {metric.name: metric for metric in event_metrics(attrs.evolve(PUSH, commit_count=3))}
    assert {name: metric.value for name, metric in by_name.items()} == {
        "github.push.count": 1,
        "github.push.commits": 3,
    }
    assert all(metric.kind is MetricKind.COUNT and metric.time == NOW for metric in by_name.values())
    assert by_name["github.push.count"].tags == {"project": "o/r", "branch": "main"}

    pipeline = attrs.evolve(
        PUSH, type="pipeline", duration=timedelta(seconds=90), commit_count=3, status="success"
    )
    count, duration = event_metrics(pipeline)
    assert (count.name, count.tags["status"]) == ("github.pipeline.count", "success")
    assert (duration.name, duration.value, duration.kind, duration.unit) == (
        "github.pipeline.duration",
        90.0,
        MetricKind.GAUGE,
        "second",
    )
