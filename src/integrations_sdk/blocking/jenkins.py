"""`JenkinsManager`: generated from `AsyncJenkinsManager` by `scripts/generate_blocking.py`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

from integrations_sdk.blocking.providers import ProviderManager

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations_sdk.integrations.jenkins import AsyncJenkinsManager
    from integrations_sdk.models import Build, Integration, Outcome

__all__ = ["JenkinsManager"]


class JenkinsManager(ProviderManager):
    """Jenkins: jobs, folders and multibranch projects."""

    def create_jenkins_integration(self, config: Mapping[str, object]) -> Integration:
        """Configure a Jenkins integration; see `JenkinsConfig` for its fields.

        Raises:
            ConfigurationError: naming everything wrong with it.
        """
        return self._run(
            lambda manager: cast("AsyncJenkinsManager", manager).create_jenkins_integration(config)
        )

    def trigger_jenkins_build(
        self, integration_id: str, build: Mapping[str, object] | None = None
    ) -> Outcome:
        """Start the configured job, or jobs.

        Args:
            build: `branch`, `commit_sha`, `job`, `parameters`; all optional.

        Returns:
            The outcome; `reference` follows the build with `wait_for_build()`.
        """
        return self._run(
            lambda manager: cast("AsyncJenkinsManager", manager).trigger_jenkins_build(integration_id, build)
        )

    def wait_for_build(
        self, integration_id: str, reference: str, *, timeout: timedelta = timedelta(hours=1)
    ) -> Build:
        """Follow a build from the queue to its result.

        Raises:
            DeadlineExceededError: it has not ended within `timeout`.
        """
        return self._run(
            lambda manager: cast("AsyncJenkinsManager", manager).wait_for_build(
                integration_id, reference, timeout=timeout
            )
        )
