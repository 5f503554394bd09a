"""GitHub: what is sent, what comes of it, and what is said when it fails."""

from __future__ import annotations

import asyncio
import json
import re
import traceback
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from urllib.parse import parse_qs

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from integrations_sdk.clock import FakeClock
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
from integrations_sdk.connectors.github import GitHubConnector, connector
from integrations_sdk.connectors.github.words import (
    build_status,
    commit_state,
    github_fault,
    hook_events,
    issue_state,
    token_warnings,
)
from integrations_sdk.http.base import Headers
from integrations_sdk.models import Event, OutcomeStatus
from integrations_sdk.testing.fakes import DictMemory, ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.standin import Received
from integrations_sdk.testing.vendors.github import GitHubStandIn
from support.keys import rsa_pair

T = TypeVar("T")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["message", "errors", "field", "code", "resource"]), inner)
    ),
    max_leaves=9,
)
CANARY = "github_pat_CANARY0token0canary"
API = "https://api.github.com"
REPO = f"{API}/repos/octo-org/octo-repo"
SHA = "6104942438c14ec7bd21c6cd5bd995272b3faff6"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
ISSUE = {
    "number": 12,
    "title": "Broken",
    "state": "open",
    "labels": [{"name": "bug"}],
    "body": "text",
    "html_url": "https://github.com/octo-org/octo-repo/issues/12",
}


def make(http: ScriptedHttp, **more: object) -> GitHubConnector:
    settings: dict[str, object] = {"token": CANARY, "repository": "octo-org/octo-repo", **more}
    known = {key: value for key, value in settings.items() if value is not None}
    return connect(GitHubConnector, known, http, clock=FakeClock(NOW))


def stood_in(**more: object) -> tuple[GitHubConnector, GitHubStandIn, ScriptedHttp]:
    """A connector that reaches a stand-in, and both ends of the line."""
    stand_in = GitHubStandIn()
    stand_in.now = NOW
    http = ScriptedHttp([answered_by(stand_in)])
    return connect(GitHubConnector, {**stand_in.config(), **more}, http, clock=FakeClock(NOW)), stand_in, http


def as_app(clock: FakeClock) -> tuple[GitHubConnector, GitHubStandIn, ScriptedHttp]:
    """The same as a GitHub App."""
    stand_in = GitHubStandIn()
    stand_in.now = NOW
    http = ScriptedHttp([answered_by(stand_in)])
    return connect(GitHubConnector, stand_in.app_config(*rsa_pair()), http, clock=clock), stand_in, http


def run(work: Coroutine[object, object, T]) -> T:
    return asyncio.run(work)


def every(items: AsyncIterator[T]) -> list[T]:
    async def collect() -> list[T]:
        return [item async for item in items]

    return asyncio.run(collect())


# --- configuration -----------------------------------------------------------


def test_it_is_found_by_name_and_offers_its_capabilities() -> None:
    """The module's connector tracks issues, triggers builds and hosts sources; it notifies nobody."""
    github, _, _ = stood_in()
    assert connector is GitHubConnector
    assert isinstance(github, IssueTracker)
    assert isinstance(github, BuildTrigger)
    assert isinstance(github, SourceHost)
    assert not isinstance(github, Notifier)


@pytest.mark.parametrize(
    ("wrong", "paths"),
    [
        ({"token": None}, ["token"]),
        ({"token": None, "repository": None}, ["token", "repository"]),
        ({"token": "two\nlines"}, ["token"]),
        ({"app_id": 1}, ["token"]),
        ({"token": None, "app_id": 1}, ["private_key", "installation_id"]),
        (
            {"token": None, "installation_id": 0, "private_key": "x"},
            ["private_key", "installation_id", "app_id"],
        ),
        (
            {"token": None, "app_id": 1, "installation_id": "9" * 5000, "private_key": "env:X"},
            ["installation_id"],
        ),
        ({"repository": "octo org/repo"}, ["repository"]),
        ({"repository": "octo-repo"}, ["repository"]),
        ({"repository": None, "repositories": {"a": "repo"}}, ["repositories.a"]),
        ({"api_url": "https://github.com/"}, ["api_url"]),
        ({"api_url": "api.github.com"}, ["api_url"]),
        ({"api_url": "https://[x"}, ["api_url"]),
        ({"workflow": "ci.yml", "dispatch_event": "build"}, ["dispatch_event"]),
        ({"repositories": ["a"]}, ["repositories"]),
        ({"repo_name": "x"}, ["repo_name"]),
    ],
)
def test_a_wrong_configuration_names_every_field(wrong: dict[str, object], paths: list[str]) -> None:
    """Each mistake and each missing field is reported in one error, and no value is quoted."""
    with pytest.raises(ConfigurationError) as caught:
        make(ScriptedHttp(), **wrong)
    assert [problem.path for problem in caught.value.problems] == paths
    assert CANARY not in str(caught.value)


def test_only_the_private_key_of_an_app_is_one() -> None:
    """A public key, a key of another kind and a torn one are refused; line breaks may be written `\\n`."""
    private, public = rsa_pair()
    app: dict[str, object] = {"token": None, "app_id": "Iv1.client", "installation_id": "7"}
    for key in (private, private.replace("\n", "\\n"), "env:GITHUB_KEY"):
        make(ScriptedHttp(), **app, private_key=key)
    other = ECKey.generate_key("P-256").as_pem(private=True).decode()
    for key in (public, other, private[:200], "nonsense"):
        with pytest.raises(ConfigurationError, match="private_key: expected a private key in PEM form"):
            make(ScriptedHttp(), **app, private_key=key)


def test_the_documents_names_are_accepted() -> None:
    """The enterprise document's configuration loads unchanged, and its fields mean what they say."""
    configured = {
        "token": CANARY,
        "organization": "yourcompany",
        "repositories": {"config-tracking": "yourcompany/config-tracking", "infra": "infrastructure"},
        "auto_create_issues": True,
        "issue_labels": ["configuration", "automated"],
        "workflow_triggers": {"deploy": ".github/workflows/deploy-config.yml"},
    }
    http = ScriptedHttp([reply(201, ISSUE), reply(201, {"id": 1}), reply(204)])
    github = connect(GitHubConnector, configured, http)
    run(github.create_issue(IssueDraft(title="x")))
    assert http.sent() == {"title": "x", "labels": ["configuration", "automated"]}
    run(github.set_commit_status(CommitStatus(sha=SHA, status=BuildStatus.SUCCESS, project="infra")))
    run(github.trigger_build(BuildRequest(job="deploy")))
    assert [request.url.removeprefix(f"{API}/repos/") for request in http.requests] == [
        "yourcompany/config-tracking/issues",
        f"yourcompany/infrastructure/statuses/{SHA}",
        "yourcompany/config-tracking/actions/workflows/deploy-config.yml/dispatches",
    ]


CHANGE = Event(
    id="e-7", type="configuration.changed", source="https://config.company.com", time=NOW,
    title="app.database.host changed", text="Now db2.", url="https://config.company.com/app.database.host",
)  # fmt: skip


def test_configuration_changes_become_issues() -> None:
    """With `auto_create_issues`, each is one issue however often it is handled, and `events` name others."""
    github, hub, _ = stood_in(auto_create_issues=True)
    assert github.wants(CHANGE) is None
    made = run(github.handle_event(CHANGE))
    issue = hub.issues[int(made.reference or "")]
    assert issue["title"] == "Configuration changed: app.database.host changed"
    assert "Now db2." in str(issue["body"]) and CHANGE.url in str(issue["body"])
    again = run(github.handle_event(CHANGE))
    assert (again.status, again.detail) == (OutcomeStatus.SKIPPED, f"#{made.reference} is about it")
    assert github.wants(attrs.evolve(CHANGE, type="pipeline")) == "not subscribed to pipeline"
    only_pipelines, _, _ = stood_in(auto_create_issues=True, events=["pipeline"])
    assert only_pipelines.wants(CHANGE) and not only_pipelines.wants(attrs.evolve(CHANGE, type="pipeline"))


def test_no_issue_is_created_unless_told_to() -> None:
    """Without `auto_create_issues` nothing is acted on, whatever `events` name."""
    github, _, http = stood_in(events=["*"])
    assert run(github.handle_event(CHANGE)).status is OutcomeStatus.SKIPPED
    assert stood_in()[0].wants(CHANGE) is not None
    assert http.requests == []


def test_a_repository_without_owner_is_refused() -> None:
    """A status for a project that is no `owner/name` is not sent anywhere."""
    with pytest.raises(ConfigurationError, match="expected owner/name"):
        run(
            make(ScriptedHttp()).set_commit_status(
                CommitStatus(sha=SHA, status=BuildStatus.SUCCESS, project="name")
            )
        )


@pytest.mark.parametrize(
    ("more", "version"),
    [
        ({}, "2026-03-10"),
        ({"api_url": "https://api.octocorp.ghe.com"}, "2026-03-10"),
        ({"api_url": "https://github.example.com/api/v3/"}, "2022-11-28"),
        ({"api_version": "2022-11-28"}, "2022-11-28"),
    ],
)
def test_every_request_has_what_github_asks_for(more: dict[str, object], version: str) -> None:
    """Media type, version, user agent and token; Enterprise Server is spoken to in the older version."""
    http = ScriptedHttp([reply(200, ISSUE)])
    run(make(http, **more).get_issue("12"))
    sent = dict(http.requests[0].headers)
    assert sent == {
        "accept": "application/vnd.github+json",
        "authorization": f"Bearer {CANARY}",
        "user-agent": "integrations-sdk",
        "x-github-api-version": version,
    }
    assert "//" not in http.requests[0].url.partition("://")[2]


# --- as a GitHub App -----------------------------------------------------------


def test_an_app_signs_for_a_token_and_uses_it() -> None:
    """RS256, a minute back, nine minutes on; then the installation's token, once for all operations."""
    clock = FakeClock(NOW)
    github, stand_in, http = as_app(clock)

    async def together() -> None:
        await asyncio.gather(*(github.create_issue(IssueDraft(title=f"{n}")) for n in range(5)))

    run(together())
    exchanges = [request for request in http.requests if request.url.endswith("/access_tokens")]
    assert len(exchanges) == 1
    assert exchanges[0].url == f"{stand_in.url}/app/installations/7890123/access_tokens"
    proof = jwt.decode(
        exchanges[0].headers["authorization"].removeprefix("Bearer "), RSAKey.import_key(rsa_pair()[1])
    )
    now = int(NOW.timestamp())
    assert proof.header["alg"] == "RS256"
    assert proof.claims == {"iat": now - 60, "exp": now + 540, "iss": "123456"}
    assert {request.headers["authorization"] for request in http.requests[1:]} == {
        f"Bearer {stand_in.installation_token}"
    }
    assert stand_in.refused == []


def test_a_token_is_renewed_five_minutes_before_its_end() -> None:
    """It serves for 55 minutes of its hour, and not for longer."""
    clock = FakeClock(NOW)
    github, stand_in, http = as_app(clock)
    for minutes, exchanges in ((0, 1), (54, 1), (1, 2), (30, 2)):
        clock.advance(minutes * 60)
        stand_in.now = clock.now()
        run(github.check())
        assert sum(request.url.endswith("/access_tokens") for request in http.requests) == exchanges


def test_an_app_that_is_not_accepted_is_an_authentication_error() -> None:
    """A key that GitHub does not know, a clock far off, and an odd answer each end in a typed error."""
    github, stand_in, _ = as_app(FakeClock(NOW))
    stand_in.now = NOW + timedelta(minutes=30)
    with pytest.raises(
        AuthenticationError, match=r"app\.installation_token: A JSON web token could not be decoded"
    ):
        run(github.check())
    stand_in.now, stand_in.public_key = NOW, RSAKey.generate_key(2048).as_pem(private=False).decode()
    with pytest.raises(AuthenticationError):
        run(github.check())
    stand_in.public_key, stand_in.installation_id = rsa_pair()[1], 1
    with pytest.raises(RejectedError, match="it does not exist"):
        run(github.check())
    app = {"repository": "o/r", "app_id": 1, "installation_id": 7, "private_key": rsa_pair()[0]}
    with pytest.raises(RejectedError, match="answered without a token"):
        run(connect(GitHubConnector, app, ScriptedHttp([reply(201, {"token": 1})])).check())


def test_the_installations_token_appears_in_no_error() -> None:
    """It is in no configuration, and is kept out of what a vendor echoes all the same."""
    token = {"token": "ghs_canary", "expires_at": "2026-01-01T13:00:00Z"}
    app = {"repository": "o/r", "app_id": 1, "installation_id": 7, "private_key": rsa_pair()[0]}
    http = ScriptedHttp([reply(201, token), reply(400, {"message": "odd token ghs_canary"})])
    github = connect(GitHubConnector, app, http, clock=FakeClock(NOW))
    with pytest.raises(RejectedError, match="odd token ••••") as caught:
        run(github.get_issue("1"))
    assert "ghs_canary" not in "".join(traceback.format_exception(caught.value)) + repr(vars(github))


# --- issues -------------------------------------------------------------------


def test_an_issue_is_created_with_all_that_the_draft_says() -> None:
    """Title, text, labels, type, assignee, priority and vendor fields arrive in GitHub's words."""
    http = ScriptedHttp([reply(201, ISSUE, x_github_request_id="E1:2")])
    draft = IssueDraft(
        title="Broken",
        description="It broke.",
        issue_type="Bug",
        labels=("bug", "ci"),
        assignee="@octocat",
        priority="high",
        url="https://ci.example.com/1",
        external_id="jenkins:app#1",
        fields={"milestone": 3},
    )
    outcome = run(make(http, issue_labels=["automated", "bug"]).create_issue(draft))
    assert (http.requests[0].method, http.requests[0].url) == ("POST", f"{REPO}/issues")
    assert http.sent() == {
        "title": "Broken",
        "body": f"It broke.\n\nhttps://ci.example.com/1\n\n<sub>sync id {mark_of('jenkins:app#1')}</sub>",
        "type": "Bug",
        "labels": ["automated", "bug", "ci", "priority: high"],
        "assignees": ["octocat"],
        "milestone": 3,
    }
    assert (outcome.reference, outcome.url, outcome.request_id) == ("12", ISSUE["html_url"], "E1:2")
    assert not http.calls[0].idempotent, "a repeated creation would make a second issue"
    assert http.calls[0].account == "github-1:content", "what creates content has a limit of its own"


def test_a_draft_without_title_is_refused() -> None:
    """It is the caller's mistake and nothing is sent."""
    http = ScriptedHttp()
    with pytest.raises(ConfigurationError, match="title: missing"):
        run(make(http).create_issue(IssueDraft(description="x")))
    assert http.requests == []


def test_an_update_changes_only_what_is_given() -> None:
    """None leaves a field as it is; labels replace, and a priority alone keeps those there are."""
    http = ScriptedHttp([reply(200, ISSUE)])
    github = make(http)
    run(github.update_issue("#12", IssueDraft(title="New")))
    assert (http.requests[0].method, http.requests[0].url) == ("PATCH", f"{REPO}/issues/12")
    assert http.sent() == {"title": "New"}
    assert http.calls[0].idempotent
    run(github.update_issue("12", IssueDraft(labels=(), priority="low")))
    assert http.sent() == {"labels": ["priority: low"]}
    run(github.update_issue("12", IssueDraft(priority="low")))
    assert http.sent() == {"labels": ["bug", "priority: low"]}
    run(github.update_issue("12", IssueDraft(description="new", external_id="1", fields={"milestone": None})))
    assert http.sent() == {"body": f"new\n\n<sub>sync id {mark_of('1')}</sub>", "milestone": None}


@pytest.mark.parametrize(
    ("to", "state", "reason"),
    [
        ("closed", "closed", "completed"),
        ("Done", "closed", "completed"),
        ("not planned", "closed", "not_planned"),
        ("duplicate", "closed", "duplicate"),
        ("open", "open", "reopened"),
        ("reopened", "open", "reopened"),
    ],
)
def test_a_transition_is_a_state_with_its_reason(to: str, state: str, reason: str) -> None:
    """Closing says why; reopening is a reason of its own."""
    assert issue_state(to) == {"state": state, "state_reason": reason}
    http = ScriptedHttp([reply(200, ISSUE)])
    assert run(make(http).transition_issue("12", to)).reference == "12"
    assert http.sent() == {"state": state, "state_reason": reason}


def test_a_state_that_github_lacks_is_refused() -> None:
    """A Jira state on a GitHub issue is a configuration error with a remedy; nothing is sent."""
    http = ScriptedHttp()
    with pytest.raises(ConfigurationError, match="use a label for finer states"):
        run(make(http).transition_issue("12", "In Review"))
    with pytest.raises(ConfigurationError, match="expected a number such as 12"):
        run(make(http).transition_issue("PROJ-12", "closed"))
    assert http.requests == []


def test_what_this_integration_created_is_found_at_once() -> None:
    """The number is remembered, because GitHub's search lags behind; no search is made."""
    memory = DictMemory()
    marked = {**ISSUE, "body": f"text\n\n<sub>sync id {mark_of('a#1')}</sub>"}
    http = ScriptedHttp([reply(201, marked), reply(200, marked)])
    configured = {"token": CANARY, "repository": "octo-org/octo-repo"}
    run(
        connect(GitHubConnector, configured, http, memory=memory).create_issue(
            IssueDraft(title="x", external_id="a#1")
        )
    )
    found = run(connect(GitHubConnector, configured, http, memory=memory).find_issue("a#1"))
    assert found is not None
    assert (found.reference, found.labels, found.status) == ("12", ("bug",), "open")
    assert http.requests[-1].url == f"{REPO}/issues/12"


@pytest.mark.parametrize(
    "gone", [reply(404), reply(410), reply(301, {"message": "Moved"}), reply(200, ISSUE)]
)
def test_a_remembered_issue_that_is_gone_is_searched_for(gone: object) -> None:
    """Deleted, moved or rewritten, it is looked for by its mark; what merely mentions the mark is not it."""
    memory = DictMemory()
    other = {**ISSUE, "number": 3, "body": f"somebody quotes {mark_of('a#1')}"}
    right = {**ISSUE, "number": 40, "body": f"text\n\n<sub>sync id {mark_of('a#1')}</sub>"}
    result = {"total_count": 2, "incomplete_results": True, "items": [other, right]}
    http = ScriptedHttp([reply(201, ISSUE), gone, reply(200, result), reply(200, right)])
    configured = {"token": CANARY, "repository": "octo-org/octo-repo"}
    github = connect(GitHubConnector, configured, http, memory=memory)
    run(github.create_issue(IssueDraft(title="x", external_id="a#1")))
    found = run(github.find_issue("a#1"))
    assert found is not None
    assert found.reference == "40"
    query = parse_qs(http.requests[2].url.partition("?")[2])
    assert query["q"] == [f"{mark_of('a#1')} in:body is:issue repo:octo-org/octo-repo"]
    run(github.find_issue("a#1"))
    assert http.requests[-1].url == f"{REPO}/issues/40", "what was found is remembered"


def test_a_search_broken_off_does_not_pass_for_none() -> None:
    """Otherwise a second issue would be made for the same thing."""
    empty = {"total_count": 0, "incomplete_results": False, "items": []}
    assert run(make(ScriptedHttp([reply(200, empty)])).find_issue("a#1")) is None
    broken = ScriptedHttp([reply(200, {**empty, "incomplete_results": True})])
    with pytest.raises(ProviderUnavailableError, match="broke the search off"):
        run(make(broken).find_issue("a#1"))


def test_issues_are_listed_over_all_pages_without_pull_requests() -> None:
    """`Link: rel="next"` is followed to the end, on our own path; pull requests are left out."""
    link = f'<{API}/repositories/9/issues?per_page=100&after=Y3Vyc29y>; rel="next"'
    plain = {**ISSUE, "number": 14, "labels": None, "html_url": None}
    http = ScriptedHttp(
        [reply(200, [ISSUE, {**ISSUE, "number": 13, "pull_request": {}}], link=link), reply(200, [plain])]
    )
    assert [issue.reference for issue in every(make(http).list_issues())] == ["12", "14"]
    assert [request.url for request in http.requests] == [
        f"{REPO}/issues?per_page=100",
        f"{REPO}/issues?per_page=100&after=Y3Vyc29y",
    ]


def test_an_issues_life_against_the_stand_in() -> None:
    """Created, found with and without memory, commented, changed, closed: found by its id at every point."""
    github, stand_in, http = stood_in()

    async def live() -> None:
        assert await github.find_issue("a#1") is None
        made = await github.create_issue(IssueDraft(title="Broken", description="first", external_id="a#1"))
        await github.comment_issue(str(made.reference), "seen")
        await github.update_issue(str(made.reference), IssueDraft(description="second", labels=("ci",)))
        await github.transition_issue(str(made.reference), "closed")
        for one in (github, connect(GitHubConnector, stand_in.config(), http)):
            found = await one.find_issue("a#1")
            assert found is not None
            assert (found.reference, found.status, found.labels) == ("1", "closed", ("ci",))

    run(live())
    assert is_marked(stand_in.issues[1]["body"], "a#1")
    assert str(stand_in.issues[1]["body"]).startswith("second")
    assert [comment["body"] for comment in stand_in.comments] == ["seen"]
    assert stand_in.refused == []


# --- pull requests --------------------------------------------------------------


def test_pull_requests_are_created_changed_commented_and_listed() -> None:
    """Each operation's request, in GitHub's words (docs.github.com/rest/pulls)."""
    http = ScriptedHttp([reply(201, {"number": 7, "id": 5, "html_url": "https://github.com/o/r/pull/7"})])
    github = make(http, target_branch="develop")
    outcome = run(
        github.create_pull_request("feature", "Do it", body="please", draft=True, fields={"issue": 1})
    )
    assert (outcome.reference, outcome.url) == ("7", "https://github.com/o/r/pull/7")
    assert http.requests[0].url == f"{REPO}/pulls"
    assert http.sent() == {
        "head": "feature",
        "base": "develop",
        "title": "Do it",
        "body": "please",
        "draft": True,
        "issue": 1,
    }
    run(github.update_pull_request("#7", title="New", body="x", state="closed", base="main"))
    assert (http.requests[1].method, http.requests[1].url) == ("PATCH", f"{REPO}/pulls/7")
    assert http.sent() == {"title": "New", "body": "x", "state": "closed", "base": "main"}
    assert run(github.comment_pull_request("7", "nice")).reference == "5"
    assert http.requests[2].url == f"{REPO}/issues/7/comments"
    with pytest.raises(ConfigurationError, match="expected `open` or `closed`"):
        run(github.update_pull_request("7", state="merged"))


def test_a_second_pull_request_of_a_branch_is_refused_with_githubs_words() -> None:
    """422 with a custom error says what the matter is."""
    github, _, _ = stood_in()
    run(github.create_pull_request("feature", "Do it"))
    with pytest.raises(
        RejectedError, match="Validation Failed: A pull request already exists for octo-org:feature"
    ):
        run(github.create_pull_request("feature", "Do it"))
    run(github.update_pull_request("1", state="closed"))
    assert run(github.create_pull_request("feature", "Do it")).reference == "2"
    assert [pull["number"] for pull in every(github.list_pull_requests())] == [2]
    assert [pull["number"] for pull in every(github.list_pull_requests(state="all", per_page="1"))] == [1, 2]
    assert every(github.list_issues(state="all")) == []


# --- workflows --------------------------------------------------------------------


def test_a_workflow_is_run_and_its_run_followed() -> None:
    """The answer names the run (API version 2026-03-10); its reference leads to the result."""
    github, stand_in, http = stood_in(workflow="ci.yml")
    outcome = run(github.trigger_build(BuildRequest(branch="feature", parameters={"name": "x"})))
    assert (
        http.requests[0].url == f"{stand_in.url}/repos/octo-org/octo-repo/actions/workflows/ci.yml/dispatches"
    )
    assert http.sent() == {"ref": "feature", "inputs": {"name": "x"}}
    assert (outcome.reference, outcome.http_status) == ("30001", 200)
    first, second = (run(github.get_build(str(outcome.reference))) for _ in range(2))
    assert (first.status, second.status) == (BuildStatus.RUNNING, BuildStatus.SUCCESS)
    assert (first.duration, second.duration) == (None, timedelta(0))
    assert (second.number, second.job, second.url) == (1, "ci.yml", outcome.url)


def test_the_older_version_is_asked_for_the_run() -> None:
    """`return_run_details` (2026-02-19) is sent to github.com alone: Enterprise Server refuses unknown fields."""
    github, _, http = stood_in(api_version="2022-11-28")
    assert run(github.trigger_build(BuildRequest(job="deploy.yml"))).reference == "30001"
    assert http.sent() == {"ref": "main", "return_run_details": True}
    http = ScriptedHttp([reply(204)])
    run(make(http, api_url="https://github.example.com/api/v3").trigger_build(BuildRequest(job="deploy.yml")))
    assert http.sent() == {"ref": "main"}


def test_where_the_run_is_not_named_it_is_found() -> None:
    """Enterprise Server answers 204: the run is the oldest of that workflow and branch since then."""
    github, stand_in, http = stood_in(ref="feature")
    server, enterprise = "https://github.example.com/api/v3", GitHubStandIn()
    enterprise.now, enterprise.url = NOW, server
    http = ScriptedHttp([answered_by(enterprise)])
    github = connect(
        GitHubConnector,
        {**enterprise.config(), "ref": "feature"},
        http,
        clock=FakeClock(NOW + timedelta(seconds=2)),
    )
    outcome = run(github.trigger_build(BuildRequest(job="ci.yml")))
    assert outcome.reference == "since 2026-01-01T11:59:57Z workflow_dispatch feature ci.yml"
    run(github.trigger_build(BuildRequest(job="ci.yml")))
    run(github.trigger_build(BuildRequest(job="deploy.yml")))
    enterprise.runs[30002]["created_at"] = "2026-01-01T12:00:09Z"
    found = run(github.get_build(outcome.reference))
    assert (found.reference, found.status) == ("30001", BuildStatus.PENDING)
    query = parse_qs(http.requests[-1].url.partition("?")[2])
    assert query["event"] == ["workflow_dispatch"]
    assert query["branch"] == ["feature"]
    assert query["created"] == [">=2026-01-01T11:59:57Z"]
    enterprise.runs.clear()
    assert run(github.get_build(outcome.reference)) == attrs.evolve(
        found, reference=outcome.reference, job="", number=None, url=None
    )
    assert stand_in.refused == []


def test_a_repository_dispatch_is_sent_and_its_run_found() -> None:
    """Branch, commit and parameters are the payload; runs of other events are not taken for it."""
    github, stand_in, http = stood_in(dispatch_event="build me")
    run(github.dispatch_repository("other"))
    outcome = run(github.trigger_build(BuildRequest(branch="main", commit_sha=SHA, parameters={"a": "1"})))
    assert http.sent() == {
        "event_type": "build me",
        "client_payload": {"branch": "main", "commit_sha": SHA, "a": "1"},
    }
    assert outcome.reference == "since 2026-01-01T11:59:55Z repository_dispatch build me"
    assert run(github.get_build(outcome.reference)).reference == "30002"
    for one in stand_in.runs.values():
        one["display_title"] = "a title of the workflow's own"
    assert run(github.get_build(outcome.reference)).reference == "30001", (
        "the oldest, when titles say nothing"
    )


def test_a_build_that_names_nothing_is_refused() -> None:
    """Without job, workflow and event there is nothing to run, and the error says what to add."""
    with pytest.raises(ConfigurationError, match="workflow: missing; nothing says what to run"):
        run(make(ScriptedHttp()).trigger_build(BuildRequest()))


@pytest.mark.parametrize(
    ("status", "conclusion", "expected"),
    [
        ("queued", None, BuildStatus.PENDING),
        ("waiting", None, BuildStatus.PENDING),
        ("in_progress", None, BuildStatus.RUNNING),
        ("completed", "success", BuildStatus.SUCCESS),
        ("completed", "neutral", BuildStatus.SUCCESS),
        ("completed", "failure", BuildStatus.FAILED),
        ("completed", "timed_out", BuildStatus.FAILED),
        ("completed", "startup_failure", BuildStatus.FAILED),
        ("completed", "cancelled", BuildStatus.CANCELED),
        ("completed", "skipped", BuildStatus.CANCELED),
        ("completed", "stale", BuildStatus.CANCELED),
        ("completed", "action_required", BuildStatus.PENDING),
    ],
)
def test_run_words(status: str, conclusion: str | None, expected: BuildStatus) -> None:
    """GitHub's states and conclusions (docs.github.com/rest/actions/workflow-runs) in the library's words."""
    assert build_status({"status": status, "conclusion": conclusion}) is expected


def test_a_run_without_times_has_no_duration() -> None:
    """What GitHub leaves out is left out."""
    http = ScriptedHttp([reply(200, {"id": 5, "status": "completed", "conclusion": "failure"})])
    build = run(make(http).get_build("5"))
    assert (build.status, build.duration, build.number, build.url) == (BuildStatus.FAILED, None, None, None)
    assert http.requests[0].url == f"{REPO}/actions/runs/5"
    odd = ScriptedHttp([reply(200, {"workflow_runs": None})])
    assert (
        run(make(odd).get_build("since 2026-01-01T11:59:55Z repository_dispatch x")).status
        is BuildStatus.PENDING
    )


# --- statuses, deployments, hooks ---------------------------------------------------


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (BuildStatus.PENDING, "pending"),
        (BuildStatus.RUNNING, "pending"),
        (BuildStatus.SUCCESS, "success"),
        (BuildStatus.FAILED, "failure"),
        (BuildStatus.CANCELED, "error"),
    ],
)
def test_a_commit_status_is_set_in_githubs_words(status: BuildStatus, state: str) -> None:
    """Five states become GitHub's four; the description is cut to 140 characters."""
    assert commit_state(status) == state
    http = ScriptedHttp([reply(201, {"id": 93, "target_url": "https://ci.example.com/1"})])
    said = CommitStatus(
        sha=SHA, status=status, context="ci/build", url="https://ci.example.com/1", description="é" * 200
    )
    outcome = run(make(http).set_commit_status(attrs.evolve(said, project="other/repo")))
    assert http.requests[0].url == f"{API}/repos/other/repo/statuses/{SHA}"
    assert http.sent() == {
        "state": state,
        "context": "ci/build",
        "target_url": "https://ci.example.com/1",
        "description": "é" * 139 + "…",
    }
    assert (outcome.reference, outcome.url) == ("93", "https://ci.example.com/1")
    assert http.calls[0].idempotent


def test_deployments_are_created_and_followed() -> None:
    """Nothing is merged unless asked; statuses say how it stands (docs.github.com/rest/deployments)."""
    github, stand_in, http = stood_in()
    outcome = run(
        github.create_deployment(
            "main",
            environment="staging",
            description="x" * 141,
            required_contexts=[],
            fields={"payload": {"a": 1}},
        )
    )
    assert http.sent() == {
        "ref": "main",
        "environment": "staging",
        "auto_merge": False,
        "description": "x" * 139 + "…",
        "required_contexts": [],
        "payload": {"a": 1},
    }
    said = run(
        github.set_deployment_status(str(outcome.reference), "success", url="https://staging.example.com")
    )
    assert said.reference == "1"
    assert http.sent() == {"state": "success", "environment_url": "https://staging.example.com"}
    assert stand_in.deployments[1]["state"] == "success"


def test_ensuring_a_hook_twice_makes_one() -> None:
    """The hook with the URL is brought to the state asked for; a secret not given stays."""
    github, stand_in, http = stood_in()
    run(github.create_hook("https://me.example.com/other", ["*"]))
    first = run(github.ensure_hook("https://me.example.com/in", ["push", "tag_push"], secret=Secret("s")))
    assert http.sent() == {
        "name": "web",
        "active": True,
        "events": ["push"],
        "config": {
            "url": "https://me.example.com/in",
            "content_type": "json",
            "insecure_ssl": "0",
            "secret": "s",
        },
    }
    second = run(github.ensure_hook("https://me.example.com/in", ["merge_request", "check_run"]))
    assert http.sent() == {"active": True, "events": ["pull_request", "check_run"]}
    assert (first.reference, second.reference, second.operation) == ("2", "2", "hooks.update")
    run(github.ensure_hook("https://me.example.com/in", iter(["pipeline"]), secret="new"))
    assert json.loads(http.requests[-1].content)["config"]["secret"] == "new"
    assert stand_in.hooks[2]["events"] == ["workflow_run"]
    assert len(every(github.list_hooks())) == 2


def test_hook_events() -> None:
    """The library's eight event types in GitHub's words, each once."""
    types = ["push", "merge_request", "pipeline", "issue", "deployment", "tag_push", "wiki_page", "release"]
    expected = ["push", "pull_request", "workflow_run", "issues", "deployment_status", "gollum", "release"]
    assert hook_events(types) == expected


# --- check -------------------------------------------------------------------------


def test_the_check_reads_only() -> None:
    """Who the token is, and the repository; nothing is written."""
    github, stand_in, http = stood_in()
    result = run(github.check())
    assert (result.detail, result.warnings) == ("octo-org/octo-repo as octocat", ())
    assert [(request.method, request.url.removeprefix(stand_in.url)) for request in http.requests] == [
        ("GET", "/user"),
        ("GET", "/repos/octo-org/octo-repo"),
    ]


def test_an_installation_is_asked_for_its_repositories() -> None:
    """Apps, and a workflow's own token, are no users: `/user` would refuse them."""
    detail = "octo-org/octo-repo as 1 repositories of the installation"
    assert run(as_app(FakeClock(NOW))[0].check()).detail == detail
    assert run(stood_in(token=GitHubStandIn.installation_token)[0].check()).detail == detail


@pytest.mark.parametrize(
    ("headers", "count"),
    [
        ({}, 0),
        ({"github-authentication-token-expiration": "2026-01-16 10:00:00 UTC"}, 0),
        ({"github-authentication-token-expiration": "2026-01-15 10:00:00 -0500"}, 1),
        ({"github-authentication-token-expiration": "soon"}, 0),
        ({"x-oauth-scopes": ""}, 0),
        ({"x-oauth-scopes": "gist, repo"}, 0),
        ({"x-oauth-scopes": "public_repo"}, 0),
        ({"x-oauth-scopes": "gist, read:org"}, 1),
    ],
)
def test_token_warnings(headers: dict[str, str], count: int) -> None:
    """A fortnight before it expires, and for a classic token without `repo`, there is a warning."""
    assert len(token_warnings(Headers(headers), date(2026, 1, 1))) == count


def test_an_archived_repository_is_a_warning() -> None:
    """Reading works, nothing else will."""
    http = ScriptedHttp([reply(200, {"login": "me"}), reply(200, {"full_name": "o/r", "archived": True})])
    assert run(make(http).check()).warnings == ("the repository is archived: nothing can be created in it",)


def test_the_limits_can_be_asked_for() -> None:
    """`/rate_limit` costs nothing and comes back as it is."""
    github, _, _ = stood_in()
    assert run(github.get_rate_limit())["resources"] == {
        "core": {"limit": 5000, "remaining": 4999, "reset": 1767225600, "used": 1}
    }


# --- contract ----------------------------------------------------------------------


@pytest.mark.contracts
def test_every_request_conforms_to_githubs_contract(conformity) -> None:
    """All nine operations of the contract are made, and each request fits it."""
    stand_in = GitHubStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    github = connect(GitHubConnector, {**stand_in.config(), "workflow": "ci.yml"}, http)
    older = connect(
        GitHubConnector, {**stand_in.config(), "workflow": "ci.yml", "api_version": "2022-11-28"}, http
    )
    draft = IssueDraft(
        title="Broken",
        description="text",
        issue_type="Bug",
        labels=("bug",),
        assignee="octocat",
        priority="high",
        url="https://ci.example.com/1",
        external_id="a#1",
    )

    async def everything() -> None:
        await github.check()
        await github.get_rate_limit()
        await github.create_issue(draft)
        await github.update_issue("1", draft)
        for state in ("closed", "not_planned", "duplicate", "open"):
            await github.transition_issue("1", state)
        await github.comment_issue("1", "seen")
        for one in (github, older):
            await one.trigger_build(BuildRequest(branch="main", parameters={"a": "1"}))
        await github.dispatch_repository("build", {"a": 1})
        for status in BuildStatus:
            await github.set_commit_status(
                CommitStatus(sha=SHA, status=status, url="https://x", description="d")
            )
        await github.create_deployment("main", description="d", required_contexts=["ci"])

    run(everything())
    assert stand_in.refused == []
    made = set()
    for request in http.requests:
        if not request.url.endswith("/octo-repo"):  # the contract has no GET /repos/{owner}/{repo}
            conformity.check("github", request, base_url=stand_in.url)
            made.add((request.method, re.sub(r"/(\d+|[0-9a-f]{40})(?=/|$)", "/N", request.url)))
    assert len(made) == 9


# --- errors ------------------------------------------------------------------------


def missing(field: str) -> dict[str, str]:
    return {"resource": "Issue", "field": field, "code": "missing_field"}


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind", "words", "code"),
    [
        (401, {"message": "Bad credentials"}, {}, AuthenticationError, "Bad credentials", None),
        (
            403,
            {"message": "Resource not accessible by personal access token"},
            {"x-accepted-github-permissions": "issues=write"},
            PermissionDeniedError,
            "Resource not accessible by personal access token; it needs issues=write",
            None,
        ),
        (
            403,
            {"message": "Must have admin rights."},
            {},
            PermissionDeniedError,
            "Must have admin rights.",
            None,
        ),
        (
            403,
            {"message": "API rate limit exceeded for user ID 1."},
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1767268860"},
            RateLimitedError,
            "API rate limit exceeded for user ID 1.",
            None,
        ),
        (403, {"message": "Slow down"}, {"retry-after": "60"}, RateLimitedError, "Slow down", None),
        (
            403,
            {"message": "You have exceeded a secondary rate limit."},
            {},
            RateLimitedError,
            "You have exceeded a secondary rate limit.",
            None,
        ),
        (429, {"message": "Too many"}, {}, RateLimitedError, "Too many", None),
        (
            404,
            {"message": "Not Found"},
            {},
            RejectedError,
            "Not Found: it does not exist, or the token cannot see it",
            None,
        ),
        (
            410,
            {"message": "Issues are disabled for this repo"},
            {},
            RejectedError,
            "Issues are disabled for this repo",
            None,
        ),
        (
            422,
            {"message": "Validation Failed", "errors": [missing("title"), missing("base")]},
            {},
            RejectedError,
            "Validation Failed: title missing_field; base missing_field",
            "missing_field",
        ),
        (
            422,
            {
                "message": "Validation Failed",
                "errors": [{"resource": "X", "field": "f", "code": "custom", "message": "is odd"}],
            },
            {},
            RejectedError,
            "Validation Failed: is odd",
            "custom",
        ),
        (
            422,
            {"message": "Invalid", "errors": ["No commits"]},
            {},
            RejectedError,
            "Invalid: No commits",
            None,
        ),
        (422, {"message": "Invalid", "errors": "all of it"}, {}, RejectedError, "Invalid: all of it", None),
        (
            301,
            {"message": "Moved Permanently"},
            {},
            RejectedError,
            "the repository has moved; configure its new name",
            None,
        ),
        (
            302,
            None,
            {},
            RejectedError,
            "answered with a redirect, which is not followed: configure the final URL",
            None,
        ),
        (
            502,
            b"<html>unicorn</html>",
            {"content-type": "text/html"},
            ProviderUnavailableError,
            "server error",
            None,
        ),
        (400, b'{"message": "tr', {}, RejectedError, "request refused with status 400", None),
    ],
)
def test_githubs_words_become_typed_errors(  # a table
    status: int,
    body: object,
    headers: dict[str, str],
    kind: type[ConnectorError],
    words: str,
    code: str | None,
) -> None:
    """Every documented shape of an error (docs.github.com/rest/using-the-rest-api/troubleshooting) is read."""
    more = {"content-type": "application/json", "x-github-request-id": "E1:2", **headers}
    http = ScriptedHttp([attrs.evolve(reply(status, body), headers=Headers(more))])
    with pytest.raises(ConnectorError) as caught:
        run(make(http).get_issue("12"))
    error = caught.value
    assert type(error) is kind
    assert (error.message, error.code, error.status, error.request_id) == (words, code, status, "E1:2")
    assert (error.provider, error.operation, error.integration_id) == ("github", "issues.get", "github-1")


@given(JSON, st.integers(200, 599))
def test_no_answer_breaks_the_reading_of_faults(body: object, status: int) -> None:
    """Whatever JSON comes with whatever status, there is a bounded line of words, or no fault."""
    fault = github_fault(reply(status, body))
    assert fault is None or 0 < len(fault.message) <= 400


def test_a_used_up_limit_says_when_to_come_back() -> None:
    """GitHub's reset time becomes a duration."""
    reset = str(int(NOW.timestamp()) + 60)
    http = ScriptedHttp(
        [reply(403, {"message": "limit"}, x_ratelimit_remaining="0", x_ratelimit_reset=reset)]
    )
    with pytest.raises(RateLimitedError) as caught:
        run(make(http).get_issue("12"))
    assert caught.value.retry_after == timedelta(seconds=60)


def test_the_stand_in_refuses_what_github_refuses() -> None:
    """Wrong token, unknown repository, missing and overlong fields: each in GitHub's words."""
    github, _, _ = stood_in()
    with pytest.raises(RejectedError, match="title missing_field"):
        run(github.create_pull_request("feature", ""))
    with pytest.raises(RejectedError, match="body is too long"):
        run(github.create_issue(IssueDraft(title="x", description="x" * 65_537)))
    with pytest.raises(RejectedError, match="Not Found: it does not exist"):
        run(github.trigger_build(BuildRequest(job="unknown.yml")))
    with pytest.raises(RejectedError, match="No ref found for: nowhere"):
        run(github.trigger_build(BuildRequest(job="ci.yml", branch="nowhere")))
    with pytest.raises(RejectedError, match="base invalid"):
        run(github.create_pull_request("feature", "x", base="nowhere"))
    run(github.create_hook("https://me.example.com", ["push"]))
    with pytest.raises(RejectedError, match="Hook already exists"):
        run(github.create_hook("https://me.example.com", ["push"]))
    with pytest.raises(RejectedError, match="API version is not supported"):
        run(stood_in(api_version="2020-01-01")[0].check())
    with pytest.raises(AuthenticationError, match="Bad credentials"):
        run(stood_in(token="wrong")[0].check())
    with pytest.raises(RejectedError, match="Not Found"):
        run(stood_in(repository="octo-org/other")[0].check())


R = "/repos/octo-org/octo-repo"
Q = "/repos/octo-org/other"


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "words"),
    [
        ("GET", "/nothing", None, 404, "Not Found"),
        ("GET", "/installation/repositories", None, 403, "not accessible by integration"),
        ("POST", f"{R}/issues", b"title=x", 400, "Problems parsing JSON"),
        ("POST", f"{Q}/issues", {"title": "x"}, 404, "Not Found"),
        ("GET", f"{Q}/issues", None, 404, "Not Found"),
        ("GET", f"{R}/issues/9", None, 404, "Not Found"),
        ("PATCH", f"{R}/issues/9", {"title": "x"}, 404, "Not Found"),
        ("PATCH", f"{R}/issues/1", {"state": "done"}, 422, "invalid"),
        ("POST", f"{R}/issues/9/comments", {"body": "x"}, 404, "Not Found"),
        ("POST", f"{R}/issues/1/comments", {"body": ""}, 422, "missing_field"),
        ("GET", "/search/issues?q=word+in:body", None, 422, "invalid"),
        ("POST", f"{R}/pulls", {"title": "x", "head": "a"}, 422, "missing_field"),
        ("POST", f"{Q}/statuses/{SHA}", {"state": "success"}, 404, "Not Found"),
        ("POST", f"{R}/statuses/{SHA}", {"state": "running"}, 422, "invalid"),
        ("POST", f"{R}/statuses/{SHA}", {"state": "success", "description": "x" * 141}, 422, "too long"),
        ("POST", f"{R}/dispatches", {"client_payload": {}}, 422, "missing_field"),
        ("GET", f"{R}/actions/runs/9", None, 404, "Not Found"),
        ("POST", f"{R}/deployments", {"environment": "x"}, 422, "missing_field"),
        ("POST", f"{R}/deployments/9/statuses", {"state": "success"}, 404, "Not Found"),
        ("POST", f"{R}/hooks", {"events": ["push"]}, 422, "missing_field"),
        ("PATCH", f"{R}/hooks/9", {"active": True}, 404, "Not Found"),
    ],
)
def test_the_stand_in_is_as_strict_as_github(
    method: str, target: str, body: object, status: int, words: str
) -> None:
    """What the connector never sends is refused as well, so a mistake of it would show."""
    stand_in = GitHubStandIn()
    stand_in.issues[1] = {"number": 1}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = Headers({"authorization": f"Bearer {stand_in.token}", "user-agent": "test"})
    request = Received.of(method, target, headers, content)
    answered, _ = stand_in.answer(request)
    assert answered.status == status
    assert words in json.dumps(answered.json)
    assert stand_in.refused == [request]


def test_a_request_without_user_agent_is_refused_by_the_stand_in() -> None:
    """As GitHub does, in plain text."""
    answered, _ = GitHubStandIn().answer(Received.of("GET", "/user", Headers({}), b""))
    assert (answered.status, answered.text) == (403, "Request forbidden by administrative rules.")


def test_injected_faults_look_like_githubs() -> None:
    """A limit and a breakdown come in GitHub's own shape."""
    github, stand_in, _ = stood_in()
    stand_in.fail(status=429, retry_after=3)
    stand_in.fail(status=502)
    with pytest.raises(RateLimitedError, match="API rate limit exceeded") as caught:
        run(github.get_issue("1"))
    assert caught.value.retry_after == timedelta(seconds=3)
    with pytest.raises(ProviderUnavailableError, match="Server Error"):
        run(github.get_issue("1"))


def test_the_credentials_appear_nowhere() -> None:
    """A vendor that echoes a credential does not bring it into errors, reprs or tracebacks."""
    http = ScriptedHttp([reply(400, {"message": f"bad token {CANARY}"})])
    github = make(http)
    with pytest.raises(RejectedError) as caught:
        run(github.get_issue("1"))
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(github.config)
    assert "bad token ••••" in shown
    assert CANARY not in shown
    app = connect(GitHubConnector, GitHubStandIn().app_config(*rsa_pair()) | {"api_url": API}, ScriptedHttp())
    assert "BEGIN" not in repr(app.config)


def test_events_are_left_alone() -> None:
    """An event source does not act on events itself, even when told of them."""
    github, stand_in, _ = stood_in(events=["push"])
    event = Event(id="1", type="push", source=API, time=NOW)
    assert run(github.handle_event(event)).status is OutcomeStatus.SKIPPED
    assert stood_in()[0].wants(event) == "not subscribed to push"
    assert stand_in.received == []
