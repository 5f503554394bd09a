"""How to reach one Sentry project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from integrations_sdk.connectors.base import (
    ConnectorConfig,
    Problem,
    Secret,
    http_url,
    not_empty,
    setting,
    settings,
)
from integrations_sdk.connectors.sentry.dsn import sentry_dsn

__all__ = ["SentryConfig"]


@settings
class SentryConfig(ConnectorConfig):
    """One Sentry project; with `auth_token`, `organization` and `project` its releases as well."""

    dsn: Secret = setting(
        "DSN of the project.", validate=sentry_dsn, env=("SENTRY_DSN",), example="env:SENTRY_DSN"
    )
    environment: str | None = setting(
        "Environment of events and deploys that name none.",
        default=None,
        also=("env",),
        validate=not_empty,
        env=("SENTRY_ENVIRONMENT",),
        example="production",
    )
    release: str | None = setting(
        "Release of events that name none.",
        default=None,
        validate=not_empty,
        env=("SENTRY_RELEASE",),
        example="v1.2.3",
    )
    tags: Mapping[str, str] = setting("Tags of every event.", factory=dict)
    auth_token: Secret | None = setting(
        "Organisation auth token, for releases and deploys.",
        default=None,
        validate=not_empty,
        env=("SENTRY_AUTH_TOKEN",),
        example="env:SENTRY_AUTH_TOKEN",
    )
    organization: str | None = setting(
        "Slug of the organisation.",
        default=None,
        also=("org", "organisation"),
        validate=not_empty,
        env=("SENTRY_ORG",),
    )
    project: str | None = setting(
        "Slug of the project.", default=None, validate=not_empty, env=("SENTRY_PROJECT",)
    )
    api_url: str | None = setting(
        "Root of the REST API; without it, it follows from the DSN.",
        default=None,
        validate=http_url,
        env=("SENTRY_URL",),
        example="https://sentry.example.com",
    )

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """The REST API needs to know the organisation and the project."""
        if given.get("auth_token"):
            for name in ("organization", "project"):
                if not given.get(name):
                    yield Problem(
                        name,
                        "missing; expected its slug, as `auth_token` is set",
                        "take it from the URL of the project's page",
                    )
