"""Jira: what is sent, what comes of it, and what is said when it fails."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

import attrs
import pytest

from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.base import (
    AuthenticationError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
)
from integrations_sdk.connectors.jira import JiraConfig, JiraConnector
from integrations_sdk.connectors.jira.text import adf, plain_text
from integrations_sdk.errors import ConfigurationError, TransportError
from integrations_sdk.models import Actor, Commit, Event, IssueDraft, OutcomeStatus, Scope
from integrations_sdk.testing.fakes import DictMemory, ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.jira import JiraStandIn

T = TypeVar("T")

CANARY = "ATATT-CANARY0token0canary"
SITE = "https://company.atlassian.net"
CLOUD = {"url": SITE, "username": "bot@company.com", "api_token": CANARY, "project_key": "PROJ"}
SERVER = {"url": "https://jira.example.com/jira/", "api_token": CANARY, "project_key": "PROJ"}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
MYSELF = {"accountId": "1", "displayName": "Bot"}


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end."""
    return asyncio.run(work)


class Jira:
    """A connector over a stand-in, and what it needs to be looked at."""

    def __init__(self, deployment: str = "cloud", memory: DictMemory | None = None, **more: object) -> None:
        self.site = JiraStandIn(deployment)
        self.http = ScriptedHttp([answered_by(self.site)])
        self.clock = FakeClock()
        self.memory = memory or DictMemory()
        self.connector = connect(
            JiraConnector, {**self.site.config(), **more}, self.http, clock=self.clock, memory=self.memory
        )

    def again(self, **more: object) -> JiraConnector:
        """Another connector to the same Jira, which remembers nothing."""
        return connect(JiraConnector, {**self.site.config(), **more}, self.http, clock=self.clock)

    def fields(self, key: str) -> dict[str, Any]:
        """An issue's fields, as Jira has them."""
        fields = self.site.issues[key]["fields"]
        assert isinstance(fields, dict)
        return fields

    def said(self, key: str) -> list[str]:
        """The comments of an issue as plain text."""
        return [plain_text(comment["body"]) for comment in self.site.comments.get(key, [])]

    def sent(self, method: str) -> list[str]:
        """The paths requested with a method."""
        return [
            request.url.removeprefix(self.site.url)
            for request in self.http.requests
            if request.method == method
        ]


def pushed(*commits: Commit, **more: object) -> Event:
    """A push to main."""
    facts = {
        "id": "1", "type": "push", "source": "https://gitlab.com/g/n", "time": NOW, "provider": "gitlab", "project": "g/n",
        "branch": "main", "actor": Actor(name="Octavia"), "commits": commits,
    }  # fmt: skip
    return Event(**{**facts, **more})


def requested(action: str, **more: object) -> Event:
    """Something done to a merge request."""
    facts = {
        "type": "merge_request", "action": action, "number": 7, "title": "Login", "text": "closes PROJ-1", "branch": "login",
        "target_branch": "main", "url": "https://gitlab.com/g/n/-/merge_requests/7",
    }  # fmt: skip
    return pushed(**{**facts, **more})


def issue(action: str, **more: object) -> Event:
    """Something done to an issue."""
    return pushed(
        **{"type": "issue", "action": action, "number": 3, "title": "Broken", "text": "It is.", **more}
    )


ONE = Commit(sha="1" * 40, message="Fixes PROJ-1", url="https://gitlab.com/g/n/-/commit/111")


# --- configuration ----------------------------------------------------------


def test_every_missing_field_is_named() -> None:
    """One error names what the facade's partial configuration leaves out."""
    with pytest.raises(ConfigurationError) as caught:
        connect(JiraConnector, {"project_key": "DEV", "enable_commit_sync": True}, ScriptedHttp())
    assert [problem.path for problem in caught.value.problems] == ["url", "api_token", "username"]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"url": "company.atlassian.net"}, "url"),
        ({"url": f"{SITE}?x=1"}, "url"),
        ({"project_key": "proj"}, "project_key"),
        ({"api_token": ""}, "api_token"),
        ({"api_token": "a\nb"}, "api_token"),
        ({"username": None}, "username"),
        ({"deployment": "dc"}, "deployment"),
        ({"issue_types": {"a": 1}}, "issue_types.a"),
        ({"transition_id": 21}, "transition_id"),
        ({"url": 3}, "url"),
    ],
)
def test_wrong_fields_are_named(given: dict[str, object], path: str) -> None:
    """Each field says what it expects, without its value."""
    with pytest.raises(ConfigurationError) as caught:
        connect(JiraConnector, {**CLOUD, **given}, ScriptedHttp())
    assert [problem.path for problem in caught.value.problems] == [path]
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "base", "scheme"),
    [
        (CLOUD, f"{SITE}/rest/api/3", "Basic"),
        ({**CLOUD, "url": f"{SITE}/rest/api/3/"}, f"{SITE}/rest/api/3", "Basic"),
        ({**CLOUD, "url": f"{SITE}/rest/api/latest"}, f"{SITE}/rest/api/3", "Basic"),
        (
            {**CLOUD, "url": "https://api.atlassian.com/ex/jira/11-22"},
            "https://api.atlassian.com/ex/jira/11-22/rest/api/3",
            "Basic",
        ),
        (SERVER, "https://jira.example.com/jira/rest/api/2", "Bearer"),
        ({**SERVER, "username": "bot"}, "https://jira.example.com/jira/rest/api/2", "Basic"),
        ({**SERVER, "username": "a@b.c"}, "https://jira.example.com/jira/rest/api/3", "Basic"),
        (
            {**SERVER, "username": "a@b.c", "deployment": "cloud"},
            "https://jira.example.com/jira/rest/api/3",
            "Basic",
        ),
        ({**CLOUD, "deployment": "server", "username": None}, f"{SITE}/rest/api/2", "Bearer"),
    ],
)
def test_the_deployment_is_told_from_the_url(given: dict[str, object], base: str, scheme: str) -> None:
    """Cloud speaks version 3 with account and token, the others version 2; the setting overrules."""
    known = connect(JiraConnector, given, ScriptedHttp())
    assert known.base_url == base
    assert run(known.authorize())["authorization"].startswith(f"{scheme} ")


def test_the_enterprise_and_environment_names_work() -> None:
    """The other documents' names mean the same fields."""
    given = {
        "server_url": SITE,
        "email": "a@b.c",
        "api_token": "t",
        "default_project": "CONFIG",
        "issue_types": {"config_error": "Bug"},
    }
    config = connect(JiraConnector, given, ScriptedHttp()).config
    assert (config.url, config.username, config.project_key) == (SITE, "a@b.c", "CONFIG")
    assert set(JiraConnector.environment.values()) <= set(attrs.fields_dict(JiraConfig))


# --- operations, as requests ------------------------------------------------


def test_creating_an_issue() -> None:
    """Fields, label and property go in one request; the link follows."""
    jira = Jira(issue_types={"config_error": "Bug"})
    draft = IssueDraft(
        title="Broken\nbuild", description="See https://ci.test/1", issue_type="config_error", labels=("ci",),
        url="https://gitlab.com/g/n/-/issues/1", external_id="gitlab:g/n#1",
    )  # fmt: skip
    outcome = run(jira.connector.create_issue(draft))
    assert (outcome.reference, outcome.url, outcome.detail) == (
        "PROJ-1",
        f"{jira.site.url}/browse/PROJ-1",
        "created PROJ-1",
    )
    assert jira.http.sent(0) == {
        "fields": {
            "project": {"key": "PROJ"},
            "issuetype": {"name": "Bug"},
            "summary": "Broken build",
            "description": adf("See https://ci.test/1"),
            "labels": ["ci", "gitlab:g/n#1"],
        },
        "properties": [
            {
                "key": "integrations-sdk",
                "value": {"external_id": "gitlab:g/n#1", "url": "https://gitlab.com/g/n/-/issues/1"},
            }
        ],
    }
    assert not jira.http.calls[0].idempotent
    assert jira.site.links["PROJ-1"][0]["globalId"] == "gitlab:g/n#1"
    pair = base64.b64encode(f"{jira.site.username}:{jira.site.token}".encode()).decode()
    assert jira.http.requests[0].headers["authorization"] == f"Basic {pair}"


def test_creating_the_least_issue() -> None:
    """A title is enough."""
    jira = Jira()
    assert run(jira.connector.create_issue(IssueDraft(title="T"))).reference == "PROJ-1"
    assert jira.http.sent(0) == {
        "fields": {"project": {"key": "PROJ"}, "issuetype": {"name": "Task"}, "summary": "T"}
    }


def test_an_issue_whose_link_fails_was_created_all_the_same() -> None:
    """The outcome says that the link is missing, and why."""
    jira = Jira()
    jira.site.fail(status=403, path="*/remotelink")
    outcome = run(jira.connector.create_issue(IssueDraft(title="T", url="https://x.test/1")))
    assert outcome
    assert outcome.detail is not None
    assert outcome.detail.startswith("created PROJ-1, but not linked to its source: ")


def test_updating_an_issue_keeps_its_own_label() -> None:
    """Labels become those given, but for the one by which the issue is found."""
    jira = Jira()
    run(jira.connector.create_issue(IssueDraft(title="T", labels=("a", "b"), external_id="gitlab:g/n#1")))
    outcome = run(jira.connector.update_issue("PROJ-1", IssueDraft(title="U", labels=("b", "c"))))
    assert outcome.detail == "updated PROJ-1"
    assert jira.fields("PROJ-1")["summary"] == "U"
    assert jira.fields("PROJ-1")["labels"] == ["b", "gitlab:g/n#1", "c"]
    run(jira.connector.update_issue("PROJ-1", IssueDraft(external_id="other:x#2")))
    assert "other:x#2" in jira.fields("PROJ-1")["labels"]


def test_updating_nothing_sends_nothing() -> None:
    """An empty change is skipped."""
    jira = Jira()
    assert run(jira.connector.update_issue("PROJ-1", IssueDraft())).status is OutcomeStatus.SKIPPED
    assert jira.http.requests == []


def test_updating_labels_of_an_issue_without_any_property() -> None:
    """An issue that somebody else created has no label of ours."""
    jira = Jira()
    run(jira.connector.create_issue(IssueDraft(title="T", labels=("a",))))
    run(jira.connector.update_issue("PROJ-1", IssueDraft(labels=())))
    assert jira.fields("PROJ-1")["labels"] == []
    with pytest.raises(RejectedError, match="does not exist"):
        run(jira.connector.update_issue("PROJ-9", IssueDraft(labels=("x",))))


def test_finding_an_issue() -> None:
    """It is found by its external id, the oldest of several."""
    jira = Jira()
    assert run(jira.connector.find_issue("gitlab:g/n#1")) is None
    for title in ("old", "new"):
        run(jira.connector.create_issue(IssueDraft(title=title, external_id="gitlab:g/n#1")))
    found = run(jira.connector.find_issue("gitlab:g/n#1"))
    assert found is not None
    assert (found.reference, found.title, found.status, found.labels) == (
        "PROJ-1",
        "old",
        "To Do",
        ("gitlab:g/n#1",),
    )
    assert found.url == f"{jira.site.url}/browse/PROJ-1"


def test_getting_an_issue() -> None:
    """One that is not there is None; a page that is not Jira's is an error."""
    jira = Jira()
    assert run(jira.connector.get_issue("PROJ-1")) is None
    other = connect(
        JiraConnector, CLOUD, ScriptedHttp([reply(404, "nothing here", content_type="text/html")])
    )
    with pytest.raises(RejectedError, match="instead of a JSON object"):
        run(other.get_issue("PROJ-1"))


@pytest.mark.parametrize("deployment", ["cloud", "server"])
def test_commenting(deployment: str) -> None:
    """A comment is a document on Cloud and wiki text elsewhere."""
    jira = Jira(deployment)
    run(jira.connector.create_issue(IssueDraft(title="T", description="D {x}")))
    outcome = run(jira.connector.comment_issue("PROJ-1", "see [this](https://x.test)"))
    assert outcome.reference == jira.site.comments["PROJ-1"][0]["id"]
    body = jira.site.comments["PROJ-1"][0]["body"]
    assert body == (
        adf("see [this](https://x.test)") if deployment == "cloud" else "see [this|https://x.test]"
    )


@pytest.mark.parametrize("to", ["31", "done", "Done"])
def test_moving_an_issue(to: str) -> None:
    """By the transition's id or name, or the status."""
    jira = Jira()
    run(jira.connector.create_issue(IssueDraft(title="T")))
    outcome = run(jira.connector.transition_issue("PROJ-1", to))
    assert (outcome.detail, outcome.reference) == ("PROJ-1 moved to Done", "PROJ-1")
    assert jira.fields("PROJ-1")["status"]["name"] == "Done"
    assert jira.http.sent() == {"transition": {"id": "31"}}


def test_a_transition_that_there_is_not() -> None:
    """The error says which there are."""
    jira = Jira()
    run(jira.connector.create_issue(IssueDraft(title="T")))
    with pytest.raises(RejectedError) as caught:
        run(jira.connector.transition_issue("PROJ-1", "Archived"))
    assert "possible: To Do (11), In Progress (21), Done (31)" in str(caught.value)
    assert caught.value.code == "no_transition"
    jira.site.transitions.clear()
    with pytest.raises(RejectedError, match="possible: none"):
        run(jira.connector.transition_issue("PROJ-1", "Done"))


def test_linking() -> None:
    """A link with the same global id is replaced; what is too long is shortened."""
    jira = Jira()
    run(jira.connector.create_issue(IssueDraft(title="T")))
    for title in ("one", "two\n" + "x" * 300):
        run(
            jira.connector.add_remote_link(
                "PROJ-1",
                "https://x.test/1",
                title,
                global_id="g" * 300,
                summary="s",
                relationship="r" * 300,
                application="GitLab",
                resolved=True,
            )
        )
    (link,) = jira.site.links["PROJ-1"]
    target = link["object"]
    assert isinstance(target, dict)
    assert len(str(target["title"])) == 255
    assert target["status"] == {"resolved": True}
    assert len(str(link["globalId"])) == 64
    assert len(str(link["relationship"])) == 255
    assert jira.http.calls[-1].idempotent
    run(jira.connector.add_remote_link("PROJ-1", "https://x.test/2", "T"))
    assert jira.site.links["PROJ-1"][1]["globalId"] == "https://x.test/2"


@pytest.mark.parametrize(("deployment", "pages"), [("cloud", 3), ("server", 3)])
def test_searching_page_by_page(deployment: str, pages: int) -> None:
    """Cloud's tokens and Data Center's counting both lead through every page, and no further."""
    jira = Jira(deployment)

    async def found() -> list[str]:
        for number in range(5):
            await jira.connector.create_issue(IssueDraft(title=str(number)))
        search = jira.connector.search(
            "project = PROJ ORDER BY created DESC", ["summary"], page_size=2, properties=["integrations-sdk"]
        )
        return [one.title async for one in search]

    assert run(found()) == ["4", "3", "2", "1", "0"]
    searches = [path for path in jira.sent("POST") if "search" in path]
    assert searches == ["/rest/api/3/search/jql" if deployment == "cloud" else "/rest/api/2/search"] * pages
    assert jira.http.calls[-1].idempotent


@pytest.mark.parametrize(
    "page",
    [
        {"issues": [{"key": "A-1"}], "nextPageToken": "x", "isLast": True},
        {"issues": [], "total": 9},
        {"issues": "none"},
        {"issues": [{"key": "A-1"}], "total": 1},
    ],
)
def test_a_search_ends(page: dict[str, object]) -> None:
    """An odd answer ends the search instead of going round."""
    http = ScriptedHttp([reply(200, page)])
    search = connect(JiraConnector, CLOUD, http).search("project = A")

    async def count() -> int:
        return len([one async for one in search])

    assert run(count()) <= 1
    assert len(http.requests) == 1


def test_a_search_whose_token_repeats_ends() -> None:
    """The same token twice leads nowhere."""
    http = ScriptedHttp([reply(200, {"issues": [{"key": "A-1"}], "nextPageToken": "x"})])

    async def count() -> int:
        return len([one async for one in connect(JiraConnector, CLOUD, http).search("project = A")])

    assert run(count()) == 2


def test_a_query_that_jira_refuses() -> None:
    """Its words are in the error."""

    async def first(jql: str) -> None:
        async for _ in Jira().connector.search(jql):
            pass

    for jql, words in (("ORDER BY created", "Unbounded JQL"), ("x ~ y", "Error in the JQL Query")):
        with pytest.raises(RejectedError, match=words):
            run(first(jql))


# --- health and errors ------------------------------------------------------


@pytest.mark.parametrize(("deployment", "kind"), [("cloud", "Cloud"), ("server", "Data Center")])
def test_the_check_changes_nothing(deployment: str, kind: str) -> None:
    """It reads who we are and which types there are."""
    jira = Jira(deployment)
    result = run(jira.connector.check())
    assert (result.detail, result.warnings) == (f"GitLab Bot on Jira {kind}", ())
    assert {request.method for request in jira.http.requests} == {"GET"}


def test_the_check_warns_of_what_will_fail() -> None:
    """A type or a project that is not there is said before the first issue is lost."""
    result = run(Jira(issue_type="Chore", issue_types={"a": "Bug", "b": "Wish"}).connector.check())
    assert result.warnings == (
        "project PROJ has no issue type Chore; it has Bug, Epic, Story, Task",
        "project PROJ has no issue type Wish; it has Bug, Epic, Story, Task",
    )
    (warning,) = run(Jira(project_key="GONE").connector.check()).warnings
    assert warning.startswith("no issue can be created in project GONE")


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (reply(401, {"message": "Client must be authenticated", "status-code": 401}), AuthenticationError, "must be authenticated"),
        (reply(403, "", x_authentication_denied_reason="CAPTCHA_CHALLENGE; login-url=https://x"), AuthenticationError, "log in once with a browser"),
        (reply(400, {"errorMessages": [], "errors": {"summary": "You must specify a summary of the issue."}}), RejectedError, "summary: You must specify"),
        (reply(404, {"errorMessages": ["Issue does not exist or you do not have permission to see it."]}), RejectedError, "Issue does not exist"),
        (reply(404, "<html>", content_type="text/html"), RejectedError, "no Jira REST API here"),
        (reply(429, {"message": "Rate limit exceeded"}, retry_after="7"), RateLimitedError, "retry after 7 s"),
        (reply(503, "<html>down</html>", content_type="text/html"), ProviderUnavailableError, "server error"),
        (reply(200, "<html>login</html>", content_type="text/html"), RejectedError, "a page of HTML instead"),
    ],
)  # fmt: skip
def test_errors_say_what_jira_said(answer: Any, kind: type[Exception], words: str) -> None:
    """Each refusal becomes its error, with Jira's words and its request id."""
    answer = attrs.evolve(answer, headers=type(answer.headers)({**answer.headers, "atl-traceid": "trace-1"}))
    with pytest.raises(kind) as caught:
        run(connect(JiraConnector, CLOUD, ScriptedHttp([answer])).comment_issue("PROJ-1", "x"))
    assert words in str(caught.value)
    assert "trace-1" in str(caught.value)
    assert "<html>" not in str(caught.value)


# --- sync -------------------------------------------------------------------

GITLAB_ISSUE = {"iid": 123, "title": "Implement feature", "description": "Feature description"}


@pytest.mark.parametrize("deployment", ["cloud", "server"])
def test_an_issue_is_created_once_and_then_updated(deployment: str) -> None:
    """The facade's call twice makes one issue."""
    jira = Jira(deployment)
    first = run(jira.connector.sync_issue(GITLAB_ISSUE))
    second = run(jira.connector.sync_issue({**GITLAB_ISSUE, "title": "Renamed"}))
    assert (first.reference, first.detail) == ("PROJ-1", "created PROJ-1")
    assert (second.reference, second.detail, bool(second)) == ("PROJ-1", "updated PROJ-1", True)
    assert list(jira.site.issues) == ["PROJ-1"]
    assert jira.fields("PROJ-1")["summary"] == "Renamed"
    assert jira.fields("PROJ-1")["labels"] == ["gitlab:myorg/myproject#123"]


def test_a_lost_store_makes_no_duplicate() -> None:
    """Without any memory the issue is found in Jira."""
    jira = Jira()
    run(jira.connector.sync_issue(GITLAB_ISSUE))
    assert run(jira.again().sync_issue(GITLAB_ISSUE)).detail == "updated PROJ-1"
    assert len(jira.site.issues) == 1


def test_a_creation_whose_answer_was_lost_makes_no_duplicate() -> None:
    """What may have been created is looked for until Jira's search, which lags, must have shown it."""
    jira = Jira()
    jira.site.search_lag = 3

    def lost(request: Any) -> Any:
        answered_by(jira.site)(request)
        raise TransportError("the answer was lost", sent=True)

    stand_in = answered_by(jira.site)
    jira.http.answers = [stand_in, lost, stand_in]
    with pytest.raises(TransportError):
        run(jira.connector.sync_issue(GITLAB_ISSUE))
    assert run(jira.connector.sync_issue(GITLAB_ISSUE)).detail == "updated PROJ-1"
    assert len(jira.site.issues) == 1
    assert jira.clock.slept == [1.0, 2.0, 4.0]


def test_a_creation_that_never_happened_is_made_up_for() -> None:
    """When the search has had its time and shows nothing, the issue is created."""
    jira = Jira()
    stand_in = answered_by(jira.site)
    jira.http.answers = [stand_in, TransportError("reset", sent=True), stand_in]
    with pytest.raises(TransportError):
        run(jira.connector.sync_issue(GITLAB_ISSUE))
    assert run(jira.connector.sync_issue(GITLAB_ISSUE)).detail == "created PROJ-1"
    assert sum(jira.clock.slept) == 30
    assert len(jira.site.issues) == 1


def test_a_creation_that_jira_refused_is_tried_again_at_once() -> None:
    """A refusal leaves nothing to look for."""
    jira = Jira(issue_type="Chore")
    with pytest.raises(RejectedError, match="Specify a valid issue type"):
        run(jira.connector.sync_issue(GITLAB_ISSUE))
    jira.site.projects["PROJ"].append("Chore")
    assert run(jira.connector.sync_issue(GITLAB_ISSUE)).detail == "created PROJ-1"
    assert jira.clock.slept == []


def test_a_creation_that_may_have_happened_in_spite_of_an_error_is_looked_for() -> None:
    """After a 502 nobody knows, so the search is asked."""
    jira = Jira()
    jira.site.fail(status=502, method="POST", path="/rest/api/3/issue", acts=True)
    with pytest.raises(ProviderUnavailableError):
        run(jira.connector.sync_issue(GITLAB_ISSUE))
    assert run(jira.connector.sync_issue(GITLAB_ISSUE)).detail == "updated PROJ-1"


def test_two_at_once_make_one_issue() -> None:
    """Syncs of one issue take their turns."""
    jira = Jira()

    class Slow(ScriptedHttp):
        async def send(self, request: Any, call: Any) -> Any:
            await asyncio.sleep(0)
            return await super().send(request, call)

    slow = connect(JiraConnector, jira.site.config(), Slow([answered_by(jira.site)]))

    async def together() -> None:
        await asyncio.gather(*(slow.sync_issue(GITLAB_ISSUE) for _ in range(3)))

    run(together())
    assert len(jira.site.issues) == 1


def test_labels_of_jira_stay() -> None:
    """Labels follow the source one by one; what somebody added in Jira stays."""
    jira = Jira()
    run(jira.connector.sync_issue({**GITLAB_ISSUE, "labels": ["a", "b"]}))
    jira.fields("PROJ-1")["labels"].append("own")
    run(jira.connector.sync_issue({**GITLAB_ISSUE, "labels": ["b", "c"]}))
    assert sorted(jira.fields("PROJ-1")["labels"]) == ["b", "c", "gitlab:myorg/myproject#123", "own"]


def test_an_issue_deleted_in_jira_is_created_anew() -> None:
    """What is gone there comes back with the next change."""
    jira = Jira()
    run(jira.connector.sync_issue(GITLAB_ISSUE))
    jira.site.issues.clear()
    assert run(jira.connector.sync_issue(GITLAB_ISSUE)).detail == "created PROJ-1"


def test_a_project_has_its_own_jira_project() -> None:
    """`projects` maps the source project to another one."""
    jira = Jira(projects={"myorg/myproject": "WEB"})
    jira.site.projects["WEB"] = ["Task"]
    run(jira.connector.sync_issue(GITLAB_ISSUE))
    assert run(jira.connector.sync_issue(GITLAB_ISSUE)).reference == "WEB-1"


def test_an_issue_of_no_project_is_refused() -> None:
    """Without any project it could not be found again."""
    jira = Jira()
    context = attrs.evolve(jira.connector.context, scope=Scope())
    with pytest.raises(ConfigurationError, match="project"):
        run(JiraConnector(jira.connector.config, context).sync_issue(GITLAB_ISSUE))
    with pytest.raises(ConfigurationError, match="number, project and title"):
        run(jira.connector.sync_issue(pushed()))


def test_a_closed_issue_is_done_and_a_reopened_one_is_not() -> None:
    """The state follows, as the workflow allows."""
    jira = Jira()
    assert run(jira.connector.handle_event(issue("opened"))).detail == "created PROJ-1"
    assert run(jira.connector.handle_event(issue("closed"))).detail == "updated PROJ-1, moved to Done"
    assert run(jira.connector.handle_event(issue("closed"))).detail == "updated PROJ-1"
    assert run(jira.connector.handle_event(issue("reopened"))).detail == "updated PROJ-1, moved to To Do"
    jira.site.transitions = [{"id": "1", "name": "Park", "to": {"name": "Parked"}}]
    said = "updated PROJ-1, not moved: there is no transition 'done' from To Do"
    assert run(jira.connector.handle_event(issue("closed"))).detail == said


def test_an_issue_that_vanishes_meanwhile_is_not_moved() -> None:
    """Between the update and the look at its status it may be deleted."""
    jira = Jira()
    run(jira.connector.handle_event(issue("opened")))
    jira.site.fail(status=404, method="GET", path="/rest/api/3/issue/PROJ-1")
    assert run(jira.connector.handle_event(issue("closed"))).detail == "updated PROJ-1"


# --- events -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "settings", "why"),
    [
        (pushed(ONE), {"enable_commit_sync": True}, None),
        (pushed(ONE), {}, "enable_commit_sync is off"),
        (pushed(ONE), {"enable_commit_sync": True, "branches": ["release"]}, "branch main is filtered out"),
        (pushed(ONE), {"enable_commit_sync": True, "events": ["issue"]}, "not subscribed to push"),
        (requested("opened"), {"enable_merge_request_sync": True}, None),
        (requested("opened"), {}, "enable_merge_request_sync is off"),
        (issue("opened"), {}, None),
        (issue("opened"), {"enable_issue_sync": False}, "enable_issue_sync is off"),
        (issue("opened", type="confidential_issue"), {}, "not subscribed to confidential_issue"),
        (issue("opened", provider="jira"), {}, "Jira's own events are not sent back to it"),
        (issue("deleted"), {}, "nothing is done for a deleted issue"),
        (pushed(type="pipeline"), {}, "Jira does not act on pipeline"),
    ],
)
def test_what_it_acts_on(event: Event, settings: dict[str, object], why: str | None) -> None:
    """Each kind has its switch, beside the subscription."""
    assert connect(JiraConnector, {**CLOUD, **settings}, ScriptedHttp()).wants(event) == why


@pytest.mark.parametrize("deployment", ["cloud", "server"])
def test_a_push_is_linked_commented_and_moves(deployment: str) -> None:
    """The named issue gets link, transition and comment; an issue that is not there is passed over."""
    jira = Jira(deployment)
    run(jira.connector.create_issue(IssueDraft(title="T")))
    two = Commit(sha="2" * 40, message="PROJ-1 and PROJ-404")
    outcome = run(jira.connector.handle_event(pushed(ONE, two)))
    assert (
        outcome.detail
        == "PROJ-1: linked, commented, moved to Done; PROJ-404: does not exist, or is not to be seen"
    )
    assert (outcome.operation, outcome.reference, outcome.data) == (
        "link",
        "PROJ-1",
        {"issues": ["PROJ-1", "PROJ-404"]},
    )
    (link,) = jira.site.links["PROJ-1"]
    assert link["relationship"] == "mentioned in"
    assert link["application"] == {"name": "GitLab"}
    (comment,) = jira.said("PROJ-1")
    assert comment.startswith("Octavia pushed to main of g/n:")
    assert ONE.url is not None
    assert ONE.url in comment


def test_a_push_that_arrives_twice_says_nothing_twice() -> None:
    """The comment is the mark by which it is known, so another process sees it, too."""
    jira = Jira()
    run(jira.connector.create_issue(IssueDraft(title="T")))
    run(jira.connector.handle_event(pushed(ONE)))
    before = len(jira.sent("POST"))
    outcome = run(jira.again().handle_event(pushed(ONE)))
    assert (outcome.status, outcome.detail) == (OutcomeStatus.SKIPPED, "PROJ-1: knows of it already")
    assert len(jira.sent("POST")) == before
    new = Commit(sha="3" * 40, message="PROJ-1 more", url="https://gitlab.com/g/n/-/commit/333")
    run(jira.connector.handle_event(pushed(ONE, new)))
    assert "333" in jira.said("PROJ-1")[1]
    assert "111" not in jira.said("PROJ-1")[1]


def test_a_push_interrupted_before_its_comment_is_made_up_for() -> None:
    """What was linked is not linked again; the comment comes with the second arrival."""
    jira = Jira()
    run(jira.connector.create_issue(IssueDraft(title="T")))
    jira.site.fail(status=500, method="POST", path="*/comment")
    with pytest.raises(ProviderUnavailableError):
        run(jira.connector.handle_event(pushed(ONE)))
    outcome = run(jira.connector.handle_event(pushed(ONE)))
    assert outcome.detail == "PROJ-1: linked already, commented, already Done"
    assert len(jira.said("PROJ-1")) == 1


def test_a_push_without_issues_does_nothing() -> None:
    """No request is sent."""
    jira = Jira()
    outcome = run(jira.connector.handle_event(pushed(Commit(sha="1" * 40, message="UTF-8"))))
    assert (outcome.status, outcome.detail) == (OutcomeStatus.SKIPPED, "no issue of PROJ is named")
    assert jira.http.requests == []


def test_a_flood_of_issues_is_bounded() -> None:
    """One push acts on 25 issues at most, and says that there were more."""
    jira = Jira()
    flood = Commit(sha="1" * 40, message=" ".join(f"PROJ-{number}" for number in range(1, 40)))
    outcome = run(jira.connector.handle_event(pushed(flood)))
    assert len(jira.http.requests) == 25
    assert outcome.detail is not None
    assert outcome.detail.endswith("14 more issues are named and were left out")


def test_a_merge_request_from_opening_to_merging() -> None:
    """Each state is told once, the link follows, and the merge moves the issue."""
    jira = Jira()
    run(jira.connector.create_issue(IssueDraft(title="T")))
    assert run(jira.connector.handle_event(requested("opened"))).detail == "PROJ-1: linked, commented"
    assert run(jira.connector.handle_event(requested("updated"))).detail == "PROJ-1: linked already"
    assert run(jira.connector.handle_event(requested("updated", title="Log in"))).detail == "PROJ-1: linked"
    assert run(jira.connector.handle_event(requested("closed"))).detail == "PROJ-1: linked, commented"
    assert run(jira.connector.handle_event(requested("closed"))).detail == "PROJ-1: knows of it already"
    assert run(jira.connector.handle_event(requested("reopened"))).detail == "PROJ-1: linked, commented"
    assert (
        run(jira.connector.handle_event(requested("merged"))).detail
        == "PROJ-1: linked, commented, moved to Done"
    )
    assert [text.split()[1] for text in jira.said("PROJ-1")] == ["opened", "closed", "reopened", "merged"]
    (link,) = jira.site.links["PROJ-1"]
    assert link["object"] == {
        "url": "https://gitlab.com/g/n/-/merge_requests/7", "title": "!7 Login", "summary": "g/n", "status": {"resolved": True},
    }  # fmt: skip


def test_behind_the_gateway_nobody_knows_the_site() -> None:
    """`api.atlassian.com` is no place to look at issues."""
    http = ScriptedHttp([reply(201, {"id": "1", "key": "PROJ-1"})])
    given = {**CLOUD, "url": "https://api.atlassian.com/ex/jira/11-22"}
    assert run(connect(JiraConnector, given, http).create_issue(IssueDraft(title="T"))).url is None
    assert http.requests[0].url == "https://api.atlassian.com/ex/jira/11-22/rest/api/3/issue"


# --- contract ---------------------------------------------------------------


@pytest.mark.contracts
def test_every_request_conforms_to_atlassians_description(conformity: Any) -> None:
    """Every operation is made once, and each request checked against Jira Cloud's OpenAPI description."""
    jira = Jira(enable_commit_sync=True)

    async def everything() -> None:
        known = jira.connector
        await known.check()
        await known.sync_issue({**GITLAB_ISSUE, "labels": ["a"], "url": "https://x.test/1"})
        await known.sync_issue({**GITLAB_ISSUE, "labels": ["b"], "state": "closed"})
        await known.update_issue(
            "PROJ-1", IssueDraft(title="T", labels=("c",), fields={"duedate": "2026-01-01"})
        )
        await known.find_issue("gitlab:x/y#1")
        await known.handle_event(pushed(ONE))
        await known.handle_event(requested("merged"))
        [one async for one in known.search("project = PROJ", properties=["integrations-sdk"], page_size=1)]

    run(everything())
    for request in jira.http.requests:
        conformity.check("jira", request, base_url=jira.site.url)
    made = {
        (request.method, request.url.removeprefix(jira.site.url).partition("?")[0])
        for request in jira.http.requests
    }
    assert made == {
        ("GET", "/rest/api/3/myself"),
        ("GET", "/rest/api/3/issue/createmeta/PROJ/issuetypes"),
        ("POST", "/rest/api/3/search/jql"),
        ("POST", "/rest/api/3/issue"),
        ("GET", "/rest/api/3/issue/PROJ-1"),
        ("PUT", "/rest/api/3/issue/PROJ-1"),
        ("GET", "/rest/api/3/issue/PROJ-1/transitions"),
        ("POST", "/rest/api/3/issue/PROJ-1/transitions"),
        ("GET", "/rest/api/3/issue/PROJ-1/comment"),
        ("POST", "/rest/api/3/issue/PROJ-1/comment"),
        ("GET", "/rest/api/3/issue/PROJ-1/remotelink"),
        ("POST", "/rest/api/3/issue/PROJ-1/remotelink"),
    }
