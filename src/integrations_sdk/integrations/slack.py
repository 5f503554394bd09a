"""`mgr.slack`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from integrations_sdk.integrations.providers import AsyncProviderManager
from integrations_sdk.models import Integration, Outcome

if TYPE_CHECKING:  # a provider is imported only when it is used
    from integrations_sdk.connectors.slack import SlackConnector

__all__ = ["AsyncSlackManager"]


class AsyncSlackManager(AsyncProviderManager):
    """Slack: incoming webhooks and bots."""

    async def create_slack_integration(self, config: Mapping[str, object]) -> Integration:
        """Configure a Slack integration; see `SlackConfig` for its fields.

        Raises:
            ConfigurationError: naming everything wrong with it.
        """
        return await self.create(config)

    async def send_slack_notification(
        self, integration_id: str, message: Mapping[str, object] | str
    ) -> Outcome:
        """Post a message: text, or a mapping of Slack's own fields (`text`, `blocks`, `attachments`, `channel`, …).

        Returns:
            The outcome; with a bot token its `reference` is the message's `ts`.

        Raises:
            NotFoundError: no such Slack integration.
            ConfigurationError: a field that Slack messages do not have, or of a wrong type.
            ConnectorError: Slack refused it, or did not answer.
        """
        connector = cast("SlackConnector", await self._open(integration_id))
        return await connector.send_message({"text": message} if isinstance(message, str) else message)
