"""TeamCity: what is started, how it is followed, and what is said when it fails.

The description is that of TeamCity 10; what it lacks: https://www.jetbrains.com/help/teamcity/rest/ (2025.11).
"""

from __future__ import annotations

import asyncio
import base64
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.connectors.base import (
    AuthenticationError,
    BuildRequest,
    BuildStatus,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
)
from integrations_sdk.connectors.teamcity import TeamCityConnector
from integrations_sdk.connectors.teamcity.words import build_of, build_state, locator_value, number_of
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.testing.fakes import ScriptedHttp, connect, reply
from integrations_sdk.testing.vendors.teamcity import TeamCityBuildType, TeamCityStandIn
from support.build_servers import SHA, Host, Served, drained, event

CANARY = "teamcity-canary-0123456789"
HOME = "https://teamcity.company.com"
CONFIG = {"url": HOME, "token": CANARY, "build_type": "Shop_Build"}
run = asyncio.run


class TeamCity(Served[TeamCityStandIn, TeamCityConnector]):
    def __init__(self, **more: Any) -> None:
        super().__init__(TeamCityConnector, TeamCityStandIn(), **more)

    def asked_for(self, name: str = "Shop_Build") -> dict[str, Any]:
        """The body of the last build of a build configuration."""
        return self.server.build_types[name].asked[-1]


# --- pure -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "status"),
    [
        ({"state": "queued"}, "pending"),
        ({"state": "running", "status": "FAILURE"}, "running"),
        ({"state": "finished", "status": "SUCCESS"}, "success"),
        ({"state": "finished", "status": "FAILURE"}, "failed"),
        ({"state": "finished", "status": "ERROR"}, "failed"),
        ({"state": "finished", "status": "UNKNOWN"}, "canceled"),
        ({"state": "finished", "status": "NEW_WORD"}, "failed"),
        ({"state": "finished", "status": "SUCCESS", "canceledInfo": {"text": "x"}}, "canceled"),
        ({"state": "deleted"}, "failed"),
    ],
)
def test_states_have_a_status(build: dict[str, Any], status: str) -> None:
    """A running build's status is what it would end with, so it does not count; an unknown word is no success."""
    assert build_state(build) == BuildStatus(status)


@pytest.mark.parametrize(
    ("number", "known"),
    [("12", 12), ("1.0.12", None), ("", None), (None, None), ("٣", None), ("9" * 30, None)],
)
def test_a_build_number_may_be_any_text(number: str | None, known: int | None) -> None:
    """Only a plain number is one; the reference is the id all the same."""
    found = build_of({"id": 7, "number": number, "state": "running"})
    assert (found.reference, found.number) == ("7", known)


@given(st.text(min_size=1))
def test_a_value_in_a_locator_cannot_break_out(text: str) -> None:
    """Nothing of it is read as another condition, and TeamCity gets back what was meant."""
    value = locator_value(text)
    if value == text:
        assert not set(text) & set("(),:$")
    else:
        inner = value.removeprefix("($base64:").removesuffix(")")
        assert not set(inner) & set("(),:$")
        assert base64.urlsafe_b64decode(inner).decode() == text.encode("utf-8", "replace").decode()


@pytest.mark.parametrize("text", ["", "x", "7/../8", "id:", "٣", "1,branch:x"])
def test_what_is_no_reference_is_refused(text: str) -> None:
    """The error says what one looks like."""
    with pytest.raises(ConfigurationError, match="expected the id of a build, such as 4711"):
        number_of(text)


# --- configuration ----------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"url": "teamcity"}, "url"),
        ({"url": f"{HOME}/app/rest"}, "url"),
        ({"build_type": "Shop / Build"}, "build_type"),
        ({"build_type": None}, "build_type"),
        ({"build_types": ["A", "a-b"]}, "build_types[1]"),
        ({"properties": {"A": []}}, "properties.A"),
        ({"token": ""}, "token"),
    ],
)
def test_wrong_fields_are_named(given: dict[str, object], path: str) -> None:
    """Each field says what it expects, without its value."""
    with pytest.raises(ConfigurationError) as caught:
        connect(TeamCityConnector, {**CONFIG, **given}, ScriptedHttp())
    assert [problem.path for problem in caught.value.problems] == [path]
    assert CANARY not in str(caught.value)


# --- starting ---------------------------------------------------------------


def test_a_build_gets_branch_commit_and_properties() -> None:
    """The request's properties go before the configured, and a comment says who asked for it."""
    teamcity = TeamCity(properties={"env.STAGE": "prod", "dry": True}, personal=True)
    request = BuildRequest(branch="feature/x", commit_sha=SHA, parameters={"env.STAGE": "test"})
    outcome = run(teamcity.connector.trigger_build(request))
    assert teamcity.asked_for() == {
        "buildType": {"id": "Shop_Build"},
        "branchName": "feature/x",
        "properties": {
            "property": [{"name": "env.STAGE", "value": "test"}, {"name": "dry", "value": "true"}]
        },
        "lastChanges": {"change": [{"locator": f"version:{SHA},buildType:(id:Shop_Build)"}]},
        "personal": True,
        "comment": {"text": f"teamcity-1: {SHA}"},
    }
    assert (outcome.reference, outcome.url) == ("1", f"{teamcity.server.url}/build/1")
    assert outcome.data == {"builds": [{"job": "Shop_Build", "reference": "1"}]}
    assert not teamcity.http.calls[-1].idempotent


def test_a_bare_build_says_no_more_than_it_must() -> None:
    """Without a branch TeamCity takes the default one."""
    teamcity = TeamCity()
    run(teamcity.connector.trigger_build(BuildRequest()))
    assert teamcity.asked_for() == {
        "buildType": {"id": "Shop_Build"},
        "comment": {"text": "teamcity-1: Shop_Build"},
    }


def test_a_commit_that_teamcity_has_not_seen() -> None:
    """It says so in its own words; with `build_commit` off the branch's newest is built."""
    teamcity = TeamCity()
    teamcity.server.build_types["Shop_Build"].changes = set()
    with pytest.raises(RejectedError, match="No changes found by locator"):
        run(teamcity.connector.trigger_build(BuildRequest(commit_sha=SHA)))
    newest = TeamCity(build_commit=False)
    run(newest.connector.trigger_build(BuildRequest(branch="main", commit_sha=SHA)))
    assert "lastChanges" not in newest.asked_for()


def test_a_commit_cannot_add_conditions() -> None:
    """What comes with an event stays one value of the locator."""
    teamcity = TeamCity()
    run(teamcity.connector.trigger_build(BuildRequest(commit_sha="1,project:(id:_Root)")))
    change = teamcity.asked_for()["lastChanges"]["change"][0]["locator"]
    assert change == "version:($base64:MSxwcm9qZWN0OihpZDpfUm9vdCk=),buildType:(id:Shop_Build)"


def test_a_tag_is_built_as_a_branch() -> None:
    """TeamCity takes tags for branches where the VCS root says so."""
    teamcity = TeamCity(trigger_on_tag=True)
    run(teamcity.connector.handle_event(event("tag_push", branch=None, tag="v1")))
    assert teamcity.asked_for()["branchName"] == "v1"


def test_several_build_configurations_run_together() -> None:
    """One that is not there fails by itself."""
    teamcity = TeamCity(build_types=["Shop_Docs", "Gone"])
    teamcity.server.build_types["Shop_Docs"] = TeamCityBuildType()
    outcome = run(teamcity.connector.trigger_build(BuildRequest()))
    assert not outcome
    assert "No build type nor template is found by id 'Gone'" in str(outcome.error)
    assert [build["reference"] for build in outcome.data["builds"][:2]] == ["1", "2"]


# --- following --------------------------------------------------------------


def test_a_build_goes_from_the_queue_to_its_result() -> None:
    """Pending, running, ended with how long it took; the reference stays."""
    teamcity = TeamCity()
    run(teamcity.connector.trigger_build(BuildRequest()))
    builds = [run(teamcity.connector.get_build("1")) for _ in range(3)]
    assert [build.status for build in builds] == [
        BuildStatus.PENDING,
        BuildStatus.RUNNING,
        BuildStatus.SUCCESS,
    ]
    last = builds[-1]
    assert (last.reference, last.number, last.job) == ("1", 1, "Shop_Build")
    assert (last.duration, last.url) == (timedelta(seconds=90), f"{teamcity.server.url}/build/1")
    with pytest.raises(RejectedError, match="No build found by locator 'id:9'"):
        run(teamcity.connector.get_build("9"))


@pytest.mark.parametrize(("looks", "place"), [(0, "buildQueue"), (1, "builds")])
def test_a_build_is_canceled_where_it_is(looks: int, place: str) -> None:
    """In the queue, or on its agent; the reason is beside it."""
    teamcity = TeamCity()
    run(teamcity.connector.trigger_build(BuildRequest()))
    for _ in range(looks):
        run(teamcity.connector.get_build("1"))
    outcome = run(teamcity.connector.cancel_build("1", "a newer one is on its way", again=True))
    assert outcome.operation == f"{place}.cancel"
    assert teamcity.asked()[-1] == f"POST /app/rest/{place}/id:1"
    assert teamcity.http.sent() == {"comment": "a newer one is on its way", "readdIntoQueue": True}
    assert run(teamcity.connector.get_build("1")).status is BuildStatus.CANCELED


def test_a_build_is_commented() -> None:
    """The text goes as it is, and doing it twice does no more."""
    teamcity = TeamCity()
    run(teamcity.connector.trigger_build(BuildRequest()))
    assert run(teamcity.connector.comment_build("1", "Grüße")).reference == "1"
    assert teamcity.server.comments == {1: "Grüße"}
    assert teamcity.http.calls[-1].idempotent


def test_builds_are_listed_page_by_page() -> None:
    """Newest first, of every branch or of one, however the branch is called."""
    teamcity = TeamCity()

    async def whole() -> tuple[list[str], list[str]]:
        known = teamcity.connector
        for number in range(130):
            branch = "a,(b)" if number % 2 else "main"
            await known.trigger_build(BuildRequest(branch=branch))
        every = [build.reference async for build in known.list_builds()]
        return every, [build.reference async for build in known.list_builds(branch="a,(b)")]

    every, some = run(whole())
    assert every == [str(number) for number in range(130, 0, -1)]
    assert some == [str(number) for number in range(130, 0, -2)]
    assert teamcity.asked()[-2].startswith("GET /app/rest/builds?locator=buildType")


def test_a_listing_that_names_itself_ends() -> None:
    """A server whose next page is the same one is not asked for ever."""
    page = reply(200, {"build": [{"id": 1}], "nextHref": "/app/rest/builds?locator=x"})
    known = connect(TeamCityConnector, CONFIG, ScriptedHttp([page]))

    async def whole() -> list[str]:
        return [build.reference async for build in known.list_builds()]

    assert run(whole()) == ["1", "1"]


def test_the_result_is_shown_beside_the_commit() -> None:
    """Pending at once, running and the result from the background, each once."""
    host = Host()
    teamcity = TeamCity(others={"gitlab-1": host}, report_status_to="gitlab-1", trigger_on_push=True)
    teamcity.server.build_types["Shop_Build"].result = "FAILURE"

    async def whole() -> None:
        await teamcity.connector.handle_event(event())
        await drained()

    run(whole())
    assert host.shown == ["pending", "running", "failed"]
    last = host.told_statuses[-1]
    assert (last.context, last.url) == ("teamcity/Shop_Build", f"{teamcity.server.url}/build/1")


# --- health and errors ------------------------------------------------------


def test_the_check_changes_nothing() -> None:
    """It reads TeamCity and its build configurations, and warns of those that will not run."""
    teamcity = TeamCity(build_types=["Paused", "Gone"])
    teamcity.server.build_types["Paused"] = TeamCityBuildType(paused=True)
    result = run(teamcity.connector.check())
    assert result.detail == "TeamCity 2026.1 (build 200001) as ci"
    assert result.warnings == (
        "the build configuration Paused is paused: activate it",
        "there is no build configuration Gone, or the token cannot see it",
    )
    assert {request.method for request in teamcity.http.requests} == {"GET"}


ERROR = {
    "errors": [{"message": "Cannot start", "additionalMessage": "BadRequestException", "statusText": "x"}]
}


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (reply(401, "Incorrect username or password."), AuthenticationError, "Incorrect username"),
        (reply(403, "You do not have enough permissions"), PermissionDeniedError, "enough permissions"),
        (reply(400, ERROR), RejectedError, "Cannot start (BadRequestException)"),
        (reply(404, {"errors": []}), RejectedError, "request refused with status 404"),
        (reply(429, "slow down", retry_after="7"), RateLimitedError, "retry after 7 s"),
        (reply(503, "<html>starting</html>", content_type="text/html"), ProviderUnavailableError, "server error"),
        (reply(302, "", location=f"{HOME}/login.html"), RejectedError, "redirect"),
        (reply(200, "<html>log in</html>", content_type="text/html"), RejectedError, "is the URL the API's?"),
    ],
)  # fmt: skip
def test_errors_say_what_teamcity_said(answer: Any, kind: type[Exception], words: str) -> None:
    """Each refusal becomes its error, in TeamCity's words; a page of HTML is none."""
    with pytest.raises(kind) as caught:
        run(connect(TeamCityConnector, CONFIG, ScriptedHttp([answer])).trigger_build(BuildRequest()))
    assert words in str(caught.value)
    assert "<html>" not in str(caught.value)
