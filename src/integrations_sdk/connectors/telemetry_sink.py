"""`TelemetrySink`: what is the same with every vendor that takes what was measured, whoever it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from integrations_sdk.connectors.config import ConnectorConfig
from integrations_sdk.connectors.connector import Connector
from integrations_sdk.http.base import Response
from integrations_sdk.models import Outcome

__all__ = ["TelemetrySink"]

C_co = TypeVar("C_co", bound=ConnectorConfig, covariant=True)


class TelemetrySink(Connector[C_co]):
    """A connector that sends many things at once, in requests of the vendor's size (`batches()`)."""

    async def _send_bodies(self, url: str, bodies: Sequence[bytes], *, operation: str, what: str) -> Outcome:
        """POST JSON bodies one after another; the last one's outcome, or skipped without any.

        When a request fails, those before it have had their effect.

        Args:
            what: the things that are sent, for people, e.g. `20 metrics`.
        """
        outcome = self.skipped(operation, "nothing to send")
        for body in bodies:
            kind = "application/json"
            response = await self.call(
                "POST", url, operation=operation, content=body, content_type=kind, compress=True
            )
            outcome = await self._taken(response, f"{what} in {len(bodies)} requests")
        return outcome

    async def _taken(self, response: Response, detail: str) -> Outcome:
        """The outcome of one of them."""
        return self.done(response, detail=detail)
