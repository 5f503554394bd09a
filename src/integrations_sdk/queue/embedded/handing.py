"""Handing over: what is enqueued is leased to a worker of this process at once, if that has room for it.

That spares the claim, the entry in the index of what is due, and reading back what was just written.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from integrations_sdk.queue.base import NewDelivery, Taker
from integrations_sdk.queue.embedded.enqueueing import Bundle, Hand
from integrations_sdk.store.encoding import microseconds

__all__ = ["Offer", "Takers"]


class Offer(NamedTuple):
    """What one worker would take of a batch."""

    taker: Taker
    hand: Hand

    @property
    def reserved(self) -> int:
        """How many it keeps room for."""
        return len(self.hand.wanted)


class Takers:
    """The workers that take deliveries over; they take turns."""

    def __init__(self) -> None:
        self._attached: list[Taker] = []

    def attach(self, taker: Taker) -> None:
        """See `Queue.attach`."""
        if taker not in self._attached:
            self._attached.append(taker)

    def detach(self, taker: Taker) -> None:
        """See `Queue.detach`."""
        if taker in self._attached:
            self._attached.remove(taker)

    def offer(self, bundles: Iterable[Bundle], now: datetime) -> Offer | None:
        """What the first worker that would take any of it keeps room for; None: nobody does for anything."""
        if not self._attached:
            return None
        suitable = [new for bundle in bundles for new in bundle.deliveries if _is_suitable(new)]
        for taker in list(self._attached):
            room = taker.reserve([new.target for new in suitable])
            if any(room):
                wanted = frozenset(new.delivery_id for new, kept in zip(suitable, room, strict=True) if kept)
                self._attached.remove(taker)
                self._attached.append(taker)
                return Offer(taker, Hand(taker.name, microseconds(now + taker.lease), wanted))
        return None


def _is_suitable(new: NewDelivery) -> bool:
    """Whether it may go at once, as far as it is to itself; the rest is the target's, see `hand_over()`."""
    return new.ordering_key is None and new.due_at is None
