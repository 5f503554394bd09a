"""Snyk: issues and projects of an organization."""

from __future__ import annotations

from integrations_sdk.connectors.snyk import SnykConnector
from integrations_sdk.models import FindingQuery
from integrations_sdk.testing.vendors.snyk import SnykStandIn
from support.scenarios import Suite, every

SUITE = Suite(stand_in=SnykStandIn, contracts={"snyk": "/rest"})


async def check(snyk: SnykConnector, _organization: SnykStandIn) -> None:
    await snyk.check()


async def list_projects(snyk: SnykConnector, _organization: SnykStandIn) -> None:
    assert len(await every(snyk.list_projects(branch="main"))) == 1


async def list_findings(snyk: SnykConnector, organization: SnykStandIn) -> None:
    for number in range(120):
        organization.add_issue("critical" if number % 2 else "high")
    project = next(iter(organization.projects))
    assert len(await every(snyk.list_findings(FindingQuery(project=project)))) == 120
    assert len(await every(snyk.list_findings())) == 120


async def new_findings(snyk: SnykConnector, organization: SnykStandIn) -> None:
    assert await every(snyk.new_findings()) == []
    organization.add_issue("critical")
    assert [event.type for event in await every(snyk.new_findings())] == ["security.finding"]


async def check_gate(snyk: SnykConnector, organization: SnykStandIn) -> None:
    assert await snyk.check_gate()
    organization.add_issue("critical")
    assert not await snyk.check_gate()
