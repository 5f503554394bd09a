"""`DeliveryWorker`: claims due deliveries in batches, sends them, and records what came of it, in one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random as randomness
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from integrations_sdk.clock import Clock, uuid7
from integrations_sdk.delivery.finished import Finished, OnRecorded
from integrations_sdk.delivery.judging import Ended, judge
from integrations_sdk.delivery.lanes import Found, Lanes
from integrations_sdk.delivery.limits import Route, WorkerLimits
from integrations_sdk.delivery.schedule import DeliveryPolicy, refusal
from integrations_sdk.delivery.sending import failure, too_late, unroutable
from integrations_sdk.delivery.sends import Sends
from integrations_sdk.errors import IntegrationError
from integrations_sdk.logs import logger
from integrations_sdk.models.delivery import Target
from integrations_sdk.queue.base import Batch, Claimed, Queue

__all__ = ["DeliveryWorker", "Finished", "OnRecorded"]

_LINGER: Final = 0.015
"""Seconds a result waits for others to be recorded with."""

_BATCH: Final = 128
"""Results that are recorded without waiting for more."""

_PACED: Final = 4
"""How many times `concurrency` may wait for slots: more than are sent before the next claim."""

_AWAKE: Final = 0.001
"""Seconds: as exactly as loops keep time."""

_AT_HAND: Final = 2
"""How many times `concurrency` may be at hand before no more is handed over."""

_SWEEP: Final = timedelta(seconds=1)
_AGAIN_AFTER_FAULT: Final = 1.0


class DeliveryWorker:
    """Works on a queue until it is stopped.

    While sends are under way their results are gathered, and recorded together with the next claim; what
    is claimed beyond the sends under way waits at hand, so that none waits for the database.

    Args:
        routes: by kind of target; read with each delivery, so one may be added later.
        random: draws from 0 to 1, for the jitter.
        on_recorded: see `OnRecorded`.
    """

    def __init__(
        self,
        queue: Queue,
        routes: Mapping[str, Route],
        clock: Clock,
        *,
        policy: DeliveryPolicy | None = None,
        limits: WorkerLimits | None = None,
        random: Callable[[], float] = randomness.random,
        on_recorded: OnRecorded | None = None,
    ) -> None:
        self._queue = queue
        self._routes = routes
        self._clock = clock
        self.name = self._new_name()
        self._policy = policy or DeliveryPolicy()
        self._limits = limits or WorkerLimits()
        self._random = random
        self._on_recorded = on_recorded
        limits = self._limits
        self._lanes = Lanes(limits.per_target, limits.per_host, _PACED * limits.concurrency)
        self._sends = Sends(self._limits, self._send_on)
        self._ended: list[Ended] = []
        self._unsent: list[Claimed] = []
        self._wake = asyncio.Event()
        self._lingering: asyncio.TimerHandle | None = None
        self._pacing: asyncio.TimerHandle | None = None
        self._paced_at: datetime | None = None
        self._listening: asyncio.Task[bool] | None = None
        self._more = True  # a claim may find something
        self._next_at: datetime | None = None
        self._lease_ends = 0.0
        self._reserved = 0
        self._reserved_at = 0.0, clock.now()
        self._stopping = False

    async def run(self) -> None:
        """Work until `stop()`; a fault of the store is logged, and tried again after a second."""
        self._queue.attach(self)
        try:
            while not self._stopping:
                try:
                    await self._turn()
                except IntegrationError as error:
                    logger().error("delivery worker", error=type(error).__name__, reason=str(error))
                    self._more = True
                    await asyncio.sleep(_AGAIN_AFTER_FAULT)
                else:
                    await self._rest(self._pause())
            await self._finish()
        finally:
            self._stopping = True
            self._queue.detach(self)
            await self._cancel()

    def stop(self, *, abandon: bool = False) -> None:
        """Have `run()` return soon: what is being sent is finished and recorded, the rest given back.

        Args:
            abandon: also give back what is being sent; its receivers may get it twice.
        """
        self._stopping = True
        if abandon:
            self._sends.cancel()
        self._wake.set()

    @property
    def lease(self) -> timedelta:
        """See `Taker.lease`."""
        return self._limits.lease

    def reserve(self, targets: Sequence[Target]) -> Sequence[bool]:
        """See `Taker.reserve`: not beyond what is soon sent, so that what is claimed always finds room, too."""
        if self._stopping or self._is_due():
            return [False] * len(targets)
        before, most = self._reserved, _AT_HAND * self._limits.concurrency - self._at_work()
        kept = []
        for target in targets:
            room = self._reserved < most and self._reserved < self._lanes.room(target)
            self._reserved += room
            kept.append(room)
        if not before:
            self._reserved_at = time.monotonic(), self._clock.now()
        return kept

    def take(self, batch: Batch, reserved: int) -> bool:
        """See `Taker.take`."""
        self._reserved -= reserved
        if self._stopping:
            return False
        if batch.claimed:
            asked, asked_at = self._reserved_at
            lease_ends = asked + (batch.lease_until - asked_at).total_seconds()
            self._lease_ends = max(self._lease_ends, lease_ends)
            if not self.held:  # what is held is looked after
                self._wake.set()
            for one in batch.claimed:
                self._lanes.take(one, self._host(one.delivery.target))
            self._fill()
        return True

    @property
    def held(self) -> int:
        """How many deliveries it holds: at hand, being sent, and sent but not recorded yet."""
        return self._lanes.held + len(self._ended)

    async def _turn(self) -> None:
        """Record what is finished and claim as much as there is room for, both in one transaction."""
        ended, self._ended = self._ended, []
        self._sends.sweep()
        room = self._room()
        limit = room if room and self._is_due() else 0
        if limit:
            claiming = asyncio.ensure_future(self._claim(limit))
        try:
            if ended:
                await self._record(ended)
        finally:
            if limit:
                await claiming
        if self._unsent:
            unsent, self._unsent = self._unsent, []
            await self._queue.release(unsent)
        if not limit and self.held:
            await self._keep_lease()
        self._fill()

    def _room(self) -> int:
        """How many to claim, if there are any; 0 while so few would not be worth a claim."""
        room = 3 * self._limits.concurrency - self._at_work()
        return room if room * 4 >= self._limits.concurrency else 0

    def _at_work(self) -> int:
        """How much of what it holds is being sent or could be: not what hangs, nor what is behind that or paced."""
        return self._lanes.ready - self._lanes.blocked + self._sends.in_place

    async def _claim(self, limit: int) -> None:
        self._more = False
        asked = time.monotonic()
        name, self.name = self.name, self._new_name()
        batch: Batch = await self._queue.claim(
            name,
            limit=limit,
            lease=self._limits.lease,
            per_target=self._lanes.depth,
            busy=self._lanes.busy(),
        )
        # Had it failed, nobody could say what it handed out: then the old name's lease is left to end.
        self.name = name
        self._lease_ends = asked + self._limits.lease.total_seconds()
        self._next_at = batch.next_at
        self._more = self._more or len(batch.claimed) == limit
        for claimed in batch.claimed:
            self._lanes.add(claimed, self._host(claimed.delivery.target))
        self._fill()

    async def _record(self, ended: Sequence[Ended]) -> None:
        results = [judge(self._policy, one, self._random) for one in ended]
        try:
            recorded = await self._queue.record(results)
        except IntegrationError:
            self._ended = [*ended, *self._ended]
            raise
        told = []
        for one, result, kept in zip(ended, results, recorded, strict=True):
            if kept.accepted:
                told.append(Finished(result, one.outcome, kept))
            else:
                logger().warning("lease lost", delivery_id=one.claimed.delivery.delivery_id)
        if self._on_recorded is not None and told:
            await self._on_recorded(told)

    async def _keep_lease(self) -> None:
        """Renew the lease when a third of it has passed."""
        lease = self._limits.lease.total_seconds()
        if self._lease_ends - time.monotonic() < lease * 2 / 3:
            asked = time.monotonic()
            if await self._queue.extend(self.name, lease=self._limits.lease) is not None:
                self._lease_ends = asked + lease

    def _fill(self) -> None:
        """Have as much sent as there is room and work for."""
        self._pace()
        while (found := self._next()) is not None:
            self._sends.give(found)

    def _pace(self) -> None:
        """Have what waits for its slot sent then: one timer for all, at the first of them."""
        if self._lanes.next_slot is None or self._stopping:
            return
        now = self._clock.now()
        first = self._lanes.due(now)
        if first is None or (self._paced_at is not None and self._paced_at <= first):
            return
        if self._pacing is not None:
            self._pacing.cancel()
        seconds = max((first - now).total_seconds(), _AWAKE)
        self._paced_at = first
        self._pacing = asyncio.get_running_loop().call_later(seconds, self._paced)

    def _paced(self) -> None:
        self._pacing = self._paced_at = None
        self._fill()

    def _next(self) -> Found | None:
        """What to send now, if there is room to."""
        return self._lanes.next() if not self._stopping and self._sends.has_room() else None

    async def _send_on(self, found: Found | None) -> None:
        """Send one delivery after another; have them recorded many at once, or a few after a while."""
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None
        while found is not None:
            lane, claimed = found
            try:
                await self._send(claimed, task)
            finally:
                self._sends.end(task)
                if self._lanes.sent(lane):
                    self._more = True
            found = self._next()
            if found is not None:
                self._sends.begin(task)
            if len(self._ended) >= _BATCH or not (self._sends or self._reserved):
                self._wake.set()
            elif self._lingering is None:
                self._lingering = loop.call_later(_LINGER, self._wake.set)
            if found is None and not self._stopping:
                given = self._sends.next_of(task)
                found = None if given is None else await given

    async def _send(self, claimed: Claimed, task: asyncio.Task[None]) -> None:
        started_at, started = self._clock.now(), time.perf_counter()
        # It may be another worker's by now; or too late for its slot, beside which others have theirs.
        missed = claimed.slot_ends is not None and started_at > claimed.slot_ends
        if missed or time.monotonic() >= self._lease_ends:
            self._unsent.append(claimed)
            return
        delivery, refused = claimed.delivery, None
        route = self._routes.get(delivery.target.kind)
        try:
            outcome = (
                unroutable(delivery) if route is None else await route.sender.send(delivery, claimed.event)
            )
        except asyncio.CancelledError as error:
            if self._sends.is_overdue(task):
                task.uncancel()
                outcome = too_late(delivery, self._limits.send_timeout)
            elif task.cancelling():
                self._unsent.append(claimed)
                raise
            else:
                outcome = failure(error, delivery, repeatable=True)
        except Exception as error:  # noqa: BLE001  # a third party's sender may raise anything
            outcome = failure(error, delivery, repeatable=route is None or route.repeatable)
            refused = refusal(error)
        latency = time.perf_counter() - started
        self._ended.append(Ended(claimed, outcome, refused, started_at, self._clock.now(), latency))

    def _pause(self) -> float | None:
        """How long there is nothing to do, unless something happens."""
        pauses = []
        if self.held:
            pauses.append(min(_SWEEP, self._limits.lease / 4).total_seconds())
        if self._next_at is not None and self._room():
            pauses.append(max((self._next_at - self._clock.now()).total_seconds(), 0.001))
        return min(pauses, default=None)

    async def _rest(self, seconds: float | None) -> None:
        """Return when there is something to do, or after so many seconds."""
        loop = asyncio.get_running_loop()
        if self._listening is None and not self._more:
            self._listening = asyncio.create_task(self._queue.wait(self.name, None), name="delivery news")
            self._listening.add_done_callback(self._heard)
        timer = None if seconds is None else loop.call_later(seconds, self._wake.set)
        if not (self._more and not self._ended and self._at_work() < self._limits.concurrency):
            await self._wake.wait()
        self._wake.clear()
        for handle in (timer, self._lingering):
            if handle is not None:
                handle.cancel()
        self._lingering = None

    def _heard(self, listening: asyncio.Task[bool]) -> None:
        self._listening = None
        if not listening.cancelled():
            listening.exception()  # it is known now; if the store is in trouble, the claim says so
            self._more = True
        self._wake.set()

    def _new_name(self) -> str:
        return f"{os.getpid()}-{uuid7(self._clock.now())}"

    def _is_due(self) -> bool:
        return self._more or (self._next_at is not None and self._next_at <= self._clock.now())

    def _host(self, target: Target) -> Hashable:
        route = self._routes.get(target.kind)
        return None if route is None or route.host is None else route.host(target)

    async def _finish(self) -> None:
        """Give back what was not begun, finish what was."""
        await self._queue.release(list(self._lanes.drain()))
        while self._sends or self._ended:
            if self._ended:
                ended, self._ended = self._ended, []
                await self._record(ended)
            elif self._sends:
                self._sends.sweep()
                await self._keep_lease()
                await asyncio.wait(
                    self._sends, timeout=_SWEEP.total_seconds(), return_when=asyncio.FIRST_COMPLETED
                )
        await self._queue.release(self._unsent)

    async def _cancel(self) -> None:
        """End what still runs, when `run()` itself is cancelled or nothing does."""
        for timer in (self._pacing, self._lingering):
            if timer is not None:
                timer.cancel()
        tasks = [*self._sends.tasks, *([self._listening] if self._listening is not None else [])]
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
