"""`Gathering`: what comes while a transaction runs goes into the next one, together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeAlias, TypeVar

__all__ = ["Gathering"]

T = TypeVar("T")
R = TypeVar("R")

_MOST_AT_ONCE: Final = 256
"""Items in one transaction, so that nobody waits for long behind a large one."""

_MOST_BYTES: Final = 32 * 1024 * 1024
"""Bytes in one transaction, unless a single item has more."""

_Waiting: TypeAlias = tuple[T, asyncio.Future[R]]


class Gathering(Generic[T, R]):
    """Does things together that are asked for one by one, in the order in which they were asked for.

    It outlives event loops: what is asked for in one that ends, or in the parent of a fork, is dropped, for
    nobody was promised anything.

    Args:
        work: does them all or, raising, none; its answers are in their order.
        size: the bytes of one.
    """

    def __init__(
        self, work: Callable[[Sequence[T]], Awaitable[Sequence[R]]], size: Callable[[T], int]
    ) -> None:
        self._work = work
        self._size = size
        self._incoming: deque[_Waiting[T, R]] = deque()
        self._flushing: asyncio.Task[None] | None = None

    async def take(self, item: T) -> R:
        """Do it, among others.

        Raises:
            Exception: what `work` raises when it is called for this one alone.
        """
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._incoming.append((item, future))
        if self._at_work() is None:
            self._flushing = asyncio.create_task(self._flush(), name="enqueue")
        return await future

    async def finish(self) -> None:
        """Return when nothing is on its way any more."""
        if (task := self._at_work()) is not None:
            await task

    def _at_work(self) -> asyncio.Task[None] | None:
        """The task that works in this loop; one of a loop that ended never goes on."""
        task = self._flushing
        if task is None or task.done() or task.get_loop() is not asyncio.get_running_loop():
            return None
        return task

    async def _flush(self) -> None:
        while batch := self._next():
            await self._together(batch)

    def _next(self) -> list[_Waiting[T, R]]:
        """What is done together next: of this loop, and not cancelled meanwhile."""
        loop = asyncio.get_running_loop()
        batch: list[_Waiting[T, R]] = []
        size = 0
        while self._incoming and len(batch) < _MOST_AT_ONCE:
            item, future = self._incoming[0]
            size += self._size(item)
            if batch and size > _MOST_BYTES:
                break
            self._incoming.popleft()
            if not future.done() and future.get_loop() is loop:
                batch.append((item, future))
        return batch

    async def _together(self, batch: Sequence[_Waiting[T, R]]) -> None:
        try:
            answers = await self._work([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001  # whatever it is, those who wait must hear of it
            if len(batch) > 1:  # one of them is at fault, and the others shall not suffer for it
                for one in batch:
                    await self._together([one])
            elif not batch[0][1].done():
                batch[0][1].set_exception(error)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():  # the caller may have been cancelled
                future.set_result(answer)
