"""The sends under way: which hang, which have taken too long, and for how many there is room."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from integrations_sdk.delivery.limits import WorkerLimits

__all__ = ["Sends"]


class Sends:
    """By task; a task may do one send after another. One that lasts longer than `slow_after` gives up its place."""

    def __init__(self, limits: WorkerLimits) -> None:
        self._limits = limits
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

    def begin(self, task: asyncio.Task[None]) -> None:
        """A send begins."""
        self._started[task] = time.monotonic()

    def end(self, task: asyncio.Task[None]) -> None:
        """It has ended, however."""
        del self._started[task]
        self._slow.discard(task)
        self._overdue.discard(task)

    def is_overdue(self, task: asyncio.Task[None]) -> bool:
        """Whether it was cancelled for taking too long."""
        return task in self._overdue

    def sweep(self) -> None:
        """Cancel what takes too long, and let what takes long give up its place."""
        now, limits = time.monotonic(), self._limits
        slow, timeout = limits.slow_after.total_seconds(), limits.send_timeout.total_seconds()
        for task, started in self._started.items():
            if now - started > timeout and task not in self._overdue:
                self._overdue.add(task)
                task.cancel()
            if now - started > slow:
                self._slow.add(task)
