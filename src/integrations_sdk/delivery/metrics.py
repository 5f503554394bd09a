"""`DeliveryMetrics`: what is measured of deliveries, for whoever keeps metrics.

Nothing that is told here names a target, a URL or an event: what a metric is labelled with is bounded by the
kinds of target that have a sender.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from integrations_sdk.clock import Clock
from integrations_sdk.delivery.worker import Finished
from integrations_sdk.errors import IntegrationError
from integrations_sdk.logs import logger, reason_of
from integrations_sdk.models.delivery import At, Backlog, Disable, Done
from integrations_sdk.queue.base import Queue

__all__ = [
    "ATTEMPT_BUCKETS",
    "DELAY_BUCKETS",
    "DeliveryMetrics",
    "Fate",
    "Measured",
    "Meters",
    "attempts",
    "depths",
    "measured",
    "oldest_due_age",
]

ATTEMPT_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""Upper bounds of a histogram of attempts, in seconds; a worker gives an attempt 60 unless told otherwise."""

DELAY_BUCKETS: Final = (0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800, 7_200)
"""Upper bounds of a histogram of delays, in seconds."""

_LOOK: Final = 15.0
"""Seconds between two looks at the backlog: as often as metrics are usually read."""

_SHARE: Final = 20
"""Looking takes at most one part in so many of the time, however long the backlog is."""


class Fate(StrEnum):
    """What became of a delivery when a result was recorded; each result has exactly one."""

    DELIVERED = "delivered"
    """Accepted."""
    FAILED = "failed"
    """Refused or not answered; it is tried again."""
    EXHAUSTED = "exhausted"
    """Given up; it can be replayed."""
    DISABLED = "disabled"
    """Its target was disabled by what it answered; the delivery is held."""
    DEFERRED = "deferred"
    """Nothing was sent; it is tried again."""


class Measured(NamedTuple):
    """What is measured of one recorded result.

    Attributes:
        kind: of the target.
        attempt: whether what was sent was accepted; None: nothing was sent.
        duration: seconds from sending to the end of the answer; 0 when nothing was sent.
        delay: seconds from when it was due to when it was sent, 0 or more.
    """

    kind: str
    fate: Fate
    attempt: bool | None
    duration: float = 0.0
    delay: float = 0.0


class DeliveryMetrics(Protocol):
    """Keeps metrics of one queue. It is told in the engine's loop, so it must not block."""

    def recorded(self, results: Sequence[Measured]) -> None:
        """Results were recorded, after which nothing undoes them."""
        ...

    def waiting(self, backlog: Backlog | None, now: datetime) -> None:
        """What the queue has not finished as of now; None: from now on nobody knows."""
        ...


def measured(finished: Finished) -> Measured:
    """What is measured of a recorded result.

    | verdict | fate |
    |---|---|
    | done | delivered |
    | at a time | failed; deferred when nothing was sent |
    | disable | disabled |
    | dead | exhausted |
    """
    delivery, attempt = finished.result.claimed.delivery, finished.result.attempt
    fate = _fate(finished)
    if attempt is None:
        return Measured(delivery.target.kind, fate, None)
    delay = (attempt.started_at - delivery.due_at).total_seconds()
    return Measured(
        delivery.target.kind, fate, attempt.error is None, attempt.latency.total_seconds(), max(delay, 0.0)
    )


def _fate(finished: Finished) -> Fate:
    match finished.result.verdict:
        case Done():
            return Fate.DELIVERED
        case At():
            return Fate.DEFERRED if finished.result.attempt is None else Fate.FAILED
        case Disable():
            return Fate.DISABLED
        case _:
            return Fate.EXHAUSTED


def attempts(results: Iterable[Measured]) -> dict[tuple[str, str], list[Measured]]:
    """What was sent, by kind and outcome: `succeeded` or `failed`."""
    found: dict[tuple[str, str], list[Measured]] = {}
    for result in results:
        if result.attempt is not None:
            outcome = "succeeded" if result.attempt else "failed"
            found.setdefault((result.kind, outcome), []).append(result)
    return found


def depths(backlog: Backlog) -> dict[str, int]:
    """How many deliveries are in each state that is not the end."""
    return {state: getattr(backlog, state) for state in ("pending", "waiting", "leased", "held")}


def oldest_due_age(backlog: Backlog, now: datetime) -> float:
    """For how many seconds the oldest delivery has been due; 0 when none is."""
    if backlog.oldest_due_at is None:
        return 0.0
    return max((now - backlog.oldest_due_at).total_seconds(), 0.0)


class Meters:
    """Tells any number of `DeliveryMetrics`; none of them can disturb the engine or one another.

    One that fails is named in the log, once until it works again.
    """

    def __init__(self, metrics: Sequence[DeliveryMetrics]) -> None:
        self._metrics = tuple(metrics)
        self._failing: set[int] = set()

    def __bool__(self) -> bool:
        return bool(self._metrics)

    def recorded(self, finished: Sequence[Finished]) -> None:
        """Tell of recorded results."""
        if self._metrics:
            results = [measured(one) for one in finished]
            self._tell(lambda metrics: metrics.recorded(results))

    async def watch(self, queue: Queue, clock: Clock) -> None:
        """Tell of the queue's backlog for ever, and when cancelled that it is not known any more."""
        try:
            while True:
                asked = clock.monotonic()
                backlog = await self._backlog(queue)
                now = clock.now()
                self._tell(lambda metrics: metrics.waiting(backlog, now))  # noqa: B023  # called at once
                await clock.sleep(max(_LOOK, _SHARE * (clock.monotonic() - asked)))
        finally:
            self._tell(lambda metrics: metrics.waiting(None, clock.now()))

    async def _backlog(self, queue: Queue) -> Backlog | None:
        try:
            return await queue.backlog()
        except IntegrationError as error:  # e.g. the file is locked: the next look may do better
            logger().warning("backlog not read", reason=str(error))
            return None

    def _tell(self, call: Callable[[DeliveryMetrics], None]) -> None:
        for number, metrics in enumerate(self._metrics):
            try:
                call(metrics)
            except Exception as error:  # noqa: BLE001  # a third party's metrics may raise anything
                if number not in self._failing:
                    self._failing.add(number)
                    logger().error(
                        "delivery metrics failed",
                        metrics=type(metrics).__name__,
                        error=type(error).__name__,
                        reason=reason_of(error),
                    )
            else:
                self._failing.discard(number)
