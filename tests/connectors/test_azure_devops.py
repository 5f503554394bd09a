"""Azure DevOps: what is sent, what comes of it, and what is said when it fails."""

from __future__ import annotations

import asyncio
import base64
import traceback
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.azure_devops import AzureDevOpsConnector
from integrations_sdk.connectors.azure_devops.words import external_tag, rich, state_for
from integrations_sdk.connectors.base import (
    AuthenticationError,
    BuildRequest,
    BuildStatus,
    ConfigurationError,
    ConnectorError,
    DeadlineExceededError,
    IssueDraft,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
)
from integrations_sdk.models import OutcomeStatus
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.azure_devops import AzureDevOpsStandIn

T = TypeVar("T")

TOKEN = "CANARY0azure0token"
HOST = "https://dev.azure.com"
API = f"{HOST}/company/shop/_apis"
ITEM = {
    "id": 131489,
    "rev": 4,
    "fields": {
        "System.Title": "Broken",
        "System.State": "New",
        "System.TeamProject": "shop",
        "System.WorkItemType": "Task",
        "System.Tags": "bug; sync:jenkins:app#1",
    },
    "_links": {"html": {"href": f"{HOST}/company/shop/_workitems/edit/131489"}},
}
RUN = {
    "id": 345,
    "state": "inProgress",
    "createdDate": "2026-01-01T12:00:00Z",
    "pipeline": {"name": "deploy"},
}


def make(http: ScriptedHttp, **more: object) -> AzureDevOpsConnector:
    configured = {"organization": "company", "project": "shop", "token": TOKEN, **more}
    return connect(
        AzureDevOpsConnector, {key: value for key, value in configured.items() if value is not None}, http
    )


def stood_in(**more: object) -> tuple[AzureDevOpsConnector, AzureDevOpsStandIn, ScriptedHttp]:
    stand_in = AzureDevOpsStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    clock = FakeClock(datetime(2026, 1, 1, tzinfo=UTC))
    return connect(AzureDevOpsConnector, {**stand_in.config(), **more}, http, clock=clock), stand_in, http


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
        ({"organization": None}, "organization"),
        ({"organization": "https://dev.azure.com/company"}, "organization"),
        ({"url": "https://devops.company.com/DefaultCollection"}, "url"),
        ({"project": " "}, "project"),
        ({"token": ""}, "token"),
        ({"token_type": "basic"}, "token_type"),
        ({"external_id_field": "External id"}, "external_id_field"),
        ({"parameters_as": "env"}, "parameters_as"),
        ({"poll_interval": 0.1}, "poll_interval"),
    ],
)
def test_a_wrong_configuration_names_the_field(wrong: dict[str, object], path: str) -> None:
    """Each mistake is reported under its field, and the token is not quoted."""
    with pytest.raises(ConfigurationError) as caught:
        make(ScriptedHttp(), **wrong)
    assert [problem.path for problem in caught.value.problems] == [path]
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    ("more", "header"),
    [
        ({}, "Basic " + base64.b64encode(f":{TOKEN}".encode()).decode()),
        ({"token_type": "bearer"}, f"Bearer {TOKEN}"),
    ],
)
def test_both_kinds_of_token(more: dict[str, object], header: str) -> None:
    """A personal access token is a password without a user.

    Source: https://learn.microsoft.com/azure/devops/integrate/get-started/authentication/authentication-guidance.
    """
    http = ScriptedHttp([reply(200, ITEM)])
    run(make(http, **more).get_issue("131489"))
    assert http.requests[0].headers["authorization"] == header


def test_a_server_of_ones_own() -> None:
    """Its collection's address, the version that it speaks, its certificate authority; names with blanks."""
    http = ScriptedHttp([reply(200, {**ITEM, "_links": {}})])
    azure = make(
        http,
        organization=None,
        url="https://devops.company.com/tfs/My Collection/".replace(" ", "%20"),
        project="The shop",
        api_version="6.0",
        ca_file="/etc/ca.pem",
    )
    found = run(azure.get_issue("#1"))
    (request,) = http.requests
    assert (
        request.url
        == "https://devops.company.com/tfs/My%20Collection/The%20shop/_apis/wit/workitems/1?api-version=6.0"
    )
    assert request.connection.ca_file == "/etc/ca.pem"
    assert found.url == "https://devops.company.com/tfs/My%20Collection/shop/_workitems/edit/131489"


# --- work items: creating ----------------------------------------------------------


@pytest.mark.contracts
def test_a_work_item_is_created_with_all_that_the_draft_says(conformity) -> None:
    """As a JSON Patch under its own media type; text as HTML, the address as a hyperlink, the id as a tag."""
    http = ScriptedHttp([reply(200, ITEM, activityid="a-1")])
    draft = IssueDraft(
        title="Broken",
        description="It <broke>.\nBadly & often",
        issue_type="config_error",
        labels=("bug", "ci"),
        assignee="ada@company.com",
        priority="High",
        url="https://ci.example.com/1",
        external_id="jenkins:app#1",
        fields={"Microsoft.VSTS.Common.Severity": "2 - High"},
    )
    azure = make(
        http, work_item_types={"config_error": "Bug"}, area_path="shop\\web", iteration_path="shop\\1"
    )
    outcome = run(azure.create_issue(draft))
    (request,) = http.requests
    assert (request.method, request.url) == ("POST", f"{API}/wit/workitems/$Bug?api-version=7.1")
    assert request.headers["content-type"] == "application/json-patch+json"
    text = "It &lt;broke&gt;.<br>Badly &amp; often"
    fields = {step["path"].removeprefix("/fields/"): step["value"] for step in http.sent()[:-1]}
    assert fields == {
        "System.Title": "Broken",
        "System.Description": text,
        "Microsoft.VSTS.TCM.ReproSteps": text,
        "System.AssignedTo": "ada@company.com",
        "Microsoft.VSTS.Common.Priority": 1,
        "System.AreaPath": "shop\\web",
        "System.IterationPath": "shop\\1",
        "System.Tags": "bug; ci; sync:jenkins:app#1",
        "Microsoft.VSTS.Common.Severity": "2 - High",
    }
    assert http.sent()[-1] == {
        "op": "add",
        "path": "/relations/-",
        "value": {"rel": "Hyperlink", "url": "https://ci.example.com/1"},
    }
    assert (outcome.reference, outcome.url, outcome.detail) == (
        "131489",
        ITEM["_links"]["html"]["href"],
        "New",
    )
    assert outcome.request_id == "a-1"
    assert not http.calls[0].idempotent, "a repeated creation would make a second work item"
    conformity.check("azure_devops", request, base_url=HOST)


@pytest.mark.parametrize(
    ("draft", "path"),
    [(IssueDraft(description="x"), "title"), (IssueDraft(title="x", priority="asap"), "priority")],
)
def test_a_draft_that_says_nothing_to_azure_devops_is_refused(draft: IssueDraft, path: str) -> None:
    """Before anything is sent, naming the field."""
    with pytest.raises(ConfigurationError) as caught:
        run(make(ScriptedHttp()).create_issue(draft))
    assert [problem.path for problem in caught.value.problems] == [path]


@given(st.text())
def test_text_stays_text(text: str) -> None:
    """Nothing in it becomes markup."""
    assert "<" not in rich(text).replace("<br>", "")


# --- work items: changing ----------------------------------------------------------


@pytest.mark.contracts
def test_work_items_are_changed_and_commented_on(conformity) -> None:
    """Only what is given is sent; a comment is not repeated after a lost answer."""
    http = ScriptedHttp([reply(200, ITEM)])
    azure = make(http)

    async def work() -> None:
        await azure.update_issue(
            "131489", IssueDraft(title="New", priority="2", fields={"System.Reason": "x"})
        )
        commented = await azure.comment_issue("131489", "Hello\n<you>")
        assert (commented.reference, commented.url) == ("4", ITEM["_links"]["html"]["href"])

    run(work())
    assert http.sent(0) == [
        {"op": "add", "path": "/fields/System.Title", "value": "New"},
        {"op": "add", "path": "/fields/Microsoft.VSTS.Common.Priority", "value": 2},
        {"op": "add", "path": "/fields/System.Reason", "value": "x"},
    ]
    assert http.sent(1) == [{"op": "add", "path": "/fields/System.History", "value": "Hello<br>&lt;you&gt;"}]
    assert [call.idempotent for call in http.calls] == [True, False]
    for request in http.requests:
        assert (request.method, request.url) == ("PATCH", f"{API}/wit/workitems/131489?api-version=7.1")
        conformity.check("azure_devops", request, base_url=HOST)
    assert run(azure.update_issue("1", IssueDraft())).status is OutcomeStatus.SKIPPED
    with pytest.raises(ConfigurationError, match="reference: expected a number"):
        run(azure.get_issue("PROJ-1"))


def test_labels_replace_but_the_tag_that_it_is_found_by_stays() -> None:
    """Where there are no tags yet they are added; a new external id takes the place of the old one."""
    azure, stand_in, _ = stood_in()
    run(azure.create_issue(IssueDraft(title="x", labels=("a", "b"), external_id="1")))
    run(azure.create_issue(IssueDraft(title="y")))

    def tags(number: int) -> str:
        return stand_in.work_items[number]["fields"].get("System.Tags", "")

    run(azure.update_issue("1", IssueDraft(labels=("c",))))
    assert tags(1) == "c; sync:1"
    run(azure.update_issue("1", IssueDraft(external_id="2", labels=())))
    assert tags(1) == "sync:2"
    run(azure.update_issue("2", IssueDraft(labels=("d",), url="https://x.example")))
    assert tags(2) == "d"
    run(azure.update_issue("2", IssueDraft(external_id="3")))
    assert tags(2) == "d; sync:3"
    assert len(stand_in.work_items[2]["relations"]) == 1
    assert run(azure.get_issue("2")).labels == ("d",)
    assert run(azure.update_issue("2", IssueDraft(labels=("d",)))).status is OutcomeStatus.SKIPPED


def test_the_text_of_a_bug_is_shown_from_another_field() -> None:
    """Both are written, whatever process the project follows."""
    azure, stand_in, _ = stood_in()
    run(azure.create_issue(IssueDraft(title="x", issue_type="Bug")))
    run(azure.update_issue("1", IssueDraft(description="More")))
    fields = stand_in.work_items[1]["fields"]
    assert fields["System.Description"] == fields["Microsoft.VSTS.TCM.ReproSteps"] == "More"


@pytest.mark.parametrize(
    ("kind", "to", "state"),
    [
        ("Task", "active", "Active"),
        ("Task", "done", "Closed"),
        ("Task", "resolved", "Closed"),
        ("Bug", "resolved", "Resolved"),
        ("Bug", "In Progress", "Active"),
        ("Bug", "reopen", "New"),
    ],
)
def test_a_transition_is_a_state(kind: str, to: str, state: str) -> None:
    """By name, or by the category that a word of other trackers means, as the type has it.

    Source: https://learn.microsoft.com/rest/api/azure/devops/wit/work-item-type-states/list.
    """
    azure, _, _ = stood_in()
    run(azure.create_issue(IssueDraft(title="x", issue_type=kind)))
    assert run(azure.transition_issue("1", to)).detail == state
    assert run(azure.get_issue("1")).status == state


def test_a_state_that_there_is_not_is_named() -> None:
    """With those that there are, before anything is changed."""
    azure, stand_in, _ = stood_in()
    run(azure.create_issue(IssueDraft(title="x")))
    with pytest.raises(
        RejectedError, match="a Task has no state 'Shipped'; it has New, Active, Closed, Removed"
    ) as caught:
        run(azure.transition_issue("1", "Shipped"))
    assert caught.value.code == "no_state"
    assert stand_in.work_items[1]["rev"] == 1
    assert state_for("done", [{"name": "Odd", "category": None}]) is None


# --- work items: finding -----------------------------------------------------------


@pytest.mark.parametrize("external_id", ["gitlab:g/p#7", "it's; a, list", "x" * 500, " padded "])
@pytest.mark.parametrize("field", [None, "Custom.ExternalId"])
def test_a_work_item_is_found_by_its_external_id(external_id: str, field: str | None) -> None:
    """By tag or by field, the oldest; whatever the id holds, it is one value of the query.

    Source: https://learn.microsoft.com/rest/api/azure/devops/wit/wiql/query-by-wiql.
    """
    azure, stand_in, http = stood_in(**({"external_id_field": field} if field else {}))
    for _ in range(2):
        run(azure.create_issue(IssueDraft(title="x", external_id=external_id)))
    found = run(azure.find_issue(external_id))
    assert found is not None
    assert (found.reference, found.labels) == ("1", ())
    assert run(azure.find_issue("other")) is None
    assert ("System.Tags" in stand_in.work_items[1]["fields"]) is (field is None)
    asked = [request for request in http.requests if "/wiql" in request.url]
    assert all(call.idempotent for call in http.calls[2:])
    assert len(asked) == 2


def test_case_tells_ids_apart() -> None:
    """Queries compare without regard to case; external ids do not."""
    azure, _, _ = stood_in()
    for external_id in ("ABC", "abc"):
        run(azure.create_issue(IssueDraft(title=external_id, external_id=external_id)))
    found = run(azure.find_issue("abc"))
    assert found is not None
    assert found.title == "abc"


@given(st.text(min_size=1))
def test_a_tag_is_one_tag(external_id: str) -> None:
    """Whatever the id: no separator in it, at most 400 characters, and the same for the same id."""
    tag = external_tag(external_id)
    assert not {";", ","} & set(tag)
    assert len(tag) <= 400
    assert tag == external_tag(external_id)


def test_queries_come_in_batches() -> None:
    """200 at a time; what may not be read is left out.

    Source: https://learn.microsoft.com/rest/api/azure/devops/wit/work-items/get-work-items-batch.
    """
    azure, stand_in, http = stood_in()
    stand_in.work_items = {n: {**ITEM, "id": n} for n in range(1, 451)}
    found = every(azure.query_work_items("SELECT [System.Id] FROM WorkItems"))
    assert [int(item.reference) for item in found] == list(range(1, 451))
    assert len(http.requests) == 4
    hidden = ScriptedHttp(
        [reply(200, {"workItems": [{"id": 1}, {"id": 2}]}), reply(200, {"value": [None, ITEM]})]
    )
    assert len(every(make(hidden).query_work_items("SELECT …"))) == 1


@pytest.mark.contracts
def test_a_work_item_is_read(conformity) -> None:
    """Tags that stand for external ids are no labels."""
    http = ScriptedHttp([reply(200, ITEM)])
    found = run(make(http).get_issue("131489"))
    assert (found.title, found.status, found.labels) == ("Broken", "New", ("bug",))
    conformity.check("azure_devops", http.requests[0], base_url=HOST)


# --- pipelines -----------------------------------------------------------------


@pytest.mark.contracts
@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("templateParameters", {"templateParameters": {"ENVIRONMENT": "production"}}),
        ("variables", {"variables": {"ENVIRONMENT": {"value": "production"}}}),
    ],
)
def test_a_pipeline_is_run(kind: str, sent: dict[str, object], conformity) -> None:
    """On the branch, at the commit, with the parameters in the form that is configured."""
    http = ScriptedHttp([reply(200, RUN)])
    request = BuildRequest(
        branch="release/1", commit_sha="abc123", job="12", parameters={"ENVIRONMENT": "production"}
    )
    outcome = run(make(http, parameters_as=kind).trigger_build(request))
    assert http.requests[0].url == f"{API}/pipelines/12/runs?api-version=7.1"
    repository = {"refName": "refs/heads/release/1", "version": "abc123"}
    assert http.sent() == {"resources": {"repositories": {"self": repository}}, **sent}
    assert (outcome.reference, outcome.detail) == ("12#345", "inProgress")
    assert not http.calls[0].idempotent, "a repeated run would be a second one"
    conformity.check("azure_devops_pipelines", http.requests[0], base_url=HOST)


def test_a_pipeline_is_known_by_its_name() -> None:
    """Regardless of case, the configured one where none is given; unknown ones are named with those there are."""
    azure, stand_in, http = stood_in(pipeline="NIGHTLY tests", branch="develop")
    assert run(azure.trigger_build(BuildRequest())).reference == "13#1000"
    assert stand_in.runs[1000]["asked"] == {
        "resources": {"repositories": {"self": {"refName": "refs/heads/develop"}}}
    }
    run(azure.trigger_build(BuildRequest(job="deploy", branch="refs/tags/v1")))
    assert http.sent()["resources"]["repositories"]["self"]["refName"] == "refs/tags/v1"
    with pytest.raises(ConfigurationError, match="no such pipeline; the project has Nightly tests, deploy"):
        run(azure.trigger_build(BuildRequest(job="build")))
    with pytest.raises(ConfigurationError, match="job: missing"):
        run(make(ScriptedHttp()).trigger_build(BuildRequest()))


@pytest.mark.contracts
def test_pipelines_come_page_by_page(conformity) -> None:
    """The token of the next page is in a header; it goes into the query as it is."""
    pages = [
        reply(200, {"value": [{"id": 1, "name": "a"}]}, x_ms_continuationtoken="a b/c="),
        reply(200, {"value": [{"id": 2, "name": "b"}]}),
    ]
    http = ScriptedHttp(pages)
    assert [one["name"] for one in every(make(http).list_pipelines())] == ["a", "b"]
    assert "continuationToken=a+b%2Fc%3D" in http.requests[1].url
    for request in http.requests:
        conformity.check("azure_devops_pipelines", request, base_url=HOST)


@pytest.mark.contracts
@pytest.mark.parametrize(
    ("more", "status", "seconds"),
    [
        ({"state": "unknown"}, BuildStatus.PENDING, None),
        ({"state": "inProgress"}, BuildStatus.RUNNING, None),
        ({"state": "canceling"}, BuildStatus.RUNNING, None),
        (
            {"state": "completed", "result": "succeeded", "finishedDate": "2026-01-01T12:01:03Z"},
            BuildStatus.SUCCESS,
            63,
        ),
        (
            {"state": "completed", "result": "failed", "finishedDate": "2025-01-01T00:00:00Z"},
            BuildStatus.FAILED,
            None,
        ),
        ({"state": "completed", "result": "canceled"}, BuildStatus.CANCELED, None),
        ({"state": "completed", "result": "unknown"}, BuildStatus.FAILED, None),
    ],
)
def test_a_run_is_read(more: dict[str, object], status: BuildStatus, seconds: int | None, conformity) -> None:
    """State and result together are the status; a run that ended before it began has no duration."""
    http = ScriptedHttp([reply(200, {**RUN, **more})])
    found = run(make(http).get_build("12#345"))
    assert (found.reference, found.status, found.number, found.job) == ("12#345", status, 345, "deploy")
    assert found.duration == (None if seconds is None else timedelta(seconds=seconds))
    conformity.check("azure_devops_pipelines", http.requests[0], base_url=HOST)


@pytest.mark.parametrize(
    ("result", "status"), [("succeeded", BuildStatus.SUCCESS), ("failed", BuildStatus.FAILED)]
)
def test_a_run_is_followed_to_its_result(result: str, status: BuildStatus) -> None:
    """Looks become rarer; the clock is the manager's."""
    azure, stand_in, _ = stood_in(pipeline="12")
    stand_in.result = result
    began = azure.context.clock.now()
    outcome = run(azure.trigger_build(BuildRequest()))
    found = run(azure.wait_for_build(str(outcome.reference)))
    assert (found.status, found.duration) == (status, timedelta(seconds=63))
    assert azure.context.clock.now() - began == timedelta(seconds=5)


def test_waiting_ends() -> None:
    """At the deadline, without a look too many; what is no reference is named."""
    azure = make(ScriptedHttp([reply(200, RUN)]))
    began = azure.context.clock.now()
    with pytest.raises(DeadlineExceededError, match="12#345 is still running after 60 s"):
        run(azure.wait_for_build("12#345", timeout=timedelta(minutes=1)))
    assert azure.context.clock.now() - began == timedelta(minutes=1)
    for wrong in ("345", "12#", "a#1"):
        with pytest.raises(ConfigurationError, match="reference: expected"):
            run(azure.get_build(wrong))


# --- the check, and errors -------------------------------------------------------


def test_the_check_asks_for_the_project() -> None:
    """It has no effect; a project that is being deleted is a warning.

    Source: https://learn.microsoft.com/rest/api/azure/devops/core/projects/get.
    """
    azure, stand_in, http = stood_in()
    assert run(azure.check()).detail == f"shop on {stand_in.url}/DefaultCollection"
    stand_in.state = "deleting"
    assert run(azure.check()).warnings == ("the project is deleting: nothing can be created in it",)
    assert {request.method for request in http.requests} == {"GET"}
    with pytest.raises(RejectedError, match="TF200016") as caught:
        run(stood_in(project="other")[0].check())
    assert caught.value.code == "TF200016"


@pytest.mark.parametrize(
    "answer",
    [
        reply(203, "<html>Sign in</html>"),
        reply(302, "", location="https://spsprodweu5.vssps.visualstudio.com/_signin?realm=dev.azure.com"),
        reply(401, b""),
    ],
)
def test_a_sign_in_page_is_an_authentication_error(answer: object) -> None:
    """Azure DevOps shows it in place of a refusal: under 203, behind a redirect, or without a body."""
    with pytest.raises(AuthenticationError, match="the token is refused") as caught:
        run(make(ScriptedHttp([answer])).get_issue("1"))
    assert caught.value.needs_reauth
    with pytest.raises(AuthenticationError):
        run(stood_in(token="other")[0].check())


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RejectedError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, RejectedError),
        (409, RejectedError),
        (429, RateLimitedError),
        (503, ProviderUnavailableError),
    ],
)
def test_errors_carry_azure_devops_words(status: int, kind: type[ConnectorError]) -> None:
    """Message, number, activity id; nothing secret.

    Source: https://learn.microsoft.com/azure/devops/integrate/concepts/rate-limits for the headers of 429.
    """
    body = {"$id": "1", "message": f"TF401347: Invalid update {TOKEN}", "typeKey": "RuleValidationException"}
    http = ScriptedHttp([reply(status, body, activityid="a-1", retry_after="20")])
    with pytest.raises(kind, match="Invalid update ••••") as caught:
        run(make(http).comment_issue("1", "x"))
    error = caught.value
    assert (error.code, error.request_id, error.operation) == ("TF401347", "a-1", "Update")
    assert error.retry_after == timedelta(seconds=20)
    assert "CANARY" not in "".join(traceback.format_exception(error)) + repr(error)


def test_an_error_without_a_number_has_its_type() -> None:
    """`typeKey` says what kind it is."""
    http = ScriptedHttp([reply(400, {"message": "No.", "typeKey": "VssVersionException"})])
    with pytest.raises(RejectedError) as caught:
        run(make(http).get_issue("1"))
    assert caught.value.code == "VssVersionException"


def test_the_stand_in_refuses_what_azure_devops_refuses() -> None:
    """Rules, types, media types, versions, unknown things."""
    azure, stand_in, _ = stood_in()
    run(azure.create_issue(IssueDraft(title="x")))
    for work, words in (
        (azure.create_issue(IssueDraft(title="x", issue_type="Epic")), "VS402323"),
        (azure.create_issue(IssueDraft(title="x", fields={"System.Title": ""})), "field Title"),
        (azure.create_issue(IssueDraft(title="x", fields={"System.Title": "y" * 300})), "InvalidTooLong"),
        (azure.update_issue("1", IssueDraft(fields={"System.State": "Lost"})), "field State"),
        (azure.update_issue("9", IssueDraft(title="y")), "TF401232"),
        (azure.get_issue("9"), "TF401232"),
        (azure.get_build("12#9"), "Run 9 not found"),
        (azure.trigger_build(BuildRequest(job="99")), "Pipeline 99 not found"),
        (azure.call("GET", "/shop/_apis/nothing?api-version=7.1", operation="x"), "controller"),
        (azure.call("GET", "/shop/_apis/pipelines", operation="x"), "No api-version"),
        (azure.call("PATCH", "/shop/_apis/wit/workitems/1?api-version=7.1", operation="x", json=[]), "Content-Type"),
        (azure.call("POST", "/shop/_apis/wit/wiql?api-version=7.1", operation="x", json={"query": "x"}), "TF51006"),
        (azure.call("POST", "/shop/_apis/wit/workitemsbatch?api-version=7.1", operation="x", json={"ids": []}), "VS403474"),
        (
            azure.call(
                "PATCH", "/shop/_apis/wit/workitems/1?api-version=7.1", operation="x", content_type="application/json-patch+json",
                json=[{"op": "replace", "path": "/fields/System.Tags", "value": "a"}],
            ),
            "VS403692",
        ),
    ):  # fmt: skip
        with pytest.raises(RejectedError, match=words):
            run(work)
    assert len(stand_in.work_items) == 1
    stand_in.fail(status=429, headers={"x-ratelimit-remaining": "0"})
    with pytest.raises(RateLimitedError, match="TF400733"):
        run(azure.get_issue("1"))
