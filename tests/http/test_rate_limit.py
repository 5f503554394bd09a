"""`http.rate_limit`: no window sees too many calls, and what the vendor announces is obeyed."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import RateLimitedError
from integrations_sdk.http.base import Call, Headers, Pause, RateLimit, Response
from integrations_sdk.http.rate_limit import RateLimiter, wait_for

ONE = RateLimit(calls=1, period=timedelta(seconds=1))
THREE = RateLimit(calls=3, period=timedelta(seconds=10))


def call(account: str = "a", rate: RateLimit | None = None) -> Call:
    """A call of one account."""
    return Call(provider="acme", operation="thing.do", integration_id="acme-1", account=account, rate=rate)


@pytest.mark.parametrize(
    ("starts", "blocked_until", "ahead", "wait"),
    [
        ([], 0, 0, 0),
        ([], 0, 2, 0),
        ([], 0, 3, 10),
        ([], 0, 7, 20),
        ([100], 0, 0, 0),
        ([95, 100], 0, 0, 0),
        ([95, 98, 100], 0, 0, 5),
        ([95, 98, 100], 0, 1, 8),
        ([95, 98, 100], 0, 3, 15),
        ([80, 81, 82], 0, 0, 0),
        ([], 130, 0, 30),
        ([95, 98, 100], 130, 0, 30),
        ([90.0000001, 98, 100], 0, 0, 0),
    ],
)
def test_wait_table(starts: list[float], blocked_until: float, ahead: int, wait: float) -> None:
    """At 100 s, with 3 calls per 10 s."""
    result = wait_for(starts, THREE, 100, blocked_until=blocked_until, ahead=ahead)
    assert result == pytest.approx(wait, abs=1e-5)


def test_without_a_rate_only_blocks_count() -> None:
    """An account without a documented limit waits only when it was told to."""
    assert wait_for([], None, 100, blocked_until=0) == 0
    assert wait_for([], None, 100, blocked_until=107) == 7


@given(
    gaps=st.lists(st.floats(0, 20), max_size=60),
    calls=st.integers(1, 7),
    period=st.integers(1, 20),
)
def test_no_window_sees_more_calls_than_allowed(gaps: list[float], calls: int, period: int) -> None:
    """However calls arrive, call n + `calls` starts at least one period after call n."""
    rate = RateLimit(calls=calls, period=timedelta(seconds=period))
    recent: deque[float] = deque(maxlen=calls)
    starts: list[float] = []
    now = 0.0
    for gap in gaps:
        now += gap
        now += wait_for(recent, rate, now, blocked_until=0)
        recent.append(now)
        starts.append(now)
    for early, late in zip(starts, starts[calls:], strict=False):
        assert late - early >= period - 1e-5


def test_calls_are_paced_in_order() -> None:
    """Five at once, one per second: they start a second apart, first come first served."""

    async def main() -> None:
        clock = FakeClock()
        limiter = RateLimiter(clock)
        order: list[tuple[int, float]] = []

        async def one(number: int) -> None:
            await limiter.acquire(call(rate=ONE), 60)
            order.append((number, clock.monotonic()))

        await asyncio.gather(*map(one, range(5)))
        assert order == [(number, pytest.approx(number)) for number in range(5)]

    asyncio.run(main())


def test_accounts_do_not_share() -> None:
    """The limit of one account does not slow another, nor another provider's of the same name."""

    async def main() -> None:
        clock = FakeClock()
        limiter = RateLimiter(clock)
        for account in ("a", "b", "c"):
            await limiter.acquire(call(account, ONE), 60)
        await limiter.acquire(Call(provider="other", operation="x", account="a", rate=ONE), 60)
        assert clock.slept == []

    asyncio.run(main())


def test_what_cannot_start_in_time_is_refused_at_once() -> None:
    """The queue is counted in advance: who would come too late is told so, and when there is room."""

    async def main() -> None:
        clock = FakeClock()
        limiter = RateLimiter(clock)
        await limiter.acquire(call(rate=THREE), 5)
        await limiter.acquire(call(rate=THREE), 5)
        await limiter.acquire(call(rate=THREE), 5)
        with pytest.raises(RateLimitedError) as caught:
            await limiter.acquire(call(rate=THREE), 5)
        error = caught.value
        assert (error.provider, error.operation, error.integration_id) == ("acme", "thing.do", "acme-1")
        assert (error.attempts, error.retry_after) == (0, timedelta(seconds=10))
        assert clock.slept == []

    asyncio.run(main())


class _Held(FakeClock):
    """A clock whose sleepers wake when told."""

    def __init__(self) -> None:
        super().__init__()
        self.wake = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self.wake.wait()
        self._elapsed += seconds


def test_cancelled_waiter_gives_up_its_place() -> None:
    """Who is cancelled in the queue uses nothing up and holds nobody back."""

    async def main() -> None:
        clock = _Held()
        limiter = RateLimiter(clock)
        await limiter.acquire(call(rate=ONE), 60)
        first, second = [asyncio.ensure_future(limiter.acquire(call(rate=ONE), 60)) for _ in range(2)]
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        clock.wake.set()
        await second
        assert clock.monotonic() == pytest.approx(1)

    asyncio.run(main())


def test_block_that_comes_while_waiting_holds() -> None:
    """Who already waits also obeys a 429 that somebody else receives meanwhile."""

    async def main() -> None:
        clock = _Held()
        limiter = RateLimiter(clock)
        await limiter.acquire(call(rate=ONE), 60)
        patient, hasty = [asyncio.ensure_future(limiter.acquire(call(rate=ONE), time)) for time in (60, 5)]
        await asyncio.sleep(0)
        limiter.learn(call(), Response(status=429, headers=Headers({"retry-after": "30"})))
        clock.wake.set()
        await patient
        assert clock.monotonic() == pytest.approx(30)
        with pytest.raises(RateLimitedError):
            await hasty

    asyncio.run(main())


def test_queue_does_not_outlast_the_deadline() -> None:
    """Who stands behind another is refused when its own time is over."""

    async def main() -> None:
        limiter = RateLimiter(_Held())
        await limiter.acquire(call(rate=ONE), 60)
        first = asyncio.ensure_future(limiter.acquire(call(rate=ONE), 60))
        await asyncio.sleep(0)
        tiny = RateLimit(calls=10, period=timedelta(milliseconds=1))
        with pytest.raises(RateLimitedError):
            await limiter.acquire(call(rate=tiny), 0.01)
        first.cancel()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("status", "headers", "told", "waits"),
    [
        (429, {"retry-after": "4"}, 4, 4),
        (420, {"retry-after": "4"}, 4, 4),
        (403, {"retry-after": "4"}, 4, 4),
        (200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "6"}, 6, 6),
        (404, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "6"}, 6, 6),
        (503, {"retry-after": "4"}, 4, 0),
        (202, {"retry-after": "4"}, None, 0),
        (200, {"x-ratelimit-remaining": "5", "x-ratelimit-reset": "6"}, None, 0),
        (429, {}, None, 0),
        (429, {"retry-after": "0"}, 0, 0),
        (200, {}, None, 0),
    ],
)
def test_learning_from_answers(status: int, headers: dict[str, str], told: int | None, waits: int) -> None:
    """A refusal or a used-up limit blocks the account; a server in trouble, or mere information, does not."""

    async def main() -> None:
        clock = FakeClock()
        limiter = RateLimiter(clock)
        wait = limiter.learn(call(), Response(status=status, headers=Headers(headers)))
        assert wait == (None if told is None else timedelta(seconds=told))
        await limiter.acquire(call(), 60)
        await limiter.acquire(call("other"), 60)
        assert clock.monotonic() == waits

    asyncio.run(main())


@pytest.mark.parametrize("everywhere", [True, False])
def test_what_the_body_of_a_refusal_asks_goes_before_its_headers(everywhere: bool) -> None:
    """Of one account, or of all that comes from here, accounts that are met only later included."""

    async def main() -> None:
        clock = FakeClock()
        limiter = RateLimiter(clock)
        limited = Response(status=429, headers=Headers({"retry-after": "9"}))
        pause = Pause(wait=timedelta(seconds=4.5), everywhere=everywhere)
        await limiter.acquire(call("known", rate=ONE), 60)
        asked = attrs.evolve(call(), pause=lambda response: pause if response is limited else None)
        assert limiter.learn(asked, limited) == timedelta(seconds=4.5)
        assert limiter.learn(asked, Response(status=429, headers=Headers({"retry-after": "2"}))) is not None
        for other in ("known", "new"):
            await limiter.acquire(call(other), 60)
            assert clock.monotonic() == (4.5 if everywhere else 0)
        await limiter.acquire(Call(provider="another", operation="x"), 60)
        await limiter.acquire(call(), 60)
        assert clock.monotonic() == 4.5

    asyncio.run(main())


def test_a_good_answer_asks_for_no_pause() -> None:
    """Its body is the answer, and is not read for anything else."""
    limiter = RateLimiter(FakeClock())
    asked = attrs.evolve(call(), pause=lambda _: Pause(wait=timedelta(seconds=4)))
    assert limiter.learn(asked, Response(status=200)) is None


def test_earlier_block_does_not_shorten_a_later_one() -> None:
    """Of two announcements the later moment holds."""

    async def main() -> None:
        clock = FakeClock()
        limiter = RateLimiter(clock)
        for wait in ("9", "2"):
            limiter.learn(call(), Response(status=429, headers=Headers({"retry-after": wait})))
        await limiter.acquire(call(), 60)
        assert clock.monotonic() == 9

    asyncio.run(main())


def test_memory_is_bounded() -> None:
    """The account used least recently is forgotten first."""

    async def main() -> None:
        clock = FakeClock()
        limiter = RateLimiter(clock, max_accounts=2)
        for account in ("a", "b", "c"):
            await limiter.acquire(call(account, ONE), 60)
        await limiter.acquire(call("a", ONE), 60)
        assert clock.slept == []
        await limiter.acquire(call("c", ONE), 60)
        assert clock.slept == [pytest.approx(1)]

    asyncio.run(main())


def test_old_calls_are_forgotten() -> None:
    """A limit of many calls keeps only those of its last period."""

    async def main() -> None:
        clock = FakeClock()
        limiter = RateLimiter(clock)
        wide = RateLimit(calls=1000, period=timedelta(seconds=1))
        for _ in range(50):
            await limiter.acquire(call(rate=wide), 60)
            clock.advance(0.5)
        kept = next(iter(limiter._accounts.values())).starts[wide]  # its memory is the promise
        assert len(kept) <= 3

    asyncio.run(main())
