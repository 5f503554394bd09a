"""`Webhook` and `WebhookEventType`, and what webhooks need of other features."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

import attrs

from integrations_sdk.models import Event, Integration, IntegrationState, JsonValue, Record
from integrations_sdk.signing import TOLERANCE, HmacScheme, SecretsGiven

__all__ = ["IntegrationRecords", "ReadMessage", "VerifyMessage", "Webhook", "WebhookEventType"]


class IntegrationRecords(Protocol):
    """What webhooks need of `mgr.integrations`."""

    async def create(self, provider: str, config: Mapping[str, object]) -> Integration:
        """Configure a provider."""
        ...

    async def update(
        self, integration_id: str, changes: Mapping[str, object] | None = None, *, version: int | None = None
    ) -> Integration:
        """Change some fields."""
        ...

    async def enable(self, integration_id: str) -> Integration:
        """Take part again."""
        ...

    async def disable(self, integration_id: str) -> Integration:
        """Take no part for now."""
        ...

    async def delete(self, integration_id: str) -> None:
        """Remove it."""
        ...


class VerifyMessage(Protocol):
    """What checks an incoming message, with the secrets that `mgr.events` keeps."""

    async def __call__(
        self,
        source: str,
        headers: Mapping[str, str],
        body: bytes | str,
        *,
        secret: SecretsGiven | None = None,
        scheme: HmacScheme | None = None,
        tolerance: timedelta = TOLERANCE,
    ) -> None:
        """Return if the message is authentic and fresh; `SignatureError` if not."""
        ...


class ReadMessage(Protocol):
    """What makes an event of a message, of which it is known whose it is."""

    def __call__(self, source: str, headers: Mapping[str, str], body: bytes) -> Event:
        """The event that the message tells of."""
        ...


@attrs.frozen(kw_only=True)
class Webhook(Record):
    """A URL that is called when something happens.

    Attributes:
        webhook_id: `webhook-1`; the id of the integration it is.
        url: without what may be secret in it.
        state: `disabled` also when it was disabled after continued failure, or by HTTP 410; its backlog is held.
        disabled_at: since when deliveries are held; `disabled_reason` says why.
        trigger_count: how often it was called; each try of a delivery that was repeated counts as one call.
        success_count: how many of the calls were answered with 2xx; `success_rate` is their share, 0 to 1.
        latency_p50: the time that half of the answers did not exceed, within 10 %; `latency_p95` and `latency_p99`
            likewise.
        failing_since: the first failure since the last success.
        backlog: deliveries not finished yet.
        rate_limit: calls a second, over all processes; None: no limit.
        payload_template: what is sent in place of events; None: the events.
        previous_secret_until: calls are signed with the secret before the last rotation as well until then.
    """

    webhook_id: str
    name: str
    url: str
    events: tuple[str, ...]
    branches: tuple[str, ...] = ()
    profile: str
    enable_ssl_verification: bool
    state: IntegrationState
    version: int
    created_at: datetime
    updated_at: datetime
    disabled_at: datetime | None = None
    disabled_reason: str | None = None
    rate_limit: float | None = None
    payload_template: JsonValue = None
    trigger_count: int = 0
    success_count: int = 0
    success_rate: float | None = None
    last_triggered_at: datetime | None = None
    last_status: int | None = None
    latency_p50: timedelta | None = None
    latency_p95: timedelta | None = None
    latency_p99: timedelta | None = None
    failing_since: datetime | None = None
    backlog: int = 0
    previous_secret_until: datetime | None = None


@attrs.frozen(kw_only=True)
class WebhookEventType(Record):
    """A type of event that webhooks can subscribe to.

    Attributes:
        name: what `events` and the headers of calls say, e.g. `order.paid`.
        sample: what the body of a call looks like; the built-in ones as GitLab sends them.
        schema: the JSON Schema of the body, for those who write receivers; None where nobody gave one.
    """

    overview = ("name", "description", "built_in")

    name: str
    description: str
    sample: dict[str, JsonValue]
    schema: dict[str, JsonValue] | None = None
    built_in: bool = False
    created_at: datetime | None = None
