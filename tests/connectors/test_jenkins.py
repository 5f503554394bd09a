"""Jenkins: what is started, how it is followed, and what is said when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import parse_qs

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.base import (
    AuthenticationError,
    BuildRequest,
    BuildStatus,
    CommitStatus,
    PermissionDeniedError,
    ProviderUnavailableError,
    RejectedError,
)
from integrations_sdk.connectors.builds import delays
from integrations_sdk.connectors.jenkins import JenkinsConfig, JenkinsConnector
from integrations_sdk.connectors.jenkins.builds import (
    Reference,
    declared,
    job_of_url,
    job_path,
    queue_number,
    session_cookie,
    status_of,
)
from integrations_sdk.errors import ConfigurationError, DeadlineExceededError
from integrations_sdk.models import Event, Outcome, OutcomeStatus
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.jenkins import JenkinsJob, JenkinsStandIn

T = TypeVar("T")

CANARY = "11CANARY0token0canary"
HOME = "https://jenkins.company.com"
CONFIG = {"jenkins_url": HOME, "username": "gitlab", "api_token": CANARY, "project_name": "myapp-build"}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHA = "a" * 40


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end."""
    return asyncio.run(work)


class Host(JenkinsConnector):
    """A connector that shows commit statuses; what it is told is kept, what it is to answer is scripted."""

    def __init__(self, *answers: BaseException | None) -> None:
        self.told: list[CommitStatus] = []
        self.answers = list(answers)

    async def set_commit_status(self, status: CommitStatus) -> Outcome:
        """Keep it, or fail."""
        self.told.append(status)
        if self.answers and (answer := self.answers.pop(0)) is not None:
            raise answer
        return Outcome(target="gitlab-1", provider="gitlab", operation="status")


class Jenkins:
    """A connector over a stand-in, and what it needs to be looked at."""

    def __init__(self, *, host: Host | None = None, **more: object) -> None:
        self.server = JenkinsStandIn()
        self.http = ScriptedHttp([answered_by(self.server)])
        self.clock = FakeClock()
        others = {"gitlab-1": host} if host is not None else {}
        given = {**self.server.config(), **more}
        self.connector = connect(JenkinsConnector, given, self.http, clock=self.clock, others=others)

    def passed(self, job: str) -> list[dict[str, str]]:
        """The parameters of a job's builds."""
        return self.server.jobs[job].passed

    def started(self) -> list[str]:
        """The paths that builds were started at."""
        return [one.url.removeprefix(self.server.url) for one in self.http.requests if one.method == "POST"]


def event(kind: str = "push", **more: object) -> Event:
    """An event of a project on GitLab."""
    facts = {
        "id": "1", "type": kind, "source": "https://gitlab.com/g/n", "time": NOW, "provider": "gitlab", "project": "g/n",
        "branch": "main", "sha": SHA,
    }  # fmt: skip
    return Event(**{**facts, **more})


async def drained() -> None:
    """Wait for what was left running in the background."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*rest)


# --- pure -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("job", "path"),
    [
        ("app", "/job/app"),
        ("team/my app", "/job/team/job/my%20app"),
        ("app/feature%2Fx", "/job/app/job/feature%252Fx"),
    ],
)
def test_a_job_has_its_path(job: str, path: str) -> None:
    """Folders nest, and a branch's encoded name is encoded once more."""
    assert job_path(job) == path
    assert job_of_url(f"https://elsewhere.test/jenkins{path}/7/") == Reference(job, number=7)


@pytest.mark.parametrize("job", ["..", "team/../../manage", "team/.", "team//app", ""])
def test_no_job_leads_out_of_its_folder(job: str) -> None:
    """A job's name from a request must not reach another address with the credentials."""
    with pytest.raises(ConfigurationError, match="expected something other"):
        job_path(job)


@given(
    st.lists(
        st.text(alphabet="abc %/ä", min_size=1).map(lambda part: part.replace("/", "%2F")),
        min_size=1,
        max_size=3,
    )
)
def test_every_job_is_found_again_in_its_url(parts: list[str]) -> None:
    """Path and URL are inverse."""
    job = "/".join(parts)
    assert job_of_url(f"{HOME}{job_path(job)}/12/") == Reference(job, number=12)


@pytest.mark.parametrize(
    "url",
    [
        "", "https://x.test/job/app/", "https://x.test/view/7/", "https://x.test/job/app/lastBuild/", "http://[/job//7",
        "https://x.test" + "/job/a" * 100_000 + "/7",
    ],
)  # fmt: skip
def test_what_is_no_builds_url(url: str) -> None:
    """Anything else has no job and number."""
    assert job_of_url(url) is None


@pytest.mark.parametrize("text", ["queue:42", "queue:42@team/app", "team/app#7", "app/feature%2Fx#1"])
def test_references_read_as_they_are_written(text: str) -> None:
    """Text and reference are inverse."""
    assert str(Reference.parse(text)) == text


@pytest.mark.parametrize("text", ["", "42", "queue:", "queue:x@a", "app#", "#7", "app#x"])
def test_what_is_no_reference_is_refused(text: str) -> None:
    """The error says what one looks like."""
    with pytest.raises(ConfigurationError, match="expected queue:<number>@<job> or <job>#<number>"):
        Reference.parse(text)


@pytest.mark.parametrize(
    ("location", "number"),
    [
        ("https://x.test/jenkins/queue/item/42/", 42),
        ("/queue/item/7", 7),
        ("", None),
        ("https://x.test/job/app/", None),
    ],
)
def test_the_queue_item_is_in_the_location(location: str, number: int | None) -> None:
    """Whatever Jenkins calls itself there."""
    assert queue_number(location) == number


@pytest.mark.parametrize(
    ("build", "status"),
    [
        ({"result": "SUCCESS"}, "success"),
        ({"result": "UNSTABLE"}, "failed"),
        ({"result": "FAILURE"}, "failed"),
        ({"result": "ABORTED"}, "canceled"),
        ({"result": "NOT_BUILT"}, "canceled"),
        ({"result": "NEW_WORD"}, "failed"),
        ({"result": None, "building": True}, "running"),
        ({"result": "FAILURE", "building": True}, "running"),
        ({}, "running"),
    ],
)
def test_results_have_a_status(build: dict[str, Any], status: str) -> None:
    """Every word of hudson.model.Result is known, and an unknown one is no success."""
    assert status_of(build) == BuildStatus(status)


def test_only_declared_parameters_are_passed() -> None:
    """The job's own spelling wins; the others are named."""
    assert declared({"BRANCH": "main", "Sha": "1", "x": "2"}, ["branch", "SHA"]) == (
        {"branch": "main", "SHA": "1"},
        ["x"],
    )
    assert declared({"a": "1", "A": "2"}, ["A", "a"]) == ({"a": "1", "A": "2"}, [])


def test_the_session_is_found_among_cookies() -> None:
    """Only Jenkins' own session is sent back."""
    given = "other=1; Path=/, JSESSIONID.ab12=node0x; Path=/; Expires=Thu, 01 Jan 2026 00:00:00 GMT; HttpOnly, screenResolution="
    assert session_cookie(given) == "JSESSIONID.ab12=node0x"
    assert session_cookie("") == ""


def test_looks_get_rarer() -> None:
    """Half as much more each time, up to a minute; a longer interval stays as it is."""
    assert list(islice(delays(5), 4)) == [5, 7.5, 11.25, 16.875]
    assert list(islice(delays(5), 20))[-1] == 60
    assert list(islice(delays(90), 3)) == [90, 90, 90]


# --- configuration ----------------------------------------------------------


def test_every_missing_field_is_named() -> None:
    """One error names what is left out of the facade's partial configuration, and of an empty one."""
    with pytest.raises(ConfigurationError) as caught:
        connect(JenkinsConnector, {"project_name": "app-build", "trigger_on_push": True}, ScriptedHttp())
    assert [problem.path for problem in caught.value.problems] == ["jenkins_url", "username", "api_token"]
    with pytest.raises(ConfigurationError) as caught:
        connect(JenkinsConnector, {}, ScriptedHttp())
    assert "project_name" in {problem.path for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"jenkins_url": "jenkins"}, "jenkins_url"),
        ({"jenkins_url": f"{HOME}/job/app"}, "jenkins_url"),
        ({"project_name": "team//app"}, "project_name"),
        ({"project_name": f"{HOME}/job/app"}, "project_name"),
        ({"jobs": ["a", " "]}, "jobs[1]"),
        ({"job_parameters": {"A": ["x"]}}, "job_parameters.A"),
        ({"poll_interval": 0}, "poll_interval"),
        ({"username": ""}, "username"),
        ({"trigger_on_push": "yes"}, "trigger_on_push"),
    ],
)
def test_wrong_fields_are_named(given: dict[str, object], path: str) -> None:
    """Each field says what it expects, without its value."""
    with pytest.raises(ConfigurationError) as caught:
        connect(JenkinsConnector, {**CONFIG, **given}, ScriptedHttp())
    assert [problem.path for problem in caught.value.problems] == [path]
    assert CANARY not in str(caught.value)


def test_the_enterprise_names_work() -> None:
    """The other document's configuration is accepted as it is."""
    given = {
        "base_url": f"{HOME}/ci/", "username": "automation", "api_token": "t", "default_job": "config-deployment",
        "trigger_patterns": ["app.database.*", "app.cache.*"],
        "job_parameters": {"ENVIRONMENT": "production", "NOTIFY_TEAM": "platform"},
    }  # fmt: skip
    known = connect(JenkinsConnector, given, ScriptedHttp())
    assert known.base_url == f"{HOME}/ci"
    assert known.config.all_jobs == ("config-deployment",)
    assert known.config.trigger_patterns == ("app.database.*", "app.cache.*")
    assert attrs.fields_dict(JenkinsConfig)["build_token"].default is None


# --- starting ---------------------------------------------------------------


def test_a_build_gets_branch_and_commit() -> None:
    """The facade's call passes both to a job that declares them."""
    jenkins = Jenkins()
    outcome = run(jenkins.connector.trigger_build(BuildRequest(branch="main", commit_sha="abc123")))
    assert (outcome.reference, outcome.url) == (
        "queue:1@myapp-build",
        f"{jenkins.server.url}/job/myapp-build/",
    )
    assert outcome.detail == "started myapp-build"
    assert outcome.data == {"builds": [{"job": "myapp-build", "reference": "queue:1@myapp-build"}]}
    sent = jenkins.http.requests[-1]
    assert (sent.method, sent.url) == ("POST", f"{jenkins.server.url}/job/myapp-build/buildWithParameters")
    assert parse_qs(sent.content.decode()) == {"BRANCH": ["main"], "COMMIT_SHA": ["abc123"]}
    assert not jenkins.http.calls[-1].idempotent
    run(jenkins.connector.get_build("queue:1"))
    assert jenkins.passed("myapp-build") == [{"BRANCH": "main", "COMMIT_SHA": "abc123"}]


def test_a_job_without_parameters_is_just_built() -> None:
    """What it does not take is not sent, and said."""
    jenkins = Jenkins(project_name="team/app")
    jenkins.server.jobs["team/app"] = JenkinsJob()
    outcome = run(jenkins.connector.trigger_build(BuildRequest(branch="main")))
    assert jenkins.started() == ["/job/team/job/app/build"]
    assert outcome.detail == "started team/app, without BRANCH, which it does not declare"
    assert jenkins.http.requests[-1].content == b""


def test_parameters_come_from_everywhere() -> None:
    """Configured ones first, the request's own last; names can be chosen."""
    jenkins = Jenkins(
        job_parameters={"ENV": "prod", "DRY": True, "N": 3, "R": 1.5},
        branch_parameter="GIT_REF",
        commit_parameter="SHA",
    )
    names = ("ENV", "DRY", "N", "R", "GIT_REF", "SHA")
    jenkins.server.jobs["myapp-build"] = JenkinsJob(parameters=dict.fromkeys(names, ""))
    run(jenkins.connector.trigger_build(BuildRequest(branch="x", commit_sha="1", parameters={"ENV": "test"})))
    run(jenkins.connector.get_build("queue:1"))
    assert jenkins.passed("myapp-build") == [
        {"ENV": "test", "DRY": "true", "N": "3", "R": "1.5", "GIT_REF": "x", "SHA": "1"}
    ]


def test_a_multibranch_project_builds_the_branch() -> None:
    """The branch's own job is built; what there is none for says so."""
    jenkins = Jenkins(project_name="app")
    jenkins.server.jobs |= {
        "app": JenkinsJob(multibranch=True),
        "app/feature%2Fx": JenkinsJob(),
        "app/v1": JenkinsJob(),
    }
    outcome = run(jenkins.connector.trigger_build(BuildRequest(branch="feature/x")))
    assert jenkins.started() == ["/job/app/job/feature%252Fx/build"]
    assert outcome.reference == "queue:1@app/feature%2Fx"
    run(jenkins.connector.handle_event(event("tag_push", branch=None, tag="v1")))
    assert jenkins.started()[-1] == "/job/app/job/v1/build"
    with pytest.raises(RejectedError, match="app has no job for the branch other"):
        run(jenkins.connector.trigger_build(BuildRequest(branch="other")))
    with pytest.raises(RejectedError, match="say which branch to build"):
        run(jenkins.connector.trigger_build(BuildRequest()))


def test_a_build_token_stays_out_of_the_url() -> None:
    """It is sent in the body, and lets a user without Job/Build in."""
    jenkins = Jenkins(build_token="canary-build-token")
    jenkins.server.jobs["myapp-build"].token = "canary-build-token"
    jenkins.server.permissions.discard("Job/Build")
    assert run(jenkins.connector.trigger_build(BuildRequest()))
    assert all("canary" not in request.url for request in jenkins.http.requests)


def test_several_jobs_are_started_together() -> None:
    """The outcome has a reference for each, and its own follows the first."""
    jenkins = Jenkins(jobs=["docs", "myapp-build"])
    jenkins.server.jobs["docs"] = JenkinsJob()
    outcome = run(jenkins.connector.trigger_build(BuildRequest(branch="main")))
    assert outcome.reference == "queue:1@myapp-build"
    assert outcome.data == {
        "builds": [
            {"job": "myapp-build", "reference": "queue:1@myapp-build"},
            {"job": "docs", "reference": "queue:2@docs"},
        ]
    }
    assert run(jenkins.connector.trigger_build(BuildRequest(job="docs"))).reference == "queue:3@docs"


def test_one_job_of_several_fails() -> None:
    """The others are started; the outcome failed, names the job, and is not to be retried as a whole."""
    jenkins = Jenkins(jobs=["gone"])
    outcome = run(jenkins.connector.trigger_build(BuildRequest()))
    assert (outcome.status, outcome.retryable, outcome.reference) == (
        OutcomeStatus.FAILED,
        False,
        "queue:1@myapp-build",
    )
    assert outcome.error is not None
    assert outcome.error.startswith("1 of 2 jobs were not started: ")
    assert "no job gone" in outcome.error
    builds = outcome.data["builds"]
    assert isinstance(builds, list)
    assert isinstance(builds[1], dict)
    assert builds[1]["job"] == "gone"


def test_no_job_of_several_starts() -> None:
    """Then it is an error like any other."""
    with pytest.raises(RejectedError, match="no job gone, or no permission Job/Read"):
        run(Jenkins(project_name="gone", jobs=["gone-too"]).connector.trigger_build(BuildRequest()))


def test_jenkins_names_no_queue_item() -> None:
    """A proxy may swallow the Location; then there is nothing to follow."""
    info = reply(200, {"name": "app", "buildable": True})
    known = connect(
        JenkinsConnector,
        {**CONFIG, "report_status_to": "gitlab-1"},
        ScriptedHttp([info, reply(201)]),
        others={"gitlab-1": Host()},
    )
    outcome = run(known.trigger_build(BuildRequest(commit_sha=SHA)))
    assert outcome
    assert outcome.reference is None


def test_a_crumb_is_fetched_when_jenkins_asks_for_one() -> None:
    """With a password, a crumb and its session are needed; they are kept, and renewed when they are over."""
    jenkins = Jenkins(api_token=JenkinsStandIn.password)
    run(jenkins.connector.trigger_build(BuildRequest()))
    asked = [request.url.removeprefix(jenkins.server.url) for request in jenkins.http.requests]
    assert asked[1:] == [
        "/job/myapp-build/buildWithParameters",
        "/crumbIssuer/api/json",
        "/job/myapp-build/buildWithParameters",
    ]
    assert jenkins.http.requests[-1].headers["cookie"].startswith("JSESSIONID.")
    run(jenkins.connector.trigger_build(BuildRequest()))
    assert len(jenkins.http.requests) == 6
    jenkins.server._sessions.clear()
    run(jenkins.connector.trigger_build(BuildRequest()))
    assert len(jenkins.http.requests) == 10


def test_a_crumb_without_a_session_is_sent_alone() -> None:
    """A proxy that keeps the session itself sets no cookie."""
    crumb = reply(200, {"crumb": "c", "crumbRequestField": "Jenkins-Crumb"})
    refusal = reply(403, "<html>No valid crumb was included in the request</html>", content_type="text/html")
    http = ScriptedHttp([reply(200, {"name": "app"}), refusal, crumb, reply(201, location="/queue/item/1/")])
    assert (
        run(connect(JenkinsConnector, CONFIG, http).trigger_build(BuildRequest())).reference
        == "queue:1@myapp-build"
    )
    assert http.requests[-1].headers["Jenkins-Crumb"] == "c"
    assert "cookie" not in http.requests[-1].headers


# --- following --------------------------------------------------------------


def test_a_build_goes_from_the_queue_to_its_result() -> None:
    """Pending, running, ended; the reference goes over to the build's number."""
    jenkins = Jenkins()
    jenkins.server.root = "https://what-jenkins-calls-itself.test/ci"
    reference = run(jenkins.connector.trigger_build(BuildRequest())).reference
    assert reference is not None
    first = run(jenkins.connector.get_build(reference))
    assert (first.status, first.reference, first.number, first.job) == (
        BuildStatus.PENDING,
        reference,
        None,
        "myapp-build",
    )
    second = run(jenkins.connector.get_build(reference))
    assert (second.status, second.reference, second.number, second.duration) == (
        BuildStatus.RUNNING,
        "myapp-build#1",
        1,
        None,
    )
    third = run(jenkins.connector.get_build(second.reference))
    assert (third.status, third.duration) == (BuildStatus.SUCCESS, timedelta(milliseconds=12_345))
    assert third.url == "https://what-jenkins-calls-itself.test/ci/job/myapp-build/1/"
    assert all(request.url.startswith(jenkins.server.url) for request in jenkins.http.requests)


def test_a_build_is_found_when_the_queue_has_forgotten_it() -> None:
    """By the number it had there, among the job's builds."""
    jenkins = Jenkins()
    run(jenkins.connector.trigger_build(BuildRequest()))
    run(jenkins.connector.get_build("queue:1"))
    jenkins.server.forget_queue()
    assert run(jenkins.connector.get_build("queue:1@myapp-build")).number == 1
    for reference in ("queue:1", "queue:2@myapp-build"):
        with pytest.raises(RejectedError, match="Jenkins forgets them five minutes after"):
            run(jenkins.connector.get_build(reference))
    with pytest.raises(RejectedError, match="there is no build myapp-build#9"):
        run(jenkins.connector.get_build("myapp-build#9"))


def test_a_build_taken_out_of_the_queue_was_canceled() -> None:
    """Jenkins says `cancelled`."""
    jenkins = Jenkins()
    run(jenkins.connector.trigger_build(BuildRequest()))
    jenkins.server.queue[1]["cancelled"] = True
    assert run(jenkins.connector.get_build("queue:1")).status is BuildStatus.CANCELED


def test_the_newest_build() -> None:
    """None while there is none."""
    jenkins = Jenkins()
    assert run(jenkins.connector.last_build()) is None
    run(jenkins.connector.trigger_build(BuildRequest()))
    run(jenkins.connector.get_build("queue:1"))
    last = run(jenkins.connector.last_build("myapp-build"))
    assert last is not None
    assert last.reference == "myapp-build#1"


def test_waiting_for_a_build() -> None:
    """Looks get rarer until it has ended."""
    jenkins = Jenkins(poll_interval=2)
    jenkins.server.jobs["myapp-build"].result = "UNSTABLE"
    run(jenkins.connector.trigger_build(BuildRequest()))
    assert run(jenkins.connector.wait_for_build("queue:1")).status is BuildStatus.FAILED
    assert jenkins.clock.slept == [2, 3]


def test_waiting_no_longer_than_asked() -> None:
    """The error says how it stands, and the build is not touched."""
    http = ScriptedHttp([reply(200, {"number": 7, "building": True, "url": f"{HOME}/job/app/7/"})])
    clock = FakeClock()
    known = connect(JenkinsConnector, CONFIG, http, clock=clock)
    with pytest.raises(DeadlineExceededError, match="the build app#7 is still running after 12 s"):
        run(known.wait_for_build("app#7", timeout=timedelta(seconds=12)))
    assert clock.monotonic() == 12


# --- events -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("happened", "settings", "why"),
    [
        (event(), {}, "trigger_on_push is off"),
        (event(), {"trigger_on_push": True}, None),
        (event(), {"trigger_on_push": False, "events": ["push"]}, "trigger_on_push is off"),
        (event(), {"events": ["push"]}, None),
        (event(), {"trigger_on_push": True, "events": ["tag_push"]}, "not subscribed to push"),
        (event(), {"trigger_on_push": True, "branches": ["release/*"]}, "branch main is filtered out"),
        (event(branch="release/1"), {"trigger_on_push": True, "branches": ["release/*"]}, None),
        (event(sha=None), {"trigger_on_push": True}, "there is no commit to build"),
        (event(action="deleted"), {"trigger_on_push": True}, "there is no commit to build"),
        (event("tag_push", branch=None, tag="v1"), {"trigger_on_tag": True}, None),
        (event("merge_request", action="opened"), {"trigger_on_merge_request": True}, None),
        (event("merge_request", action="reopened"), {"trigger_on_merge_request": True}, None),
        (event("merge_request", action="merged"), {"trigger_on_merge_request": True}, "a merge request that was merged brings no new commits"),
        (event("merge_request", action="updated"), {"trigger_on_merge_request": True}, "a merge request that was updated brings no new commits"),
        (event("merge_request"), {"trigger_on_merge_request": True}, "a merge request that was touched brings no new commits"),
        (event("merge_request", action="updated", data={"object_attributes": {"oldrev": SHA}}), {"trigger_on_merge_request": True}, None),
        (event("merge_request", action="updated", data={"action": "synchronize"}), {"trigger_on_merge_request": True}, None),
        (event("pipeline"), {"events": ["*"]}, "pipeline starts no builds: push, merge_request and tag_push do"),
    ],
)  # fmt: skip
def test_what_starts_builds(happened: Event, settings: dict[str, object], why: str | None) -> None:
    """Pushes, merge requests with new commits and tags, as switched on, of the branches that are wanted."""
    assert connect(JenkinsConnector, {**CONFIG, **settings}, ScriptedHttp()).wants(happened) == why


def test_a_push_starts_a_build() -> None:
    """With its branch and commit."""
    jenkins = Jenkins(trigger_on_push=True)
    assert run(jenkins.connector.handle_event(event())).reference == "queue:1@myapp-build"
    run(jenkins.connector.get_build("queue:1"))
    assert jenkins.passed("myapp-build") == [{"BRANCH": "main", "COMMIT_SHA": SHA}]


def test_the_result_is_shown_beside_the_commit() -> None:
    """Pending at once, running and the result from the background, each once."""
    host = Host()
    jenkins = Jenkins(host=host, report_status_to="gitlab-1", trigger_on_push=True)
    jenkins.server.jobs["myapp-build"].result = "FAILURE"

    async def whole() -> Outcome:
        outcome = await jenkins.connector.handle_event(event())
        assert [status.status for status in host.told] == [BuildStatus.PENDING]
        await drained()
        return outcome

    assert run(whole()).detail == "started myapp-build"
    assert [status.status for status in host.told] == [
        BuildStatus.PENDING,
        BuildStatus.RUNNING,
        BuildStatus.FAILED,
    ]
    last = host.told[-1]
    assert (last.sha, last.project, last.context) == (SHA, "g/n", "jenkins/myapp-build")
    assert (last.url, last.description) == (
        f"{jenkins.server.url}/job/myapp-build/1/",
        "myapp-build #1: failed",
    )
    assert host.told[0].url == f"{jenkins.server.url}/job/myapp-build/"


def test_reporting_outlives_what_passes() -> None:
    """A Jenkins that restarts, and a host that does not answer, are waited for; a pending status that failed is said."""
    host = Host(ProviderUnavailableError("down"), ProviderUnavailableError("down"))
    jenkins = Jenkins(host=host, report_status_to="gitlab-1")

    async def whole() -> Outcome:
        outcome = await jenkins.connector.trigger_build(BuildRequest(commit_sha=SHA))
        jenkins.server.fail(status=503, times=2)
        await drained()
        return outcome

    assert run(whole()).detail == "started myapp-build; its status is not shown: down"
    assert host.told[-1].status is BuildStatus.SUCCESS


@pytest.mark.parametrize("broken", ["jenkins", "host"])
def test_reporting_ends_when_it_is_refused(broken: str) -> None:
    """What would be refused again ends the following, with the error for the log."""
    refusal = RejectedError("no such commit")
    host = Host(None, refusal) if broken == "host" else Host()
    jenkins = Jenkins(host=host, report_status_to="gitlab-1")

    async def whole() -> None:
        await jenkins.connector.trigger_build(BuildRequest(commit_sha=SHA))
        if broken == "jenkins":
            jenkins.server.jobs.clear()
            jenkins.server.queue.clear()
        await drained()

    with pytest.raises(RejectedError):
        run(whole())


def test_reporting_ends_in_the_end() -> None:
    """A build that never ends is not followed for ever."""
    host = Host()
    jenkins = Jenkins(host=host, report_status_to="gitlab-1", build_timeout=60)
    running = reply(200, {"number": 1, "building": True, "url": f"{HOME}/job/myapp-build/1/"})
    left = reply(200, {"executable": {"number": 1, "url": f"{HOME}/job/myapp-build/1/"}})
    jenkins.http.answers = [*[answered_by(jenkins.server)] * 2, left, running]

    async def whole() -> None:
        await jenkins.connector.trigger_build(BuildRequest(commit_sha=SHA))
        await drained()

    run(whole())
    assert [status.status for status in host.told] == [BuildStatus.PENDING, BuildStatus.RUNNING]
    assert 60 <= jenkins.clock.monotonic() < 120


def test_what_shows_no_statuses_is_refused_before_anything_is_built() -> None:
    """The error names the setting."""
    jenkins = Jenkins(report_status_to="jenkins-2")
    other = connect(JenkinsConnector, CONFIG, ScriptedHttp())
    known = connect(
        JenkinsConnector,
        {**jenkins.server.config(), "report_status_to": "x"},
        jenkins.http,
        others={"x": other},
    )
    with pytest.raises(ConfigurationError, match="report_status_to"):
        run(known.trigger_build(BuildRequest(commit_sha=SHA)))
    assert jenkins.started() == []


# --- health and errors ------------------------------------------------------


def test_the_check_changes_nothing() -> None:
    """It reads Jenkins and its jobs."""
    jenkins = Jenkins()
    result = run(jenkins.connector.check())
    assert (result.detail, result.warnings) == ("Jenkins 2.528.2 as gitlab", ())
    assert {request.method for request in jenkins.http.requests} == {"GET"}


def test_the_check_warns_of_what_will_fail() -> None:
    """Missing and disabled jobs, parameters that are not declared, a Jenkins about to end."""
    jenkins = Jenkins(jobs=["gone", "off", "multi", "odd"], job_parameters={"branch": "x", "ENV": "prod"})
    jenkins.server.jobs |= {
        "off": JenkinsJob(enabled=False),
        "multi": JenkinsJob(multibranch=True),
        "odd": JenkinsJob(parameters={"env": "", "BRANCH": ""}),
    }
    jenkins.server.quieting_down = True
    assert run(jenkins.connector.check()).warnings == (
        "Jenkins is preparing to shut down and starts no builds",
        "the job myapp-build does not declare ENV: add them, or leave them out",
        "there is no job gone, or gitlab lacks the permission Job/Read for it",
        "the job off is disabled: enable it",
    )


HTML = {"content_type": "text/html"}


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (reply(401, "<html>Invalid password/token</html>", **HTML), AuthenticationError, "the credentials are refused"),
        (reply(403, "<html>x</html>", x_required_permission="hudson.model.Item.Build", **HTML), PermissionDeniedError, "gitlab lacks the permission hudson.model.Item.Build"),
        (reply(400, "<html>x</html>", **HTML), RejectedError, "does not accept the parameters"),
        (reply(405, "<html>x</html>", **HTML), RejectedError, "does not accept this method"),
        (reply(409, "<html>x</html>", **HTML), RejectedError, "disabled, or not to be built"),
        (reply(400, "<html>x</html>", x_error="No such parameter value", **HTML), RejectedError, "No such parameter value"),
        (reply(500, "<html>This build is not parameterized!</html>", **HTML), ProviderUnavailableError, "server error"),
        (reply(302, "", location=f"{HOME}/login"), RejectedError, "redirect"),
    ],
)  # fmt: skip
def test_errors_are_no_web_pages(answer: Any, kind: type[Exception], words: str) -> None:
    """Each refusal becomes its error, and no HTML is in it."""
    http = ScriptedHttp([reply(200, {"name": "app"}), answer])
    with pytest.raises(kind) as caught:
        run(connect(JenkinsConnector, CONFIG, http).trigger_build(BuildRequest()))
    assert words in str(caught.value)
    assert "<html>" not in str(caught.value)


def test_odd_answers_about_jobs_are_survived() -> None:
    """A job whose properties are not as documented takes no parameters."""
    odd = {"name": "app", "property": [3, {"parameterDefinitions": None}, {"parameterDefinitions": [4]}]}
    http = ScriptedHttp([reply(200, odd), reply(201, location="/queue/item/1/")])
    run(connect(JenkinsConnector, CONFIG, http).trigger_build(BuildRequest(branch="x")))
    assert http.requests[-1].url.endswith("/job/myapp-build/build")
