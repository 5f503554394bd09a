"""Bamboo: builds of a plan."""

from __future__ import annotations

from integrations_sdk.connectors.bamboo import BambooConnector
from integrations_sdk.models import BuildRequest, BuildStatus
from integrations_sdk.testing.vendors.bamboo import BambooStandIn
from support.scenarios import PUSH, Overruled, Suite

REST = "https://developer.atlassian.com/server/bamboo/rest/"

SUITE = Suite(
    stand_in=BambooStandIn,
    contracts={"bamboo": "/rest"},
    cited={
        "GET /rest/api/latest/plan/*": REST,
        "DELETE /rest/api/latest/queue/*": REST,
    },
    overruled=(Overruled("POST /rest/api/latest/queue/*", "?bamboo.variable.", REST),),
    config={"stage": "Deploy", "variables": {"env": "prod"}},
)

BUILD = BuildRequest(branch="feature-x", commit_sha="a" * 40, parameters={"TARGET": "production"})


async def check(bamboo: BambooConnector, _server: BambooStandIn) -> None:
    await bamboo.check()


async def trigger_build(bamboo: BambooConnector, server: BambooStandIn) -> None:
    await bamboo.trigger_build(BUILD)
    assert len(server.plans["PROJ-PLAN0"].builds) == 1


async def get_build(bamboo: BambooConnector, _server: BambooStandIn) -> None:
    made = await bamboo.trigger_build(BUILD)
    assert (await bamboo.get_build(made.reference or "")).status is BuildStatus.PENDING


async def stop_build(bamboo: BambooConnector, server: BambooStandIn) -> None:
    made = await bamboo.trigger_build(BUILD)
    await bamboo.stop_build(made.reference or "")
    assert server.results[made.reference or ""]["lifeCycleState"] == "NotBuilt"


async def wait_for_build(bamboo: BambooConnector, _server: BambooStandIn) -> None:
    made = await bamboo.trigger_build(BUILD)
    assert (await bamboo.wait_for_build(made.reference or "")).status is BuildStatus.SUCCESS


async def handle_event(bamboo: BambooConnector, server: BambooStandIn) -> None:
    await bamboo.handle_event(PUSH)
    assert len(server.plans["PROJ-PLAN"].builds) == 1
