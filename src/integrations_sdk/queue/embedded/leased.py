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
    lease = stored.lease
    made = []
    for seq, number, new in stored.handed:
        event = events[number]
        delivery = Delivery(
            delivery_id=new.delivery_id,
            event_id=event.event_id,
            event_type=event.event_type,
            target=new.target,
            state=DeliveryState.LEASED,
            due_at=at,
            created_at=at,
            idempotency_key=new.idempotency_key,
        )
        made.append(Claimed(handle=seq, token=lease.token, tries=0, delivery=delivery, event=event))
    return Batch(claimed=tuple(made), lease_until=moment(lease.expires_at))
