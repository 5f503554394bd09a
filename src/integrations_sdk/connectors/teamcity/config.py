"""What a TeamCity integration is configured with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from integrations_sdk.connectors.base import (
    BuildServerConfig,
    Problem,
    Secret,
    http_url,
    not_empty,
    setting,
    settings,
)

__all__ = ["TeamCityConfig"]


def _build_type(value: str) -> str | None:
    known = re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,224}", value)
    return None if known else "a build configuration's ID such as Shop_Build; not its name"


def _root(value: str) -> str | None:
    wrong = http_url(value)
    if wrong is None and any(mark in value for mark in ("?", "#", "/app/rest", "/buildConfiguration")):
        return "the address of TeamCity itself, such as https://teamcity.example.com"
    return wrong


@settings
class TeamCityConfig(BuildServerConfig):
    """A TeamCity server, and the build configurations that are run on it."""

    url: str = setting(
        "Address of TeamCity, with its path if it has one.",
        validate=_root,
        also=("base_url", "teamcity_url", "server_url"),
        env=("TEAMCITY_URL",),
        example="https://teamcity.company.com",
    )
    token: Secret = setting(
        "Access token of who starts the builds.",
        validate=not_empty,
        also=("api_token", "access_token"),
        env=("TEAMCITY_TOKEN",),
    )
    build_type: str | None = setting(
        "ID of the build configuration to run.",
        default=None,
        validate=_build_type,
        also=("build_type_id", "build_configuration", "job", "project_name"),
        env=("TEAMCITY_BUILD_TYPE",),
        example="Shop_Build",
    )
    build_types: tuple[str, ...] = setting(
        "IDs of further build configurations, run together with it.",
        default=(),
        validate=_build_type,
        also=("jobs",),
    )
    properties: dict[str, str | bool | int | float] = setting(
        "Parameters of every build.",
        factory=dict,
        also=("parameters", "job_parameters"),
        example="env.STAGE: production",
    )
    build_commit: bool = setting(
        "Build exactly the commit, which TeamCity must have seen already; otherwise the branch's newest.",
        default=True,
    )
    personal: bool = setting("Run them as personal builds.", default=False)

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """There must be something to build."""
        if not given.get("build_type") and not given.get("build_types"):
            remedy = "name it, or several as `build_types`"
            yield Problem("build_type", "missing; expected a build configuration's ID", remedy)
