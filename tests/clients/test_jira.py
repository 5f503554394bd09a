"""The best-known client of Jira: https://pypi.org/project/jira. It speaks version 2 of the API unless it is told not to."""

from __future__ import annotations

from typing import Any

import pytest

from integrations_sdk.models import IssueDraft
from support.clients import Versus, against, every
from support.recording import Difference, Extra

versus = against("jira", "jira", "jira")


ASKS_WHAT_IT_IS = Extra(
    "theirs", "GET /rest/api/*/serverInfo", "ours is told by `deployment`, or by the host's name"
)


def client(stand_in: Any) -> Any:
    from jira import JIRA

    cloud = stand_in.deployment == "cloud"
    who = {"basic_auth": (stand_in.username, stand_in.token)} if cloud else {"token_auth": stand_in.token}
    options = {"server": stand_in.url, "rest_api_version": "3" if cloud else "2"}
    return JIRA(options=options, max_retries=0, **who)


def issue(stand_in: Any) -> None:
    stand_in.issues["PROJ-1"] = {
        "id": "10001",
        "key": "PROJ-1",
        "fields": {"summary": "Login fails", "labels": [], "status": {"name": "To Do"}},
        "properties": {},
    }


def doc(text: str) -> dict[str, Any]:
    """Atlassian's document format, which version 3 of the API wants, and the client passes on."""
    return {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": text}]}],
    }


def test_an_issue_is_created(versus: Versus) -> None:
    """Project, type, summary, description and labels in `fields`."""
    fields = {
        "project": {"key": "PROJ"},
        "issuetype": {"name": "Task"},
        "summary": "Login fails",
        "description": doc("Since noon."),
        "labels": ["login"],
    }
    outcome, made = versus(
        "create_issue",
        ASKS_WHAT_IT_IS,
        Extra("theirs", "GET /rest/api/3/issue/PROJ-1", "the client reads what it made"),
        ours=lambda jira: jira.create_issue(
            IssueDraft(title="Login fails", description="Since noon.", labels=("login",))
        ),
        theirs=lambda it: client(it).create_issue(fields=fields),
    )
    assert outcome.reference == made.key


def test_an_issue_is_read(versus: Versus) -> None:
    """The fields by name."""
    found, answer = versus(
        "get_issue",
        ASKS_WHAT_IT_IS,
        prepare=issue,
        ours=lambda jira: jira.get_issue("PROJ-1"),
        theirs=lambda it: client(it).issue("PROJ-1", fields="summary,status,labels"),
    )
    assert (found.title, found.status) == (answer.fields.summary, answer.fields.status.name)


def test_an_issue_is_commented(versus: Versus) -> None:
    """A document in `body`."""
    versus(
        "comment_issue",
        ASKS_WHAT_IT_IS,
        prepare=issue,
        ours=lambda jira: jira.comment_issue("PROJ-1", "Seen."),
        theirs=lambda it: client(it).add_comment("PROJ-1", doc("Seen.")),
    )


def test_an_issue_is_moved(versus: Versus) -> None:
    """The transitions are asked for, and one is chosen by its name."""
    versus(
        "transition_issue",
        Difference("body.fields", "the client sends `{}` where no field is set"),
        ASKS_WHAT_IT_IS,
        prepare=issue,
        ours=lambda jira: jira.transition_issue("PROJ-1", "Done"),
        theirs=lambda it: client(it).transition_issue("PROJ-1", "Done"),
    )


def test_issues_are_searched(versus: Versus) -> None:
    """`/search/jql` with a token for each page."""

    def many(stand_in: Any) -> None:
        issue(stand_in)

    versus(
        "search",
        Extra("theirs", "GET /rest/api/*/field", "the client learns the names of custom fields"),
        Difference("body.expand", "the client sends null for what is not asked for"),
        Difference("body.properties", "the client sends null for what is not asked for"),
        Difference("body.reconcileIssues", "the client sends an empty list"),
        ASKS_WHAT_IT_IS,
        prepare=many,
        ours=lambda jira: every(jira.search("project = PROJ")),
        theirs=lambda it: client(it).enhanced_search_issues(
            "project = PROJ", fields="summary,status,labels", maxResults=100, use_post=True
        ),
    )


@pytest.mark.filterwarnings("ignore:Unable to gather applicationlinks:Warning")
def test_a_remote_link(versus: Versus) -> None:
    """Global id, object, relationship."""
    target = {"url": "https://x.example/1", "title": "MR 1", "status": {"resolved": False}}
    versus(
        "add_remote_link",
        Extra(
            "theirs",
            "GET /rest/applinks/latest/listApplicationlinks",
            "for links to other Jira sites, which need an administrator",
        ),
        ASKS_WHAT_IT_IS,
        prepare=issue,
        ours=lambda jira: jira.add_remote_link(
            "PROJ-1", "https://x.example/1", "MR 1", global_id="mr-1", relationship="mentioned in"
        ),
        theirs=lambda it: client(it).add_remote_link(
            "PROJ-1", target, globalId="mr-1", relationship="mentioned in"
        ),
    )


def test_an_issue_is_changed(versus: Versus) -> None:
    """`PUT` with the fields that change."""
    versus(
        "update_issue",
        Extra(
            "theirs",
            "GET /rest/api/3/issue/PROJ-1",
            "an issue of the client's is read before it can be changed",
        ),
        Extra("theirs", "GET /rest/api/3/issue/10001", "and read again afterwards"),
        Difference("body.update", "the client sends `{}` where nothing is added or removed"),
        Difference(
            "path", "the client writes to the address that the answer gives, which has the id for the key"
        ),
        ASKS_WHAT_IT_IS,
        prepare=issue,
        ours=lambda jira: jira.update_issue("PROJ-1", IssueDraft(title="Login fails again")),
        theirs=lambda it: client(it).issue("PROJ-1").update(summary="Login fails again"),
    )


def test_who_we_are(versus: Versus) -> None:
    """`myself`."""
    versus(
        "check",
        ASKS_WHAT_IT_IS,
        Extra(
            "ours",
            "GET /rest/api/3/issue/createmeta/PROJ/issuetypes",
            "ours looks whether its issue types exist",
        ),
        ours=lambda jira: jira.check(),
        theirs=lambda it: client(it).myself(),
    )


def test_issues_are_searched_in_a_data_center(versus: Versus) -> None:
    """Version 2 with a personal access token, `/search`, pages by number."""

    def server(stand_in: Any) -> None:
        stand_in.deployment = "server"
        issue(stand_in)

    versus(
        "search",
        Extra("theirs", "GET /rest/api/*/field", "the client learns the names of custom fields"),
        Difference("body.expand", "the client sends null for what is not asked for"),
        Difference("body.startAt", "the client says 0 for the first page, which is the default"),
        Difference("body.validateQuery", "the client says true, which is the default"),
        ASKS_WHAT_IT_IS,
        prepare=server,
        ours=lambda jira: every(jira.search("project = PROJ")),
        theirs=lambda it: client(it).search_issues(
            "project = PROJ", fields="summary,status,labels", maxResults=100, use_post=True
        ),
    )
