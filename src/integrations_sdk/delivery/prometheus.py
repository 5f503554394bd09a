"""`PrometheusMetrics`: metrics of deliveries for Prometheus, over its own client (extra `prometheus`).

https://prometheus.io/docs/practices/naming/, https://prometheus.github.io/client_python/collector/custom/.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from integrations_sdk.delivery.metrics import (
    ATTEMPT_BUCKETS,
    DELAY_BUCKETS,
    Measured,
    attempts,
    depths,
    oldest_due_age,
)
from integrations_sdk.errors import ConfigurationError, MissingExtraError
from integrations_sdk.models.delivery import Backlog

if TYPE_CHECKING:  # imported when metrics are switched on: the client is an extra
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import GaugeMetricFamily, Metric

__all__ = ["PrometheusMetrics"]

_PREFIX = "integrations_sdk_delivery"


class PrometheusMetrics:
    """Metrics of one queue's deliveries, in a registry.

    | metric | labels | |
    |---|---|---|
    | `integrations_sdk_delivery_attempts_total` | `kind`, `outcome`: `succeeded`, `failed` | what was sent |
    | `integrations_sdk_delivery_results_total` | `kind`, `outcome`: a `Fate` | what became of deliveries |
    | `integrations_sdk_delivery_attempt_duration_seconds` | `kind`, `outcome`, as of attempts | histogram |
    | `integrations_sdk_delivery_delay_seconds` | `kind` | histogram, from due to sent |
    | `integrations_sdk_delivery_queue_depth` | `state`: `pending`, `waiting`, `leased`, `held` | gauge |
    | `integrations_sdk_delivery_oldest_due_age_seconds` | | gauge, 0 when nothing is due |

    Counters and histograms count what this process did. The gauges tell of the whole queue, which may be shared:
    take their `max()` over processes, never the `sum()`. They were read at most 15 seconds before (with a very long
    backlog less often), and are absent while nobody knows: before the engine starts, after it stops, and while
    the queue cannot be read.

    Args:
        registry: None: prometheus_client's `REGISTRY`.

    Raises:
        MissingExtraError: `prometheus-client` is not installed.
        ConfigurationError: the registry has these metrics already.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        try:
            import prometheus_client as client
        except ImportError:
            raise MissingExtraError("delivery metrics for Prometheus", "prometheus") from None
        self._client = client
        self._attempts = client.Counter(
            f"{_PREFIX}_attempts", "Attempts at deliveries.", ["kind", "outcome"], registry=None
        )
        self._results = client.Counter(
            f"{_PREFIX}_results", "What became of deliveries.", ["kind", "outcome"], registry=None
        )
        self._duration = client.Histogram(
            f"{_PREFIX}_attempt_duration_seconds",
            "Time from sending to the end of the answer.",
            ["kind", "outcome"],
            registry=None,
            buckets=ATTEMPT_BUCKETS,
        )
        self._delay = client.Histogram(
            f"{_PREFIX}_delay_seconds",
            "Time from when a delivery was due to when it was sent.",
            ["kind"],
            registry=None,
            buckets=DELAY_BUCKETS,
        )
        self._waiting: tuple[Backlog, datetime] | None = (
            None  # replaced whole: scrapes come from other threads
        )
        self._register(client.REGISTRY if registry is None else registry)

    def recorded(self, results: Sequence[Measured]) -> None:
        """Count results, as `DeliveryMetrics`."""
        for (kind, outcome), number in Counter((one.kind, one.fate.value) for one in results).items():
            self._results.labels(kind, outcome).inc(number)
        for (kind, outcome), sent in attempts(results).items():
            self._attempts.labels(kind, outcome).inc(len(sent))
            duration, delay = self._duration.labels(kind, outcome), self._delay.labels(kind)
            for one in sent:
                duration.observe(one.duration)
                delay.observe(one.delay)

    def waiting(self, backlog: Backlog | None, now: datetime) -> None:
        """Keep the backlog for the next scrape, as `DeliveryMetrics`."""
        self._waiting = None if backlog is None else (backlog, now)

    def collect(self) -> Iterable[Metric]:
        """Everything, for a registry; called with each scrape, from any thread."""
        for metric in (self._attempts, self._results, self._duration, self._delay):
            yield from metric.collect()
        if (waiting := self._waiting) is not None:
            depth, age = self._gauges()
            for state, number in depths(waiting[0]).items():
                depth.add_metric([state], number)
            age.add_metric([], oldest_due_age(*waiting))
            yield from (depth, age)

    def describe(self) -> Iterable[Metric]:
        """The names of everything, for a registry; also of what is absent now."""
        for metric in (self._attempts, self._results, self._duration, self._delay):
            yield from metric.describe()
        yield from self._gauges()

    def _gauges(self) -> tuple[GaugeMetricFamily, GaugeMetricFamily]:
        family = self._client.metrics_core.GaugeMetricFamily
        return (
            family(f"{_PREFIX}_queue_depth", "Deliveries that are not finished yet.", labels=["state"]),
            family(f"{_PREFIX}_oldest_due_age_seconds", "For how long the oldest delivery has been due."),
        )

    def _register(self, registry: CollectorRegistry) -> None:
        try:
            registry.register(self)
        except ValueError:
            remedy = "pass a registry of its own, or one PrometheusMetrics to all engines of a queue"
            raise ConfigurationError.of(
                "Prometheus metrics", "registry", "has these metrics already", remedy
            ) from None
