"""Statuspage: incidents and components of a page."""

from __future__ import annotations

import attrs

from integrations_sdk.connectors.statuspage import StatuspageConnector
from integrations_sdk.models import Level, Message
from integrations_sdk.testing.vendors.statuspage import StatuspageStandIn
from support.scenarios import PIPELINE, Overruled, Suite, every

API = "https://developer.statuspage.io"

SUITE = Suite(
    stand_in=StatuspageStandIn,
    contracts={"statuspage": "/v1"},
    cited={
        "GET /v1/pages/kctbh9vrtdwd": f"{API}/#operation/getPagesPageId",
        "GET /v1/pages/*/incidents/unresolved": f"{API}/#operation/getPagesPageIdIncidentsUnresolved",
        "GET /v1/pages/*/incidents/p31zjtct2j00": f"{API}/#operation/getPagesPageIdIncidentsIncidentId",
        "PATCH /v1/pages/*/components/*": f"{API}/#operation/patchPagesPageIdComponentsComponentId",
    },
    overruled=(  # the name that the contract has stands for the ids of components
        Overruled(
            "PATCH /v1/pages/*/incidents/*",
            "/incident/components/",
            f"{API}/#operation/patchPagesPageIdIncidentsIncidentId",
        ),
    ),
    config={"components": {"api": "9nqvnr23zmzn"}, "affects": ["api"]},
)


async def check(statuspage: StatuspageConnector, _page: StatuspageStandIn) -> None:
    await statuspage.check()


async def notify(statuspage: StatuspageConnector, page: StatuspageStandIn) -> None:
    await statuspage.notify(Message(title="API is down", text="We are at it.", level=Level.ERROR, key="api"))
    assert page.components["9nqvnr23zmzn"]["status"] == "major_outage"
    await statuspage.notify(Message(title="API is up", level=Level.SUCCESS, key="api"))
    assert page.incidents[0]["status"] == "resolved"


async def create_incident(statuspage: StatuspageConnector, page: StatuspageStandIn) -> None:
    await statuspage.create_incident(
        "API is down", body="We are at it.", status="identified", impact="major", components={"api": "major_outage"},
        key="api",
    )  # fmt: skip
    assert page.incidents[0]["status"] == "identified"


async def update_incident(statuspage: StatuspageConnector, page: StatuspageStandIn) -> None:
    made = await statuspage.create_incident("API is down")
    await statuspage.update_incident(
        made.reference or "",
        status="monitoring",
        body="It seems better.",
        components={"api": "degraded_performance"},
    )
    assert page.incidents[0]["status"] == "monitoring"


async def resolve_incident(statuspage: StatuspageConnector, page: StatuspageStandIn) -> None:
    made = await statuspage.create_incident("API is down", components={"api": "major_outage"})
    await statuspage.resolve_incident(made.reference or "", body="It is well.")
    assert (page.incidents[0]["status"], page.components["9nqvnr23zmzn"]["status"]) == (
        "resolved",
        "operational",
    )


async def get_incident(statuspage: StatuspageConnector, _page: StatuspageStandIn) -> None:
    made = await statuspage.create_incident("API is down")
    assert (await statuspage.get_incident(made.reference or "")).title == "API is down"


async def find_incident(statuspage: StatuspageConnector, _page: StatuspageStandIn) -> None:
    made = await statuspage.create_incident("API is down", key="api")
    found = await statuspage.find_incident("api")
    assert found is not None and found.reference == made.reference


async def list_incidents(statuspage: StatuspageConnector, _page: StatuspageStandIn) -> None:
    await statuspage.create_incident("API is down")
    assert len(await every(statuspage.list_incidents("API"))) == 1


async def list_components(statuspage: StatuspageConnector, _page: StatuspageStandIn) -> None:
    assert [one["name"] for one in await every(statuspage.list_components())] == ["API", "Website"]


async def set_component_status(statuspage: StatuspageConnector, page: StatuspageStandIn) -> None:
    await statuspage.set_component_status("api", "partial_outage")
    assert page.components["9nqvnr23zmzn"]["status"] == "partial_outage"


async def handle_event(statuspage: StatuspageConnector, page: StatuspageStandIn) -> None:
    await statuspage.handle_event(PIPELINE)
    await statuspage.handle_event(attrs.evolve(PIPELINE, status="success"))
    assert page.incidents[0]["status"] == "resolved"
