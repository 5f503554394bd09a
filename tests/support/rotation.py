"""Deliveries of a webhook across a rotation of its secret, for verifiers of others to judge."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.clock import FakeClock
from integrations_sdk.http.base import Headers, Request, Response

__all__ = ["Collected", "across_a_rotation"]


class Collected(NamedTuple):
    """A delivery as it was sent, and how much of the secrets its receiver knew by then."""

    headers: dict[str, str]
    body: str
    known: list[str]


class Collecting:
    """A transport that keeps what is sent."""

    def __init__(self) -> None:
        self.last = Request(method="GET", url="https://w.example/")

    async def send(self, request: Request) -> Response:
        self.last = request
        return Response(status=204, headers=Headers())

    async def close(self) -> None:
        """Nothing to do."""


async def across_a_rotation(profile: str, count: int, first: str) -> list[Collected]:
    """Deliveries at an even pace over 400 s around now, with a rotation in them.

    In the first quarter the secret is not replaced yet. It is at its end, with an overlap of almost two quarters: in the
    first of these the receiver still knows the old secret alone. Halfway the new one is brought to it: under
    GitHub's profile beside the old one, elsewhere in its place. In the last quarter it knows the new one alone.
    """
    clock, transport = FakeClock(datetime.now(UTC) - timedelta(seconds=200)), Collecting()
    deliveries = []
    async with AsyncIntegrationManagementManager(http=transport, clock=clock) as manager:
        hooks = manager.webhooks
        await hooks.create_webhook({"url": "https://w.example/", "secret_token": first, "profile": profile})
        new = ""
        for number in range(count):
            if number == count // 4:
                new = (await hooks.rotate_secret("webhook-1", overlap=timedelta(seconds=199))).reveal()
            await hooks.trigger_webhook("webhook-1", {"event_type": "push", "number": number})
            both = [new, first] if profile == "github" else [new]
            known = ([first], [first], both, [new])[number * 4 // count]
            sent = transport.last
            deliveries.append(Collected(dict(sent.headers), sent.content.decode(), known))
            clock.advance(400 / count)
    return deliveries
