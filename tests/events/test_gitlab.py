"""GitLab's webhooks as events: every field that a person or a filter looks at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations_sdk.errors import ConfigurationError
from integrations_sdk.events.gitlab import normalise
from integrations_sdk.http.base import Headers
from integrations_sdk.models import Event

EventOf = Callable[..., Event]
RequestOf = Callable[[str, str], tuple[dict[str, str], dict[str, Any]]]

HOME = "https://gitlab.example.com/shop/web"
OLD, NEW = "a1" * 20, "b2" * 20

EXPECTED: list[tuple[str, dict[str, object]]] = [
    ("push", {"type": "push", "subject": "refs/heads/main", "action": "updated", "branch": "main", "tag": None,
              "sha": NEW, "commit_count": 3, "title": "Tidy", "url": f"{HOME}/-/compare/{OLD}...{NEW}"}),
    ("push_many", {"commit_count": 12}),
    ("push_new_branch", {"action": "created", "branch": "feature/login page", "sha": NEW, "commit_count": 0,
                         "title": None, "url": f"{HOME}/-/tree/feature/login%20page"}),
    ("push_deleted_branch", {"action": "deleted", "branch": "feature/login page", "sha": None, "url": None}),
    ("tag_push", {"type": "tag_push", "subject": "refs/tags/v1.2.0", "action": "created", "tag": "v1.2.0",
                  "branch": None, "sha": NEW, "text": "Spring release", "url": f"{HOME}/-/tags/v1.2.0"}),
    ("tag_deleted", {"type": "tag_push", "action": "deleted", "tag": "v1.2.0", "sha": None, "url": None}),
    ("merge_request", {"type": "merge_request", "subject": "merge_requests/7", "action": "opened", "number": 7,
                       "branch": "login", "target_branch": "main", "title": "Add login", "sha": NEW,
                       "url": f"{HOME}/-/merge_requests/7", "time": datetime(2026, 2, 3, 9, 30, tzinfo=UTC)}),
    ("merge_request_merged", {"action": "merged"}),
    ("pipeline_failed", {"type": "pipeline", "subject": "pipelines/31", "status": "failed", "number": 31,
                         "branch": "main", "sha": NEW, "title": "Fix total <b>", "duration": timedelta(seconds=63),
                         "url": f"{HOME}/-/pipelines/31", "time": datetime(2026, 2, 3, 10, 1, 3, tzinfo=UTC)}),
    ("pipeline_merge_request", {"status": "success", "branch": "login", "target_branch": "main",
                                "url": f"{HOME}/-/pipelines/31?x=1"}),
    ("pipeline_tag", {"status": "running", "branch": None, "tag": "v1.2.0", "duration": None,
                      "time": datetime(2026, 2, 3, 10, tzinfo=UTC)}),
    ("issue", {"type": "issue", "subject": "issues/23", "action": "opened", "number": 23, "title": "Cart is empty",
               "text": "Steps: add, reload.", "url": f"{HOME}/-/issues/23"}),
    ("issue_closed", {"type": "issue", "action": "closed"}),
    ("issue_confidential", {"type": "confidential_issue", "number": 23}),
    ("deployment", {"type": "deployment", "subject": "deployments/15", "status": "failed", "environment": "staging",
                    "branch": "main", "sha": NEW, "title": "Fix total", "url": f"{HOME}/-/jobs/504",
                    "time": datetime(2026, 2, 3, 10, tzinfo=UTC)}),
    ("wiki_page", {"type": "wiki_page", "subject": "wikis/ops/runbook", "action": "created", "title": "Runbook",
                   "text": "Add runbook", "url": f"{HOME}/-/wikis/ops/runbook"}),
    ("release", {"type": "release", "subject": "releases/v1.2.0", "action": "created", "tag": "v1.2.0",
                 "title": "Spring", "text": "What is new", "sha": NEW, "url": f"{HOME}/-/releases/v1.2.0",
                 "time": datetime(2026, 2, 3, 12, 30, tzinfo=UTC)}),
    ("job", {"type": "build", "subject": "jobs/504", "status": "canceled", "title": "deploy", "branch": "main",
             "environment": "staging", "source": HOME, "url": f"{HOME}/-/jobs/504"}),
    ("note", {"type": "note", "action": "created", "title": "Add login", "text": "Looks good"}),
    ("member", {"type": "user_add_to_group", "source": "https://gitlab.example.com"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "expected"), EXPECTED, ids=[name for name, _ in EXPECTED])
def test_reads_every_event(event_of: EventOf, name: str, expected: dict[str, object]) -> None:
    """Each kind of webhook fills the fields of the event that its sender's documentation gives."""
    event = event_of("gitlab", name)
    assert {field: getattr(event, field) for field in expected} == expected


def test_names_project_and_sender(event_of: EventOf) -> None:
    """Project, its URL, who did it and the sender's id are read; the body is kept as it was."""
    event = event_of("gitlab", "push")
    assert (event.source, event.project_url, event.project) == (HOME, HOME, "shop/web")
    assert event.actor is not None
    assert (event.actor.name, event.actor.username, event.actor.email) == ("Release Bot", "release-bot", None)
    assert (event.provider, event.sender_id) == ("gitlab", "key-push")
    assert event.data["total_commits_count"] == 3


def test_reads_commits(event_of: EventOf) -> None:
    """Commits keep their order, message, author and URL."""
    first = event_of("gitlab", "push").commits[0]
    assert (first.title, first.url) == ("Add cart", f"{HOME}/-/commit/00000001")
    assert first.author is not None
    assert (first.author.name, first.author.email) == ("Release Bot", "bot@example.com")


def test_allowed_failure_is_no_failed_job(event_of: EventOf) -> None:
    """A job that may fail is a warning: only the job that broke the pipeline counts as failed."""
    event = event_of("gitlab", "pipeline_failed")
    assert [(job.name, job.status) for job in event.jobs] == [
        ("unit", "failed"),
        ("lint", "warning"),
        ("image", "success"),
        ("deploy", "pending"),
    ]
    assert [(job.name, job.stage, job.url) for job in event.failed_jobs] == [
        ("unit", "test", f"{HOME}/-/jobs/501")
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("success", "success"), ("failed", "failed"), ("canceled", "canceled"), ("running", "running"),
        ("pending", "pending"), ("created", "pending"), ("manual", "pending"), ("skipped", "skipped"),
        ("brand_new_word", "brand_new_word"),
    ],
)  # fmt: skip
def test_maps_statuses(event_of: EventOf, request_of: RequestOf, given: str, expected: str) -> None:
    """GitLab's status words become the library's; one it does not know is passed on."""
    attributes = request_of("gitlab", "pipeline_failed")[1]["object_attributes"]
    event = event_of("gitlab", "pipeline_failed", object_attributes={**attributes, "status": given})
    assert event.status == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("open", "opened"), ("close", "closed"), ("reopen", "reopened"), ("update", "updated"),
        ("merge", "merged"), ("approved", "approved"), ("approval", "approved"), ("unapproved", "unapproved"),
        (None, None),
    ],
)  # fmt: skip
def test_maps_actions(
    event_of: EventOf, request_of: RequestOf, given: str | None, expected: str | None
) -> None:
    """GitLab's action words become the library's."""
    attributes = request_of("gitlab", "merge_request")[1]["object_attributes"]
    event = event_of("gitlab", "merge_request", object_attributes={**attributes, "action": given})
    assert event.action == expected


@pytest.mark.parametrize(
    ("header", "body", "expected"),
    [
        ("Tag Push Hook", {"ref": "refs/tags/v1"}, "tag_push"),
        ("System Hook", {"event_name": "push", "ref": "refs/heads/main"}, "push"),
        ("Confidential Note Hook", {"object_kind": "note"}, "confidential_note"),
        (
            "Issue Hook",
            {"object_kind": "issue", "object_attributes": {"confidential": True}},
            "confidential_issue",
        ),
        ("Work Item Hook", {"object_kind": "work_item", "object_attributes": {"iid": 3}}, "work_item"),
        ("Emoji Hook", {"object_kind": "emoji"}, "emoji"),
    ],
)
def test_finds_the_kind(header: str, body: dict[str, Any], expected: str) -> None:
    """The body says the kind, else the header; whatever is confidential has a kind of its own."""
    assert normalise(Headers({"X-Gitlab-Event": header}), body)["type"] == expected


def test_needs_a_kind() -> None:
    """A body and headers that name no kind are refused with what to do."""
    with pytest.raises(ConfigurationError, match=r"object_kind: missing; expected text.*as they arrived"):
        normalise({}, {"project": {}})


def test_names_every_wrong_field() -> None:
    """All wrong types are told at once, with their paths, and no value is quoted."""
    body: dict[str, Any] = {
        "object_kind": "pipeline",
        "project": "hunter2",
        "object_attributes": {"id": "31", "tag": "no", "duration": -1},
        "builds": [{"name": 5}, "hunter2"],
    }
    with pytest.raises(ConfigurationError) as caught:
        normalise({}, body)
    assert [(problem.path, problem.wrong) for problem in caught.value.problems] == [
        ("project", "expected an object"),
        ("object_attributes.id", "expected a whole number"),
        ("object_attributes.tag", "expected true or false"),
        ("object_attributes.duration", "expected a number, 0 or more"),
        ("builds[1]", "expected an object"),
        ("builds[0].name", "expected text"),
    ]
    assert "hunter2" not in str(caught.value)


def test_refuses_an_unusable_header() -> None:
    """A header that is no word (too long, unprintable) never becomes an event's type."""
    with pytest.raises(ConfigurationError, match="printable"):
        normalise({"x-gitlab-event": "x" * 201}, {})


def test_survives_a_body_without_details() -> None:
    """Where the sender says nothing, the event says nothing, and nothing is made up."""
    facts = normalise({}, {"object_kind": "merge_request"})
    assert facts == {"type": "merge_request", "source": "https://gitlab.com"}
