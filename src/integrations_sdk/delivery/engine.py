"""`DeliveryEngine`: takes events for targets in, and sees to it that each arrives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from integrations_sdk.clock import uuid7
from integrations_sdk.delivery.events import pack
from integrations_sdk.delivery.limits import Route, WorkerLimits
from integrations_sdk.delivery.metrics import DeliveryMetrics, Meters
from integrations_sdk.delivery.notices import notices_of, target_notice
from integrations_sdk.delivery.schedule import DeliveryPolicy, overdue
from integrations_sdk.delivery.sending import Sender
from integrations_sdk.delivery.worker import DeliveryWorker, Finished
from integrations_sdk.errors import ConfigurationError, IntegrationError
from integrations_sdk.logs import logger
from integrations_sdk.models import Event, Outcome, OutcomeList, OutcomeStatus
from integrations_sdk.models.delivery import Attempt, Delivery, DeliveryState, Target
from integrations_sdk.queue.base import Accepted, NewDelivery, Queue, QueuedEvent
from integrations_sdk.runtime import Runtime

__all__ = ["DeliveryEngine"]

_MOST_UNTOLD: Final = 1_000
"""Notices waiting for slow listeners; with more, the worker waits for them too."""

_LOOK_AGAIN: Final = 0.5
"""Seconds between two looks at a delivery that perhaps another process's worker has taken."""


class DeliveryEngine:
    """Stores deliveries before anything is sent, sends them by senders, and tells the bus what came of it.

    Args:
        queue: where deliveries live; it stays its owner's to close, after `stop()`.
        policy: when to try again, and when to disable a target.
        limits: how much is done at a time.
        retention: how long the log of what ended is kept.
        metrics: are told of what is recorded, and while it is started of the backlog.
    """

    def __init__(
        self,
        runtime: Runtime,
        queue: Queue,
        *,
        policy: DeliveryPolicy | None = None,
        limits: WorkerLimits | None = None,
        retention: timedelta = timedelta(days=7),
        metrics: Sequence[DeliveryMetrics] = (),
    ) -> None:
        self.queue = queue
        self._runtime = runtime
        self._policy = policy or DeliveryPolicy()
        self._limits = limits or WorkerLimits()
        self._retention = retention
        self._meters = Meters(metrics)
        self._routes: dict[str, Route] = {}
        self._topics: dict[str, str] = {}
        self._expected: dict[str, asyncio.Future[Outcome]] = {}
        self._worker: DeliveryWorker | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._untold: asyncio.Queue[Event] = asyncio.Queue(_MOST_UNTOLD)

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
        queued = _queued(event)
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
        return await self.queue.enqueue_within(connection, _queued(event), new)

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
            timeout: then what was not tried yet has an outcome that says so, `retryable`; None waits.

        Returns:
            One outcome for each target, in their order; nothing that a target does is raised.
        """
        if not self.is_running:
            self.start()
        new = self._new(targets, ordering_key, idempotency_key, None)
        futures = {one.delivery_id: asyncio.get_running_loop().create_future() for one in new}
        self._expected.update(futures)
        try:
            accepted = await self.queue.enqueue(_queued(event), new)
            until = None if timeout is None else asyncio.get_running_loop().time() + timeout.total_seconds()
            for one in accepted:
                futures.setdefault(one.delivery_id, asyncio.get_running_loop().create_future())
            wanted = {one.delivery_id: futures[one.delivery_id] for one in accepted}
            if any(one.duplicate for one in accepted):
                await self._look(wanted)
            await self._await(wanted, until)
        finally:
            for id_ in futures:
                self._expected.pop(id_, None)
        outcomes = zip(new, accepted, strict=True)
        return OutcomeList(
            wanted[one.delivery_id].result() if wanted[one.delivery_id].done() else _untried(delivery.target)
            for delivery, one in outcomes
        )

    @property
    def is_running(self) -> bool:
        """Whether a worker of this engine is at work."""
        return self._worker is not None

    def start(self) -> None:
        """Begin to deliver, in the running loop; no-op if it has begun."""
        if self._worker is not None:
            return
        self._worker = DeliveryWorker(
            self.queue,
            self._routes,
            self._runtime.clock,
            policy=self._policy,
            limits=self._limits,
            on_recorded=self._recorded,
        )
        work = {"deliver": self._worker.run(), "tell": self._tell(), "retention": self._keep_purged()}
        if self._meters:
            work["metrics"] = self._meters.watch(self.queue, self._runtime.clock)
        self._tasks = [self._runtime.tasks.spawn(each, name=name) for name, each in work.items()]

    async def stop(self, *, abandon: bool = False) -> None:
        """Finish what is being sent, give back the rest, and tell the bus of it; no-op if not started.

        Args:
            abandon: also give back what is being sent; it may arrive twice.
        """
        if self._worker is None:
            return
        self._worker.stop(abandon=abandon)
        delivering, *others = self._tasks
        await asyncio.wait([delivering])
        if not others[0].done():
            await self._untold.join()
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self._worker = None

    async def disable(self, target: Target, reason: str) -> bool:
        """Send nothing to the target any more, and hold what is and will be for it; False if it was disabled."""
        if not await self.queue.hold(target, reason):
            return False
        await self._publish([target_notice(self._topic(target, "disabled"), target, self._now(), reason)])
        return True

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
        now = self._now()
        self._meters.recorded(finished)
        for one in finished:
            future = self._expected.pop(one.result.claimed.delivery.delivery_id, None)
            if future is not None and not future.done():
                future.set_result(one.outcome)
            topic = self._topics.get(one.result.claimed.delivery.target.kind, "delivery")
            for notice in notices_of(one, topic, now, self._runtime.bus.listens):
                await self._untold.put(notice)
        for target in {
            one.result.claimed.delivery.target
            for one in finished
            if overdue(self._policy, one.recorded.failing_since, now)
        }:
            assert self._policy.disable_after is not None
            days = self._policy.disable_after / timedelta(days=1)
            reason = f"it has failed for {days:g} days: mend it, then enable it"
            if await self.queue.hold(target, reason):
                await self._untold.put(target_notice(self._topic(target, "disabled"), target, now, reason))

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

    async def _keep_purged(self) -> None:
        while True:
            try:
                gone = await self.queue.purge(self._now() - self._retention)
            except IntegrationError as error:  # e.g. the file is locked: the next purge may do better
                logger().warning("purge failed", reason=str(error))
            else:
                logger().debug("purged", deliveries=gone)
            await self._runtime.clock.sleep(3_600)

    async def _await(self, wanted: dict[str, asyncio.Future[Outcome]], until: float | None) -> None:
        loop = asyncio.get_running_loop()
        while open_ := [future for future in wanted.values() if not future.done()]:
            left = _LOOK_AGAIN if until is None else min(_LOOK_AGAIN, until - loop.time())
            if left <= 0:
                return
            done, _ = await asyncio.wait(open_, timeout=left, return_when=asyncio.ALL_COMPLETED)
            if len(done) < len(open_):
                await self._look(wanted)

    async def _look(self, wanted: dict[str, asyncio.Future[Outcome]]) -> None:
        """Take outcomes out of the log: of deliveries that another worker tried, or that are not new."""
        for id_, future in wanted.items():
            delivery = None if future.done() else await self.queue.get(id_)
            if delivery is None:
                continue
            attempts = await self.queue.attempts(id_)
            if future.done():
                continue
            if attempts:
                future.set_result(_outcome(delivery, attempts[-1]))
            elif delivery.state is DeliveryState.HELD:
                future.set_result(
                    _untried(delivery.target, "its target is disabled: it is sent when that is enabled")
                )

    def _topic(self, target: Target, what: str) -> str:
        return f"{self._topics.get(target.kind, 'delivery')}.{what}"

    def _now(self) -> datetime:
        return self._runtime.clock.now()


def _queued(event: Event | QueuedEvent) -> QueuedEvent:
    if isinstance(event, QueuedEvent):
        return event
    try:
        return pack(event)
    except (TypeError, ValueError) as error:
        remedy = "use None, bool, finite numbers, text, lists and dicts"
        raise ConfigurationError.of("enqueued event", "data", "has no JSON form", remedy) from error


def _outcome(delivery: Delivery, attempt: Attempt) -> Outcome:
    failed = attempt.error is not None
    return Outcome(
        target=delivery.target.id,
        provider=delivery.target.kind,
        operation="send",
        status=OutcomeStatus.FAILED if failed else OutcomeStatus.SUCCEEDED,
        http_status=attempt.http_status,
        request_id=attempt.request_id,
        error=attempt.error,
        retryable=failed and delivery.state is not DeliveryState.FAILED,
        duration=attempt.latency,
    )


def _untried(target: Target, why: str = "not tried yet: it is stored, and will be") -> Outcome:
    return Outcome(
        target=target.id,
        provider=target.kind,
        operation="send",
        status=OutcomeStatus.FAILED,
        attempts=0,
        error=why,
        retryable=True,
    )
