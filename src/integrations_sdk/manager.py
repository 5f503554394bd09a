"""`AsyncIntegrationManagementManager`: picks the defaults and puts the house together; it decides nothing itself."""

from __future__ import annotations

import os
from collections.abc import Coroutine, Mapping
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar, overload

import attrs

from integrations_sdk.bus.base import Bus
from integrations_sdk.bus.opening import open_bus
from integrations_sdk.catalog import AsyncCatalogManager
from integrations_sdk.clock import Clock, SystemClock
from integrations_sdk.connectors.base import Connector, ConnectorConfig
from integrations_sdk.connectors.directory import ConnectorDirectory
from integrations_sdk.connectors.plain import BaseConnector
from integrations_sdk.connectors.registry import Registry
from integrations_sdk.delivery.engine import DeliveryEngine
from integrations_sdk.delivery.following import Following
from integrations_sdk.delivery.manager import AsyncDeliveriesManager
from integrations_sdk.delivery.settings import DeliverySettings
from integrations_sdk.events.incoming import Incoming
from integrations_sdk.events.manager import AsyncEventsManager
from integrations_sdk.health import AsyncHealthManager, HealthThresholds
from integrations_sdk.http.guard import Guard
from integrations_sdk.http.opening import open_http
from integrations_sdk.integrations.actions import act
from integrations_sdk.integrations.activation import Activation, activate, environment_options
from integrations_sdk.integrations.adopting import adopt
from integrations_sdk.integrations.custom import AsyncCustomManager
from integrations_sdk.integrations.jenkins import AsyncJenkinsManager
from integrations_sdk.integrations.jira import AsyncJiraManager
from integrations_sdk.integrations.monitoring import AsyncMonitoringManager
from integrations_sdk.integrations.providers import AsyncProviderManager
from integrations_sdk.integrations.records import AsyncIntegrationsManager
from integrations_sdk.integrations.sender import IntegrationSender
from integrations_sdk.integrations.slack import AsyncSlackManager
from integrations_sdk.models import Integration, RecordList, Scope
from integrations_sdk.oauth import AsyncOAuthManager
from integrations_sdk.queue.events import EventReader
from integrations_sdk.queue.opening import open_queue
from integrations_sdk.runtime import Runtime
from integrations_sdk.secrets.base import SecretStore
from integrations_sdk.secrets.opening import open_secrets
from integrations_sdk.store.base import Store
from integrations_sdk.store.opening import open_store
from integrations_sdk.store.upkeep import keep_purged
from integrations_sdk.tasks import Tasks
from integrations_sdk.templates import AsyncTemplatesManager
from integrations_sdk.webhooks.manager import AsyncWebhooksManager
from integrations_sdk.webhooks.sender import call

__all__ = ["AsyncIntegrationManagementManager"]

K = TypeVar("K", bound=type[Connector[ConnectorConfig]])


class AsyncIntegrationManagementManager:
    """Everything the library does, for one tenant and project, as coroutines.

    Use it with `async with`, or call `aclose()` at the end. Each provider has a sub-manager of its own
    name (`manager.github`, `manager.provider("acme")`).

    Args:
        project_id: whose integrations these are, e.g. `group/name`; None sees and makes those of the whole tenant.
        gitlab_url: the GitLab instance the project lives on.
        tenant_id: tenants never see each other's records.
        store: a `Store`, which stays yours to close, or a URL: `memory:`, `sqlite:///relative.db`,
            `sqlite:////absolute.db`, `postgresql://user:password@host/database`.
        bus: a `Bus`, which stays yours to close, or a URL: `memory:`.
        secrets: a `SecretStore`; None seals credentials into the store, with the key of
            `INTEGRATIONS_SDK_KEY` or a key file (a store in memory gets a key of its own).
        http: a `Transport`, or an `httpx2.AsyncClient` or `httpx.AsyncClient` of yours, which stays yours
            to close; None picks the fastest that is installed.
        telemetry: record OpenTelemetry spans and metrics of every call (extra `otel`).
        clock: what tells the time.
        thresholds: when `health` changes a status.
        guard: keeps webhooks out of your own network; True refuses all that is not public, a `Guard` says
            what may be called all the same. None refuses nothing: for URLs that you alone supply.
        delivery: when to try again, how much at a time, how long the log is kept; whether to send at all.

    Raises:
        ConfigurationError: an argument is wrong; nothing is opened.
        MissingExtraError: `telemetry` without the extra.
    """

    def __init__(
        self,
        project_id: str | None = None,
        *,
        gitlab_url: str = "https://gitlab.com",
        tenant_id: str = "default",
        store: Store | str = "memory:",
        bus: Bus | str = "memory:",
        secrets: SecretStore | None = None,
        http: object = None,
        telemetry: bool = False,
        clock: Clock | None = None,
        thresholds: HealthThresholds | None = None,
        guard: Guard | bool | None = None,
        delivery: DeliverySettings | None = None,
    ) -> None:
        clock = clock or SystemClock()
        self._open_http = partial(open_http, http, clock, telemetry=telemetry, guarded=bool(guard))
        opened, listening = open_store(store, clock), open_bus(bus)
        self._owned: tuple[Bus | Store, ...] = tuple(
            port for given, port in ((bus, listening), (store, opened)) if isinstance(given, str)
        )
        runtime = Runtime(
            scope=Scope(tenant_id=tenant_id, project_id=project_id, gitlab_url=gitlab_url),
            store=opened,
            secrets=secrets or open_secrets(opened),
            http=self._open_http(),
            bus=listening,
            clock=clock,
            tasks=Tasks(),
            guard=Guard.of(guard),
        )
        self._delivery = _settings(delivery or DeliverySettings(), telemetry=telemetry)
        self._compose(runtime, Registry(), thresholds)

    def _compose(self, runtime: Runtime, registry: Registry, thresholds: HealthThresholds | None) -> None:
        self.runtime = runtime
        self.registry = registry
        self._thresholds = thresholds
        directory = self._directory = ConnectorDirectory(runtime, registry)
        reader = EventReader()
        engine = self._engine = _engine(runtime, self._delivery, reader)
        self._senders = {
            "integration": IntegrationSender(directory, act, reader),
            "webhook": IntegrationSender(directory, call, reader),
        }
        for kind, sender in self._senders.items():
            engine.register(kind, sender, topic=kind, host=sender.host)
        self.health = AsyncHealthManager(directory, thresholds)
        self.integrations = AsyncIntegrationsManager(directory, Following(engine, self._forget))
        self.catalog = AsyncCatalogManager(registry)
        self.templates = AsyncTemplatesManager(runtime, registry, self.integrations.create)
        self.oauth = AsyncOAuthManager(runtime)
        self.webhooks = AsyncWebhooksManager(
            directory,
            self.integrations,
            Incoming(runtime).verify,
            Incoming(runtime).read,
            engine,
            engine.statistics,
        )
        self.deliveries = AsyncDeliveriesManager(directory, engine)
        self.events = AsyncEventsManager(runtime, directory, engine)
        probe = self.health.check_integration_health
        self.slack = AsyncSlackManager("slack", self.integrations, directory, probe, engine)
        self.jira = AsyncJiraManager("jira", self.integrations, directory, probe, engine)
        self.jenkins = AsyncJenkinsManager("jenkins", self.integrations, directory, probe, engine)
        self.custom = AsyncCustomManager("custom", self.integrations, directory, probe, engine)
        self.monitoring = AsyncMonitoringManager(self.integrations, directory, probe, engine)
        self._providers: dict[str, AsyncProviderManager] = {
            manager.provider: manager for manager in (self.slack, self.jira, self.jenkins, self.custom)
        }

    def _forget(self, integration: Integration) -> None:
        for sender in self._senders.values():
            sender.forget(integration)

    def provider(self, name: str) -> AsyncProviderManager:
        """The sub-manager of a provider.

        Raises:
            NotFoundError: unknown provider; says what is known.
        """
        if name not in self._providers:
            name = self.registry.get(name).provider
        if name not in self._providers:
            self._providers[name] = AsyncProviderManager(
                name,
                self.integrations,
                self._directory,
                self.health.check_integration_health,
                self._engine,
            )
        return self._providers[name]

    @overload
    def register_connector(self, connector: K) -> K: ...

    @overload
    def register_connector(
        self, connector: str, instance: BaseConnector
    ) -> Coroutine[Any, Any, Integration]: ...

    def register_connector(
        self, connector: K | str, instance: BaseConnector | None = None
    ) -> K | Coroutine[Any, Any, Integration]:
        """Add a provider of your own to this manager: a class, also as a decorator, or a name and an object.

        An object gets the provider's one integration, which is to be awaited; a later start finds it again.

        Args:
            connector: a `Connector` class, or the name for `instance`.
            instance: a `BaseConnector`.

        Raises:
            AlreadyExistsError: a provider of that name is known.
            ConfigurationError: the class does not say what it must, or the object is none.
        """
        if isinstance(connector, str):
            return adopt(self.registry, self.integrations, connector, instance)
        return self.registry.register(connector)

    async def from_environment(self, environ: Mapping[str, str] | None = None) -> RecordList[Activation]:
        """Switch on what environment variables configure (`SLACK_WEBHOOK_URL`, `JIRA_URL`, …); fail for nothing.

        The catalogue lists each provider's variables.

        Args:
            environ: None takes the process's own.

        Returns:
            One entry for each provider with a variable set: the integration, or what else to set.
        """
        return RecordList(
            await activate(self.integrations, self._directory, os.environ if environ is None else environ)
        )

    @classmethod
    async def from_env(cls, environ: Mapping[str, str] | None = None, **options: object) -> Self:
        """A manager with everything switched on that the environment configures.

        `GITLAB_URL`, `CI_PROJECT_PATH` and `INTEGRATIONS_SDK_STORE` set the arguments of the same meaning.

        Args:
            environ: None takes the process's own.
            options: arguments of the manager, over those of the environment.
        """
        given = os.environ if environ is None else environ
        manager = cls(**{**environment_options(given), **options})  # type: ignore[arg-type]  # checked when used
        await manager.from_environment(given)
        return manager

    def forked(self) -> Self:
        """The same manager for a forked child: same store and credentials, connections and tasks of its own."""
        child = type(self).__new__(type(self))
        child._open_http = self._open_http  # noqa: SLF001  # of the same class
        child._owned = self._owned  # noqa: SLF001  # of the same class
        child._delivery = self._delivery  # noqa: SLF001  # of the same class
        runtime = attrs.evolve(self.runtime, http=self._open_http(), tasks=Tasks())
        child._compose(  # noqa: SLF001  # of the same class
            runtime, self.registry, self._thresholds
        )
        return child

    def __getattr__(self, name: str) -> AsyncProviderManager:
        if not name.startswith("_") and name != "registry" and name in self.registry:
            return self.provider(name)
        msg = f"the manager has no {name!r}; providers: {', '.join(self.registry)}"
        raise AttributeError(msg)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.registry})

    def start(self) -> None:
        """Begin background work in the running loop: delivering, and upkeep; `async with` does it by itself.

        Without it everything works, but what an earlier process left in the queue waits for the first call that
        sends something, and what has expired keeps its room in the store.
        """
        self.runtime.tasks.spawn(keep_purged(self.runtime.store.purge), name="upkeep")
        if self._delivery.worker:
            self._engine.start()

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End background work and close everything that was opened here; a second call does nothing."""
        await self.health.stop_monitor()
        await self._engine.close(grace=self._delivery.grace)
        await self.runtime.tasks.close()
        for sender in self._senders.values():
            await sender.close()
        await self._directory.close()
        await self.runtime.http.close()
        for port in self._owned:
            await port.close()


def _settings(settings: DeliverySettings, *, telemetry: bool) -> DeliverySettings:
    if not telemetry:
        return settings
    from integrations_sdk.delivery.opentelemetry import OpenTelemetryMetrics

    return attrs.evolve(settings, metrics=(*settings.metrics, OpenTelemetryMetrics()))


def _engine(runtime: Runtime, settings: DeliverySettings, reader: EventReader) -> DeliveryEngine:
    return DeliveryEngine(
        runtime,
        partial(open_queue, runtime.store, runtime.clock),
        policy=settings.policy,
        limits=settings.limits,
        retention=settings.retention,
        deliver=settings.worker,
        reader=reader,
        metrics=settings.metrics,
    )
