"""`ConnectorDirectory`: what becomes of connectors that are open."""

from __future__ import annotations

import asyncio
import logging

import pytest

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.errors import ProviderUnavailableError
from support.toy import toy


def test_a_connector_that_fails_to_close_holds_up_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The others are closed all the same, and what failed is logged."""
    stubborn, docile = toy(), toy()
    stubborn.provider, docile.provider = "stubborn", "docile"

    async def refuse(_: object) -> None:
        raise ProviderUnavailableError("three events are lost")

    stubborn.close = refuse

    async def main() -> None:
        async with AsyncIntegrationManagementManager() as manager:
            for kind in (stubborn, docile):
                manager.register_connector(kind)
                made = await manager.provider(kind.provider).create(url="https://toy.example")
                await manager.provider(kind.provider).check(made.integration_id)

    with caplog.at_level(logging.ERROR):
        asyncio.run(main())
    assert docile.closed == 1
    assert "stubborn-1" in caplog.text and "three events are lost" in caplog.text
