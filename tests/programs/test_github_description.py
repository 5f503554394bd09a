"""Every request to GitHub is one that GitHub's own description allows, of github.com and of Enterprise Server.

The description is that of npm's package `@octokit/openapi`, which is whole; the vendors' contracts have a part of it.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

import attrs
import pytest
from joserfc.jwk import RSAKey

from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.base import BuildRequest, BuildStatus, CommitStatus, IssueDraft
from integrations_sdk.connectors.github import GitHubConnector
from integrations_sdk.http.base import Request
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect
from integrations_sdk.testing.vendors.github import GitHubStandIn
from support.coverage import record
from support.node import packed_files
from support.openapi import Description
from support.scenarios import PIPELINE

PACKAGE = "@octokit/openapi@23.0.2"
CONTRACT = "contract @octokit/openapi 23.0.2"
KINDS = {
    "github.com": "api.github.com",
    "Enterprise Server 3.17": "ghes-3.17",
    "Enterprise Server 3.19": "ghes-3.19",
}
VERSIONS = [
    ("github.com", "2026-03-10"),
    ("github.com", "2022-11-28"),
    ("Enterprise Server 3.17", None),
    ("Enterprise Server 3.19", None),
]
SHA = "6104942438c14ec7bd21c6cd5bd995272b3faff6"
DRAFT = IssueDraft(
    title="Broken",
    description="text",
    issue_type="Bug",
    labels=("bug",),
    assignee="@octocat",
    priority="high",
    url="https://ci.example.com/1",
    external_id="a#1",
)

Work = Callable[[GitHubConnector], Awaitable[object]]

pytestmark = pytest.mark.timeout(200)


async def all_of(items: Any) -> list[Any]:
    return [item async for item in items]


async def find(github: GitHubConnector) -> None:
    """Once as it is remembered, once by the search."""
    await github.find_issue("a#1")
    await github.find_issue("unknown")


async def transition(github: GitHubConnector) -> None:
    for state in ("closed", "not_planned", "duplicate", "open"):
        await github.transition_issue("1", state)


async def build(github: GitHubConnector) -> None:
    """Both ways to build, each followed until it is found."""
    for job in ("ci.yml", None):
        outcome = await github.trigger_build(BuildRequest(job=job, branch="main", parameters={"a": "1"}))
        await github.get_build(outcome.reference or "")


async def follow(github: GitHubConnector) -> None:
    """By number, and by when and how they were started."""
    since = "since 2026-01-01T00:00:00Z"
    for reference in (
        "30001",
        f"{since} workflow_dispatch main ci.yml",
        f"{since} repository_dispatch build",
    ):
        await github.get_build(reference)


async def statuses(github: GitHubConnector) -> None:
    for status in BuildStatus:
        await github.set_commit_status(
            CommitStatus(sha=SHA, status=status, url="https://x.example", description="d")
        )


async def deployment_statuses(github: GitHubConnector) -> None:
    for state in ("queued", "pending", "in_progress", "success", "failure", "error", "inactive"):
        await github.set_deployment_status(
            "1", state, url="https://x.example", log_url="https://x.example/log", description="d"
        )


async def ensure(github: GitHubConnector) -> None:
    """A hook that is there, with a secret and without, and one that is not."""
    await github.ensure_hook("https://me.example.com/1", ["push", "merge_request"], secret="s" * 20)
    await github.ensure_hook("https://me.example.com/1", ["pipeline", "issue", "deployment"])
    await github.ensure_hook("https://me.example.com/2", ["wiki_page", "release", "tag_push", "*"])


OPERATIONS: dict[str, Work] = {
    "check": lambda github: github.check(),
    "get_rate_limit": lambda github: github.get_rate_limit(),
    "create_issue": lambda github: github.create_issue(DRAFT),
    "update_issue": lambda github: github.update_issue(
        "1", attrs.evolve(DRAFT, external_id=None, labels=None)
    ),
    "get_issue": lambda github: github.get_issue("1"),
    "find_issue": find,
    "list_issues": lambda github: all_of(github.list_issues(state="all")),
    "comment_issue": lambda github: github.comment_issue("1", "seen"),
    "transition_issue": transition,
    "create_pull_request": lambda github: github.create_pull_request("feature", "x", body="b", draft=True),
    "update_pull_request": lambda github: github.update_pull_request(
        "2", title="t", body="b", state="closed", base="main"
    ),
    "comment_pull_request": lambda github: github.comment_pull_request("2", "seen"),
    "list_pull_requests": lambda github: all_of(github.list_pull_requests(state="all")),
    "trigger_build": build,
    "dispatch_repository": lambda github: github.dispatch_repository("build", {"a": 1}),
    "get_build": follow,
    "set_commit_status": statuses,
    "create_deployment": lambda github: github.create_deployment(
        "main", description="d", required_contexts=["ci"]
    ),
    "set_deployment_status": deployment_statuses,
    "create_hook": lambda github: github.create_hook("https://me.example.com/1", ["push"], secret="s" * 20),
    "ensure_hook": ensure,
    "list_hooks": lambda github: all_of(github.list_hooks()),
    "handle_event": lambda github: github.handle_event(PIPELINE),
}
"""Everything that the connector can do, in an order in which each finds what it needs."""


@pytest.fixture(scope="module")
def descriptions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Description]:
    """GitHub's own, by the kind of GitHub."""
    members = [f"generated/{name}.json" for name in KINDS.values()]
    files = packed_files(PACKAGE, members, tmp_path_factory.mktemp("octokit"))
    contents = dict(zip(KINDS, map(json.loads, files), strict=True))
    for content in contents.values():
        # By its own words a range in the syntax of searches (`>=…`), which its format, a time, contradicts.
        assert "range" in content["components"]["parameters"]["created"]["description"]
        del content["components"]["parameters"]["created"]["schema"]["format"]
    return {kind: Description(content) for kind, content in contents.items()}


@cache
def keys() -> tuple[str, str]:
    key = RSAKey.generate_key(2048)
    return key.as_pem(private=True).decode(), key.as_pem(private=False).decode()


def made_by(stand_in: GitHubStandIn, config: dict[str, object]) -> dict[str, list[Request]]:
    """The requests of each operation."""
    http = ScriptedHttp([answered_by(stand_in)])
    github = connect(GitHubConnector, config, http, clock=FakeClock())
    made: dict[str, list[Request]] = {}

    async def everything() -> None:
        for name, work in OPERATIONS.items():
            before = len(http.requests)
            await work(github)
            made[name] = http.requests[before:]

    asyncio.run(everything())
    assert stand_in.refused == []
    return made


def configured(kind: str, stand_in: GitHubStandIn) -> dict[str, object]:
    stand_in.url = (
        "https://github.test/api/v3" if kind.startswith("Enterprise") else "https://api.github.test"
    )
    return {**stand_in.config(), "dispatch_event": "build", "auto_create_issues": True}


def test_every_operation_is_made() -> None:
    """What the connector offers and what is tried here are the same."""
    own = [
        cls
        for cls in GitHubConnector.__mro__
        if cls.__module__.startswith("integrations_sdk.connectors.github")
    ]
    public = {
        name
        for cls in own
        for name, value in vars(cls).items()
        if not name.startswith("_")
        and (inspect.iscoroutinefunction(value) or inspect.isasyncgenfunction(value))
    }
    assert public - {"authorize"} == OPERATIONS.keys()


@pytest.mark.parametrize(("kind", "version"), VERSIONS)
def test_every_request_is_described(
    descriptions: dict[str, Description], kind: str, version: str | None
) -> None:
    """Method, path, parameters and body of each request of each operation."""
    stand_in = GitHubStandIn()
    config = configured(kind, stand_in) | ({"api_version": version} if version else {})
    for name, requests in made_by(stand_in, config).items():
        assert requests, name
        for request in requests:
            operation, complaints = descriptions[kind].complaints(request, stand_in.url)
            assert complaints == [], f"{name}: {operation} {request.content!r}"
            record("github", name, f"{CONTRACT}: {operation}")


def test_an_app_is_described(descriptions: dict[str, Description]) -> None:
    """The exchange of its proof for a token, and the check of an installation."""
    stand_in = GitHubStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    stand_in.url = "https://api.github.test"
    clock = FakeClock()
    stand_in.now = clock.now()
    github = connect(GitHubConnector, stand_in.app_config(*keys()), http, clock=clock)
    asyncio.run(github.check())
    seen = []
    for request in http.requests:
        operation, complaints = descriptions["github.com"].complaints(request, stand_in.url)
        assert complaints == [], operation
        seen.append(operation)
        record("github", "check", f"{CONTRACT}: {operation}")
    assert seen == [
        "POST /app/installations/{installation_id}/access_tokens",
        "GET /installation/repositories",
        "GET /repos/{owner}/{repo}",
    ]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/repos/o/r/issues", {"body": "no title"}),
        ("POST", "/repos/o/r/issues", {"title": "x", "priority": "high"}),
        ("POST", "/repos/o/r/statuses/x", {"state": "running"}),
        ("PATCH", "/repos/o/r/hooks/1", {"config": {"uri": "https://x"}}),
        ("GET", "/repos/o/r/issues?order=asc", None),
        ("GET", "/repos/o/r/issues?state=done", None),
        ("DELETE", "/repos/o/r/statuses/x", None),
    ],
)
def test_the_description_would_say_so(
    descriptions: dict[str, Description], method: str, path: str, body: object
) -> None:
    """What GitHub does not describe is found: the checks above can fail."""
    content = b"" if body is None else json.dumps(body).encode()
    request = Request(
        method=method, url=f"https://x{path}", headers={"content-type": "application/json"}, content=content
    )
    _, complaints = descriptions["github.com"].complaints(request, "https://x")
    assert complaints != []
