"""`Writer`: whatever is ordered in one event loop meanwhile is done in one transaction.

A transaction costs four round trips and a flush to the disk, so they are shared.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Final

from integrations_sdk.errors import IntegrationError
from integrations_sdk.store.postgres.database import Database
from integrations_sdk.store.postgres.documents import Answer, Order, apply
from integrations_sdk.store.postgres.faults import is_lost
from integrations_sdk.store.postgres.session import Session
from integrations_sdk.store.postgres.statements import Statements

__all__ = ["Writer"]

_MOST_AT_ONCE: Final = 512
"""Orders in one transaction: enough to share its cost, few enough that locks are held briefly."""

_MOST_BYTES: Final = 32 * 1024 * 1024
"""Bytes of documents in one transaction, unless a single order has more."""

_LANES: Final = 2
"""Transactions at a time: while one waits for the disk, or for somebody's lock, the next goes on."""


class _Job:
    __slots__ = ("answer", "order")

    def __init__(self, order: Order, answer: asyncio.Future[Answer]) -> None:
        self.order = order
        self.answer = answer


class Writer:
    """Takes orders in one event loop; belongs to its session."""

    def __init__(self, database: Database, session: Session, statements: Statements) -> None:
        self._database = database
        self._session = session
        self._statements = statements
        self._waiting: deque[_Job] = deque()
        self._lanes = 0
        self._tasks: set[asyncio.Task[None]] = set()  # the loop itself holds them weakly

    async def run(self, order: Order) -> list[int | None]:
        """What `apply()` answers to it. Cancelling stops the waiting, not the work.

        Raises:
            IntegrationError: the decision against it, or why it cannot be done now.
        """
        job = _Job(order, self._session.loop.create_future())
        self._waiting.append(job)
        if self._lanes < _LANES:
            self._lanes += 1
            lane = self._session.loop.create_task(self._work_off())
            self._tasks.add(lane)
            lane.add_done_callback(self._tasks.discard)
        with self._session.working():
            answer = await job.answer
        if isinstance(answer, IntegrationError):
            raise answer
        return answer

    async def _work_off(self) -> None:
        try:
            with self._session.working():
                while self._waiting:
                    await self._together(self._next())
        finally:  # at once: an order that comes before the task is done must start another one
            self._lanes -= 1

    def _next(self) -> list[_Job]:
        jobs = [self._waiting.popleft()]
        size = jobs[0].order.transaction.size
        while self._waiting and len(jobs) < _MOST_AT_ONCE:
            size += self._waiting[0].order.transaction.size
            if size > _MOST_BYTES:
                break
            jobs.append(self._waiting.popleft())
        return jobs

    async def _together(self, jobs: Sequence[_Job]) -> None:
        orders = [job.order for job in jobs]
        work = partial(apply, statements=self._statements, orders=orders)
        try:
            answers: Sequence[Answer] = await self._database.transact(work, self._session)
        except Exception as error:  # noqa: BLE001  # whatever it is, those who wait must hear of it
            await self._fail(jobs, error)
        except BaseException:  # the loop is being shut down
            for job in jobs:
                job.answer.cancel()
            raise
        else:
            for job, answer in zip(jobs, answers, strict=True):
                if not job.answer.done():  # cancelled meanwhile
                    job.answer.set_result(answer)

    async def _fail(self, jobs: Sequence[_Job], error: Exception) -> None:
        if len(jobs) > 1 and _is_about_one(error):
            for job in jobs:
                await self._together([job])
            return
        for job in jobs:
            if not job.answer.done():
                job.answer.set_exception(error)


def _is_about_one(error: Exception) -> bool:
    """Whether one order may be the reason (its document is locked, say), so that the others may succeed."""
    cause = error.__cause__
    return cause is not None and bool(getattr(cause, "sqlstate", None)) and not is_lost(cause)
