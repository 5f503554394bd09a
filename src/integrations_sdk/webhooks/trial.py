"""Test calls: real ones with samples, and what to do about those that fail."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import attrs

from integrations_sdk.clock import uuid7
from integrations_sdk.connectors.wire import json_bytes
from integrations_sdk.errors import (
    BlockedAddressError,
    ConfigurationError,
    ConnectorError,
    ProviderUnavailableError,
    RateLimitedError,
)
from integrations_sdk.models import Event, JsonValue, Outcome, OutcomeList, OutcomeStatus
from integrations_sdk.runtime import Runtime
from integrations_sdk.webhooks.event_types import EventTypes
from integrations_sdk.webhooks.records import ReadMessage

if TYPE_CHECKING:  # a provider is imported only when it is used
    from integrations_sdk.connectors.webhook import WebhookConnector

__all__ = ["SampleCalls", "remedy"]

_PROVIDER: Final = "webhook"
_OPERATION: Final = "webhook.send"
_AT_ONCE: Final = 4


class SampleCalls:
    """Calls webhooks with samples of events, each once.

    Args:
        read: makes an event of a sample in a sender's words.
    """

    def __init__(self, runtime: Runtime, types: EventTypes, read: ReadMessage) -> None:
        self._runtime = runtime
        self._types = types
        self._read = read

    async def run(self, webhook_id: str, connector: WebhookConnector, names: Sequence[str]) -> OutcomeList:
        """One outcome for each type, in their order; 4 calls at a time."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(name: str) -> Outcome:
            async with gate:
                return await self._call(webhook_id, connector, name)

        return OutcomeList(await asyncio.gather(*map(one, names)))

    async def _call(self, webhook_id: str, connector: WebhookConnector, name: str) -> Outcome:
        event = await self._sample(webhook_id, name)
        try:
            exchange = await connector.exchange(event, delivery_id=uuid7(self._runtime.clock.now()))
        except ConfigurationError as error:  # e.g. the file with the client's certificate is gone
            return _impossible(webhook_id, name, error)
        shown: dict[str, JsonValue] = {
            "event_type": name,
            "request": exchange.request,
            "response": exchange.response,
        }
        detail = None if exchange.error is None else remedy(exchange.error)
        return attrs.evolve(exchange.sent, target=webhook_id, detail=detail, data=shown)

    async def _sample(self, webhook_id: str, name: str) -> Event:
        """An event of that type: the catalogue's sample, or one that says that it is none."""
        known = await self._types.find(name)
        now = self._runtime.clock.now()
        if known is not None and known.built_in:
            return self._read("gitlab", {}, json_bytes(known.sample))
        generic: dict[str, JsonValue] = {
            "event_type": name,
            "test": True,
            "webhook_id": webhook_id,
            "message": "A test call; nothing happened.",
        }
        return Event(
            id=uuid7(now),
            type=name,
            source=self._runtime.scope.gitlab_url,
            time=now,
            provider="application",
            project=self._runtime.scope.project_id,
            data=generic if known is None else known.sample,
        )


def remedy(error: ConnectorError) -> str:
    """What to do about a call that failed, in one line. Pure."""
    if isinstance(error, BlockedAddressError):
        return error.message
    match error.status:
        case None if isinstance(error, ProviderUnavailableError | RateLimitedError):
            return "nothing was sent, for the target failed too often before: mend it, then test again in a minute"
        case None:
            return "no answer: check the URL, the network between, and the target's TLS certificate"
        case 401 | 403:
            return "the target refuses the call: compare the secret token on both sides"
        case 404 | 410:
            return "the target has no such address: check the URL's path"
        case 429:
            return "the target asks for fewer calls: set `rate_limit` to what it allows"
        case status if 300 <= status < 400:
            return "the target redirects: configure the address it leads to"
        case status if status >= 500:
            return "the target failed: its own log says why; the call itself was well-formed"
        case _:
            return "the target does not accept the call: its answer says why"


def _impossible(webhook_id: str, name: str, error: ConfigurationError) -> Outcome:
    return Outcome(
        target=webhook_id,
        provider=_PROVIDER,
        operation=_OPERATION,
        status=OutcomeStatus.FAILED,
        attempts=0,
        error=str(error),
        detail="the call cannot be made: repair the webhook's configuration with update_webhook()",
        data={"event_type": name, "request": None, "response": None},
    )
