"""Zendesk: what is sent, what comes of it, and what is said when it fails."""

from __future__ import annotations

import asyncio
import base64
import traceback
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.base import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    IssueDraft,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
)
from integrations_sdk.connectors.zendesk import ZendeskConnector
from integrations_sdk.connectors.zendesk.templates import filled, missing_in
from integrations_sdk.models import Event, OutcomeStatus
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.zendesk import ZendeskStandIn

T = TypeVar("T")

TOKEN = "CANARY0api0token"
API = "https://yourcompany.zendesk.com"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
TEMPLATES: dict[str, Any] = {
    "config_change": {
        "subject": "Configuration Change: {config_key}",
        "priority": "normal",
        "type": "incident",
        "tags": ["configuration", "automated"],
    },
    "config_error": {
        "subject": "Configuration Error: {config_key}",
        "priority": "high",
        "type": "problem",
        "tags": ["configuration", "error", "urgent"],
    },
}
DOCUMENT = {
    "subdomain": "yourcompany",
    "email": "admin@yourcompany.com",
    "api_token": TOKEN,
    "default_assignee": "platform-team@yourcompany.com",
    "ticket_templates": TEMPLATES,
}
TICKET = {"id": 35436, "subject": "Broken", "status": "new", "tags": ["a"]}
CHANGE = Event(
    id="e-1",
    type="config_change",
    source="config.example",
    time=NOW,
    provider="generic",
    data={"config_key": "app.database.host", "nested": {"config_key": "no"}},
)


def make(http: ScriptedHttp, **more: object) -> ZendeskConnector:
    configured = {name: value for name, value in {**DOCUMENT, **more}.items() if value is not None}
    return connect(ZendeskConnector, configured, http, clock=FakeClock(NOW))


def stood_in(**more: object) -> tuple[ZendeskConnector, ZendeskStandIn, ScriptedHttp]:
    stand_in = ZendeskStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    configured = {name: value for name, value in {**stand_in.config(), **more}.items() if value is not None}
    return connect(ZendeskConnector, configured, http, clock=FakeClock(NOW)), stand_in, http


def run(work: Coroutine[object, object, T]) -> T:
    return asyncio.run(work)


def every(items: AsyncIterator[T]) -> list[T]:
    async def collect() -> list[T]:
        return [item async for item in items]

    return asyncio.run(collect())


# --- configuration -----------------------------------------------------------


def test_the_enterprise_documents_configuration_loads_unchanged() -> None:
    """Every field that it shows, templates with their placeholders included."""
    config = make(ScriptedHttp()).config
    assert config.default_assignee == "platform-team@yourcompany.com"
    assert config.ticket_templates["config_error"].subject == "Configuration Error: {config_key}"
    assert config.ticket_templates["config_change"].tags == ("configuration", "automated")
    assert "CANARY" not in repr(config)


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"subdomain": None}, "subdomain"),
        ({"subdomain": "yourcompany.zendesk.com"}, "subdomain"),
        ({"api_token": None}, "api_token"),
        ({"email": None}, "email"),
        ({"email": "admin"}, "email"),
        ({"email": "a:b@c.example"}, "email"),
        ({"oauth_token": "x"}, "api_token"),
        ({"default_assignee": "nobody"}, "default_assignee"),
        ({"ticket_templates": {"x": {"priority": "normal"}}}, "ticket_templates.x.subject"),
        ({"ticket_templates": {"x": {"subject": "s", "priority": "asap"}}}, "ticket_templates.x.priority"),
        ({"ticket_templates": {"x": {"subject": "s", "kind": "task"}}}, "ticket_templates.x.kind"),
        ({"custom_fields": {"1": []}}, "custom_fields.1"),
    ],
)
def test_a_wrong_configuration_names_the_field(wrong: dict[str, object], path: str) -> None:
    """Each mistake is reported under its path, and the token is not quoted."""
    with pytest.raises(ConfigurationError) as caught:
        make(ScriptedHttp(), **wrong)
    assert [problem.path for problem in caught.value.problems] == [path]
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    ("more", "header"),
    [
        ({}, "Basic " + base64.b64encode(f"admin@yourcompany.com/token:{TOKEN}".encode()).decode()),
        ({"api_token": None, "email": None, "oauth_token": TOKEN}, f"Bearer {TOKEN}"),
    ],
)
def test_both_ways_to_get_in(more: dict[str, object], header: str) -> None:
    """https://developer.zendesk.com/api-reference/introduction/security-and-auth/."""
    http = ScriptedHttp([reply(200, {"ticket": TICKET})])
    run(make(http, **more).get_issue("35436"))
    assert http.requests[0].headers["authorization"] == header


def test_a_url_of_ones_own() -> None:
    """With `/api/v2` or without; it leads to the tickets as well."""
    for url in ("https://p.example/zd", "https://p.example/zd/api/v2/"):
        http = ScriptedHttp([reply(200, {"ticket": TICKET})])
        assert (
            run(make(http, subdomain=None, api_url=url).get_issue("1")).url
            == "https://p.example/zd/agent/tickets/35436"
        )
        assert http.requests[0].url == "https://p.example/zd/api/v2/tickets/1"


# --- creating ------------------------------------------------------------------


@pytest.mark.contracts
def test_a_ticket_is_created_with_all_that_the_draft_says(conformity) -> None:
    """In Zendesk's words; configured tags and fields are added, the default assignee gives way."""
    http = ScriptedHttp([reply(201, {"ticket": TICKET}, x_request_id="r-1")])
    draft = IssueDraft(
        title="Broken",
        description="It broke.",
        issue_type="Problem",
        labels=("Bug report", "ci"),
        assignee="ada@yourcompany.com",
        priority="Highest",
        url="https://ci.example.com/1",
        external_id="jenkins:app#1",
        fields={"group_id": 7},
    )
    outcome = run(make(http, tags=["automated"]).create_issue(draft))
    (request,) = http.requests
    assert (request.method, request.url) == ("POST", f"{API}/api/v2/tickets")
    assert http.sent() == {
        "ticket": {
            "subject": "Broken",
            "type": "problem",
            "priority": "urgent",
            "tags": ["automated", "bug_report", "ci"],
            "external_id": "jenkins:app#1",
            "assignee_email": "ada@yourcompany.com",
            "comment": {"body": "It broke.\n\nhttps://ci.example.com/1", "public": False},
            "group_id": 7,
        }
    }
    assert (outcome.reference, outcome.url, outcome.request_id) == (
        "35436",
        f"{API}/agent/tickets/35436",
        "r-1",
    )
    conformity.check("zendesk", request, base_url=API)


def test_custom_fields_go_by_their_ids() -> None:
    """As the documentation shows; the description beside it takes them for the definitions of fields.

    Source: https://developer.zendesk.com/documentation/ticketing/managing-tickets/creating-and-updating-tickets/
    #setting-custom-field-values.
    """
    http = ScriptedHttp([reply(201, {"ticket": TICKET})])
    run(make(http, custom_fields={"360001": "platform"}).create_issue(IssueDraft(title="x")))
    assert http.sent()["ticket"]["custom_fields"] == [{"id": 360001, "value": "platform"}]


def test_a_creation_can_be_repeated() -> None:
    """A key goes with it, another for each ticket: what Zendesk made already it answers with again.

    Source: https://developer.zendesk.com/documentation/api-basics/working-with-data/idempotency/.
    """
    zendesk, stand_in, http = stood_in()
    for _ in range(2):
        run(zendesk.create_issue(IssueDraft(title="x")))
    assert len(stand_in.tickets) == len(stand_in.keys) == 2
    assert all(call.idempotent for call in http.calls)
    again = answered_by(stand_in)(http.requests[0])
    assert (again.status, again.headers["x-idempotency-lookup"]) == (201, "hit")
    assert len(stand_in.tickets) == 2


def test_a_lost_answer_makes_no_second_ticket() -> None:
    """The same key goes with each attempt of one creation, so that an answer of 500 after the fact is harmless."""
    zendesk, stand_in, http = stood_in()
    stand_in.fail(status=500, acts=True)
    with pytest.raises(ProviderUnavailableError) as caught:
        run(zendesk.create_issue(IssueDraft(title="x")))
    assert caught.value.retryable
    assert answered_by(stand_in)(http.requests[0]).status == 201
    assert len(stand_in.tickets) == 1


@pytest.mark.parametrize(
    ("draft", "path"),
    [
        (IssueDraft(description="x"), "title"),
        (IssueDraft(title="x", priority="asap"), "priority"),
        (IssueDraft(title="x", assignee="ada"), "assignee"),
    ],
)
def test_a_draft_that_says_nothing_to_zendesk_is_refused(draft: IssueDraft, path: str) -> None:
    """Before anything is sent, naming the field."""
    with pytest.raises(ConfigurationError) as caught:
        run(make(ScriptedHttp()).create_issue(draft))
    assert [problem.path for problem in caught.value.problems] == [path]


def test_a_type_that_zendesk_lacks_becomes_a_tag() -> None:
    """A tracker's `Bug` is not lost; the default assignee takes what names nobody; a number is a user's."""
    zendesk, stand_in, http = stood_in(default_assignee="platform-team@yourcompany.com")
    run(zendesk.create_issue(IssueDraft(title="x", issue_type="Bug")))
    assert (stand_in.tickets[1]["tags"], stand_in.tickets[1]["assignee_id"]) == (["bug"], 7)
    run(zendesk.create_issue(IssueDraft(title="x", assignee="42")))
    assert http.sent()["ticket"]["assignee_id"] == 42


# --- templates -----------------------------------------------------------------


@pytest.mark.contracts
def test_a_template_makes_a_ticket(conformity) -> None:
    """As the enterprise document shows it: subject filled in, priority, type, tags, the default assignee."""
    http = ScriptedHttp([reply(201, {"ticket": TICKET})])
    zendesk = make(http)
    values = {"config_key": "app.database.host"}
    run(zendesk.create_from_template("config_error", values, comment="It is not valid.", external_id="c-1"))
    assert http.sent()["ticket"] == {
        "subject": "Configuration Error: app.database.host",
        "type": "problem",
        "priority": "high",
        "tags": ["configuration", "error", "urgent"],
        "external_id": "c-1",
        "assignee_email": "platform-team@yourcompany.com",
        "comment": {"body": "It is not valid.", "public": False},
    }
    run(
        zendesk.create_issue(
            IssueDraft(issue_type="config_change", labels=("db",), fields={"values": values, "group_id": 1})
        )
    )
    sent = http.sent()["ticket"]
    assert (sent["subject"], sent["tags"], sent["group_id"]) == (
        "Configuration Change: app.database.host",
        ["configuration", "automated", "db"],
        1,
    )
    assert sent["comment"]["body"] == sent["subject"], "a ticket needs a text"
    assert "values" not in sent
    for request in http.requests:
        conformity.check("zendesk", request, base_url=API)


def test_a_template_may_say_more() -> None:
    """Text, assignee and custom fields of its own go before the configured ones."""
    template = {
        "subject": "S {a}",
        "comment": "C {b} {unclosed {}",
        "assignee": "ada@yourcompany.com",
        "custom_fields": {"1": "own", "2": True},
    }
    http = ScriptedHttp([reply(201, {"ticket": TICKET})])
    zendesk = make(http, ticket_templates={"t": template}, custom_fields={"1": "usual", "3": 4})
    run(zendesk.create_from_template("t", {"a": 1, "b": "{a}"}))
    sent = http.sent()["ticket"]
    assert (sent["subject"], sent["comment"]["body"]) == ("S 1", "C {a} {unclosed {}")
    assert sent["assignee_email"] == "ada@yourcompany.com"
    assert {one["id"]: one["value"] for one in sent["custom_fields"]} == {1: "own", 2: True, 3: 4}


def test_what_a_template_lacks_is_named() -> None:
    """A template that there is not, and every placeholder without a value."""
    with pytest.raises(ConfigurationError, match="configured: config_change, config_error"):
        run(make(ScriptedHttp()).create_from_template("config_chnage", {}))
    with pytest.raises(ConfigurationError, match="values: missing: config_key"):
        run(make(ScriptedHttp()).create_from_template("config_change", {"config_key": None}))


@given(st.text(), st.dictionaries(st.text(max_size=5), st.text(max_size=9)))
def test_filling_never_breaks(text: str, values: dict[str, str]) -> None:
    """Any text is filled, or says what is missing; nothing of Python's own formatting acts."""
    if missing_in(text, values):
        with pytest.raises(ConfigurationError):
            filled(text, values)
    else:
        filled(text, values)
    assert filled("{x.__class__} {0} {x!r}", {"x.__class__": "a"}) == "a {0} {x!r}"


def test_an_event_of_a_templates_name_becomes_a_ticket() -> None:
    """Its data fill the subject, its message is the text; others are left alone."""
    zendesk, stand_in, _ = stood_in(ticket_templates=TEMPLATES)
    assert zendesk.wants(CHANGE) is None
    assert zendesk.wants(attrs.evolve(CHANGE, type="push")) == "no ticket template is called push"
    outcome = run(zendesk.handle_event(CHANGE))
    assert outcome.reference == "1"
    assert stand_in.tickets[1]["subject"] == "Configuration Change: app.database.host"
    assert stand_in.tickets[1]["external_id"] == "config.example:e-1"
    assert stand_in.comments[1][0]["body"] == "Config change"
    lacking = run(zendesk.handle_event(attrs.evolve(CHANGE, data={})))
    assert lacking.status is OutcomeStatus.SKIPPED
    assert lacking.detail == "the event lacks config_key, which the template needs"


def test_events_and_branches_narrow_what_becomes_a_ticket() -> None:
    """A pipeline with a template is wanted on the configured branches, and only if it is subscribed."""
    failed = attrs.evolve(CHANGE, type="pipeline", branch="main", status="failed")
    template = {"pipeline": {"subject": "{project}"}}
    assert make(ScriptedHttp(), ticket_templates=template).wants(failed) is None
    assert (
        make(ScriptedHttp(), ticket_templates=template, branches=["release/*"]).wants(failed)
        == "branch main is filtered out"
    )
    assert (
        make(ScriptedHttp(), ticket_templates=template, events=["push"]).wants(failed)
        == "not subscribed to pipeline"
    )


# --- changing ------------------------------------------------------------------


@pytest.mark.contracts
def test_tickets_are_changed_commented_on_and_moved(conformity) -> None:
    """Only what is given is sent; what holds a comment is not repeated after a lost answer."""
    audit = {"id": 9, "events": [{"id": 1, "type": "Change"}, {"id": 77, "type": "Comment"}]}
    http = ScriptedHttp([reply(200, {"ticket": TICKET, "audit": audit})])
    zendesk = make(http)

    async def work() -> None:
        await zendesk.update_issue(
            "35436", IssueDraft(title="New", labels=("a b",), priority="low", issue_type="task")
        )
        await zendesk.update_issue("35436", IssueDraft(description="More", fields={"group_id": 2}))
        commented = await zendesk.comment_issue("35436", "Hello")
        assert (commented.reference, commented.url) == ("77", f"{API}/agent/tickets/35436")
        await zendesk.transition_issue("35436", "done")
        await zendesk.transition_issue("35436", "1500002")

    run(work())
    assert [http.sent(i)["ticket"] for i in range(5)] == [
        {"subject": "New", "type": "task", "priority": "low", "tags": ["a_b"]},
        {"comment": {"body": "More", "public": False}, "group_id": 2},
        {"comment": {"body": "Hello", "public": False}},
        {"status": "solved"},
        {"custom_status_id": 1500002},
    ]
    assert [call.idempotent for call in http.calls] == [True, False, False, True, True]
    for request in http.requests:
        assert (request.method, request.url) == ("PUT", f"{API}/api/v2/tickets/35436")
        conformity.check("zendesk", request, base_url=API)


def test_changes_that_mean_nothing_are_refused_or_skipped() -> None:
    """Nothing to change is skipped; a status or a type that there is not is named."""
    zendesk = make(ScriptedHttp())
    assert run(zendesk.update_issue("1", IssueDraft())).status is OutcomeStatus.SKIPPED
    with pytest.raises(ConfigurationError, match="to: expected new, open, pending, hold, solved, closed"):
        run(zendesk.transition_issue("1", "shipped"))
    with pytest.raises(ConfigurationError, match="issue_type: expected one of problem"):
        run(zendesk.update_issue("1", IssueDraft(issue_type="Bug")))


@pytest.mark.parametrize(
    ("to", "status"),
    [
        ("Resolved", "solved"),
        ("closed", "closed"),
        ("reopened", "open"),
        ("In Progress", "open"),
        ("on hold", "hold"),
    ],
)
def test_words_of_other_trackers_are_understood(to: str, status: str) -> None:
    """What they mean in Zendesk."""
    zendesk, stand_in, _ = stood_in()
    run(zendesk.create_issue(IssueDraft(title="x")))
    assert run(zendesk.transition_issue("1", to)).detail == status
    assert stand_in.tickets[1]["status"] == status


def test_public_comments_where_configured() -> None:
    """Requesters see them then."""
    zendesk, stand_in, _ = stood_in(public_comments=True)
    run(zendesk.create_issue(IssueDraft(title="x")))
    run(zendesk.comment_issue("1", "hello"))
    assert [one["public"] for one in stand_in.comments[1]] == [True, True]


# --- finding -------------------------------------------------------------------


def test_a_ticket_is_found_by_its_external_id() -> None:
    """The oldest of several; None if there is none.

    Source: https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#list-tickets (`external_id`).
    """
    zendesk, stand_in, http = stood_in()
    for _ in range(3):
        run(zendesk.create_issue(IssueDraft(title="x", external_id="gitlab:g/p#7")))
    stand_in.tickets = dict(reversed(stand_in.tickets.items()))
    found = run(zendesk.find_issue("gitlab:g/p#7"))
    assert found is not None
    assert (found.reference, found.title, found.status) == ("1", "x", "new")
    assert run(zendesk.find_issue("other")) is None
    assert http.requests[-1].url.endswith("/api/v2/tickets?page%5Bsize%5D=100&external_id=other")


@pytest.mark.contracts
def test_listings_follow_the_cursor(conformity) -> None:
    """As long as there is more: https://developer.zendesk.com/api-reference/introduction/pagination/."""
    zendesk, stand_in, http = stood_in()
    stand_in.tickets = {n: {**TICKET, "id": n, "subject": f"Broken {n}"} for n in range(1, 231)}
    stand_in.comments[1] = [{"id": n, "body": "x"} for n in range(150)]
    assert len({ticket.reference for ticket in every(zendesk.list_tickets())}) == 230
    assert len(http.requests) == 3
    assert len(every(zendesk.search_tickets("Broken 23"))) == 4
    assert len(every(zendesk.list_comments("1"))) == 150
    assert "filter%5Btype%5D=ticket" in http.requests[3].url
    for request in http.requests[4:]:
        conformity.check("zendesk", request, base_url=stand_in.url, beyond=("?page[",))


@pytest.mark.contracts
def test_a_ticket_is_read(conformity) -> None:
    """With its status, tags and where people look at it."""
    http = ScriptedHttp([reply(200, {"ticket": TICKET})])
    found = run(make(http).get_issue("35436"))
    assert (found.title, found.labels, found.data["id"]) == ("Broken", ("a",), 35436)
    conformity.check("zendesk", http.requests[0], base_url=API)


# --- the check, and errors -------------------------------------------------------


@pytest.mark.contracts
def test_the_check_asks_who_we_are(conformity) -> None:
    """An agent is fine, an end user is not quite, nobody is an error: Zendesk answers 200 to all of them."""
    zendesk, stand_in, http = stood_in()
    assert run(zendesk.check()).detail == "Ada, admin"
    conformity.check("zendesk", http.requests[0], base_url=stand_in.url)
    stand_in.user["role"] = "end-user"
    assert run(zendesk.check()).warnings == (
        "end-user is no agent: tickets can be requested, but not worked on",
    )
    stand_in.user = {"id": None, "name": "Anonymous user", "role": "end-user"}
    with pytest.raises(AuthenticationError, match="nobody's"):
        run(zendesk.check())
    with pytest.raises(AuthenticationError, match="Couldn't authenticate you"):
        run(stood_in(api_token="other")[0].check())
    assert stand_in.tickets == {}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RejectedError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, RejectedError),
        (409, RejectedError),
        (422, RejectedError),
        (429, RateLimitedError),
        (503, ProviderUnavailableError),
    ],
)
def test_errors_carry_zendesks_words(status: int, kind: type[ConnectorError]) -> None:
    """Description, what is wrong with each field, code, request id; nothing secret.

    Source: https://developer.zendesk.com/api-reference/introduction/requests/#400-range.
    """
    body = {
        "error": "RecordInvalid",
        "description": "Record validation errors",
        "details": {"subject": [{"description": f"Subject: is {TOKEN}", "error": "BlankValue"}], "odd": "x"},
    }
    http = ScriptedHttp([reply(status, body, x_zendesk_request_id="z-1", retry_after="8")])
    with pytest.raises(kind) as caught:
        run(make(http).transition_issue("1", "open"))
    error = caught.value
    assert error.message == "Record validation errors; Subject: is ••••"
    assert (error.code, error.request_id, error.operation) == ("RecordInvalid", "z-1", "UpdateTicket")
    assert error.retry_after == timedelta(seconds=8)
    assert "CANARY" not in "".join(traceback.format_exception(error)) + repr(error)


def test_other_shapes_of_errors_are_read_too() -> None:
    """`error` as an object, and plain text."""
    http = ScriptedHttp([reply(403, {"error": {"title": "Forbidden", "message": "You do not have access"}})])
    with pytest.raises(PermissionDeniedError, match="You do not have access"):
        run(make(http).get_issue("1"))
    zendesk, stand_in, _ = stood_in()
    stand_in.fail(status=429, retry_after=3)
    with pytest.raises(RateLimitedError, match="Number of allowed API requests") as caught:
        run(zendesk.get_issue("1"))
    assert caught.value.retry_after == timedelta(seconds=3)


def test_the_stand_in_refuses_what_zendesk_refuses() -> None:
    """Wrong values, unknown agents and tickets, closed tickets, a key with other content."""
    zendesk, stand_in, http = stood_in()
    run(zendesk.create_issue(IssueDraft(title="x")))
    for work, words in (
        (zendesk.update_issue("1", IssueDraft(assignee="no@x.example")), "not an agent"),
        (zendesk.update_issue("1", IssueDraft(fields={"priority": "asap"})), "Priority: asap is not valid"),
        (zendesk.update_issue("none", IssueDraft(title="y")), "Not found"),
        (zendesk.get_issue("2"), "Not found"),
        (zendesk.call("GET", "/api/v2/users", operation="x"), "Not found"),
        (
            zendesk.call("POST", "/api/v2/tickets", operation="x", json={"ticket": {}}),
            "Description: cannot be blank",
        ),
        (zendesk.call("GET", "/api/v2/tickets/9/comments", operation="x"), "Not found"),
    ):
        with pytest.raises(RejectedError, match=words):
            run(work)
    key = http.requests[0].headers["idempotency-key"]
    with pytest.raises(RejectedError, match="do not match the given idempotency key"):
        run(
            zendesk.call(
                "POST",
                "/api/v2/tickets",
                operation="x",
                json={"ticket": {}},
                headers={"idempotency-key": key},
            )
        )
    run(zendesk.transition_issue("1", "closed"))
    with pytest.raises(RejectedError, match="closed prevents ticket update"):
        run(zendesk.comment_issue("1", "late"))
    assert len(stand_in.tickets) == 1
