"""`MetricRegistry`: metrics that live as long as the process, for Prometheus to scrape."""

from __future__ import annotations

import math
import threading
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import attrs

from integrations_sdk.connectors.base import ConfigurationError, Outcome
from integrations_sdk.connectors.prometheus.exposition import Family, Sample, metric_name, render_exposition

__all__ = ["BUCKETS", "MetricRegistry"]

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds, in seconds, that suit HTTP calls."""

_Key = tuple[tuple[str, str], ...]


@attrs.define(kw_only=True)
class _Kept:
    kind: Literal["counter", "gauge", "histogram"]
    doc: str
    buckets: tuple[float, ...] = ()
    values: dict[_Key, float] = attrs.field(factory=dict)
    counts: dict[_Key, list[int]] = attrs.field(factory=dict)


class MetricRegistry:
    """Counters, gauges and histograms of one process; every method may be called from any thread.

    ```python
    registry = MetricRegistry()
    registry.count("orders", labels={"shop": "eu"})
    registry.record(outcome)  # of any operation of this library
    body, content_type = registry.render(), CONTENT_TYPE
    ```

    Attributes:
        dropped: values that were left out because there were as many series as allowed.
    """

    def __init__(self, *, most_series: int = 10_000) -> None:
        """Start empty. The bound on series keeps labels with endless values from filling the memory."""
        self.dropped = 0
        self._most = most_series
        self._series = 0
        self._families: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def count(
        self,
        name: str,
        amount: float = 1.0,
        *,
        labels: Mapping[str, str] | None = None,
        doc: str = "",
    ) -> None:
        """Add to a counter; `_total` is put after its name.

        Raises:
            ConfigurationError: the amount is negative, or the name is that of another kind of metric.
        """
        if not amount >= 0:
            raise ConfigurationError.of(
                "counter", "amount", "expected 0 or more", "use gauge() for what can fall"
            )
        with self._lock:
            kept, key = self._find(f"{name.removesuffix('_total')}_total", "counter", doc, labels)
            if self._admit(kept.values, key):
                kept.values[key] = kept.values.get(key, 0.0) + amount

    def gauge(
        self,
        name: str,
        value: float,
        *,
        labels: Mapping[str, str] | None = None,
        doc: str = "",
    ) -> None:
        """Set a gauge.

        Raises:
            ConfigurationError: the name is that of another kind of metric.
        """
        with self._lock:
            kept, key = self._find(name, "gauge", doc, labels)
            if self._admit(kept.values, key):
                kept.values[key] = value

    def observe(
        self,
        name: str,
        value: float,
        *,
        labels: Mapping[str, str] | None = None,
        doc: str = "",
        buckets: Sequence[float] = BUCKETS,
    ) -> None:
        """Add a value to a histogram; its buckets are those of the first call.

        Raises:
            ConfigurationError: the name is that of another kind of metric.
        """
        with self._lock:
            kept, key = self._find(name, "histogram", doc, labels, buckets)
            if self._admit(kept.values, key):
                counts = kept.counts.setdefault(key, [0] * (len(kept.buckets) + 1))
                counts[bisect_left(kept.buckets, value)] += 1
                kept.values[key] = kept.values.get(key, 0.0) + value

    def record(self, outcome: Outcome) -> None:
        """Count an outcome in `integrations_sdk_operations_total`, and its time in `…_operation_seconds`."""
        labels = {"provider": outcome.provider, "operation": outcome.operation}
        ended = {**labels, "status": outcome.status.value}
        self.count(
            "integrations_sdk_operations", labels=ended, doc="Operations on vendors, by how they ended."
        )
        if outcome.duration is not None:
            taken = outcome.duration.total_seconds()
            self.observe(
                "integrations_sdk_operation_seconds", taken, labels=labels, doc="How long they took."
            )

    def families(self) -> list[Family]:
        """Everything measured so far, in the order of first use."""
        with self._lock:
            return [
                Family(name=name, kind=kept.kind, help=kept.doc, samples=tuple(_samples(kept)))
                for name, kept in self._families.items()
            ]

    def render(self) -> str:
        """`render_exposition()` of everything; serve it as `CONTENT_TYPE`."""
        return render_exposition(self.families())

    def _find(
        self,
        name: str,
        kind: Literal["counter", "gauge", "histogram"],
        doc: str,
        labels: Mapping[str, str] | None,
        buckets: Sequence[float] = (),
    ) -> tuple[_Kept, _Key]:
        valid = metric_name(name)
        bounds = tuple(sorted(bound for bound in buckets if bound < math.inf))
        kept = self._families.setdefault(valid, _Kept(kind=kind, doc=doc, buckets=bounds))
        if kept.kind != kind:
            raise ConfigurationError.of(
                "metric", valid, f"expected use as a {kept.kind}", "take another name"
            )
        return kept, tuple(sorted((labels or {}).items()))

    def _admit(self, values: Mapping[_Key, float], key: _Key) -> bool:
        """Whether the series is known, or there is room for one more."""
        if key in values:
            return True
        if self._series >= self._most:
            self.dropped += 1
            return False
        self._series += 1
        return True


def _samples(kept: _Kept) -> list[Sample]:
    if kept.kind != "histogram":
        return [Sample(value=value, labels=dict(key)) for key, value in kept.values.items()]
    samples: list[Sample] = []
    for key, counts in kept.counts.items():
        labels, below = dict(key), 0
        for bound, count in zip((*map(repr, kept.buckets), "+Inf"), counts, strict=True):
            below += count
            samples.append(Sample(suffix="_bucket", labels={**labels, "le": bound}, value=below))
        samples.append(Sample(suffix="_sum", labels=labels, value=kept.values[key]))
        samples.append(Sample(suffix="_count", labels=labels, value=below))
    return samples
