"""The whole manager over PostgreSQL, asynchronous and blocking."""

from __future__ import annotations

import asyncio

import pytest

from integrations_sdk import AsyncIntegrationManagementManager, IntegrationManagementManager
from integrations_sdk.errors import NotFoundError
from integrations_sdk.models import HealthStatus
from support.toy import toy

PUSH = {"type": "push", "project": "g/p", "branch": "main"}


def test_the_manager_works_over_postgresql(place) -> None:
    """Create, list, update, dispatch, health and delete go through the store, and are there for the next manager."""

    async def first():
        async with AsyncIntegrationManagementManager(project_id="g/p", store=place.url) as mgr:
            connector = mgr.register_connector(toy())
            made = await mgr.toy.create(name="T", url="https://toy.example", token="canary-token")
            assert made.integration_id == "toy-1"
            await mgr.integrations.update("toy-1", size=5)
            outcomes = await mgr.events.dispatch(PUSH)
            assert [outcome.target for outcome in outcomes] == ["toy-1"]
            assert connector.told[-1][0] == "toy-1"
            check = await mgr.health.check_integration_health("toy-1")
            assert check.status is HealthStatus.HEALTHY

    async def second():
        async with AsyncIntegrationManagementManager(project_id="g/p", store=place.url) as mgr:
            mgr.register_connector(toy())
            (found,) = await mgr.integrations.list()
            assert (found.name, found.config["size"]) == ("T", 5)
            assert (await mgr.toy.call("toy-1", "spin", times=1))["token"] is True  # unsealed again
            assert len(await mgr.health.get_health_history("toy-1")) >= 1
            await mgr.toy.delete("toy-1")
            with pytest.raises(NotFoundError):
                await mgr.toy.get("toy-1")

    asyncio.run(first())
    assert not [row for row in place.sql("SELECT data || keys FROM {}.documents") if "canary-token" in row[0]]
    asyncio.run(second())


def test_the_blocking_manager_works_over_postgresql(place) -> None:
    """The same calls, blocking, also from a running loop and from threads."""
    with IntegrationManagementManager(project_id="g/p", store=place.url) as mgr:
        mgr.register_connector(toy())
        mgr.toy.create(name="T", url="https://toy.example", token="canary-token")
        assert [outcome.target for outcome in mgr.events.dispatch(PUSH)] == ["toy-1"]
        assert mgr.health.check_integration_health("toy-1").status is HealthStatus.HEALTHY

        async def within_a_loop():
            return await asyncio.gather(*(asyncio.to_thread(mgr.integrations.list) for _ in range(8)))

        assert [len(found) for found in asyncio.run(within_a_loop())] == [1] * 8
