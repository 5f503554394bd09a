"""Jenkins: builds of a job."""

from __future__ import annotations

from integrations_sdk.connectors.jenkins import JenkinsConnector
from integrations_sdk.models import BuildRequest, BuildStatus
from integrations_sdk.testing.vendors.jenkins import JenkinsJob, JenkinsStandIn
from support.scenarios import PUSH, Overruled, Suite, otherwise

API = "https://www.jenkins.io/doc/book/using/remote-access-api/"

SUITE = Suite(
    stand_in=JenkinsStandIn,
    contracts={"jenkins": ""},
    cited={"GET /job/myapp-build/1/api/json": API},
    overruled=(Overruled("GET */api/json", "?tree", API),),
)

BUILD = BuildRequest(branch="main", commit_sha="a" * 40)


async def check(jenkins: JenkinsConnector, _server: JenkinsStandIn) -> None:
    await jenkins.check()


async def trigger_build(jenkins: JenkinsConnector, server: JenkinsStandIn) -> None:
    await jenkins.trigger_build(BUILD)
    server.jobs["nightly"] = JenkinsJob()
    await jenkins.trigger_build(BuildRequest(job="nightly"))
    by_password = {**server.config(), "api_token": server.password}
    await otherwise(jenkins, by_password).trigger_build(BUILD)
    assert [item["task"]["name"] for item in server.queue.values()] == [
        "myapp-build",
        "nightly",
        "myapp-build",
    ]


async def get_build(jenkins: JenkinsConnector, _server: JenkinsStandIn) -> None:
    made = await jenkins.trigger_build(BUILD)
    assert (await jenkins.get_build(made.reference or "")).status is BuildStatus.PENDING


async def last_build(jenkins: JenkinsConnector, server: JenkinsStandIn) -> None:
    made = await jenkins.trigger_build(BUILD)
    await jenkins.get_build(made.reference or "")
    found = await jenkins.last_build()
    assert found is not None and found.number == len(server.jobs["myapp-build"].builds) == 1


async def wait_for_build(jenkins: JenkinsConnector, server: JenkinsStandIn) -> None:
    made = await jenkins.trigger_build(BUILD)
    assert (await jenkins.wait_for_build(made.reference or "")).status is BuildStatus.SUCCESS
    assert server.jobs["myapp-build"].passed[0]["BRANCH"] == "main"


async def handle_event(jenkins: JenkinsConnector, server: JenkinsStandIn) -> None:
    await jenkins.handle_event(PUSH)
    assert len(server.queue) == 1
