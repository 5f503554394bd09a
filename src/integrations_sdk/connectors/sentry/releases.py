"""Releases and deploys: Sentry's REST API, as far as a deployment concerns it.

Source: https://docs.sentry.io/api/releases/.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from integrations_sdk.connectors.base import (
    ConfigurationError,
    Connector,
    JsonValue,
    Outcome,
    plain,
    url_path,
)
from integrations_sdk.connectors.sentry.config import SentryConfig
from integrations_sdk.connectors.sentry.dsn import Dsn, parse_dsn
from integrations_sdk.connectors.sentry.payloads import environment_name, release_name

__all__ = ["ReleasesApi"]

_RELEASES: Final = "/api/0/organizations/{org}/releases/"


class ReleasesApi(Connector[SentryConfig]):
    """What the REST API offers to a token that may do no more than release."""

    @property
    def dsn(self) -> Dsn:
        """The parts of the configured DSN."""
        return parse_dsn(self.config.dsn.reveal())

    @property
    def base_url(self) -> str:
        """The REST API."""
        return (self.config.api_url or self.dsn.api_url).rstrip("/")

    async def authorize(self) -> Mapping[str, str]:
        """The token of the REST API; events bring the DSN's key themselves."""
        token = self.config.auth_token
        return {"authorization": f"Bearer {token.reveal()}"} if token else {}

    async def find_release(self, query: str = "") -> str | None:
        """The version of the newest release of the project whose version contains `query`; None if none does.

        Raises:
            ConfigurationError: no `auth_token` is configured.
        """
        path = url_path(_RELEASES, org=self._organization())
        asked = {"per_page": "1", "project": self.config.project or "", **({"query": query} if query else {})}
        response = await self.call("GET", path, operation="releases", query=asked)
        found = self.parse_list(response)
        return str(found[0].get("version")) if found else None

    async def create_release(
        self,
        version: str,
        *,
        ref: str | None = None,
        url: str | None = None,
        released: datetime | None = None,
    ) -> Outcome:
        """Create a release of the project, or leave it as it is when there is one of that version.

        Args:
            version: as events name it.
            ref: the commit.
            url: a page about it.
            released: when it went live; None is now.

        Raises:
            ConfigurationError: no `auth_token` is configured, or the version is none that Sentry accepts.
        """
        path = url_path(_RELEASES, org=self._organization())
        body = {
            "version": _version(version),
            "projects": [self.config.project],
            **_known(ref=ref, url=url, dateReleased=released),
        }
        response = await self.call("POST", path, operation="releases", json=body, idempotent=True)
        return self.done(response, reference=version)

    async def create_deploy(
        self,
        version: str,
        environment: str,
        *,
        name: str | None = None,
        url: str | None = None,
        started: datetime | None = None,
        finished: datetime | None = None,
    ) -> Outcome:
        """Record that a release was deployed to an environment; `reference` is the version.

        Args:
            version: of a release that exists.
            environment: at most 64 bytes are kept, and hyphens in place of slashes and control characters.
            name: of the deploy; at most 64 characters are kept.
            url: a page about it.
            started: when it began.
            finished: when it ended; None is now.

        Raises:
            ConfigurationError: as `create_release()`, or nothing is left of the environment.
        """
        if (where := environment_name(environment)) is None:
            raise ConfigurationError.of("sentry deploy", "environment", "expected the name of one")
        path = url_path(_RELEASES + "{version}/deploys/", org=self._organization(), version=_version(version))
        more = _known(name=name and name[:64], url=url, dateStarted=started, dateFinished=finished)
        body = {"environment": where, "projects": [self.config.project], **more}
        response = await self.call("POST", path, operation="deploys", json=body)
        return self.done(response, reference=version)

    def _organization(self) -> str:
        if self.config.auth_token is None or self.config.organization is None:
            raise ConfigurationError.of("sentry configuration", "auth_token", "missing; releases need it")
        return self.config.organization


def _version(text: str) -> str:
    if release_name(text) != text:
        expected = "expected at most 200 bytes without slashes, backslashes and white space, not `latest`"
        raise ConfigurationError.of("sentry release", "version", expected)
    return text


def _known(**values: object) -> dict[str, JsonValue]:
    return {name: plain(value) for name, value in values.items() if value is not None}
