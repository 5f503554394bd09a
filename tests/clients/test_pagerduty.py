"""PagerDuty's own client: https://pypi.org/project/pagerduty."""

from __future__ import annotations

from typing import Any

from support.clients import Versus, against, every
from support.recording import Difference

versus = against("pagerduty", "pagerduty", "pagerduty")

OURS_HAS_A_TIME = Difference(
    "body.payload.timestamp", "the client leaves the time to PagerDuty's arrival of the event"
)
ACCEPT = ("accept", "from")


def events(stand_in: Any) -> Any:
    from pagerduty import EventsApiV2Client

    return at(stand_in, EventsApiV2Client(stand_in.routing_key))


def rest(stand_in: Any) -> Any:
    from pagerduty import RestApiV2Client

    return at(stand_in, RestApiV2Client(stand_in.api_token, default_from=stand_in.user))


def at(stand_in: Any, client: Any) -> Any:
    """The client takes no URL but `https://`; its requests are the same over loopback."""
    client._url = stand_in.url
    return client


def test_an_alert_is_triggered(versus: Versus) -> None:
    """Key, action, payload and details."""
    outcome, key = versus(
        "trigger_alert",
        OURS_HAS_A_TIME,
        ours=lambda it: it.trigger_alert(
            "Disk full", severity="critical", dedup_key="disk-1", source="db-1", details={"free": "0"}
        ),
        theirs=lambda it: events(it).trigger(
            "Disk full", "db-1", dedup_key="disk-1", severity="critical", custom_details={"free": "0"}
        ),
    )
    assert outcome.reference == key == "disk-1"


def test_an_alert_is_acknowledged(versus: Versus) -> None:
    """By its key alone."""
    versus(
        "acknowledge_alert",
        ours=lambda it: it.acknowledge_alert("disk-1"),
        theirs=lambda it: events(it).acknowledge("disk-1"),
    )


def test_an_alert_is_resolved(versus: Versus) -> None:
    """By its key alone."""
    versus(
        "resolve_alert",
        ours=lambda it: it.resolve_alert("disk-1"),
        theirs=lambda it: events(it).resolve("disk-1"),
    )


def test_a_change_is_recorded(versus: Versus) -> None:
    """Summary, source, details and links."""
    links = [{"href": "https://ci.example.com/7", "text": "Details"}]
    versus(
        "send_change",
        OURS_HAS_A_TIME,
        ours=lambda it: it.send_change(
            "Deployed", source="shop", details={"by": "ann"}, fields={"links": links}
        ),
        theirs=lambda it: events(it).send_change_event(
            {"summary": "Deployed", "source": "shop", "custom_details": {"by": "ann"}}, links
        ),
    )


def test_an_incident_is_created(versus: Versus) -> None:
    """With key, service and details, on behalf of a user."""
    incident = {
        "type": "incident",
        "title": "Disk full",
        "service": {"id": "PWIXJZS", "type": "service_reference"},
        "incident_key": "disk-1",
        "urgency": "high",
        "body": {"type": "incident_body", "details": "0 left"},
    }
    outcome, answer = versus(
        "create_incident",
        ours=lambda it: it.create_incident(
            "Disk full", "PWIXJZS", key="disk-1", details="0 left", urgency="high"
        ),
        theirs=lambda it: rest(it).rpost("incidents", json=incident),
        headers=ACCEPT,
    )
    assert outcome.reference == answer["id"]


def incident(stand_in: Any) -> None:
    stand_in.incidents["P1"] = {"id": "P1", "title": "Disk full", "status": "triggered"}


def test_an_incident_is_changed(versus: Versus) -> None:
    """`PUT` of a reference with what changes."""
    versus(
        "update_incident",
        prepare=incident,
        ours=lambda it: it.update_incident("P1", status="resolved", resolution="cleaned"),
        theirs=lambda it: rest(it).rput(
            "incidents/P1", json={"type": "incident_reference", "status": "resolved", "resolution": "cleaned"}
        ),
        headers=ACCEPT,
    )


def test_a_note_is_added(versus: Versus) -> None:
    """Wrapped in `note`."""
    versus(
        "add_note",
        prepare=incident,
        ours=lambda it: it.add_note("P1", "looking"),
        theirs=lambda it: rest(it).rpost("incidents/P1/notes", json={"content": "looking"}),
        headers=ACCEPT,
    )


def test_an_incident_is_read(versus: Versus) -> None:
    """Token and version."""
    found, answer = versus(
        "get_incident",
        Difference(
            "header.from",
            "the client says who asks even where nothing is changed; PagerDuty reads it in writes",
        ),
        prepare=incident,
        ours=lambda it: it.get_incident("P1"),
        theirs=lambda it: rest(it).rget("incidents/P1"),
        headers=ACCEPT,
    )
    assert (found.title, found.status) == (answer["title"], answer["status"])


def test_incidents_are_listed(versus: Versus) -> None:
    """Page by page, with the filter in its repeated form."""

    def many(stand_in: Any) -> None:
        stand_in.incidents |= {f"P{n}": {"id": f"P{n}", "status": "triggered"} for n in range(150)}

    found, listed = versus(
        "list_incidents",
        Difference("query.offset", "the client says 0 for the first page, which is the default"),
        Difference(
            "query.total", "the client declines the total, which PagerDuty leaves out unless it is asked for"
        ),
        prepare=many,
        ours=lambda it: every(it.list_incidents(statuses=["triggered"])),
        theirs=lambda it: list(rest(it).iter_all("incidents", params={"statuses[]": ["triggered"]})),
    )
    assert [one.reference for one in found] == [one["id"] for one in listed]
