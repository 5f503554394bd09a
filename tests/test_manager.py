"""The managers' composition: what was opened here is closed here, what was brought stays its owner's."""

from __future__ import annotations

import asyncio

import pytest

from integrations_sdk import AsyncIntegrationManagementManager, IntegrationManagementManager
from integrations_sdk.bus.memory import MemoryBus
from integrations_sdk.errors import StateError
from integrations_sdk.models import Event
from integrations_sdk.store.memory import MemoryStore
from support.toy import push


def test_a_store_and_a_bus_that_were_brought_stay_open():
    """Two managers share them; the end of one disturbs neither the other nor their owner."""
    heard: list[str] = []

    def note(event: Event) -> None:
        heard.append(event.type)

    async def main() -> None:
        store, bus = MemoryStore(), MemoryBus()
        bus.subscribe("*", note)
        async with AsyncIntegrationManagementManager(tenant_id="a", store=store, bus=bus) as first:
            await first.webhooks.create_webhook({"url": "https://a.example/hook"})
        async with AsyncIntegrationManagementManager(tenant_id="b", store=store, bus=bus) as second:
            await second.webhooks.create_webhook({"url": "https://b.example/hook"})
        assert await store.count("integrations") == 2
        await bus.publish(push())
        await store.close()

    asyncio.run(main())
    assert heard == ["integration.created", "integration.created", "push"]


def test_a_store_that_was_opened_here_is_closed_here(tmp_path):
    """The file of a URL is let go of, in a forked copy as well as in the manager itself."""
    manager = AsyncIntegrationManagementManager(store=f"sqlite:///{tmp_path}/kept.db")

    async def main() -> None:
        await manager.integrations.list()
        await manager.forked().aclose()
        with pytest.raises(StateError):
            await manager.integrations.list()
        await manager.aclose()

    asyncio.run(main())


def test_a_blocking_manager_leaves_what_was_brought_as_well():
    """Closing it closes nothing of its user's."""
    store = MemoryStore()
    with IntegrationManagementManager(store=store) as mgr:
        mgr.webhooks.create_webhook({"url": "https://a.example/hook"})
    assert asyncio.run(store.count("integrations")) == 1
