"""`IntegrationManagementManager`: the whole library as blocking calls."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast, overload

from integrations_sdk.blocking.portal import Portal

if TYPE_CHECKING:
    from integrations_sdk.blocking.catalog import CatalogManager
    from integrations_sdk.blocking.custom import CustomManager
    from integrations_sdk.blocking.deliveries import DeliveriesManager
    from integrations_sdk.blocking.events import EventsManager
    from integrations_sdk.blocking.health import HealthManager
    from integrations_sdk.blocking.integrations import IntegrationsManager
    from integrations_sdk.blocking.jenkins import JenkinsManager
    from integrations_sdk.blocking.jira import JiraManager
    from integrations_sdk.blocking.monitoring import MonitoringManager
    from integrations_sdk.blocking.oauth import OAuthManager
    from integrations_sdk.blocking.providers import ProviderManager
    from integrations_sdk.blocking.slack import SlackManager
    from integrations_sdk.blocking.templates import TemplatesManager
    from integrations_sdk.blocking.webhooks import WebhooksManager
    from integrations_sdk.bus.base import Bus
    from integrations_sdk.clock import Clock
    from integrations_sdk.connectors.base import Connector, ConnectorConfig
    from integrations_sdk.connectors.plain import BaseConnector
    from integrations_sdk.delivery.settings import DeliverySettings
    from integrations_sdk.health import HealthThresholds
    from integrations_sdk.http.guard import Guard
    from integrations_sdk.integrations.activation import Activation
    from integrations_sdk.manager import AsyncIntegrationManagementManager
    from integrations_sdk.models import Integration, RecordList
    from integrations_sdk.secrets.base import SecretStore
    from integrations_sdk.store.base import Store

__all__ = ["IntegrationManagementManager"]

K = TypeVar("K", bound="type[Connector[ConnectorConfig]]")


class IntegrationManagementManager:
    """Everything the library does, for one tenant and project, as blocking calls.

    The same surface as `AsyncIntegrationManagementManager`, which does the work in one background loop:
    from scripts, from threads, inside a running loop (Jupyter), and in a forked child. Retries, schedules
    and the health monitor go on there while your code does other things. Use it with `with`, or call
    `close()` at the end; the interpreter's exit closes what was forgotten.

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
        from integrations_sdk.manager import AsyncIntegrationManagementManager

        self._portal: Portal[AsyncIntegrationManagementManager] = Portal(
            lambda: AsyncIntegrationManagementManager(
                project_id,
                gitlab_url=gitlab_url,
                tenant_id=tenant_id,
                store=store,
                bus=bus,
                secrets=secrets,
                http=http,
                telemetry=telemetry,
                clock=clock,
                thresholds=thresholds,
                guard=guard,
                delivery=delivery,
            ),
            start=AsyncIntegrationManagementManager.start,
            remake=AsyncIntegrationManagementManager.forked,
            aclose=AsyncIntegrationManagementManager.aclose,
        )

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **options: Any) -> Self:  # as __init__
        """A manager with everything switched on that the environment configures.

        `GITLAB_URL`, `CI_PROJECT_PATH` and `INTEGRATIONS_SDK_STORE` set the arguments of the same meaning.
        What is only half configured is warned about in the log; nothing fails.

        Args:
            environ: None takes the process's own.
            options: arguments of the manager, over those of the environment.
        """
        import os

        from integrations_sdk.integrations.activation import environment_options

        given = os.environ if environ is None else environ
        manager = cls(**{**environment_options(given), **options})
        manager.from_environment(given)
        return manager

    def from_environment(self, environ: Mapping[str, str] | None = None) -> RecordList[Activation]:
        """Switch on what environment variables configure; see the asynchronous manager's method of this name."""
        return self._portal.call(lambda: self._portal.manager.from_environment(environ))

    @overload
    def register_connector(self, connector: K) -> K: ...

    @overload
    def register_connector(self, connector: str, instance: BaseConnector) -> Integration: ...

    def register_connector(
        self, connector: K | str, instance: BaseConnector | None = None
    ) -> K | Integration:
        """Add a provider of your own to this manager: a class, also as a decorator, or a name and an object.

        An object gets the provider's one integration; a later start finds it again.

        Args:
            connector: a `Connector` class, or the name for `instance`.
            instance: a `BaseConnector`.

        Raises:
            AlreadyExistsError: a provider of that name is known.
            ConfigurationError: the class does not say what it must, or the object is none.
        """
        if not isinstance(connector, str):
            return self._portal.manager.register_connector(connector)
        name, given = connector, cast("BaseConnector", instance)
        return self._portal.call(lambda: self._portal.manager.register_connector(name, given))

    def provider(self, name: str) -> ProviderManager:
        """The sub-manager of a provider.

        Raises:
            NotFoundError: unknown provider; says what is known.
        """
        from integrations_sdk.blocking.providers import ProviderManager

        self._portal.manager.provider(name)
        return ProviderManager(self._portal, lambda manager: manager.provider(name))

    @cached_property
    def integrations(self) -> IntegrationsManager:
        """The integrations of every provider."""
        from integrations_sdk.blocking.integrations import IntegrationsManager

        return IntegrationsManager(self._portal, lambda manager: manager.integrations)

    @cached_property
    def slack(self) -> SlackManager:
        """Slack."""
        from integrations_sdk.blocking.slack import SlackManager

        return SlackManager(self._portal, lambda manager: manager.slack)

    @cached_property
    def jira(self) -> JiraManager:
        """Jira."""
        from integrations_sdk.blocking.jira import JiraManager

        return JiraManager(self._portal, lambda manager: manager.jira)

    @cached_property
    def custom(self) -> CustomManager:
        """Services of your own, described."""
        from integrations_sdk.blocking.custom import CustomManager

        return CustomManager(self._portal, lambda manager: manager.custom)

    @cached_property
    def jenkins(self) -> JenkinsManager:
        """Jenkins."""
        from integrations_sdk.blocking.jenkins import JenkinsManager

        return JenkinsManager(self._portal, lambda manager: manager.jenkins)

    @cached_property
    def monitoring(self) -> MonitoringManager:
        """Datadog, Sentry, Prometheus and New Relic."""
        from integrations_sdk.blocking.monitoring import MonitoringManager

        return MonitoringManager(self._portal, lambda manager: manager.monitoring)

    @cached_property
    def webhooks(self) -> WebhooksManager:
        """URLs of others that are called when something happens."""
        from integrations_sdk.blocking.webhooks import WebhooksManager

        return WebhooksManager(self._portal, lambda manager: manager.webhooks)

    @cached_property
    def events(self) -> EventsManager:
        """What came in, and to whom it goes."""
        from integrations_sdk.blocking.events import EventsManager

        return EventsManager(self._portal, lambda manager: manager.events)

    @cached_property
    def deliveries(self) -> DeliveriesManager:
        """The log of what was queued, and what can be done about it."""
        from integrations_sdk.blocking.deliveries import DeliveriesManager

        return DeliveriesManager(self._portal, lambda manager: manager.deliveries)

    @cached_property
    def health(self) -> HealthManager:
        """Whether integrations work."""
        from integrations_sdk.blocking.health import HealthManager

        return HealthManager(self._portal, lambda manager: manager.health)

    @cached_property
    def templates(self) -> TemplatesManager:
        """Configurations to start from."""
        from integrations_sdk.blocking.templates import TemplatesManager

        return TemplatesManager(self._portal, lambda manager: manager.templates)

    @cached_property
    def oauth(self) -> OAuthManager:
        """The applications that may ask for access."""
        from integrations_sdk.blocking.oauth import OAuthManager

        return OAuthManager(self._portal, lambda manager: manager.oauth)

    @cached_property
    def catalog(self) -> CatalogManager:
        """Which providers there are."""
        from integrations_sdk.blocking.catalog import CatalogManager

        return CatalogManager(self._portal, lambda manager: manager.catalog)

    def __getattr__(self, name: str) -> ProviderManager:
        if not name.startswith("_") and name in self._portal.manager.registry:
            return self.provider(name)
        msg = f"the manager has no {name!r}; providers: {', '.join(self._portal.manager.registry)}"
        raise AttributeError(msg)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._portal.manager.registry})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End background work and close everything that was opened here; a second call does nothing."""
        self._portal.close()
