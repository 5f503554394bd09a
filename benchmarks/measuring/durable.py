"""Durable delivery as the benchmarks use it: an engine on a file, and a sender that posts."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from integrations_sdk.bus.memory import MemoryBus
from integrations_sdk.clock import SystemClock, uuid7
from integrations_sdk.delivery.engine import DeliveryEngine
from integrations_sdk.delivery.limits import WorkerLimits
from integrations_sdk.http.aiohttp_transport import AiohttpTransport
from integrations_sdk.http.base import Request
from integrations_sdk.http.client import HttpClient
from integrations_sdk.models import Outcome, Scope, Sent
from integrations_sdk.models.delivery import Delivery, Target
from integrations_sdk.queue.base import QueuedEvent
from integrations_sdk.queue.opening import open_queue
from integrations_sdk.runtime import Runtime
from integrations_sdk.secrets.opening import open_secrets
from integrations_sdk.store.sqlite import SQLiteStore
from integrations_sdk.store.sqlite.schema import Synchronous
from integrations_sdk.tasks import Tasks

__all__ = [
    "BODY",
    "IN_FLIGHT",
    "LIMITS",
    "TARGET",
    "Hook",
    "engine_on",
    "in_flight",
    "new_event",
    "run",
    "signed",
]

T = TypeVar("T")

IN_FLIGHT = 50
KEY = b"k" * 32
BODY = json.dumps({"event": "push", "text": "x" * 1_000}).encode()
TARGET = Target("webhook", "webhook-1")
LIMITS = WorkerLimits(concurrency=IN_FLIGHT, per_target=IN_FLIGHT)


def signed(id_: str, body: bytes) -> dict[str, str]:
    """The headers of a Standard Webhooks call."""
    moment = str(int(time.time()))
    digest = hmac.digest(KEY, f"{id_}.{moment}.".encode() + body, "sha256")
    return {
        "content-type": "application/json",
        "webhook-id": id_,
        "webhook-timestamp": moment,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


class Hook:
    """Posts deliveries, and knows when all expected ones were answered."""

    def __init__(
        self, transport: AiohttpTransport | None, url: str, expected: int, hanging: Target | None = None
    ) -> None:
        self.transport = transport
        self.hanging = hanging
        self.url = url
        self.left = expected
        self.all = asyncio.Event()
        self.answered: dict[str, float] = {}

    async def send(self, delivery: Delivery, event: QueuedEvent) -> Outcome:
        """Send one; to the target that hangs, without end."""
        if delivery.target == self.hanging:
            await asyncio.Event().wait()
        status = 200
        if self.transport is not None:
            headers = signed(delivery.delivery_id, event.body)
            request = Request(method="POST", url=self.url, headers=headers, content=event.body)
            status = (await self.transport.send(request)).status
        self.answered[delivery.event_id] = time.perf_counter()
        self.left -= 1
        if not self.left:
            self.all.set()
        return Sent(
            target="webhook-1", provider="webhook", operation="send", http_status=status, address=self.url
        )


@contextlib.asynccontextmanager
async def engine_on(
    path: Path, synchronous: Synchronous, limits: WorkerLimits = LIMITS
) -> AsyncIterator[DeliveryEngine]:
    """An engine on a file; as usual all places may go to one target."""
    store, clock = SQLiteStore(path, synchronous=synchronous), SystemClock()
    queue = open_queue(store, clock)
    runtime = Runtime(
        scope=Scope(tenant_id="default"), store=store, secrets=open_secrets(store),
        http=HttpClient(AiohttpTransport(), clock), bus=MemoryBus(), clock=clock, tasks=Tasks(),
    )  # fmt: skip
    engine = DeliveryEngine(runtime, queue, limits=limits)
    yield engine
    await engine.stop(grace=timedelta(0))
    await runtime.tasks.close()
    await runtime.http.close()
    await queue.close()
    await store.close()


def new_event() -> QueuedEvent:
    """An event of its own."""
    return QueuedEvent(event_id=uuid7(datetime.now(UTC)), event_type="push", body=BODY)


async def in_flight(work: Callable[[], Awaitable[object]], times: int) -> None:
    """Do something so often, `IN_FLIGHT` at a time."""
    left = times

    async def one_after_another() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await work()

    await asyncio.gather(*(one_after_another() for _ in range(IN_FLIGHT)))


def run(work: Coroutine[object, object, T]) -> T:
    """`asyncio.run()`, on uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)
