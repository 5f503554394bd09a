"""The port's records out of rows, as every database keeps them: times as microseconds, states as numbers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from integrations_sdk.models.delivery import (
    Attempt,
    Delivery,
    DeliveryState,
    Target,
    TargetStatistics,
)
from integrations_sdk.queue.base import Claimed, QueuedEvent, slot_grace
from integrations_sdk.queue.latency import percentile
from integrations_sdk.queue.turns import Slot

__all__ = [
    "COLUMNS",
    "DELIVERED",
    "FAILED",
    "LEASED",
    "PENDING",
    "WAITING",
    "attempt_of",
    "claimed_of",
    "delivery_of",
    "maybe",
    "moment",
    "statistics_of",
]

PENDING: Final = 0
WAITING: Final = 1
LEASED: Final = 2
DELIVERED: Final = 3
FAILED: Final = 4
"""States as they are stored: from `DELIVERED` on a delivery has ended. Held is a matter of its target."""

COLUMNS: Final = (
    "d.seq, d.id, e.id, e.type, t.kind, t.id, t.tenant, t.project, {state}, {held}, d.due_at,"
    " d.created_at, d.key, d.idempotency, d.attempts, d.finished_at, d.error"
)
"""What `delivery_of()` takes: of a delivery `d`, its event `e` and target `t`, its state, and whether that is held."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STATES: Final = tuple(
    DeliveryState(name) for name in ("pending", "waiting", "leased", "delivered", "failed")
)

Row = Sequence[Any]  # as a driver gives it


@lru_cache(maxsize=256)  # what was enqueued together has one time
def moment(microseconds: int) -> datetime:
    """The time so many microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


def maybe(microseconds: int | None) -> datetime | None:
    """The same, of what may be missing."""
    return None if microseconds is None else moment(microseconds)


def delivery_of(row: Row) -> tuple[int, Delivery]:
    """A delivery, with its place in the order."""
    seq, id_, event_id, event_type, kind, target, tenant, project, state, held, due, created, *rest = row
    key, idempotency, attempts, ended, error = rest
    return seq, Delivery(
        delivery_id=id_,
        event_id=event_id,
        event_type=event_type,
        target=Target(kind, target, tenant, project),
        state=DeliveryState.HELD if held and state < LEASED else _STATES[state],
        due_at=moment(due),
        created_at=moment(created),
        ordering_key=key,
        idempotency_key=idempotency,
        attempts=attempts,
        finished_at=maybe(ended),
        error=error,
    )


def claimed_of(row: Row, token: int, event: QueuedEvent, target: Target, slot: Slot | None) -> Claimed:
    """What is handed out: place, id, event, target, key, idempotency, attempts, tries, due, created, error."""
    seq, id_, _, _, key, idempotency, attempts, tries, due, created, error = row
    return Claimed(
        handle=seq,
        token=token,
        tries=tries,
        event=event,
        slot=None if slot is None else moment(slot.at),
        slot_ends=None if slot is None else moment(slot.at) + slot_grace(1_000_000 / slot.gap),
        delivery=Delivery(
            delivery_id=id_,
            event_id=event.event_id,
            event_type=event.event_type,
            target=target,
            state=DeliveryState.LEASED,
            due_at=moment(due),
            created_at=moment(created),
            ordering_key=key,
            idempotency_key=idempotency,
            attempts=attempts,
            error=error,
        ),
    )


def attempt_of(row: Row) -> Attempt:
    """An attempt: number, start, latency, status, error, excerpt, address, request id."""
    number, started, latency, status, error, excerpt, address, request_id = row
    return Attempt(
        number=number,
        started_at=moment(started),
        latency=timedelta(microseconds=latency),
        http_status=status,
        error=error,
        excerpt=excerpt,
        address=address,
        request_id=request_id,
    )


def statistics_of(
    target: Target, row: Row, counts: Mapping[int, int], backlog: int, oldest: int | None
) -> TargetStatistics:
    """Statistics: succeeded, failed, last attempt, its status, failing since, held since, why.

    Args:
        counts: attempts by the bucket of their latency.
        oldest: when the first that is pending was or is due.
    """
    succeeded, failed, last, status, failing, held, reason = row
    return TargetStatistics(
        target=target,
        succeeded=succeeded,
        failed=failed,
        success_rate=succeeded / (succeeded + failed) if succeeded + failed else None,
        last_attempt_at=maybe(last),
        last_status=status,
        p50=percentile(counts, 0.5),
        p95=percentile(counts, 0.95),
        p99=percentile(counts, 0.99),
        failing_since=maybe(failing),
        held_since=maybe(held),
        held_reason=reason,
        backlog=backlog,
        oldest_due_at=maybe(oldest),
    )
