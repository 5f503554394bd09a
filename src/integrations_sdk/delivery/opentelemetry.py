"""`OpenTelemetryMetrics`: metrics of deliveries by OpenTelemetry (extra `otel`).

Names and units follow https://opentelemetry.io/docs/specs/semconv/general/metrics/; there are no conventions for
deliveries, so the names are the library's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Final
from weakref import WeakSet

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
        self._given = meter_provider
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
        _create_gauges(meter, meter_provider)
        with _LOCK:
            _ALL.add(self)

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

    def known(self, provider: MeterProvider) -> tuple[Backlog, datetime] | None:
        """The backlog, if it is known and the metrics are that provider's."""
        return self._waiting if _provider(self._given) is provider else None


# A provider has each gauge once, with the callbacks of who created it first. So these speak for every object there
# is: for the manager that is open now, not for one that was closed.
_ALL: Final[WeakSet[OpenTelemetryMetrics]] = WeakSet()
_LOCK: Final = Lock()


def _create_gauges(meter: Meter, given: MeterProvider | None) -> None:
    meter.create_observable_gauge(
        f"{_SCOPE}.queue.depth",
        [partial(_depth, given)],
        unit="{delivery}",
        description="Deliveries that are not finished yet.",
    )
    meter.create_observable_gauge(
        f"{_SCOPE}.oldest_due.age",
        [partial(_age, given)],
        unit="s",
        description="For how long the oldest delivery has been due.",
    )


def _depth(given: MeterProvider | None, _: CallbackOptions) -> Iterable[Observation]:
    from opentelemetry.metrics import Observation

    for backlog, _at in _known(given):
        for state, number in depths(backlog).items():
            yield Observation(number, {_STATE: state})


def _age(given: MeterProvider | None, _: CallbackOptions) -> Iterable[Observation]:
    from opentelemetry.metrics import Observation

    for waiting in _known(given):
        yield Observation(oldest_due_age(*waiting))


def _known(given: MeterProvider | None) -> list[tuple[Backlog, datetime]]:
    with _LOCK:
        every = list(_ALL)
    provider = _provider(given)
    return [waiting for one in every if (waiting := one.known(provider)) is not None]


def _provider(given: MeterProvider | None) -> MeterProvider:
    """The provider that is meant: the global one can be set late."""
    from opentelemetry.metrics import get_meter_provider

    return get_meter_provider() if given is None else given
