"""A sample of each built-in event type, as GitLab sends it.

Fields after https://docs.gitlab.com/user/project/integrations/webhook_events/; what they say is made up.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from integrations_sdk.models import EventType, JsonValue

__all__ = ["BUILT_IN", "Sample"]

_HOME: Final = "https://gitlab.example.com/shop/web"
_GIT: Final = "git@gitlab.example.com:shop/web.git"
_NONE: Final = "0" * 40
_BEFORE: Final = "4f1c7ae2c5fbb4f6b4f0d6e9a7d1c3b2e8f90a11"
_AFTER: Final = "9b2d6f0e7c1a4d35b8e6a0c9f4d2e7b1a3c5d8f2"
_TIME: Final = "2026-03-02T09:30:00Z"


class Sample(NamedTuple):
    """What a type of event is about, and what one looks like."""

    description: str
    body: dict[str, JsonValue]


_USER: Final[dict[str, JsonValue]] = {
    "id": 7,
    "name": "Anna Example",
    "username": "anna",
    "avatar_url": "https://gitlab.example.com/uploads/-/system/user/avatar/7/avatar.png",
    "email": "anna@example.com",
}
_PROJECT: Final[dict[str, JsonValue]] = {
    "id": 42,
    "name": "Web",
    "description": "The shop's website",
    "web_url": _HOME,
    "avatar_url": None,
    "git_ssh_url": _GIT,
    "git_http_url": f"{_HOME}.git",
    "namespace": "Shop",
    "visibility_level": 0,
    "path_with_namespace": "shop/web",
    "default_branch": "main",
    "ci_config_path": "",
    "homepage": _HOME,
    "url": _GIT,
    "ssh_url": _GIT,
    "http_url": f"{_HOME}.git",
}
_REPOSITORY: Final[dict[str, JsonValue]] = {
    "name": "Web",
    "url": _GIT,
    "description": "The shop's website",
    "homepage": _HOME,
}
_COMMIT: Final[dict[str, JsonValue]] = {
    "id": _AFTER,
    "message": "Show prices with tax\n\nCloses #12\n",
    "title": "Show prices with tax",
    "timestamp": _TIME,
    "url": f"{_HOME}/-/commit/{_AFTER}",
    "author": {"name": "Anna Example", "email": "anna@example.com"},
}


def _ref_change(kind: str, ref: str, before: str, commits: list[JsonValue]) -> dict[str, JsonValue]:
    """A push, or a push of a tag."""
    return {
        "object_kind": kind,
        "event_name": kind,
        "before": before,
        "after": _AFTER,
        "ref": ref,
        "ref_protected": True,
        "checkout_sha": _AFTER,
        "message": None,
        "user_id": 7,
        "user_name": "Anna Example",
        "user_username": "anna",
        "user_email": "anna@example.com",
        "user_avatar": _USER["avatar_url"],
        "project_id": 42,
        "project": _PROJECT,
        "commits": commits,
        "total_commits_count": len(commits),
        "repository": {
            **_REPOSITORY,
            "git_http_url": f"{_HOME}.git",
            "git_ssh_url": _GIT,
            "visibility_level": 0,
        },
    }


_PUSH: Final = _ref_change(
    "push",
    "refs/heads/main",
    _BEFORE,
    [{**_COMMIT, "added": [], "modified": ["src/prices.py"], "removed": []}],
)
_TAG_PUSH: Final = _ref_change("tag_push", "refs/tags/v1.4.0", _NONE, [])

_MERGE_REQUEST: Final[dict[str, JsonValue]] = {
    "object_kind": "merge_request",
    "event_type": "merge_request",
    "user": _USER,
    "project": _PROJECT,
    "repository": _REPOSITORY,
    "object_attributes": {
        "id": 310,
        "iid": 31,
        "action": "open",
        "state": "opened",
        "title": "Show prices with tax",
        "description": "Closes #12",
        "url": f"{_HOME}/-/merge_requests/31",
        "source_branch": "prices-with-tax",
        "target_branch": "main",
        "source_project_id": 42,
        "target_project_id": 42,
        "source": _PROJECT,
        "target": _PROJECT,
        "author_id": 7,
        "assignee_id": 7,
        "assignee_ids": [7],
        "reviewer_ids": [],
        "last_commit": _COMMIT,
        "draft": False,
        "merge_status": "unchecked",
        "detailed_merge_status": "mergeable",
        "blocking_discussions_resolved": True,
        "labels": [],
        "created_at": _TIME,
        "updated_at": _TIME,
    },
    "labels": [],
    "changes": {},
    "assignees": [_USER],
    "reviewers": [],
}

_PIPELINE: Final[dict[str, JsonValue]] = {
    "object_kind": "pipeline",
    "object_attributes": {
        "id": 3100,
        "iid": 310,
        "name": "Pipeline of main",
        "ref": "main",
        "tag": False,
        "sha": _AFTER,
        "before_sha": _BEFORE,
        "source": "push",
        "status": "success",
        "detailed_status": "passed",
        "stages": ["test", "deploy"],
        "created_at": "2026-03-02T09:30:10Z",
        "finished_at": "2026-03-02T09:34:22Z",
        "duration": 250,
        "queued_duration": 2,
        "variables": [],
        "url": f"{_HOME}/-/pipelines/3100",
    },
    "merge_request": None,
    "user": _USER,
    "project": _PROJECT,
    "commit": _COMMIT,
    "builds": [
        {
            "id": 9001,
            "stage": "test",
            "name": "unit",
            "status": "success",
            "created_at": "2026-03-02T09:30:10Z",
            "started_at": "2026-03-02T09:30:12Z",
            "finished_at": "2026-03-02T09:32:42Z",
            "duration": 150.2,
            "queued_duration": 2.0,
            "failure_reason": None,
            "when": "on_success",
            "manual": False,
            "allow_failure": False,
            "user": _USER,
            "runner": None,
            "artifacts_file": {"filename": None, "size": None},
            "environment": None,
        }
    ],
}

_ISSUE: Final[dict[str, JsonValue]] = {
    "object_kind": "issue",
    "event_type": "issue",
    "user": _USER,
    "project": _PROJECT,
    "repository": _REPOSITORY,
    "object_attributes": {
        "id": 120,
        "iid": 12,
        "action": "open",
        "state": "opened",
        "title": "Prices are shown without tax",
        "description": "On every page but the cart.",
        "url": f"{_HOME}/-/issues/12",
        "project_id": 42,
        "author_id": 7,
        "assignee_ids": [],
        "confidential": False,
        "due_date": None,
        "severity": "unknown",
        "labels": [],
        "created_at": _TIME,
        "updated_at": _TIME,
        "closed_at": None,
    },
    "labels": [],
    "changes": {},
    "assignees": [],
}

_DEPLOYMENT: Final[dict[str, JsonValue]] = {
    "object_kind": "deployment",
    "status": "success",
    "status_changed_at": "2026-03-02 09:36:05 +0000",
    "deployment_id": 88,
    "deployable_id": 9002,
    "deployable_url": f"{_HOME}/-/jobs/9002",
    "environment": "production",
    "environment_tier": "production",
    "environment_slug": "production",
    "environment_external_url": "https://shop.example.com",
    "project": _PROJECT,
    "ref": "main",
    "short_sha": _AFTER[:8],
    "user": _USER,
    "user_url": "https://gitlab.example.com/anna",
    "commit_url": f"{_HOME}/-/commit/{_AFTER}",
    "commit_title": "Show prices with tax",
}

_WIKI_PAGE: Final[dict[str, JsonValue]] = {
    "object_kind": "wiki_page",
    "user": _USER,
    "project": _PROJECT,
    "wiki": {
        "web_url": f"{_HOME}/-/wikis/home",
        "git_ssh_url": "git@gitlab.example.com:shop/web.wiki.git",
        "git_http_url": f"{_HOME}.wiki.git",
        "path_with_namespace": "shop/web.wiki",
        "default_branch": "main",
    },
    "object_attributes": {
        "slug": "releasing",
        "title": "Releasing",
        "format": "markdown",
        "message": "Say who is told of a release",
        "content": "Tell support before every release.",
        "url": f"{_HOME}/-/wikis/releasing",
        "diff_url": f"{_HOME}/-/wikis/releasing/diff?version_id={_AFTER}",
        "version_id": _AFTER,
        "action": "update",
    },
}

_RELEASE: Final[dict[str, JsonValue]] = {
    "object_kind": "release",
    "id": 14,
    "action": "create",
    "name": "Prices with tax",
    "tag": "v1.4.0",
    "description": "Prices are shown with tax on every page.",
    "created_at": "2026-03-02 09:40:00 UTC",
    "released_at": "2026-03-02 09:40:00 UTC",
    "url": f"{_HOME}/-/releases/v1.4.0",
    "project": _PROJECT,
    "commit": _COMMIT,
    "assets": {
        "count": 1,
        "links": [],
        "sources": [{"format": "zip", "url": f"{_HOME}/-/archive/v1.4.0/web-v1.4.0.zip"}],
    },
}

BUILT_IN: Final[Mapping[EventType, Sample]] = MappingProxyType({
    EventType.PUSH: Sample("Commits were pushed to a branch, or a branch came or went.", _PUSH),
    EventType.MERGE_REQUEST: Sample("A merge request was opened, changed, merged or closed.", _MERGE_REQUEST),
    EventType.PIPELINE: Sample("A pipeline changed its status.", _PIPELINE),
    EventType.ISSUE: Sample("An issue was opened, changed, closed or reopened.", _ISSUE),
    EventType.DEPLOYMENT: Sample("A deployment started, succeeded, failed or was cancelled.", _DEPLOYMENT),
    EventType.TAG_PUSH: Sample("A tag came or went.", _TAG_PUSH),
    EventType.WIKI_PAGE: Sample("A wiki page was written, changed or deleted.", _WIKI_PAGE),
    EventType.RELEASE: Sample("A release was made, changed or deleted.", _RELEASE),
})  # fmt: skip
"""The event types that every webhook can subscribe to, in their order."""
