"""Upkeep: expired documents give their room back, by themselves."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

from integrations_sdk import AsyncIntegrationManagementManager, IntegrationManagementManager
from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import StateError
from integrations_sdk.store.base import Document, Insert
from integrations_sdk.store.memory import MemoryStore
from integrations_sdk.store.upkeep import keep_purged


class Counting(MemoryStore):
    """Counts its purges, the first of which fails when told so."""

    def __init__(self, *, failing: bool = False) -> None:
        super().__init__()
        self.failing = failing
        self.purged: list[int] = []

    async def purge(self) -> int:
        if self.failing:
            self.failing = False
            raise StateError("the file is locked")
        self.purged.append(await super().purge())
        return self.purged[-1]


async def _purged(store: Counting, times: int) -> None:
    while len(store.purged) < times:
        await asyncio.sleep(0)


def test_a_purge_comes_at_once_and_again(caplog):
    """The first purge comes at once, the next after each interval; one that fails is logged and not the last."""
    store, clock = Counting(failing=True), FakeClock()

    async def main() -> None:
        task = asyncio.create_task(keep_purged(store.purge, interval=timedelta(minutes=5), sleep=clock.sleep))
        await _purged(store, 2)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    with caplog.at_level("DEBUG", logger="integrations_sdk"):
        asyncio.run(main())
    assert clock.slept[:2] == [300, 300]
    assert "purge failed" in caplog.text


def test_both_managers_keep_their_store():
    """Upkeep begins with `async with`, and with the first blocking call."""

    async def main() -> int:
        store, clock = Counting(), FakeClock()
        expired = Document(collection="c", id="1", data={}, expires_at=clock.now())
        await store.write(Insert(expired))
        async with AsyncIntegrationManagementManager(store=store, clock=clock):
            await _purged(store, 1)
        return store.purged[0]

    assert asyncio.run(main()) == 1
    store = Counting()
    with IntegrationManagementManager(store=store) as mgr:
        mgr.integrations.list()
        assert mgr._portal.call(lambda: _purged(store, 1)) is None


def test_a_clock_of_tests_is_left_alone():
    """Upkeep does not move a clock whose sleep returns at once: only what is tested may."""
    clock = FakeClock()
    with IntegrationManagementManager(clock=clock) as mgr:
        mgr.integrations.list()
        mgr.catalog.list()
    assert clock.slept == []
