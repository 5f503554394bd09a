"""Receive GitLab's webhooks in a web application, and let every integration act on them.

Run it: `python examples/async_fastapi_like_receiver.py`.

`Receiver` is an ASGI application that needs no framework; in FastAPI or Django the body of `accept()` is
the same. At the end it is called in process, as a test client would.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any, TypeAlias

from integrations_sdk import AsyncIntegrationManagementManager, ConfigurationError, Event, SignatureError
from integrations_sdk.testing import Sandbox

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
SECRET = "what was entered in GitLab under Settings > Webhooks"


class Receiver:
    """Answers at once, for GitLab waits ten seconds at most; the dispatch goes on in the background."""

    def __init__(self, mgr: AsyncIntegrationManagementManager) -> None:
        self.mgr = mgr
        self.tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        await send({"type": "http.response.start", "status": await self.accept(headers, body), "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def accept(self, headers: dict[str, str], body: bytes) -> int:
        """The status to answer with."""
        try:
            event = await self.mgr.events.receive("gitlab", headers, body, secret=SECRET)
        except SignatureError:
            return 401
        except ConfigurationError:
            return 400
        if event is not None:  # None: GitLab sent it before
            self.tasks.add(task := asyncio.create_task(self.act(event)))
            task.add_done_callback(self.tasks.discard)
        return 200

    async def act(self, event: Event) -> None:
        """Let every integration act, and say what came of it."""
        for outcome in await self.mgr.events.dispatch(event):
            print(f"  {outcome.target}: {outcome.status} {outcome.reference or ''}")


async def main() -> None:
    """What an ASGI server does with three calls: genuine, repeated, forged."""
    body = (Path(__file__).parent / "payloads" / "push.json").read_bytes()
    with Sandbox() as sandbox:
        async with AsyncIntegrationManagementManager("myorg/myproject") as mgr:
            await mgr.slack.create({**sandbox.slack.bot_config(), "events": ["push"]})
            await mgr.jenkins.create({**sandbox.config("jenkins"), "trigger_on_push": True})
            app = Receiver(mgr)
            for what, token in ("genuine", SECRET), ("repeated", SECRET), ("forged", "a guess"):
                headers = {"x-gitlab-event": "Push Hook", "x-gitlab-token": token, "idempotency-key": "5f6b"}
                raw = [(name.encode(), value.encode()) for name, value in headers.items()]
                inbox, outbox = asyncio.Queue[Message](), asyncio.Queue[Message]()
                inbox.put_nowait({"type": "http.request", "body": body})
                await app({"type": "http", "headers": raw}, inbox.get, outbox.put)
                print(what, "→", outbox.get_nowait()["status"])
                await asyncio.gather(*app.tasks)
        print("Slack received", len(sandbox.slack.messages), "message")


if __name__ == "__main__":
    asyncio.run(main())
