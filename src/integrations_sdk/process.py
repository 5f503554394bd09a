"""What a process or thread that is this library's own runs on: its event loop, the interpreter's settings."""

from __future__ import annotations

import asyncio
import gc
import sys
from typing import Final

__all__ = ["new_event_loop", "tune"]

_OBJECTS: Final = 10_000
_SWITCH_INTERVAL: Final = 20e-6


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A loop of uvloop where it is installed (extra `fast`), else asyncio's."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


def tune() -> None:
    """Set the interpreter for a process that mostly sends; `integrations worker` does it, a manager never does.

    It is for the whole process, so an application decides it for itself, best when all is imported:

    - What is imported is not looked at by the garbage collector any more (`gc.freeze()`), and that comes with each
      10,000 new objects. By default it is 700, and many sends under way are far more than that: it looks at each of
      them several times, to find none that can go.
    - A thread that wants to run waits for 20 µs (`sys.setswitchinterval()`), not 5 ms: the one that writes to SQLite
      has its turn while the event loop is busy, instead of when that has nothing left to send. It is for processes
      of few threads; where many compute, they take turns more often than is good.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS)
    sys.setswitchinterval(_SWITCH_INTERVAL)
