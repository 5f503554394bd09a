"""`http.client`: every rule together, on a fake clock and a scripted transport."""

from __future__ import annotations

import asyncio
import gc
import logging
import pickle
import weakref
from collections.abc import Awaitable, Callable
from datetime import timedelta

import attrs
import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import (
    BlockedAddressError,
    ConnectorError,
    DeadlineExceededError,
    ProviderUnavailableError,
    RateLimitedError,
    TransportError,
)
from integrations_sdk.http.base import Call, Headers, RateLimit, Request, Response, RetryPolicy
from integrations_sdk.http.circuit import CircuitBreaker, CircuitPolicy
from integrations_sdk.http.client import HttpClient

Step = Response | BaseException | Callable[[Request], Awaitable[Response]]

REQUEST = Request(
    method="POST", url="https://hooks.example.com:8443/secret/path?token=secret", content=b"secret"
)
CALL = Call(provider="acme", operation="thing.do", integration_id="acme-1", account="acme-1")
SAFE = Call(
    provider="acme", operation="thing.get", integration_id="acme-1", account="acme-1", idempotent=True
)


class ScriptedTransport:
    """Answers from a script; its last step is repeated."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.sent = 0
        self.closed = 0

    async def send(self, request: Request) -> Response:
        self.sent += 1
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, BaseException):
            raise step
        return step if isinstance(step, Response) else await step(request)

    async def close(self) -> None:
        self.closed += 1


def answer(status: int, **headers: str) -> Response:
    """An answer with these headers; `_` stands for `-`."""
    return Response(
        status=status, headers=Headers({name.replace("_", "-"): text for name, text in headers.items()})
    )


def unsent() -> TransportError:
    """A failure before anything was sent."""
    return TransportError("could not connect", sent=False)


def reset() -> TransportError:
    """A failure that leaves open whether the request had its effect."""
    return TransportError("the connection broke", sent=True)


class Bench:
    """A client over a script."""

    def __init__(self, *steps: Step, policy: CircuitPolicy | None = None) -> None:
        self.clock = FakeClock()
        self.transport = ScriptedTransport(*steps)
        circuit = CircuitBreaker(self.clock, policy) if policy else None
        self.client = HttpClient(self.transport, self.clock, random=lambda: 0.5, circuit=circuit)

    def send(self, call: Call = CALL) -> Response:
        """Send once."""
        return asyncio.run(self.client.send(REQUEST, call))

    def failure(self, call: Call = CALL) -> ConnectorError:
        """Send once, in vain."""
        with pytest.raises(ConnectorError) as caught:
            self.send(call)
        return caught.value


def test_first_answer_is_returned_as_it_is() -> None:
    """A good answer is handed on, the same object, after one request and no pause."""
    good = answer(200)
    bench = Bench(good)
    assert bench.send() is good
    assert (bench.transport.sent, bench.clock.slept) == (1, [])


@pytest.mark.parametrize(
    ("steps", "call", "status", "attempts", "slept"),
    [
        ([unsent(), answer(200)], CALL, 200, 2, [0.25]),
        ([unsent(), unsent(), answer(200)], CALL, 200, 3, [0.25, 0.5]),
        ([reset(), answer(200)], SAFE, 200, 2, [0.25]),
        ([answer(429, retry_after="3"), answer(200)], CALL, 200, 2, [3.0]),
        ([answer(503), answer(200)], CALL, 200, 2, [0.25]),
        ([answer(502), answer(200)], SAFE, 200, 2, [0.25]),
        ([answer(502)], CALL, 502, 1, []),
        ([answer(404)], SAFE, 404, 1, []),
        ([answer(302, location="/")], SAFE, 302, 1, []),
        ([answer(503)], CALL, 503, 4, [0.25, 0.5, 1.0]),
        ([answer(429, retry_after="30")], CALL, 429, 1, []),
        ([answer(429, retry_after="14")], CALL, 429, 3, [14.0, 14.0]),
        ([answer(403, x_ratelimit_remaining="0", x_ratelimit_reset="2"), answer(200)], CALL, 200, 2, [2.0]),
    ],
)
def test_retries(steps: list[Step], call: Call, status: int, attempts: int, slept: list[float]) -> None:
    """What is repeated, after which pauses, and that the attempts are in the answer."""
    bench = Bench(*steps)
    response = bench.send(call)
    assert (response.status, response.attempts, bench.transport.sent) == (status, attempts, attempts)
    assert bench.clock.slept == slept


@pytest.mark.parametrize(
    ("status", "attempts", "slept"),
    [(400, 2, [3.0]), (404, 2, [3.0]), (403, 2, [3.0]), (200, 1, [])],
)
def test_a_limit_may_have_another_status(status: int, attempts: int, slept: list[float]) -> None:
    """AWS says with 400 that it is asked too often: that is waited out as 429 is, and only a refusal is asked about."""
    limited = answer(status, retry_after="3")
    bench = Bench(limited, answer(200))
    response = bench.send(attrs.evolve(CALL, meaning=lambda _: 429))
    assert (response.attempts, bench.clock.slept) == (attempts, slept)
    if status in {400, 404}:
        assert Bench(limited, answer(200)).send().attempts == 1


def test_a_refusal_may_have_the_status_of_a_broken_server() -> None:
    """An old Alertmanager says with 500 that it does not know a silence: that is final, and the server is well."""
    refused = attrs.evolve(SAFE, meaning=lambda _: 400)
    bench = Bench(answer(500))
    for _ in range(30):
        assert bench.send(refused).attempts == 1
    assert Bench(answer(500)).send(SAFE).attempts == 4


def test_failure_carries_all_facts() -> None:
    """The last failure is raised with who, what, for which integration and how often."""
    bench = Bench(unsent())
    error = bench.failure()
    assert isinstance(error, TransportError)
    assert (error.provider, error.operation, error.integration_id) == ("acme", "thing.do", "acme-1")
    assert (error.attempts, error.sent, error.retryable) == (4, False, True)
    assert str(error) == "acme-1 thing.do: could not connect [4 attempts]"
    again = pickle.loads(pickle.dumps(error))  # our own
    assert (str(again), again.sent) == (str(error), False)


def test_ambiguous_failure_is_not_repeated() -> None:
    """After a reset nobody knows whether the message was posted: it is not posted again."""
    bench = Bench(reset(), answer(200))
    failure = bench.failure()
    assert (failure.attempts, failure.retryable) == (1, False)
    assert bench.transport.sent == 1
    assert Bench(reset()).failure(SAFE).retryable is True  # doing it again does no more than doing it once


def test_blocked_address_is_final() -> None:
    """Trying again does not make an address allowed, nor is its origin in trouble."""
    bench = Bench(BlockedAddressError("private", sent=False), policy=CircuitPolicy(failures=1))
    for _ in range(2):
        assert isinstance(bench.failure(SAFE), BlockedAddressError)
    assert bench.transport.sent == 2


def test_deadline_interrupts_an_attempt() -> None:
    """A transport that hangs is interrupted at the deadline, and the failure is ambiguous."""

    async def hang(_: Request) -> Response:
        await asyncio.Event().wait()
        raise AssertionError

    call = Call(
        provider="acme",
        operation="x",
        idempotent=True,
        retry=RetryPolicy(deadline=timedelta(milliseconds=20)),
    )
    error = Bench(hang).failure(call)
    assert isinstance(error, DeadlineExceededError)
    assert (error.sent, error.attempts) == (True, 1)


def test_nothing_is_sent_after_the_deadline() -> None:
    """Without any time nothing is sent."""
    bench = Bench(answer(200))
    error = bench.failure(Call(provider="acme", operation="x", retry=RetryPolicy(deadline=timedelta(0))))
    assert isinstance(error, DeadlineExceededError)
    assert (error.sent, error.attempts, bench.transport.sent) == (False, 0, 0)


def test_foreign_timeout_is_not_mistaken_for_the_deadline() -> None:
    """A `TimeoutError` of a transport that breaks its promise is not turned into a deadline."""
    with pytest.raises(TimeoutError, match="own"):
        Bench(TimeoutError("own")).send()


def test_cancellation_passes() -> None:
    """Cancelling works while sending and while waiting to try again."""

    async def main() -> None:
        reached = asyncio.Event()

        async def hang(_: Request) -> Response:
            reached.set()
            await asyncio.Event().wait()
            raise AssertionError

        client = HttpClient(ScriptedTransport(hang), FakeClock())
        task = asyncio.ensure_future(client.send(REQUEST, SAFE))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_rate_limit_is_kept() -> None:
    """The documented rate paces calls, and one that could not start in time is not sent."""
    bench = Bench(answer(200))
    rate = RateLimit(calls=1, period=timedelta(seconds=20))
    call = Call(provider="acme", operation="x", account="a", rate=rate)

    async def main() -> None:
        await bench.client.send(REQUEST, call)
        await bench.client.send(REQUEST, call)

    asyncio.run(main())
    assert bench.clock.slept == [20]
    bench.clock.advance(-15)
    error = bench.failure(
        Call(
            provider="acme",
            operation="x",
            account="a",
            rate=rate,
            retry=RetryPolicy(deadline=timedelta(seconds=5)),
        )
    )
    assert isinstance(error, RateLimitedError)
    assert (error.attempts, bench.transport.sent) == (0, 2)


def test_limit_reached_by_one_call_holds_for_others() -> None:
    """After a 429 the next call of that account waits, without asking first."""
    bench = Bench(answer(429, retry_after="25"), answer(200))
    once = Call(provider="acme", operation="x", account="a", retry=RetryPolicy(attempts=1))
    assert bench.send(once).status == 429
    assert bench.send(once).status == 200
    assert bench.clock.slept == [25]


def test_answer_is_kept_when_the_limit_leaves_no_time() -> None:
    """A retry that the rate limit would delay past the deadline does not happen; the answer is returned."""
    rate = RateLimit(calls=1, period=timedelta(minutes=1))
    bench = Bench(answer(503), answer(200))
    response = bench.send(Call(provider="acme", operation="x", rate=rate))
    assert (response.status, response.attempts, bench.transport.sent) == (503, 1, 1)


def test_circuit_opens_and_closes() -> None:
    """After failures in a row nothing is sent for a pause; then a probe, and all is well."""
    bench = Bench(unsent(), unsent(), answer(200), policy=CircuitPolicy(failures=2))
    once = Call(provider="acme", operation="x", integration_id="acme-1", retry=RetryPolicy(attempts=1))
    for _ in range(2):
        bench.failure(once)
    error = bench.failure(once)
    assert isinstance(error, ProviderUnavailableError)
    assert (error.attempts, error.retry_after, error.integration_id) == (0, timedelta(seconds=30), "acme-1")
    assert bench.transport.sent == 2
    bench.clock.advance(30)
    assert bench.send(once).status == 200
    assert bench.send(once).status == 200


def test_circuit_that_opens_between_attempts_ends_the_call() -> None:
    """The attempt that opened it is reported, as it says more than the open circuit."""
    bench = Bench(answer(503), policy=CircuitPolicy(failures=2))
    assert bench.send().attempts == 2


def test_client_errors_are_answers_of_a_healthy_server() -> None:
    """404 and 429 never open a circuit."""
    bench = Bench(answer(404), policy=CircuitPolicy(failures=1))
    for _ in range(3):
        assert bench.send().status == 404


@pytest.mark.parametrize(("owned", "closed"), [(True, 1), (False, 0)])
def test_close(owned: bool, closed: int) -> None:
    """Only a transport of its own is closed."""
    transport = ScriptedTransport(answer(200))
    asyncio.run(HttpClient(transport, FakeClock(), owned=owned).close())
    assert transport.closed == closed


def test_logs_say_what_happened_and_nothing_secret(caplog: pytest.LogCaptureFixture) -> None:
    """Attempts at DEBUG, retries at WARNING, with origin and operation; no path, query, header or body."""
    caplog.set_level(logging.DEBUG, "integrations_sdk")
    Bench(unsent(), answer(503), answer(200)).send()
    levels = [record.levelname for record in caplog.records]
    assert levels == ["DEBUG", "WARNING", "DEBUG", "WARNING", "DEBUG"]
    assert "https://hooks.example.com:8443" in caplog.text
    assert "thing.do" in caplog.text
    assert "could not connect" in caplog.text
    assert "secret" not in caplog.text


def test_retries_are_not_logged_when_nobody_listens(caplog: pytest.LogCaptureFixture) -> None:
    """With the logger switched off nothing is written."""
    caplog.set_level(logging.ERROR, "integrations_sdk")
    Bench(unsent(), answer(200)).send()
    assert caplog.records == []


def test_failure_leaves_no_cycle() -> None:
    """A failed call's error is freed with its last reference, without the garbage collector."""
    gc.disable()
    try:
        bench = Bench(lambda _: _fail())
        seen: list[weakref.ref[BaseException]] = []

        async def main() -> None:
            try:
                await bench.client.send(REQUEST, CALL)
            except TransportError as error:
                seen.append(weakref.ref(error))

        asyncio.run(main())
        assert seen[0]() is None
    finally:
        gc.enable()


async def _fail() -> Response:
    raise reset()
