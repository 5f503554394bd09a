"""What one blocking Slack message costs: here, with `slack_sdk`, and with a `requests` session.

    python benchmarks/blocking.py [--quick] [--json]

All of them post the same text to the same server in another process. Ours goes the whole way that a
message of an application goes: the integration is looked up in the store, the message checked, the rate
limit and the circuit asked, the request sent and redacted, and an outcome made of the answer.
"""

from __future__ import annotations

import asyncio
import importlib.util
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import requests
from measuring.rounds import interleaved, options, ratio, report
from measuring.server import running
from slack_sdk import WebhookClient

from integrations_sdk import IntegrationManagementManager
from integrations_sdk.http.base import Transport

TEXT = "Deployed `main` to production: 3 changes, 12 minutes"
HOOK = "/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"

Send = Callable[[], object]


@contextmanager
def ours(url: str, transport: Callable[[], Transport] | None = None) -> Iterator[Send]:
    """A manager with one Slack integration whose own rate limit is out of the way."""
    with IntegrationManagementManager("group/project", http=transport() if transport else None) as mgr:
        slack = mgr.slack.create_slack_integration(
            {"webhook_url": url + HOOK, "messages_per_second": 1_000.0}
        )
        message = {"text": TEXT}
        integration_id = slack.integration_id
        yield lambda: mgr.slack.send_slack_notification(integration_id, message)


@contextmanager
def slack_sdk(url: str) -> Iterator[Send]:
    """Slack's own client; it opens a connection for each message."""
    client = WebhookClient(url + HOOK)
    yield lambda: client.send(text=TEXT)


@contextmanager
def requests_session(url: str) -> Iterator[Send]:
    """A session keeps the connection open."""
    with requests.Session() as session:
        yield lambda: session.post(url + HOOK, json={"text": TEXT})


@contextmanager
def httpx2_client(url: str) -> Iterator[Send]:
    """The blocking client of the library under our default transport."""
    import httpx2

    with httpx2.Client() as client:
        yield lambda: client.post(url + HOOK, json={"text": TEXT})


@contextmanager
def apprise(url: str) -> Iterator[Send]:
    """apprise's plain JSON notification; its Slack one goes to Slack's host only."""
    from apprise import Apprise

    notifier = Apprise()
    notifier.add(url.replace("http:", "json:") + HOOK)
    yield lambda: notifier.notify(body=TEXT)


async def nothing() -> None:
    """An empty call."""


@contextmanager
def empty_portal(_: str) -> Iterator[Send]:
    """From the calling thread into our loop and back."""
    from integrations_sdk.blocking.portal import Portal

    portal: Portal[None] = Portal(
        lambda: None, start=lambda _: None, remake=lambda _: None, aclose=lambda _: nothing()
    )
    yield lambda: portal.call(nothing)
    portal.close()


@contextmanager
def empty_threadsafe(_: str) -> Iterator[Send]:
    """The standard library's way of the same, in the same kind of loop."""
    loop = asyncio.new_event_loop()
    if importlib.util.find_spec("uvloop"):
        import uvloop

        loop = uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield lambda: asyncio.run_coroutine_threadsafe(nothing(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def httpx2_transport() -> Transport:
    """The transport without the extra `fast`."""
    from integrations_sdk.http.httpx_transport import HttpxTransport

    return HttpxTransport()


def timed(send: Send, times: int) -> float:
    """The median of the seconds of one call."""
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        send()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def main() -> None:
    """Measure and print."""
    arguments = options(__doc__.partition("\n")[0]).parse_args()
    times, rounds = (60, 7) if arguments.quick else (200, 25)
    kinds = {
        "integrations_sdk, as installed": ours,
        "integrations_sdk on httpx2": lambda url: ours(url, httpx2_transport),
        "slack_sdk.WebhookClient": slack_sdk,
        "requests.Session": requests_session,
        "httpx2.Client": httpx2_client,
        "empty call, our portal": empty_portal,
        "empty call, run_coroutine_threadsafe": empty_threadsafe,
    }
    if importlib.util.find_spec("apprise"):
        kinds["apprise"] = apprise
    with ExitStack() as stack:
        url = stack.enter_context(running())
        sends = {name: stack.enter_context(kind(url)) for name, kind in kinds.items()}
        for send in sends.values():
            timed(send, 10)
        cases = {name: partial(timed, send, times) for name, send in sends.items()}
        found = interleaved(cases, rounds)
    mine = "integrations_sdk, as installed"
    fast = all(importlib.util.find_spec(name) for name in ("aiohttp", "uvloop"))
    report(
        f"One blocking Slack message; {rounds} rounds of {times}; {'with' if fast else 'WITHOUT'} the extra `fast`",
        {name: f"{statistics.median(seconds) * 1e6:,.0f} µs" for name, seconds in found.items()},
        {
            "blocking_vs_slack_sdk": ratio(found, mine, "slack_sdk.WebhookClient"),
            "blocking_vs_requests": ratio(found, mine, "requests.Session"),
            "httpx2_vs_slack_sdk": ratio(found, "integrations_sdk on httpx2", "slack_sdk.WebhookClient"),
            "httpx2_vs_requests": ratio(found, "integrations_sdk on httpx2", "requests.Session"),
            "portal_vs_run_coroutine_threadsafe": ratio(
                found, "empty call, our portal", "empty call, run_coroutine_threadsafe"
            ),
        },
        as_json=arguments.json,
    )


if __name__ == "__main__":
    main()
