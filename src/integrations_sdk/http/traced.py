"""`TracedHttp`: sends what a delivery sends, and knows afterwards what came of it.

A delivery has a schedule of its own, and each attempt at it may make several requests. Once one of them took effect
(the first of two messages was posted), beginning again would do that part twice; so it must be known.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

import attrs

from integrations_sdk.http.base import Call, HttpSender, Request, Response, origin

__all__ = ["Trace", "TracedHttp", "traced"]

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@attrs.define
class Trace:
    """What was sent so far, and what was answered last.

    Attributes:
        address: the origin of the last request, e.g. `https://example.com`; None: nothing was sent.
        answer: the last answer; None while there is none.
        took_effect: a request that must not be repeated was accepted.
    """

    address: str | None = None
    answer: Response | None = None
    took_effect: bool = False


_TRACE: Final[ContextVar[Trace | None]] = ContextVar("integrations_sdk_trace", default=None)


@contextmanager
def traced() -> Iterator[Trace]:
    """Have a `Trace` of all that is sent inside, by tasks that are started there as well."""
    trace = Trace()
    token = _TRACE.set(trace)
    try:
        yield trace
    finally:
        _TRACE.reset(token)


class TracedHttp:
    """An `HttpSender` over another one, which it shares with others and does not close."""

    def __init__(self, http: HttpSender) -> None:
        self._http = http

    async def send(self, request: Request, call: Call) -> Response:
        """See `HttpSender.send`."""
        trace = _TRACE.get() or Trace()
        trace.address, trace.answer = origin(request.url), None
        response = trace.answer = await self._http.send(request, call)
        if response.ok and not call.idempotent and request.method not in _SAFE:
            trace.took_effect = True
        return response

    async def close(self) -> None:
        """Nothing is its own."""
