"""What a Mend integration is configured with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from integrations_sdk.connectors.base import (
    GatedConfig,
    Problem,
    Secret,
    http_url,
    not_empty,
    one_of,
    setting,
    settings,
)

__all__ = ["MendConfig"]


@settings
class MendConfig(GatedConfig):
    """An organization on Mend (WhiteSource)."""

    email: str = setting(
        "E-mail address of the user, best a service user.",
        validate=not_empty,
        also=("user_email", "username"),
        env=("MEND_EMAIL",),
        example="ci@company.com",
    )
    user_key: Secret = setting(
        "User key of that user, out of its profile.",
        validate=not_empty,
        also=("api_token", "token"),
        env=("MEND_USER_KEY",),
        example="env:MEND_USER_KEY",
    )
    org_token: Secret | None = setting(
        "API key or UUID of the organization; none: the one that the user works in.",
        default=None,
        validate=not_empty,
        also=("org_uuid", "organization", "api_key"),
        env=("MEND_ORG_TOKEN",),
        example="env:MEND_ORG_TOKEN",
    )
    project: str | None = setting(
        "UUID of the project that counts (with API 2.0, its token as well); none: all of the organization's.",
        default=None,
        validate=not_empty,
        also=("project_token", "project_uuid"),
    )
    url: str = setting(
        "Address of the environment, as in the browser or of its API.",
        default="https://api-saas.mend.io",
        validate=http_url,
        also=("base_url", "api_url"),
        env=("MEND_URL",),
        example="https://saas-eu.mend.io",
    )
    api_version: str = setting(
        "Version of the API: 3.0, or 2.0 where the organization is not on the platform yet.",
        default="3.0",
        validate=one_of("3.0", "2.0"),
    )

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """API 2.0 logs in to an organization."""
        if given.get("api_version") == "2.0" and not given.get("org_token"):
            yield Problem("org_token", "missing; API 2.0 needs it", "add it, out of Integrate → API Key")
