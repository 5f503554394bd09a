"""Jenkins in miniature: jobs in folders, a queue, builds that end.

https://www.jenkins.io/doc/book/using/remote-access-api/
"""

from __future__ import annotations

import base64
import html
import secrets
from collections.abc import Mapping
from hmac import compare_digest
from typing import Final
from urllib.parse import unquote

import attrs

from integrations_sdk.models import JsonValue
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["JenkinsJob", "JenkinsStandIn"]

Record = dict[str, JsonValue]

_VERSION: Final = {"x-jenkins": "2.528.2"}
_PERMISSIONS: Final = {"Job/Build": "hudson.model.Item.Build", "Overall/Read": "hudson.model.Hudson.Read"}


@attrs.define(kw_only=True)
class JenkinsJob:
    """A job, or a multibranch project.

    Attributes:
        parameters: their names and defaults; a job without any takes none.
        result: what its builds end with: `SUCCESS`, `UNSTABLE`, `FAILURE`, `ABORTED`, `NOT_BUILT`.
        token: of "Trigger builds remotely".
        builds: as the API shows them, the newest last.
        passed: the parameters of each of them.
    """

    parameters: dict[str, str] = attrs.field(factory=dict)
    result: str = "SUCCESS"
    enabled: bool = True
    multibranch: bool = False
    token: str | None = None
    builds: list[Record] = attrs.field(factory=list)
    passed: list[dict[str, str]] = attrs.field(factory=list)


class JenkinsStandIn(StandIn):
    """A Jenkins with the job `myapp-build`, which takes `BRANCH` and `COMMIT_SHA`.

    What is started waits in the queue when it is first looked at, runs at the second look, and has ended
    at the third. API tokens need no crumb; the password does, and the session of that crumb.

    Attributes:
        jobs: by full name, e.g. `team/app`, `app/feature%2Fx`.
        queue: its items as the API shows them, by number; `forget_queue()` empties it, as time does.
        root: what Jenkins believes its own URL to be; empty: `url`.
        permissions: of the user.
    """

    provider = "jenkins"
    username = "gitlab"
    token = "11stand0in0token0123456789abcdef01"  # noqa: S105  # accepted here and nowhere else
    password = "stand-in password"  # noqa: S105  # as above

    def __init__(self) -> None:
        super().__init__()
        self.jobs = {"myapp-build": JenkinsJob(parameters={"BRANCH": "main", "COMMIT_SHA": ""})}
        self.queue: dict[int, Record] = {}
        self.root = ""
        self.permissions = {"Overall/Read", "Job/Read", "Job/Build"}
        self.quieting_down = False
        self._sessions: dict[str, str] = {}
        self._waiting: dict[int, tuple[str, dict[str, str]]] = {}
        self._last_item = 0

    def config(self) -> dict[str, object]:
        """The server, its credentials and its job."""
        return {
            "jenkins_url": self.url,
            "username": self.username,
            "api_token": self.token,
            "project_name": "myapp-build",
        }

    def forget_queue(self) -> None:
        """What happens five minutes after a build has begun."""
        self.queue.clear()

    def authorized(self, request: Received) -> Reply | None:
        """Basic, with token or password; with the password a POST needs a crumb."""
        given = request.headers.get("authorization", "").encode()
        if compare_digest(given, _basic(self.username, self.token)):
            return None
        if not compare_digest(given, _basic(self.username, self.password)):
            return _page(
                401,
                f"Invalid password/token for user: {self.username}",
                {"www-authenticate": 'Basic realm="Jenkins"'},
            )
        session = request.headers.get("cookie", "").partition("=")[2]
        crumb = self._sessions.get(session)
        if request.method == "POST" and (crumb is None or request.headers.get("jenkins-crumb") != crumb):
            return _page(403, "No valid crumb was included in the request")
        return None

    def failure(self, status: int) -> Reply:
        """Jenkins' errors are pages."""
        return _page(status, f"injected fault {status}")

    def not_found(self, request: Received) -> Reply:
        """Jenkins' answer to an unknown path."""
        return _page(404, f"Not Found: {request.path}")

    @route("GET", "/api/json")
    def overview(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """Jenkins itself."""
        if "Overall/Read" not in self.permissions:
            return self._denied("Overall/Read")
        return _json({"_class": "hudson.model.Hudson", "mode": "NORMAL", "quietingDown": self.quieting_down})

    @route("GET", "/crumbIssuer/api/json")
    def crumb(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """A crumb, in a session of its own."""
        session, crumb = secrets.token_hex(8), secrets.token_hex(16)
        self._sessions[session] = crumb
        cookie = f"JSESSIONID.4f1a2b3c={session}; Path=/; HttpOnly; SameSite=Lax"
        return _json({"crumb": crumb, "crumbRequestField": "Jenkins-Crumb"}, {"set-cookie": cookie})

    @route("GET", "/queue/api/json")
    def whole_queue(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """What waits."""
        return _json(
            {"_class": "hudson.model.Queue", "items": [self.queue[number] for number in self._waiting]}
        )

    @route("GET", "/queue/item/{number}/api/json")
    def queue_item(self, request: Received, at: Mapping[str, str]) -> Reply:
        """One item; each look brings it on."""
        number = int(at["number"]) if at["number"].isdecimal() else -1
        item = self.queue.get(number)
        if item is None:
            return self.not_found(request)
        shown = dict(item)
        self._bring_on(number)
        return _json(shown)

    @route("GET", "/job/{rest*}")
    def job_or_build(self, request: Received, _: Mapping[str, str]) -> Reply:
        """A job; one of its builds; its newest build."""
        name, rest = _job_in(request.path)
        job = self.jobs.get(name) if "Job/Read" in self.permissions else None
        if job is None or not request.path.endswith("/api/json"):
            return self.not_found(request)
        if not rest:
            return _json(self._job(name, job, request.query.get("tree", "")))
        found = [build for build in job.builds if rest in {"lastBuild", str(build["number"])}]
        if not found:
            return self.not_found(request)
        shown = dict(found[-1])
        found[-1].update(building=False, result=job.result, duration=12_345)
        return _json(shown)

    @route("POST", "/job/{rest*}")
    def start(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Put a build into the queue."""
        name, operation = _job_in(request.path)
        job, form = self.jobs.get(name), {**request.query, **request.form()}
        if job is None or job.multibranch or operation not in {"build", "buildWithParameters"}:
            return self.not_found(request)
        if "Job/Build" not in self.permissions and (job.token is None or form.get("token") != job.token):
            return self._denied("Job/Build")
        if not job.enabled:
            return _page(409, f"{name} is not buildable!")
        if operation == "build" and job.parameters:
            return _page(400, "This page expects a form submission but had only {}")
        if operation == "buildWithParameters" and not job.parameters:
            return _page(500, "This build is not parameterized!")
        return self._enqueue(name, {key: form.get(key, default) for key, default in job.parameters.items()})

    def _enqueue(self, name: str, parameters: dict[str, str]) -> Reply:
        self._last_item += 1
        number = self._last_item
        self._waiting[number] = (name, parameters)
        self.queue[number] = {
            "_class": "hudson.model.Queue$WaitingItem",
            "id": number,
            "cancelled": False,
            "why": "In the quiet period. Expires in 4.9 sec",
            "task": {"name": name.rpartition("/")[2], "url": f"{self._root}{_path(name)}/"},
        }
        return Reply(status=201, headers={**_VERSION, "location": f"{self._root}/queue/item/{number}/"})

    def _bring_on(self, number: int) -> None:
        """The queue item's build begins."""
        if number not in self._waiting:
            return
        name, parameters = self._waiting.pop(number)
        job = self.jobs[name]
        built = len(job.builds) + 1
        url = f"{self._root}{_path(name)}/{built}/"
        job.builds.append(
            {"number": built, "url": url, "building": True, "result": None, "duration": 0, "queueId": number}
        )
        job.passed.append(parameters)
        left: Record = {
            "_class": "hudson.model.Queue$LeftItem",
            "why": None,
            "executable": {"number": built, "url": url},
        }
        self.queue[number] = {**self.queue[number], **left}

    @property
    def _root(self) -> str:
        return self.root or self.url

    def _job(self, name: str, job: JenkinsJob, tree: str) -> Record:
        kind = (
            "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject"
            if job.multibranch
            else "hudson.model.FreeStyleProject"
        )
        shown: Record = {"_class": kind, "name": name.rpartition("/")[2], "fullName": name}
        if job.multibranch:
            return shown
        definitions: list[JsonValue] = [{"name": one} for one in job.parameters]
        declared: list[JsonValue] = [{"parameterDefinitions": definitions}] if definitions else []
        shown.update(buildable=job.enabled, property=[{}, *declared])
        return {**shown, "builds": [*reversed(job.builds)]} if "builds[" in tree or not tree else shown

    def _denied(self, permission: str) -> Reply:
        named = {
            "x-you-are-authenticated-as": self.username,
            "x-required-permission": _PERMISSIONS[permission],
        }
        return _page(403, f"{self.username} is missing the {permission} permission", named)


def _basic(username: str, secret: str) -> bytes:
    return b"Basic " + base64.b64encode(f"{username}:{secret}".encode())


def _path(name: str) -> str:
    return "".join(f"/job/{part.replace('%', '%25')}" for part in name.split("/"))


def _job_in(path: str) -> tuple[str, str]:
    """The full name in `/job/team/job/app/7/api/json`, and what comes after it (`7`)."""
    parts = path.removesuffix("/api/json").removesuffix("/").split("/")[1:]
    names = []
    while len(parts) >= 2 and parts[0] == "job":
        names.append(unquote(parts[1]))
        parts = parts[2:]
    return "/".join(names), "/".join(parts)


def _json(value: Record, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(json=value, headers={**_VERSION, **(headers or {})})


def _page(status: int, said: str, headers: Mapping[str, str] | None = None) -> Reply:
    page = f"<html><title>Error {status}</title><h2>HTTP ERROR {status} {html.escape(said)}</h2></html>"
    return Reply(
        status=status,
        text=page,
        headers={**_VERSION, "content-type": "text/html;charset=iso-8859-1", **(headers or {})},
    )
