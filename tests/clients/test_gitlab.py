"""The best-known client of GitLab: https://pypi.org/project/python-gitlab."""

from __future__ import annotations

from typing import Any

from integrations_sdk.models import BuildRequest, BuildStatus, CommitStatus, IssueDraft
from support.clients import Versus, against, every
from support.recording import Difference

versus = against("gitlab", "python-gitlab", "gitlab")

OTHERS = (
    "deployment",
    "issues",
    "job",
    "merge_requests",
    "note",
    "push",
    "releases",
    "tag_push",
    "wiki_page",
)
SHA = "a" * 40


def project(stand_in: Any) -> Any:
    import gitlab

    client = gitlab.Gitlab(stand_in.url, private_token=stand_in.token)
    return client.projects.get(stand_in.project, lazy=True)


def issue(stand_in: Any) -> None:
    stand_in.issues[1] = {"id": 1001, "iid": 1, "title": "Login fails", "state": "opened", "labels": []}


def merge_request(stand_in: Any) -> None:
    stand_in.merge_requests[1] = {
        "id": 1001, "iid": 1, "title": "Fix", "state": "opened", "labels": [], "source_branch": "fix"
    }  # fmt: skip


def test_an_issue_is_created(versus: Versus) -> None:
    """Title, description and labels."""
    outcome, made = versus(
        "create_issue",
        ours=lambda it: it.create_issue(
            IssueDraft(title="Login fails", description="Since noon.", labels=("login",))
        ),
        theirs=lambda it: project(it).issues.create(
            {"title": "Login fails", "description": "Since noon.", "labels": ["login"]}
        ),
    )
    assert outcome.reference == str(made.iid)


def test_an_issue_is_read(versus: Versus) -> None:
    """By its number in the project."""
    found, answer = versus(
        "get_issue",
        prepare=issue,
        ours=lambda it: it.get_issue("1"),
        theirs=lambda it: project(it).issues.get(1),
    )
    assert (found.title, found.status) == (answer.title, answer.state)


def test_an_issue_is_changed(versus: Versus) -> None:
    """Title and labels."""

    def theirs(stand_in: Any) -> None:
        found = project(stand_in).issues.get(1, lazy=True)
        found.title, found.labels = "Login fails again", ["login", "seen"]
        found.save()

    versus(
        "update_issue",
        prepare=issue,
        ours=lambda it: it.update_issue("1", IssueDraft(title="Login fails again", labels=("login", "seen"))),
        theirs=theirs,
    )


def test_an_issue_is_closed(versus: Versus) -> None:
    """`state_event`."""

    def theirs(stand_in: Any) -> None:
        found = project(stand_in).issues.get(1, lazy=True)
        found.state_event = "close"
        found.save()

    versus(
        "transition_issue", prepare=issue, ours=lambda it: it.transition_issue("1", "closed"), theirs=theirs
    )


def test_issues_are_listed(versus: Versus) -> None:
    """Page by page, as the headers say."""

    def many(stand_in: Any) -> None:
        stand_in.issues |= {n: {"id": n, "iid": n, "title": str(n), "state": "opened"} for n in range(1, 151)}

    found, listed = versus(
        "list_issues",
        prepare=many,
        ours=lambda it: every(it.list_issues(state="opened")),
        theirs=lambda it: list(project(it).issues.list(state="opened", per_page=100, iterator=True)),
    )
    assert [one.reference for one in found] == [str(one.iid) for one in listed]


def test_an_issue_is_commented(versus: Versus) -> None:
    """A note with a body."""
    versus(
        "comment_issue",
        prepare=issue,
        ours=lambda it: it.comment_issue("1", "Seen."),
        theirs=lambda it: project(it).issues.get(1, lazy=True).notes.create({"body": "Seen."}),
    )


def test_a_merge_request_is_opened(versus: Versus) -> None:
    """Branches, title, description."""
    versus(
        "create_merge_request",
        ours=lambda it: it.create_merge_request("fix", "Fix", target_branch="main", description="It does."),
        theirs=lambda it: project(it).mergerequests.create(
            {"source_branch": "fix", "target_branch": "main", "title": "Fix", "description": "It does."}
        ),
    )


def test_a_merge_request_is_changed(versus: Versus) -> None:
    """Title."""

    def theirs(stand_in: Any) -> None:
        found = project(stand_in).mergerequests.get(1, lazy=True)
        found.title = "Fix it"
        found.save()

    versus(
        "update_merge_request",
        prepare=merge_request,
        ours=lambda it: it.update_merge_request("1", title="Fix it"),
        theirs=theirs,
    )


def test_a_merge_request_is_commented(versus: Versus) -> None:
    """A note with a body."""
    versus(
        "comment_merge_request",
        prepare=merge_request,
        ours=lambda it: it.comment_merge_request("1", "Seen."),
        theirs=lambda it: project(it).mergerequests.get(1, lazy=True).notes.create({"body": "Seen."}),
    )


def test_merge_requests_are_listed(versus: Versus) -> None:
    """With GitLab's filters."""
    versus(
        "list_merge_requests",
        prepare=merge_request,
        ours=lambda it: every(it.list_merge_requests(state="opened")),
        theirs=lambda it: list(project(it).mergerequests.list(state="opened", per_page=100, iterator=True)),
    )


def test_a_commit_status(versus: Versus) -> None:
    """State, name, target, description."""
    versus(
        "set_commit_status",
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
            project(it)
            .commits.get(SHA, lazy=True)
            .statuses.create(
                {
                    "state": "success",
                    "name": "build",
                    "target_url": "https://ci.example.com/7",
                    "description": "#7",
                }
            )
        ),
    )


def test_a_pipeline_is_started(versus: Versus) -> None:
    """Branch and variables, as a list of key and value."""
    outcome, made = versus(
        "trigger_build",
        ours=lambda it: it.trigger_build(BuildRequest(branch="main", parameters={"DEPLOY": "yes"})),
        theirs=lambda it: project(it).pipelines.create(
            {"ref": "main", "variables": [{"key": "DEPLOY", "value": "yes"}]}
        ),
    )
    assert outcome.reference == str(made.id)


def test_a_pipeline_is_started_with_a_trigger_token(versus: Versus) -> None:
    """The token in the body, and no other."""
    versus(
        "trigger_build",
        Difference("auth", "the client sends its own token as well, which this needs not"),
        Difference("body.inputs", "the client sends `{}` where there are no inputs"),
        *(
            Difference(where, "ours is a form, as GitLab's examples; the client's is JSON")
            for where in ("type", "body.variables", "body.variables[DEPLOY]")
        ),
        given=lambda it: it.config() | {"trigger_token": it.trigger_token},
        ours=lambda it: it.trigger_build(BuildRequest(branch="main", parameters={"DEPLOY": "yes"})),
        theirs=lambda it: project(it).trigger_pipeline("main", it.trigger_token, variables={"DEPLOY": "yes"}),
    )


def test_a_pipeline_is_read(versus: Versus) -> None:
    """By its number."""
    found, answer = versus(
        "get_build",
        prepare=lambda it: project(it).pipelines.create({"ref": "main"}),
        ours=lambda it: it.get_build("1"),
        theirs=lambda it: project(it).pipelines.get(1),
    )
    assert (found.status, answer.status) == (BuildStatus.RUNNING, "running")


def test_a_hook_is_created(versus: Versus) -> None:
    """URL, token, and a flag for each kind of event."""
    versus(
        "create_hook",
        *(
            Difference(
                f"body.{name}_events",
                "ours declines what is not asked for: pushes are told of unless they are declined",
            )
            for name in OTHERS
        ),
        ours=lambda it: it.create_hook("https://x.example/hook", ["pipeline"], secret="s3cret"),
        theirs=lambda it: project(it).hooks.create(
            {"url": "https://x.example/hook", "token": "s3cret", "pipeline_events": True}
        ),
    )


def test_hooks_are_listed(versus: Versus) -> None:
    """Page by page."""
    versus(
        "list_hooks",
        ours=lambda it: every(it.list_hooks()),
        theirs=lambda it: list(project(it).hooks.list(per_page=100, iterator=True)),
    )
