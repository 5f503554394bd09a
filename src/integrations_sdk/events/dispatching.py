"""Who wants an event: each active integration of the scope is asked, and none can stop another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final

import attrs

from integrations_sdk.connectors.directory import ConnectorDirectory, target_of
from integrations_sdk.errors import IntegrationError
from integrations_sdk.logs import logger, place_of
from integrations_sdk.models import Event, Integration, IntegrationState, Outcome, OutcomeList, OutcomeStatus
from integrations_sdk.models.delivery import Target
from integrations_sdk.queue.base import Accepted
from integrations_sdk.queue.outbox import Outbox

__all__ = ["Planned", "accepted", "addressee", "skipped", "wanting"]

_OPERATION: Final = "handle_event"


async def wanting(
    directory: ConnectorDirectory, event: Event
) -> tuple[list[Integration], dict[str, Outcome | None]]:
    """The active integrations that want the event, oldest first.

    Returns:
        Those that do; and for every one, in their order, None or the outcome that says why it does not.
    """
    wanted: list[Integration] = []
    places: dict[str, Outcome | None] = {}
    async for integration in directory.all(state=IntegrationState.ACTIVE):
        why = await _unwanted(directory, event, integration)
        places[integration.integration_id] = None if why is None else skipped(integration, why)
        if why is None:
            wanted.append(integration)
    return wanted, places


@attrs.frozen(kw_only=True)
class Planned:
    """An event that is to be stored for those who want it."""

    event: Event
    integrations: tuple[Integration, ...]
    outbox: Outbox = attrs.field(repr=False)
    ordering_key: str | None = None
    idempotency_key: str | None = None
    due_at: datetime | None = None

    async def store(self, connection: object = None) -> OutcomeList:
        """Store it, within the transaction that is open on the connection; see `events.enqueue()`.

        Over a connection that blocks (`sqlite3`) it never waits for anything of the loop.
        """
        targets = [addressee(integration) for integration in self.integrations]
        if not targets:
            return OutcomeList()
        enqueue = self.outbox.enqueue
        if connection is not None:
            enqueue = partial(self.outbox.enqueue_within, connection)
        taken = await enqueue(
            self.event,
            targets,
            ordering_key=self.ordering_key,
            idempotency_key=self.idempotency_key,
            due_at=self.due_at,
        )
        return accepted(self.integrations, taken)


def addressee(integration: Integration) -> Target:
    """What deliveries to the integration are addressed to."""
    return target_of(integration.integration_id, integration.tenant_id, integration.project_id)


def skipped(integration: Integration, why: str) -> Outcome:
    """The outcome for one that does not want the event."""
    return Outcome(
        target=integration.integration_id,
        provider=integration.integration_type,
        operation="wants",
        status=OutcomeStatus.SKIPPED,
        attempts=0,
        detail=why,
    )


def accepted(integrations: Sequence[Integration], taken: Sequence[Accepted]) -> OutcomeList:
    """The outcomes of what was stored, and will be sent."""
    return OutcomeList(
        Outcome(
            target=integration.integration_id,
            provider=integration.integration_type,
            operation=_OPERATION,
            status=OutcomeStatus.ACCEPTED,
            attempts=0,
            detail="was accepted before" if one.duplicate else None,
            delivery_id=one.delivery_id,
        )
        for integration, one in zip(integrations, taken, strict=True)
    )


async def _unwanted(directory: ConnectorDirectory, event: Event, integration: Integration) -> str | None:
    """Why it does not want the event. One that cannot be asked gets it: the delivery then says what is wrong."""
    try:
        return (await directory.open_record(integration)).wants(event)
    except IntegrationError as error:
        facts = {"error": type(error).__name__, "reason": str(error)}
    except Exception as error:  # noqa: BLE001  # a third party's connector may raise anything
        facts = {"error": type(error).__name__, "where": place_of(error)}
    logger().warning("integration could not be asked", target=integration.integration_id, **facts)
    return None
