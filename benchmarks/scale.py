"""Many integrations at once: the memory they take, a health sweep over all of them, and listing them.

    python benchmarks/scale.py [--quick] [--json] [--integrations 10000] [--sweep 1000]

They are made through the manager, so each is a record, its keys for queries, and sealed credentials.
"""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

import aiohttp
from measuring.rounds import Rounds, options, ratio, report
from measuring.server import running

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.models import HealthStatus
from integrations_sdk.store.memory import MemoryStore

T = TypeVar("T")

SECRET: Final = "XXXXXXXXXXXXXXXXXXXXXXXX"
CONCURRENCY: Final = 32
PROJECTS: Final = 100


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run in the kind of loop that the blocking manager uses."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    return uvloop.run(main)


def config(number: int, url: str = "https://hooks.slack.com") -> dict[str, object]:
    """The configuration of one integration."""
    return {
        "webhook_url": f"{url}/services/T{number:08}/B{number:08}/{SECRET}",
        "channel": f"#deployments-{number}",
        "events": ["push", "merge_request", "pipeline"],
        "branches": ["main", "release/*"],
    }


async def fill(manager: AsyncIntegrationManagementManager, count: int, url: str | None = None) -> None:
    """Make that many integrations."""
    for number in range(count):
        await manager.slack.create(config(number, url) if url else config(number))


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    """Seconds it takes."""
    gc.collect()
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started


# --- memory --------------------------------------------------------------------


async def memory(count: int) -> tuple[float, float]:
    """Bytes of one integration in the manager's store, and as plain dicts with the same content."""
    async with AsyncIntegrationManagementManager("group/project") as manager:
        await fill(manager, 1)  # what is imported with the first one is not the second one's
        gc.collect()
        tracemalloc.start()
        await fill(manager, count)
        gc.collect()
        stored = tracemalloc.get_traced_memory()[0]
        records = await manager.integrations.list()
        texts = [json.dumps(dict(record)) for record in records[1:]]
        del records
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        plain = {
            number: (json.loads(text), {"webhook_url": str(config(number)["webhook_url"])})
            for number, text in enumerate(texts)
        }
        gc.collect()
        dicts = tracemalloc.get_traced_memory()[0] - before
        assert len(plain) == count
        tracemalloc.stop()
    return stored / count, dicts / count


# --- health --------------------------------------------------------------------


async def sweeps(url: str, count: int, rounds: int) -> Rounds:
    """A sweep by the manager, and the same requests by aiohttp alone, as many at once."""
    urls = [str(config(number, url)["webhook_url"]) for number in range(count)]
    connector = aiohttp.TCPConnector(limit=CONCURRENCY)
    async with (
        AsyncIntegrationManagementManager("group/project") as manager,
        aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        await fill(manager, count, url)

        async def ours() -> None:
            checks = await manager.health.check_all(concurrency=CONCURRENCY)
            assert all(check.status is HealthStatus.HEALTHY for check in checks)

        async def bare() -> None:
            gate = asyncio.Semaphore(CONCURRENCY)
            headers = {"content-type": "application/json"}

            async def one(target: str) -> None:
                async with gate, session.post(target, data=b"{}", headers=headers) as response:
                    assert await response.read() == b"ok"

            await asyncio.gather(*map(one, urls))

        await ours()  # opens the connectors
        await bare()
        found: Rounds = {"ours": [], "bare": []}
        for _ in range(rounds):
            found["ours"].append(await timed(ours))
            found["bare"].append(await timed(bare))
    return found


# --- listing -------------------------------------------------------------------


class Lasting(MemoryStore):
    """A store that several managers share, none of which closes it."""

    async def close(self) -> None:
        """Leave it open."""


async def listings(count: int, rounds: int) -> Rounds:
    """Listing everything, one project of many, and the same project alone; JSON parsing for comparison."""
    share = max(count // PROJECTS, 1)
    crowded, lonely = Lasting(), MemoryStore()
    async with (
        AsyncIntegrationManagementManager(store=crowded) as everything,
        AsyncIntegrationManagementManager("group/project-7", store=lonely) as alone,
    ):
        for project in range(PROJECTS):
            async with AsyncIntegrationManagementManager(f"group/project-{project}", store=crowded) as one:
                await fill(one, share)
        await fill(alone, share)
        texts = [json.dumps(dict(record)) for record in await everything.integrations.list()]
        assert len(texts) == share * PROJECTS
        among = AsyncIntegrationManagementManager("group/project-7", store=crowded)

        async def parse() -> None:
            for text in texts:
                json.loads(text)

        cases: dict[str, Callable[[], Awaitable[object]]] = {
            "all": everything.integrations.list,
            "parse": parse,
            "among": among.integrations.list,
            "alone": alone.integrations.list,
        }
        found: Rounds = {name: [] for name in cases}
        for _ in range(rounds):
            for name, work in cases.items():
                found[name].append(await timed(work))
        await among.aclose()
    return found


def main() -> None:
    """Measure and print."""
    parser = options(__doc__.partition("\n")[0])
    parser.add_argument("--integrations", type=int, help="held in memory and listed (10000)")
    parser.add_argument("--sweep", type=int, help="integrations whose health is checked (1000)")
    arguments = parser.parse_args()
    rounds = 3 if arguments.quick else 9
    count = arguments.integrations or (500 if arguments.quick else 10_000)
    swept = arguments.sweep or (100 if arguments.quick else 1_000)
    stored, dicts = run(memory(count))
    with running() as url:
        health = run(sweeps(url, swept, rounds))
    listing = run(listings(count, rounds))
    seconds = {name: statistics.median(values) for name, values in {**health, **listing}.items()}
    report(
        f"{count:,} integrations in memory, {swept:,} in a health sweep; {rounds} rounds",
        {
            "one integration, with sealed credentials": f"{stored:,.0f} bytes",
            "the same as plain dicts, credentials open": f"{dicts:,.0f} bytes",
            "sweep, each integration": f"{seconds['ours'] / swept * 1e6:,.0f} µs",
            "aiohttp alone, each request": f"{seconds['bare'] / swept * 1e6:,.0f} µs",
            "list everything, each integration": f"{seconds['all'] / count * 1e6:,.1f} µs",
            "json.loads of each": f"{seconds['parse'] / count * 1e6:,.1f} µs",
            f"list one project of {PROJECTS}": f"{seconds['among'] * 1e3:,.2f} ms",
            "list the same project alone in a store": f"{seconds['alone'] * 1e3:,.2f} ms",
        },
        {
            "memory_vs_dicts": stored / dicts,
            "sweep_vs_bare_aiohttp": ratio(health, "ours", "bare"),
            "list_vs_json_loads": ratio(listing, "all", "parse"),
            "list_among_many_vs_alone": ratio(listing, "among", "alone"),
        },
        as_json=arguments.json,
    )


if __name__ == "__main__":
    main()
