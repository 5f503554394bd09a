"""`SentryConnector`.

Source: https://develop.sentry.dev/sdk/ for events, https://docs.sentry.io/api/releases/ for releases.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import ClassVar, Literal

from integrations_sdk.connectors.base import (
    AuthenticationError,
    Category,
    CheckResult,
    ConnectorContext,
    ConnectorError,
    Event,
    EventType,
    Fault,
    JsonValue,
    Outcome,
    RateLimitedError,
    Response,
    fault_of,
)
from integrations_sdk.connectors.sentry.config import SentryConfig
from integrations_sdk.connectors.sentry.payloads import (
    CLIENT,
    envelope,
    environment_name,
    event_of,
    exception_values,
    limited_for,
    release_name,
    tags_of,
)
from integrations_sdk.connectors.sentry.releases import ReleasesApi

__all__ = ["SentryConnector", "SentryLevel"]

SentryLevel = Literal["fatal", "error", "warning", "info", "debug"]
"""How grave an event is, in Sentry's words."""


class SentryConnector(ReleasesApi):
    """Sends exceptions and messages to a project; tells it of releases and deploys.

    Of the library's events a failed pipeline or deployment becomes an error, and (with `auth_token`) a
    release or a successful deployment becomes a release and its deploy. Others are skipped.
    """

    provider = "sentry"
    title = "Sentry"
    category = Category.MONITORING
    Config = SentryConfig
    docs_url = "https://docs.sentry.io/api/"
    setup = (
        "Project Settings → Client Keys (DSN): copy the DSN",
        "For releases: Organization Settings → Auth Tokens → Create New Token",
    )
    permissions = ("the DSN, to send events", "a token with `org:ci` or `project:releases`, for releases")
    limits = (
        "Sentry verifies a DSN's key only when an event arrives, so the check cannot tell a revoked one.",
        "An event is at most 1 MB.",
    )
    default_events = (EventType.PIPELINE, EventType.DEPLOYMENT, EventType.RELEASE)
    environment: ClassVar[Mapping[str, str]] = {
        "SENTRY_DSN": "dsn",
        "SENTRY_ENVIRONMENT": "environment",
        "SENTRY_RELEASE": "release",
        "SENTRY_AUTH_TOKEN": "auth_token",
        "SENTRY_ORG": "organization",
        "SENTRY_PROJECT": "project",
        "SENTRY_URL": "api_url",
    }

    def __init__(self, config: SentryConfig, context: ConnectorContext) -> None:
        super().__init__(config, context)
        self._open_from = 0.0  # by the monotonic clock: until then Sentry wants no errors

    def fault(self, response: Response) -> Fault | None:
        """As the status says, but that a rejected event means a wrong DSN."""
        self._heed(response)
        found = fault_of(response)
        if found is None:
            return None
        if response.status == HTTPStatus.FORBIDDEN and "with_reason" in found.message:
            return Fault(AuthenticationError, f"{found.message}; is the DSN that of the project?")
        return found

    def error(self, fault: Fault, response: Response, operation: str = "") -> ConnectorError:
        """With `retry_after` from `X-Sentry-Rate-Limits` where there is no `Retry-After`."""
        error = super().error(fault, response, operation)
        limited = isinstance(error, RateLimitedError) and error.retry_after is None
        if limited and (seconds := self._paused()) > 0:
            error.retry_after = timedelta(seconds=seconds)
        return error

    async def check(self) -> CheckResult:
        """Send an empty envelope, which Sentry accepts and discards, and (with `auth_token`) list one release.

        Source: https://develop.sentry.dev/sdk/data-model/envelopes/#items.
        """
        await self._send(uuid.uuid4().hex, None, operation="envelope (empty)")
        answers = f"project {self.dsn.project_id}: the ingestion endpoint answers"
        if self.config.auth_token is None:
            return CheckResult(detail=f"{answers}; the DSN's key is verified when an event arrives")
        await self.find_release()
        return CheckResult(detail=f"{answers}; the token may read releases of {self.config.organization}")

    async def send_event(self, event: Event) -> Outcome:
        """Act on an event as the class says; `reference` is the id of the error, or the version."""
        if event.failed and event.type in {EventType.PIPELINE, EventType.DEPLOYMENT}:
            return await self._capture(*event_of(event))
        released = event.type == EventType.RELEASE and event.action != "deleted"
        deployed = event.type == EventType.DEPLOYMENT and event.status == "success"
        if not (released or deployed):
            return self.skipped("envelope", f"{event.type} is neither a failure nor a release")
        if self.config.auth_token is None:
            return self.skipped("releases", "no auth_token is configured, which releases need")
        version = release_name(event.tag or event.sha or self.config.release or "")
        if version is None:
            return self.skipped("releases", "the event names neither a tag nor a commit")
        made = await self.create_release(version, ref=event.sha, url=event.url, released=event.time)
        environment = environment_name(event.environment or self.config.environment or "")
        if not deployed or environment is None:
            return made
        return await self.create_deploy(version, environment, url=event.url, finished=event.time)

    async def capture_exception(
        self,
        error: BaseException,
        *,
        level: SentryLevel = "error",
        tags: Mapping[str, str] | None = None,
        fingerprint: Sequence[str] = (),
    ) -> Outcome:
        """Send an exception with its traceback and causes; `reference` is the event's id.

        Args:
            error: the exception, raised or not.
            level: how grave it is.
            tags: beside the configured ones.
            fingerprint: what belongs together into one issue; empty leaves that to Sentry.
        """
        payload: dict[str, JsonValue] = {"exception": {"values": exception_values(error)}, "level": level}
        return await self._capture(uuid.uuid4().hex, payload | _more(tags, fingerprint))

    async def capture_message(
        self,
        text: str,
        *,
        level: SentryLevel = "info",
        tags: Mapping[str, str] | None = None,
        fingerprint: Sequence[str] = (),
    ) -> Outcome:
        """Send a message of at most 8192 characters; otherwise as `capture_exception()`."""
        payload: dict[str, JsonValue] = {"message": {"formatted": text[:8192]}, "level": level}
        return await self._capture(uuid.uuid4().hex, payload | _more(tags, fingerprint))

    async def _capture(self, event_id: str, payload: Mapping[str, JsonValue]) -> Outcome:
        now = self.context.clock.now()
        own: dict[str, JsonValue] = {"event_id": event_id, "timestamp": now.timestamp(), "platform": "python"}
        known = {
            "environment": environment_name(self.config.environment or ""),
            "release": release_name(self.config.release or ""),
        }
        own |= {name: value for name, value in known.items() if value is not None}
        tags = payload.get("tags")
        merged = tags_of({**self.config.tags, **(tags if isinstance(tags, dict) else {})})
        response = await self._send(event_id, {**own, **payload, "tags": merged}, operation="envelope")
        return self.done(response, reference=event_id)

    async def _send(
        self, event_id: str, payload: Mapping[str, JsonValue] | None, *, operation: str
    ) -> Response:
        if (seconds := self._paused()) > 0:
            raise RateLimitedError(
                "Sentry asked to send no errors for a while",
                provider=self.provider,
                operation=operation,
                integration_id=self.context.integration_id,
                retry_after=timedelta(seconds=seconds),
            )
        response = await self.call(
            "POST",
            self.dsn.envelope_url,
            operation=operation,
            content=envelope(event_id, payload, self.context.clock.now()),
            content_type="application/x-sentry-envelope",
            compress=True,
            headers={"x-sentry-auth": self.dsn.auth_header(CLIENT)},
            idempotent=True,  # Sentry drops an event whose id it has seen
            authorize=False,
        )
        self.parse(response)  # a web page in its place means that the host is not Sentry's
        return response

    def _heed(self, response: Response) -> None:
        """Keep to a limit that any answer announces, a good one included."""
        if seconds := limited_for(response.headers.get("x-sentry-rate-limits", "")):
            self._open_from = max(self._open_from, self.context.clock.monotonic() + seconds)

    def _paused(self) -> float:
        return self._open_from - self.context.clock.monotonic()


def _more(tags: Mapping[str, str] | None, fingerprint: Sequence[str]) -> dict[str, JsonValue]:
    given: dict[str, JsonValue] = {"tags": dict(tags or {})}
    return given | ({"fingerprint": list(fingerprint)} if fingerprint else {})
