"""`Portal`: runs coroutines in one background loop, for callers that block until they end.

`asyncio.run_coroutine_threadsafe` would do; its future costs two more locks and a condition for every
call, which is a third of an empty one (`benchmarks/blocking.py`).
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Generic, Protocol, TypeVar, cast

from integrations_sdk.errors import ConfigurationError, StateError
from integrations_sdk.process import new_event_loop

__all__ = ["BlockingSubManager", "Portal"]

A = TypeVar("A")
M = TypeVar("M")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Portal(Generic[M]):
    """One asynchronous manager, and the background loop that it lives in.

    The loop starts with the first call, in a daemon thread; background work goes on in it while the
    caller does other things. It ends with `close()`, or when the interpreter exits. It may be called from
    any thread, also from one that runs a loop of its own (Jupyter); after a `fork` the child starts anew.

    Args:
        make: makes the asynchronous manager.
        start: begins its background work; called in the loop, before anything else.
        remake: makes the one for a forked child out of its parent's.
        aclose: closes it.
    """

    def __init__(
        self,
        make: Callable[[], M],
        *,
        start: Callable[[M], None],
        remake: Callable[[M], M],
        aclose: Callable[[M], Awaitable[None]],
    ) -> None:
        self.manager = make()
        self._begin = start
        self._remake = remake
        self._aclose = aclose
        self._guard = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()
        self._closed = False
        _close_at_exit(self)

    def call(self, start: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run the coroutine that `start` makes, in the loop; its result, or what it raises.

        Interrupting the wait (Ctrl-C) cancels the coroutine.

        Raises:
            StateError: the portal is closed, or the call comes from its own loop, where it would wait for itself.
        """
        loop = self._loop if self._pid == os.getpid() and self._loop is not None else self._start()
        if self._thread is threading.current_thread():
            msg = "a blocking call inside the manager's own loop would never end: use the async manager there"
            raise StateError(msg)
        waiter: _Waiter[T] = _Waiter()
        loop.call_soon_threadsafe(waiter.begin, loop, start)
        try:
            return waiter.wait()
        except BaseException:  # Ctrl-C reaches the caller's thread alone
            if not waiter.ended:
                loop.call_soon_threadsafe(waiter.cancel)
            raise

    def close(self) -> None:
        """Close the manager, then the loop; a second call does nothing."""
        with self._guard:
            if self._closed:
                return
            self._closed = True
            loop, thread, forked = self._loop, self._thread, self._pid != os.getpid()
            self._loop = self._thread = None
        if forked:  # the loop and what it holds are the parent's
            return
        if loop is None or thread is None:
            asyncio.run(_awaited(self._aclose(self.manager)))
            return
        waiter: _Waiter[None] = _Waiter()
        loop.call_soon_threadsafe(waiter.begin, loop, lambda: _end_all(self._aclose(self.manager)))
        try:
            waiter.wait()
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

    def _start(self) -> asyncio.AbstractEventLoop:
        with self._guard:
            if self._closed:
                msg = "the manager is closed: make a new one"
                raise StateError(msg)
            if self._pid != os.getpid():
                self.manager, self._pid, self._loop = self._remake(self.manager), os.getpid(), None
            if self._loop is None:
                self._loop = new_event_loop()
                self._loop.call_soon(self._begin, self.manager)
                self._thread = threading.Thread(
                    target=_run, args=(self._loop,), name="integrations_sdk", daemon=True
                )
                self._thread.start()
            return self._loop


class BlockingSubManager(Generic[A]):
    """Base of the generated blocking sub-managers: `_run` calls the asynchronous one in the portal's loop."""

    def __init__(self, portal: Portal[Any], select: Callable[[Any], A]) -> None:
        self._portal = portal
        self._select = select

    def _run(self, operation: Callable[[A], Coroutine[Any, Any, T]]) -> T:
        portal, select = self._portal, self._select
        return portal.call(lambda: operation(select(portal.manager)))

    def _store(self, plan: Callable[[A], Coroutine[Any, Any, Storing[T]]], connection: object) -> T:
        """Plan in the loop; then store over the connection in this thread, which it belongs to."""
        planned = self._run(plan)
        if connection is None:
            return self._run(lambda _: planned.store(None))
        storing = planned.store(connection)
        try:
            storing.send(None)
        except StopIteration as end:
            return cast("T", end.value)
        finally:
            storing.close()
        msg = (
            "expected a connection that blocks (sqlite3, psycopg); with asyncpg use the asynchronous manager"
        )
        raise ConfigurationError.of("enqueue", "connection", msg)


class Storing(Protocol[T_co]):
    """What is planned, and stored in a second step."""

    def store(self, connection: object) -> Coroutine[Any, Any, T_co]:
        """Store it; over a connection that blocks, without waiting for anything of a loop."""
        ...


class _Waiter(Generic[T]):
    """Hands one coroutine's end from the loop to the thread that waits for it."""

    __slots__ = ("_done", "_error", "_result", "_task", "ended")

    def __init__(self) -> None:
        self._done = threading.Lock()
        self._done.acquire()
        self._task: asyncio.Task[T] | None = None
        self._result: T | None = None
        self._error: BaseException | None = None
        self.ended = False

    def begin(self, loop: asyncio.AbstractEventLoop, start: Callable[[], Coroutine[Any, Any, T]]) -> None:
        """In the loop: start the coroutine."""
        try:
            self._task = loop.create_task(start())
        except BaseException as error:  # noqa: BLE001  # whatever it is, it is the caller's
            self._end(error)
        else:
            self._task.add_done_callback(self._finished)

    def cancel(self) -> None:
        """In the loop: nobody waits any more."""
        if self._task is not None:
            self._task.cancel()

    def wait(self) -> T:
        """In the calling thread: the coroutine's result, or what it raised."""
        self._done.acquire()
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        return self._result  # type: ignore[return-value]  # set whenever there is no error

    def _finished(self, task: asyncio.Task[T]) -> None:
        if task.cancelled():
            self._end(StateError("the manager was closed during the call"))
        elif (error := task.exception()) is not None:
            self._end(error)
        else:
            self._result = task.result()
            self._end(None)

    def _end(self, error: BaseException | None) -> None:
        self._error = error
        self.ended = True
        self._done.release()


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


async def _awaited(work: Awaitable[None]) -> None:
    await work


async def _end_all(closing: Awaitable[None]) -> None:
    """Close, then cancel the calls still under way, so that no thread waits for an answer that cannot come."""
    try:
        await closing
    finally:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


def _close_at_exit(portal: Portal[Any]) -> None:
    """Close at interpreter exit, without keeping alive a portal that nobody uses any more."""
    reference = weakref.ref(portal)

    def close() -> None:
        if (alive := reference()) is not None:
            alive.close()

    atexit.register(close)
    weakref.finalize(portal, atexit.unregister, close)
