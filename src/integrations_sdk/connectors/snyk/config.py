"""What a Snyk integration is configured with."""

from __future__ import annotations

import re
from typing import Final

from integrations_sdk.connectors.base import (
    GatedConfig,
    Secret,
    http_url,
    not_empty,
    one_of,
    setting,
    settings,
)

__all__ = ["REGIONS", "SnykConfig"]

REGIONS: Final = {
    "us-01": "https://api.snyk.io",
    "us-02": "https://api.us.snyk.io",
    "eu-01": "https://api.eu.snyk.io",
    "au-01": "https://api.au.snyk.io",
    "gov-01": "https://api.snykgov.io",
}
"""https://docs.snyk.io/snyk-data-and-governance/regional-hosting-and-data-residency"""


def _uuid(value: str) -> str | None:
    known = re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value)
    return None if known else "an id such as 4a18d42f-0706-4ad0-b127-24078731fbed"


def _version(value: str) -> str | None:
    known = re.fullmatch(r"\d{4}-\d{2}-\d{2}(~(beta|experimental))?", value, re.ASCII)
    return None if known else "a date such as 2024-10-15"


@settings
class SnykConfig(GatedConfig):
    """An organization on Snyk."""

    token: Secret = setting(
        "API token of a service account or a user, or an OAuth access token.",
        validate=not_empty,
        also=("api_token", "snyk_token"),
        env=("SNYK_TOKEN",),
        example="env:SNYK_TOKEN",
    )
    token_type: str = setting(
        "How the token is sent: `token` for API tokens, `bearer` for OAuth.",
        default="token",
        validate=one_of("token", "bearer"),
    )
    org_id: str = setting(
        "Id of the organization, out of its settings.",
        validate=_uuid,
        also=("org", "organization", "organization_id"),
        env=("SNYK_CFG_ORG",),
        example="4a18d42f-0706-4ad0-b127-24078731fbed",
    )
    project: str | None = setting(
        "Id of the project that counts; none: all of the organization's.",
        default=None,
        validate=_uuid,
        also=("project_id",),
    )
    region: str = setting(
        f"Where the organization is: {', '.join(REGIONS)}.", default="us-01", validate=one_of(*REGIONS)
    )
    api_url: str | None = setting(
        "Address of the API, in place of the region's.",
        default=None,
        validate=http_url,
        also=("url", "base_url"),
        env=("SNYK_API",),
    )
    api_version: str = setting("Version of the API, a date.", default="2024-10-15", validate=_version)
