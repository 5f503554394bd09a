"""Which project of Asana, and how tasks are found again."""

from __future__ import annotations

from integrations_sdk.connectors.base import ConnectorConfig, Secret, http_url, not_empty, setting, settings

__all__ = ["AsanaConfig"]


def _gid(value: str) -> str | None:
    good = value.isascii() and value.isdecimal() and len(value) <= 32
    return None if good else "a gid: the number in the address of the thing, as text"


@settings
class AsanaConfig(ConnectorConfig):
    """A project on Asana, and the token to reach it."""

    access_token: Secret = setting(
        "Personal access token, service account token, or OAuth access token.",
        validate=not_empty,
        also=("token", "api_token", "personal_access_token"),
        env=("ASANA_ACCESS_TOKEN", "ASANA_TOKEN"),
        example="env:ASANA_ACCESS_TOKEN",
    )
    project: str = setting(
        "Gid of the project that tasks are created in and looked for.",
        validate=_gid,
        also=("project_gid", "project_id"),
        env=("ASANA_PROJECT", "ASANA_PROJECT_GID"),
        example="1203456789012345",
    )
    section: str | None = setting(
        "Section that new tasks are put into, by name or gid.", default=None, validate=not_empty
    )
    external_id_field: str | None = setting(
        "Gid of a text field for the external id; without it, it is kept where only OAuth apps have access.",
        default=None,
        validate=_gid,
    )
    default_assignee: str | None = setting(
        "Who gets tasks that name nobody: an e-mail address, a gid, or `me`.",
        default=None,
        validate=not_empty,
    )
    tags: tuple[str, ...] = setting(
        "Tags of every task.", default=(), validate=not_empty, example="automated"
    )
    api_url: str = setting(
        "Where the API is.", default="https://app.asana.com/api/1.0", validate=http_url, also=("url",)
    )
