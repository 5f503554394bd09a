"""Those who wait for the first attempt at what they enqueued, and what they are told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

import attrs

from integrations_sdk.models import Outcome, OutcomeStatus
from integrations_sdk.models.delivery import Attempt, Delivery, DeliveryState, Target
from integrations_sdk.queue.base import Queue

__all__ = ["Waiting", "accepted"]

Futures: TypeAlias = Mapping[str, asyncio.Future[Outcome]]

_LOOK_AGAIN: Final = 0.5
"""Seconds between two looks at a delivery that perhaps another process's worker has taken."""


class Waiting:
    """Deliveries by id, each with somebody who waits for it."""

    def __init__(self) -> None:
        self._expected: dict[str, list[asyncio.Future[Outcome]]] = {}

    def expect(self, ids: Iterable[str]) -> dict[str, asyncio.Future[Outcome]]:
        """Futures of the first outcomes of some deliveries; `forget()` them in the end."""
        loop = asyncio.get_running_loop()
        futures: dict[str, asyncio.Future[Outcome]] = {id_: loop.create_future() for id_ in ids}
        for id_, future in futures.items():
            self._expected.setdefault(id_, []).append(future)
        return futures

    def forget(self, futures: Futures) -> None:
        """Nobody waits for these any more."""
        for id_, future in futures.items():
            others = self._expected.get(id_, [])
            if future in others:
                others.remove(future)
            if not others:
                self._expected.pop(id_, None)

    def tell(self, delivery_id: str, outcome: Outcome) -> None:
        """An attempt was recorded."""
        if (waiting := self._expected.pop(delivery_id, None)) is None:
            return
        for future in waiting:
            if not future.done():
                future.set_result(attrs.evolve(outcome, delivery_id=delivery_id))

    async def wait(self, queue: Queue, futures: Futures, *, until: float | None, look: bool) -> None:
        """Return when all are done, or at the loop's time `until`.

        Args:
            look: into the log at once: some are not new, or this process sends nothing.
        """
        loop = asyncio.get_running_loop()
        if look:
            await self._look(queue, futures)
        while open_ := [future for future in futures.values() if not future.done()]:
            left = _LOOK_AGAIN if until is None else min(_LOOK_AGAIN, until - loop.time())
            if left <= 0:
                return
            done, _ = await asyncio.wait(open_, timeout=left, return_when=asyncio.ALL_COMPLETED)
            if len(done) < len(open_):
                await self._look(queue, futures)

    async def _look(self, queue: Queue, futures: Futures) -> None:
        """Take outcomes out of the log."""
        for id_, future in futures.items():
            delivery = None if future.done() else await queue.get(id_)
            if delivery is None:
                continue
            attempts = await queue.attempts(id_)
            outcome = _seen(delivery, attempts[-1] if attempts else None)
            if outcome is not None and not future.done():
                future.set_result(outcome)


def accepted(target: Target, delivery_id: str, detail: str = "not tried yet") -> Outcome:
    """The outcome of what is stored, and will be sent."""
    return Outcome(
        target=target.id,
        provider=target.kind,
        operation="send",
        status=OutcomeStatus.ACCEPTED,
        attempts=0,
        detail=detail,
        delivery_id=delivery_id,
    )


def _seen(delivery: Delivery, attempt: Attempt | None) -> Outcome | None:
    """What the log says of a delivery; None: nothing yet."""
    if attempt is not None:
        return _outcome(delivery, attempt)
    if delivery.state is DeliveryState.HELD:
        detail = "its target is disabled: it is sent when that is enabled"
        return accepted(delivery.target, delivery.delivery_id, detail)
    if delivery.state is DeliveryState.FAILED:
        return attrs.evolve(
            accepted(delivery.target, delivery.delivery_id),
            status=OutcomeStatus.FAILED,
            detail=None,
            error=delivery.error,
        )
    return None


def _outcome(delivery: Delivery, attempt: Attempt) -> Outcome:
    failed = attempt.error is not None
    return Outcome(
        target=delivery.target.id,
        provider=delivery.target.kind,
        operation="send",
        status=OutcomeStatus.FAILED if failed else OutcomeStatus.SUCCEEDED,
        http_status=attempt.http_status,
        request_id=attempt.request_id,
        delivery_id=delivery.delivery_id,
        error=attempt.error,
        retryable=failed and delivery.state is not DeliveryState.FAILED,
        duration=attempt.latency,
    )
