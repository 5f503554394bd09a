"""`HealthManager`: generated from `AsyncHealthManager` by `scripts/generate_blocking.py`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from integrations_sdk.blocking.portal import BlockingSubManager

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrations_sdk.health import AsyncHealthManager  # noqa: F401  # ruff does not see it in the string below
    from integrations_sdk.models import HealthCheck, RecordList

__all__ = ["HealthManager"]


class HealthManager(BlockingSubManager["AsyncHealthManager"]):
    """Checks integrations without any effect on them, and remembers what it saw."""

    def check_integration_health(
        self, integration_id: str, integration_type: str | None = None
    ) -> HealthCheck:
        """Ask the service whether the integration works; nothing there changes, and nobody is notified.

        Args:
            integration_type: the provider the id must be of; None: any.

        Returns:
            The check, never an exception for a service that fails: `status`, `response_time_ms`,
            `last_check`, and what to do (`diagnosis`, `remedy`).

        Raises:
            NotFoundError: no such integration.
            StateError: it is disabled.
        """
        return self._run(lambda manager: manager.check_integration_health(integration_id, integration_type))

    def check_all(self, *, concurrency: int = 32) -> RecordList[HealthCheck]:
        """Check every active integration of the scope, that many at once; oldest integration first.

        Raises:
            ConfigurationError: `concurrency` is below 1.
        """
        return self._run(lambda manager: manager.check_all(concurrency=concurrency))

    def get_health_history(self, integration_id: str, *, limit: int = 100) -> RecordList[HealthCheck]:
        """The latest checks of an integration, newest first; kept for 30 days.

        Args:
            limit: 1 to 1,000.

        Raises:
            NotFoundError: no such integration.
            ConfigurationError: `limit` is out of range.
        """
        return self._run(lambda manager: manager.get_health_history(integration_id, limit=limit))

    def get_unhealthy_integrations(self) -> list[str]:
        """The ids of the integrations whose latest check found them unhealthy; nothing is checked now."""
        return self._run(lambda manager: manager.get_unhealthy_integrations())

    def latest(self) -> RecordList[HealthCheck]:
        """The latest check of every active integration that was checked, oldest integration first."""
        return self._run(lambda manager: manager.latest())

    def on_change(self, callback: Callable[[HealthCheck], None]) -> Callable[[], None]:
        """Call `callback` with each check whose status differs from the one before.

        It runs in the manager's loop, so it must be quick; if it raises, that is logged and goes no further.

        Returns:
            A function that ends it.
        """
        return self._select(self._portal.manager).on_change(callback)

    def start_monitor(self, *, interval: timedelta = timedelta(minutes=5)) -> None:
        """Check everything now and every `interval` from then on, in the background; restarts a running one.

        Raises:
            ConfigurationError: `interval` is below one second.
        """
        return self._run(lambda manager: manager.start_monitor(interval=interval))

    def stop_monitor(self) -> None:
        """End the background checks; no-op if there are none."""
        return self._run(lambda manager: manager.stop_monitor())
