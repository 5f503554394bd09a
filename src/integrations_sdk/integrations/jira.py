"""`mgr.jira`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from integrations_sdk.integrations.providers import AsyncProviderManager
from integrations_sdk.models import Integration, Outcome

if TYPE_CHECKING:  # a provider is imported only when it is used
    from integrations_sdk.connectors.jira import JiraConnector

__all__ = ["AsyncJiraManager"]


class AsyncJiraManager(AsyncProviderManager):
    """Jira: Cloud, and Server or Data Center."""

    async def create_jira_integration(self, config: Mapping[str, object]) -> Integration:
        """Configure a Jira integration; see `JiraConfig` for its fields.

        Raises:
            ConfigurationError: naming everything wrong with it.
        """
        return await self.create(config)

    async def sync_issue(self, integration_id: str, issue: Mapping[str, object]) -> Outcome:
        """Bring a GitLab issue to Jira: created the first time, updated from then on.

        Args:
            issue: `iid` and `title`; optionally `description`, `labels`, `url`, `state`, `project`.

        Returns:
            The outcome; `reference` is the Jira issue's key, `url` leads there.
        """
        connector = cast("JiraConnector", await self._open(integration_id))
        return await connector.sync_issue(issue)
