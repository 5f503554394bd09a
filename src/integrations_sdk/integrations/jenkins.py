"""`mgr.jenkins`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from integrations_sdk.integrations.providers import AsyncProviderManager
from integrations_sdk.models import Build, Integration, Outcome

if TYPE_CHECKING:  # a provider is imported only when it is used
    from integrations_sdk.connectors.jenkins import JenkinsConnector

__all__ = ["AsyncJenkinsManager"]


class AsyncJenkinsManager(AsyncProviderManager):
    """Jenkins: jobs, folders and multibranch projects."""

    async def create_jenkins_integration(self, config: Mapping[str, object]) -> Integration:
        """Configure a Jenkins integration; see `JenkinsConfig` for its fields.

        Raises:
            ConfigurationError: naming everything wrong with it.
        """
        return await self.create(config)

    async def trigger_jenkins_build(
        self, integration_id: str, build: Mapping[str, object] | None = None
    ) -> Outcome:
        """Start the configured job, or jobs.

        Args:
            build: `branch`, `commit_sha`, `job`, `parameters`; all optional.

        Returns:
            The outcome; `reference` follows the build with `wait_for_build()`.
        """
        return await self.trigger_build(integration_id, build)

    async def wait_for_build(
        self, integration_id: str, reference: str, *, timeout: timedelta = timedelta(hours=1)
    ) -> Build:
        """Follow a build from the queue to its result.

        Raises:
            DeadlineExceededError: it has not ended within `timeout`.
        """
        connector = cast("JenkinsConnector", await self._open(integration_id))
        return await connector.wait_for_build(reference, timeout=timeout)
