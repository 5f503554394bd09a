"""How a GitLab integration is configured."""

from __future__ import annotations

import re
from collections.abc import Mapping

from integrations_sdk.connectors.base import (
    ConnectorConfig,
    Secret,
    http_url,
    not_empty,
    one_of,
    setting,
    settings,
)

__all__ = ["GitLabConfig"]


def _project(value: int | str) -> str | None:
    text = str(value)
    named = "/" in text.strip("/") and text == text.strip("/ ") and not_empty(text) is None
    return (
        None
        if named or re.fullmatch(r"[1-9][0-9]{0,18}", text)
        else "a path such as group/name, or the project's number"
    )


@settings
class GitLabConfig(ConnectorConfig):
    """A project on GitLab, and the token to reach it."""

    token: Secret = setting(
        "Access token with the scope `api`: of a person, a project or a group, or an OAuth access token.",
        validate=not_empty,
        also=("private_token", "access_token"),
        env=("GITLAB_TOKEN",),
        example="glpat-…",
    )
    token_type: str = setting(
        "How the token is sent: `private` for access tokens, `bearer` for OAuth.",
        default="private",
        validate=one_of("private", "bearer"),
    )
    url: str | None = setting(
        "Address of GitLab; the manager's `gitlab_url` when not given.",
        default=None,
        validate=http_url,
        also=("gitlab_url", "base_url"),
        env=("GITLAB_URL",),
        example="https://gitlab.com",
    )
    project: int | str | None = setting(
        "Path or number of the project; the manager's `project_id` when not given.",
        default=None,
        validate=_project,
        also=("project_id",),
        env=("CI_PROJECT_PATH",),
        example="group/name",
    )
    trigger_token: Secret | None = setting(
        "Pipeline trigger token; pipelines are then started with it instead of the access token.",
        default=None,
        validate=not_empty,
        example="glptt-…",
    )
    ref: str = setting(
        "Branch or tag that pipelines run on when a build names none.", default="main", validate=not_empty
    )
    pipelines: Mapping[str, str] = setting(
        "Names that a build's `job` may use, each with the branch or tag whose pipeline it is.",
        factory=dict,
        also=("pipeline_triggers",),
    )
    target_branch: str = setting(
        "Branch that merge requests are to be merged into.",
        default="main",
        validate=not_empty,
        also=("mr_target_branch",),
    )
    issue_labels: tuple[str, ...] = setting(
        "Labels that each created issue gets.", default=(), validate=not_empty, example="automated"
    )
    auto_create_mrs: bool = setting(
        "Ask for the branch of each event of the types in `events` to be merged into `target_branch`; with none there, "
        "of pushes and configuration changes (`config*`).",
        default=False,
    )
