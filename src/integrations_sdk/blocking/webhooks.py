"""`WebhooksManager`: generated from `AsyncWebhooksManager` by `scripts/generate_blocking.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations_sdk.blocking.portal import BlockingSubManager

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations_sdk.models import IntegrationState, JsonValue, Outcome, RecordList
    from integrations_sdk.webhooks import (
        AsyncWebhooksManager,  # noqa: F401  # ruff does not see it in the string below
        Webhook,
    )

__all__ = ["WebhooksManager"]


class WebhooksManager(BlockingSubManager["AsyncWebhooksManager"]):
    """The webhooks of one scope. Each is an integration of the provider `webhook` too."""

    def create_webhook(self, config: Mapping[str, object]) -> Webhook:
        """Add a webhook; nothing is sent to it yet (`test_webhook()` does).

        Args:
            config: `url`; usually `events`, `secret_token`, `enable_ssl_verification`; see `WebhookConfig`.

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
        """Call it again."""
        return self._run(lambda manager: manager.enable_webhook(webhook_id))

    def disable_webhook(self, webhook_id: str) -> Webhook:
        """Keep it, but do not call it."""
        return self._run(lambda manager: manager.disable_webhook(webhook_id))

    def delete_webhook(self, webhook_id: str) -> None:
        """Remove it with its secret and its statistics."""
        return self._run(lambda manager: manager.delete_webhook(webhook_id))

    def test_webhook(self, webhook_id: str, *, event_type: str | None = None) -> Outcome:
        """Call it once with a sample event, and say what came back; never raises for what the target does.

        Args:
            event_type: which sample; None: the first type it is subscribed to.

        Returns:
            The outcome; `detail` says what to do where the call failed.

        Raises:
            NotFoundError: there is none with that id.
            StateError: it is disabled.
        """
        return self._run(lambda manager: manager.test_webhook(webhook_id, event_type=event_type))

    def trigger_webhook(self, webhook_id: str, payload: Mapping[str, JsonValue]) -> Outcome:
        """Call it now with a payload of yours.

        Args:
            payload: sent as JSON; its `event_type` also goes into the headers.

        Raises:
            NotFoundError: there is none with that id.
            StateError: it is disabled.
            ConnectorError: the target refused the call, or did not answer; it is counted all the same.
        """
        return self._run(lambda manager: manager.trigger_webhook(webhook_id, payload))

    def record(self, outcome: Outcome) -> None:
        """Count the outcome of a call in the statistics of its webhook; others' outcomes are ignored."""
        return self._run(lambda manager: manager.record(outcome))
