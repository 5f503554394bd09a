"""`Worker`: one thread with one connection; whatever is asked of it meanwhile is done in one transaction.

A commit costs much and a hop between threads costs something, so both are shared: the thread takes all
jobs that wait, begins, does them, commits, and wakes each event loop once with all of its results.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import sqlite3
import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from integrations_sdk.errors import IntegrationError, StateError

__all__ = ["Worker"]

T = TypeVar("T")

_MOST_AT_ONCE: Final = 512
"""Jobs in one transaction: enough to share the commit, few enough that other processes get their turn."""


class _Job:
    """What to do, and whom to tell how it went; a job without `work` ends the thread."""

    __slots__ = ("error", "future", "looks", "loop", "one_statement", "result", "work")

    def __init__(
        self,
        work: Callable[[sqlite3.Connection], object] | None,
        *,
        looks: bool = False,
        one_statement: bool = False,
    ) -> None:
        self.work = work
        self.looks = looks
        self.one_statement = one_statement
        self.loop: asyncio.AbstractEventLoop | None = None
        self.future: asyncio.Future[Any] | None = None
        self.result: object = None
        self.error: Exception | None = None


class Worker:
    """Runs jobs on a thread of its own, started with the first one.

    The thread is a daemon, so that a store nobody closed holds up no interpreter; whoever owns the worker
    calls `stop()` at the latest at exit, which finishes what was asked for.

    A fork is safe: SQLite's connections may not cross one, so they are closed before it and opened again
    by the next job, on both sides. What was still waiting is the parent's affair.

    Args:
        connect: opens the connection; called in the thread, again after a failure and after a fork.
        translate: turns what a job raised into the error to raise.
        writes: do all waiting jobs in one transaction. A job that raises an `IntegrationError` must have
            changed nothing; with anything else the transaction is undone, and each job done by itself,
            a job being called twice then.
    """

    def __init__(
        self,
        name: str,
        *,
        connect: Callable[[], sqlite3.Connection],
        translate: Callable[[Exception], Exception],
        writes: bool,
    ) -> None:
        self._name = name
        self._connect = connect
        self._translate = translate
        self._writes = writes
        self._stopped = False
        self._begin()
        _WORKERS.add(self)

    def _begin(self) -> None:
        self._queue: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._gate = threading.Lock()  # between asking and stopping: nothing is asked behind the last job
        self._busy = threading.Lock()  # held while the connection is in use
        self._thread: threading.Thread | None = None
        self._connection: sqlite3.Connection | None = None
        self._ended: Future[None] = Future()
        self._ended.set_running_or_notify_cancel()  # a `close()` that is cancelled must not cancel this

    async def run(
        self, work: Callable[[sqlite3.Connection], T], *, looks: bool = False, one_statement: bool = False
    ) -> T:
        """What `work` returns or raises, from the thread. Cancelling stops the waiting, not the work.

        Args:
            looks: it writes nothing, so by itself it needs no transaction, and waits for nobody's lock.
            one_statement: it executes a single one, so by itself it needs no transaction.

        Raises:
            StateError: the worker was stopped.
        """
        job = _Job(work, looks=looks, one_statement=one_statement)
        job.loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = job.loop.create_future()
        job.future = future
        self._ask(job)
        return await future

    async def close(self) -> None:
        """Finish everything asked for, close the connection, end the thread; a second call waits likewise."""
        if self._end() is not None:
            await asyncio.wrap_future(self._ended)

    def stop(self) -> None:
        """`close()` without an event loop."""
        thread = self._end()
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _ask(self, job: _Job) -> None:
        with self._gate:
            if self._stopped:
                raise StateError("the store is closed: open another one")
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
                self._thread.start()
            self._queue.put(job)

    def _end(self) -> threading.Thread | None:
        with self._gate:
            if not self._stopped:
                self._stopped = True
                self._queue.put(_Job(None))
            return self._thread

    def _serve(self) -> None:
        while self._turn():  # a method of its own: between turns this thread keeps no job alive
            pass
        self._ended.set_result(None)

    def _turn(self) -> bool:
        jobs = self._waiting()
        last = jobs[-1].work is None
        with self._busy:
            self._work_off(jobs[:-1] if last else jobs)
            if last:
                self._let_go()
        _deliver(jobs)
        return not last

    def _waiting(self) -> list[_Job]:
        """At least one job, and what else waits; the one that ends the thread is always the last."""
        jobs = [self._queue.get()]
        while jobs[-1].work is not None and len(jobs) < _MOST_AT_ONCE:
            try:
                jobs.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return jobs

    def _work_off(self, jobs: Sequence[_Job]) -> None:
        if not jobs:
            return
        try:
            self._connection = self._connection or self._connect()
            alone = self._together(self._connection, jobs)
        except Exception as error:  # noqa: BLE001  # whatever it is, those who wait must hear of it
            self._let_go()
            self._fail(jobs, error)
        else:
            for job in alone:
                self._work_off([job])

    def _together(self, connection: sqlite3.Connection, jobs: Sequence[_Job]) -> Sequence[_Job]:
        """Do the jobs, a writer in one transaction; returns them if they must be done one by one instead."""
        in_one = self._writes and _need_transaction(jobs)
        if in_one:
            connection.execute("BEGIN IMMEDIATE")
        try:
            _do(connection, jobs)
        except Exception:  # one of them is at fault, and the others shall not suffer for it
            if len(jobs) == 1:
                raise
            self._let_go()  # which undoes the transaction
            return jobs
        if in_one:
            connection.execute("COMMIT")
        return ()

    def _fail(self, jobs: Sequence[_Job], error: Exception) -> None:
        for job in jobs:
            job.error = self._translate(error)
            if job.error is not error:
                job.error.__cause__ = error

    def _let_go(self) -> None:
        """Close the connection, and undo whatever was not committed.

        Closing alone would not: while the error of a job keeps a cursor alive, SQLite keeps the transaction,
        and with it the lock.
        """
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.rollback()
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _before_fork(self) -> None:
        self._busy.acquire()
        self._let_go()

    def _after_fork_in_parent(self) -> None:
        self._busy.release()


def _need_transaction(jobs: Sequence[_Job]) -> bool:
    """Whether jobs that write are to be begun and committed, as none of them is a transaction by itself."""
    if len(jobs) == 1 and jobs[0].one_statement:
        return False
    return not all(job.looks for job in jobs)


def _do(connection: sqlite3.Connection, jobs: Sequence[_Job]) -> None:
    for job in jobs:
        assert job.work is not None
        job.error = None
        try:
            job.result = job.work(connection)
        except IntegrationError as error:
            job.error = error


def _deliver(jobs: Sequence[_Job]) -> None:
    """Wake each event loop once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in jobs:
        if job.loop is not None:
            by_loop.setdefault(job.loop, []).append(job)
    for loop, done in by_loop.items():
        with contextlib.suppress(RuntimeError):  # that loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_settle, done)


def _settle(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        if job.future is None or job.future.done():  # cancelled meanwhile
            continue
        if job.error is None:
            job.future.set_result(job.result)
        else:
            job.future.set_exception(job.error)


_WORKERS: Final[weakref.WeakSet[Worker]] = weakref.WeakSet()


def _each_worker(step: Callable[[Worker], None]) -> Callable[[], None]:
    def every() -> None:
        for worker in list(_WORKERS):
            step(worker)

    return every


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(
        before=_each_worker(Worker._before_fork),  # noqa: SLF001  # its own module
        after_in_parent=_each_worker(Worker._after_fork_in_parent),  # noqa: SLF001  # its own module
        after_in_child=_each_worker(Worker._begin),  # noqa: SLF001  # its own module
    )
