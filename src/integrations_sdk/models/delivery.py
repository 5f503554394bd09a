"""A delivery: one event for one target, with its attempts, and what becomes of it after each of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

import attrs

from integrations_sdk.models.record import JsonValue, Record

__all__ = [
    "EXCERPT_BYTES",
    "Action",
    "At",
    "Attempt",
    "Backlog",
    "Dead",
    "Delivery",
    "DeliveryState",
    "Disable",
    "Done",
    "Target",
    "TargetStatistics",
    "Verdict",
]

EXCERPT_BYTES = 1024
"""How much of an answer is kept with an attempt."""


class DeliveryState(StrEnum):
    """How a delivery stands."""

    PENDING = "pending"
    """To be sent when it is due."""
    WAITING = "waiting"
    """Behind an earlier delivery of its ordering key."""
    LEASED = "leased"
    """With a worker."""
    HELD = "held"
    """Its target is disabled; it is sent when the target is enabled."""
    DELIVERED = "delivered"
    """Sent and accepted."""
    FAILED = "failed"
    """Given up; `error` says why. It can be replayed."""


@attrs.frozen(order=True, cache_hash=True)
class Target:
    """Where a delivery goes.

    Attributes:
        kind: which sender takes it, e.g. `webhook`, `integration`.
        id: which of its targets, e.g. `webhook-5`; unique within kind and tenant.
        tenant_id: whose it is; one queue serves many tenants.
        project_id: the project of the tenant that it belongs to; None: to none of them.
    """

    kind: str
    id: str
    tenant_id: str = "default"
    project_id: str | None = attrs.field(default=None, order=lambda project: project or "")

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


@attrs.frozen(kw_only=True)
class Delivery(Record):
    """One event for one target.

    Attributes:
        delivery_id: UUIDv7; the same with every attempt and after a crash, so receivers can drop duplicates.
        ordering_key: deliveries of one target and key are sent one after another, in the order in which
            they were enqueued; None: in any order.
        idempotency_key: a second delivery of the same target and key is not taken while this one is kept.
        attempts: how many were recorded.
        due_at: when it may be sent next; of a finished one when it was sent last.
        finished_at: when it was delivered or given up.
        error: of the last attempt, or why it was given up.
    """

    delivery_id: str
    event_id: str
    event_type: str
    target: Target
    state: DeliveryState
    due_at: datetime
    created_at: datetime
    ordering_key: str | None = None
    idempotency_key: str | None = None
    attempts: int = 0
    finished_at: datetime | None = None
    error: str | None = None


@attrs.frozen(kw_only=True)
class Action(Record):
    """Something an integration is to do, in place of an event it is to act on.

    Attributes:
        operation: e.g. `notify`, `create_issue`.
        arguments: by name, in JSON form.
    """

    operation: str
    arguments: dict[str, JsonValue] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Attempt(Record):
    """One try at a delivery.

    Attributes:
        number: 1 or more; counts on after a replay.
        latency: from sending to the end of the answer.
        http_status: of the answer; None when there was none.
        error: why it failed; None when it did not.
        excerpt: the beginning of the answer, redacted, at most `EXCERPT_BYTES`.
        address: whom it was sent to: an origin, never a path or query, for those can be secret.
        request_id: the receiver's id of the request.
    """

    number: int
    started_at: datetime
    latency: timedelta
    http_status: int | None = None
    error: str | None = None
    excerpt: str | None = None
    address: str | None = None
    request_id: str | None = None


@attrs.frozen(kw_only=True)
class TargetStatistics(Record):
    """What became of the attempts on one target, since its first.

    Attributes:
        succeeded: attempts that were accepted; `failed` those that were not.
        success_rate: the share of attempts that were accepted, 0 to 1; None before the first.
        p50: latency that half of the attempts did not exceed, within 10 %; `p95` and `p99` likewise.
        failing_since: the first failure since the last success.
        held_since: when it was disabled; None: it takes part.
        held_reason: why.
        backlog: deliveries not finished yet; `oldest_due_at` is when the first of them was or is due.
    """

    target: Target
    succeeded: int = 0
    failed: int = 0
    success_rate: float | None = None
    last_attempt_at: datetime | None = None
    last_status: int | None = None
    p50: timedelta | None = None
    p95: timedelta | None = None
    p99: timedelta | None = None
    failing_since: datetime | None = None
    held_since: datetime | None = None
    held_reason: str | None = None
    backlog: int = 0
    oldest_due_at: datetime | None = None


@attrs.frozen(kw_only=True)
class Backlog(Record):
    """What a queue has not finished yet, over all its targets.

    Attributes:
        pending: to be sent, now or later; `waiting` behind an earlier one of their ordering key, `leased` with a
            worker, `held` because their target is disabled.
        oldest_due_at: when the first pending one was or is due, held ones not counted; None: nothing is pending.
    """

    pending: int = 0
    waiting: int = 0
    leased: int = 0
    held: int = 0
    oldest_due_at: datetime | None = None


@attrs.frozen
class Done:
    """It was accepted."""


@attrs.frozen
class At:
    """Try again at `due`."""

    due: datetime


@attrs.frozen
class Dead:
    """Give it up; `reason` is for people."""

    reason: str


@attrs.frozen
class Disable:
    """Disable the target: this delivery and all behind it are held, and none is lost."""

    reason: str


Verdict: TypeAlias = Done | At | Dead | Disable
"""What becomes of a delivery after an attempt."""
