"""`JiraManager`: generated from `AsyncJiraManager` by `scripts/generate_blocking.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from integrations_sdk.blocking.providers import ProviderManager

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations_sdk.integrations.jira import AsyncJiraManager
    from integrations_sdk.models import Integration, Outcome

__all__ = ["JiraManager"]


class JiraManager(ProviderManager):
    """Jira: Cloud, and Server or Data Center."""

    def create_jira_integration(self, config: Mapping[str, object]) -> Integration:
        """Configure a Jira integration; see `JiraConfig` for its fields.

        Raises:
            ConfigurationError: naming everything wrong with it.
        """
        return self._run(lambda manager: cast("AsyncJiraManager", manager).create_jira_integration(config))

    def sync_issue(self, integration_id: str, issue: Mapping[str, object]) -> Outcome:
        """Bring a GitLab issue to Jira: created the first time, updated from then on.

        Args:
            issue: `iid` and `title`; optionally `description`, `labels`, `url`, `state`, `project`.

        Returns:
            The outcome; `reference` is the Jira issue's key, `url` leads there.
        """
        return self._run(lambda manager: cast("AsyncJiraManager", manager).sync_issue(integration_id, issue))
