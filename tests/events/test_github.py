"""GitHub's webhooks as events, in the words of GitLab's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations_sdk.errors import ConfigurationError
from integrations_sdk.events.github import normalise
from integrations_sdk.models import Event

EventOf = Callable[..., Event]
RequestOf = Callable[[str, str], tuple[dict[str, str], dict[str, Any]]]

HOME = "https://github.com/octo/web"
OLD, NEW = "a1" * 20, "b2" * 20

EXPECTED: list[tuple[str, dict[str, object]]] = [
    ("push", {"type": "push", "subject": "refs/heads/main", "action": "updated", "branch": "main", "tag": None,
              "sha": NEW, "commit_count": 1, "title": "Add cart", "url": f"{HOME}/compare/a1...b2"}),
    ("push_new_branch", {"type": "push", "action": "created", "branch": "login"}),
    ("push_deleted_branch", {"type": "push", "action": "deleted", "branch": "login", "sha": None, "url": None}),
    ("push_tag", {"type": "tag_push", "subject": "refs/tags/v1", "action": "created", "tag": "v1", "branch": None}),
    ("create_tag", {"type": "tag_push", "subject": "refs/tags/v1", "action": "created", "tag": "v1"}),
    ("delete_tag", {"type": "tag_push", "subject": "refs/tags/v1", "action": "deleted", "tag": "v1"}),
    ("create_branch", {"type": "create", "subject": "refs/heads/login", "action": "created", "branch": "login"}),
    ("pull_request", {"type": "merge_request", "subject": "merge_requests/2", "action": "opened", "number": 2,
                      "branch": "login", "target_branch": "main", "title": "Add login", "sha": NEW,
                      "text": "Lets people sign in.", "url": f"{HOME}/pull/2",
                      "time": datetime(2026, 2, 3, 9, 30, tzinfo=UTC)}),
    ("pull_request_merged", {"action": "merged"}),
    ("pull_request_closed", {"action": "closed"}),
    ("pull_request_labeled", {"action": "updated"}),
    ("workflow_run", {"type": "pipeline", "subject": "pipelines/777", "status": "failed", "number": 31,
                      "branch": "main", "target_branch": "main", "sha": NEW, "title": "Fix total",
                      "url": f"{HOME}/actions/runs/777", "duration": timedelta(seconds=63),
                      "time": datetime(2026, 2, 3, 10, 1, 3, tzinfo=UTC)}),
    ("workflow_run_started", {"type": "pipeline", "status": "running", "duration": None, "target_branch": None}),
    ("check_run", {"type": "pipeline", "subject": "check_runs/55", "status": "success", "number": None,
                   "branch": "login", "title": "scan", "duration": timedelta(seconds=30)}),
    ("workflow_job", {"type": "workflow_job", "status": "failed", "title": "unit", "branch": "main"}),
    ("issue", {"type": "issue", "subject": "issues/23", "action": "opened", "number": 23, "title": "Cart is empty",
               "url": f"{HOME}/issues/23"}),
    ("issue_comment", {"type": "issue_comment", "action": "created", "text": "Same here",
                       "url": f"{HOME}/issues/23#issuecomment-1"}),
    ("deployment", {"type": "deployment", "subject": "deployments/15", "status": "pending", "action": "created",
                    "environment": "staging", "branch": "main", "sha": NEW}),
    ("deployment_status", {"type": "deployment", "subject": "deployments/15", "status": "failed", "branch": None,
                           "action": "updated", "text": "No capacity", "url": f"{HOME}/actions/runs/777"}),
    ("release", {"type": "release", "subject": "releases/v1.2.0", "action": "created", "tag": "v1.2.0",
                 "title": "Spring", "time": datetime(2026, 2, 3, 12, tzinfo=UTC)}),
    ("release_released", {"type": "release.released", "action": "released", "tag": "v1.2.0"}),
    ("gollum", {"type": "wiki_page", "subject": "wikis/Runbook", "action": "updated", "title": "Runbook, Home",
                "text": "Add steps", "url": f"{HOME}/wiki/Runbook"}),
    ("status", {"type": "status", "status": "failed", "title": "ci/other", "branch": "main", "sha": NEW,
                "url": "https://ci.example.com/9"}),
    ("ping", {"type": "ping", "action": None, "source": HOME}),
    ("organization", {"type": "organization", "action": "member_added", "source": "https://github.com",
                      "project": None}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "expected"), EXPECTED, ids=[name for name, _ in EXPECTED])
def test_reads_every_event(event_of: EventOf, name: str, expected: dict[str, object]) -> None:
    """Each kind of webhook fills the fields of the event that its sender's documentation gives."""
    event = event_of("github", name)
    assert {field: getattr(event, field) for field in expected} == expected


def test_names_project_and_sender(event_of: EventOf) -> None:
    """Repository, who did it and the delivery's id are read."""
    event = event_of("github", "push")
    assert (event.source, event.project_url, event.project) == (HOME, HOME, "octo/web")
    assert event.actor is not None
    assert (event.actor.name, event.actor.url) == ("octo-bot", "https://github.com/octo-bot")
    assert (event.provider, event.sender_id) == ("github", "delivery-push")


def test_pusher_stands_in_for_the_sender(event_of: EventOf) -> None:
    """A push without a sender (a deploy key's) names the pusher."""
    actor = event_of("github", "push", sender=None).actor
    assert actor is not None
    assert (actor.name, actor.email) == ("octo-bot", "bot@example.com")


def test_failed_job_is_a_failed_job(event_of: EventOf) -> None:
    """The job of a `workflow_job` is listed, so its failure can be told and linked."""
    failed = event_of("github", "workflow_job").failed_jobs
    assert [(job.name, job.url) for job in failed] == [("unit", f"{HOME}/runs/66")]


@pytest.mark.parametrize(
    ("conclusion", "status", "expected"),
    [
        ("success", "completed", "success"), ("failure", "completed", "failed"),
        ("cancelled", "completed", "canceled"), ("skipped", "completed", "skipped"),
        ("neutral", "completed", "success"), ("startup_failure", "completed", "failed"),
        ("stale", "completed", "canceled"), ("action_required", "completed", "pending"),
        (None, "queued", "pending"), (None, "in_progress", "running"),
    ],
)  # fmt: skip
def test_maps_conclusions(
    event_of: EventOf, request_of: RequestOf, conclusion: str | None, status: str, expected: str
) -> None:
    """A run's conclusion decides once there is one, and its status until then."""
    run = request_of("github", "workflow_run")[1]["workflow_run"]
    event = event_of(
        "github", "workflow_run", workflow_run={**run, "conclusion": conclusion, "status": status}
    )
    assert event.status == expected


def test_a_clock_that_runs_backwards_makes_no_negative_duration(
    event_of: EventOf, request_of: RequestOf
) -> None:
    """A run that ended before it started took no time."""
    run = request_of("github", "workflow_run")[1]["workflow_run"]
    event = event_of("github", "workflow_run", workflow_run={**run, "updated_at": "2026-02-03T09:00:00Z"})
    assert event.duration == timedelta(0)


def test_needs_the_event_header() -> None:
    """Without GitHub's event header nobody can tell what the body is."""
    with pytest.raises(ConfigurationError, match=r"X-GitHub-Event: missing; expected e\.g\. push"):
        normalise({}, {})


@pytest.mark.parametrize(
    "name", ["gollum", "workflow_job", "check_run", "release", "fork", "issue_comment", "status"]
)
def test_survives_a_body_without_details(name: str) -> None:
    """Where the sender says nothing, the event says nothing."""
    assert normalise({"x-github-event": name}, {})["source"] == "https://github.com"


@pytest.mark.parametrize("name", ["push", "create", "delete"])
def test_needs_a_ref(name: str) -> None:
    """A push of nothing is refused."""
    with pytest.raises(ConfigurationError, match="ref: missing; expected text"):
        normalise({"x-github-event": name}, {})


def test_names_every_wrong_field() -> None:
    """All wrong types are told at once, with their paths."""
    body: dict[str, Any] = {"action": 1, "pull_request": {"number": "2", "head": [], "merged": 0}}
    with pytest.raises(ConfigurationError) as caught:
        normalise({"x-github-event": "pull_request"}, body)
    assert {problem.path for problem in caught.value.problems} == {
        "action",
        "pull_request.number",
        "pull_request.head",
        "pull_request.merged",
    }
