"""The best-known client of Redmine: https://pypi.org/project/python-redmine."""

from __future__ import annotations

from typing import Any

from integrations_sdk.models import IssueDraft
from support.clients import Versus, against, every
from support.recording import Difference, Extra

versus = against("redmine", "python-redmine", "redminelib")


def client(stand_in: Any) -> Any:
    from redminelib import Redmine

    return Redmine(stand_in.url, key=stand_in.api_key)


def test_an_issue_is_created(versus: Versus) -> None:
    """Project, subject and description in `issue`."""
    outcome, made = versus(
        "create_issue",
        Difference("path", "the client posts below the project; Redmine takes both"),
        Difference("body.issue.project_id", "it stands in that path"),
        ours=lambda it: it.create_issue(IssueDraft(title="Login fails", description="Since noon.")),
        theirs=lambda it: client(it).issue.create(
            project_id=it.project, subject="Login fails", description="Since noon."
        ),
    )
    assert outcome.reference == str(made.id)


def issue(stand_in: Any) -> None:
    client(stand_in).issue.create(project_id=stand_in.project, subject="Login fails")


def test_an_issue_is_read(versus: Versus) -> None:
    """By its number."""
    found, answer = versus(
        "get_issue",
        prepare=issue,
        ours=lambda it: it.get_issue("1"),
        theirs=lambda it: client(it).issue.get(1),
    )
    assert (found.title, found.status) == (answer.subject, answer.status.name)


def test_an_issue_is_changed(versus: Versus) -> None:
    """`PUT` with what changes."""
    versus(
        "update_issue",
        prepare=issue,
        ours=lambda it: it.update_issue("1", IssueDraft(title="Login fails again")),
        theirs=lambda it: client(it).issue.update(1, subject="Login fails again"),
    )


def test_an_issue_is_commented(versus: Versus) -> None:
    """`notes`, in the issue."""
    versus(
        "comment_issue",
        prepare=issue,
        ours=lambda it: it.comment_issue("1", "Seen."),
        theirs=lambda it: client(it).issue.update(1, notes="Seen.", private_notes=False),
    )


def test_an_issue_is_moved(versus: Versus) -> None:
    """The status by its number, which both look up."""

    def theirs(stand_in: Any) -> None:
        known = {one.name: one.id for one in client(stand_in).issue_status.all()}
        client(stand_in).issue.update(1, status_id=known["Resolved"])

    versus(
        "transition_issue",
        Difference("query", "the client asks for the statuses page by page, though Redmine gives them all"),
        Extra(
            "ours", "GET /issues/1.json", "ours looks whether the workflow let it, for Redmine says nothing"
        ),
        prepare=issue,
        ours=lambda it: it.transition_issue("1", "Resolved"),
        theirs=theirs,
    )


def test_issues_are_listed(versus: Versus) -> None:
    """By offset and limit."""

    def many(stand_in: Any) -> None:
        for _ in range(120):
            issue(stand_in)

    found, listed = versus(
        "list_issues",
        Difference("query.limit", "the client asks for no more on the last page than are left"),
        prepare=many,
        ours=lambda it: every(it.list_issues(status_id="*")),
        theirs=lambda it: list(client(it).issue.filter(project_id=it.project, status_id="*")),
    )
    assert [one.reference for one in found] == [str(one.id) for one in listed]
