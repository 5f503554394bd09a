"""GitLab: what is sent, what comes of it, and what is said when it fails."""

from __future__ import annotations

import asyncio
import json
import re
import traceback
from collections.abc import AsyncIterator, Coroutine, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from urllib.parse import parse_qs

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.clock import FakeClock, SystemClock
from integrations_sdk.connectors.base import (
    AuthenticationError,
    BuildRequest,
    BuildStatus,
    BuildTrigger,
    CommitStatus,
    ConfigurationError,
    ConnectorError,
    IssueDraft,
    IssueTracker,
    Notifier,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
    Secret,
    SourceHost,
    is_marked,
    mark_of,
)
from integrations_sdk.connectors.gitlab import GitLabConnector, connector
from integrations_sdk.connectors.gitlab.words import (
    build_status,
    gitlab_fault,
    hook_flags,
    inert,
    state_event,
    token_warnings,
)
from integrations_sdk.http.aiohttp_transport import AiohttpTransport
from integrations_sdk.http.base import Headers
from integrations_sdk.http.client import HttpClient
from integrations_sdk.http.httpx_transport import HttpxTransport
from integrations_sdk.models import Event, OutcomeStatus, Scope
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.sandbox import Sandbox
from integrations_sdk.testing.standin import Received
from integrations_sdk.testing.vendors.gitlab import GitLabStandIn

T = TypeVar("T")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["message", "error", "error_description", "scope", "base"]), inner)
    ),
    max_leaves=9,
)
CANARY = "glpat-CANARY0token0canary"
HOST = "https://gitlab.example.com"
PROJECT = f"{HOST}/api/v4/projects/group%2Fname"
SHA = "6104942438c14ec7bd21c6cd5bd995272b3faff6"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
ISSUE = {
    "iid": 12,
    "id": 1012,
    "title": "Broken",
    "state": "opened",
    "labels": ["bug"],
    "description": "text",
    "web_url": f"{HOST}/group/name/-/issues/12",
}


def make(http: ScriptedHttp, **more: object) -> GitLabConnector:
    settings: dict[str, object] = {"url": HOST, "token": CANARY, "project": "group/name", **more}
    return connect(
        GitLabConnector, {key: value for key, value in settings.items() if value is not None}, http
    )


def stood_in(**more: object) -> tuple[GitLabConnector, GitLabStandIn, ScriptedHttp]:
    """A connector that reaches a stand-in, and both ends of the line."""
    stand_in = GitLabStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    return connect(GitLabConnector, {**stand_in.config(), **more}, http, clock=FakeClock(NOW)), stand_in, http


def run(work: Coroutine[object, object, T]) -> T:
    return asyncio.run(work)


def every(items: AsyncIterator[T]) -> list[T]:
    async def collect() -> list[T]:
        return [item async for item in items]

    return asyncio.run(collect())


# --- configuration -----------------------------------------------------------


def test_it_is_found_by_name_and_offers_its_capabilities() -> None:
    """The module's connector tracks issues, triggers builds and hosts sources; it notifies nobody."""
    gitlab, _, _ = stood_in()
    assert connector is GitLabConnector
    assert isinstance(gitlab, IssueTracker)
    assert isinstance(gitlab, BuildTrigger)
    assert isinstance(gitlab, SourceHost)
    assert not isinstance(gitlab, Notifier)


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"token": None}, "token"),
        ({"token": "two\nlines"}, "token"),
        ({"token_type": "basic"}, "token_type"),
        ({"url": "gitlab.example.com"}, "url"),
        ({"url": "https://user:word@gitlab.example.com"}, "url"),
        ({"project": "name"}, "project"),
        ({"project": "/group/name/ "}, "project"),
        ({"project": 0}, "project"),
        ({"project": 1.5}, "project"),
        ({"pipelines": {"a": 1}}, "pipelines.a"),
        ({"ref": ""}, "ref"),
        ({"tokn": "x"}, "tokn"),
    ],
)
def test_a_wrong_configuration_names_the_field(wrong: dict[str, object], path: str) -> None:
    """Each mistake is reported under its field, and no value is quoted."""
    with pytest.raises(ConfigurationError) as caught:
        make(ScriptedHttp(), **wrong)
    assert [problem.path for problem in caught.value.problems] == [path]
    assert CANARY not in str(caught.value)


def test_the_documents_names_are_accepted() -> None:
    """The enterprise document's configuration loads unchanged, and its fields mean what they say."""
    http = ScriptedHttp([reply(201, {"iid": 1})])
    configured = {
        "base_url": "https://gitlab.company.com",
        "token": CANARY,
        "project_id": 12345,
        "auto_create_mrs": True,
        "mr_target_branch": "develop",
        "pipeline_triggers": {"config-deploy": "config-deployment"},
    }
    gitlab = connect(GitLabConnector, configured, http)
    run(gitlab.create_merge_request("feature", "Do it"))
    assert http.requests[0].url == "https://gitlab.company.com/api/v4/projects/12345/merge_requests"
    assert json.loads(http.requests[0].content)["target_branch"] == "develop"
    run(gitlab.trigger_build(BuildRequest(job="config-deploy")))
    assert json.loads(http.requests[1].content) == {"ref": "config-deployment"}


PUSHED = Event(
    id="e-7", type="push", source="https://gitlab.company.com/shop/web", time=datetime(2026, 1, 1, tzinfo=UTC),
    branch="config/db2", title="Use db2",
)  # fmt: skip


def test_pushed_branches_are_asked_to_be_merged() -> None:
    """With `auto_create_mrs`, once for each branch, from a change of configuration that names one as from a push."""
    gitlab, host, _ = stood_in(auto_create_mrs=True)
    assert gitlab.wants(PUSHED) is None and gitlab.wants(attrs.evolve(PUSHED, type="config_change")) is None
    made = run(gitlab.handle_event(PUSHED))
    assert made.reference == "1"
    asked = host.merge_requests[1]
    assert (asked["source_branch"], asked["target_branch"]) == ("config/db2", "main")
    assert asked["title"]
    again = run(gitlab.handle_event(PUSHED))
    assert (again.status, again.detail) == (OutcomeStatus.SKIPPED, "!1 asks for it already")
    run(gitlab.handle_event(attrs.evolve(PUSHED, branch="config/db3")))
    assert len(host.merge_requests) == 2


@pytest.mark.parametrize("fields", [{"branch": "main"}, {"branch": None}, {"action": "deleted"}])
def test_nothing_is_merged_into_itself(fields: dict[str, str | None]) -> None:
    """Nor a branch that is gone, nor what has none."""
    gitlab, _, http = stood_in(auto_create_mrs=True)
    assert run(gitlab.handle_event(attrs.evolve(PUSHED, **fields))).status is OutcomeStatus.SKIPPED
    assert http.requests == []


def test_no_merge_request_is_created_unless_told_to() -> None:
    """Without `auto_create_mrs` nothing is acted on, whatever `events` name."""
    gitlab, _, http = stood_in(events=["*"])
    assert run(gitlab.handle_event(PUSHED)).status is OutcomeStatus.SKIPPED
    assert stood_in()[0].wants(PUSHED) is not None
    assert http.requests == []


def test_address_and_project_come_from_the_manager_when_not_configured() -> None:
    """The scope's GitLab and project are the default; with `/api/v4` or without is the same."""
    http = ScriptedHttp([reply(200, ISSUE)])
    run(connect(GitLabConnector, {"token": CANARY}, http).get_issue("12"))
    run(make(http, url=f"{HOST}/gitlab/api/v4/").get_issue("12"))
    assert [request.url for request in http.requests] == [
        "https://gitlab.com/api/v4/projects/myorg%2Fmyproject/issues/12",
        f"{HOST}/gitlab/api/v4/projects/group%2Fname/issues/12",
    ]


def test_without_a_project_the_operation_says_what_is_missing() -> None:
    """No project anywhere is a configuration error that names the field; the check works without."""
    gitlab = connect(
        GitLabConnector, {"token": CANARY}, ScriptedHttp([reply(200, {"version": "18.0", "scopes": ["api"]})])
    )
    gitlab.context = attrs.evolve(gitlab.context, scope=Scope())
    with pytest.raises(ConfigurationError, match="project: missing"):
        run(gitlab.get_issue("12"))
    assert run(gitlab.check()).detail == "GitLab 18.0"


@pytest.mark.parametrize(
    ("kind", "headers"),
    [("private", {"private-token": CANARY}), ("bearer", {"authorization": f"Bearer {CANARY}"})],
)
def test_the_token_goes_in_the_header_of_its_kind(kind: str, headers: dict[str, str]) -> None:
    """Access tokens go in PRIVATE-TOKEN, OAuth tokens as bearer (docs.gitlab.com/api/rest/authentication)."""
    http = ScriptedHttp([reply(200, ISSUE)])
    run(make(http, token_type=kind).get_issue("12"))
    sent = dict(http.requests[0].headers)
    assert headers.items() <= sent.items()
    assert len({"private-token", "authorization"} & sent.keys()) == 1


# --- issues -------------------------------------------------------------------


def test_an_issue_is_created_with_all_that_the_draft_says() -> None:
    """Title, text, labels, type, assignee, priority and vendor fields arrive in GitLab's words."""
    http = ScriptedHttp(
        [reply(200, [{"id": 7, "username": "octavia"}]), reply(201, ISSUE, x_request_id="req-1")]
    )
    draft = IssueDraft(
        title="Broken",
        description="It broke.\n/close\n",
        issue_type="incident",
        labels=("bug", "ci"),
        assignee="@octavia",
        priority="high",
        url="https://ci.example.com/1",
        external_id="jenkins:app#1",
        fields={"confidential": True},
    )
    outcome = run(make(http, issue_labels=["automated", "bug"]).create_issue(draft))
    assert http.requests[0].url == f"{HOST}/api/v4/users?username=octavia"
    assert (http.requests[1].method, http.requests[1].url) == ("POST", f"{PROJECT}/issues")
    assert http.sent() == {
        "title": "Broken",
        "description": f"It broke.\n\\/close\n\nhttps://ci.example.com/1\n\n<sub>sync id {mark_of('jenkins:app#1')}</sub>",
        "issue_type": "incident",
        "labels": ["automated", "bug", "ci", "priority::high"],
        "assignee_ids": [7],
        "confidential": True,
    }
    assert (outcome.reference, outcome.url, outcome.http_status) == ("12", ISSUE["web_url"], 201)
    assert outcome.request_id == "req-1"
    assert outcome
    assert not http.calls[1].idempotent, "a repeated creation would make a second issue"


def test_a_draft_without_title_or_with_an_unknown_assignee_is_refused() -> None:
    """Both are the caller's mistake and are said before anything is created."""
    http = ScriptedHttp([reply(200, [{"username": "without an id"}])])
    with pytest.raises(ConfigurationError, match="title: missing"):
        run(make(http).create_issue(IssueDraft(description="x")))
    with pytest.raises(ConfigurationError, match="assignee: no such user"):
        run(make(http).create_issue(IssueDraft(title="x", assignee="nobody")))
    assert [request.method for request in http.requests] == ["GET"]


def test_an_issue_type_that_gitlab_lacks_becomes_a_label() -> None:
    """A tracker's `Bug` is not lost; a number as assignee needs no look-up."""
    http = ScriptedHttp([reply(201, ISSUE)])
    run(make(http).create_issue(IssueDraft(title="x", issue_type="Bug", assignee="7")))
    assert http.sent() == {"title": "x", "labels": ["Bug"], "assignee_ids": [7]}


def test_an_update_changes_only_what_is_given() -> None:
    """None leaves a field as it is; labels replace, a priority alone is added."""
    http = ScriptedHttp([reply(200, ISSUE)])
    gitlab = make(http)
    run(gitlab.update_issue("#12", IssueDraft(title="New")))
    assert (http.requests[0].method, http.requests[0].url) == ("PUT", f"{PROJECT}/issues/12")
    assert http.sent() == {"title": "New"}
    run(gitlab.update_issue("12", IssueDraft(labels=(), priority="low")))
    assert http.sent() == {"labels": ["priority::low"]}
    run(gitlab.update_issue("12", IssueDraft(priority="low")))
    assert http.sent() == {"add_labels": ["priority::low"]}
    run(gitlab.update_issue("12", IssueDraft(description="new", external_id="1", fields={"weight": 3})))
    assert http.sent() == {"description": f"new\n\n<sub>sync id {mark_of('1')}</sub>", "weight": 3}
    assert [request.method for request in http.requests] == ["PUT"] * 4
    assert all(call.idempotent for call in http.calls)


@pytest.mark.parametrize(
    ("to", "event"), [("closed", "close"), ("Done", "close"), ("opened", "reopen"), ("reopen", "reopen")]
)
def test_a_transition_is_a_state_event(to: str, event: str) -> None:
    """Closing and reopening are what GitLab has."""
    http = ScriptedHttp([reply(200, ISSUE)])
    assert run(make(http).transition_issue("12", to)).reference == "12"
    assert http.sent() == {"state_event": event}


def test_a_state_that_gitlab_lacks_is_refused() -> None:
    """A Jira state on a GitLab issue is a configuration error with a remedy; nothing is sent."""
    http = ScriptedHttp()
    with pytest.raises(ConfigurationError, match="use a label for finer states"):
        run(make(http).transition_issue("12", "In Review"))
    with pytest.raises(ConfigurationError, match="expected a number such as 12"):
        run(make(http).transition_issue("PROJ-12", "closed"))
    assert http.requests == []


def test_a_comment_is_a_note_without_quick_actions() -> None:
    """POST /notes (docs.gitlab.com/api/notes): the outcome leads to the comment."""
    http = ScriptedHttp([reply(201, {"id": 302, "body": "x"})])
    outcome = run(make(http).comment_issue("#12", "done\n/close\n > /assign me"))
    assert http.requests[0].url == f"{PROJECT}/issues/12/notes"
    assert http.sent() == {"body": "done\n\\/close\n > \\/assign me"}
    assert (outcome.reference, outcome.url) == ("302", f"{HOST}/group/name/-/issues/12#note_302")
    assert run(make(http, project=42).comment_issue("12", "x")).url is None


def test_an_issue_is_found_again_by_its_external_id() -> None:
    """Search narrows, the mark decides: what merely mentions the word is not the issue."""
    other = {**ISSUE, "iid": 3, "description": f"somebody quotes {mark_of('a#1')}"}
    right = {**ISSUE, "description": f"text\n\n<sub>sync id {mark_of('a#1')}</sub>"}
    http = ScriptedHttp([reply(200, [other, right])])
    found = run(make(http).find_issue("a#1"))
    assert found is not None
    assert (found.reference, found.title, found.status, found.labels) == ("12", "Broken", "opened", ("bug",))
    query = parse_qs(http.requests[0].url.partition("?")[2])
    assert query["search"] == [mark_of("a#1")]
    assert query["in"] == ["description"]
    assert query["sort"] == ["asc"]
    assert run(make(ScriptedHttp([reply(200, [other])])).find_issue("a#1")) is None


def test_issues_are_listed_over_all_pages() -> None:
    """`x-next-page` is followed to the end."""
    pages = [
        reply(200, [ISSUE], x_next_page="2"),
        reply(200, [{**ISSUE, "iid": 13, "labels": None}], x_next_page=""),
    ]
    http = ScriptedHttp(pages)
    assert [issue.reference for issue in every(make(http).list_issues(state="opened"))] == ["12", "13"]
    assert [request.url for request in http.requests] == [
        f"{PROJECT}/issues?per_page=100&state=opened",
        f"{PROJECT}/issues?per_page=100&state=opened&page=2",
    ]


def test_an_issues_life_against_the_stand_in() -> None:
    """Created, found, commented, changed, closed: it is found by its id at every point, and only once made."""
    gitlab, stand_in, _ = stood_in()

    async def live() -> None:
        assert await gitlab.find_issue("a#1") is None
        made = await gitlab.create_issue(IssueDraft(title="Broken", description="first", external_id="a#1"))
        await gitlab.create_issue(IssueDraft(title="Other", assignee="octavia", external_id="a#2"))
        await gitlab.comment_issue(str(made.reference), "seen")
        await gitlab.update_issue(str(made.reference), IssueDraft(description="second", priority="low"))
        await gitlab.transition_issue(str(made.reference), "closed")
        found = await gitlab.find_issue("a#1")
        assert found is not None
        assert (found.reference, found.status, found.labels) == ("1", "closed", ("priority::low",))

    run(live())
    assert is_marked(stand_in.issues[1]["description"], "a#1")
    assert str(stand_in.issues[1]["description"]).startswith("second")
    assert stand_in.issues[2]["assignee_ids"] == [7]
    assert [note["body"] for note in stand_in.notes] == ["seen"]
    assert stand_in.refused == []


# --- merge requests -------------------------------------------------------------


def test_merge_requests_are_created_changed_commented_and_listed() -> None:
    """Each operation's request, in GitLab's words."""
    http = ScriptedHttp(
        [reply(201, {"iid": 7, "id": 99, "web_url": f"{HOST}/group/name/-/merge_requests/7"})]
    )
    gitlab = make(http)
    outcome = run(
        gitlab.create_merge_request(
            "feature", "Do it", description="/merge\nplease", labels=["ci"], fields={"squash": True}
        )
    )
    assert (outcome.reference, outcome.url) == ("7", f"{HOST}/group/name/-/merge_requests/7")
    assert http.sent() == {
        "source_branch": "feature",
        "target_branch": "main",
        "title": "Do it",
        "description": "\\/merge\nplease",
        "labels": ["ci"],
        "squash": True,
    }
    run(gitlab.create_merge_request("feature", "Do it", target_branch="release/1"))
    run(gitlab.update_merge_request("!7", title="New", description="x", labels=[], state="closed"))
    assert http.requests[2].url == f"{PROJECT}/merge_requests/7"
    assert http.sent() == {"title": "New", "description": "x", "labels": [], "state_event": "close"}
    run(gitlab.update_merge_request("7", fields={"target_branch": "develop"}))
    assert http.sent() == {"target_branch": "develop"}
    http.answers = [reply(200, [{"iid": 7}])]
    assert every(gitlab.list_merge_requests(state="opened")) == [{"iid": 7}]
    http.answers = [reply(201, {"id": 5})]
    assert (
        run(gitlab.comment_merge_request("!7", "/approve")).url
        == f"{HOST}/group/name/-/merge_requests/7#note_5"
    )
    assert http.requests[-1].url == f"{PROJECT}/merge_requests/7/notes"
    assert http.sent() == {"body": "\\/approve"}


def test_a_second_merge_request_of_a_branch_is_refused_with_gitlabs_words() -> None:
    """409 is a rejection that names the merge request there is."""
    gitlab, _, _ = stood_in()
    run(gitlab.create_merge_request("feature", "Do it"))
    with pytest.raises(RejectedError, match=r"Another open merge request already exists .*: !1") as caught:
        run(gitlab.create_merge_request("feature", "Do it"))
    assert caught.value.status == 409
    run(gitlab.update_merge_request("1", state="closed"))
    assert run(gitlab.create_merge_request("feature", "Do it")).reference == "2"
    assert run(gitlab.comment_merge_request("2", "nice")).reference == "1"
    assert [mr["iid"] for mr in every(gitlab.list_merge_requests(state="opened"))] == [2]


# --- pipelines and statuses -------------------------------------------------------


def test_a_pipeline_is_created_with_variables() -> None:
    """Branch, job's branch or the configured one, in this order; parameters become variables."""
    http = ScriptedHttp([reply(201, {"id": 46, "iid": 3, "web_url": f"{HOST}/group/name/-/pipelines/46"})])
    gitlab = make(http, ref="trunk", pipelines={"deploy": "production"})
    outcome = run(gitlab.trigger_build(BuildRequest(branch="feature/x", job="deploy", parameters={"A": "1"})))
    assert (outcome.reference, outcome.url) == ("46", f"{HOST}/group/name/-/pipelines/46")
    assert http.requests[0].url == f"{PROJECT}/pipeline"
    assert http.sent() == {"ref": "feature/x", "variables": [{"key": "A", "value": "1"}]}
    run(gitlab.trigger_build(BuildRequest(job="deploy")))
    assert http.sent() == {"ref": "production"}
    run(gitlab.trigger_build(BuildRequest(job="v1.0")))
    assert http.sent() == {"ref": "v1.0"}
    run(gitlab.trigger_build(BuildRequest()))
    assert http.sent() == {"ref": "trunk"}


def test_a_trigger_token_starts_pipelines_without_the_access_token() -> None:
    """The form carries the trigger token; the access token stays out of it."""
    http = ScriptedHttp([reply(201, {"id": 46})])
    gitlab = make(http, trigger_token="glptt-1")
    assert run(gitlab.trigger_build(BuildRequest(branch="main", parameters={"A": "ä&1"}))).reference == "46"
    (request,) = http.requests
    assert request.url == f"{PROJECT}/trigger/pipeline"
    assert parse_qs(request.content.decode()) == {
        "token": ["glptt-1"],
        "ref": ["main"],
        "variables[A]": ["ä&1"],
    }
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert CANARY not in str(dict(request.headers))


@pytest.mark.parametrize("more", [{}, {"trigger_token": GitLabStandIn.trigger_token}])
def test_a_pipelines_life_against_the_stand_in(more: dict[str, object]) -> None:
    """Pending, running, success: the reference follows it; an unknown branch is refused."""
    gitlab, stand_in, _ = stood_in(**more)
    started = run(gitlab.trigger_build(BuildRequest(branch="develop", parameters={"A": "1"})))
    first, second = (run(gitlab.get_build(str(started.reference))) for _ in range(2))
    assert (first.status, second.status) == (BuildStatus.RUNNING, BuildStatus.SUCCESS)
    assert (first.duration, second.duration) == (None, timedelta(seconds=61))
    assert (second.number, second.job, second.url) == (1, "develop", started.url)
    assert stand_in.pipelines[1]["variables"] == {"A": "1"}
    with pytest.raises(RejectedError, match=r"^gitlab-1 pipelines.*: Reference not found"):
        run(gitlab.trigger_build(BuildRequest(branch="nowhere")))


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("success", BuildStatus.SUCCESS),
        ("failed", BuildStatus.FAILED),
        ("canceled", BuildStatus.CANCELED),
        ("canceling", BuildStatus.CANCELED),
        ("skipped", BuildStatus.CANCELED),
        ("running", BuildStatus.RUNNING),
        ("created", BuildStatus.PENDING),
        ("manual", BuildStatus.PENDING),
        ("waiting_for_resource", BuildStatus.PENDING),
        (None, BuildStatus.PENDING),
    ],
)
def test_pipeline_words(word: str | None, status: BuildStatus) -> None:
    """GitLab's pipeline states (docs.gitlab.com/api/pipelines) in the library's words."""
    assert build_status(word) is status


@pytest.mark.parametrize("state", list(BuildStatus))
def test_a_commit_status_is_set_in_gitlabs_words(state: BuildStatus) -> None:
    """The five states are GitLab's own; `name` is the context; another project may be named."""
    http = ScriptedHttp(
        [reply(201, {"id": 93, "status": state.value, "target_url": "https://ci.example.com/1"})]
    )
    status = CommitStatus(
        sha=SHA, status=state, context="ci/build", url="https://ci.example.com/1", description="é" * 200
    )
    outcome = run(make(http).set_commit_status(attrs.evolve(status, project="other/project")))
    assert http.requests[0].url == f"{HOST}/api/v4/projects/other%2Fproject/statuses/{SHA}"
    assert http.sent() == {
        "state": state.value,
        "name": "ci/build",
        "target_url": "https://ci.example.com/1",
        "description": "é" * 139 + "…",
    }
    assert (outcome.reference, outcome.url) == ("93", "https://ci.example.com/1")
    assert http.calls[0].idempotent


def test_saying_the_same_status_again_succeeds() -> None:
    """GitLab answers 400 to `running` after `running`; that is as good as done, and going back is not."""
    gitlab, stand_in, _ = stood_in()
    running = CommitStatus(sha=SHA, status=BuildStatus.RUNNING)
    first, second = run(gitlab.set_commit_status(running)), run(gitlab.set_commit_status(running))
    assert first
    assert second
    assert (second.http_status, second.detail) == (400, "was running already")
    assert run(gitlab.set_commit_status(attrs.evolve(running, status=BuildStatus.SUCCESS)))
    assert stand_in.statuses[SHA, "integrations-sdk"]["status"] == "success"
    back = {
        "message": 'Cannot transition status via :enqueue from :running (Reason(s): Status cannot transition via "enqueue")'
    }
    with pytest.raises(RejectedError, match="Cannot transition status"):
        run(make(ScriptedHttp([reply(400, back)])).set_commit_status(running))


# --- hooks -----------------------------------------------------------------------


def test_a_hook_is_created_for_the_events_alone() -> None:
    """Every flag is said, so nothing comes that was not asked for (GitLab's default is pushes)."""
    http = ScriptedHttp([reply(201, {"id": 5, "url": "https://me.example.com/in"})])
    outcome = run(
        make(http).create_hook("https://me.example.com/in", ["push", "pipeline"], secret=Secret("s3cret"))
    )
    sent = json.loads(http.requests[0].content)
    assert {name for name, value in sent.items() if value is True} == {"push_events", "pipeline_events"}
    assert sent["merge_requests_events"] is False
    assert (sent["url"], sent["token"]) == ("https://me.example.com/in", "s3cret")
    assert outcome.reference == "5"


def test_ensuring_a_hook_twice_makes_one() -> None:
    """The hook with the URL is brought to the state asked for; others are left alone."""
    gitlab, stand_in, _ = stood_in()
    run(gitlab.create_hook("https://me.example.com/other", ["*"]))
    first = run(
        gitlab.ensure_hook("https://me.example.com/in", ["push"], secret="s", signing_token="whsec_x")
    )
    second = run(gitlab.ensure_hook("https://me.example.com/in", ["merge_request"]))
    assert (first.reference, second.reference) == ("2", "2")
    assert (first.operation, second.operation) == ("hooks.create", "hooks.update")
    assert {name for name, value in stand_in.hooks[2].items() if value is True} == {
        "merge_requests_events",
        "token_present",
    }
    assert sum(value is True for value in stand_in.hooks[1].values()) == len(hook_flags("*"))
    assert len(every(gitlab.list_hooks())) == 2


def test_an_unknown_hook_event_is_named() -> None:
    """A mistyped event type is a configuration error that lists the known ones."""
    with pytest.raises(ConfigurationError, match=r"no event type 'pushes'.*known: push, tag_push"):
        run(make(ScriptedHttp()).ensure_hook("https://me.example.com/in", ["pushes", "push"]))


# --- check -------------------------------------------------------------------------


def test_the_check_reads_only() -> None:
    """Version, project and the token's life are read; nothing is written."""
    gitlab, stand_in, http = stood_in()
    stand_in.scopes, stand_in.expires_at = ["read_api"], "2026-01-10"
    result = run(gitlab.check())
    assert result.detail == "myorg/myproject on GitLab 18.9.1-ee"
    assert result.warnings == (
        "the token has only read_api; creating and changing things needs `api`",
        "the token expires on 2026-01-10; rotate it",
    )
    assert {request.method for request in http.requests} == {"GET"}


def test_an_old_gitlab_is_asked_for_its_version() -> None:
    """Before 15.2 there is no /metadata; OAuth tokens are not asked about themselves."""
    project = {"path_with_namespace": "group/name", "archived": True}
    http = ScriptedHttp(
        [reply(404, {"error": "404 Not Found"}), reply(200, {"version": "14.10"}), reply(200, project)]
    )
    result = run(make(http, token_type="bearer").check())
    assert result.detail == "group/name on GitLab 14.10"
    assert result.warnings == ("the project is archived: nothing can be created in it",)
    assert [request.url for request in http.requests][:2] == [
        f"{HOST}/api/v4/metadata",
        f"{HOST}/api/v4/version",
    ]


def test_a_token_that_may_not_read_itself_is_no_failure() -> None:
    """Only the warnings are lost."""
    http = ScriptedHttp(
        [
            reply(200, {"version": "18.0"}),
            reply(401, {"message": "401 Unauthorized"}),
            reply(200, {"path_with_namespace": "group/name"}),
        ]
    )
    assert run(make(http).check()).warnings == ()


@pytest.mark.parametrize(
    ("token", "count"),
    [
        ({}, 0),
        ({"scopes": ["api"], "expires_at": None}, 0),
        ({"scopes": ["api"], "expires_at": "2026-01-16"}, 0),
        ({"scopes": ["api"], "expires_at": "2026-01-15"}, 1),
        ({"scopes": []}, 1),
    ],
)
def test_token_warnings(token: Mapping[str, object], count: int) -> None:
    """A fortnight before it expires, and without the scope `api`, there is a warning."""
    assert len(token_warnings(token, date(2026, 1, 1))) == count


# --- contract ----------------------------------------------------------------------


async def everything(gitlab: GitLabConnector) -> None:
    """Every operation, with all that it can send."""
    draft = IssueDraft(
        title="Broken",
        description="text",
        issue_type="incident",
        labels=("bug",),
        assignee="octavia",
        priority="high",
        url="https://ci.example.com/1",
        external_id="a#1",
    )
    await gitlab.check()
    await gitlab.create_issue(draft)
    await gitlab.find_issue("a#1")
    await gitlab.update_issue("1", draft)
    await gitlab.update_issue("1", IssueDraft(priority="low"))
    await gitlab.transition_issue("1", "closed")
    await gitlab.create_merge_request("feature", "Do it", description="text", labels=["ci"])
    await gitlab.update_merge_request("1", title="New", description="x", labels=[], state="closed")
    [_ async for _ in gitlab.list_merge_requests(state="opened")]
    await gitlab.trigger_build(BuildRequest(branch="main", parameters={"A": "1"}))
    for state in BuildStatus:
        await gitlab.set_commit_status(
            CommitStatus(
                sha=SHA, status=state, url="https://ci.example.com/1", description="said", context=state
            )
        )
    await gitlab.ensure_hook("https://me.example.com/in", ["push"], secret="s")


@pytest.mark.contracts
def test_every_request_conforms_to_gitlabs_contract(conformity) -> None:
    """All thirteen operations of the contract are made, and each request fits it."""
    gitlab, stand_in, http = stood_in()
    run(everything(gitlab))
    run(
        stood_in_for(stand_in, http, trigger_token=stand_in.trigger_token).trigger_build(
            BuildRequest(branch="main")
        )
    )
    http.answers.insert(0, reply(404, {"error": "404 Not Found"}))
    run(gitlab.check())
    made = {
        (request.method, template(request.url.removeprefix(stand_in.url))): request
        for request in http.requests
    }
    for request in http.requests:
        if template(request.url.removeprefix(stand_in.url)) not in BEYOND:
            conformity.check("gitlab", request, base_url=stand_in.url)
    assert len([key for key in made if key[1] not in BEYOND]) == 13


BEYOND = {
    "/api/v4/personal_access_tokens/self",  # docs.gitlab.com/api/personal_access_tokens
    "/api/v4/users",  # docs.gitlab.com/api/users
    "/api/v4/projects/P",  # docs.gitlab.com/api/projects
}
"""What the contract leaves out, with its page in the vendor's documentation."""


def template(target: str) -> str:
    """A path without the parts that vary."""
    path = target.partition("?")[0]
    return re.sub(r"/(\d+|[0-9a-f]{40})(?=/|$)", "/N", path.replace("myorg%2Fmyproject", "P"))


def stood_in_for(stand_in: GitLabStandIn, http: ScriptedHttp, **more: object) -> GitLabConnector:
    """Another connector to a stand-in."""
    return connect(GitLabConnector, {**stand_in.config(), **more}, http, clock=FakeClock(NOW))


# --- errors ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "kind", "words", "code"),
    [
        (401, {"message": "401 Unauthorized"}, AuthenticationError, "401 Unauthorized", None),
        (
            401,
            {"error": "invalid_token", "error_description": "Token was revoked."},
            AuthenticationError,
            "Token was revoked.",
            "invalid_token",
        ),
        (
            403,
            {"error": "insufficient_scope", "error_description": "Higher privileges needed.", "scope": "api"},
            PermissionDeniedError,
            "Higher privileges needed.; the token needs the scope api",
            "insufficient_scope",
        ),
        (403, {"message": "403 Forbidden"}, PermissionDeniedError, "403 Forbidden", None),
        (
            404,
            {"message": "404 Project Not Found"},
            RejectedError,
            "404 Project Not Found: it does not exist, or the token cannot see it",
            None,
        ),
        (
            400,
            {"message": {"title": ["is too long (maximum is 255 characters)", "is odd"]}},
            RejectedError,
            "title is too long (maximum is 255 characters); title is odd",
            None,
        ),
        (
            400,
            {"message": {"base": ["Reference not found"], "ref": "is bad"}},
            RejectedError,
            "Reference not found; ref is bad",
            None,
        ),
        (
            409,
            {"message": ["Another open merge request exists: !5"]},
            RejectedError,
            "Another open merge request exists: !5",
            None,
        ),
        (400, {"error": "title is missing"}, RejectedError, "title is missing", None),
        (422, {"error": "Invalid url given"}, RejectedError, "Invalid url given", None),
        (429, "Retry later\n", RateLimitedError, "Retry later", None),
        (
            500,
            {"message": "500 Internal Server Error"},
            ProviderUnavailableError,
            "500 Internal Server Error",
            None,
        ),
        (502, b"<html>bad gateway</html>", ProviderUnavailableError, "server error", None),
        (400, b'{"message": "tr', RejectedError, "request refused with status 400", None),
        (400, ["odd"], RejectedError, "odd", None),
    ],
)
def test_gitlabs_words_become_typed_errors(
    status: int, body: object, kind: type[ConnectorError], words: str, code: str | None
) -> None:
    """Every documented shape of an error body (docs.gitlab.com/api/rest/troubleshooting) is read."""
    more = {"content_type": "text/html"} if isinstance(body, bytes) else {}
    http = ScriptedHttp([reply(status, body, x_request_id="01ABC", **more)])
    with pytest.raises(ConnectorError) as caught:
        run(make(http).get_issue("12"))
    error = caught.value
    assert type(error) is kind
    assert (error.message, error.code, error.status, error.request_id) == (words, code, status, "01ABC")
    assert (error.provider, error.operation, error.integration_id) == ("gitlab", "issues.get", "gitlab-1")


@given(JSON, st.integers(200, 599))
def test_no_answer_breaks_the_reading_of_faults(body: object, status: int) -> None:
    """Whatever JSON comes with whatever status, there is a bounded line of words, or no fault."""
    fault = gitlab_fault(reply(status, body))
    assert fault is None or 0 < len(fault.message) <= 400


def test_a_bottomless_answer_is_no_answer() -> None:
    """JSON nested without end is refused like any other nonsense."""
    deep, kind = b"[" * 100_000, "application/json"
    http = ScriptedHttp([reply(200, deep, content_type=kind), reply(400, deep, content_type=kind)])
    for words in ("instead of a JSON object", "request refused with status 400"):
        with pytest.raises(RejectedError, match=words):
            run(make(http).get_issue("12"))


def test_the_stand_in_refuses_what_gitlab_refuses() -> None:
    """Wrong token, weak scope, unknown project, missing and overlong fields: each in GitLab's words."""
    gitlab, stand_in, _ = stood_in()
    with pytest.raises(RejectedError, match="title is too long"):
        run(gitlab.create_issue(IssueDraft(title="x" * 256)))
    with pytest.raises(RejectedError, match="title is missing"):
        run(gitlab.create_merge_request("feature", ""))
    with pytest.raises(
        RejectedError, match="404 Issue Not Found: it does not exist, or the token cannot see it"
    ):
        run(gitlab.get_issue("99"))
    with pytest.raises(RejectedError, match="Note can't be blank"):
        run(gitlab.comment_issue(str(run(gitlab.create_issue(IssueDraft(title="x"))).reference), " "))
    with pytest.raises(RejectedError, match="Invalid url given"):
        run(gitlab.create_hook("ftp://x", ["push"]))
    for project in ("other/project", 7):
        stranger, _, _ = stood_in(project=project)
        with pytest.raises(RejectedError, match="404 Project Not Found"):
            run(stranger.check())
    with pytest.raises(AuthenticationError):
        run(stood_in(token="glpat-wrong")[0].check())
    with pytest.raises(RejectedError, match="404 Not Found"):
        run(stood_in(trigger_token="wrong")[0].trigger_build(BuildRequest()))
    stand_in.scopes = ["read_api"]
    with pytest.raises(PermissionDeniedError, match="needs the scope api"):
        run(gitlab.create_issue(IssueDraft(title="x")))


P = "/api/v4/projects/myorg%2Fmyproject"
Q = "/api/v4/projects/other%2Fproject"


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "words"),
    [
        ("GET", "/api/v4/nothing", None, 404, "404 Not Found"),
        ("POST", f"{P}/issues", b"title=x", 400, "content-type is not supported"),
        ("PUT", f"{P}/issues/1", {}, 400, "at least one parameter"),
        ("PUT", f"{P}/issues/9", {"title": "x"}, 404, "404 Issue Not Found"),
        ("PUT", f"{P}/merge_requests/9", {"title": "x"}, 404, "404 Merge Request Not Found"),
        ("POST", f"{Q}/issues", {"title": "x"}, 404, "404 Project Not Found"),
        ("GET", f"{Q}/issues", None, 404, "404 Project Not Found"),
        ("POST", f"{P}/snippets/1/notes", {"body": "x"}, 404, "404 Noteable Not Found"),
        ("POST", f"{P}/pipeline", {}, 400, "ref is missing"),
        ("POST", f"{P}/pipeline", {"ref": "main", "variables": {"A": "1"}}, 400, "variables is invalid"),
        ("POST", f"{P}/pipeline", {"ref": "main", "variables": [{"key": "A"}]}, 400, "variables is invalid"),
        ("POST", f"{Q}/pipeline", {"ref": "main"}, 404, "404 Project Not Found"),
        ("GET", f"{P}/pipelines/9", None, 404, "404 Pipeline Not Found"),
        ("POST", f"{P}/statuses/{SHA}", {"state": "done"}, 400, "state does not have a valid value"),
        ("POST", f"{Q}/statuses/{SHA}", {"state": "success"}, 404, "404 Project Not Found"),
        ("PUT", f"{P}/hooks/9", {"url": "https://x"}, 404, "404 Hook Not Found"),
        ("POST", f"{Q}/hooks", {"url": "https://x"}, 404, "404 Project Not Found"),
    ],
)
def test_the_stand_in_is_as_strict_as_gitlab(
    method: str, target: str, body: object, status: int, words: str
) -> None:
    """What the connector never sends is refused as well, so a mistake of it would show."""
    stand_in = GitLabStandIn()
    stand_in.issues[1] = {"iid": 1}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = Received.of(method, target, Headers({"private-token": stand_in.token}), content)
    answered, _ = stand_in.answer(request)
    assert answered.status == status
    assert words in json.dumps(answered.json)
    assert stand_in.refused == [request]


def test_injected_faults_look_like_gitlabs() -> None:
    """A limit is told in plain text, a breakdown as JSON."""
    gitlab, stand_in, _ = stood_in()
    stand_in.fail(status=429, retry_after=3)
    stand_in.fail(status=502)
    with pytest.raises(RateLimitedError, match="Retry later") as caught:
        run(gitlab.get_issue("1"))
    assert caught.value.retry_after == timedelta(seconds=3)
    with pytest.raises(ProviderUnavailableError, match="502 Bad Gateway"):
        run(gitlab.get_issue("1"))


def test_the_token_appears_nowhere() -> None:
    """A vendor that echoes the token does not bring it into errors, reprs or tracebacks."""
    http = ScriptedHttp([reply(400, {"message": f"bad token {CANARY} and glptt-canary"})])
    gitlab = make(http, trigger_token="glptt-canary")
    with pytest.raises(RejectedError) as caught:
        run(gitlab.trigger_build(BuildRequest()))
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(gitlab.config)
    assert "bad token •••• and ••••" in shown
    assert CANARY not in shown
    assert "glptt-canary" not in shown


@pytest.mark.parametrize("transport", [HttpxTransport, AiohttpTransport], ids=["httpx2", "aiohttp"])
def test_paths_arrive_as_they_were_sent(transport: type[HttpxTransport | AiohttpTransport]) -> None:
    """Over a real connection the slash of the project stays encoded, and a refused request is repeated."""
    pytest.importorskip("httpx2" if transport is HttpxTransport else "aiohttp")

    async def live(stand_in: GitLabStandIn) -> str | None:
        http = HttpClient(transport(), SystemClock())
        gitlab = connect(GitLabConnector, stand_in.config(), http)
        stand_in.fail(status=503, retry_after=0)
        outcome = await gitlab.create_issue(IssueDraft(title="x", external_id="gitlab:a/b#1"))
        found = await gitlab.find_issue("gitlab:a/b#1")
        await http.close()
        assert outcome.attempts == 2
        return found and found.reference

    with Sandbox() as sandbox:
        stand_in = sandbox["gitlab"]
        assert isinstance(stand_in, GitLabStandIn)
        assert asyncio.run(live(stand_in)) == "1"
        assert {request.path for request in stand_in.received} == {f"{P}/issues"}


# --- words ---------------------------------------------------------------------------


def test_events_are_left_alone() -> None:
    """An event source does not act on events of itself, even when told of them."""
    gitlab, stand_in, _ = stood_in(events=["push"])
    event = Event(id="1", type="push", source=HOST, time=NOW)
    assert run(gitlab.handle_event(event)).status is OutcomeStatus.SKIPPED
    assert stood_in()[0].wants(event) == "not subscribed to push"
    assert stand_in.received == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/close", "\\/close"),
        ("a\n/label ~bug", "a\n\\/label ~bug"),
        ("  /CLOSE\r\n", "  \\/CLOSE\r\n"),
        ("> /close", "> \\/close"),
        ("/usr/bin/python failed", "/usr/bin/python failed"),
        ("see a /close here", "see a /close here"),
        ("// comment", "// comment"),
    ],
)
def test_quick_actions_become_text(text: str, expected: str) -> None:
    """A command at the start of a line is escaped; paths and other slashes stay as they are."""
    assert inert(text) == expected


@given(st.text())
def test_no_text_stays_a_quick_action(text: str) -> None:
    """Escaping is complete: doing it again changes nothing, and only backslashes were added."""
    once = inert(text)
    assert inert(once) == once
    assert len(once) - len(text) == once.count("\\") - text.count("\\")


def test_state_events() -> None:
    """The words of both directions."""
    assert {state_event(word) for word in ("close", "Closed ", "resolved")} == {"close"}
    assert {state_event(word) for word in ("open", "opened", "reopened")} == {"reopen"}
