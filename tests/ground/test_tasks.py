"""Background work of one manager."""

from __future__ import annotations

import asyncio
import gc
import logging

import pytest

from integrations_sdk.tasks import Tasks


def test_spawned_work_runs_and_is_kept_alive() -> None:
    """Work that nobody else refers to is finished all the same; `drain()` waits for it and what it starts."""
    done: list[str] = []

    async def check() -> None:
        tasks = Tasks()

        async def second() -> None:
            await asyncio.sleep(0)
            done.append("second")

        async def first() -> None:
            await asyncio.sleep(0)
            tasks.spawn(second(), name="second")
            done.append("first")

        assert tasks.spawn(first(), name="first").get_name() == "first"
        gc.collect()
        await tasks.drain()

    asyncio.run(check())
    assert done == ["first", "second"]


def test_a_failing_task_is_logged_once_and_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """One line says which task failed and where; the others go on, and `drain()` and `close()` do not raise.

    The words of an error that is not the library's own may hold a secret.
    """
    done: list[str] = []

    async def fails() -> None:
        msg = "canary"
        raise RuntimeError(msg)

    async def works() -> None:
        await asyncio.sleep(0)
        done.append("works")

    async def check() -> None:
        tasks = Tasks()
        tasks.spawn(fails(), name="sweep")
        tasks.spawn(works(), name="other")
        await tasks.drain()
        await tasks.close()

    with caplog.at_level(logging.ERROR, "integrations_sdk"):
        asyncio.run(check())
    assert done == ["works"]
    (record,) = caplog.records
    for part in ("task='sweep'", "RuntimeError", "in fails"):
        assert part in record.getMessage()
    assert "canary" not in record.getMessage()


def test_close_cancels_and_waits(caplog: pytest.LogCaptureFixture) -> None:
    """What still runs is cancelled, its clean-up is waited for, and a cancellation is no failure."""
    cleaned: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append("cleaned")

    async def check() -> None:
        tasks = Tasks()
        task = tasks.spawn(endless(), name="endless")
        await asyncio.sleep(0)
        await tasks.close()
        assert task.cancelled()
        await tasks.close()
        await tasks.drain()

    with caplog.at_level(logging.DEBUG, "integrations_sdk"):
        asyncio.run(check())
    assert cleaned == ["cleaned"]
    assert not caplog.records


def test_without_a_loop_there_is_nowhere_to_run() -> None:
    """Outside a running loop `spawn()` raises rather than losing the work silently."""
    work = asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="no running event loop"):
        Tasks().spawn(work, name="x")
    work.close()
