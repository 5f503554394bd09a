"""Mend: findings and projects of an organization, by API 3.0 and by 2.0, of which the contract is."""

from __future__ import annotations

from integrations_sdk.connectors.mend import MendConnector
from integrations_sdk.testing.vendors.mend import MendStandIn
from support.scenarios import Overruled, Suite, every

DOCS = "https://docs.mend.io/platform-api"

PLATFORM = Suite(
    stand_in=MendStandIn,
    cited={
        "POST /api/v3.0/login": DOCS,
        "POST /api/v3.0/login/accessToken": DOCS,
        "GET /api/v3.0/orgs/*/projects": DOCS,
        "GET /api/v3.0/projects/*/dependencies/findings/security": DOCS,
    },
)
OLDER = Suite(
    stand_in=MendStandIn,
    contracts={"mend": ""},
    overruled=(  # it wants a token for logging in, which nobody can have before
        Overruled(
            "POST /api/v2.0/login", "Security", "https://docs.mend.io/bundle/mend-api-2-0/page/index.html"
        ),
    ),
    config={"api_version": "2.0"},
)


async def check(mend: MendConnector, _platform: MendStandIn) -> None:
    await mend.check()


async def list_projects(mend: MendConnector, _platform: MendStandIn) -> None:
    assert len(await every(mend.list_projects())) == 1


async def list_findings(mend: MendConnector, platform: MendStandIn) -> None:
    platform.add_finding()
    assert len(await every(mend.list_findings())) == 1


async def new_findings(mend: MendConnector, platform: MendStandIn) -> None:
    assert await every(mend.new_findings()) == []
    platform.add_finding()
    assert [event.type for event in await every(mend.new_findings())] == ["security.finding"]


async def check_gate(mend: MendConnector, platform: MendStandIn) -> None:
    assert await mend.check_gate()
    platform.add_finding("CRITICAL", score=9.9)
    assert not await mend.check_gate()
