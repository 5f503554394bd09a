"""`DeliveryEngine`: takes events for targets in, and sees to it that each arrives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from integrations_sdk.clock import uuid7
from integrations_sdk.delivery.limits import Route, WorkerLimits
from integrations_sdk.delivery.metrics import DeliveryMetrics, Meters
from integrations_sdk.delivery.notices import notices_of, target_notice
from integrations_sdk.delivery.schedule import DeliveryPolicy, reason_to_disable
from integrations_sdk.delivery.sending import Sender
from integrations_sdk.delivery.waiting import Waiting, accepted
from integrations_sdk.delivery.worker import DeliveryWorker, Finished
from integrations_sdk.errors import ConfigurationError, IntegrationError
from integrations_sdk.logs import logger, place_of
from integrations_sdk.models import Event, OutcomeList
from integrations_sdk.models.delivery import Target, TargetStatistics
from integrations_sdk.queue.base import Accepted, NewDelivery, Queue, QueuedEvent
from integrations_sdk.queue.events import EventReader
from integrations_sdk.runtime import Runtime
from integrations_sdk.store.upkeep import keep_purged

__all__ = ["DeliveryEngine"]

_MOST_UNTOLD: Final = 1_000
"""Notices waiting for slow listeners; with more, the worker waits for them too."""


class DeliveryEngine:
    """Stores deliveries before anything is sent, sends them by senders, and tells the bus what came of it.

    Args:
        queue: where deliveries live, its owner's to close after `stop()`; or what opens it when it is first
            needed, and then `close()` closes it.
        policy: when to try again, and when to disable a target.
        limits: how much is done at a time.
        retention: how long the log of what ended is kept.
        deliver: whether `enqueue_and_wait()` may `start()` a worker; False leaves sending to other processes.
        reader: remembers events for the senders that share it.
        metrics: are told of what is recorded, and while it is started of the backlog.
    """

    def __init__(
        self,
        runtime: Runtime,
        queue: Queue | Callable[[], Queue],
        *,
        policy: DeliveryPolicy | None = None,
        limits: WorkerLimits | None = None,
        retention: timedelta = timedelta(days=7),
        deliver: bool = True,
        reader: EventReader | None = None,
        metrics: Sequence[DeliveryMetrics] = (),
    ) -> None:
        self._open = queue if callable(queue) else None
        self._queue = None if callable(queue) else queue
        self._runtime = runtime
        self._policy = policy or DeliveryPolicy()
        self._limits = limits or WorkerLimits()
        self._retention = retention
        self._deliver = deliver
        self._reader = reader or EventReader()
        self._meters = Meters(metrics)
        self._routes: dict[str, Route] = {}
        self._topics: dict[str, str] = {}
        self._waiting = Waiting()
        self._worker: DeliveryWorker | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._untold: asyncio.Queue[Event] = asyncio.Queue(_MOST_UNTOLD)

    @property
    def queue(self) -> Queue:
        """Where deliveries live."""
        if self._queue is None:
            assert self._open is not None
            self._queue = self._open()
        return self._queue

    def register(
        self,
        kind: str,
        sender: Sender,
        *,
        topic: str = "delivery",
        repeatable: bool = True,
        host: Callable[[Target], str] | None = None,
    ) -> None:
        """Have targets of a kind served by a sender.

        Args:
            topic: the first word of its operational events, e.g. `webhook` for `webhook.delivered`.
            repeatable: sending twice does no harm, because receivers drop duplicates by the delivery's id.
                False: an attempt that may have arrived is not repeated by itself, but given up, saying so.
            host: names the host of a target, of which no more is sent to at a time than to one target.
        """
        self._routes[kind] = Route(sender, repeatable, host)
        self._topics[kind] = topic

    async def enqueue(
        self,
        event: Event | QueuedEvent,
        targets: Iterable[Target],
        *,
        ordering_key: str | None = None,
        idempotency_key: str | None = None,
        due_at: datetime | None = None,
    ) -> tuple[Accepted, ...]:
        """Store the event and a delivery for each target, in one transaction; once it returns, all arrives.

        Args:
            ordering_key: deliver in order within this key, for each target.
            idempotency_key: take no second delivery of this key for a target.
            due_at: not before; None is now.

        Returns:
            One entry for each target, in their order.

        Raises:
            ConfigurationError: something in it cannot be stored.
        """
        queued = self._queued(event)
        new = self._new(targets, ordering_key, idempotency_key, due_at)
        return await self.queue.enqueue(queued, new)

    async def enqueue_within(
        self,
        connection: object,
        event: Event | QueuedEvent,
        targets: Iterable[Target],
        *,
        ordering_key: str | None = None,
        idempotency_key: str | None = None,
        due_at: datetime | None = None,
    ) -> tuple[Accepted, ...]:
        """`enqueue()` inside a transaction of your own; see `Queue.enqueue_within`."""
        new = self._new(targets, ordering_key, idempotency_key, due_at)
        return await self.queue.enqueue_within(connection, self._queued(event), new)

    async def enqueue_and_wait(
        self,
        event: Event | QueuedEvent,
        targets: Iterable[Target],
        *,
        ordering_key: str | None = None,
        idempotency_key: str | None = None,
        timeout: timedelta | None = None,
    ) -> OutcomeList:
        """`enqueue()`, then wait for the first attempt at each; what failed is tried again all the same.

        Args:
            timeout: then what was not tried yet has an outcome that says so, `accepted`; None waits.

        Returns:
            One outcome for each target, in their order; nothing that a target does is raised.
        """
        if self._deliver:
            self.start()
        new = self._new(targets, ordering_key, idempotency_key, None)
        loop = asyncio.get_running_loop()
        until = None if timeout is None else loop.time() + timeout.total_seconds()
        futures = self._waiting.expect(one.delivery_id for one in new)
        try:
            taken = await self.queue.enqueue(self._queued(event), new)
            duplicates = self._waiting.expect(one.delivery_id for one in taken if one.duplicate)
            wanted = {one.delivery_id: {**futures, **duplicates}[one.delivery_id] for one in taken}
            elsewhere = bool(duplicates) or self._loop is not loop
            await self._waiting.wait(self.queue, wanted, until=until, look=elsewhere)
        finally:
            self._waiting.forget(futures)
        self._waiting.forget(duplicates)
        return OutcomeList(
            wanted[one.delivery_id].result()
            if wanted[one.delivery_id].done()
            else accepted(delivery.target, one.delivery_id)
            for delivery, one in zip(new, taken, strict=True)
        )

    @property
    def is_running(self) -> bool:
        """Whether a worker of this engine is at work."""
        return self._worker is not None

    def start(self) -> None:
        """Begin to deliver, in the running loop; no-op if it has begun, here or in another loop that still runs."""
        loop = asyncio.get_running_loop()
        if self._worker is not None and self._loop is not None and not self._loop.is_closed():
            return
        self._loop, self._untold = loop, asyncio.Queue(_MOST_UNTOLD)
        self._worker = DeliveryWorker(
            self.queue,
            self._routes,
            self._runtime.clock,
            policy=self._policy,
            limits=self._limits,
            on_recorded=self._recorded,
        )
        work = {"deliver": self._worker.run(), "tell": self._tell(), "retention": keep_purged(self._purge)}
        if self._meters:
            work["metrics"] = self._meters.watch(self.queue, self._runtime.clock)
        self._tasks = [self._runtime.tasks.spawn(each, name=name) for name, each in work.items()]

    async def stop(self, *, grace: timedelta | None = None) -> None:
        """Finish what is being sent, give back the rest, and tell the bus of it; no-op if not started.

        Args:
            grace: how long what is being sent may still take; then it is given back too, and may arrive twice.
                None waits for its own end (`WorkerLimits.send_timeout`).
        """
        if self._worker is None or self._loop is not asyncio.get_running_loop():
            return
        self._worker.stop(abandon=grace is not None and grace <= timedelta(0))
        delivering, *others = self._tasks
        _, going_on = await asyncio.wait(
            [delivering], timeout=None if grace is None else grace.total_seconds()
        )
        if going_on:
            self._worker.stop(abandon=True)
            await asyncio.wait([delivering])
        if not others[0].done():
            await self._untold.join()
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self._worker = None

    async def close(self, *, grace: timedelta | None = None) -> None:
        """`stop()`, and close the queue if it was opened here."""
        await self.stop(grace=grace)
        if self._open is not None and self._queue is not None:
            await self._queue.close()

    async def disable(self, target: Target, reason: str) -> bool:
        """Send nothing to the target any more, and hold what is and will be for it; False if it was disabled."""
        if not await self.queue.hold(target, reason):
            return False
        await self._publish([target_notice(self._topic(target, "disabled"), target, self._now(), reason)])
        return True

    async def statistics(self, target: Target) -> TargetStatistics:
        """What became of the attempts on a target; of an unknown one there were none."""
        return await self.queue.statistics(target)

    async def limit(self, target: Target, rate: float | None) -> None:
        """Send to the target no more often than `rate` a second, over all processes; see `Queue.limit`."""
        await self.queue.limit(target, rate)

    async def enable(self, target: Target) -> bool:
        """Send what was held, and what comes; False if it was not disabled."""
        if not await self.queue.resume(target):
            return False
        await self._publish([target_notice(self._topic(target, "enabled"), target, self._now())])
        return True

    def _new(
        self,
        targets: Iterable[Target],
        ordering_key: str | None,
        idempotency_key: str | None,
        due_at: datetime | None,
    ) -> list[NewDelivery]:
        now = self._now()
        return [
            NewDelivery(
                delivery_id=uuid7(now),
                target=target,
                ordering_key=ordering_key,
                idempotency_key=idempotency_key,
                due_at=due_at,
            )
            for target in targets
        ]

    async def _recorded(self, finished: Sequence[Finished]) -> None:
        now, listens = self._now(), cache(self._runtime.bus.listens)
        self._meters.recorded(finished)
        for one in finished:
            delivery = one.result.claimed.delivery
            self._waiting.tell(delivery.delivery_id, one.outcome)
            topic = self._topics.get(delivery.target.kind, "delivery")
            for notice in notices_of(one, topic, now, listens):
                await self._untold.put(notice)
        for target, reason in self._to_disable(finished, now).items():
            if await self.queue.hold(target, reason):
                await self._untold.put(target_notice(self._topic(target, "disabled"), target, now, reason))

    def _to_disable(self, finished: Sequence[Finished], now: datetime) -> dict[Target, str]:
        found: dict[Target, str] = {}
        for one in finished:
            if one.recorded.failing_since is None:
                continue
            try:
                reason = reason_to_disable(self._policy, one.outcome, one.recorded.failing_since, now)
            except Exception as error:  # noqa: BLE001  # the rule is the application's own code
                logger().error("rule failed", error=type(error).__name__, where=place_of(error))
                continue
            if reason is not None:
                found[one.result.claimed.delivery.target] = reason
        return found

    async def _tell(self) -> None:
        while True:
            notice = await self._untold.get()
            await self._publish([notice])
            self._untold.task_done()

    async def _publish(self, notices: Iterable[Event]) -> None:
        for notice in notices:
            try:
                await self._runtime.bus.publish(notice)
            except IntegrationError as error:
                logger().warning("bus refused a notice", notice=notice.type, reason=str(error))

    async def _purge(self) -> int:
        return await self.queue.purge(self._now() - self._retention)

    def _topic(self, target: Target, what: str) -> str:
        return f"{self._topics.get(target.kind, 'delivery')}.{what}"

    def _now(self) -> datetime:
        return self._runtime.clock.now()

    def _queued(self, event: Event | QueuedEvent) -> QueuedEvent:
        if isinstance(event, QueuedEvent):
            return event
        try:
            return self._reader.pack(event)
        except (TypeError, ValueError) as error:
            remedy = "use None, bool, finite numbers, text, lists and dicts"
            raise ConfigurationError.of("enqueued event", "data", "has no JSON form", remedy) from error
