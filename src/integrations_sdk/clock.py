"""Time as a port: features ask a `Clock`, tests hand in one that stands still or jumps."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

__all__ = ["Clock", "FakeClock", "SystemClock", "uuid7"]


class Clock(Protocol):
    """What a feature may know of time."""

    def now(self) -> datetime:
        """The wall clock, in UTC; it can jump."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go backwards, from an arbitrary start."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after that many seconds; 0 and less only yields."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        """The machine's wall clock in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """`time.monotonic()`."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """`asyncio.sleep()`."""
        await asyncio.sleep(max(seconds, 0))


class FakeClock:
    """A clock that moves only when told: `advance()`, or a `sleep()`, which returns at once.

    Attributes:
        slept: the seconds of every `sleep()`, in order.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        """Start plus all that was advanced and slept."""
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Seconds advanced and slept since the start."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Advance by `seconds`, and let other tasks run once."""
        self.slept.append(seconds)
        self._elapsed += max(seconds, 0)
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        """Move both clocks forward."""
        self._elapsed += seconds


_AT_ONCE: Final = 128
_VERSION: Final = bytes(0x70 | byte & 0x0F for byte in range(256))
_VARIANT: Final = bytes(0x80 | byte & 0x3F for byte in range(256))
_digits: Final[list[str]] = []  # 20 each: what follows the time


def uuid7(now: datetime) -> str:
    """A UUIDv7 (RFC 9562 §5.7): 48 bits of milliseconds, then 74 random bits, so ids sort by time."""
    time_ = f"{int(now.timestamp() * 1000) & ((1 << 48) - 1):012x}"
    try:
        drawn = _digits.pop()
    except IndexError:
        drawn, *others = _draw()
        _digits.extend(others)
    return f"{time_[:8]}-{time_[8:]}-{drawn[:4]}-{drawn[4:8]}-{drawn[8:]}"


def _draw() -> list[str]:
    """For many at once: asking the system gives the interpreter's lock away, and costs more than all the rest."""
    drawn = bytearray(os.urandom(10 * _AT_ONCE))
    drawn[0::10] = drawn[0::10].translate(_VERSION)
    drawn[2::10] = drawn[2::10].translate(_VARIANT)
    digits = drawn.hex()
    return [digits[start : start + 20] for start in range(0, len(digits), 20)]


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_digits.clear)  # or parent and child would draw the same
