"""Rate limits per provider and account: the documented one kept, the announced one obeyed."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from integrations_sdk.clock import Clock
from integrations_sdk.errors import RateLimitedError
from integrations_sdk.http.base import Call, RateLimit, Response
from integrations_sdk.http.retry import announces_limit, reset_after, retry_after

__all__ = ["RateLimiter", "wait_for"]

_NEGLIGIBLE: Final = 1e-6  # below it a wait is the rounding of floats, not time
_REFUSALS: Final = frozenset({403, 420, 429, 503})


def wait_for(
    starts: Sequence[float], rate: RateLimit | None, now: float, *, blocked_until: float, ahead: int = 0
) -> float:
    """Seconds until a call may start, so that no window of `rate.period` sees more than `rate.calls` starts.

    A sliding window rather than a bucket: a bucket that may be emptied at once lets through nearly
    twice the limit within one period, and vendors answer that with 429.

    Args:
        starts: when the latest calls started, ascending, `rate.calls` of them at most.
        now: same clock as `starts`.
        blocked_until: no call starts earlier.
        ahead: callers that wait already; they come first.
    """
    earliest = max(now, blocked_until)
    if rate is None:
        return earliest - now
    rounds, index = divmod(ahead, rate.calls)
    free = rate.calls - len(starts)
    period = rate.period.total_seconds()
    if index >= free:
        earliest = max(earliest, starts[index - free] + period)
    wait = earliest + rounds * period - now
    return wait if wait > _NEGLIGIBLE else 0.0


class _Account:
    __slots__ = ("blocked_until", "lock", "starts", "waiting")

    def __init__(self) -> None:
        self.blocked_until = 0.0
        self.starts: dict[RateLimit, deque[float]] = {}
        self.waiting = 0
        self.lock = asyncio.Lock()  # first come, first served

    def block(self, until: float) -> None:
        self.blocked_until = max(self.blocked_until, until)

    def wait(self, rate: RateLimit | None, now: float, ahead: int = 0) -> float:
        starts = self.starts.get(rate, ()) if rate is not None else ()
        return wait_for(starts, rate, now, blocked_until=self.blocked_until, ahead=ahead)

    def start(self, rate: RateLimit | None, now: float) -> None:
        if rate is None:
            return
        starts = self.starts.get(rate)
        if starts is None:
            starts = self.starts[rate] = deque(maxlen=rate.calls)
        oldest = now - rate.period.total_seconds()
        while starts and starts[0] < oldest:
            starts.popleft()
        starts.append(now)


class RateLimiter:
    """Lets calls of one provider and account start no faster than allowed, in the order in which they came.

    Args:
        max_accounts: how many are remembered; beyond, those used least recently are forgotten.
    """

    def __init__(self, clock: Clock, *, max_accounts: int = 4096) -> None:
        self._clock = clock
        self._accounts: OrderedDict[tuple[str, str], _Account] = OrderedDict()
        self._blocked: dict[str, float] = {}  # provider → until when, as it asked of all that comes from here
        self._max_accounts = max_accounts

    async def acquire(self, call: Call, timeout: float) -> None:
        """Return when the call may start.

        Args:
            timeout: seconds to wait at most.

        Raises:
            RateLimitedError: it may not start in time; at once when that can be told in advance.
                Nothing was sent, and `retry_after` says when there is room.
        """
        account = self._known(call)
        if account is None:
            return
        now = self._clock.monotonic()
        wait = account.wait(call.rate, now, ahead=account.waiting)
        if wait > timeout:
            raise _refusal(call, wait)
        if wait > 0 or account.waiting:
            await self._wait_turn(account, call, now + timeout)
            now = self._clock.monotonic()
        account.start(call.rate, now)

    def learn(self, call: Call, response: Response) -> timedelta | None:
        """Block the account for as long as the answer asks, if it does.

        Returns:
            How long that is; None when it does not ask, which includes a limit not used up.
        """
        headers, everywhere = response.headers, False
        status = call.status_of(response)
        if status in _REFUSALS:
            said = call.pause(response) if call.pause is not None else None
            wait = said.wait if said is not None else retry_after(headers, self._clock.now())
            everywhere = said is not None and said.everywhere
        elif announces_limit(headers):
            wait = reset_after(headers, self._clock.now())
        else:
            return None
        if wait and status != 503:  # that one speaks of the server, not of this account's share
            until = self._clock.monotonic() + wait.total_seconds()
            self._remember((call.provider, call.account)).block(until)
            if everywhere:
                self._block(call.provider, until)
        return wait

    def _block(self, provider: str, until: float) -> None:
        """Block every account of a provider, those included that are met only later."""
        self._blocked[provider] = max(until, self._blocked.get(provider, 0.0))
        for (name, _), account in self._accounts.items():
            if name == provider:
                account.block(until)

    async def _wait_turn(self, account: _Account, call: Call, until: float) -> None:
        account.waiting += 1
        try:
            # a later block may outlast the deadline of one who waits behind another
            async with asyncio.timeout(until - self._clock.monotonic()), account.lock:
                while (wait := account.wait(call.rate, now := self._clock.monotonic())) > 0:
                    if now + wait > until:
                        raise _refusal(call, wait)
                    await self._clock.sleep(wait)
        except TimeoutError:
            raise _refusal(call, account.wait(call.rate, self._clock.monotonic())) from None
        finally:
            account.waiting -= 1

    def _known(self, call: Call) -> _Account | None:
        key = (call.provider, call.account)
        if key in self._accounts or call.rate is not None or call.provider in self._blocked:
            return self._remember(key)
        return None

    def _remember(self, key: tuple[str, str]) -> _Account:
        account = self._accounts.get(key)
        if account is None:
            account = self._accounts[key] = _Account()
            account.block(self._blocked.get(key[0], 0.0))
            if len(self._accounts) > self._max_accounts:
                self._accounts.popitem(last=False)
        else:
            self._accounts.move_to_end(key)
        return account


def _refusal(call: Call, wait: float) -> RateLimitedError:
    return RateLimitedError(
        "the rate limit leaves no room before the deadline; nothing was sent",
        provider=call.provider,
        operation=call.operation,
        integration_id=call.integration_id,
        retry_after=timedelta(seconds=wait),
    )
