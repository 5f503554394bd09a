"""Who one is at AWS, and where."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from integrations_sdk.connectors.config import ConnectorConfig, http_url, not_empty, setting, settings
from integrations_sdk.errors import Problem
from integrations_sdk.models import Secret

__all__ = ["AwsConfig"]


def _region(value: str) -> str | None:
    known = re.fullmatch(r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}", value, re.ASCII)
    return None if known else "a region such as eu-central-1"


@settings
class AwsConfig(ConnectorConfig):
    """Who one is at AWS, and where."""

    region: str | None = setting(
        "Region; none: that of the profile or the environment.",
        default=None,
        validate=_region,
        also=("region_name", "aws_region"),
        example="eu-central-1",
    )
    access_key_id: Secret | None = setting(
        "Access key; none: credentials are found as AWS' own tools find them (environment, profile, role).",
        default=None,
        validate=not_empty,
        also=("aws_access_key_id",),
        example="env:AWS_ACCESS_KEY_ID",
    )
    secret_access_key: Secret | None = setting(
        "Secret of the access key.",
        default=None,
        validate=not_empty,
        also=("aws_secret_access_key",),
        example="env:AWS_SECRET_ACCESS_KEY",
    )
    session_token: Secret | None = setting(
        "Session token of the access key, if it is temporary.",
        default=None,
        validate=not_empty,
        also=("aws_session_token",),
    )
    profile: str | None = setting(
        "Profile of the shared configuration files, which may assume a role.",
        default=None,
        validate=not_empty,
        also=("profile_name", "aws_profile"),
    )
    endpoint_url: str | None = setting(
        "Address of the service, in place of the region's: a VPC endpoint, a test server.",
        default=None,
        validate=http_url,
        also=("url", "base_url"),
    )

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """An access key is whole, and stands alone."""
        named = [name for name in ("access_key_id", "secret_access_key", "session_token") if name in given]
        for name in ("access_key_id", "secret_access_key"):
            if named and name not in named:
                yield Problem(name, f"missing beside {named[0]}", "add it, or leave out both")
        if named and "profile" in given:
            yield Problem("profile", "given together with an access key", "leave out one of them")
