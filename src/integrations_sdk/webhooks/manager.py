"""`AsyncWebhooksManager`: what `mgr.webhooks` is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, cast

from integrations_sdk.connectors.directory import ConnectorDirectory, storage_id
from integrations_sdk.errors import (
    AlreadyExistsError,
    ConfigurationError,
    ConflictError,
    ConnectorError,
    NotFoundError,
)
from integrations_sdk.models import (
    EventType,
    Integration,
    IntegrationState,
    JsonValue,
    Outcome,
    OutcomeList,
    RecordList,
    Secret,
)
from integrations_sdk.signing import TOLERANCE, HmacScheme, SecretsGiven, successor
from integrations_sdk.store.base import Delete, Document, Insert, Replace
from integrations_sdk.webhooks.event_types import EventTypes, matching
from integrations_sdk.webhooks.records import (
    IntegrationRecords,
    ReadMessage,
    VerifyMessage,
    Webhook,
    WebhookEventType,
)
from integrations_sdk.webhooks.trial import SampleCalls, failed

if TYPE_CHECKING:  # a provider is imported only when it is used
    from integrations_sdk.connectors.webhook import WebhookConnector

__all__ = ["AsyncWebhooksManager"]

_PROVIDER: Final = "webhook"
_STATISTICS: Final = "webhook_statistics"
_LONGEST_OVERLAP: Final = timedelta(days=90)


class AsyncWebhooksManager:
    """The webhooks of one scope. Each is an integration of the provider `webhook` too.

    Args:
        verify: checks messages of others.
        read: makes events of them.
    """

    def __init__(
        self,
        directory: ConnectorDirectory,
        integrations: IntegrationRecords,
        verify: VerifyMessage,
        read: ReadMessage,
    ) -> None:
        self._directory = directory
        self._integrations = integrations
        self._verify = verify
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
        """Call it again."""
        await self.get_webhook(webhook_id)
        return await self._described(await self._integrations.enable(webhook_id))

    async def disable_webhook(self, webhook_id: str) -> Webhook:
        """Keep it, but do not call it."""
        await self.get_webhook(webhook_id)
        return await self._described(await self._integrations.disable(webhook_id))

    async def delete_webhook(self, webhook_id: str) -> None:
        """Remove it with its secret and its statistics."""
        integration = await self._directory.get(webhook_id, provider=_PROVIDER)
        await self._integrations.delete(webhook_id)
        await self._runtime.store.write(Delete(_STATISTICS, self._key(integration)))

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

        The calls carry `X-Webhook-Test: true`. Nothing that the target does is raised, and nothing is repeated.

        Args:
            event_type: only this one, whether it is subscribed to or not; None: each that is named in its
                `events`, and each of the catalogue that a wildcard matches; of no `events`, the built-in ones.

        Returns:
            One outcome for each type. `detail` says what to do where a call failed; `data` holds `event_type`,
            the `request` (`method`, `url`, `headers`, `body`) and the `response` (`status`, `headers`,
            `excerpt`; None when there was none), without any credential.

        Raises:
            NotFoundError: there is none with that id.
            StateError: it is disabled.
        """
        webhook = await self.get_webhook(webhook_id)
        connector = cast("WebhookConnector", await self._directory.open(webhook_id, provider=_PROVIDER))
        known = [found.name for found in await self._types.all()]
        names = [event_type] if event_type else matching(webhook.events or tuple(EventType), known)
        if not names:
            why = "its `events` match no known type: add one with create_event_type()"
            return OutcomeList([connector.skipped("webhook.send", why)])
        outcomes = await self._tests.run(webhook_id, connector, names)
        for outcome in outcomes:
            await self.record(outcome)
        return outcomes

    async def trigger_webhook(self, webhook_id: str, payload: Mapping[str, JsonValue]) -> Outcome:
        """Call it now with a payload of yours.

        Args:
            payload: sent as JSON; its `event_type` also goes into the headers.

        Raises:
            NotFoundError: there is none with that id.
            StateError: it is disabled.
            ConnectorError: the target refused the call, or did not answer; it is counted all the same.
        """
        connector = cast("WebhookConnector", await self._directory.open(webhook_id, provider=_PROVIDER))
        kind = payload.get("event_type")
        try:
            outcome = await connector.send_payload(payload, event_type=str(kind or "custom"))
        except ConnectorError as error:
            await self.record(failed(webhook_id, error))
            raise
        await self.record(outcome)
        return outcome

    async def record(self, outcome: Outcome) -> None:
        """Count the outcome of a call in the statistics of its webhook; others' outcomes are ignored."""
        if outcome.provider != _PROVIDER or outcome.attempts == 0:
            return
        try:
            integration = await self._directory.get(outcome.target, provider=_PROVIDER)
        except NotFoundError:  # deleted while it was being called
            return
        while not await self._counted(self._key(integration), outcome):
            pass

    async def _counted(self, key: str, outcome: Outcome) -> bool:
        """Count one call; False when somebody else counted at the same moment, so it must be done again."""
        before = await self._runtime.store.get(_STATISTICS, key)
        data: dict[str, JsonValue] = dict(before.data) if before else {"trigger_count": 0, "success_count": 0}
        data["trigger_count"] = int(cast("int", data["trigger_count"])) + 1
        data["success_count"] = int(cast("int", data["success_count"])) + bool(outcome)
        data["last_triggered_at"] = self._runtime.clock.now().isoformat()
        data["last_status"] = outcome.http_status
        after = Document(collection=_STATISTICS, id=key, data=data)
        try:
            await self._runtime.store.write(Replace(after, before.version) if before else Insert(after))
        except (ConflictError, AlreadyExistsError):
            return False
        return True

    async def _described(self, integration: Integration) -> Webhook:
        document = await self._runtime.store.get(_STATISTICS, self._key(integration))
        counted = document.data if document else {}
        config = integration.config
        last = counted.get("last_triggered_at")
        return Webhook(
            webhook_id=integration.integration_id,
            name=integration.name,
            url=str(config.get("url", "")),
            events=tuple(cast("list[str]", config.get("events") or [])),
            branches=tuple(cast("list[str]", config.get("branches") or [])),
            profile=str(config.get("profile", "gitlab")),
            enable_ssl_verification=bool(config.get("verify_ssl", True)),
            state=integration.state,
            version=integration.version,
            created_at=integration.created_at,
            updated_at=integration.updated_at,
            rate_limit=cast("float | None", config.get("rate_limit")),
            payload_template=config.get("payload_template"),
            trigger_count=cast("int", counted.get("trigger_count", 0)),
            success_count=cast("int", counted.get("success_count", 0)),
            last_triggered_at=datetime.fromisoformat(last) if isinstance(last, str) else None,
            last_status=cast("int | None", counted.get("last_status")),
            previous_secret_until=self._previous_until(config.get("previous_until")),
        )

    def _previous_until(self, stored: JsonValue) -> datetime | None:
        until = datetime.fromisoformat(stored) if isinstance(stored, str) else None
        return until if until is not None and until > self._runtime.clock.now() else None

    def _key(self, integration: Integration) -> str:
        return storage_id(integration.tenant_id, integration.integration_id)
