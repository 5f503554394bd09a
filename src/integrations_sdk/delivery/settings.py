"""`DeliverySettings`: how a manager delivers."""

from __future__ import annotations

from datetime import timedelta

import attrs

from integrations_sdk.delivery.limits import WorkerLimits
from integrations_sdk.delivery.metrics import DeliveryMetrics
from integrations_sdk.delivery.schedule import DeliveryPolicy
from integrations_sdk.errors import ConfigurationError, Problem

__all__ = ["DeliverySettings"]


@attrs.frozen(kw_only=True)
class DeliverySettings:
    """How a manager delivers what is queued.

    Attributes:
        policy: when to try again, when to give up, when to disable a target.
        limits: how much is sent at a time, and how long it may take.
        retention: how long the log keeps what has ended; more than 0.
        worker: whether this manager sends. False only takes in, and leaves sending to others on the same store,
            e.g. `python -m integrations_sdk.worker`.
        grace: how long closing the manager waits for what is being sent; then it is given back to the queue, and
            may arrive twice.
        metrics: what keeps metrics of it, e.g. `PrometheusMetrics()`.

    Raises:
        ConfigurationError: naming everything wrong with it.
    """

    policy: DeliveryPolicy = attrs.field(factory=DeliveryPolicy)
    limits: WorkerLimits = attrs.field(factory=WorkerLimits)
    retention: timedelta = timedelta(days=7)
    worker: bool = True
    grace: timedelta = timedelta(seconds=5)
    metrics: tuple[DeliveryMetrics, ...] = ()

    def __attrs_post_init__(self) -> None:
        problems = []
        if self.retention <= timedelta(0):
            problems.append(Problem("retention", "expected more than 0"))
        if self.grace < timedelta(0):
            problems.append(Problem("grace", "expected 0 or more"))
        if problems:
            raise ConfigurationError("delivery settings", problems)
