"""Bring your own HTTP client: its proxies, certificates, hooks and connection pool are then used for everything.

Run it: `python examples/own_http_client.py`.
"""

from __future__ import annotations

import asyncio

import httpx2

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.http.base import Headers, Request, Response, Transport
from integrations_sdk.testing import Sandbox


async def main() -> None:
    """A client of httpx2 (one of httpx does as well), then a transport of one's own."""
    with Sandbox() as sandbox:
        seen: list[int] = []

        async def note(response: httpx2.Response) -> None:
            seen.append(response.status_code)

        limits = httpx2.Limits(max_connections=10)
        async with httpx2.AsyncClient(limits=limits, event_hooks={"response": [note]}) as client:
            await send(sandbox, client)
            print("your hook saw:", seen)
            print("your client is still yours, and open:", not client.is_closed)

        await send(sandbox, Recorded())
        print("Slack received", len(sandbox.slack.messages), "message; the recording sent none")


class Recorded(Transport):
    """Whatever sends a request once is a transport; this one only writes down what it was to send."""

    async def send(self, request: Request) -> Response:
        """Answer as Slack does. The path of a Slack webhook is secret, so it is not printed."""
        print(f"recorded: {request.method} with {len(request.content or b'')} bytes")
        return Response(status=200, headers=Headers({"content-type": "text/plain"}), content=b"ok")

    async def close(self) -> None:
        """There is nothing to close."""


async def send(sandbox: Sandbox, http: object) -> None:
    """Retries, rate limits, deadlines and redaction stay the library's work, whatever sends the bytes."""
    sandbox.slack.fail(status=503)
    async with AsyncIntegrationManagementManager("myorg/myproject", http=http) as mgr:
        slack = await mgr.slack.create(sandbox.config("slack"))
        outcome = await mgr.slack.notify(slack.integration_id, "Through a client of yours.")
        print(f"{type(http).__name__}: {outcome.status}, attempts: {outcome.attempts}")
    sandbox.slack.faults.clear()


if __name__ == "__main__":
    asyncio.run(main())
