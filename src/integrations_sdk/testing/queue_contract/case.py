"""`QueueCase`: what the parts of the contract share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from integrations_sdk.clock import Clock, FakeClock
from integrations_sdk.models.delivery import At, Attempt, Dead, Done, Target, Verdict
from integrations_sdk.queue.base import Batch, Claimed, NewDelivery, Queue, QueuedEvent, Result

__all__ = ["LEASE", "START", "A", "B", "QueueCase", "claim", "finish", "later", "names", "put", "result"]

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
LEASE: Final = timedelta(seconds=30)
A: Final = Target("webhook", "a")
B: Final = Target("webhook", "b")


def later(seconds: float) -> datetime:
    """A moment after the clock's start."""
    return START + timedelta(seconds=seconds)


async def put(
    queue: Queue,
    id_: str,
    *targets: Target,
    key: str | None = None,
    once: str | None = None,
    due_at: datetime | None = None,
) -> None:
    """Enqueue an event `id_` of type `push`; its deliveries are called `id_`, or `id_/target` if several."""
    deliveries = [
        NewDelivery(
            delivery_id=id_ if len(targets) < 2 else f"{id_}/{target.id}",
            target=target,
            ordering_key=key,
            idempotency_key=once,
            due_at=due_at,
        )
        for target in targets or (A,)
    ]
    await queue.enqueue(
        QueuedEvent(event_id=f"event-{id_}", event_type="push", body=id_.encode()), deliveries
    )


async def claim(
    queue: Queue,
    *,
    worker: str = "w",
    limit: int = 100,
    per_target: int = 100,
    busy: dict[Target, int] | None = None,
) -> Batch:
    """Claim for `LEASE`."""
    return await queue.claim(worker, limit=limit, lease=LEASE, per_target=per_target, busy=busy)


def names(claimed: Batch | Iterable[Claimed]) -> list[str]:
    """The ids of deliveries, sorted."""
    items = claimed.claimed if isinstance(claimed, Batch) else claimed
    return sorted(one.delivery.delivery_id for one in items)


def result(
    one: Claimed, verdict: Verdict, *, status: int = 200, at: datetime = START, ms: float = 3
) -> Result:
    """A result; its attempt failed unless the verdict is `Done`."""
    return Result(
        claimed=one,
        verdict=verdict,
        attempt=Attempt(
            number=one.delivery.attempts + 1,
            started_at=at,
            latency=timedelta(milliseconds=ms),
            http_status=status,
            error=None if isinstance(verdict, Done) else "broken",
            excerpt="answer",
            address="https://example.com",
            request_id="r-1",
        ),
    )


async def finish(queue: Queue, batch: Batch, verdict: Verdict | None = None) -> None:
    """Record the same verdict for all of a batch."""
    await queue.record([result(one, verdict or Done()) for one in batch.claimed])


async def fail_until(queue: Queue, batch: Batch, due: datetime) -> None:
    """Have all of a batch tried again."""
    await finish(queue, batch, At(due))


async def bury(queue: Queue, batch: Batch) -> None:
    """Give all of a batch up."""
    await finish(queue, batch, Dead("no use"))


class QueueCase:
    """Subclass it, name the subclass `Test…`, and say how to open an empty queue."""

    def open(self, clock: Clock) -> Queue:
        """A new, empty queue that goes by this clock."""
        raise NotImplementedError

    async def opened(self, clock: Clock) -> Queue:
        """The same, for what must be opened in a loop."""
        return self.open(clock)

    async def closed(self, queue: Queue) -> None:
        """Close the queue and what belongs to it."""
        await queue.close()

    def run(self, scenario: Callable[[Queue, FakeClock], Awaitable[None]]) -> None:
        """Run a scenario on a new queue, and close it."""

        async def main() -> None:
            clock = FakeClock(START)
            queue = await self.opened(clock)
            try:
                await scenario(queue, clock)
            finally:
                await self.closed(queue)

        asyncio.run(main())
