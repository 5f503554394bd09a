"""SonarQube: issues, measures and the quality gate of a project."""

from __future__ import annotations

from integrations_sdk.connectors.sonarqube import SonarQubeConnector
from integrations_sdk.models import FindingQuery
from integrations_sdk.testing.vendors.sonarqube import SonarQubeBranch, SonarQubeStandIn
from support.scenarios import Suite, every

SUITE = Suite(
    stand_in=SonarQubeStandIn, contracts={"sonarqube": ""}, config={"types": ["VULNERABILITY", "BUG"]}
)


async def check(sonarqube: SonarQubeConnector, _server: SonarQubeStandIn) -> None:
    await sonarqube.check()


async def list_findings(sonarqube: SonarQubeConnector, server: SonarQubeStandIn) -> None:
    server.branches["shop_web", "feature"] = SonarQubeBranch()
    server.add_issue("CRITICAL")
    server.add_issue("CRITICAL", branch="feature")
    assert len(await every(sonarqube.list_findings())) == 1
    assert len(await every(sonarqube.list_findings(FindingQuery(branch="feature")))) == 1
    assert len(await every(sonarqube.list_findings(FindingQuery(pull_request="feature")))) == 1


async def new_findings(sonarqube: SonarQubeConnector, server: SonarQubeStandIn) -> None:
    assert await every(sonarqube.new_findings()) == []
    server.add_issue("CRITICAL")
    assert [event.type for event in await every(sonarqube.new_findings())] == ["security.finding"]


async def check_gate(sonarqube: SonarQubeConnector, server: SonarQubeStandIn) -> None:
    assert await sonarqube.check_gate()
    server.branches["shop_web", ""].status = "ERROR"
    assert not await sonarqube.check_gate()


async def get_measures(sonarqube: SonarQubeConnector, _server: SonarQubeStandIn) -> None:
    assert await sonarqube.get_measures(["coverage", "ncloc"], FindingQuery(project="shop_web")) == {
        "coverage": "87.5",
        "ncloc": "1200",
    }
