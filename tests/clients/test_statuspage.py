"""The best-known client of Statuspage: https://pypi.org/project/atlassian-python-api."""

from __future__ import annotations

from typing import Any

from support.clients import Versus, against, every
from support.recording import Difference

versus = against("statuspage", "atlassian-python-api", "atlassian")


COMPONENTS = {"9nqvnr23zmzn": "degraded_performance"}


def client(stand_in: Any) -> Any:
    from atlassian.statuspage import StatusPage

    return StatusPage(url=stand_in.url, header={"Authorization": f"OAuth {stand_in.api_key}"})


def created(stand_in: Any) -> Any:
    incident = {
        "name": "API is slow",
        "status": "investigating",
        "body": "Since noon.",
        "impact_override": "minor",
        "component_ids": ["9nqvnr23zmzn"],
        "deliver_notifications": True,
        "components": COMPONENTS,
    }
    return client(stand_in).page_create_incident(stand_in.page_id, incident)


def test_an_incident_is_created(versus: Versus) -> None:
    """Name, status, body, impact, components."""
    outcome, made = versus(
        "create_incident",
        ours=lambda it: it.create_incident(
            "API is slow", body="Since noon.", impact="minor", components=COMPONENTS
        ),
        theirs=created,
    )
    assert outcome.reference == made["id"]


def with_incident(versus: Versus, operation: str, *explained: Any, ours: Any, theirs: Any) -> None:
    ids: list[str] = []
    versus(
        operation,
        *explained,
        prepare=lambda it: ids.append(created(it)["id"]),
        ours=lambda it: ours(it, ids[0]),
        theirs=lambda it: theirs(it, ids[1]),
    )


def test_an_incident_is_changed(versus: Versus) -> None:
    """`PATCH` with status and body."""
    with_incident(
        versus,
        "update_incident",
        ours=lambda it, number: it.update_incident(number, status="identified", body="A disk."),
        theirs=lambda it, number: client(it).page_update_incident(
            it.page_id, number, {"status": "identified", "body": "A disk.", "deliver_notifications": True}
        ),
    )


def test_an_incident_is_read(versus: Versus) -> None:
    """By its id."""
    with_incident(
        versus,
        "get_incident",
        ours=lambda it, number: it.get_incident(number),
        theirs=lambda it, number: client(it).page_get_incident(it.page_id, number),
    )


def test_incidents_are_listed(versus: Versus) -> None:
    """Page by page."""
    versus(
        "list_incidents",
        Difference("query.limit", "Statuspage's own word for it, of incidents"),
        Difference("query.per_page", "the client's word, which Statuspage has for components"),
        ours=lambda it: every(it.list_incidents("slow")),
        theirs=lambda it: client(it).page_list_incidents(it.page_id, "slow"),
    )


def test_components_are_listed(versus: Versus) -> None:
    """Page by page."""
    versus(
        "list_components",
        ours=lambda it: every(it.list_components()),
        theirs=lambda it: client(it).page_get_components(it.page_id),
    )


def test_a_component_is_changed(versus: Versus) -> None:
    """`PATCH` with its status."""
    versus(
        "set_component_status",
        ours=lambda it: it.set_component_status("9nqvnr23zmzn", "major_outage"),
        theirs=lambda it: client(it).page_update_component(
            it.page_id, "9nqvnr23zmzn", {"status": "major_outage"}
        ),
    )
