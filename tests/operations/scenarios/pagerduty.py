"""PagerDuty: alerts and changes by events, incidents by the REST API."""

from __future__ import annotations

from integrations_sdk.connectors.pagerduty import PagerDutyConnector
from integrations_sdk.models import Level, Message
from integrations_sdk.testing.vendors.pagerduty import PagerDutyStandIn
from support.scenarios import PIPELINE, PUSH, Overruled, Suite, otherwise

SUITE = Suite(
    stand_in=PagerDutyStandIn,
    contracts={"pagerduty": "", "pagerduty_events": "/v2"},
    overruled=(
        Overruled(
            "POST /incidents",
            "incident/body/",
            "https://developer.pagerduty.com/api-reference/a7d81b0e9200f-create-an-incident",
        ),
    ),
)


async def check(pagerduty: PagerDutyConnector, service: PagerDutyStandIn) -> None:
    await pagerduty.check()
    assert (service.alerts, service.incidents) == ({}, {})


async def notify(pagerduty: PagerDutyConnector, service: PagerDutyStandIn) -> None:
    await pagerduty.notify(Message(title="Disk full", text="97 % of /var", level=Level.ERROR, key="disk"))
    assert service.alerts["disk"]["status"] == "triggered"
    await pagerduty.notify(Message(text="Room again", level=Level.SUCCESS, key="disk"))
    assert service.alerts["disk"]["status"] == "resolved"


async def trigger_alert(pagerduty: PagerDutyConnector, service: PagerDutyStandIn) -> None:
    links = [{"href": "https://shop.example/runbook", "text": "Runbook"}]
    made = await pagerduty.trigger_alert(
        "Disk full", severity="critical", source="web-1", details={"used": 97},
        fields={"client": "shop", "client_url": "https://shop.example", "links": links},
    )  # fmt: skip
    assert service.alerts[made.reference or ""]["client"] == "shop"


async def acknowledge_alert(pagerduty: PagerDutyConnector, service: PagerDutyStandIn) -> None:
    await pagerduty.trigger_alert("Disk full", dedup_key="disk")
    await pagerduty.acknowledge_alert("disk")
    assert service.alerts["disk"]["status"] == "acknowledged"


async def resolve_alert(pagerduty: PagerDutyConnector, service: PagerDutyStandIn) -> None:
    await pagerduty.trigger_alert("Disk full", dedup_key="disk")
    await pagerduty.resolve_alert("disk")
    assert service.alerts["disk"]["status"] == "resolved"


async def send_change(pagerduty: PagerDutyConnector, service: PagerDutyStandIn) -> None:
    links = [{"href": "https://shop.example/v2", "text": "Release"}]
    await pagerduty.send_change(
        "Version 2 is out", source="shop/web", details={"tag": "v2"}, fields={"links": links}
    )
    assert len(service.changes) == 1


async def create_incident(pagerduty: PagerDutyConnector, service: PagerDutyStandIn) -> None:
    made = await pagerduty.create_incident("Disk full", "PWIXJZS", details="97 % of /var", urgency="high")
    assert service.incidents[made.reference or ""]["title"] == "Disk full"


async def get_incident(pagerduty: PagerDutyConnector, _service: PagerDutyStandIn) -> None:
    made = await pagerduty.create_incident("Disk full", "PWIXJZS")
    assert (await pagerduty.get_incident(made.reference or "")).title == "Disk full"


async def update_incident(pagerduty: PagerDutyConnector, service: PagerDutyStandIn) -> None:
    made = await pagerduty.create_incident("Disk full", "PWIXJZS")
    await pagerduty.update_incident(made.reference or "", status="resolved", resolution="Cleaned up")
    assert service.incidents[made.reference or ""]["status"] == "resolved"


async def add_note(pagerduty: PagerDutyConnector, service: PagerDutyStandIn) -> None:
    made = await pagerduty.create_incident("Disk full", "PWIXJZS")
    await pagerduty.add_note(made.reference or "", "On it")
    assert service.notes[0]["content"] == "On it"


async def list_incidents(pagerduty: PagerDutyConnector, _service: PagerDutyStandIn) -> None:
    for number in range(3):
        await pagerduty.create_incident(f"Disk {number} full", "PWIXJZS")
    found = [
        one async for one in pagerduty.list_incidents(statuses=["triggered"], since="2026-01-01T00:00:00Z")
    ]
    assert len(found) == 3


async def handle_event(pagerduty: PagerDutyConnector, service: PagerDutyStandIn) -> None:
    telling = otherwise(pagerduty, {**service.config(), "change_events": True})
    await telling.handle_event(PIPELINE)
    await telling.handle_event(PUSH)
    assert (len(service.alerts), len(service.changes)) == (1, 1)
