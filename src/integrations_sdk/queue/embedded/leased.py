"""Deliveries in the hands of a worker: as a claim has read them, or as they were just stored. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from integrations_sdk.models.delivery import Delivery, DeliveryState, Target
from integrations_sdk.queue.base import Batch, Claimed, QueuedEvent, slot_grace
from integrations_sdk.queue.embedded.claiming import Claim, Details
from integrations_sdk.queue.embedded.enqueueing import Bundle, Stored
from integrations_sdk.queue.embedded.reading import moment

__all__ = ["claimed", "handed_over"]


def claimed(claim: Claim, row: Details, event: QueuedEvent, target: Target) -> Claimed:
    """A delivery that was claimed."""
    seq, id_, _, _, key, idempotency, attempts, tries, due, created, error = row
    slot = claim.slots.get(seq)
    return Claimed(
        handle=seq,
        token=claim.token,
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
