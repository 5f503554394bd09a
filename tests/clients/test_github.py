"""The best-known client of GitHub: https://pypi.org/project/PyGithub."""

from __future__ import annotations

from typing import Any

from integrations_sdk.models import BuildRequest, BuildStatus, CommitStatus, IssueDraft
from support.clients import Versus, against, every
from support.recording import Difference, Extra

versus = against("github", "PyGithub", "github")

SHA = "a" * 40


def client(stand_in: Any) -> Any:
    import github

    who = github.Auth.Token(stand_in.token)
    return github.Github(
        auth=who,
        base_url=stand_in.url,
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
        per_page=100,
        lazy=True,
    )


def repository(stand_in: Any) -> Any:
    return client(stand_in).get_repo(stand_in.repository)


def issue(stand_in: Any) -> None:
    stand_in.issues[1] = {
        "id": 1001, "number": 1, "title": "Login fails", "state": "open", "labels": [], "body": "",
        "url": f"{stand_in.url}/repos/{stand_in.repository}/issues/1",
    }  # fmt: skip


SCHEME = Difference(
    "auth.authorization.scheme", "the client writes `token`, the older word; GitHub takes both"
)


def test_an_issue_is_created(versus: Versus) -> None:
    """Title, text and labels."""
    outcome, made = versus(
        "create_issue",
        SCHEME,
        ours=lambda it: it.create_issue(
            IssueDraft(title="Login fails", description="Since noon.", labels=("login",))
        ),
        theirs=lambda it: repository(it).create_issue("Login fails", body="Since noon.", labels=["login"]),
    )
    assert outcome.reference == str(made.number)


def test_an_issue_is_read(versus: Versus) -> None:
    """By its number."""
    found, answer = versus(
        "get_issue",
        SCHEME,
        prepare=issue,
        ours=lambda it: it.get_issue("1"),
        theirs=lambda it: repository(it).get_issue(1).complete(),
    )
    assert (found.title, found.status) == (answer.title, answer.state)


def test_an_issue_is_changed(versus: Versus) -> None:
    """`PATCH` with title and labels."""
    versus(
        "update_issue",
        SCHEME,
        prepare=issue,
        ours=lambda it: it.update_issue("1", IssueDraft(title="Login fails again", labels=("login",))),
        theirs=lambda it: repository(it).get_issue(1).edit(title="Login fails again", labels=["login"]),
    )


def test_an_issue_is_closed(versus: Versus) -> None:
    """State and reason."""
    versus(
        "transition_issue",
        SCHEME,
        prepare=issue,
        ours=lambda it: it.transition_issue("1", "closed"),
        theirs=lambda it: repository(it).get_issue(1).edit(state="closed", state_reason="completed"),
    )


def test_an_issue_is_commented(versus: Versus) -> None:
    """A body."""
    versus(
        "comment_issue",
        SCHEME,
        prepare=issue,
        ours=lambda it: it.comment_issue("1", "Seen."),
        theirs=lambda it: repository(it).get_issue(1).create_comment("Seen."),
    )


def test_issues_are_listed(versus: Versus) -> None:
    """Page by page, as the `Link` header says."""

    def many(stand_in: Any) -> None:
        stand_in.issues |= {
            n: {"id": n, "number": n, "title": str(n), "state": "open", "labels": []} for n in range(1, 151)
        }

    found, listed = versus(
        "list_issues",
        SCHEME,
        prepare=many,
        ours=lambda it: every(it.list_issues(state="open")),
        theirs=lambda it: list(repository(it).get_issues(state="open")),
    )
    assert [one.reference for one in found] == [str(one.number) for one in listed]


def test_a_pull_request_is_opened(versus: Versus) -> None:
    """Head, base, title, text."""
    versus(
        "create_pull_request",
        SCHEME,
        ours=lambda it: it.create_pull_request("fix", "Fix", base="main", body="It does."),
        theirs=lambda it: repository(it).create_pull(
            base="main", head="fix", title="Fix", body="It does.", draft=False
        ),
    )


def test_a_commit_status(versus: Versus) -> None:
    """State, context, target, description."""
    versus(
        "set_commit_status",
        SCHEME,
        ours=lambda it: it.set_commit_status(
            CommitStatus(
                sha=SHA,
                status=BuildStatus.SUCCESS,
                context="build",
                url="https://ci.example.com/7",
                description="#7",
            )
        ),
        theirs=lambda it: (
            repository(it)
            .get_commit(SHA)
            .create_status(
                "success", target_url="https://ci.example.com/7", description="#7", context="build"
            )
        ),
    )


def test_a_deployment(versus: Versus) -> None:
    """Ref and environment."""
    versus(
        "create_deployment",
        SCHEME,
        ours=lambda it: it.create_deployment("main", environment="staging", description="#7"),
        theirs=lambda it: repository(it).create_deployment(
            "main", environment="staging", description="#7", auto_merge=False
        ),
    )


def test_a_deployments_status(versus: Versus) -> None:
    """State and addresses."""

    def prepare(stand_in: Any) -> None:
        repository(stand_in).create_deployment("main")

    versus(
        "set_deployment_status",
        SCHEME,
        prepare=prepare,
        ours=lambda it: it.set_deployment_status(
            "1", "success", url="https://shop.example", description="done"
        ),
        theirs=lambda it: (
            repository(it)
            .get_deployment(1)
            .create_status("success", environment_url="https://shop.example", description="done")
        ),
    )


def test_a_workflow_is_started(versus: Versus) -> None:
    """Ref and inputs."""
    versus(
        "trigger_build",
        SCHEME,
        given=lambda it: it.config() | {"workflow": "ci.yml"},
        ours=lambda it: it.trigger_build(BuildRequest(branch="main", parameters={"deploy": "yes"})),
        theirs=lambda it: repository(it).get_workflow("ci.yml").create_dispatch("main", {"deploy": "yes"}),
    )


def test_a_repository_event(versus: Versus) -> None:
    """Type and payload."""
    versus(
        "dispatch_repository",
        SCHEME,
        ours=lambda it: it.dispatch_repository("deployed", {"sha": SHA}),
        theirs=lambda it: repository(it).create_repository_dispatch("deployed", {"sha": SHA}),
    )


def test_a_hook_is_created(versus: Versus) -> None:
    """Configuration with the secret, and events."""
    config = {
        "url": "https://x.example/hook",
        "content_type": "json",
        "insecure_ssl": "0",
        "secret": "s3cret",
    }
    versus(
        "create_hook",
        SCHEME,
        ours=lambda it: it.create_hook("https://x.example/hook", ["push"], secret="s3cret"),
        theirs=lambda it: repository(it).create_hook("web", config, ["push"], active=True),
    )


def test_hooks_are_listed(versus: Versus) -> None:
    """Page by page."""
    versus(
        "list_hooks",
        SCHEME,
        ours=lambda it: every(it.list_hooks()),
        theirs=lambda it: list(repository(it).get_hooks()),
    )


def test_the_rate_limit(versus: Versus) -> None:
    """What is left."""
    versus(
        "get_rate_limit",
        SCHEME,
        ours=lambda it: it.get_rate_limit(),
        theirs=lambda it: client(it).requester.requestJsonAndCheck("GET", "/rate_limit"),
    )


def pull(stand_in: Any) -> None:
    repository(stand_in).create_pull(base="main", head="fix", title="Fix")


def test_a_pull_request_is_changed(versus: Versus) -> None:
    """`PATCH` with title and state."""
    versus(
        "update_pull_request",
        SCHEME,
        prepare=pull,
        ours=lambda it: it.update_pull_request("1", title="Fix it", state="closed"),
        theirs=lambda it: repository(it).get_pull(1).edit(title="Fix it", state="closed"),
    )


def test_a_pull_request_is_commented(versus: Versus) -> None:
    """As the issue that it is as well."""
    versus(
        "comment_pull_request",
        SCHEME,
        Extra("theirs", "GET /repos/*/pulls/1", "the client reads where the comments are"),
        prepare=pull,
        ours=lambda it: it.comment_pull_request("1", "Seen."),
        theirs=lambda it: repository(it).get_pull(1).create_issue_comment("Seen."),
    )


def test_pull_requests_are_listed(versus: Versus) -> None:
    """Page by page."""
    versus(
        "list_pull_requests",
        SCHEME,
        prepare=pull,
        ours=lambda it: every(it.list_pull_requests(state="open")),
        theirs=lambda it: list(repository(it).get_pulls(state="open")),
    )


def test_a_run_is_read(versus: Versus) -> None:
    """By its number."""
    found, answer = versus(
        "get_build",
        SCHEME,
        prepare=lambda it: repository(it).create_repository_dispatch("deployed", {}),
        ours=lambda it: it.get_build("30001"),
        theirs=lambda it: repository(it).get_workflow_run(30001).complete(),
    )
    assert (str(found.status), answer.status) == ("running", "in_progress")


def test_an_issue_is_searched(versus: Versus) -> None:
    """By the mark that its text bears."""
    from integrations_sdk.connectors.base import mark_of

    found = f"{mark_of('gitlab-7')} in:body is:issue repo:octo-org/octo-repo"
    versus(
        "find_issue",
        SCHEME,
        Difference("query.per_page", "ours looks at the ten oldest"),
        ours=lambda it: it.find_issue("gitlab-7"),
        theirs=lambda it: list(client(it).search_issues(found, sort="created", order="asc")),
    )
