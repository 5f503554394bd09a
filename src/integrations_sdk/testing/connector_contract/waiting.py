"""The contract of trying again: what is waited for, what is repeated, and what must not be."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import attrs
import pytest

from integrations_sdk.errors import (
    ConnectorError,
    DeadlineExceededError,
    IntegrationError,
    ProviderUnavailableError,
    RateLimitedError,
    TransportError,
)
from integrations_sdk.testing.connector_contract.bench import CHECK, Bench, left_running
from integrations_sdk.testing.connector_contract.case import ConnectorCase

__all__ = ["WaitingContract"]


class WaitingContract(ConnectorCase):
    """What becomes of an answer that comes late, or is a refusal for now. Waits take no time."""

    @pytest.mark.parametrize("status", [429, 503])
    def test_a_wait_in_seconds_is_kept(self, doing: str, status: int) -> None:
        """`Retry-After: 7` is waited for, never less, and then it works."""
        self._waits(doing, 7, status=status, retry_after=7)

    def test_a_wait_until_a_date_is_kept(self, doing: str) -> None:
        """`Retry-After` as an HTTP date (RFC 9110 §10.2.3) is waited for as well."""

        async def scenario(bench: Bench) -> None:
            moment = bench.clock.now() + timedelta(seconds=9)
            bench.vendor.stand_in.fail(status=429, retry_after=format_datetime(moment, usegmt=True))
            await bench.do(doing)
            assert bench.clock.monotonic() >= 8, "the date has no fractions of a second"

        self.run(scenario, wire=False)

    def test_a_refusal_without_a_wait_is_repeated_all_the_same(self, doing: str) -> None:
        """429 without `Retry-After`: after a moment, and then it works."""
        self._waits(doing, 0.001, status=429)

    def test_a_wait_beyond_the_deadline_is_told(self, doing: str) -> None:
        """Who waits would wait in vain: a `RateLimitedError` says for how long, at once."""

        async def scenario(bench: Bench) -> None:
            bench.vendor.stand_in.fail(status=429, retry_after=3600, times=None)
            error = await bench.came(doing)
            assert bench.clock.monotonic() < 60
            if doing == CHECK and "refusals" in self.unseen:
                return
            assert isinstance(error, RateLimitedError), f"a refusal for an hour came to {error!r}"
            assert error.retryable
            assert error.retry_after is not None
            assert error.retry_after >= timedelta(hours=1)

        self.run(scenario, wire=False)

    @pytest.mark.parametrize("status", [500, 502, 504])
    def test_a_check_is_repeated_after_a_server_error(self, status: int) -> None:
        """It has no effect, so repeating it has none either."""
        self._waits(CHECK, 0.001, status=status)

    def test_a_check_is_repeated_after_a_broken_connection(self) -> None:
        """As after a server error."""
        self._waits(CHECK, 0.001, reset=True)

    @pytest.mark.parametrize(
        "fault",
        [
            {"status": 500, "acts": True},
            {"status": 502, "acts": True},
            {"reset": True, "acts": True},
            {"truncate": True},
        ],
        ids=["500", "502", "reset", "truncated"],
    )
    def test_nothing_is_done_twice(self, doing: str, fault: dict[str, Any]) -> None:
        """The vendor acted and its answer was lost: neither we nor who believes `retryable` does it again."""
        request, often = self.rehearsed(doing)

        async def once(bench: Bench) -> object:
            await bench.do(doing)
            return often(bench.vendor)

        async def lost(bench: Bench) -> object:
            bench.vendor.stand_in.fail(**fault, method=request.method, path=request.path)
            came = await bench.came(doing)
            assert not isinstance(came, IntegrationError) or isinstance(came, ConnectorError)
            if isinstance(came, ConnectorError) and came.retryable:
                await bench.do(doing)
            return often(bench.vendor)

        wire = "status" not in fault
        assert self.run(lost, wire=wire) == self.run(once, wire=wire), "more happened than once"

    def test_an_outage_ends_in_an_error(self, doing: str) -> None:
        """503 for ever: `ProviderUnavailableError` after as many attempts as allowed, within the deadline."""

        async def scenario(bench: Bench) -> None:
            bench.vendor.stand_in.fail(status=503, times=None)
            error = await bench.failure(doing)
            assert isinstance(error, ProviderUnavailableError)
            assert error.retryable
            assert 1 < error.attempts <= bench.connector.retry.attempts
            assert bench.clock.monotonic() <= bench.connector.retry.deadline.total_seconds()

        self.run(scenario, wire=False)

    def test_a_connection_that_always_breaks_is_an_error(self, doing: str) -> None:
        """A `TransportError` that says the request may have arrived."""

        async def scenario(bench: Bench) -> None:
            bench.vendor.stand_in.fail(reset=True, times=None)
            error = await bench.failure(doing)
            assert isinstance(error, TransportError)
            assert error.sent
            assert error.attempts <= bench.connector.retry.attempts
            assert error.provider == self.connector.provider

        self.run(scenario)

    def test_a_silent_vendor_is_given_up(self, doing: str) -> None:
        """No answer within the read timeout is a `TransportError`."""
        assert isinstance(self._silent(doing, read_timeout=timedelta(milliseconds=10)), TransportError)

    def test_the_deadline_holds(self, doing: str) -> None:
        """However long single reads may take: `DeadlineExceededError`."""
        assert isinstance(self._silent(doing, deadline=timedelta(milliseconds=10)), DeadlineExceededError)

    def test_cancelling_ends_it_at_once(self, doing: str) -> None:
        """It is cancelled, not translated; no request and no task of it goes on, and the next call works."""

        async def scenario(bench: Bench) -> None:
            loop, heard = asyncio.get_running_loop(), asyncio.Event()
            bench.vendor.heard = lambda: loop.call_soon_threadsafe(heard.set)
            bench.vendor.stand_in.fail(delay=600)
            task = loop.create_task(bench.do(doing))
            await heard.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert bench.under_way == 0
            assert not (left := await left_running()), f"cancelling leaves tasks behind: {left}"
            await bench.do(doing)

        self.run(scenario)

    def _silent(self, doing: str, **policy: timedelta) -> ConnectorError:
        async def scenario(bench: Bench) -> ConnectorError:
            bench.connector.retry = attrs.evolve(bench.connector.retry, attempts=1, **policy)
            bench.vendor.stand_in.fail(delay=600, times=None)
            return await bench.failure(doing)

        return self.run(scenario)

    def _waits(self, doing: str, seconds: float, **fault: Any) -> None:  # Any: those of `StandIn.fail()`
        async def scenario(bench: Bench) -> None:
            bench.vendor.stand_in.fail(**fault)
            await bench.do(doing)
            first, *others = bench.vendor.requests
            again = [
                request for request in others if (request.method, request.path) == (first.method, first.path)
            ]
            assert again, "the refused request did not come again"
            assert bench.clock.monotonic() >= seconds

        self.run(scenario, wire="reset" in fault)
