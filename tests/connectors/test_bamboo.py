"""Bamboo: what is started, how it is followed, and what is said when it fails.

Where the community's description says nothing: https://developer.atlassian.com/server/bamboo/rest/ (version 12).
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.connectors.bamboo import BambooConnector
from integrations_sdk.connectors.bamboo.results import branch_key, build_of, is_plan, result_key
from integrations_sdk.connectors.base import (
    AuthenticationError,
    BuildRequest,
    BuildStatus,
    DeadlineExceededError,
    PermissionDeniedError,
    ProviderUnavailableError,
    RejectedError,
)
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.models import Outcome, OutcomeStatus
from integrations_sdk.testing.fakes import ScriptedHttp, connect, reply
from integrations_sdk.testing.vendors.bamboo import BambooPlan, BambooStandIn
from support.build_servers import SHA, Host, Served, drained, event

CANARY = "bamboo-canary-0123456789"
HOME = "https://bamboo.company.com"
CONFIG = {"url": HOME, "token": CANARY, "plan": "PROJ-PLAN"}
QUEUE = "/rest/api/latest/queue"
run = asyncio.run


class Bamboo(Served[BambooStandIn, BambooConnector]):
    def __init__(self, **more: Any) -> None:
        super().__init__(BambooConnector, BambooStandIn(), **more)


# --- pure -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "right"),
    [("PROJ-PLAN", True), ("P1-PLAN12", True), ("proj-plan", False), ("PROJ", False), ("PROJ-PLAN-1", False), ("../x", False)],
)  # fmt: skip
def test_plans_have_keys(key: str, right: bool) -> None:
    """Upper-case letters and digits, the project's before the plan's."""
    assert is_plan(key) is right


@pytest.mark.parametrize("text", ["", "12", "PROJ-PLAN", "proj-plan-1", "PROJ-PLAN-", "PROJ-PLAN-1/../x"])
def test_what_is_no_reference_is_refused(text: str) -> None:
    """The error says what one looks like."""
    with pytest.raises(ConfigurationError, match="expected the key of a build, such as PROJ-PLAN-12"):
        result_key(text)


@pytest.mark.parametrize(
    ("life", "state", "status"),
    [
        ("Queued", "Unknown", "pending"),
        ("Pending", "Unknown", "pending"),
        ("InProgress", "Unknown", "running"),
        ("NotBuilt", "Unknown", "canceled"),
        ("Finished", "Successful", "success"),
        ("Finished", "Failed", "failed"),
        ("Finished", "Unknown", "canceled"),
        ("Finished", "NewWord", "failed"),
        (None, None, "failed"),
    ],
)
def test_states_have_a_status(life: str | None, state: str | None, status: str) -> None:
    """Every word of LifeCycleState and BuildState is known, and an unknown one is no success."""
    assert build_of({"lifeCycleState": life, "buildState": state}, "P-A-1", "u").status == status


@given(st.text(), st.text())
def test_a_plan_branch_is_found_by_its_branch_only(name: str, branch: str) -> None:
    """By its name, in which Bamboo writes a hyphen for a slash."""
    expected = "K" if name in {branch, branch.replace("/", "-")} else None
    assert branch_key({"shortName": name, "key": "K"}, branch) == expected


# --- configuration ----------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"url": "bamboo"}, "url"),
        ({"url": f"{HOME}/rest/api/latest"}, "url"),
        ({"plan": "proj-plan"}, "plan"),
        ({"plan": None}, "plan"),
        ({"plans": ["PROJ-A", "x"]}, "plans[1]"),
        ({"stage": "Deploy", "execute_all_stages": True}, "stage"),
        ({"token": ""}, "token"),
        ({"poll_interval": 0}, "poll_interval"),
    ],
)
def test_wrong_fields_are_named(given: dict[str, object], path: str) -> None:
    """Each field says what it expects, without its value."""
    with pytest.raises(ConfigurationError) as caught:
        connect(BambooConnector, {**CONFIG, **given}, ScriptedHttp())
    assert [problem.path for problem in caught.value.problems] == [path]
    assert CANARY not in str(caught.value)


def test_the_names_of_other_build_servers_work() -> None:
    """A configuration that was a Jenkins' loads where its fields mean the same."""
    known = connect(
        BambooConnector,
        {"base_url": f"{HOME}/ci/", "api_token": "t", "job": "PROJ-A", "jobs": ["PROJ-B", "PROJ-A"], "job_parameters": {"A": True}},
        ScriptedHttp(),
    )  # fmt: skip
    assert (known.base_url, known.jobs) == (f"{HOME}/ci", ("PROJ-A", "PROJ-B"))


# --- starting ---------------------------------------------------------------


def test_a_build_gets_commit_and_variables() -> None:
    """The plan builds its own branch; the request's variables go before the configured."""
    bamboo = Bamboo(variables={"env": "prod", "dry": True, "n": 3}, execute_all_stages=True)
    outcome = run(
        bamboo.connector.trigger_build(
            BuildRequest(branch="main", commit_sha=SHA, parameters={"env": "test"})
        )
    )
    assert (outcome.reference, outcome.url) == ("PROJ-PLAN-1", f"{bamboo.server.url}/browse/PROJ-PLAN-1")
    assert (outcome.detail, outcome.data) == (
        "started PROJ-PLAN",
        {"builds": [{"job": "PROJ-PLAN", "reference": "PROJ-PLAN-1"}]},
    )
    assert bamboo.server.plans["PROJ-PLAN"].builds == [
        {
            "bamboo.variable.env": "test",
            "bamboo.variable.dry": "true",
            "bamboo.variable.n": "3",
            "customRevision": SHA,
            "executeAllStages": "true",
        }
    ]
    assert len(bamboo.http.requests) == 1
    assert not bamboo.http.calls[-1].idempotent


def test_a_stage_can_be_the_last() -> None:
    """It is asked for by its name."""
    bamboo = Bamboo(stage="Deploy to test")
    run(bamboo.connector.trigger_build(BuildRequest()))
    assert bamboo.asked() == [f"POST {QUEUE}/PROJ-PLAN?stage=Deploy+to+test"]


def test_another_branch_is_built_by_its_plan_branch() -> None:
    """It is looked for page by page; what there is none for says so, and nothing is built."""
    bamboo = Bamboo()
    bamboo.server.plans["PROJ-PLAN"].branches = {f"b{n}": f"PROJ-PLAN{n}" for n in range(150)} | {
        "feature-x": "PROJ-PLAN0"
    }
    outcome = run(bamboo.connector.trigger_build(BuildRequest(branch="feature/x")))
    branches = "GET /rest/api/latest/plan/PROJ-PLAN/branch?start-index="
    assert bamboo.asked() == [
        f"{branches}0&max-result=100",
        f"{branches}100&max-result=100",
        f"POST {QUEUE}/PROJ-PLAN0",
    ]
    assert outcome.reference == "PROJ-PLAN0-1"
    with pytest.raises(RejectedError, match="PROJ-PLAN has no plan branch for other") as caught:
        run(bamboo.connector.trigger_build(BuildRequest(branch="other")))
    assert caught.value.code == "no_branch"


def test_several_plans_are_started_together() -> None:
    """One that is not there fails by itself; the outcome names it and is not to be retried as a whole."""
    bamboo = Bamboo(plans=["PROJ-DOCS", "PROJ-GONE"])
    bamboo.server.plans["PROJ-DOCS"] = BambooPlan()
    outcome = run(bamboo.connector.trigger_build(BuildRequest()))
    assert (outcome.status, outcome.retryable, outcome.reference) == (
        OutcomeStatus.FAILED,
        False,
        "PROJ-PLAN-1",
    )
    assert outcome.error is not None
    assert "1 of 3 jobs were not started" in outcome.error
    assert "Plan PROJ-GONE not found" in outcome.error


def test_a_push_is_built_at_its_commit() -> None:
    """As far as pushes are to be built; a tag is its commit."""
    bamboo = Bamboo(trigger_on_push=True, trigger_on_tag=True)
    assert bamboo.connector.wants(event()) is None
    assert bamboo.connector.wants(event("merge_request")) == "trigger_on_merge_request is off"
    run(bamboo.connector.handle_event(event("tag_push", branch=None, tag="v1")))
    assert bamboo.server.plans["PROJ-PLAN"].builds == [{"customRevision": SHA}]


# --- following --------------------------------------------------------------


def test_a_build_goes_from_the_queue_to_its_result() -> None:
    """Pending while no agent has it, running, ended with how long it took."""
    bamboo = Bamboo()
    run(bamboo.connector.trigger_build(BuildRequest()))
    builds = [run(bamboo.connector.get_build("PROJ-PLAN-1")) for _ in range(3)]
    assert [build.status for build in builds] == [
        BuildStatus.PENDING,
        BuildStatus.RUNNING,
        BuildStatus.SUCCESS,
    ]
    last = builds[-1]
    assert (last.reference, last.number, last.job) == ("PROJ-PLAN-1", 1, "PROJ-PLAN")
    assert last.duration == timedelta(milliseconds=12_345)
    assert [build.duration for build in builds[:2]] == [None, None]


def test_an_unknown_build_is_refused() -> None:
    """One that is neither a result nor in the queue."""
    with pytest.raises(RejectedError, match="there is no build PROJ-PLAN-9") as caught:
        run(Bamboo().connector.get_build("PROJ-PLAN-9"))
    assert caught.value.code == "no_build"


def test_a_build_can_be_stopped() -> None:
    """In the queue or running; then it was canceled."""
    bamboo = Bamboo()
    run(bamboo.connector.trigger_build(BuildRequest()))
    assert run(bamboo.connector.stop_build("PROJ-PLAN-1")).reference == "PROJ-PLAN-1"
    assert run(bamboo.connector.get_build("PROJ-PLAN-1")).status is BuildStatus.CANCELED
    with pytest.raises(RejectedError, match="not found"):
        run(bamboo.connector.stop_build("PROJ-PLAN-2"))


def test_waiting_for_a_build() -> None:
    """Looks get rarer until it has ended, or the time is over."""
    bamboo = Bamboo(poll_interval=2)
    bamboo.server.plans["PROJ-PLAN"].state = "Failed"
    run(bamboo.connector.trigger_build(BuildRequest()))
    assert run(bamboo.connector.wait_for_build("PROJ-PLAN-1")).status is BuildStatus.FAILED
    assert bamboo.clock.slept == [2, 3]
    run(bamboo.connector.trigger_build(BuildRequest()))
    with pytest.raises(DeadlineExceededError, match="PROJ-PLAN-2 is still pending after 0 s"):
        run(bamboo.connector.wait_for_build("PROJ-PLAN-2", timeout=timedelta(0)))


def test_the_result_is_shown_beside_the_commit() -> None:
    """Pending at once, running and the result from the background, each once."""
    host = Host()
    bamboo = Bamboo(others={"gitlab-1": host}, report_status_to="gitlab-1", trigger_on_push=True)

    async def whole() -> Outcome:
        outcome = await bamboo.connector.handle_event(event())
        await drained()
        return outcome

    assert run(whole()).detail == "started PROJ-PLAN"
    assert host.shown == ["pending", "running", "success"]
    last = host.told_statuses[-1]
    assert (last.sha, last.project, last.context) == (SHA, "g/n", "bamboo/PROJ-PLAN")
    assert (last.url, last.description) == (
        f"{bamboo.server.url}/browse/PROJ-PLAN-1",
        "PROJ-PLAN #1: success",
    )


# --- health and errors ------------------------------------------------------


def test_the_check_changes_nothing() -> None:
    """It reads Bamboo and its plans, and warns of those that will not build."""
    bamboo = Bamboo(plans=["PROJ-OFF", "PROJ-GONE"])
    bamboo.server.plans["PROJ-OFF"] = BambooPlan(enabled=False)
    result = run(bamboo.connector.check())
    assert result.detail == "Bamboo 12.0.2 as ci"
    assert result.warnings == (
        "the plan PROJ-OFF is disabled: enable it",
        "there is no plan PROJ-GONE, or the token lacks the permission View for it",
    )
    assert {request.method for request in bamboo.http.requests} == {"GET"}


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (reply(401, {"message": "Client must be authenticated", "status-code": 401}), AuthenticationError, "Client must be"),
        (reply(403, {"message": "You don't have permission", "status-code": 403}), PermissionDeniedError, "permission"),
        (reply(400, {"message": "Plan PROJ-PLAN is disabled", "status-code": 400}), RejectedError, "is disabled"),
        (reply(404, {"message": "Plan PROJ-PLAN not found.", "status-code": 404}), RejectedError, "not found"),
        (reply(500, "<html>broken</html>", content_type="text/html"), ProviderUnavailableError, "server error"),
        (reply(200, "<html>log in</html>", content_type="text/html"), RejectedError, "is the URL the API's?"),
    ],
)  # fmt: skip
def test_errors_say_what_bamboo_said(answer: Any, kind: type[Exception], words: str) -> None:
    """Each refusal becomes its error, in Bamboo's words; a page of HTML is none."""
    with pytest.raises(kind) as caught:
        run(connect(BambooConnector, CONFIG, ScriptedHttp([answer])).trigger_build(BuildRequest()))
    assert words in str(caught.value)
    assert "<html>" not in str(caught.value)


@pytest.mark.parametrize("odd", [{}, {"branches": []}, {"branches": {"size": "x", "branch": [1]}}])
def test_odd_listings_end(odd: dict[str, Any]) -> None:
    """A listing that is not as documented has no plan branch in it."""
    http = ScriptedHttp([reply(200, odd)])
    with pytest.raises(RejectedError, match="no plan branch"):
        run(connect(BambooConnector, CONFIG, http).trigger_build(BuildRequest(branch="x")))
    assert len(http.requests) == 1
