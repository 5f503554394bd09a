"""`mgr.health`: whether integrations work, what to do where they do not, and how that changed over time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import attrs

from integrations_sdk.clock import uuid7
from integrations_sdk.codec import restore
from integrations_sdk.connectors.directory import ConnectorDirectory, storage_id
from integrations_sdk.errors import (
    AuthenticationError,
    BlockedAddressError,
    ConfigurationError,
    IntegrationError,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    ResponseTooLargeError,
    TransportError,
)
from integrations_sdk.logs import logger, place_of, reason_of
from integrations_sdk.models import (
    Diagnosis,
    Event,
    HealthCheck,
    HealthStatus,
    Integration,
    IntegrationState,
    Record,
    RecordList,
    plain,
)
from integrations_sdk.store.base import Document, Insert, Put

__all__ = ["AsyncHealthManager", "HealthThresholds", "Observation", "diagnose", "judge"]

_HISTORY: Final = "health_checks"
_LATEST: Final = "health_latest"


@attrs.frozen(kw_only=True)
class HealthThresholds(Record):
    """When a status changes; so chosen that one lost packet turns nothing red.

    Attributes:
        failures: passing failures in a row, after it has worked, that make it unhealthy; fewer: degraded.
        successes: successes in a row that make it healthy again after that; fewer: degraded.
        slow: a check that takes longer makes it degraded.
        retention: how long history is kept.
    """

    failures: int = 3
    successes: int = 2
    slow: timedelta = timedelta(seconds=5)
    retention: timedelta = timedelta(days=30)


@attrs.frozen(kw_only=True)
class Observation:
    """What one check saw, before the checks before it are taken into account."""

    diagnosis: Diagnosis
    elapsed: timedelta
    reason: str | None = None
    remedy: str | None = None


def diagnose(error: IntegrationError) -> tuple[Diagnosis, str]:
    """What an error means for the integration, and what to do. Pure."""
    match error:
        case AuthenticationError():
            return Diagnosis.REAUTHORISE, "replace its credentials with update()"
        case PermissionDeniedError():
            return Diagnosis.REAUTHORISE, "grant its credentials the permissions listed in the catalogue"
        case BlockedAddressError() | ResponseTooLargeError():
            return Diagnosis.DEAD, "compare its configured address with the service's"
        case RateLimitedError() | ProviderUnavailableError() | TransportError():
            return (
                Diagnosis.RETRY_LATER,
                "nothing to do if it passes; otherwise look at the service's own status",
            )
        case ConfigurationError():
            return Diagnosis.DEAD, "repair its configuration with update()"
        case _:
            return (
                Diagnosis.DEAD,
                "compare its configuration with the service: the target may be gone or renamed",
            )


def judge(observed: Observation, before: HealthCheck | None, thresholds: HealthThresholds) -> HealthStatus:
    """The status that follows from an observation and the check before it. Pure.

    What waiting does not mend is unhealthy at once, and healthy at once when mended. A passing failure
    is degraded until it has come `failures` times in a row; after that, `successes` in a row make it
    healthy. With no check before, a single observation decides.
    """
    if observed.diagnosis in {Diagnosis.REAUTHORISE, Diagnosis.DEAD}:
        return HealthStatus.UNHEALTHY
    if observed.diagnosis is Diagnosis.RETRY_LATER:
        doomed = before is None or before.status is HealthStatus.UNHEALTHY
        enough = before is not None and before.consecutive_failures + 1 >= thresholds.failures
        return HealthStatus.UNHEALTHY if doomed or enough else HealthStatus.DEGRADED
    recovering = (
        before is not None
        and before.status is not HealthStatus.HEALTHY
        and before.diagnosis in {Diagnosis.RETRY_LATER, Diagnosis.WORKING}
        and before.consecutive_successes + 1 < thresholds.successes
    )
    return HealthStatus.DEGRADED if recovering or observed.reason else HealthStatus.HEALTHY


class AsyncHealthManager:
    """Checks integrations without any effect on them, and remembers what it saw."""

    def __init__(self, directory: ConnectorDirectory, thresholds: HealthThresholds | None = None) -> None:
        self._directory = directory
        self._runtime = directory.runtime
        self._thresholds = thresholds or HealthThresholds()
        self._watchers: list[Callable[[HealthCheck], None]] = []
        self._monitor: asyncio.Task[None] | None = None

    async def check_integration_health(
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
        integration = await self._directory.get(integration_id, provider=integration_type)
        if integration.state is IntegrationState.DISABLED:
            await self._directory.open_record(integration)  # raises, saying how to enable it
        return await self._check(integration)

    async def check_all(self, *, concurrency: int = 32) -> RecordList[HealthCheck]:
        """Check every active integration of the scope, that many at once; oldest integration first.

        Raises:
            ConfigurationError: `concurrency` is below 1.
        """
        if concurrency < 1:
            raise ConfigurationError.of("health", "concurrency", "expected 1 or more")
        gate = asyncio.Semaphore(concurrency)

        async def one(integration: Integration) -> HealthCheck:
            async with gate:
                return await self._check(integration)

        active = [item async for item in self._directory.all(state=IntegrationState.ACTIVE)]
        return RecordList(await asyncio.gather(*map(one, active)))

    async def get_health_history(self, integration_id: str, *, limit: int = 100) -> RecordList[HealthCheck]:
        """The latest checks of an integration, newest first; kept for 30 days.

        Args:
            limit: 1 to 1,000.

        Raises:
            NotFoundError: no such integration.
            ConfigurationError: `limit` is out of range.
        """
        key = self._key(await self._directory.get(integration_id))
        page = await self._runtime.store.query(
            _HISTORY, where={"integration": key}, limit=limit, newest_first=True
        )
        return RecordList(restore(HealthCheck, document.data) for document in page.documents)

    async def get_unhealthy_integrations(self) -> list[str]:
        """The ids of the integrations whose latest check found them unhealthy; nothing is checked now."""
        return [
            check.integration_id for check in await self.latest() if check.status is HealthStatus.UNHEALTHY
        ]

    async def latest(self) -> RecordList[HealthCheck]:
        """The latest check of every active integration that was checked, oldest integration first."""
        found = [
            await self._latest(item) async for item in self._directory.all(state=IntegrationState.ACTIVE)
        ]
        return RecordList(check for check in found if check is not None)

    def on_change(self, callback: Callable[[HealthCheck], None]) -> Callable[[], None]:
        """Call `callback` with each check whose status differs from the one before.

        It runs in the manager's loop, so it must be quick; if it raises, that is logged and goes no further.

        Returns:
            A function that ends it.
        """
        self._watchers.append(callback)

        def stop() -> None:
            if callback in self._watchers:
                self._watchers.remove(callback)

        return stop

    async def start_monitor(self, *, interval: timedelta = timedelta(minutes=5)) -> None:
        """Check everything now and every `interval` from then on, in the background; restarts a running one.

        Raises:
            ConfigurationError: `interval` is below one second.
        """
        if interval < timedelta(seconds=1):
            raise ConfigurationError.of("health monitor", "interval", "expected one second or more")
        await self.stop_monitor()
        self._monitor = self._runtime.tasks.spawn(self._watch(interval), name="health monitor")

    async def stop_monitor(self) -> None:
        """End the background checks; no-op if there are none."""
        if self._monitor is not None:
            self._monitor.cancel()
            await asyncio.wait([self._monitor])
            self._monitor = None

    async def _watch(self, interval: timedelta) -> None:
        while True:
            try:
                await self.check_all()
            except IntegrationError as error:  # e.g. the store is locked: the next round may do better
                logger().error("health sweep failed", reason=str(error))
            await self._runtime.clock.sleep(interval.total_seconds())

    async def _check(self, integration: Integration) -> HealthCheck:
        observed = await self._observe(integration)
        before = await self._latest(integration)
        worked = observed.diagnosis is Diagnosis.WORKING
        check = HealthCheck(
            integration_id=integration.integration_id,
            integration_type=integration.integration_type,
            status=judge(observed, before, self._thresholds),
            diagnosis=observed.diagnosis,
            response_time_ms=round(observed.elapsed.total_seconds() * 1000, 3),
            last_check=self._runtime.clock.now(),
            reason=observed.reason,
            remedy=observed.remedy,
            consecutive_failures=0 if worked else 1 + (before.consecutive_failures if before else 0),
            consecutive_successes=1 + (before.consecutive_successes if before else 0) if worked else 0,
        )
        await self._keep(integration, check)
        if before is not None and before.status is not check.status:
            await self._changed(check)
        return check

    async def _observe(self, integration: Integration) -> Observation:
        clock = self._runtime.clock
        started = clock.monotonic()
        try:
            connector = await self._directory.open_record(integration)
            found = await connector.check()
        except IntegrationError as error:
            (diagnosis, remedy), reason = diagnose(error), str(error)
        except Exception as error:  # noqa: BLE001  # a third party's connector may raise anything
            diagnosis, remedy = (
                Diagnosis.DEAD,
                f"a bug of the {integration.integration_type} connector: report it",
            )
            reason = f"{type(error).__name__} at {place_of(error)}"
        else:
            said = connector.shown("; ".join(found.warnings)) if found.warnings else None
            return self._working(said, timedelta(seconds=clock.monotonic() - started))
        elapsed = timedelta(seconds=clock.monotonic() - started)
        return Observation(diagnosis=diagnosis, elapsed=elapsed, reason=reason, remedy=remedy)

    def _working(self, warnings: str | None, elapsed: timedelta) -> Observation:
        reason, remedy = None, None
        if warnings is not None:
            reason, remedy = warnings, "see the reason"
        elif elapsed > self._thresholds.slow:
            reason, remedy = (
                f"answered after {elapsed.total_seconds():.1f} s",
                "look at the service's own status",
            )
        return Observation(diagnosis=Diagnosis.WORKING, elapsed=elapsed, reason=reason, remedy=remedy)

    async def _latest(self, integration: Integration) -> HealthCheck | None:
        document = await self._runtime.store.get(_LATEST, self._key(integration))
        return restore(HealthCheck, document.data) if document else None

    async def _keep(self, integration: Integration, check: HealthCheck) -> None:
        key, data = self._key(integration), dict(check)
        expires = check.last_check + self._thresholds.retention
        history = Document(
            collection=_HISTORY,
            id=uuid7(check.last_check),
            data=data,
            keys={"integration": key},
            expires_at=expires,
        )
        await self._runtime.store.write(Insert(history), Put(Document(collection=_LATEST, id=key, data=data)))

    async def _changed(self, check: HealthCheck) -> None:
        for watcher in list(self._watchers):
            try:
                watcher(check)
            except Exception as error:  # noqa: BLE001  # a user's callback must not end the sweep
                logger().error(
                    "on_change callback failed", error=type(error).__name__, reason=reason_of(error)
                )
        event = Event(
            id=uuid7(check.last_check),
            type="integration.health_changed",
            source="integrations-sdk",
            subject=check.integration_id,
            time=check.last_check,
            provider=check.integration_type,
            status=check.status,
            data={"health": plain(check)},
        )
        await self._runtime.bus.publish(event)

    def _key(self, integration: Integration) -> str:
        return storage_id(integration.tenant_id, integration.integration_id)
