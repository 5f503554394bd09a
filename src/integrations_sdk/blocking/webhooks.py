"""`WebhooksManager`: generated from `AsyncWebhooksManager` by `scripts/generate_blocking.py`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from integrations_sdk.blocking.portal import BlockingSubManager
from integrations_sdk.signing import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations_sdk.models import IntegrationState, JsonValue, Outcome, OutcomeList, RecordList, Secret
    from integrations_sdk.signing import HmacScheme, SecretsGiven
    from integrations_sdk.webhooks.manager import AsyncWebhooksManager  # noqa: F401  # ruff does not see it in the string below
    from integrations_sdk.webhooks.records import Webhook, WebhookEventType

__all__ = ["WebhooksManager"]


class WebhooksManager(BlockingSubManager["AsyncWebhooksManager"]):
    """The webhooks of one scope. Each is an integration of the provider `webhook` too.

    Args:
        verify: checks messages of others.
        read: makes events of them.
        outbox: takes what is to be sent.
        statistics: what became of the attempts at a target.
    """

    def create_webhook(self, config: Mapping[str, object]) -> Webhook:
        """Add a webhook; nothing is sent to it yet (`test_webhook()` does).

        Args:
            config: `url`; usually `events`, `secret_token`, `enable_ssl_verification`; `payload_template`, `rate_limit`
                and more: see `WebhookConfig`.

        Raises:
            ConfigurationError: naming everything wrong with it.
        """
        return self._run(lambda manager: manager.create_webhook(config))

    def get_webhook(self, webhook_id: str) -> Webhook:
        """The webhook; `NotFoundError` if there is none with that id."""
        return self._run(lambda manager: manager.get_webhook(webhook_id))

    def list_webhooks(self, *, state: IntegrationState | None = None) -> RecordList[Webhook]:
        """Every webhook of the scope, oldest first."""
        return self._run(lambda manager: manager.list_webhooks(state=state))

    def update_webhook(
        self, webhook_id: str, changes: Mapping[str, object], *, version: int | None = None
    ) -> Webhook:
        """Change some fields; None takes one back to its default. Errors as `integrations.update()`."""
        return self._run(lambda manager: manager.update_webhook(webhook_id, changes, version=version))

    def enable_webhook(self, webhook_id: str) -> Webhook:
        """Call it again, also for all that was held while it was disabled, by you or after continued failure."""
        return self._run(lambda manager: manager.enable_webhook(webhook_id))

    def disable_webhook(self, webhook_id: str) -> Webhook:
        """Keep it, but do not call it; what is queued for it is held until it is enabled."""
        return self._run(lambda manager: manager.disable_webhook(webhook_id))

    def delete_webhook(self, webhook_id: str) -> None:
        """Remove it with its secret; what is queued for it is given up."""
        return self._run(lambda manager: manager.delete_webhook(webhook_id))

    def rotate_secret(
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
        return self._run(lambda manager: manager.rotate_secret(webhook_id, overlap=overlap, secret=secret))

    def verify(
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
        return self._run(
            lambda manager: manager.verify(
                source, headers, body, secret=secret, scheme=scheme, tolerance=tolerance
            )
        )

    def list_event_types(self) -> RecordList[WebhookEventType]:
        """What webhooks can subscribe to, each with a sample: the built-in types, then the application's own."""
        return self._run(lambda manager: manager.list_event_types())

    def create_event_type(
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
        return self._run(lambda manager: manager.create_event_type(name, description, sample, schema=schema))

    def delete_event_type(self, name: str) -> None:
        """Take a type out of the catalogue; subscriptions to it stay, and so does what is sent to them.

        Raises:
            NotFoundError: there is none of that name, or it is built in.
        """
        return self._run(lambda manager: manager.delete_event_type(name))

    def test_webhook(self, webhook_id: str, *, event_type: str | None = None) -> OutcomeList:
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
        return self._run(lambda manager: manager.test_webhook(webhook_id, event_type=event_type))

    def trigger_webhook(
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
        return self._run(
            lambda manager: manager.trigger_webhook(
                webhook_id,
                payload,
                wait=wait,
                timeout=timeout,
                ordering_key=ordering_key,
                idempotency_key=idempotency_key,
            )
        )
