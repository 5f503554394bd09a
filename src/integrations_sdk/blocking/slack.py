"""`SlackManager`: generated from `AsyncSlackManager` by `scripts/generate_blocking.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from integrations_sdk.blocking.providers import ProviderManager

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations_sdk.integrations.slack import AsyncSlackManager
    from integrations_sdk.models import Integration, Outcome

__all__ = ["SlackManager"]


class SlackManager(ProviderManager):
    """Slack: incoming webhooks and bots."""

    def create_slack_integration(self, config: Mapping[str, object]) -> Integration:
        """Configure a Slack integration; see `SlackConfig` for its fields.

        Raises:
            ConfigurationError: naming everything wrong with it.
        """
        return self._run(lambda manager: cast("AsyncSlackManager", manager).create_slack_integration(config))

    def send_slack_notification(self, integration_id: str, message: Mapping[str, object] | str) -> Outcome:
        """Post a message: text, or a mapping of Slack's own fields (`text`, `blocks`, `attachments`, `channel`, …).

        Returns:
            The outcome; with a bot token its `reference` is the message's `ts`.

        Raises:
            NotFoundError: no such Slack integration.
            ConfigurationError: a field that Slack messages do not have, or of a wrong type.
            ConnectorError: Slack refused it, or did not answer.
        """
        return self._run(
            lambda manager: cast("AsyncSlackManager", manager).send_slack_notification(
                integration_id, message
            )
        )
