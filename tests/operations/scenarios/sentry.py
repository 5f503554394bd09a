"""Sentry: errors by envelopes, releases and deploys by the API."""

from __future__ import annotations

from integrations_sdk.connectors.sentry import SentryConnector
from integrations_sdk.testing.vendors.sentry import SentryStandIn
from support.scenarios import NOW, PIPELINE, Suite

SUITE = Suite(stand_in=SentryStandIn, contracts={"sentry": ""}, config={"environment": "production"})


async def check(sentry: SentryConnector, project: SentryStandIn) -> None:
    await sentry.check()
    assert (project.events, project.releases) == ({}, {})


async def send_event(sentry: SentryConnector, project: SentryStandIn) -> None:
    await sentry.send_event(PIPELINE)
    assert len(project.events) == 1


async def capture_message(sentry: SentryConnector, project: SentryStandIn) -> None:
    made = await sentry.capture_message(
        "Disk full", level="warning", tags={"host": "web-1"}, fingerprint=["disk"]
    )
    assert project.events[made.reference or ""]["level"] == "warning"


async def capture_exception(sentry: SentryConnector, project: SentryStandIn) -> None:
    made = await sentry.capture_exception(ValueError("no such order"), tags={"host": "web-1"})
    assert project.events[made.reference or ""]["exception"]["values"][0]["type"] == "ValueError"


async def create_release(sentry: SentryConnector, project: SentryStandIn) -> None:
    await sentry.create_release("v2", ref="a" * 40, url="https://shop.example/v2", released=NOW)
    assert "v2" in project.releases


async def create_deploy(sentry: SentryConnector, project: SentryStandIn) -> None:
    await sentry.create_release("v2")
    await sentry.create_deploy(
        "v2", "production", name="shop", url="https://shop.example", started=NOW, finished=NOW
    )
    assert project.deploys[0]["environment"] == "production"


async def find_release(sentry: SentryConnector, _project: SentryStandIn) -> None:
    await sentry.create_release("v2")
    assert await sentry.find_release("v2") == "v2"
