"""Deliveries that were stored in the hands of a worker, as a claim would have them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from integrations_sdk.models.delivery import Delivery, DeliveryState
from integrations_sdk.queue.base import Batch, Claimed
from integrations_sdk.queue.embedded.enqueueing import Bundle, Stored
from integrations_sdk.queue.rows import moment

__all__ = ["handed_over"]


def handed_over(bundles: Sequence[Bundle], stored: Stored, now: int) -> Batch:
    """What was handed over, as a claim would have it."""
    events = {number: bundle.event for number, bundle in zip(stored.events, bundles, strict=True)}
    at = moment(now)
    made = [
        Claimed(
            handle=handed.seq,
            token=stored.lease.token,
            tries=0,
            event=events[handed.event],
            slot=None,
            slot_ends=None,
            delivery=Delivery(
                delivery_id=handed.delivery.delivery_id,
                event_id=events[handed.event].event_id,
                event_type=events[handed.event].event_type,
                target=handed.delivery.target,
                state=DeliveryState.LEASED,
                due_at=at,
                created_at=at,
                idempotency_key=handed.delivery.idempotency_key,
            ),
        )
        for handed in stored.handed
    ]
    return Batch(claimed=tuple(made), lease_until=moment(stored.lease.expires_at))
