"""`Tasks`: background work of one manager, started in its loop and ended with it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from integrations_sdk.logs import logger, reason_of

__all__ = ["Tasks"]


class Tasks:
    """Keeps background tasks alive, logs the one that fails, and cancels the rest on `close()`."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[object, object, None], *, name: str) -> asyncio.Task[None]:
        """Start `work` in the running loop; `name` appears in logs when it fails."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._finished)
        return task

    async def close(self) -> None:
        """Cancel what still runs and wait for its end."""
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def drain(self) -> None:
        """Wait until nothing runs any more."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger().error(
                "background task failed",
                task=task.get_name(),
                error=type(error).__name__,
                reason=reason_of(error),
            )
