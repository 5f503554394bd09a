"""What durable delivery costs, beside sending without storing anything.

    python benchmarks/delivery.py [--quick] [--json] [--growth]

One process, 50 requests in flight, signed POSTs of 1 KB to one server in another process. The durable cases
store event, delivery and attempt in SQLite (WAL), from the call of `enqueue()` to the recorded answer.

- `durable_vs_naive_httpx`: beside `httpx.AsyncClient` with a pool of 50, which stores nothing.
- `durable_vs_bare_transport`: beside our own transport over aiohttp, which stores nothing.
- `durable_vs_apprise`: beside `apprise.async_notify` to its `json://` target.
- `durable_vs_slack_sdk`: beside the asynchronous webhook client of `slack_sdk`.
- `full_vs_normal`: `synchronous=FULL`, a disk flush with each commit, beside `NORMAL`.
- `p50_ms`, `p99_ms`: from the call of `enqueue()` to the receiver's answer, at half of the rate just measured.
- `growth`: cost of a delivery with 1,000,000 stored ones beside that with 1,000 (only with `--growth`).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import json
import logging
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import apprise
import httpx
from measuring.rounds import interleaved, options, ratio, report
from measuring.server import running
from slack_sdk.webhook.async_client import AsyncWebhookClient

from integrations_sdk.bus.memory import MemoryBus
from integrations_sdk.clock import SystemClock, uuid7
from integrations_sdk.delivery.engine import DeliveryEngine
from integrations_sdk.delivery.limits import WorkerLimits
from integrations_sdk.http.aiohttp_transport import AiohttpTransport
from integrations_sdk.http.base import Request
from integrations_sdk.http.client import HttpClient
from integrations_sdk.models import Outcome, Scope, Sent
from integrations_sdk.models.delivery import Attempt, Delivery, Done, Target
from integrations_sdk.queue.base import NewDelivery, QueuedEvent, Result
from integrations_sdk.queue.opening import open_queue
from integrations_sdk.runtime import Runtime
from integrations_sdk.secrets.opening import open_secrets
from integrations_sdk.store.sqlite import SQLiteStore
from integrations_sdk.store.sqlite.schema import Synchronous
from integrations_sdk.tasks import Tasks

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

    def __init__(self, transport: AiohttpTransport | None, url: str, expected: int) -> None:
        self.transport = transport
        self.url = url
        self.left = expected
        self.all = asyncio.Event()
        self.answered: dict[str, float] = {}

    async def send(self, delivery: Delivery, event: QueuedEvent) -> Outcome:
        """Send one."""
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
async def engine_on(path: Path, synchronous: Synchronous) -> AsyncIterator[DeliveryEngine]:
    """An engine on a file."""
    store, clock = SQLiteStore(path, synchronous=synchronous), SystemClock()
    queue = open_queue(store, clock)
    runtime = Runtime(
        scope=Scope(tenant_id="default"), store=store, secrets=open_secrets(store),
        http=HttpClient(AiohttpTransport(), clock), bus=MemoryBus(), clock=clock, tasks=Tasks(),
    )  # fmt: skip
    engine = DeliveryEngine(runtime, queue, limits=LIMITS)
    yield engine
    await engine.stop()
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


async def durable(url: str, synchronous: Synchronous, times: int) -> float:
    """Seconds for each: enqueue, send, record."""
    with tempfile.TemporaryDirectory() as folder:
        async with engine_on(Path(folder) / "queue.db", synchronous) as engine:
            transport = AiohttpTransport()
            hook = Hook(transport, url, times)
            engine.register("webhook", hook, topic="webhook")
            start = time.perf_counter()
            engine.start()
            await in_flight(lambda: engine.enqueue(new_event(), [TARGET]), times)
            await hook.all.wait()
            await engine.stop()
            seconds = time.perf_counter() - start
            assert (await engine.queue.statistics(TARGET)).succeeded == times
            await transport.close()
    return seconds / times


async def bare(url: str, times: int) -> float:
    """Seconds for each: our transport, and nothing else."""
    transport = AiohttpTransport()

    async def send() -> None:
        headers = signed(uuid7(datetime.now(UTC)), BODY)
        await transport.send(Request(method="POST", url=url, headers=headers, content=BODY))

    start = time.perf_counter()
    await in_flight(send, times)
    seconds = time.perf_counter() - start
    await transport.close()
    return seconds / times


async def naive(url: str, times: int) -> float:
    """Seconds for each: what one writes first."""
    limits = httpx.Limits(max_connections=IN_FLIGHT, max_keepalive_connections=IN_FLIGHT)
    async with httpx.AsyncClient(limits=limits) as client:
        start = time.perf_counter()
        await in_flight(
            lambda: client.post(url, content=BODY, headers=signed(uuid7(datetime.now(UTC)), BODY)), times
        )
        return (time.perf_counter() - start) / times


async def with_apprise(url: str, times: int) -> float:
    """Seconds for each: Apprise's JSON target; it does not sign."""
    sender = apprise.Apprise()
    sender.add(url.replace("http://", "json://"))
    start = time.perf_counter()
    await in_flight(lambda: sender.async_notify(body="x" * 1_000), times)
    return (time.perf_counter() - start) / times


async def with_slack_sdk(url: str, times: int) -> float:
    """Seconds for each: one client with one session for all; it does not sign."""
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=IN_FLIGHT)) as session:
        client = AsyncWebhookClient(url, session=session)
        start = time.perf_counter()
        await in_flight(lambda: client.send(text="x" * 1_000), times)
        return (time.perf_counter() - start) / times


async def latencies(url: str, rate: float, seconds: float) -> list[float]:
    """Seconds from the call of `enqueue()` to the answer, at a steady rate."""
    times = int(rate * seconds)
    called: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        async with engine_on(Path(folder) / "queue.db", "NORMAL") as engine:
            transport = AiohttpTransport()
            hook = Hook(transport, url, times)
            engine.register("webhook", hook)
            engine.start()
            await asyncio.sleep(0.1)
            start = time.perf_counter()
            enqueueing = []
            for number in range(times):
                if (early := start + number / rate - time.perf_counter()) > 0:
                    await asyncio.sleep(early)
                event = new_event()
                called[event.event_id] = time.perf_counter()
                enqueueing.append(asyncio.create_task(engine.enqueue(event, [TARGET])))
            await asyncio.gather(*enqueueing)
            await hook.all.wait()
            await engine.stop()
            await transport.close()
    return sorted(hook.answered[id_] - moment for id_, moment in called.items())


async def growth(sizes: list[int], times: int) -> dict[int, float]:
    """Seconds for each delivery, nothing being sent, when so many are stored."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        async with engine_on(Path(folder) / "queue.db", "NORMAL") as engine:
            stored = 0
            for size in sizes:
                await fill(engine, size - stored)
                rounds = []
                for _ in range(3):
                    hook = Hook(None, "", times)
                    engine.register("webhook", hook)
                    start = time.perf_counter()
                    engine.start()
                    await in_flight(lambda: engine.enqueue(new_event(), [TARGET]), times)
                    await hook.all.wait()
                    await engine.stop()
                    rounds.append((time.perf_counter() - start) / times)
                found[size] = statistics.median(rounds)
                stored = size + 3 * times
    return found


async def fill(engine: DeliveryEngine, number: int) -> None:
    """Store deliveries that have ended."""
    queue, now = engine.queue, datetime.now(UTC)
    attempt = Attempt(
        number=1, started_at=now, latency=timedelta(milliseconds=3), http_status=200, excerpt="ok"
    )
    for start in range(0, number, 250):
        some = range(start, min(start + 250, number))
        new = [[NewDelivery(delivery_id=uuid7(now), target=TARGET)] for _ in some]
        await asyncio.gather(*(queue.enqueue(new_event(), one) for one in new))
        batch = await queue.claim("fill", limit=250, lease=timedelta(seconds=60), per_target=250)
        await queue.record([Result(claimed=one, attempt=attempt, verdict=Done()) for one in batch.claimed])


def run(work: Coroutine[object, object, T]) -> T:
    """`asyncio.run()`, on uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)


def main() -> None:
    """Run it."""
    parser = options(__doc__ or "")
    parser.add_argument("--growth", action="store_true", help="only: cost with up to 1,000,000 stored")
    arguments = parser.parse_args()
    logging.disable(logging.INFO)
    if arguments.growth:
        sizes = [1_000, 10_000, *([] if arguments.quick else [100_000, 1_000_000])]
        found = run(growth(sizes, 500 if arguments.quick else 3_000))
        table = {f"{size:,} stored": f"{seconds * 1e6:,.0f} µs" for size, seconds in found.items()}
        ratios = {"growth": found[sizes[-1]] / found[sizes[0]]}
        report("A delivery enqueued, claimed and recorded", table, ratios, as_json=arguments.json)
        return
    many, few, rounds = (500, 50, 1) if arguments.quick else (4_000, 300, 5)
    mine = "durable, synchronous=NORMAL"
    with running() as base:
        url = f"{base}/hook"
        cases: dict[str, Callable[[], float]] = {
            mine: lambda: run(durable(url, "NORMAL", many)),
            "durable, synchronous=FULL": lambda: run(durable(url, "FULL", many)),
            "bare transport over aiohttp": lambda: run(bare(url, many)),
            "httpx.AsyncClient, pool of 50": lambda: run(naive(url, few)),
            "apprise.async_notify": lambda: run(with_apprise(url, few)),
            "slack_sdk, asynchronous, one session": lambda: run(with_slack_sdk(url, many)),
        }
        for name in (mine, "bare transport over aiohttp"):
            cases[name]()  # warm
        found_rounds = interleaved(cases, rounds)
        rate = 1 / statistics.median(found_rounds[mine])
        waits = run(latencies(url, rate / 2, 1 if arguments.quick else 5))
    p50, p99 = (waits[int(len(waits) * share)] * 1_000 for share in (0.5, 0.99))
    names = list(cases)
    report(
        f"Signed POSTs, {IN_FLIGHT} in flight; {rounds} rounds of {many} ({few} for the slow ones)",
        {name: f"{1 / statistics.median(seconds):,.0f} /s" for name, seconds in found_rounds.items()}
        | {"enqueued to answered at half load": f"{p50:.1f} ms, p99 {p99:.1f} ms"},
        {
            "durable_vs_naive_httpx": ratio(found_rounds, names[3], mine),
            "durable_vs_bare_transport": ratio(found_rounds, names[2], mine),
            "durable_vs_apprise": ratio(found_rounds, names[4], mine),
            "durable_vs_slack_sdk": ratio(found_rounds, names[5], mine),
            "full_vs_normal": ratio(found_rounds, mine, names[1]),
            "p50_ms": p50,
            "p99_ms": p99,
        },
        as_json=arguments.json,
    )


if __name__ == "__main__":
    main()
