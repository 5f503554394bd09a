"""Redmine: what is sent, what comes of it, and what is said when it fails."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Coroutine
from typing import TypeVar

import pytest

from integrations_sdk.connectors.base import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    IssueDraft,
    PermissionDeniedError,
    ProviderUnavailableError,
    RejectedError,
)
from integrations_sdk.connectors.redmine import RedmineConnector
from integrations_sdk.models import OutcomeStatus
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.redmine import RedmineStandIn

T = TypeVar("T")

KEY = "CANARY0redmine0key"
HOME = "https://redmine.company.com/pm"
ISSUE = {"id": 12, "subject": "Broken", "status": {"id": 1, "name": "New"}}
CREATED = reply(201, {"issue": ISSUE})


def make(http: ScriptedHttp, **more: object) -> RedmineConnector:
    return connect(RedmineConnector, {"url": f"{HOME}/", "api_key": KEY, "project": "shop", **more}, http)


def stood_in(**more: object) -> tuple[RedmineConnector, RedmineStandIn, ScriptedHttp]:
    stand_in = RedmineStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    given = {name: value for name, value in {**stand_in.config(), **more}.items() if value is not None}
    return connect(RedmineConnector, given, http), stand_in, http


def run(work: Coroutine[object, object, T]) -> T:
    return asyncio.run(work)


def every(items: AsyncIterator[T]) -> list[T]:
    async def collect() -> list[T]:
        return [item async for item in items]

    return asyncio.run(collect())


# --- configuration -----------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"url": "redmine.company.com"}, "url"),
        ({"url": "https://user:word@redmine.company.com"}, "url"),
        ({"api_key": ""}, "api_key"),
        ({"project": "The shop"}, "project"),
        ({"external_id_field": 0}, "external_id_field"),
        ({"labels_field": "3"}, "labels_field"),
        ({"trackers": {"a": 1}}, "trackers.a"),
    ],
)
def test_a_wrong_configuration_names_the_field(wrong: dict[str, object], path: str) -> None:
    """Each mistake is reported under its field, and the key is not quoted."""
    with pytest.raises(ConfigurationError) as caught:
        make(ScriptedHttp(), **wrong)
    assert [problem.path for problem in caught.value.problems] == [path]
    assert "CANARY" not in str(caught.value)


def test_a_server_of_ones_own() -> None:
    """Its certificate authority, its proxy, and whom to act as, reach the wire."""
    http = ScriptedHttp([reply(200, {"issue": ISSUE})])
    redmine = make(http, ca_file="/etc/ca.pem", proxy="http://proxy.example:3128", switch_user="ada")
    run(redmine.get_issue("12"))
    (request,) = http.requests
    assert (request.connection.ca_file, request.connection.proxy) == (
        "/etc/ca.pem",
        "http://proxy.example:3128",
    )
    assert request.headers["x-redmine-api-key"] == KEY
    assert request.headers["x-redmine-switch-user"] == "ada"


# --- creating ------------------------------------------------------------------


@pytest.mark.contracts
def test_an_issue_is_created_with_all_that_the_draft_says(conformity) -> None:
    """Numbers are taken as they are; labels and external id go into the fields that keep them."""
    http = ScriptedHttp([reply(201, {"issue": ISSUE}, x_request_id="r-1")])
    draft = IssueDraft(
        title="Broken " + "x" * 300,
        description="It broke.",
        issue_type="2",
        labels=("bug", "ci"),
        assignee="7",
        priority="5",
        url="https://ci.example.com/1",
        external_id="jenkins:app#1",
        fields={"is_private": True},
    )
    outcome = run(make(http, external_id_field=3, labels_field=4).create_issue(draft))
    (request,) = http.requests
    assert (request.method, request.url) == ("POST", f"{HOME}/issues.json")
    issue = http.sent()["issue"]
    assert len(issue.pop("subject")) == 255
    assert issue == {
        "project_id": "shop",
        "description": "It broke.\n\nhttps://ci.example.com/1",
        "custom_fields": [{"id": 3, "value": "jenkins:app#1"}, {"id": 4, "value": ["bug", "ci"]}],
        "tracker_id": 2,
        "priority_id": 5,
        "assigned_to_id": 7,
        "is_private": True,
    }
    assert (outcome.reference, outcome.url, outcome.detail) == ("12", f"{HOME}/issues/12", "New")
    assert outcome.request_id == "r-1"
    assert not http.calls[0].idempotent, "a repeated creation would make a second issue"
    conformity.check("redmine", request, base_url=HOME)


def test_names_are_looked_up() -> None:
    """Tracker, priority and assignee by name, whatever the case; a kind of issue by the configured tracker.

    Source: https://www.redmine.org/projects/redmine/wiki/Rest_Trackers, …/Rest_Enumerations, …/Rest_Memberships.
    """
    redmine, stand_in, _ = stood_in(trackers={"config_error": "support"}, tracker="Bug")
    run(
        redmine.create_issue(
            IssueDraft(title="x", issue_type="feature", priority="HIGH", assignee="ada lovelace")
        )
    )
    run(redmine.create_issue(IssueDraft(title="x", issue_type="config_error", assignee="Night shift")))
    run(redmine.create_issue(IssueDraft(title="x", assignee="me")))
    numbers = [
        (one["tracker_id"], one.get("priority_id"), one["assigned_to_id"]) for one in stand_in.issues.values()
    ]
    assert numbers == [(2, 5, 7), (3, None, 8), (1, None, 1)]


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (IssueDraft(description="x"), "title: missing"),
        (
            IssueDraft(title="x", issue_type="Epic"),
            "tracker: Redmine has no such tracker; it has Bug, Feature, Support",
        ),
        (IssueDraft(title="x", priority="asap"), "priority: .* it has Low, Normal, High, Urgent"),
        (IssueDraft(title="x", assignee="Bob"), "assignee: .* it has Ada Lovelace, Night shift"),
    ],
)
def test_what_redmine_does_not_know_is_named(draft: IssueDraft, words: str) -> None:
    """With what it knows, before anything is created."""
    redmine, stand_in, _ = stood_in()
    with pytest.raises(ConfigurationError, match=words):
        run(redmine.create_issue(draft))
    assert stand_in.issues == {}


# --- changing ------------------------------------------------------------------


@pytest.mark.contracts
def test_issues_are_changed_and_noted_on(conformity) -> None:
    """Only what is given is sent; Redmine answers 204 without a body."""
    http = ScriptedHttp([reply(204)])
    redmine = make(http, private_notes=True)

    async def work() -> None:
        changed = await redmine.update_issue(
            "#12", IssueDraft(title="New", description="", fields={"done_ratio": 50})
        )
        assert (changed.reference, changed.url) == ("12", f"{HOME}/issues/12")
        noted = await redmine.comment_issue("12", "Hello")
        assert (noted.reference, noted.http_status) == ("12", 204)

    run(work())
    assert [http.sent(i)["issue"] for i in range(2)] == [
        {"subject": "New", "description": "", "done_ratio": 50},
        {"notes": "Hello", "private_notes": True},
    ]
    assert [call.idempotent for call in http.calls] == [True, False], (
        "a repeated note would stand there twice"
    )
    for request in http.requests:
        assert (request.method, request.url) == ("PUT", f"{HOME}/issues/12.json")
        conformity.check("redmine", request, base_url=HOME)
    assert run(redmine.update_issue("12", IssueDraft())).status is OutcomeStatus.SKIPPED
    with pytest.raises(ConfigurationError, match="reference: expected a number"):
        run(redmine.update_issue("PROJ-1", IssueDraft(title="x")))


@pytest.mark.parametrize(
    ("to", "status"),
    [
        ("in progress", "In Progress"),
        ("6", "Rejected"),
        ("done", "Closed"),
        ("Resolved", "Resolved"),
        ("reopen", "New"),
    ],
)
def test_a_transition_is_a_status(to: str, status: str) -> None:
    """By name or number; words of other trackers mean the first that is closed, or is not, unless there is such a name.

    Source: https://www.redmine.org/projects/redmine/wiki/Rest_IssueStatuses.
    """
    redmine, _, _ = stood_in()
    made = run(redmine.create_issue(IssueDraft(title="x")))
    assert run(redmine.transition_issue(str(made.reference), to)).detail == status
    assert run(redmine.get_issue("1")).status == status


def test_a_transition_that_the_workflow_forbids_is_an_error() -> None:
    """Redmine answers 204 and leaves the issue as it is; here it is said."""
    redmine, stand_in, _ = stood_in()
    run(redmine.create_issue(IssueDraft(title="x")))
    run(redmine.transition_issue("1", "Rejected"))
    with pytest.raises(RejectedError, match="does not lead from Rejected to 'New'") as caught:
        run(redmine.transition_issue("1", "New"))
    assert caught.value.code == "no_transition"
    assert stand_in.refused == []
    with pytest.raises(ConfigurationError, match="it has New, In Progress, Resolved, Closed, Rejected"):
        run(redmine.transition_issue("1", "Shipped"))


# --- finding -------------------------------------------------------------------


@pytest.mark.contracts
@pytest.mark.parametrize("external_id", ["gitlab:g/p#7", "=a|b", "x" * 300, " padded "])
def test_an_issue_is_found_by_its_external_id(external_id: str, conformity) -> None:
    """The oldest, open or closed; what a field cannot hold, or a filter would part, is hashed."""
    redmine, stand_in, http = stood_in()
    for _ in range(2):
        run(redmine.create_issue(IssueDraft(title="x", external_id=external_id)))
    run(redmine.transition_issue("1", "done"))
    found = run(redmine.find_issue(external_id))
    assert found is not None
    assert (found.reference, found.status) == ("1", "Closed")
    assert run(redmine.find_issue("other")) is None
    request = http.requests[-1]
    assert request.url.endswith(
        "/issues.json?project_id=shop&limit=100&offset=0&cf_3=%3Dother&status_id=%2A&sort=id"
    )
    # https://www.redmine.org/projects/redmine/wiki/Rest_Issues
    conformity.check("redmine", request, base_url=stand_in.url, beyond=("?cf_3",))


def test_a_field_that_is_no_filter_finds_nothing_wrong() -> None:
    """Redmine passes over filters that it does not know, and gives all issues: only the right one is taken."""
    redmine, stand_in, _ = stood_in()
    stand_in.filters = set()
    for external_id in ("a", "b"):
        run(redmine.create_issue(IssueDraft(title="x", external_id=external_id)))
    found = run(redmine.find_issue("b"))
    assert found is not None
    assert found.reference == "2"
    assert run(redmine.find_issue("c")) is None


def test_without_a_field_external_ids_are_refused() -> None:
    """Rather than lost, which would make an issue for each time."""
    redmine, _, _ = stood_in(external_id_field=None)
    for work in (redmine.find_issue("1"), redmine.create_issue(IssueDraft(title="x", external_id="1"))):
        with pytest.raises(ConfigurationError, match="external_id_field: missing"):
            run(work)


@pytest.mark.contracts
def test_listings_follow_offset_and_count(conformity) -> None:
    """Three pages for 230 issues, filters kept; labels come from their field."""
    redmine, stand_in, http = stood_in(labels_field=4)
    field = {"id": 4, "value": ["bug"]}
    stand_in.issues = {n: {**ISSUE, "id": n, "custom_fields": [field]} for n in range(1, 231)}
    found = every(redmine.list_issues(tracker_id="1"))
    assert len({issue.reference for issue in found}) == 230
    assert found[0].labels == ("bug",)
    assert len(http.requests) == 3
    for request in http.requests:
        assert "tracker_id=1" in request.url
        conformity.check("redmine", request, base_url=stand_in.url)


@pytest.mark.contracts
def test_an_issue_is_read(conformity) -> None:
    """Without a field for labels it has none."""
    http = ScriptedHttp([reply(200, {"issue": ISSUE})])
    found = run(make(http).get_issue("12"))
    assert (found.title, found.status, found.labels) == ("Broken", "New", ())
    conformity.check("redmine", http.requests[0], base_url=HOME)


@pytest.mark.parametrize("page", [{}, {"total_count": 9}, {"total_count": 9, "offset": 0, "limit": 0}])
def test_a_page_that_does_not_count_is_the_last(page: dict[str, int]) -> None:
    """Nothing is asked for without end."""
    http = ScriptedHttp([reply(200, {"issues": [ISSUE], **page})])
    assert len(every(make(http).list_issues())) == 1


# --- the check, and errors -------------------------------------------------------


@pytest.mark.contracts
def test_the_check_asks_who_we_are_and_for_the_project(conformity) -> None:
    """It has no effect; a closed project is a warning, and a status of another kind is none."""
    redmine, stand_in, http = stood_in()
    assert run(redmine.check()).detail == "bot in The shop"
    conformity.check("redmine", http.requests[0], base_url=stand_in.url)
    stand_in.project_status = 5
    assert run(redmine.check()).warnings
    stand_in.project_status = [5]  # not what the documentation says
    assert run(redmine.check()).warnings == ()
    assert {request.method for request in http.requests} == {"GET"}
    with pytest.raises(RejectedError, match="it does not exist, or the account cannot see it"):
        run(stood_in(project="other")[0].check())
    with pytest.raises(AuthenticationError, match="REST web service is not enabled"):
        run(stood_in(api_key="other")[0].check())


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, AuthenticationError, "the key is refused"),
        (403, PermissionDeniedError, "Subject cannot be blank; Bad ••••"),
        (404, RejectedError, "is the URL that of Redmine"),
        (409, RejectedError, "Subject cannot be blank"),
        (422, RejectedError, "Subject cannot be blank; Bad ••••"),
        (302, RejectedError, "redirect"),
        (500, ProviderUnavailableError, "Subject cannot be blank"),
    ],
)
def test_errors_carry_redmines_words(status: int, kind: type[ConnectorError], words: str) -> None:
    """Its list of errors where it gives one, and what is likely where it says nothing; nothing secret."""
    http = ScriptedHttp(
        [reply(status, {"errors": ["Subject cannot be blank", f"Bad {KEY}"]}, x_request_id="r-1")]
    )
    with pytest.raises(kind, match=words) as caught:
        run(make(http).comment_issue("1", "x"))
    error = caught.value
    assert (error.status, error.request_id, error.operation) == (status, "r-1", "issues.note")
    assert "CANARY" not in "".join(traceback.format_exception(error)) + repr(error)


def test_the_stand_in_refuses_what_redmine_refuses() -> None:
    """Blank and long subjects, other projects, unknown numbers and issues, pages that there are not."""
    redmine, stand_in, _ = stood_in()
    run(redmine.create_issue(IssueDraft(title="x")))
    for work, words in (
        (
            redmine.create_issue(IssueDraft(title="x", fields={"subject": "", "project_id": "y"})),
            "Project cannot be blank; Subject",
        ),
        (redmine.create_issue(IssueDraft(title="x", assignee="99")), "Assignee is invalid"),
        (redmine.update_issue("1", IssueDraft(fields={"subject": "y" * 300})), "too long"),
        (redmine.update_issue("1", IssueDraft(priority="99")), "Priority is not included"),
        (redmine.update_issue("99", IssueDraft(title="y")), "does not exist"),
        (redmine.get_issue("99"), "does not exist"),
        (redmine.call("GET", "/nothing", operation="x"), "is the URL that of Redmine"),
    ):
        with pytest.raises(RejectedError, match=words):
            run(work)
    stand_in.fail(status=503)
    with pytest.raises(ProviderUnavailableError):
        run(redmine.get_issue("1"))
