"""Asana: what is sent, what comes of it, and what is said when it fails."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.asana import AsanaConnector, connector
from integrations_sdk.connectors.asana.words import completion
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
from integrations_sdk.models import OutcomeStatus
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.asana import AsanaStandIn

T = TypeVar("T")

TOKEN = "2/CANARY0asana0token"
API = "https://app.asana.com/api/1.0"
PROJECT = "1200000000000001"
TASK = {
    "gid": "160",
    "name": "Broken",
    "completed": False,
    "permalink_url": "https://app.asana.com/0/0/160",
    "tags": [{"gid": "1", "name": "bug"}],
    "memberships": [
        {"project": {"gid": "other"}, "section": {"name": "Elsewhere"}},
        {"project": {"gid": PROJECT}, "section": {"name": "To do"}},
    ],
}


def make(http: ScriptedHttp, **more: object) -> AsanaConnector:
    given = {"access_token": TOKEN, "project": PROJECT, **more}
    return connect(AsanaConnector, given, http, clock=FakeClock(datetime(2026, 1, 1, tzinfo=UTC)))


def stood_in(**more: object) -> tuple[AsanaConnector, AsanaStandIn, ScriptedHttp]:
    stand_in = AsanaStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    stand_in.url = "http://stand-in.test"
    return connect(AsanaConnector, {**stand_in.config(), **more}, http), stand_in, http


def run(work: Coroutine[object, object, T]) -> T:
    return asyncio.run(work)


def every(items: AsyncIterator[T]) -> list[T]:
    async def collect() -> list[T]:
        return [item async for item in items]

    return asyncio.run(collect())


def steps(http: ScriptedHttp) -> list[str]:
    """Method and last part of the path of each request."""
    return [
        f"{request.method} {request.url.partition('?')[0].rpartition('/')[2]}" for request in http.requests
    ]


# --- configuration -----------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"access_token": "a\nb"}, "access_token"),
        ({"project": "The shop"}, "project"),
        ({"project": "١٢"}, "project"),
        ({"external_id_field": "External id"}, "external_id_field"),
        ({"api_url": "app.asana.com"}, "api_url"),
        ({"tags": [""]}, "tags[0]"),
    ],
)
def test_a_wrong_configuration_names_the_field(wrong: dict[str, object], path: str) -> None:
    """Each mistake is reported under its field, and the token is not quoted."""
    with pytest.raises(ConfigurationError) as caught:
        make(ScriptedHttp(), **wrong)
    assert [problem.path for problem in caught.value.problems] == [path]
    assert "CANARY" not in str(caught.value)


# --- creating ------------------------------------------------------------------


@pytest.mark.contracts
def test_a_task_is_created_with_all_that_the_draft_says(conformity) -> None:
    """Fields under Asana's names, the external id where apps keep theirs, vendor fields as they are."""
    http = ScriptedHttp([reply(201, {"data": TASK}, x_request_id="r-1")])
    draft = IssueDraft(
        title="Broken",
        description="It broke.",
        issue_type="Milestone",
        assignee="ada@company.com",
        url="https://ci.example.com/1",
        external_id="jenkins:app#1",
        fields={"due_on": "2026-02-01"},
    )
    outcome = run(make(http).create_issue(draft))
    (request,) = http.requests
    assert (request.method, request.url.partition("?")[0]) == ("POST", f"{API}/tasks")
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert http.sent() == {
        "data": {
            "name": "Broken",
            "notes": "It broke.\n\nhttps://ci.example.com/1",
            "assignee": "ada@company.com",
            "resource_subtype": "milestone",
            "external": {"gid": "jenkins:app#1"},
            "projects": [PROJECT],
            "due_on": "2026-02-01",
        }
    }
    assert (outcome.reference, outcome.url, outcome.request_id) == ("160", TASK["permalink_url"], "r-1")
    assert outcome.detail == "To do", "the section in the configured project, not in another"
    assert not http.calls[0].idempotent, "a repeated creation would make a second task"
    conformity.check("asana", request, base_url=API)


def test_labels_are_tags_and_missing_ones_are_made() -> None:
    """By name, regardless of case; a priority and a foreign type become tags too.

    Source: https://developers.asana.com/reference/typeaheadforworkspace,
    https://developers.asana.com/reference/createtagforworkspace.
    """
    asana, stand_in, http = stood_in(tags=["Automated"], default_assignee="me")
    run(asana.create_issue(IssueDraft(title="x", labels=("bug",), priority="high", issue_type="Bug report")))
    (task,) = stand_in.tasks.values()
    assert [tag["name"] for tag in task["tags"]] == ["automated", "bug", "Bug report", "priority:high"]
    assert task["assignee"] == "me"
    assert len(stand_in.tags) == 4
    run(asana.create_issue(IssueDraft(title="y", labels=("BUG",))))
    assert len(stand_in.tags) == 4
    assert steps(http).count(f"GET {PROJECT}") == 1, "the workspace is asked for once"


def test_a_new_task_goes_into_the_configured_section() -> None:
    """Where that cannot be had, the task is there all the same, and it is said."""
    asana, stand_in, _ = stood_in(section="doing")
    assert run(asana.create_issue(IssueDraft(title="x"))).detail == "created in doing"
    assert next(iter(stand_in.tasks.values()))["memberships"][0]["section"]["name"] == "Doing"
    asana, stand_in, _ = stood_in(section="Shipped")
    outcome = run(asana.create_issue(IssueDraft(title="x")))
    assert outcome
    assert (
        outcome.detail
        == "created, but not in its section: the project has no section 'Shipped'; it has To do, Doing"
    )


def test_a_draft_without_a_title_is_refused() -> None:
    """Before anything is sent."""
    with pytest.raises(ConfigurationError, match="title: missing"):
        run(make(ScriptedHttp()).create_issue(IssueDraft(description="x")))


# --- changing ------------------------------------------------------------------


@pytest.mark.contracts
def test_tasks_are_changed_commented_on_and_completed(conformity) -> None:
    """Only what is given is sent."""
    http = ScriptedHttp([reply(200, {"data": TASK})])
    asana = make(http)

    async def work() -> None:
        await asana.update_issue("160", IssueDraft(title="New", description="", fields={"due_on": None}))
        await asana.comment_issue("160", "Hello")
        await asana.complete_task("160")
        await asana.transition_issue("160", "reopen")
        assert (await asana.get_issue("160")).labels == ("bug",)

    run(work())
    assert [http.sent(i)["data"] for i in range(4)] == [
        {"name": "New", "notes": "", "due_on": None},
        {"text": "Hello"},
        {"completed": True},
        {"completed": False},
    ]
    assert [call.idempotent for call in http.calls] == [True, False, True, True, True]
    for request in http.requests:
        conformity.check("asana", request, base_url=API)


def test_labels_replace_and_other_tags_are_added() -> None:
    """Asana changes tags one by one: https://developers.asana.com/reference/addtagfortask."""
    asana, stand_in, http = stood_in()
    made = run(asana.create_issue(IssueDraft(title="x", labels=("a", "b"))))
    task = stand_in.tasks[str(made.reference)]
    run(asana.update_issue(str(made.reference), IssueDraft(labels=("b", "c"))))
    assert {tag["name"] for tag in task["tags"]} == {"b", "c"}
    run(asana.update_issue(str(made.reference), IssueDraft(priority="high")))
    assert {tag["name"] for tag in task["tags"]} == {"b", "c", "priority:high"}
    run(asana.update_issue(str(made.reference), IssueDraft(labels=())))
    assert task["tags"] == []
    asked = len(http.requests)
    assert run(asana.update_issue(str(made.reference), IssueDraft())).status is OutcomeStatus.SKIPPED
    assert len(http.requests) == asked


@pytest.mark.parametrize(
    ("to", "status"),
    [("Done", "completed"), ("Doing", "Doing"), ("1300000000000002", "Doing"), ("open", "To do")],
)
def test_a_transition_is_completion_or_a_section(to: str, status: str) -> None:
    """By word, by the section's name or gid: https://developers.asana.com/reference/addtaskforsection."""
    asana, _, _ = stood_in()
    made = run(asana.create_issue(IssueDraft(title="x")))
    assert run(asana.transition_issue(str(made.reference), to)).detail == status
    assert run(asana.get_issue(str(made.reference))).status == status


def test_a_section_that_there_is_not_is_named() -> None:
    """With those that there are."""
    asana, _, _ = stood_in()
    with pytest.raises(RejectedError, match="no section 'Shipped'; it has To do, Doing") as caught:
        run(asana.transition_issue("1", "Shipped"))
    assert (caught.value.code, caught.value.integration_id) == ("no_section", "asana-1")


def test_words_for_completion() -> None:
    """Those of other trackers too; anything else is a section."""
    assert [completion(word) for word in ("resolved", " Closed ", "reopened", "Doing")] == [
        True,
        True,
        False,
        None,
    ]


# --- finding -------------------------------------------------------------------


@pytest.mark.contracts
def test_a_task_is_found_by_its_external_id(conformity) -> None:
    """`external:` and the id stand for the gid: https://developers.asana.com/docs/custom-external-data."""
    asana, stand_in, http = stood_in()
    run(asana.create_issue(IssueDraft(title="x", external_id="gitlab:g/p#7")))
    found = run(asana.find_issue("gitlab:g/p#7"))
    assert found is not None
    assert found.title == "x"
    assert run(asana.find_issue("gitlab:g/p#8")) is None
    assert "/tasks/external:gitlab%3Ag%2Fp%237?" in http.requests[1].url
    conformity.check("asana", http.requests[1], base_url=f"{stand_in.url}/api/1.0")


def test_a_task_is_found_by_a_custom_field() -> None:
    """With a personal token that is the way: https://developers.asana.com/reference/searchtasksforworkspace."""
    asana, stand_in, http = stood_in(external_id_field="1800")
    stand_in.oauth = False
    for _ in range(2):
        run(asana.create_issue(IssueDraft(title="x", external_id="gitlab:g/p#7")))
    found = run(asana.find_issue("gitlab:g/p#7"))
    assert found is not None
    assert found.reference == next(iter(stand_in.tasks))
    assert stand_in.tasks[found.reference]["custom_fields"] == {"1800": "gitlab:g/p#7"}
    assert run(asana.find_issue("other")) is None
    assert "custom_fields.1800.value=other&projects.any=1200000000000001" in http.requests[-1].url
    stand_in.paid = False
    with pytest.raises(RejectedError, match="only available to premium users"):
        run(asana.find_issue("other"))


def test_without_an_app_external_ids_are_refused() -> None:
    """Asana says so; the limits of the provider say what to do instead."""
    asana, stand_in, _ = stood_in()
    stand_in.oauth = False
    with pytest.raises(PermissionDeniedError, match="without an app"):
        run(asana.create_issue(IssueDraft(title="x", external_id="1")))
    assert "external_id_field" in connector.limits[0]


def test_listings_follow_the_offset() -> None:
    """A token, not a number: https://developers.asana.com/docs/pagination."""
    asana, stand_in, http = stood_in()
    stand_in.tasks = {f"{n}": {**TASK, "gid": f"{n}"} for n in range(205)}
    stand_in.sections = {f"{n}": f"S{n}" for n in range(101)}
    assert len({task.reference for task in every(asana.list_tasks(completed_since="now"))}) == 205
    assert len(every(asana.list_sections())) == 101
    assert steps(http) == ["GET tasks"] * 3 + ["GET sections"] * 2
    assert "completed_since=now" in http.requests[2].url


# --- the check, and errors -------------------------------------------------------


@pytest.mark.contracts
def test_the_check_asks_who_we_are_and_for_the_project(conformity) -> None:
    """It has no effect; an archived project is a warning, an unknown one an error."""
    asana, stand_in, http = stood_in()
    assert run(asana.check()).detail == "Ada in The shop"
    conformity.check("asana", http.requests[0], base_url=f"{stand_in.url}/api/1.0")
    stand_in.archived = True
    assert run(asana.check()).warnings
    assert {request.method for request in http.requests} == {"GET"}
    with pytest.raises(RejectedError, match="project: Unknown object: 1"):
        run(stood_in(project="1")[0].check())
    with pytest.raises(AuthenticationError, match="Not Authorized"):
        run(stood_in(access_token="other")[0].check())


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RejectedError),
        (401, AuthenticationError),
        (402, RejectedError),
        (403, PermissionDeniedError),
        (404, RejectedError),
        (429, RateLimitedError),
        (500, ProviderUnavailableError),
    ],
)
def test_errors_carry_asanas_words(status: int, kind: type[ConnectorError]) -> None:
    """Message, and the phrase of a server error as its code; nothing secret. Source: https://developers.asana.com/docs/errors."""
    said = {"message": f"name: Missing {TOKEN}", "help": "…", "phrase": "6 sad squid snuggle softly"}
    http = ScriptedHttp([reply(status, {"errors": [said]}, x_request_id="r-1", retry_after="30")])
    with pytest.raises(kind, match="name: Missing ••••") as caught:
        run(make(http).complete_task("1"))
    error = caught.value
    assert (error.code, error.request_id, error.operation) == (said["phrase"], "r-1", "updateTask")
    assert error.retry_after == timedelta(seconds=30)
    assert "CANARY" not in "".join(traceback.format_exception(error)) + repr(error)


def test_a_tag_without_a_gid_is_an_error() -> None:
    """An answer that is not what Asana promises is not taken for a tag."""
    http = ScriptedHttp(
        [
            reply(200, {"data": {"workspace": {"gid": "1"}}}),
            reply(200, {"data": []}),
            reply(201, {"data": {}}),
        ]
    )
    with pytest.raises(RejectedError, match="the new tag has no gid"):
        run(make(http).create_issue(IssueDraft(title="x", labels=("bug",))))


def test_the_stand_in_refuses_what_asana_refuses() -> None:
    """Tasks without a place, doubled ids, unknown things, empty comments."""
    asana, stand_in, _ = stood_in()
    made = str(run(asana.create_issue(IssueDraft(title="x", external_id="1"))).reference)
    for work, words in (
        (asana.create_issue(IssueDraft(title="x", external_id="1")), "Duplicate external id"),
        (asana.create_issue(IssueDraft(title="x", fields={"projects": []})), "specify one of workspace"),
        (asana.create_issue(IssueDraft(title="x", fields={"tags": ["0"]})), "tag: Unknown object: 0"),
        (
            asana.create_issue(IssueDraft(title="x", fields={"resource_subtype": "bug"})),
            "Not a valid subtype",
        ),
        (asana.update_issue(made, IssueDraft(fields={"tags": []})), "Cannot write this property"),
        (asana.update_issue("0", IssueDraft(title="y")), "task: Unknown object: 0"),
        (asana.comment_issue(made, ""), "text: Missing input"),
        (asana.comment_issue("0", "x"), "Unknown object"),
        (asana.get_issue("0"), "Unknown object"),
        (asana.transition_issue("0", "Doing"), "Unknown object"),
        (
            asana.call("POST", f"/tasks/{made}/addTag", operation="x", json={"data": {"tag": "0"}}),
            "Unknown object: 0",
        ),
        (asana.call("GET", "/tasks", operation="x"), "specify one of project"),
        (asana.call("GET", "/projects/0/sections", operation="x"), "Unknown object"),
        (asana.call("GET", "/nothing", operation="x"), "No matching route"),
    ):
        with pytest.raises(RejectedError, match=words):
            run(work)
    assert len(stand_in.tasks) == 1
    stand_in.fail(status=500)
    with pytest.raises(ProviderUnavailableError) as caught:
        run(asana.get_issue(made))
    assert caught.value.code == "6 sad squid snuggle softly"
