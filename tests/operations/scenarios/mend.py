"""Mend: findings and projects of an organization, by both of its APIs. The contract is that of 2.0."""

from __future__ import annotations

from integrations_sdk.connectors.mend import MendConnector
from integrations_sdk.testing.vendors.mend import MendStandIn
from support.scenarios import Overruled, Suite, every, otherwise

DOCS = "https://docs.mend.io/platform-api"

SUITE = Suite(
    stand_in=MendStandIn,
    contracts={"mend": ""},
    cited={
        "POST /api/v3.0/login": DOCS,
        "POST /api/v3.0/login/accessToken": DOCS,
        "GET /api/v3.0/orgs/*/projects": DOCS,
        "GET /api/v3.0/projects/*/dependencies/findings/security": DOCS,
    },
    overruled=(  # it wants a token for logging in, which nobody can have before
        Overruled(
            "POST /api/v2.0/login", "Security", "https://docs.mend.io/bundle/mend-api-2-0/page/index.html"
        ),
    ),
)


def both(mend: MendConnector, platform: MendStandIn) -> tuple[MendConnector, MendConnector]:
    """By API 3.0, and by 2.0."""
    return mend, otherwise(mend, {**platform.config(), "api_version": "2.0"})


async def check(mend: MendConnector, platform: MendStandIn) -> None:
    for one in both(mend, platform):
        await one.check()


async def list_projects(mend: MendConnector, platform: MendStandIn) -> None:
    for one in both(mend, platform):
        assert len(await every(one.list_projects())) == 1


async def list_findings(mend: MendConnector, platform: MendStandIn) -> None:
    platform.add_finding()
    for one in both(mend, platform):
        assert len(await every(one.list_findings())) == 1


async def new_findings(mend: MendConnector, platform: MendStandIn) -> None:
    for number, one in enumerate(both(mend, platform), 1):
        one.context.memory.values.clear()
        assert await every(one.new_findings()) == []
        platform.add_finding()
        assert len(await every(one.new_findings())) == 1, number


async def check_gate(mend: MendConnector, platform: MendStandIn) -> None:
    for one in both(mend, platform):
        assert await one.check_gate()
    platform.add_finding("CRITICAL", score=9.9)
    for one in both(mend, platform):
        assert not await one.check_gate()
