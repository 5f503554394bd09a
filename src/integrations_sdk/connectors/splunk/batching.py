"""Events that wait for one another, so that many of them go in one request."""

from __future__ import annotations

import asyncio

from integrations_sdk.connectors.base import (
    ConnectorContext,
    ConnectorError,
    JsonValue,
    Outcome,
    ProviderUnavailableError,
    RejectedError,
)
from integrations_sdk.connectors.splunk.collector import Collector
from integrations_sdk.connectors.splunk.config import SplunkConfig

__all__ = ["Batching"]

_BATCHES = 100


class Batching(Collector):
    """Sends at once without a `flush_interval`; with one, when a batch is full or the oldest has waited so long.

    What waits is lost with the process, and sent when the connector is closed. A batch that cannot be sent
    waits for the next try, in which events may arrive twice; one that Splunk refuses is given up.
    """

    def __init__(self, config: SplunkConfig, context: ConnectorContext) -> None:
        super().__init__(config, context)
        self._waiting: list[dict[str, JsonValue]] = []
        self._sending = asyncio.Lock()
        self._timer: object = None
        self._trouble: ConnectorError | None = None

    async def _take(self, records: list[dict[str, JsonValue]], operation: str) -> Outcome:
        """Send the records, or let them wait for others; the outcome of what waits has no attempts.

        Raises:
            ConnectorError: the batch that they fill cannot be sent, or too many wait already.
        """
        if not self.config.flush_interval or not records:
            return await self._send(records, operation)
        if len(self._waiting) >= _BATCHES * self.config.batch_size:
            raise self._unavailable(f"{len(self._waiting)} events wait already; these were not taken")
        self._waiting += records
        self._start()
        if len(self._waiting) >= self.config.batch_size:
            return await self.flush() or self._unsent(operation, "went with the batch of others")
        held = f"{len(self._waiting)} of {self.config.batch_size}"
        within = f"{self.config.flush_interval.total_seconds():g} s"
        return self._unsent(operation, f"waits for its batch: {held}, sent within {within}")

    async def flush(self) -> Outcome:
        """Send all that waits, now.

        Raises:
            ConnectorError: a batch could not be sent; it waits on, unless Splunk refuses what is in it.
        """
        outcome = self.skipped("event", "nothing waits")
        async with self._sending:  # so that no event is in two batches
            while self._waiting:
                outcome = await self._send_first(self._waiting[: self.config.batch_size])
        return outcome

    async def close(self) -> None:
        """Send what waits.

        Raises:
            ProviderUnavailableError: it could not be sent, and is lost; says how much.
        """
        result = await self.attempt(self.flush())
        if isinstance(result, ConnectorError):
            raise self._unavailable(f"{len(self._waiting)} events that waited are lost: {result.message}")

    async def _send_first(self, batch: list[dict[str, JsonValue]]) -> Outcome:
        result = await self.attempt(self._send(batch, "event"))
        if not isinstance(result, ConnectorError) or isinstance(result, RejectedError):
            del self._waiting[: len(batch)]
        self._trouble = result if isinstance(result, ConnectorError) else None
        if isinstance(result, ConnectorError):
            raise result
        return result

    def _unavailable(self, message: str) -> ProviderUnavailableError:
        return ProviderUnavailableError(
            message,
            provider=self.provider,
            operation="event",
            integration_id=self.context.integration_id,
        )

    def _unsent(self, operation: str, detail: str) -> Outcome:
        target = self.context.integration_id or self.provider
        return Outcome(target=target, provider=self.provider, operation=operation, attempts=0, detail=detail)

    def _start(self) -> None:
        if self._timer is None:
            self._timer = self.context.spawn(self._flush_later(), "splunk batch")

    async def _flush_later(self) -> None:
        await self.context.clock.sleep(self.config.flush_interval.total_seconds())
        self._timer = None
        result = await self.attempt(self.flush())
        if self._waiting:
            self._start()
        if isinstance(result, ConnectorError):
            raise result  # background work that fails is logged
