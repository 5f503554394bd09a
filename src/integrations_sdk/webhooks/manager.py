"""`AsyncWebhooksManager`: what `mgr.webhooks` is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, cast

from integrations_sdk.clock import uuid7
from integrations_sdk.connectors.directory import ConnectorDirectory, storage_id, target_of
from integrations_sdk.errors import ConfigurationError, DisabledError
from integrations_sdk.models import (
    Event,
    EventType,
    Integration,
    IntegrationState,
    JsonValue,
    Outcome,
    OutcomeList,
    OutcomeStatus,
    RecordList,
    Secret,
)
from integrations_sdk.models.delivery import Target, TargetStatistics
from integrations_sdk.queue.outbox import Outbox
from integrations_sdk.signing import TOLERANCE, HmacScheme, SecretsGiven, successor
from integrations_sdk.webhooks.event_types import EventTypes, matching
from integrations_sdk.webhooks.records import (
    IntegrationRecords,
    ReadMessage,
    VerifyMessage,
    Webhook,
    WebhookEventType,
)
from integrations_sdk.webhooks.trial import SampleCalls

if TYPE_CHECKING:  # a provider is imported only when it is used
    from integrations_sdk.connectors.webhook import WebhookConnector

__all__ = ["AsyncWebhooksManager"]

_PROVIDER: Final = "webhook"
_LONGEST_OVERLAP: Final = timedelta(days=90)


class AsyncWebhooksManager:
    """The webhooks of one scope. Each is an integration of the provider `webhook` too.

    Args:
        verify: checks messages of others.
        read: makes events of them.
        outbox: takes what is to be sent.
        statistics: what became of the attempts at a target.
    """

    def __init__(
        self,
        directory: ConnectorDirectory,
        integrations: IntegrationRecords,
        verify: VerifyMessage,
        read: ReadMessage,
        outbox: Outbox,
        statistics: Callable[[Target], Awaitable[TargetStatistics]],
    ) -> None:
        self._directory = directory
        self._integrations = integrations
        self._verify = verify
        self._outbox = outbox
        self._statistics = statistics
        self._runtime = directory.runtime
        self._types = EventTypes(directory.runtime)
        self._tests = SampleCalls(directory.runtime, self._types, read)

    async def create_webhook(self, config: Mapping[str, object]) -> Webhook:
        """Add a webhook; nothing is sent to it yet (`test_webhook()` does).

        Args:
            config: `url`; usually `events`, `secret_token`, `enable_ssl_verification`; `payload_template`, `rate_limit`
                and more: see `WebhookConfig`.

        Raises:
            ConfigurationError: naming everything wrong with it.
        """
        return await self._described(await self._integrations.create(_PROVIDER, config))

    async def get_webhook(self, webhook_id: str) -> Webhook:
        """The webhook; `NotFoundError` if there is none with that id."""
        return await self._described(await self._directory.get(webhook_id, provider=_PROVIDER))

    async def list_webhooks(self, *, state: IntegrationState | None = None) -> RecordList[Webhook]:
        """Every webhook of the scope, oldest first."""
        return RecordList(
            [
                await self._described(item)
                async for item in self._directory.all(provider=_PROVIDER, state=state)
            ]
        )

    async def update_webhook(
        self, webhook_id: str, changes: Mapping[str, object], *, version: int | None = None
    ) -> Webhook:
        """Change some fields; None takes one back to its default. Errors as `integrations.update()`."""
        await self.get_webhook(webhook_id)
        return await self._described(await self._integrations.update(webhook_id, changes, version=version))

    async def enable_webhook(self, webhook_id: str) -> Webhook:
        """Call it again, also for all that was held while it was disabled, by you or after continued failure."""
        await self.get_webhook(webhook_id)
        return await self._described(await self._integrations.enable(webhook_id))

    async def disable_webhook(self, webhook_id: str) -> Webhook:
        """Keep it, but do not call it; what is queued for it is held until it is enabled."""
        await self.get_webhook(webhook_id)
        return await self._described(await self._integrations.disable(webhook_id))

    async def delete_webhook(self, webhook_id: str) -> None:
        """Remove it with its secret; what is queued for it is given up."""
        await self._directory.get(webhook_id, provider=_PROVIDER)
        await self._integrations.delete(webhook_id)

    async def rotate_secret(
        self, webhook_id: str, *, overlap: timedelta = timedelta(days=1), secret: str | Secret | None = None
    ) -> Secret:
        """Replace the secret, and prove calls with the old one as well until the overlap is over.

        Both make a signature of Standard Webhooks. GitHub's signature and GitLab's token have room for one
        only and stay the old secret's until then, so there let the receiver accept both in the meantime.
        Rotating again before the overlap is over drops the secret before the last. A webhook that has no
        secret gets one.

        Args:
            overlap: at most 90 days; 0 stops using the old secret at once.
            secret: the new one, a value or a reference; None makes one at random, `whsec_…` unless the old
                one is plain text.

        Returns:
            The new secret, for the receiver; it is not shown again.

        Raises:
            NotFoundError: there is none with that id.
            ConflictError: it was changed at the same moment; the secret was not.
            ConfigurationError: `overlap` is out of range, or the new secret cannot be one.
        """
        if not timedelta() <= overlap <= _LONGEST_OVERLAP:
            raise ConfigurationError.of("rotation", "overlap", "expected 0 to 90 days")
        integration = await self._directory.get(webhook_id, provider=_PROVIDER)
        old = (await self._runtime.secrets.get(self._key(integration))).get("secret_token")
        if secret is None:
            secret = successor(await self._runtime.secrets.resolve(old) if old else None)
        previous = old if overlap else None
        until = self._runtime.clock.now() + overlap if previous else None
        changes = {
            "secret_token": secret, "previous_secret_token": previous, "previous_until": until,
        }  # fmt: skip
        await self._integrations.update(webhook_id, changes, version=integration.version)
        return Secret(secret)

    async def verify(
        self,
        source: str,
        headers: Mapping[str, str],
        body: bytes | str,
        *,
        secret: SecretsGiven | None = None,
        scheme: HmacScheme | None = None,
        tolerance: timedelta = TOLERANCE,
    ) -> None:
        """Return if a message that arrived is from `source`, unchanged and fresh.

        Nothing of it is remembered, so a repeated message passes again: `mgr.events.receive()` also drops
        those, and reads the message.

        Args:
            source: `slack`, `jira`, `jenkins`, `github`, `gitlab`, `stripe`, `pagerduty` or
                `standard_webhooks`; with `scheme` any other name, e.g. `custom`.
            headers: as they arrived.
            body: exactly as it arrived.
            secret: shared with the sender, or several of which any will do, or its public key (`whpk_…`);
                None takes what `mgr.events.set_secret()` was given for the source.
            scheme: how a sender signs that is none of those.
            tolerance: how far a signed time may be from now, in both directions.

        Raises:
            SignatureError: not authentic, or stale.
            ConfigurationError: no secret is known for the source, or the message is none it can have sent.
        """
        await self._verify(source, headers, body, secret=secret, scheme=scheme, tolerance=tolerance)

    async def list_event_types(self) -> RecordList[WebhookEventType]:
        """What webhooks can subscribe to, each with a sample: the built-in types, then the application's own."""
        return await self._types.all()

    async def create_event_type(
        self,
        name: str,
        description: str,
        sample: Mapping[str, JsonValue],
        *,
        schema: Mapping[str, JsonValue] | None = None,
    ) -> WebhookEventType:
        """Add a type of the application's own to the tenant's catalogue.

        Args:
            name: with a dot, e.g. `order.paid`, so that webhooks can subscribe to `order.*`; at most 128
                letters, digits, `_`, `-` and dots.
            description: for those who write receivers, at most 1,000 characters.
            sample: what `test_webhook()` sends; as JSON at most 64 KiB.
            schema: the JSON Schema of such payloads; it is kept, and nothing is checked against it.

        Raises:
            ConfigurationError: naming everything wrong with it.
            AlreadyExistsError: there is a type of that name.
        """
        return await self._types.create(name, description, sample, schema)

    async def delete_event_type(self, name: str) -> None:
        """Take a type out of the catalogue; subscriptions to it stay, and so does what is sent to them.

        Raises:
            NotFoundError: there is none of that name, or it is built in.
        """
        await self._types.delete(name)

    async def test_webhook(self, webhook_id: str, *, event_type: str | None = None) -> OutcomeList:
        """Really call it, once with a sample of each event type it is subscribed to, and show what came back.

        The calls carry `X-Webhook-Test: true`. Nothing that the target does is raised, nothing is repeated, and
        neither the log nor the statistics know of it.

        Args:
            event_type: only this one, whether it is subscribed to or not; None: each that is named in its
                `events`, and each of the catalogue that a wildcard matches; of no `events`, the built-in ones.

        Returns:
            One outcome for each type. `detail` says what to do where a call failed; `data` holds `event_type`,
            the `request` (`method`, `url`, `headers`, `body`) and the `response` (`status`, `headers`,
            `excerpt`; None when there was none), without any credential.

        Raises:
            NotFoundError: there is none with that id.
            DisabledError: it is disabled.
        """
        webhook = await self.get_webhook(webhook_id)
        connector = cast("WebhookConnector", await self._directory.open(webhook_id, provider=_PROVIDER))
        known = [found.name for found in await self._types.all()]
        names = [event_type] if event_type else matching(webhook.events or tuple(EventType), known)
        if not names:
            why = "its `events` match no known type: add one with create_event_type()"
            return OutcomeList([connector.skipped("webhook.send", why)])
        return await self._tests.run(webhook_id, connector, names)

    async def trigger_webhook(
        self,
        webhook_id: str,
        payload: Mapping[str, JsonValue],
        *,
        wait: bool = True,
        timeout: timedelta | None = None,
        ordering_key: str | None = None,
        idempotency_key: str | None = None,
    ) -> Outcome:
        """Call it with a payload of yours, which is stored first and tried again until it arrives.

        Args:
            payload: sent as JSON; its `event_type` also goes into the headers.
            wait: for the first attempt; False returns once it is stored.
            timeout: how long to wait; None: as long as the attempt takes.
            ordering_key: call in order within this key.
            idempotency_key: take no second call of this key, as long as the log is kept.

        Returns:
            What the first attempt came to, or `accepted`. A failed one that is `retryable` will be tried again by
            itself; `delivery_id` finds it in `mgr.deliveries`.

        Raises:
            NotFoundError: there is none with that id.
            DisabledError: it is disabled.
            ConfigurationError: the payload holds what JSON cannot.
        """
        integration = await self._directory.get(webhook_id, provider=_PROVIDER)
        if integration.state is IntegrationState.DISABLED:
            raise DisabledError(f"{webhook_id} is disabled; enable it first")
        now = self._runtime.clock.now()
        event = Event(
            id=uuid7(now),
            type=str(payload.get("event_type") or "custom"),
            source=self._runtime.scope.gitlab_url,
            time=now,
            provider="application",
            data=dict(payload),
        )
        target = self._target(integration)
        if wait:
            (outcome,) = await self._outbox.enqueue_and_wait(
                event, [target], ordering_key=ordering_key, idempotency_key=idempotency_key, timeout=timeout
            )
            return outcome
        (taken,) = await self._outbox.enqueue(
            event, [target], ordering_key=ordering_key, idempotency_key=idempotency_key
        )
        return Outcome(
            target=webhook_id,
            provider=_PROVIDER,
            operation="webhook.send",
            status=OutcomeStatus.ACCEPTED,
            attempts=0,
            detail="was accepted before" if taken.duplicate else None,
            delivery_id=taken.delivery_id,
        )

    async def _described(self, integration: Integration) -> Webhook:
        counted = await self._statistics(self._target(integration))
        config = integration.config
        return Webhook(
            webhook_id=integration.integration_id,
            name=integration.name,
            url=str(config.get("url", "")),
            events=tuple(cast("list[str]", config.get("events") or [])),
            branches=tuple(cast("list[str]", config.get("branches") or [])),
            profile=str(config.get("profile", "gitlab")),
            enable_ssl_verification=bool(config.get("verify_ssl", True)),
            state=IntegrationState.DISABLED if counted.held_since else integration.state,
            version=integration.version,
            created_at=integration.created_at,
            updated_at=integration.updated_at,
            rate_limit=cast("float | None", config.get("rate_limit")),
            payload_template=config.get("payload_template"),
            disabled_at=counted.held_since,
            disabled_reason=counted.held_reason,
            trigger_count=counted.succeeded + counted.failed,
            success_count=counted.succeeded,
            success_rate=counted.success_rate,
            last_triggered_at=counted.last_attempt_at,
            last_status=counted.last_status,
            latency_p50=counted.p50,
            latency_p95=counted.p95,
            latency_p99=counted.p99,
            failing_since=counted.failing_since,
            backlog=counted.backlog,
            previous_secret_until=self._previous_until(config.get("previous_until")),
        )

    def _target(self, integration: Integration) -> Target:
        return target_of(integration.integration_id, integration.tenant_id, integration.project_id)

    def _previous_until(self, stored: JsonValue) -> datetime | None:
        until = datetime.fromisoformat(stored) if isinstance(stored, str) else None
        return until if until is not None and until > self._runtime.clock.now() else None

    def _key(self, integration: Integration) -> str:
        return storage_id(integration.tenant_id, integration.integration_id)
