"""`ConnectorDirectory`: finds integrations in the store and opens them as running connectors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import attrs

from integrations_sdk.clock import uuid7
from integrations_sdk.codec import load, restore
from integrations_sdk.connectors.base import Connector, ConnectorConfig, ConnectorContext
from integrations_sdk.connectors.config import by_field, default_of, fields_of, secret_names, secrets_in
from integrations_sdk.connectors.registry import Registry
from integrations_sdk.connectors.renderings import Renderings
from integrations_sdk.errors import DisabledError, NotFoundError
from integrations_sdk.logs import logger, reason_of
from integrations_sdk.models import Integration, IntegrationState, JsonValue, Scope, Secret, plain
from integrations_sdk.models.delivery import Target
from integrations_sdk.runtime import Runtime
from integrations_sdk.store.base import Document, Put

__all__ = ["INTEGRATIONS", "ConnectorDirectory", "document_of", "split_config", "storage_id", "target_of"]

INTEGRATIONS = "integrations"
"""The collection that integrations are kept in."""

_MEMORY = "connector_memory"


class ConnectorDirectory:
    """The integrations of one scope, and the connectors open for them.

    A connector is kept open for as long as its integration's version stays the same, so its tokens and
    rate limits are shared by everything that uses it.
    """

    def __init__(self, runtime: Runtime, registry: Registry) -> None:
        self.runtime = runtime
        self.registry = registry
        self._renderings = Renderings()
        self._open: dict[str, tuple[Integration, Connector[ConnectorConfig]]] = {}

    def within(self, scope: Scope) -> ConnectorDirectory:
        """The integrations of another scope; the open connectors of all scopes are shared."""
        other = ConnectorDirectory(attrs.evolve(self.runtime, scope=scope), self.registry)
        other._open, other._renderings = self._open, self._renderings
        return other

    async def get(self, integration_id: str, *, provider: str | None = None) -> Integration:
        """The integration.

        Raises:
            NotFoundError: there is none with that id in this scope, or it is of another provider.
        """
        document = await self.runtime.store.get(
            INTEGRATIONS, storage_id(self.runtime.scope.tenant_id, integration_id)
        )
        found = restore(Integration, document.data) if document else None
        return self._visible(found, integration_id, provider)

    def _visible(self, found: Integration | None, integration_id: str, provider: str | None) -> Integration:
        project = self.runtime.scope.project_id
        if found is None or (project is not None and found.project_id != project):
            msg = f"no integration {integration_id!r}; list() of the provider shows the ids there are"
            raise NotFoundError(msg)
        if provider is not None and found.integration_type != provider:
            msg = f"{integration_id!r} is a {found.integration_type} integration, not {provider}"
            raise NotFoundError(msg)
        return found

    async def all(
        self, *, provider: str | None = None, state: IntegrationState | None = None
    ) -> AsyncIterator[Integration]:
        """Every integration of the scope, oldest first."""
        scope = self.runtime.scope
        where = {
            "tenant_id": scope.tenant_id,
            "project_id": scope.project_id,
            "provider": provider,
            "state": state,
        }
        cursor: str | None = None
        while True:
            page = await self.runtime.store.query(
                INTEGRATIONS,
                where={name: str(value) for name, value in where.items() if value is not None},
                after=cursor,
                limit=1000,
            )
            for document in page.documents:
                yield restore(Integration, document.data)
            if (cursor := page.cursor) is None:
                return

    async def open(self, integration_id: str, *, provider: str | None = None) -> Connector[ConnectorConfig]:
        """The running connector of an integration.

        Raises:
            NotFoundError: as `get()`.
            DisabledError: it is disabled.
            ConfigurationError: a reference among its credentials leads nowhere, or to a wrong value.
        """
        known = self._open.get(key := storage_id(self.runtime.scope.tenant_id, integration_id))
        # Asking for the version alone spares reading the whole record with every message.
        if known is not None and known[0].version == await self.runtime.store.version(INTEGRATIONS, key):
            self._visible(known[0], integration_id, provider)
            return known[1]
        return await self.open_record(await self.get(integration_id, provider=provider))

    async def open_record(self, integration: Integration) -> Connector[ConnectorConfig]:
        """`open()` for a record at hand."""
        if integration.state is IntegrationState.DISABLED:
            msg = f"{integration.integration_id} is disabled; enable it first"
            raise DisabledError(msg)
        key = storage_id(integration.tenant_id, integration.integration_id)
        known = self._open.get(key)
        if known is not None and known[0].version == integration.version:
            return known[1]
        kept = await self.runtime.secrets.get(key)
        secrets = {name: await self.runtime.secrets.resolve(secret) for name, secret in kept.items()}
        connector = self.build(
            integration.integration_type,
            {**integration.config, **by_field(secrets)},
            integration.integration_id,
        )
        self._open[key] = (integration, connector)
        if known is not None:
            await _close(known[1])
        return connector

    def build(
        self, provider: str, given: Mapping[str, object], integration_id: str | None = None
    ) -> Connector[ConnectorConfig]:
        """A connector for a configuration that need not be stored.

        Raises:
            NotFoundError: unknown provider.
            ConfigurationError: naming everything wrong with it.
        """
        kind = self.registry.get(provider)
        config = load(kind.Config, given, subject=f"{provider} configuration")
        context = ConnectorContext(
            integration_id=integration_id,
            http=self.runtime.http,
            clock=self.runtime.clock,
            scope=self.runtime.scope,
            guard=self.runtime.guard,
            renderings=self._renderings,
            mail=self.runtime.mail,
            memory=_StoredMemory(self.runtime, integration_id or uuid7(self.runtime.clock.now())),
            open=self.open,
            spawn=lambda work, name: self.runtime.tasks.spawn(work, name=name),
        )
        return kind(config, context)

    async def forget(self, integration: Integration) -> None:
        """Close the connector of an integration that is gone; no-op if none is open."""
        known = self._open.pop(storage_id(integration.tenant_id, integration.integration_id), None)
        if known is not None:
            await _close(known[1])

    async def close(self) -> None:
        """Close every open connector."""
        for _, connector in self._open.values():
            await _close(connector)
        self._open.clear()


class _StoredMemory:
    """`ConnectorMemory` over the store."""

    def __init__(self, runtime: Runtime, integration_id: str) -> None:
        self._runtime = runtime
        self._prefix = storage_id(runtime.scope.tenant_id, integration_id)

    async def recall(self, key: str) -> dict[str, JsonValue] | None:
        document = await self._runtime.store.get(_MEMORY, self._id(key))
        return document.data if document else None

    async def remember(self, key: str, value: dict[str, JsonValue]) -> None:
        document = Document(
            collection=_MEMORY, id=self._id(key), data=value, keys={"integration": self._prefix}
        )
        await self._runtime.store.write(Put(document))

    def _id(self, key: str) -> str:
        return f"{self._prefix}:{key}".encode("utf-8", "backslashreplace").decode()


async def _close(connector: Connector[ConnectorConfig]) -> None:
    """Close a connector; one that fails at it is logged, and holds up nothing else."""
    try:
        await connector.close()
    except Exception as error:  # noqa: BLE001  # a third party's connector may raise anything
        logger().error(
            "connector did not close well",
            integration_id=connector.context.integration_id,
            error=type(error).__name__,
            reason=reason_of(error),
        )


def storage_id(tenant_id: str, integration_id: str) -> str:
    """The id under which a tenant's integration, its credentials and its memory are kept.

    No other pair of tenant and id has it, whatever both consist of; an id that no text can hold finds nothing.
    """
    tenant = tenant_id.replace("%", "%25").replace(":", "%3A")
    return f"{tenant}:{integration_id}".encode("utf-8", "backslashreplace").decode()


def target_of(integration_id: str, tenant_id: str, project_id: str | None = None) -> Target:
    """What deliveries to an integration are addressed to; webhooks are a kind of their own."""
    kind = "webhook" if integration_id.startswith("webhook-") else "integration"
    return Target(kind, integration_id, tenant_id, project_id)


def document_of(integration: Integration) -> Document:
    """The stored form of an integration."""
    keys = {
        "tenant_id": integration.tenant_id,
        "provider": integration.integration_type,
        "state": integration.state.value,
    }
    if integration.project_id is not None:
        keys["project_id"] = integration.project_id
    return Document(
        collection=INTEGRATIONS,
        id=storage_id(integration.tenant_id, integration.integration_id),
        data={name: plain(getattr(integration, name)) for name in attrs.fields_dict(Integration)},
        keys=keys,
        version=integration.version,
    )


def split_config(config: ConnectorConfig) -> tuple[dict[str, JsonValue], dict[str, Secret]]:
    """A configuration as what may be seen (defaults left out, secrets masked) and its secrets."""
    secrets: dict[str, Secret] = {}
    for name in secret_names(type(config)):
        secrets |= secrets_in(name, getattr(config, name))
    visible: dict[str, JsonValue] = {}
    for field in fields_of(type(config)):
        value = getattr(config, field.name)
        if field.name in secrets or value != default_of(field):
            visible[field.name] = plain(value)
    return visible, secrets
