"""`Outbox`: what features hand events to, for targets that they know."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

from integrations_sdk.models import Event, OutcomeList
from integrations_sdk.models.delivery import Target
from integrations_sdk.queue.base import Accepted, QueuedEvent

__all__ = ["Outbox"]


class Outbox(Protocol):
    """Stores an event with a delivery for each target, and sees to it that each arrives; see `DeliveryEngine`."""

    async def enqueue(
        self,
        event: Event | QueuedEvent,
        targets: Iterable[Target],
        *,
        ordering_key: str | None = None,
        idempotency_key: str | None = None,
        due_at: datetime | None = None,
    ) -> tuple[Accepted, ...]:
        """Store them in one transaction; once it returns, all arrives."""
        ...

    async def enqueue_within(
        self,
        connection: object,
        event: Event | QueuedEvent,
        targets: Iterable[Target],
        *,
        ordering_key: str | None = None,
        idempotency_key: str | None = None,
        due_at: datetime | None = None,
    ) -> tuple[Accepted, ...]:
        """The same inside a transaction of the host application."""
        ...

    async def enqueue_and_wait(
        self,
        event: Event | QueuedEvent,
        targets: Iterable[Target],
        *,
        ordering_key: str | None = None,
        idempotency_key: str | None = None,
        timeout: timedelta | None = None,
    ) -> OutcomeList:
        """The same, and wait for the first attempt at each; an outcome for each target, in their order."""
        ...
