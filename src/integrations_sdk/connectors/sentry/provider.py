"""`SentryConnector`.

Source: https://develop.sentry.dev/sdk/ for events, https://docs.sentry.io/api/releases/ for releases.
"""

from __future__ import annotations

import uuid

from integrations_sdk.connectors.base import Category, CheckResult, Event, EventType, Outcome
from integrations_sdk.connectors.sentry.captures import CaptureApi
from integrations_sdk.connectors.sentry.config import SentryConfig
from integrations_sdk.connectors.sentry.payloads import environment_name, event_of, release_name

__all__ = ["SentryConnector"]


class SentryConnector(CaptureApi):
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
