"""What a SonarQube integration is configured with."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from integrations_sdk.connectors.base import (
    ScannerConfig,
    Secret,
    http_url,
    not_empty,
    one_of,
    setting,
    settings,
)

__all__ = ["SonarQubeConfig"]

_CLOUD: Final = frozenset({"sonarcloud.io", "sonarqube.us"})


def _root(value: str) -> str | None:
    wrong = http_url(value)
    if wrong is None and any(mark in value for mark in ("?", "#", "/api", "/dashboard", "/project")):
        return "the address of SonarQube itself, such as https://sonarqube.example.com"
    return wrong


@settings
class SonarQubeConfig(ScannerConfig):
    """A project on SonarQube Server or SonarQube Cloud (SonarCloud)."""

    token: Secret = setting(
        "Token of a user who may browse the project, or of the project itself.",
        validate=not_empty,
        also=("api_token", "sonar_token"),
        env=("SONAR_TOKEN",),
        example="env:SONAR_TOKEN",
    )
    project: str | None = setting(
        "Key of the project.",
        default=None,
        validate=not_empty,
        also=("project_key", "component"),
        env=("SONAR_PROJECT_KEY",),
        example="shop_web",
    )
    url: str = setting(
        "Address of SonarQube; that of Cloud is https://sonarcloud.io, in the US https://sonarqube.us.",
        default="https://sonarcloud.io",
        validate=_root,
        also=("base_url", "host_url", "sonarqube_url", "server_url"),
        env=("SONAR_HOST_URL",),
    )
    organization: str | None = setting(
        "Key of the organization, on Cloud.",
        default=None,
        validate=not_empty,
        env=("SONAR_ORGANIZATION",),
        example="shop",
    )
    cloud: bool | None = setting("Whether it is Cloud; none: by the address.", default=None)
    types: tuple[str, ...] = setting(
        "Kinds of issues that count: BUG, VULNERABILITY, CODE_SMELL; empty means all.",
        default=(),
        validate=one_of("BUG", "VULNERABILITY", "CODE_SMELL"),
        example="BUG, VULNERABILITY",
    )

    @property
    def is_cloud(self) -> bool:
        """Whether it is SonarQube Cloud, whose API differs in some names."""
        host = urlsplit(self.url).hostname or ""
        return self.cloud if self.cloud is not None else host.removeprefix("www.") in _CLOUD
