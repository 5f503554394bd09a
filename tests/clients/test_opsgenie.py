"""Opsgenie's own client: https://pypi.org/project/opsgenie-sdk."""

from __future__ import annotations

from typing import Any

from support.clients import Versus, against, every
from support.recording import Extra

versus = against("opsgenie", "opsgenie-sdk", "opsgenie_sdk")


ASKS = Extra(
    "ours", "GET /v2/alerts/requests/*", "Opsgenie answers before it acts; ours asks what became of it"
)


def alerts(stand_in: Any) -> Any:
    import opsgenie_sdk

    configuration = opsgenie_sdk.Configuration()
    configuration.api_key["Authorization"] = stand_in.api_key
    configuration.host = stand_in.url
    return opsgenie_sdk.AlertApi(opsgenie_sdk.ApiClient(configuration=configuration))


def created(stand_in: Any) -> Any:
    import opsgenie_sdk

    payload = opsgenie_sdk.CreateAlertPayload(
        message="Disk full", alias="disk-1", description="0 left", priority="P1", source="integrations-sdk"
    )
    return alerts(stand_in).create_alert(payload)


def test_an_alert_is_created(versus: Versus) -> None:
    """Message, alias, description, priority."""
    versus(
        "create_alert",
        ASKS,
        ours=lambda it: it.create_alert("Disk full", alias="disk-1", description="0 left", priority="P1"),
        theirs=created,
    )


def test_an_alert_is_closed(versus: Versus) -> None:
    """By its alias."""

    def theirs(stand_in: Any) -> None:
        import opsgenie_sdk

        payload = opsgenie_sdk.CloseAlertPayload(note="cleaned", source="integrations-sdk")
        alerts(stand_in).close_alert("disk-1", identifier_type="alias", close_alert_payload=payload)

    versus(
        "close_alert",
        ASKS,
        prepare=created,
        ours=lambda it: it.close_alert("disk-1", note="cleaned"),
        theirs=theirs,
    )


def test_an_alert_is_acknowledged(versus: Versus) -> None:
    """By its alias."""

    def theirs(stand_in: Any) -> None:
        import opsgenie_sdk

        payload = opsgenie_sdk.AcknowledgeAlertPayload(note="seen", source="integrations-sdk")
        alerts(stand_in).acknowledge_alert(
            "disk-1", identifier_type="alias", acknowledge_alert_payload=payload
        )

    versus(
        "acknowledge_alert",
        ASKS,
        prepare=created,
        ours=lambda it: it.acknowledge_alert("disk-1", note="seen"),
        theirs=theirs,
    )


def test_a_note_is_added(versus: Versus) -> None:
    """By the alert's alias."""

    def theirs(stand_in: Any) -> None:
        import opsgenie_sdk

        payload = opsgenie_sdk.AddNoteToAlertPayload(note="looking", source="integrations-sdk")
        alerts(stand_in).add_note("disk-1", payload, identifier_type="alias")

    versus("add_note", ASKS, prepare=created, ours=lambda it: it.add_note("disk-1", "looking"), theirs=theirs)


def test_an_alert_is_read(versus: Versus) -> None:
    """By its alias."""
    found, answer = versus(
        "get_alert",
        prepare=created,
        ours=lambda it: it.get_alert("disk-1"),
        theirs=lambda it: alerts(it).get_alert("disk-1", identifier_type="alias"),
    )
    assert found.title == answer.data.message


def test_alerts_are_listed(versus: Versus) -> None:
    """With a query."""
    versus(
        "list_alerts",
        prepare=created,
        ours=lambda it: every(it.list_alerts("status: open")),
        theirs=lambda it: alerts(it).list_alerts(query="status: open", limit=100),
    )


def test_a_request_is_followed(versus: Versus) -> None:
    """By its id."""
    ids: list[str] = []

    def prepare(stand_in: Any) -> None:
        stand_in.looks = 0
        ids.append(created(stand_in).request_id)

    found, answer = versus(
        "get_request",
        prepare=prepare,
        ours=lambda it: it.get_request(ids[0]),
        theirs=lambda it: alerts(it).get_request_status(ids[1]),
    )
    assert found["isSuccess"] is answer.data.is_success is True
