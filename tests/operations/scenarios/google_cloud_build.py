"""Google Cloud Build: builds and triggers of a project."""

from __future__ import annotations

from integrations_sdk.connectors.google_cloud_build import CloudBuildConnector
from integrations_sdk.models import BuildRequest, BuildStatus
from integrations_sdk.testing.vendors.google_cloud_build import CloudBuildStandIn
from support.keys import rsa_pair
from support.scenarios import PUSH, Suite, every, otherwise

REST = "https://cloud.google.com/build/docs/api/reference/rest/v1"

SUITE = Suite(
    stand_in=CloudBuildStandIn,
    contracts={"google_cloud_build": ""},
    cited={
        "POST /token": "https://developers.google.com/identity/protocols/oauth2/service-account#httprest",
        "POST /v1/projects/*/locations/*/triggers/*:run": f"{REST}/projects.locations.triggers/run",
    },
    config={"substitutions": {"_STAGE": "prod"}},
)

BUILD = BuildRequest(branch="main", parameters={"_TARGET": "production"})
STEPS = {"steps": [{"name": "gcr.io/cloud-builders/docker", "args": ["build", "."]}], "timeout": "600s"}


async def check(cloud: CloudBuildConnector, project: CloudBuildStandIn) -> None:
    await cloud.check()
    await otherwise(cloud, project.key_config(*rsa_pair())).check()


async def trigger_build(cloud: CloudBuildConnector, project: CloudBuildStandIn) -> None:
    await cloud.trigger_build(BUILD)
    project.location = "europe-west1"
    await otherwise(cloud, {**project.config(), "location": "europe-west1"}).trigger_build(BUILD)
    assert len(project.builds) == 2


async def create_build(cloud: CloudBuildConnector, project: CloudBuildStandIn) -> None:
    await cloud.create_build(STEPS)
    assert project.asked == [STEPS]


async def get_build(cloud: CloudBuildConnector, _project: CloudBuildStandIn) -> None:
    made = await cloud.trigger_build(BuildRequest(commit_sha="a" * 40))
    assert (await cloud.get_build(made.reference or "")).status is BuildStatus.PENDING


async def wait_for_build(cloud: CloudBuildConnector, _project: CloudBuildStandIn) -> None:
    made = await cloud.trigger_build(BUILD)
    assert (await cloud.wait_for_build(made.reference or "")).status is BuildStatus.SUCCESS


async def cancel_build(cloud: CloudBuildConnector, project: CloudBuildStandIn) -> None:
    made = await cloud.trigger_build(BUILD)
    await cloud.cancel_build(made.reference or "")
    assert [build["status"] for build in project.builds.values()] == ["CANCELLED"]


async def list_builds(cloud: CloudBuildConnector, _project: CloudBuildStandIn) -> None:
    await cloud.trigger_build(BUILD)
    assert len(await every(cloud.list_builds('status="QUEUED"'))) == 1


async def list_triggers(cloud: CloudBuildConnector, _project: CloudBuildStandIn) -> None:
    assert [one["name"] for one in await every(cloud.list_triggers())] == ["deploy"]


async def handle_event(cloud: CloudBuildConnector, server: CloudBuildStandIn) -> None:
    await cloud.handle_event(PUSH)
    assert len(server.builds) == 1
