"""`Following`: what becomes of an integration's deliveries when the integration changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from integrations_sdk.connectors.directory import target_of
from integrations_sdk.delivery.engine import DeliveryEngine
from integrations_sdk.models import Integration, IntegrationState
from integrations_sdk.models.delivery import Target

__all__ = ["Following"]


class Following:
    """Has deliveries follow the integrations they go to.

    The record is changed first. Ends the process before the deliveries have followed, a worker finds the record
    as it is: disabled, it holds what it wanted to send; deleted, it gives it up.

    Args:
        forget: has senders look the integration up again.
    """

    def __init__(self, engine: DeliveryEngine, forget: Callable[[Integration], None]) -> None:
        self._engine = engine
        self._forget = forget

    async def changed(self, integration: Integration) -> None:
        """It was created, or its configuration changed: its rate limit holds for what is queued as well."""
        self._forget(integration)
        target = _target(integration)
        if target.kind == "webhook" and ("rate_limit" in integration.config or integration.version > 1):
            await self._engine.limit(target, cast("float | None", integration.config.get("rate_limit")))

    async def switched(self, integration: Integration) -> None:
        """It was enabled or disabled: what is queued for it is sent now, or held."""
        self._forget(integration)
        if integration.state is IntegrationState.DISABLED:
            await self._engine.disable(_target(integration), "it was disabled")
        else:
            await self._engine.enable(_target(integration))

    async def deleted(self, integration: Integration) -> None:
        """What is queued for it is given up, saying so, even if it was held."""
        self._forget(integration)
        await self._engine.queue.resume(_target(integration))


def _target(integration: Integration) -> Target:
    return target_of(integration.integration_id, integration.tenant_id, integration.project_id)
