"""`IntegrationSender`: how a delivery reaches an integration, whichever worker it came to."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol, TypeAlias

import attrs

from integrations_sdk.connectors.base import Connector, ConnectorConfig
from integrations_sdk.connectors.directory import ConnectorDirectory, storage_id
from integrations_sdk.errors import ConfigurationError, ConnectorError
from integrations_sdk.http.traced import Trace, TracedHttp, traced
from integrations_sdk.models import Event, Integration, Outcome, OutcomeStatus, Sent
from integrations_sdk.models.delivery import EXCERPT_BYTES, Action, Delivery, Target
from integrations_sdk.queue.base import QueuedEvent
from integrations_sdk.queue.events import EventReader

__all__ = ["Handle", "IntegrationSender"]

AnyConnector: TypeAlias = Connector[ConnectorConfig]

_FRESH: Final = 1.0
"""Seconds for which an integration is not looked up again; what this process changes is seen at once."""


class Handle(Protocol):
    """What a connector does with what was queued for it."""

    async def __call__(self, connector: AnyConnector, delivery: Delivery, queued: Event | Action) -> Outcome:
        """One attempt; raises the `ConnectorError` that fits."""
        ...


class IntegrationSender:
    """A `delivery.sending.Sender` for integrations of every tenant and project of the store.

    Each delivery's integration is opened as it is configured now.

    Args:
        directory: whose store, credentials and registry are used; its scope says nothing here.
        handle: what is done with an event.
        reader: reads events; shared, so that each is read once.
    """

    def __init__(
        self, directory: ConnectorDirectory, handle: Handle, reader: EventReader | None = None
    ) -> None:
        runtime = directory.runtime
        traced_ = attrs.evolve(runtime, http=TracedHttp(runtime.http))
        self._directory = ConnectorDirectory(traced_, directory.registry)
        self._handle = handle
        self._reader = reader or EventReader()
        self._fresh: dict[str, tuple[float, AnyConnector]] = {}
        self._hosts: dict[Target, str] = {}

    async def send(self, delivery: Delivery, event: QueuedEvent) -> Outcome:
        """Try once; see `Sender.send`.

        Raises:
            NotFoundError: the integration was deleted.
            StateError: it is disabled.
            ConnectorError: the attempt failed.
        """
        with traced() as trace:
            try:
                connector = await self._open(delivery.target)
            except ConfigurationError as error:  # e.g. a reference that leads nowhere: it can be mended
                return _unopened(error, delivery)
            try:
                outcome: object = await self._handle(connector, delivery, self._reader.read(event))
            except ConnectorError as error:
                outcome = _failed(error, delivery, trace)
            if not isinstance(outcome, Outcome):
                msg = "the connector returned no Outcome"
                raise TypeError(msg)
            if trace.address is not None:
                self._hosts[delivery.target] = trace.address
            return _sent(outcome, connector, trace)

    def host(self, target: Target) -> str:
        """The origin that the target was sent to last; until there is one, the target itself."""
        return self._hosts.get(target) or f"{target.tenant_id}/{target}"

    def forget(self, integration: Integration) -> None:
        """Have an integration looked up again with the next delivery."""
        self._fresh.pop(storage_id(integration.tenant_id, integration.integration_id), None)

    async def close(self) -> None:
        """Close the connectors that were opened for deliveries."""
        self._fresh.clear()
        await self._directory.close()

    async def _open(self, target: Target) -> AnyConnector:
        key, now = storage_id(target.tenant_id, target.id), asyncio.get_running_loop().time()
        known = self._fresh.get(key)
        if known is not None and now - known[0] < _FRESH:
            return known[1]
        runtime = self._directory.runtime
        scope = attrs.evolve(runtime.scope, tenant_id=target.tenant_id, project_id=target.project_id)
        directory = self._directory.within(scope)
        integration = await directory.get(target.id)
        if integration.integration_type not in directory.registry:
            unknown = f"{integration.integration_type!r} is not known in this process"
            raise ConfigurationError.of(
                target.id, "provider", unknown, "register its connector there as well"
            )
        connector = await directory.open_record(integration)
        self._fresh[key] = now, connector
        return connector


def _unopened(error: ConfigurationError, delivery: Delivery) -> Outcome:
    return Outcome(
        target=delivery.target.id,
        provider=delivery.target.kind,
        operation="open",
        status=OutcomeStatus.FAILED,
        attempts=0,
        error=str(error),
        retryable=True,
    )


def _failed(error: ConnectorError, delivery: Delivery, trace: Trace) -> Outcome:
    outcome = Outcome.from_error(
        error, target=delivery.target.id, provider=delivery.target.kind, operation="send"
    )
    if trace.took_effect and outcome.retryable:
        why = f"{error}: a part of it took effect, so it is not sent again by itself"
        return attrs.evolve(outcome, retryable=False, error=why)
    return outcome


def _sent(outcome: Outcome, connector: AnyConnector, trace: Trace) -> Sent:
    if isinstance(outcome, Sent):  # the connector itself said what is to be kept
        return outcome
    answer = trace.answer
    start = "" if answer is None else answer.content[:EXCERPT_BYTES].decode("utf-8", "replace")
    return Sent.of(outcome, excerpt=connector.masks.text(start) or None, address=trace.address)
