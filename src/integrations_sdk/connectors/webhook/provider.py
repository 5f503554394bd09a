"""`WebhookConnector`.

Every call carries the headers of Standard Webhooks 1.0 (https://www.standardwebhooks.com) and, by default,
those of GitLab's webhooks, so that what was written to receive these understands it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from integrations_sdk.connectors.base import (
    MASK,
    Category,
    CheckResult,
    ConnectorError,
    Event,
    EventType,
    Outcome,
    Sent,
    json_bytes,
    origin,
    uuid7,
)
from integrations_sdk.connectors.webhook.calls import WebhookCalls
from integrations_sdk.connectors.webhook.config import WebhookConfig
from integrations_sdk.connectors.webhook.doubts import UNVERIFIED, doubts
from integrations_sdk.connectors.webhook.exchange import Exchange, request_shown, response_shown
from integrations_sdk.connectors.webhook.headers import ATTEMPT, TEST, call_headers, secrets_at

__all__ = ["WebhookConnector"]


class WebhookConnector(WebhookCalls):
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
    takes_pages = True
    user_supplied_urls = True

    async def check(self) -> CheckResult:
        """Ask for the headers alone, without credentials; any answer below 500 shows that it is there."""
        came = await self.attempt(
            self.call(
                "HEAD", self._target, operation="webhook.check", authorize=False, accept=range(200, 500)
            )
        )
        if isinstance(came, ConnectorError):
            if not self.config.verify_ssl:
                came.message = f"{came.message}; {UNVERIFIED}"
            raise came
        signed = bool(secrets_at(self.config, self.context.clock.now()))
        found = doubts(self.config, self._target, signed=signed, status=came.status)
        return CheckResult(detail=f"answers {came.status}", warnings=tuple(found))

    async def send_payload(
        self, payload: Mapping[str, object], *, event_type: str = "custom", delivery_id: str | None = None
    ) -> Outcome:
        """POST the payload as JSON, without the template; the outcome's `reference` is the delivery's id.

        Args:
            event_type: goes into the profile's header, e.g. `X-Gitlab-Event: Pipeline Hook`.
            delivery_id: the same when it is delivered again; None: a new one.

        Raises:
            ConfigurationError: the payload holds what JSON cannot, or the id cannot stand in a header.
            ConnectorError: the receiver answered something other than 2xx, or nothing.
        """
        delivery = delivery_id or uuid7(self.context.clock.now())
        body = json_bytes(payload)
        headers = call_headers(
            self.config, self.context, body, hook=self._hook, delivery_id=delivery, event_type=event_type
        )
        response = await self._post(body, headers)
        return self.done(response, reference=delivery)

    async def send_event(self, event: Event) -> Outcome:
        """POST the event under its own id, see `body_of()`.

        Raises:
            ConfigurationError: the event holds what JSON cannot, or its id cannot stand in a header.
            ConnectorError: the receiver answered something other than 2xx, or nothing.
        """
        body = self._body(event)
        response = await self._post(body, self._headers(event, body, event.id))
        return self.done(response, reference=event.id)

    async def deliver(self, event: Event, *, delivery_id: str, attempt: int = 1) -> Sent:
        """POST the event once, under a delivery's id; when to try again is the caller's decision.

        Args:
            delivery_id: the same with each attempt, so that the receiver can drop duplicates.
            attempt: 1 or more; from the second on the receiver is told, in `X-Webhook-Attempt`.

        Returns:
            What it came to, also when it failed: anything but 2xx, or no answer. Failures are `retryable` but
            for 410, with which a receiver takes its leave, an address that is refused, and too long an answer.

        Raises:
            ConfigurationError: the event holds what JSON cannot, or the id cannot stand in a header.
        """
        body = self._body(event)
        headers = self._headers(event, body, delivery_id)
        if attempt > 1:
            headers[ATTEMPT] = str(attempt)
        response, error = await self._once(body, headers)
        return self._sent(response, error, delivery_id)

    async def exchange(self, event: Event, *, delivery_id: str) -> Exchange:
        """POST the event once, marked as a test by `X-Webhook-Test`, and show call and answer.

        Raises:
            ConfigurationError: as `deliver()`.
        """
        body = self._body(event)
        headers = {**self._headers(event, body, delivery_id), TEST: "true"}
        response, error = await self._once(body, headers)
        masks = self.masks
        shown = {"accept": "application/json", "content-type": "application/json", **headers}
        shown |= dict.fromkeys(await self.authorize(), MASK)
        return Exchange(
            sent=self._sent(response, error, delivery_id),
            request=request_shown(self._shown_url, shown, json.loads(body), masks.text),
            response=response_shown(response, masks.text) if response is not None else None,
            error=error,
        )

    @property
    def _shown_url(self) -> str:
        config = self.config
        if config.secret_url is None:
            return config.url
        return f"{config.url}?{MASK}" if config.url else f"{origin(self._target)}/{MASK}"
