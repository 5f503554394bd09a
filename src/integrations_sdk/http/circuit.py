"""Circuit breaker: after failures in a row, an origin is left alone for a while, then probed once."""

from __future__ import annotations

from collections import OrderedDict
from datetime import timedelta
from typing import Final

import attrs

from integrations_sdk.clock import Clock
from integrations_sdk.http.base import origin
from integrations_sdk.logs import logger

__all__ = ["Circuit", "CircuitBreaker", "CircuitPolicy", "admit", "fail"]


@attrs.frozen(kw_only=True)
class CircuitPolicy:
    """When to leave an origin alone.

    Attributes:
        failures: this many in a row open the circuit; 1 or more.
        pause: how long nothing is sent then, before one request may probe.
    """

    failures: int = 10
    pause: timedelta = timedelta(seconds=30)


@attrs.frozen
class Circuit:
    """The state of one origin.

    Attributes:
        failures: in a row, up to now.
        opened_until: None while requests pass; otherwise when the next probe may.
    """

    failures: int = 0
    opened_until: float | None = None


def admit(circuit: Circuit, policy: CircuitPolicy, now: float) -> tuple[Circuit, float]:
    """Whether a request may pass: the new state, and the seconds it would have to wait (0: it passes).

    | state | request |
    |---|---|
    | closed | passes |
    | open, pause not over | waits for the rest of the pause |
    | open, pause over (half-open) | passes as the probe; the others wait for one more pause |

    A probe that is never heard of again (its caller was cancelled) thus blocks for one pause only.
    """
    if circuit.opened_until is None:
        return circuit, 0.0
    if now < circuit.opened_until:
        return circuit, circuit.opened_until - now
    return attrs.evolve(circuit, opened_until=now + policy.pause.total_seconds()), 0.0


def fail(circuit: Circuit, policy: CircuitPolicy, now: float) -> Circuit:
    """The state after one more failure. After a success there is none: a new `Circuit()`."""
    failures = circuit.failures + 1
    until = now + policy.pause.total_seconds() if failures >= policy.failures else None
    return Circuit(failures, until)


_CLOSED: Final = Circuit()
_USUAL: Final = CircuitPolicy()


class CircuitBreaker:
    """The circuits of all origins. Only those that fail are remembered, `max_origins` of them at most."""

    def __init__(self, clock: Clock, policy: CircuitPolicy = _USUAL, *, max_origins: int = 4096) -> None:
        self._clock = clock
        self._policy = policy
        self._max_origins = max_origins
        self._failing: OrderedDict[str, Circuit] = OrderedDict()

    def admit(self, url: str) -> timedelta | None:
        """None if a request to this URL may be sent, otherwise how long its origin is still left alone."""
        if not self._failing:  # the usual case; no URL is parsed for it
            return None
        key = origin(url)
        circuit = self._failing.get(key)
        if circuit is None:
            return None
        self._failing[key], wait = admit(circuit, self._policy, self._clock.monotonic())
        return timedelta(seconds=wait) if wait > 0 else None

    def succeeded(self, url: str) -> None:
        """An answer came that is no server error: a 4xx shows that the server is well."""
        if not self._failing:
            return
        key = origin(url)
        if self._failing.pop(key, _CLOSED).opened_until is not None:
            logger().info("circuit closed", origin=key)

    def failed(self, url: str) -> None:
        """No answer came, or a server error."""
        key = origin(url)
        before = self._failing.pop(key, _CLOSED)
        after = self._failing[key] = fail(before, self._policy, self._clock.monotonic())
        if len(self._failing) > self._max_origins:
            self._failing.popitem(last=False)
        if before.opened_until is None and after.opened_until is not None:
            pause = self._policy.pause.total_seconds()
            logger().warning("circuit opened", origin=key, failures=after.failures, pause=pause)
