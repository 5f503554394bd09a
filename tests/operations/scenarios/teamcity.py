"""TeamCity: builds of a build configuration. The contract is that of TeamCity 10; what it lacks is cited."""

from __future__ import annotations

from integrations_sdk.connectors.teamcity import TeamCityConnector
from integrations_sdk.models import BuildRequest, BuildStatus
from integrations_sdk.testing.vendors.teamcity import TeamCityStandIn
from support.scenarios import PUSH, Suite, every

REST = "https://www.jetbrains.com/help/teamcity/rest"

SUITE = Suite(
    stand_in=TeamCityStandIn,
    contracts={"teamcity": ""},
    cited={
        "GET /app/rest/users/current": f"{REST}/manage-users.html",
        "GET /app/rest/buildTypes/*": f"{REST}/buildtypeapi.html",
        "POST /app/rest/buildQueue/*": f"{REST}/start-and-cancel-builds.html",
        "PUT /app/rest/builds/*/comment": f"{REST}/buildapi.html",
    },
    config={"properties": {"env.STAGE": "prod"}},
)

BUILD = BuildRequest(branch="feature", commit_sha="a" * 40, parameters={"TARGET": "production"})


async def check(teamcity: TeamCityConnector, _server: TeamCityStandIn) -> None:
    await teamcity.check()


async def trigger_build(teamcity: TeamCityConnector, server: TeamCityStandIn) -> None:
    await teamcity.trigger_build(BUILD)
    assert server.build_types["Shop_Build"].asked[0]["branchName"] == "feature"


async def get_build(teamcity: TeamCityConnector, _server: TeamCityStandIn) -> None:
    made = await teamcity.trigger_build(BUILD)
    assert (await teamcity.get_build(made.reference or "")).status is BuildStatus.PENDING


async def wait_for_build(teamcity: TeamCityConnector, _server: TeamCityStandIn) -> None:
    made = await teamcity.trigger_build(BUILD)
    assert (await teamcity.wait_for_build(made.reference or "")).status is BuildStatus.SUCCESS


async def list_builds(teamcity: TeamCityConnector, _server: TeamCityStandIn) -> None:
    await teamcity.trigger_build(BUILD)
    assert len(await every(teamcity.list_builds(branch="feature"))) == 1


async def cancel_build(teamcity: TeamCityConnector, server: TeamCityStandIn) -> None:
    waiting = await teamcity.trigger_build(BUILD)
    await teamcity.cancel_build(waiting.reference or "", "Not now")
    running = await teamcity.trigger_build(BUILD)
    await teamcity.get_build(running.reference or "")
    await teamcity.cancel_build(running.reference or "", "Not now")
    assert [build["state"] for build in server.builds.values()] == ["finished", "finished"]


async def comment_build(teamcity: TeamCityConnector, server: TeamCityStandIn) -> None:
    made = await teamcity.trigger_build(BUILD)
    await teamcity.comment_build(made.reference or "", "By the shop")
    assert [*server.comments.values()] == ["By the shop"]


async def handle_event(teamcity: TeamCityConnector, server: TeamCityStandIn) -> None:
    await teamcity.handle_event(PUSH)
    assert len(server.build_types["Shop_Build"].asked) == 1
