"""Errors and messages: envelopes for a project's ingestion endpoint.

Source: https://develop.sentry.dev/sdk/data-model/envelopes/.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Literal

from integrations_sdk.connectors.base import (
    AuthenticationError,
    ConnectorContext,
    ConnectorError,
    Fault,
    JsonValue,
    Outcome,
    RateLimitedError,
    Response,
    fault_of,
    given,
)
from integrations_sdk.connectors.sentry.config import SentryConfig
from integrations_sdk.connectors.sentry.payloads import (
    CLIENT,
    envelope,
    environment_name,
    exception_values,
    limited_for,
    release_name,
    tags_of,
)
from integrations_sdk.connectors.sentry.releases import ReleasesApi

__all__ = ["CaptureApi", "SentryLevel"]

SentryLevel = Literal["fatal", "error", "warning", "info", "debug"]
"""How grave an event is, in Sentry's words."""


class CaptureApi(ReleasesApi):
    """What a DSN is for: sending errors and messages, as long as Sentry wants any."""

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
        own |= given(
            environment=environment_name(self.config.environment or ""),
            release=release_name(self.config.release or ""),
        )
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
    return given(tags=dict(tags or {}), fingerprint=list(fingerprint) or None)
