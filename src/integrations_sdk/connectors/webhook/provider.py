"""`WebhookConnector`.

Every call carries the headers of Standard Webhooks 1.0 (https://www.standardwebhooks.com) and, by default,
those of GitLab's webhooks, so that what was written to receive these understands it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

import attrs

from integrations_sdk.connectors.base import (
    Category,
    CheckResult,
    Connection,
    Connector,
    ConnectorContext,
    Event,
    EventType,
    JsonValue,
    Outcome,
    Secret,
    json_bytes,
    plain,
    profile_headers,
    uuid7,
)
from integrations_sdk.connectors.webhook.config import WebhookConfig

__all__ = ["WebhookConnector"]


class WebhookConnector(Connector[WebhookConfig]):
    """Calls a URL with events, signed."""

    provider = "webhook"
    title = "Webhook"
    category = Category.CUSTOM
    Config = WebhookConfig
    docs_url = "https://www.standardwebhooks.com"
    setup = (
        "Give the receiver's URL",
        "Share a secret with it: `whsec_` and 24 to 64 random bytes in base64 (`signing.generate_secret()`)",
    )
    permissions = ("none: the receiver checks the signature",)
    limits = (
        "Receivers must drop repeated calls by `webhook-id`: what failed in doubt may be delivered again.",
        "Redirects are not followed.",
        "An answer of more than 64 KB counts as failed.",
        "`headers` are shown; the query of `url` is not, its path is.",
    )
    default_events = tuple(EventType)
    max_response_bytes = 64 * 1024  # nothing of an answer but its status matters
    user_supplied_urls = True

    def __init__(self, config: WebhookConfig, context: ConnectorContext) -> None:
        super().__init__(config, context)
        longest = max(self.retry.deadline, config.timeout + self.retry.connect_timeout)
        self.retry = attrs.evolve(self.retry, read_timeout=config.timeout, deadline=longest)

    async def authorize(self) -> Mapping[str, str]:
        """The configured credentials."""
        value = self.config.auth_value
        return {} if value is None else {self.config.auth_header.lower(): value.reveal()}

    @property
    def connection(self) -> Connection:
        """With the client certificate."""
        return attrs.evolve(super().connection, client_certificate=self.config.client_certificate)

    async def check(self) -> CheckResult:
        """Ask for the headers alone, without credentials; any answer below 500 shows that it is there."""
        response = await self.call(
            "HEAD", self._target, operation="webhook.check", authorize=False, accept=range(200, 500)
        )
        return CheckResult(detail=f"answers {response.status}", warnings=tuple(self._doubts(response.status)))

    async def send_payload(
        self, payload: Mapping[str, object], *, event_type: str = "custom", delivery_id: str | None = None
    ) -> Outcome:
        """POST the payload as JSON; the outcome's `reference` is the delivery's id.

        Args:
            event_type: goes into the profile's header, e.g. `X-Gitlab-Event: Pipeline Hook`.
            delivery_id: the same when it is delivered again; None: a new one.

        Raises:
            ConfigurationError: the payload holds what JSON cannot, or the id cannot stand in a header.
            ConnectorError: the receiver answered something other than 2xx, or nothing.
        """
        body = json_bytes(payload)
        delivery = delivery_id or uuid7(self.context.clock.now())
        proof = profile_headers(
            self.config.profile,
            body,
            self._secrets(),
            event_type=event_type,
            id=delivery,
            now=self.context.clock.now(),
        )
        response = await self.call(
            "POST",
            self._target,
            operation="webhook.send",
            content=body,
            content_type="application/json",
            headers={**self.config.headers, **proof},
        )
        return self.done(response, "webhook.send", reference=delivery)

    async def send_event(self, event: Event) -> Outcome:
        """POST the event, in its sender's own words where the profile is the sender's, else as an `Event`."""
        return await self.deliver(event, delivery_id=event.id)

    async def deliver(self, event: Event, *, delivery_id: str) -> Outcome:
        """`send_event()` under the id of a delivery."""
        if event.provider in {self.config.profile, "application"} and event.data:
            return await self.send_payload(event.data, event_type=event.type, delivery_id=delivery_id)
        read = plain(event)
        payload: dict[str, JsonValue] = read if isinstance(read, dict) else {}
        if self.config.profile == "standard":
            payload = {"type": event.type, "timestamp": payload["time"], "data": payload}
        return await self.send_payload(payload, event_type=event.type, delivery_id=delivery_id)

    def _secrets(self) -> list[Secret]:
        """What to sign with now, the newest first."""
        config, ends = self.config, self.config.previous_until
        over = ends is not None and ends <= self.context.clock.now()
        found = (config.secret_token, None if over else config.previous_secret_token, config.private_key)
        return [secret for secret in found if secret is not None]

    def _doubts(self, status: int) -> Iterable[str]:
        """What works but should not stay so."""
        parts = urlsplit(self._target)
        if parts.scheme != "https" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
            yield "http is readable on the way, the token included: use https"
        if not self.config.verify_ssl:
            yield "the certificate is not checked, so anybody on the way can answer: set `verify_ssl`"
        if not self._secrets():
            yield "calls are not signed, so the receiver cannot know whose they are: set `secret_token`"
        if 300 <= status < 400:
            yield "the URL redirects, which is not followed: configure where it leads"
        if status in {404, 410}:
            yield f"HEAD is answered with {status}: check the URL, unless it is there for POST alone"

    @property
    def _target(self) -> str:
        return self.config.secret_url.reveal() if self.config.secret_url is not None else self.config.url
