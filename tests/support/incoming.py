"""One message of each known sender, for tests of what receives them."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import datetime

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.testing import sign

__all__ = ["BODIES", "TYPES", "handled", "message", "receive_at_once"]

BODIES = {
    "gitlab": {"object_kind": "push", "ref": "refs/heads/main", "project": {"path_with_namespace": "g/p"}},
    "github": {"ref": "refs/heads/main", "commits": [], "repository": {"full_name": "g/p"}},
    "jira": {"webhookEvent": "jira:issue_created", "issue": {"key": "PROJ-1", "fields": {"summary": "Broken"}}},
    "jenkins": {"name": "web", "build": {"phase": "STARTED", "number": 7}},
    "slack": {"type": "event_callback", "event_id": "Ev1", "event": {"type": "message"}},
    "pagerduty": {"event": {"id": "01", "event_type": "incident.triggered", "data": {"title": "Down"}}},
    "stripe": {"id": "evt_1", "type": "invoice.paid"},
    "standard_webhooks": {"type": "user.created", "data": {"id": 1}},
}  # fmt: skip
TYPES = {
    "gitlab": "push", "github": "push", "jira": "issue", "jenkins": "pipeline", "slack": "message",
    "pagerduty": "incident.triggered", "stripe": "invoice.paid", "standard_webhooks": "user.created",
}  # fmt: skip
"""What each becomes."""

_EVENTS = {"gitlab": "Push Hook", "github": "push"}


def message(
    source: str, secret: str, *, id_: str = "message-1", now: datetime | None = None
) -> tuple[bytes, dict[str, str]]:
    """The body of a source's message, and its headers."""
    body = json.dumps(BODIES[source]).encode()
    return body, sign(source, body, secret, event=_EVENTS.get(source), id=id_, now=now)


async def handled(manager: AsyncIntegrationManagementManager, number: int, *, count: int = 100) -> int:
    """How many of so many calls at once, all with the same message, were told that it is new."""
    body, headers = message("gitlab", "shared", id_=f"message-{number}")
    calls = (manager.events.receive("gitlab", headers, body, secret="shared") for _ in range(count))
    return sum(event is not None for event in await asyncio.gather(*calls))


async def receive_at_once(store: str, messages: int, count: int) -> None:
    """As a process of its own: receive each message so often at once, and print how often each was new."""
    async with AsyncIntegrationManagementManager(store=store) as manager:
        await manager.integrations.list()  # the file is open
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        found = [await handled(manager, number, count=count) for number in range(messages)]
    sys.stdout.write(" ".join(map(str, found)))


if __name__ == "__main__":
    asyncio.run(receive_at_once(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
