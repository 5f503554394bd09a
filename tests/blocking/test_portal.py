"""The portal: one background loop for threads, running loops, forked children and interpreter exit."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import weakref
from functools import partial

import pytest

from integrations_sdk import IntegrationManagementManager
from integrations_sdk.blocking.portal import Portal
from integrations_sdk.errors import StateError


class Core:
    """An asynchronous manager in miniature."""

    def __init__(self) -> None:
        self.closed = self.started = 0
        self.cancelled = asyncio.Event()

    async def add(self, one: int, two: int) -> int:
        await asyncio.sleep(0)
        return one + two

    async def fail(self) -> None:
        raise KeyError("gone")

    async def forever(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled.set()

    def start(self) -> None:
        asyncio.get_running_loop()
        self.started += 1

    async def aclose(self) -> None:
        self.closed += 1


@pytest.fixture
def portal():
    made = Portal(Core, start=Core.start, remake=lambda core: core, aclose=Core.aclose)
    yield made
    made.close()


def test_results_and_errors_come_back(portal):
    """A call returns what the coroutine returns, and raises what it raises."""
    assert portal.call(lambda: portal.manager.add(1, 2)) == 3
    assert portal.manager.started == 1
    with pytest.raises(KeyError):
        portal.call(portal.manager.fail)


def test_an_error_before_the_coroutine_comes_back(portal):
    """What raises while the coroutine is being made raises in the caller too."""
    with pytest.raises(ZeroDivisionError):
        portal.call(lambda: portal.manager.add(1, 1 // 0))


def test_threads_share_one_loop(portal):
    """Many threads may call at once; all are served by one background thread."""
    results: list[int] = []
    others = set(threading.enumerate())  # of managers that other tests have not closed

    def work(number: int) -> None:
        results.extend(portal.call(partial(portal.manager.add, number, step)) for step in range(50))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == sorted(one + two for one in range(8) for two in range(50))
    assert [thread.name for thread in set(threading.enumerate()) - others] == ["integrations_sdk"]


def test_it_works_inside_a_running_loop(portal):
    """A caller with a running loop, such as a notebook, is served like any other."""

    async def caller() -> int:
        return portal.call(lambda: portal.manager.add(2, 2))

    assert asyncio.run(caller()) == 4


def test_a_call_from_its_own_loop_is_refused(portal):
    """A blocking call inside the background loop would wait for itself: it is an error instead."""

    async def inside() -> None:
        portal.call(lambda: portal.manager.add(1, 1))

    with pytest.raises(StateError, match="never end"):
        portal.call(inside)


def test_closing_is_once_and_for_all(portal):
    """Closing closes the manager once, ends the thread, and refuses further calls."""
    portal.call(lambda: portal.manager.add(1, 1))
    thread = portal._thread
    portal.close()
    portal.close()
    assert portal.manager.closed == 1
    assert not thread.is_alive()
    with pytest.raises(StateError, match="closed"):
        portal.call(lambda: portal.manager.add(1, 1))


def test_an_unused_portal_closes_too():
    """Closing works before any call was made."""
    portal = Portal(Core, start=Core.start, remake=lambda core: core, aclose=Core.aclose)
    portal.close()
    assert portal.manager.closed == 1


def test_closing_ends_calls_under_way(portal):
    """A thread that waits while the portal closes gets an error, not silence."""
    caught: list[BaseException] = []
    started = threading.Event()

    async def waiting() -> None:
        started.set()
        await portal.manager.forever()

    def caller() -> None:
        try:
            portal.call(waiting)
        except BaseException as error:  # noqa: BLE001  # the test looks at what it is
            caught.append(error)

    thread = threading.Thread(target=caller)
    thread.start()
    started.wait(5)
    portal.close()
    thread.join(5)
    assert not thread.is_alive()
    assert isinstance(caught[0], StateError)


def test_a_portal_nobody_uses_is_collected():
    """The exit hook keeps no portal alive."""
    portal = Portal(Core, start=Core.start, remake=lambda core: core, aclose=Core.aclose)
    reference = weakref.ref(portal)
    portal.close()
    del portal
    while reference() is not None and gc.collect():  # as long as there is something to collect
        pass
    assert reference() is None


@pytest.fixture
def interruptible():
    """Ctrl-C interrupts, also where the tests were started in the background, whose processes ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.usefixtures("interruptible")
def test_interrupting_a_call_cancels_it(portal):
    """Ctrl-C in the main thread ends the wait and cancels the coroutine."""

    async def cancelled() -> bool:
        async with asyncio.timeout(5):
            return await portal.manager.cancelled.wait()

    async def waiting() -> None:
        # Again after a while: a signal that comes just before a thread begins to wait does not wake it.
        loop = asyncio.get_running_loop()
        times = (0.02, *range(2, 40, 2))
        interrupts = [loop.call_later(after, os.kill, os.getpid(), signal.SIGINT) for after in times]
        try:
            await portal.manager.forever()
        finally:
            for interrupt in interrupts:
                interrupt.cancel()

    with pytest.raises(KeyboardInterrupt):
        portal.call(waiting)
    assert portal.call(cancelled)


def _script(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip


def test_a_forgotten_manager_does_not_hang_the_exit():
    """A script that never closes its manager ends at once, without a word."""
    run = _script(
        """
        from integrations_sdk import IntegrationManagementManager
        mgr = IntegrationManagementManager()
        mgr.integrations.list()
        """
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_goes_on(tmp_path):
    """After a fork the child works on with the same store, and the parent is undisturbed."""
    run = _script(
        f"""
        import os, warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 warns of fork beside threads
        from integrations_sdk import IntegrationManagementManager
        mgr = IntegrationManagementManager(store="sqlite:///{tmp_path}/s.db", secrets=None)
        mgr.webhook.create(url="https://parent.example")
        child = os.fork()
        if child == 0:
            names = [item.name for item in mgr.integrations.list()]
            mgr.webhook.create(url="https://child.example")
            mgr.close()
            os._exit(0 if names == ["Webhook 1"] else 1)
        status = os.waitpid(child, 0)[1]
        print(os.waitstatus_to_exitcode(status), [item.name for item in mgr.integrations.list()])
        mgr.close()
        """
    )
    assert run.stdout == "0 ['Webhook 1', 'Webhook 2']\n", run.stderr


def test_the_facade_closes_with_its_block():
    """`with` closes the manager at its end."""
    with IntegrationManagementManager() as mgr:
        assert mgr.integrations.list() == []
    with pytest.raises(StateError):
        mgr.integrations.list()
