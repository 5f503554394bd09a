"""What holds the scenarios: whose request it was, what counts as success, and what may overrule a contract."""

from __future__ import annotations

import asyncio

import pytest

from integrations_sdk.connectors.pagerduty import PagerDutyConnector
from integrations_sdk.http.base import Request
from integrations_sdk.models import Level, Message
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect
from integrations_sdk.testing.standin import StandIn
from integrations_sdk.testing.vendors.pagerduty import PagerDutyStandIn
from support.scenarios import Overruled, Rehearsal, Suite, rehearse, suites_of, watched

PAGE = "https://vendor.example/incidents"


def rehearsal(suite: Suite) -> Rehearsal:
    """One in which nothing was sent yet."""
    server = StandIn()
    server.url = "http://127.0.0.1:1"
    return Rehearsal(suite, server, [])


def asking(method: str, path: str) -> Request:
    return Request(method=method, url=f"http://127.0.0.1:1{path}", headers={}, content=b"")


def test_what_a_scenario_does_beforehand_is_not_the_operations() -> None:
    """An alert is triggered and then resolved: two requests, of which the second is the operation's own."""
    (suite,) = suites_of("pagerduty")
    seen = asyncio.run(rehearse("pagerduty", "resolve_alert", suite))
    assert (len(seen.requests), seen.own, seen.calls) == (2, {1}, 1)


def test_what_was_skipped_is_no_success() -> None:
    """An operation that had nothing to do shows nothing of its requests."""
    server = PagerDutyStandIn()
    http = ScriptedHttp([answered_by(server)])
    seen = Rehearsal(Suite(stand_in=PagerDutyStandIn), server, http.requests)
    pagerduty = connect(watched(PagerDutyConnector, "notify", seen), server.config(), http)
    with pytest.raises(AssertionError, match="notify: skipped"):
        asyncio.run(pagerduty.notify(Message(text="up", level=Level.SUCCESS)))


def test_only_the_complaint_that_is_overruled_passes() -> None:
    """Neither another one beside it, nor the same about another request."""
    seen = rehearsal(
        Suite(stand_in=StandIn, overruled=(Overruled("POST /incidents", "body/details: ", PAGE),))
    )
    wrong = ["InvalidRequestBody: …", "  incident/body/details: 'x' is not of type 'object'"]
    assert seen.overruling(asking("POST", "/incidents"), wrong) == {PAGE}
    assert seen.overruling(asking("POST", "/incidents"), [*wrong, "  title: missing"]) == set()
    assert seen.overruling(asking("PUT", "/incidents"), wrong) == set()
    assert seen.overruling(asking("POST", "/incidents"), ["SecurityNotFound: …"]) == set()


def test_a_page_is_cited_by_method_and_path() -> None:
    """Without the query; a star stands for any part."""
    seen = rehearsal(Suite(stand_in=StandIn, cited={"GET /incidents/*/notes": PAGE}))
    assert seen.cited(asking("GET", "/incidents/7/notes?limit=1")) == {"GET /incidents/*/notes": PAGE}
    assert seen.cited(asking("POST", "/incidents/7/notes")) == {}
