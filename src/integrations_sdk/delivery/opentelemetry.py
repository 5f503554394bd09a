"""`OpenTelemetryMetrics`: metrics of deliveries by OpenTelemetry (extra `otel`).

Names and units follow https://opentelemetry.io/docs/specs/semconv/general/metrics/; there are no conventions for
deliveries, so the names are the library's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from integrations_sdk.delivery.metrics import (
    ATTEMPT_BUCKETS,
    DELAY_BUCKETS,
    Measured,
    attempts,
    depths,
    oldest_due_age,
)
from integrations_sdk.errors import MissingExtraError
from integrations_sdk.models.delivery import Backlog

if TYPE_CHECKING:  # imported when metrics are switched on: OpenTelemetry is an extra
    from opentelemetry.metrics import CallbackOptions, Meter, MeterProvider, Observation

__all__ = ["OpenTelemetryMetrics"]

_SCOPE: Final = "integrations_sdk.delivery"
_KIND: Final = "integrations_sdk.delivery.target.kind"
_OUTCOME: Final = "integrations_sdk.delivery.outcome"
_STATE: Final = "integrations_sdk.delivery.state"


class OpenTelemetryMetrics:
    """Metrics of one queue's deliveries.

    | metric | unit | attributes | |
    |---|---|---|---|
    | `integrations_sdk.delivery.attempts` | `{attempt}` | kind, outcome: `succeeded`, `failed` | what was sent |
    | `integrations_sdk.delivery.results` | `{delivery}` | kind, outcome: a `Fate` | what became of deliveries |
    | `integrations_sdk.delivery.attempt.duration` | `s` | kind, outcome, as of attempts | histogram |
    | `integrations_sdk.delivery.delay` | `s` | kind | histogram, from due to sent |
    | `integrations_sdk.delivery.queue.depth` | `{delivery}` | state: `pending`, `waiting`, `leased`, `held` | gauge |
    | `integrations_sdk.delivery.oldest_due.age` | `s` | | gauge, 0 when nothing is due |

    In full the attributes are `integrations_sdk.delivery.target.kind`, `.delivery.outcome` and `.delivery.state`.
    What processes share, and when gauges are absent, is as `PrometheusMetrics` says.

    Args:
        meter_provider: OpenTelemetry's; None: the application's global one.

    Raises:
        MissingExtraError: `opentelemetry-api` is not installed.
    """

    def __init__(self, meter_provider: MeterProvider | None = None) -> None:
        try:
            from opentelemetry import metrics
        except ImportError:
            raise MissingExtraError("delivery metrics by OpenTelemetry", "otel") from None
        self._observation: type[Observation] = metrics.Observation
        self._waiting: tuple[Backlog, datetime] | None = None  # replaced whole: it is read in another thread
        meter = metrics.get_meter(_SCOPE, meter_provider=meter_provider)
        self._attempts = meter.create_counter(
            f"{_SCOPE}.attempts", unit="{attempt}", description="Attempts at deliveries."
        )
        self._results = meter.create_counter(
            f"{_SCOPE}.results", unit="{delivery}", description="What became of deliveries."
        )
        self._duration = meter.create_histogram(
            f"{_SCOPE}.attempt.duration",
            unit="s",
            description="Time from sending to the end of the answer.",
            explicit_bucket_boundaries_advisory=ATTEMPT_BUCKETS,
        )
        self._delay = meter.create_histogram(
            f"{_SCOPE}.delay",
            unit="s",
            description="Time from when a delivery was due to when it was sent.",
            explicit_bucket_boundaries_advisory=DELAY_BUCKETS,
        )
        self._create_gauges(meter)

    def recorded(self, results: Sequence[Measured]) -> None:
        """Count results, as `DeliveryMetrics`."""
        for (kind, outcome), number in Counter((one.kind, one.fate.value) for one in results).items():
            self._results.add(number, {_KIND: kind, _OUTCOME: outcome})
        for (kind, outcome), sent in attempts(results).items():
            attributes, only_kind = {_KIND: kind, _OUTCOME: outcome}, {_KIND: kind}
            self._attempts.add(len(sent), attributes)
            for one in sent:
                self._duration.record(one.duration, attributes)
                self._delay.record(one.delay, only_kind)

    def waiting(self, backlog: Backlog | None, now: datetime) -> None:
        """Keep the backlog for the next reading, as `DeliveryMetrics`."""
        self._waiting = None if backlog is None else (backlog, now)

    def _create_gauges(self, meter: Meter) -> None:
        meter.create_observable_gauge(
            f"{_SCOPE}.queue.depth",
            [self._depth],
            unit="{delivery}",
            description="Deliveries that are not finished yet.",
        )
        meter.create_observable_gauge(
            f"{_SCOPE}.oldest_due.age",
            [self._age],
            unit="s",
            description="For how long the oldest delivery has been due.",
        )

    def _depth(self, _: CallbackOptions) -> Iterable[Observation]:
        if (waiting := self._waiting) is not None:
            for state, number in depths(waiting[0]).items():
                yield self._observation(number, {_STATE: state})

    def _age(self, _: CallbackOptions) -> Iterable[Observation]:
        if (waiting := self._waiting) is not None:
            yield self._observation(oldest_due_age(*waiting))
