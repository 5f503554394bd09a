"""The tasks that send: which hang, which have taken too long, and for how many there is room."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Callable, Coroutine, Iterator

from integrations_sdk.delivery.lanes import Found
from integrations_sdk.delivery.limits import WorkerLimits

__all__ = ["Sends"]


class Sends:
    """The sends under way, by task. One that lasts longer than `slow_after` gives up its place.

    A task does one send after another, and then waits to be given more, because a new one for each would cost more
    than all else about it. Tasks have a context of their own, not that of whoever just enqueued something: they go
    on to send what others did.

    Args:
        work: sends what it is given; awaits `next_of()` its task for more.
    """

    def __init__(
        self, limits: WorkerLimits, work: Callable[[Found], Coroutine[object, object, None]]
    ) -> None:
        self._limits = limits
        self._work = work
        self._idle: dict[asyncio.Task[None], asyncio.Future[Found]] = {}
        self._started: dict[asyncio.Task[None], float] = {}
        self._slow: set[asyncio.Task[None]] = set()
        self._overdue: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._started)

    def __iter__(self) -> Iterator[asyncio.Task[None]]:
        return iter(self._started)

    @property
    def in_place(self) -> int:
        """How many there are, but for the slow ones."""
        return len(self._started) - len(self._slow)

    def has_room(self) -> bool:
        """Whether another one may begin."""
        under_way, most = len(self._started), self._limits.concurrency
        return under_way < most + len(self._slow) and under_way < 4 * most

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """All that there are, also those that wait."""
        return [*self._started, *self._idle]

    def give(self, found: Found) -> None:
        """Begin a send, in a task that waits or in a new one."""
        while self._idle:
            task, waiting = self._idle.popitem()
            if not waiting.done():  # it is when the task was cancelled
                waiting.set_result(found)
                break
        else:
            task = asyncio.create_task(self._work(found), context=contextvars.Context())
        self.begin(task)

    def next_of(self, task: asyncio.Task[None]) -> asyncio.Future[Found] | None:
        """What this task will be given; None: it is not needed any more, as enough others wait."""
        if len(self._idle) >= self._limits.concurrency:
            return None
        waiting = self._idle[task] = asyncio.get_running_loop().create_future()
        return waiting

    def begin(self, task: asyncio.Task[None]) -> None:
        """A send begins in this task."""
        self._started[task] = time.monotonic()

    def end(self, task: asyncio.Task[None]) -> None:
        """It has ended, however."""
        del self._started[task]
        self._slow.discard(task)
        self._overdue.discard(task)

    def is_overdue(self, task: asyncio.Task[None]) -> bool:
        """Whether it was cancelled for taking too long."""
        return task in self._overdue

    def cancel(self) -> None:
        """Cancel all of them, once each has begun: before, it would never say that it ended."""
        for task in self._started:
            task.get_loop().call_soon(task.cancel)

    def sweep(self) -> None:
        """Cancel what takes too long, and let what takes long give up its place."""
        now, limits = time.monotonic(), self._limits
        slow, timeout = limits.slow_after.total_seconds(), limits.send_timeout.total_seconds()
        for task, started in self._started.items():
            if now - started > timeout and task not in self._overdue:
                self._overdue.add(task)
                task.get_loop().call_soon(self._expire, task)
            if now - started > slow:
                self._slow.add(task)

    def _expire(self, task: asyncio.Task[None]) -> None:
        if task in self._overdue:  # otherwise it ended meanwhile
            task.cancel()
