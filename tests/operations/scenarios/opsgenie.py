"""Opsgenie: alerts."""

from __future__ import annotations

import attrs

from integrations_sdk.connectors.opsgenie import OpsgenieConnector
from integrations_sdk.models import Level, Message
from integrations_sdk.testing.vendors.opsgenie import OpsgenieStandIn
from support.scenarios import PIPELINE, Overruled, Suite, every

SUITE = Suite(
    stand_in=OpsgenieStandIn,
    contracts={"opsgenie": ""},
    cited={"GET /v2/alerts": "https://docs.opsgenie.com/docs/alert-api#list-alerts"},
    overruled=(
        Overruled(
            "POST /v2/alerts", "/responders/name", "https://docs.opsgenie.com/docs/alert-api#create-alert"
        ),
    ),
)


def only(account: OpsgenieStandIn) -> dict[str, object]:
    """The alert that there is."""
    (alert,) = account.alerts.values()
    return {**alert}


async def check(opsgenie: OpsgenieConnector, account: OpsgenieStandIn) -> None:
    await opsgenie.check()
    assert account.alerts == {}


async def notify(opsgenie: OpsgenieConnector, account: OpsgenieStandIn) -> None:
    await opsgenie.notify(Message(title="Disk full", text="97 % of /var", level=Level.ERROR, key="disk"))
    assert only(account)["status"] == "open"
    await opsgenie.notify(Message(title="Room again", level=Level.SUCCESS, key="disk"))
    assert only(account)["status"] == "closed"


async def create_alert(opsgenie: OpsgenieConnector, account: OpsgenieStandIn) -> None:
    await opsgenie.create_alert(
        "Disk full", alias="disk", description="97 % of /var", priority="P2", tags=["shop"], details={"host": "web-1"},
        responders=[{"name": "platform", "type": "team"}],
    )  # fmt: skip
    assert only(account)["priority"] == "P2"


async def acknowledge_alert(opsgenie: OpsgenieConnector, account: OpsgenieStandIn) -> None:
    await opsgenie.create_alert("Disk full", alias="disk")
    await opsgenie.acknowledge_alert("disk", note="On it")
    assert only(account)["acknowledged"] is True


async def close_alert(opsgenie: OpsgenieConnector, account: OpsgenieStandIn) -> None:
    await opsgenie.create_alert("Disk full", alias="disk")
    await opsgenie.close_alert("disk", note="Cleaned up")
    assert only(account)["status"] == "closed"


async def add_note(opsgenie: OpsgenieConnector, account: OpsgenieStandIn) -> None:
    await opsgenie.create_alert("Disk full", alias="disk")
    await opsgenie.add_note("disk", "On it")
    assert only(account)["notes"] == ["On it"]


async def get_alert(opsgenie: OpsgenieConnector, _account: OpsgenieStandIn) -> None:
    await opsgenie.create_alert("Disk full", alias="disk")
    assert (await opsgenie.get_alert("disk")).title == "Disk full"


async def list_alerts(opsgenie: OpsgenieConnector, _account: OpsgenieStandIn) -> None:
    await opsgenie.create_alert("Disk full", alias="disk")
    assert len(await every(opsgenie.list_alerts("status: open", sort="createdAt"))) == 1


async def get_request(opsgenie: OpsgenieConnector, account: OpsgenieStandIn) -> None:
    account.looks = 0
    made = await opsgenie.create_alert("Disk full", alias="disk")
    found = await opsgenie.get_request(made.request_id or "")
    assert found is not None and found["isSuccess"] is True


async def handle_event(opsgenie: OpsgenieConnector, account: OpsgenieStandIn) -> None:
    await opsgenie.handle_event(PIPELINE)
    await opsgenie.handle_event(attrs.evolve(PIPELINE, status="success"))
    assert only(account)["status"] == "closed"
