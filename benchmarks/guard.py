"""What a guard costs a request, on each transport, over kept connections and over new ones.

    python benchmarks/guard.py [--quick] [--json]

All requests go to the same server in another process, by its name, so that new connections resolve it. The
guard allows loopback; everything else that it does is what it does for a public address.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

from measuring.rounds import Rounds, interleaved, options, ratio, report
from measuring.server import running

from integrations_sdk.http.aiohttp_transport import AiohttpTransport
from integrations_sdk.http.base import Connection, Request, Transport
from integrations_sdk.http.guard import Guard
from integrations_sdk.http.httpx_transport import HttpxTransport

TRANSPORTS: dict[str, Callable[[], Transport]] = {"aiohttp": AiohttpTransport, "httpx2": HttpxTransport}
GUARDS = {"open": None, "guarded": Guard(allow=("127.0.0.0/8", "::1"))}
HEADERS = {"kept": {}, "new": {"connection": "close"}}
AT_ONCE = 20


def requests(transport: str, connections: str, guard: str, url: str, number: int) -> float:
    """Send so many requests; seconds of processor time, without those of the first."""

    async def main() -> float:
        sender = TRANSPORTS[transport]()

        async def send() -> None:
            answer = await sender.send(
                Request(
                    method="POST",
                    url=url,
                    headers=HEADERS[connections],
                    content=b"x" * 1000,
                    connection=Connection(guard=GUARDS[guard]),
                )
            )
            assert answer.ok

        async def several() -> None:
            for _ in range(number // AT_ONCE):
                await send()

        await send()
        started = time.process_time()
        await asyncio.gather(*(several() for _ in range(AT_ONCE)))
        seconds = time.process_time() - started
        await sender.close()
        return seconds

    return asyncio.run(main())


def measured(number: int, rounds: int) -> Rounds:
    """Every transport and kind of connection, guarded and not."""
    with running() as url:
        named = url.replace("127.0.0.1", "localhost") + "/hook"
        cases = {
            f"{transport}, {connections}, {guard}": partial(
                requests, transport, connections, guard, named, number
            )
            for transport in TRANSPORTS
            for connections in HEADERS
            for guard in GUARDS
        }
        return interleaved(cases, rounds)


def main() -> None:
    """Measure and report."""
    given = options("What a guard costs a request.").parse_args()
    number, rounds = (200, 1) if given.quick else (2000, 7)
    found = measured(number, rounds)
    table = {name: f"{min(values) / number * 1e6:,.0f} µs" for name, values in found.items()}
    ratios = {
        f"guard_{transport}_{connections}": ratio(
            found, f"{transport}, {connections}, guarded", f"{transport}, {connections}, open"
        )
        for transport in TRANSPORTS
        for connections in HEADERS
    }
    report("A guarded request beside an unguarded one, processor time", table, ratios, as_json=given.json)


if __name__ == "__main__":
    main()
