"""What holds the scenarios: whose request it was, what counts as success, and what may overrule a contract."""

from __future__ import annotations

import asyncio
import json

import pytest

from integrations_sdk.connectors.pagerduty import PagerDutyConnector
from integrations_sdk.http.base import Request
from integrations_sdk.models import Level, Message
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect
from integrations_sdk.testing.standin import StandIn
from integrations_sdk.testing.vendors.pagerduty import PagerDutyStandIn
from support.scenarios import Overruled, Rehearsal, Suite, rehearse, suites_of, watched
from support.undescribed import undescribed

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
    details = Overruled("POST /incidents", "body/details: ", PAGE)
    seen, wrong = (
        rehearsal(Suite(stand_in=StandIn, overruled=(details,))),
        "  body/details: 'x' is not of type 'object'",
    )
    assert seen.overruling(asking("POST", "/incidents"), [wrong]) == {details}
    assert seen.overruling(asking("POST", "/incidents"), [wrong, "  title: missing"]) == set()
    assert seen.overruling(asking("PUT", "/incidents"), [wrong]) == set()
    assert seen.overruling(asking("POST", "/incidents"), ["SecurityNotFound: …"]) == set()


def test_a_page_is_cited_by_method_and_path() -> None:
    """Without the query; a star stands for any part."""
    seen = rehearsal(Suite(stand_in=StandIn, cited={"GET /incidents/*/notes": PAGE}))
    assert seen.cited(asking("GET", "/incidents/7/notes?limit=1")) == {"GET /incidents/*/notes": PAGE}
    assert seen.cited(asking("POST", "/incidents/7/notes")) == {}


DOCUMENT = {
    "paths": {
        "/users": {
            "parameters": [{"name": "limit", "in": "query"}],
            "post": {
                "parameters": [{"$ref": "#/components/parameters/activate"}],
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/user"}}}
                },
            },
        }
    },
    "components": {
        "parameters": {"activate": {"name": "activate", "in": "query"}},
        "schemas": {
            "named": {"properties": {"name": {"type": "string"}}},
            "user": {
                "allOf": [
                    {"$ref": "#/components/schemas/named"},
                    {
                        "properties": {
                            "groups": {"items": {"$ref": "#/components/schemas/named"}},
                            "attributes": {"additionalProperties": True, "properties": {"team": {}}},
                        }
                    },
                ]
            },
        },
    },
}


@pytest.mark.parametrize(
    ("query", "body", "lacking"),
    [
        ("limit=1&activate=true", {"name": "Ada", "groups": [{"name": "x"}]}, []),
        ("limt=1", {"name": "Ada"}, ["?limt"]),
        ("", {"nmae": "Ada", "groups": [{"name": "x", "nmae": "y"}]}, ["/nmae", "/groups/nmae"]),
        ("", {"attributes": {"anything": {"at": "all"}}}, []),
        ("", {"name": {"first": "Ada"}}, []),
    ],
)
def test_a_name_that_a_contract_lacks_is_found(query: str, body: object, lacking: list[str]) -> None:
    """Of parameters, and of fields at any depth, but for those of objects that may have any."""
    request = Request(
        method="POST", url=f"http://127.0.0.1:1/users?{query}", headers={"content-type": "application/json"},
        content=json.dumps(body).encode(),
    )  # fmt: skip
    found = undescribed(DOCUMENT, "POST /users", request)
    assert [line.split(":")[0].strip() for line in found] == lacking
