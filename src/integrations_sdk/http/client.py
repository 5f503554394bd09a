"""`HttpClient`: a transport under all the rules (rate limit, circuit, deadline, retry)."""

from __future__ import annotations

import asyncio
import logging
import random as randomness
from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeVar

import attrs

from integrations_sdk.clock import Clock
from integrations_sdk.errors import (
    ConnectorError,
    DeadlineExceededError,
    ProviderUnavailableError,
    TransportError,
)
from integrations_sdk.http.base import Call, Request, Response, Transport, origin
from integrations_sdk.http.circuit import CircuitBreaker
from integrations_sdk.http.rate_limit import RateLimiter
from integrations_sdk.http.retry import Retry, Stop, decide
from integrations_sdk.http.telemetry import Telemetry
from integrations_sdk.logs import logger

__all__ = ["HttpClient"]

_STANDARD: Final = logging.getLogger("integrations_sdk")


class HttpClient:
    """Sends requests as `HttpSender` promises.

    Each attempt passes the rate limit of its provider and account, the circuit of its origin and the
    transport; `retry.decide()` says whether another follows. All share one deadline. When no further
    attempt is allowed or possible, the last answer is returned or the last failure raised.

    Cancelling a call ends it at once, wherever it is.

    Args:
        transport: sends one request once.
        random: draws from 0 to 1, for the jitter.
        circuit: of all origins; its own unless one is shared.
        limiter: of all accounts; its own unless one is shared.
        telemetry: spans and metrics; True uses the application's global OpenTelemetry providers.
        owned: whether `close()` closes the transport. False for one that the user brought.

    Raises:
        MissingExtraError: `telemetry=True` without OpenTelemetry's API.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        *,
        random: Callable[[], float] = randomness.random,
        circuit: CircuitBreaker | None = None,
        limiter: RateLimiter | None = None,
        telemetry: Telemetry | bool | None = None,
        owned: bool = True,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._random = random
        self._circuit = circuit or CircuitBreaker(clock)
        self._limiter = limiter or RateLimiter(clock)
        self._telemetry = Telemetry() if telemetry is True else telemetry or None
        self._owned = owned

    async def send(self, request: Request, call: Call) -> Response:
        """The final answer, whatever its status, `attempts` filled in.

        Raises:
            TransportError: no answer arrived (or a kind of it: deadline, blocked, too large).
            ProviderUnavailableError: the circuit of that origin is open; nothing was sent.
            RateLimitedError: the rate limit has no room before the deadline; nothing was sent.
        """
        started = self._clock.monotonic()
        until = started + call.retry.deadline.total_seconds()
        await self._admit(request, call, until)
        attempt = 1
        came = await self._attempt(request, call, attempt, until)
        while (retry := self._next(request, call, attempt, came, started)) is not None:
            await self._clock.sleep(retry.delay)
            try:
                await self._admit(request, call, until)
            except ConnectorError:
                break  # what the attempt came to says more
            attempt += 1
            came = await self._attempt(request, call, attempt, until)
        try:
            if isinstance(came, Response):
                return came if attempt == 1 else attrs.evolve(came, attempts=attempt)
            raise _with_facts(came, call, attempt)
        finally:
            del came  # or error, traceback, this frame and the request would keep each other alive

    async def close(self) -> None:
        """Close the transport, if it is not the user's own."""
        if self._owned:
            await self._transport.close()

    async def _admit(self, request: Request, call: Call, until: float) -> None:
        """Wait for the account's turn; raise if nothing may be sent."""
        left = until - self._clock.monotonic()
        if left <= 0:
            raise _with_facts(DeadlineExceededError("no time is left to send", sent=False), call, 0)
        await self._limiter.acquire(call, left)
        if (pause := self._circuit.admit(request.url)) is not None:
            message = "left alone after too many failures in a row; nothing was sent"
            raise _with_facts(ProviderUnavailableError(message, retry_after=pause), call, 0)

    async def _attempt(
        self, request: Request, call: Call, attempt: int, until: float
    ) -> Response | TransportError:
        """One answer, or why there is none."""
        try:
            async with asyncio.timeout(until - self._clock.monotonic()) as scope:
                if self._telemetry is None:
                    return await self._transport.send(request)
                return await self._telemetry.send(self._transport, request, call, attempt)
        except TransportError as error:
            return error
        except TimeoutError:
            if not scope.expired():
                raise
        return DeadlineExceededError("no answer before the deadline")

    def _next(
        self, request: Request, call: Call, attempt: int, came: Response | TransportError, started: float
    ) -> Retry | None:
        """Learn from an attempt; whether another follows."""
        wait = self._learn(request, call, came)
        failure = call.status_of(came) if isinstance(came, Response) else came
        if _STANDARD.isEnabledFor(logging.DEBUG):
            logger().debug("http attempt", **_facts(request, call, attempt, failure))
        if isinstance(failure, int) and failure < 400:
            return None
        decision = decide(
            attempt,
            call.retry,
            failure=failure,
            idempotent=call.idempotent,
            elapsed=self._clock.monotonic() - started,
            retry_after=wait,
            random=self._random(),
        )
        if isinstance(decision, Stop):
            return None
        if _STANDARD.isEnabledFor(logging.WARNING):
            logger().warning(
                "http retry", **_facts(request, call, attempt, failure), delay=round(decision.delay, 3)
            )
        return decision

    def _learn(self, request: Request, call: Call, came: Response | TransportError) -> timedelta | None:
        if isinstance(came, TransportError):
            if came.retryable:
                self._circuit.failed(request.url)
            return None
        if call.status_of(came) < 500:
            self._circuit.succeeded(request.url)
        else:
            self._circuit.failed(request.url)
        return self._limiter.learn(call, came)


E = TypeVar("E", bound=ConnectorError)


def _with_facts(error: E, call: Call, attempts: int) -> E:
    error.provider = call.provider
    error.operation = call.operation
    error.integration_id = call.integration_id
    error.attempts = attempts
    if isinstance(error, TransportError) and error.sent and not call.idempotent:
        error.retryable = False  # it may have had its effect: to repeat it is the caller's decision
    return error


def _facts(request: Request, call: Call, attempt: int, came: int | TransportError) -> dict[str, object]:
    """What may be logged of a request: never its path, query, headers or body."""
    result = (
        {"status": came} if isinstance(came, int) else {"error": type(came).__name__, "reason": came.message}
    )
    return {
        "method": request.method,
        "origin": origin(request.url),
        "operation": call.operation,
        "attempt": attempt,
    } | result
