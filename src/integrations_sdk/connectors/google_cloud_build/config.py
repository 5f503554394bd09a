"""What a Google Cloud Build integration is configured with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from integrations_sdk.connectors.base import (
    BuildServerConfig,
    Problem,
    Secret,
    http_url,
    not_empty,
    service_account_key,
    setting,
    settings,
)

__all__ = ["CloudBuildConfig"]


def _project(value: str) -> str | None:
    known = re.fullmatch(r"([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]|\d{4,20}", value, re.ASCII)
    return None if known else "a project's id or number, such as shop-web-123456"


def _location(value: str) -> str | None:
    known = re.fullmatch(r"global|[a-z]+-[a-z]+\d+", value, re.ASCII)
    return None if known else "global, or a region such as europe-west1"


@settings
class CloudBuildConfig(BuildServerConfig):
    """A project on Google Cloud, and the triggers that are run in it."""

    project_id: str = setting(
        "Id of the project.",
        validate=_project,
        also=("project", "gcp_project"),
        env=("GOOGLE_CLOUD_PROJECT",),
        example="shop-web-123456",
    )
    service_account_key: Secret | None = setting(
        "Content of a service account's key file, JSON.",
        default=None,
        validate=service_account_key,
        also=("credentials", "service_account", "service_account_json"),
        env=("GOOGLE_CREDENTIALS",),
        example="file:/run/secrets/key.json",
    )
    access_token: Secret | None = setting(
        "OAuth access token from elsewhere, in place of a key; it lasts an hour.",
        default=None,
        validate=not_empty,
        also=("token",),
    )
    location: str = setting(
        "Where triggers and builds are: global, or a region.",
        default="global",
        validate=_location,
        also=("region",),
        example="europe-west1",
    )
    trigger: str | None = setting(
        "Name or id of the trigger to run.",
        default=None,
        validate=not_empty,
        also=("trigger_id", "trigger_name", "job", "project_name"),
        env=("CLOUD_BUILD_TRIGGER",),
        example="deploy",
    )
    triggers: tuple[str, ...] = setting(
        "Further triggers, run together with it.", default=(), validate=not_empty, also=("jobs",)
    )
    substitutions: dict[str, str | bool | int | float] = setting(
        "Substitutions of every build.",
        factory=dict,
        also=("parameters", "job_parameters"),
        example="_STAGE: production",
    )
    build_commit: bool = setting(
        "Build exactly the commit; otherwise the branch's or tag's newest.", default=True
    )
    api_url: str = setting(
        "Address of the API.",
        default="https://cloudbuild.googleapis.com",
        validate=http_url,
        also=("url", "base_url"),
    )
    token_url: str = setting(
        "Token endpoint that the key is for.",
        default="https://oauth2.googleapis.com/token",
        validate=http_url,
    )

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """One way to get in."""
        ways = [name for name in ("service_account_key", "access_token") if name in given]
        if not ways:
            remedy = "add it, or an `access_token`"
            yield Problem("service_account_key", "missing; expected a service account's key", remedy)
        elif len(ways) == 2:
            yield Problem("access_token", "given together with service_account_key", "leave out one of them")
