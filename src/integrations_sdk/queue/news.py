"""What workers are to hear: `News` that there may be work, and the `Lead` that slots need to reach them in time."""

from __future__ import annotations

import asyncio
from typing import Final

__all__ = ["Lead", "News"]

_WORKERS: Final = 1_000
"""Workers that are remembered; one that was forgotten looks once too often."""


class _Known:
    """What a worker has seen: how many rings, and which version of the database."""

    __slots__ = ("rings", "version")

    def __init__(self) -> None:
        self.rings = -1
        self.version: int | None = None


class News:
    """Rings that wake whoever waits, and that nobody who claims meanwhile misses.

    It outlives event loops: all that belongs to one is a future of each call that waits.
    """

    def __init__(self) -> None:
        self._rings = 0
        self._known: dict[str, _Known] = {}
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """There may be work."""
        self._rings += 1
        for future in self._waiting:
            if not future.done() and not future.get_loop().is_closed():
                future.set_result(None)
        self._waiting.clear()

    def read(self, worker: str) -> None:
        """The worker looks for work now, so it has heard of all that rang."""
        self._of(worker).rings = self._rings

    def has(self, worker: str) -> bool:
        """Whether it rang since the worker looked for work; at first that is not known, and counts as so."""
        return self._of(worker).rings != self._rings

    def saw(self, worker: str, version: int) -> bool:
        """Note the version of the database that a worker has seen; whether it is another one than before."""
        known = self._of(worker)
        before, known.version = known.version, version
        return before is not None and before != version

    async def wait(self, worker: str, timeout: float | None) -> None:
        """Return when there is news for the worker, or after so many seconds."""
        if self.has(worker):
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            async with asyncio.timeout(timeout):
                await future
        except TimeoutError:
            pass
        finally:
            self._waiting.discard(future)

    def _of(self, worker: str) -> _Known:
        known = self._known.get(worker)
        if known is None:
            known = self._known[worker] = _Known()
            if len(self._known) > _WORKERS:
                del self._known[next(iter(self._known))]
        return known


_WORTH: Final = 0.005
"""Seconds of a claim from which on slots are given ahead of it; below, the grace of a slot covers it."""

_LONGEST: Final = 0.5
_FORGETTING: Final = 0.9


class Lead:
    """How long a claim takes until the worker has its answer.

    Where that is longer than the grace of a slot (a slow disk, a busy loop), a slot that began with the claim
    would be missed, and so would each that is given in its place.
    """

    def __init__(self) -> None:
        self._seconds = 0.0

    def took(self, seconds: float) -> None:
        """Learn from a claim: a longer one counts at once, shorter ones bit by bit."""
        self._seconds = min(max(seconds, self._seconds * _FORGETTING), _LONGEST)

    @property
    def microseconds(self) -> int:
        """How much later than now slots are to begin."""
        return int(self._seconds * 1_000_000) if self._seconds > _WORTH else 0
