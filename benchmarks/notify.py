"""What one notification costs with each provider: here, and with `apprise` for the providers that it has too.

    python benchmarks/notify.py [--quick] [--json]

Both are told the same text, for one recipient, and make one request of it, to the same server in another process,
which answers as the vendor does (`measuring/vendors.py`); mail goes to one that takes everything. Ours is
`mgr.provider(name).notify()`, and goes the whole way: the integration is looked up, the text rendered, limit and
circuit asked, the request sent and redacted, an outcome made of the answer. apprise's is `Apprise().notify()`. Each
keeps its connections or does not, as it does by default.

Nobody waits: apprise's pauses between messages are off (`measuring/apprised.py` says how it is pointed at our
server), and our rate limits are asked as always, but are so wide that they never hold anything up.

- `notify_vs_apprise`: the median over the providers that both have; `async_notify_vs_apprise` the same with
  `await mgr.provider(name).notify()` and `await Apprise().async_notify()`, one after another.
- `<provider>_vs_apprise`: of one provider, blocking.
"""

from __future__ import annotations

import asyncio
import importlib.util
import statistics
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from typing import Final, ParamSpec
from urllib.parse import urlsplit

import attrs
from measuring.apprised import APPRISED, notifier
from measuring.rounds import Rounds, interleaved, options, ratio, report
from measuring.server import answering
from measuring.vendors import ANSWERS

from integrations_sdk import AsyncIntegrationManagementManager, IntegrationManagementManager
from integrations_sdk.connectors.capabilities import Notifier
from integrations_sdk.connectors.registry import Registry
from integrations_sdk.http import client
from integrations_sdk.http.base import Call, RateLimit
from integrations_sdk.http.rate_limit import RateLimiter

TEXT: Final = "Deployed `main` to production: 3 changes, 12 minutes"
WIDE: Final = RateLimit(calls=100_000, period=timedelta(seconds=1))

P = ParamSpec("P")

Send = Callable[[], object]
AsyncSend = Callable[[], Awaitable[object]]

CONFIGURED: Final[Mapping[str, Callable[[str], Mapping[str, object]]]] = {
    "slack": lambda url: {"webhook_url": f"{url}/services/T00000000/B00000000/{'X' * 24}"},
    "discord": lambda url: {"webhook_url": f"{url}/api/webhooks/123456789012345678/{'X' * 24}"},
    "mattermost": lambda url: {"webhook_url": f"{url}/hooks/{'x' * 26}"},
    "microsoft_teams": lambda url: {
        "webhook_url": f"{url}/workflows/{'0' * 32}/triggers/manual/paths/invoke?sig=XXXX"
    },
    "telegram": lambda url: {"bot_token": f"123456789:{'A' * 35}", "chat_id": 123_456_789, "api_url": url},
    "smtp": lambda url: {
        "host": "127.0.0.1",
        "port": urlsplit(url).port,
        "security": "none",
        "sender": "automation@example.com",
        "to": ["admins@example.com"],
    },
    "sendgrid": lambda url: {
        "api_key": "SG.XXXX",
        "sender": "automation@example.com",
        "to": ["admins@example.com"],
        "api_url": url,
    },
    "twilio": lambda url: {
        "account_sid": "AC" + "0" * 32,
        "auth_token": "token",
        "from_number": "+14155550100",
        "to": ["+14155550101"],
        "api_url": url,
    },
    "pagerduty": lambda url: {"routing_key": "0" * 32, "events_url": url},
    "opsgenie": lambda url: {"api_key": "0" * 36, "api_url": url, "follow": 0},
    "statuspage": lambda url: {"api_key": "0" * 36, "page_id": "kctbh9vrtdwd", "api_url": url},
    "sns": lambda url: {
        "access_key_id": "AKIAIOSFODNN7EXAMPLE",
        "secret_access_key": "XXXX",
        "region": "eu-central-1",
        "phone_numbers": ["+14155550101"],
        "endpoint_url": url,
    },
    "custom": lambda url: {
        "base_url": url,
        "operations": {"tell": {"method": "POST", "path": "/messages", "body": {"message": "{text}"}}},
        "notification": {"operation": "tell", "arguments": {"text": "{text}"}},
    },
}
"""The configuration of each, by its server's URL."""


class WideLimiter(RateLimiter):
    """Asked as always; nobody waits."""

    async def acquire(self, call: Call, timeout: float) -> None:
        """With a wide limit in place of the vendor's."""
        await super().acquire(attrs.evolve(call, rate=call.rate and WIDE), timeout)


def ours(mgr: IntegrationManagementManager, provider: str, url: str) -> Send:
    """One integration of a blocking manager."""
    messages = mgr.provider(provider)
    integration_id = messages.create(CONFIGURED[provider](url)).integration_id
    return lambda: messages.notify(integration_id, TEXT)


async def ours_in_loop(mgr: AsyncIntegrationManagementManager, provider: str, url: str) -> AsyncSend:
    """One integration of a manager in this loop."""
    messages = mgr.provider(provider)
    integration_id = (await messages.create(CONFIGURED[provider](url))).integration_id
    return lambda: messages.notify(integration_id, TEXT)


def timed(send: Send, times: int) -> float:
    """The median of the seconds of one call."""
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        sent = send()
        seconds.append(time.perf_counter() - started)
        assert sent
    return statistics.median(seconds)


async def timed_in_loop(send: AsyncSend, times: int) -> float:
    """The median of the seconds of one call that is waited for."""
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        sent = await send()
        seconds.append(time.perf_counter() - started)
        assert sent
    return statistics.median(seconds)


def apprised(provider: str, url: str, times: int) -> float:
    """The same with apprise: anew each time, for some plugins remember every message that they sent."""
    return timed(partial(notifier(provider, url).notify, body=TEXT), times)


async def apprised_in_loop(provider: str, url: str, times: int) -> float:
    """The same, waited for."""
    return await timed_in_loop(partial(notifier(provider, url).async_notify, body=TEXT), times)


def measured(urls: Mapping[str, str], times: int, rounds: int) -> Rounds:
    """Seconds of one notification, by provider and way."""
    cases: dict[str, Callable[[], float]] = {}
    with ExitStack() as stack:
        mgr = stack.enter_context(IntegrationManagementManager("group/project"))
        run = stack.enter_context(asyncio.Runner(loop_factory=new_loop)).run
        loop_mgr = AsyncIntegrationManagementManager("group/project")
        stack.callback(lambda: run(loop_mgr.aclose()))
        for provider in CONFIGURED:
            cases[provider] = partial(timed, ours(mgr, provider, urls[provider]), times)
            if provider in APPRISED:
                send = run(ours_in_loop(loop_mgr, provider, urls[provider]))
                url = urls["discord, not waited for" if provider == "discord" else provider]
                cases[f"{provider}, apprise"] = partial(apprised, provider, url, times)
                cases[f"{provider}, async"] = waited_for(run, timed_in_loop, send, times)
                cases[f"{provider}, apprise, async"] = waited_for(run, apprised_in_loop, provider, url, times)
        for case in cases.values():
            case()
        return interleaved(cases, rounds)


def waited_for(
    run: Callable[[Coroutine[object, object, float]], float],
    work: Callable[P, Coroutine[object, object, float]],
    *args: P.args,
    **options: P.kwargs,
) -> Callable[[], float]:
    """A case that runs in a loop."""
    return lambda: run(work(*args, **options))


def new_loop() -> asyncio.AbstractEventLoop:
    """The loop that our blocking facade has too."""
    if importlib.util.find_spec("uvloop"):
        import uvloop

        return uvloop.new_event_loop()
    return asyncio.new_event_loop()


def middle(ratios: Iterable[list[float]]) -> list[float]:
    """The median over the providers, round by round."""
    return [statistics.median(of_round) for of_round in zip(*ratios, strict=True)]


def shown(found: Rounds, provider: str) -> str:
    """The microseconds of one provider, and apprise's where it has that."""
    names = [name for name in (provider, f"{provider}, apprise") if name in found]
    return ", ".join(f"{statistics.median(found[name]) * 1e6:,.0f} µs" for name in names)


def main() -> None:
    """Measure and print."""
    arguments = options(__doc__.partition("\n")[0]).parse_args()
    times, rounds = (3, 5) if arguments.quick else (40, 15)
    registry = Registry()
    notifiers = {name for name in registry if issubclass(registry.get(name), Notifier)}
    assert set(CONFIGURED) == notifiers, f"not measured: {notifiers ^ set(CONFIGURED)}"
    vars(client)["RateLimiter"] = WideLimiter
    with answering(ANSWERS) as urls:
        found = measured(urls, times, rounds)
    blocking = {name: ratio(found, name, f"{name}, apprise") for name in APPRISED}
    in_loops = {name: ratio(found, f"{name}, async", f"{name}, apprise, async") for name in APPRISED}
    fast = all(importlib.util.find_spec(name) for name in ("aiohttp", "uvloop"))
    report(
        f"One notification, and apprise's; {rounds} rounds of {times} {'with' if fast else 'WITHOUT'} the extra `fast`",
        {name: shown(found, name) for name in CONFIGURED},
        {
            "notify_vs_apprise": middle(blocking.values()),
            "async_notify_vs_apprise": middle(in_loops.values()),
            **{f"{name}_vs_apprise": ratios for name, ratios in blocking.items()},
        },
        as_json=arguments.json,
    )


if __name__ == "__main__":
    main()
