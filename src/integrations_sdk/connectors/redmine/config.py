"""Which Redmine, which project on it, and which custom fields keep what Redmine itself has no place for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from integrations_sdk.connectors.base import ConnectorConfig, Secret, http_url, not_empty, setting, settings

__all__ = ["RedmineConfig"]


def _project(value: int | str) -> str | None:
    good = re.fullmatch(r"[a-z0-9_-]{1,100}", str(value))
    return None if good else "the project's identifier as in its address, e.g. shop, or its number"


def _field(value: int) -> str | None:
    return None if value > 0 else "the number of a custom field"


@settings
class RedmineConfig(ConnectorConfig):
    """A project on Redmine, and the key to reach it."""

    url: str = setting(
        "Address of Redmine, with its path if it has one.",
        validate=http_url,
        also=("redmine_url", "base_url", "server_url"),
        env=("REDMINE_URL",),
        example="https://redmine.company.com",
    )
    api_key: Secret = setting(
        "API access key of the account.",
        validate=not_empty,
        also=("api_token", "token"),
        env=("REDMINE_API_KEY",),
        example="env:REDMINE_API_KEY",
    )
    project: int | str = setting(
        "Identifier or number of the project.",
        validate=_project,
        also=("project_id", "default_project"),
        env=("REDMINE_PROJECT",),
        example="shop",
    )
    tracker: str | None = setting(
        "Tracker of issues that name none, by name or number; the project's first when not given.",
        default=None,
        validate=not_empty,
        example="Bug",
    )
    trackers: Mapping[str, str] = setting(
        "Trackers by what an issue is about, where a draft names that instead of a tracker.",
        factory=dict,
        also=("issue_types",),
        example="config_error: Bug",
    )
    external_id_field: int | None = setting(
        "Number of the text field that keeps external ids; it must be usable as a filter.",
        default=None,
        validate=_field,
        example="3",
    )
    labels_field: int | None = setting(
        "Number of the field, for several values, that keeps labels.", default=None, validate=_field
    )
    private_notes: bool = setting(
        "Whether comments are for those only who may see private notes.", default=False
    )
    switch_user: str | None = setting(
        "Login of the user to act as; the key must be an administrator's.", default=None, validate=not_empty
    )
