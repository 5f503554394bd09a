"""What durable delivery costs, beside sending without storing anything.

    python benchmarks/delivery.py [--quick] [--json] [--untuned] [--growth [--svg FILE]]

One process, 50 requests in flight, signed POSTs of 1 KB to one server in another process. The durable cases
store event, delivery and attempt in SQLite (WAL), from the call of `enqueue()` to the recorded answer.

The interpreter is set as `integrations worker` sets it, for all cases alike: see `integrations_sdk.process.tune()`.
With `--untuned` only what was imported is frozen (`gc.freeze()`), for a full pass of the garbage collector over the
modules of all libraries compared here takes 50 ms and more.

- `durable_vs_naive_httpx`: beside `httpx.AsyncClient` with a pool of 50, which stores nothing.
- `durable_vs_bare_transport`: beside our own transport over aiohttp, which stores nothing; with a disk flush with
  each commit `full_vs_bare_transport`.
- `durable_vs_apprise`: beside `apprise.async_notify` to its `json://` target.
- `durable_vs_slack_sdk`: beside the asynchronous webhook client of `slack_sdk`.
- `full_vs_normal`: `synchronous=FULL`, a disk flush with each commit, beside `NORMAL`.
- `p50_ms`, `p99_ms`: from the call of `enqueue()` to the receiver's answer, at half of the rate just measured;
  `bare_p99_ms`: from the call to the answer without storing, at the same rate: what the machine itself adds.
- `isolation_p99`: p99 of 999 endpoints while another one hangs, with 200 deliveries for it from the beginning,
  beside that without it, at half of the rate; the median of 25 rounds of 2 s.
- `growth`, `growth_claimed`: cost of a delivery with 1,000,000 stored ones beside that with 1,000 (only with
  `--growth`), handed over or claimed; `--svg` draws both.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import statistics
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apprise
import httpx
from measuring.durable import (
    BODY,
    IN_FLIGHT,
    LIMITS,
    TARGET,
    Hook,
    engine_on,
    in_flight,
    new_event,
    run,
    signed,
)
from measuring.plot import line_chart
from measuring.rounds import interleaved, options, ratio, report
from measuring.server import running
from slack_sdk.webhook.async_client import AsyncWebhookClient

from integrations_sdk.clock import uuid7
from integrations_sdk.delivery.engine import DeliveryEngine
from integrations_sdk.delivery.limits import WorkerLimits
from integrations_sdk.http.aiohttp_transport import AiohttpTransport
from integrations_sdk.http.base import Request
from integrations_sdk.models.delivery import Attempt, Done, Target
from integrations_sdk.process import tune
from integrations_sdk.queue.base import NewDelivery, Result
from integrations_sdk.store.sqlite.schema import Synchronous


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


async def steadily(
    begin: Callable[[int], Coroutine[object, object, object]], rate: float, times: int
) -> None:
    """Begin something so often, at a steady rate, and wait for all of it."""
    start = time.perf_counter()
    begun = []
    for number in range(times):
        if (early := start + number / rate - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        begun.append(asyncio.create_task(begin(number)))
    await asyncio.gather(*begun)


async def latencies(
    url: str,
    rate: float,
    seconds: float,
    targets: Sequence[Target] = (TARGET,),
    hanging: Target | None = None,
    limits: WorkerLimits = LIMITS,
) -> list[float]:
    """Seconds from the call of `enqueue()` to the answer, at a steady rate, to one target after another."""
    times = int(rate * seconds)
    called: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        async with engine_on(Path(folder) / "queue.db", "NORMAL", limits) as engine:
            transport = AiohttpTransport()
            hook = Hook(transport, url, times, hanging)
            engine.register("webhook", hook)
            engine.start()
            if hanging is not None:
                await asyncio.gather(*(engine.enqueue(new_event(), [hanging]) for _ in range(200)))
            await asyncio.sleep(0.1)

            async def enqueue(number: int) -> None:
                event = new_event()
                called[event.event_id] = time.perf_counter()
                await engine.enqueue(event, [targets[number % len(targets)]])

            await steadily(enqueue, rate, times)
            await hook.all.wait()
            await engine.stop(grace=timedelta(0))
            await transport.close()
    return sorted(hook.answered[id_] - moment for id_, moment in called.items())


async def bare_latencies(url: str, rate: float, seconds: float) -> list[float]:
    """Seconds from the call to the answer, at a steady rate: our transport, and nothing else."""
    transport, found = AiohttpTransport(), []

    async def send(_: int) -> None:
        called = time.perf_counter()
        headers = signed(uuid7(datetime.now(UTC)), BODY)
        await transport.send(Request(method="POST", url=url, headers=headers, content=BODY))
        found.append(time.perf_counter() - called)

    await steadily(send, rate, int(rate * seconds))
    await transport.close()
    return sorted(found)


def isolation(url: str, rate: float, seconds: float, rounds: int) -> list[float]:
    """p99 of 999 targets while another one hangs, beside that without it, round by round; with the usual limits."""
    targets = [Target("webhook", f"webhook-{number}") for number in range(1, 1_000)]

    def p99(hanging: Target | None) -> float:
        return at(run(latencies(url, rate, seconds, targets, hanging, WorkerLimits())), 0.99)

    cases = {"beside": lambda: p99(Target("webhook", "webhook-1000")), "without": lambda: p99(None)}
    found = interleaved(cases, rounds)
    return ratio(found, "beside", "without")


def at(values: Sequence[float], share: float) -> float:
    """The value that this share of sorted ones does not exceed."""
    return values[int(len(values) * share)]


async def growth(sizes: list[int], times: int, rounds: int) -> dict[str, dict[int, list[float]]]:
    """Microseconds for each delivery, nothing being sent, when so many are stored: all rounds, by size."""
    found: dict[str, dict[int, list[float]]] = {"handed over": {}, "claimed": {}}
    with tempfile.TemporaryDirectory() as folder:
        async with engine_on(Path(folder) / "queue.db", "NORMAL") as engine:
            stored = 0
            for size in sizes:
                await fill(engine, size - stored)
                for _ in range(rounds):
                    for way, line in found.items():
                        seconds = await unsent(engine, times, claimed=way == "claimed")
                        line.setdefault(size, []).append(seconds * 1e6)
                stored = size + 2 * rounds * times
    return found


async def unsent(engine: DeliveryEngine, times: int, *, claimed: bool) -> float:
    """Seconds for each: enqueued, handed over or claimed, and recorded."""
    hook = Hook(None, "", times)
    engine.register("webhook", hook)
    start = time.perf_counter()
    engine.start()
    due = datetime.now(UTC) if claimed else None  # what is due at a time of its own is never handed over
    await in_flight(lambda: engine.enqueue(new_event(), [TARGET], due_at=due), times)
    await hook.all.wait()
    await engine.stop()
    return (time.perf_counter() - start) / times


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


def report_growth(*, quick: bool, as_json: bool, svg: Path | None) -> None:
    """Measure growth, tell of it, and draw it if asked for."""
    sizes = [1_000, 10_000, *([] if quick else [100_000, 1_000_000])]
    lines = run(growth(sizes, 500 if quick else 2_000, 2 if quick else 7))
    medians = {way: {size: statistics.median(line[size]) for size in sizes} for way, line in lines.items()}
    table = {
        f"{size:,} stored": ", ".join(f"{way} {medians[way][size]:,.0f} µs" for way in medians)
        for size in sizes
    }
    first, last = sizes[0], sizes[-1]
    names = {"handed over": "growth", "claimed": "growth_claimed"}
    ratios = {name: medians[way][last] / medians[way][first] for way, name in names.items()}
    report("A delivery enqueued, handed over or claimed, and recorded", table, ratios, as_json=as_json)
    if svg is not None:
        title = "Cost of a delivery, nothing being sent, by deliveries stored"
        svg.write_text(line_chart(title, "deliveries stored", "µs each: median and range", lines), "utf-8")


def main() -> None:
    """Run it."""
    parser = options(__doc__ or "")
    parser.add_argument("--growth", action="store_true", help="only: cost with up to 1,000,000 stored")
    parser.add_argument("--untuned", action="store_true", help="with the interpreter's own settings")
    parser.add_argument("--svg", metavar="FILE", type=Path, help="with --growth: draw it into this file")
    arguments = parser.parse_args()
    logging.disable(logging.INFO)
    if arguments.untuned:
        gc.collect()
        gc.freeze()
    else:
        tune()
    if arguments.growth:
        report_growth(quick=arguments.quick, as_json=arguments.json, svg=arguments.svg)
        return
    many, few, rounds = (500, 50, 1) if arguments.quick else (4_000, 300, 11)
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
        seconds = 1 if arguments.quick else 5
        waits = [run(latencies(url, rate / 2, seconds)) for _ in range(rounds)]
        bare_waits = [run(bare_latencies(url, rate / 2, seconds)) for _ in range(rounds)]
        # A p99 of a few milliseconds is what the machine happened to do; many rounds show what is ours.
        isolated = isolation(url, rate / 2, min(seconds, 2), 1 if arguments.quick else 25)
    p50, p99 = ([at(one, share) * 1_000 for one in waits] for share in (0.5, 0.99))
    bare_p99 = [at(one, 0.99) * 1_000 for one in bare_waits]
    names = list(cases)
    report(
        f"Signed POSTs, {IN_FLIGHT} in flight; {rounds} rounds of {many} ({few} for the slow ones)",
        {name: f"{1 / statistics.median(seconds):,.0f} /s" for name, seconds in found_rounds.items()}
        | {
            "enqueued to answered at half load": f"{statistics.median(p50):.1f} ms,"
            f" p99 {statistics.median(p99):.1f} ms"
        },
        {
            "durable_vs_naive_httpx": ratio(found_rounds, names[3], mine),
            "durable_vs_bare_transport": ratio(found_rounds, names[2], mine),
            "full_vs_bare_transport": ratio(found_rounds, names[2], names[1]),
            "durable_vs_apprise": ratio(found_rounds, names[4], mine),
            "durable_vs_slack_sdk": ratio(found_rounds, names[5], mine),
            "full_vs_normal": ratio(found_rounds, mine, names[1]),
            "p50_ms": p50,
            "p99_ms": p99,
            "bare_p99_ms": bare_p99,
            "isolation_p99": isolated,
        },
        as_json=arguments.json,
    )


if __name__ == "__main__":
    main()
