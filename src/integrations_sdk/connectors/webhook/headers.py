"""The headers of one call: the configured ones, and what says whose call it is. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from integrations_sdk.connectors.base import ConnectorContext, Event, Secret, json_bytes, profile_headers
from integrations_sdk.connectors.webhook.config import WebhookConfig

__all__ = ["ATTEMPT", "TEST", "call_headers", "hook_id", "secrets_at"]

ATTEMPT: Final = "x-webhook-attempt"
"""Says of a repeated call which attempt it is."""

TEST: Final = "x-webhook-test"
"""Says of a call that nothing has happened."""


def call_headers(
    config: WebhookConfig,
    context: ConnectorContext,
    body: bytes,
    *,
    hook: UUID | None,
    delivery_id: str,
    event_type: str,
    event: Event | None = None,
) -> dict[str, str]:
    """What goes out with a body: the profile's headers and proofs, and those that are configured.

    Args:
        hook: the webhook's `hook_id()`.

    Raises:
        ConfigurationError: the delivery's id cannot stand in a header.
    """
    now = context.clock.now()
    proof = profile_headers(
        config.profile,
        body,
        secrets_at(config, now),
        event_type=event_type,
        id=delivery_id,
        now=now,
        event_id=event.id if event is not None else None,
        hook=hook,
        instance=context.scope.gitlab_url,
        repository=_repository(event),
    )
    given = {name.lower() for name in config.headers}  # of the profile's only `User-Agent` can be among them
    return {**config.headers, **{name: text for name, text in proof.items() if name not in given}}


def secrets_at(config: WebhookConfig, now: datetime) -> list[Secret]:
    """What to sign with at a time, the newest first."""
    over = config.previous_until is not None and config.previous_until <= now
    found = (config.secret_token, None if over else config.previous_secret_token, config.private_key)
    return [secret for secret in found if secret is not None]


def hook_id(context: ConnectorContext) -> UUID | None:
    """What tells a webhook from every other, the same in each of its calls; None while it is only being tried."""
    if context.integration_id is None:
        return None
    name = [context.scope.gitlab_url, context.scope.tenant_id, context.integration_id]
    return uuid5(NAMESPACE_URL, json_bytes(name).decode())


def _repository(event: Event | None) -> int | None:
    """GitHub's number of the repository that an event of GitHub's is of."""
    found = event.data.get("repository") if event is not None and event.provider == "github" else None
    number = found.get("id") if isinstance(found, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None
