"""`mgr.integrations`: create, read, update and delete integrations of every provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import attrs

from integrations_sdk.clock import uuid7
from integrations_sdk.codec import load
from integrations_sdk.connectors.config import ConnectorConfig, by_field, fields_of
from integrations_sdk.connectors.directory import ConnectorDirectory, document_of, split_config, storage_id
from integrations_sdk.errors import ConfigurationError, ConflictError, Problem
from integrations_sdk.models import MASK, Event, Integration, IntegrationState, RecordList, plain
from integrations_sdk.store.base import Delete, Insert, Replace, Write

__all__ = ["AsyncIntegrationsManager", "Follower"]


class Follower(Protocol):
    """Whoever must follow what happens to an integration, after it was stored."""

    async def changed(self, integration: Integration) -> None:
        """It was created, or its configuration changed."""
        ...

    async def switched(self, integration: Integration) -> None:
        """It was enabled or disabled, perhaps not for the first time."""
        ...

    async def deleted(self, integration: Integration) -> None:
        """It is gone."""
        ...


class AsyncIntegrationsManager:
    """The integrations of one scope.

    Credentials go sealed into the secret store, in the same transaction as the record, and are never
    in a record. Each change is published on the bus (`integration.created`, `.updated`, `.deleted`).

    Args:
        follower: learns of each change as well.
    """

    def __init__(self, directory: ConnectorDirectory, follower: Follower) -> None:
        self._directory = directory
        self._follower = follower
        self._runtime = directory.runtime

    async def create(
        self,
        provider: str,
        config: Mapping[str, object] | ConnectorConfig | None = None,
        *,
        name: str | None = None,
        **fields: object,
    ) -> Integration:
        """Configure a provider. Nothing is sent to it; `mgr.health` checks whether it works.

        Args:
            provider: e.g. `slack`.
            config: the configuration, as a mapping or an object of the provider's config class.
            name: for people; default is the provider's title and the number. May be in `config` as well.
            fields: configuration as keywords, beside or instead of `config`.

        Raises:
            NotFoundError: unknown provider.
            ConfigurationError: naming every unknown, missing and wrong field; nothing is stored.
        """
        kind = self._directory.registry.get(provider)
        provider = kind.provider
        given = {**_as_mapping(config), **fields}
        name, problems = _name(given.pop("name", None) if name is None else name)
        typed = _load(kind.Config, given, f"{provider} configuration", problems)
        visible, secrets = split_config(typed)
        scope, now = self._runtime.scope, self._runtime.clock.now()
        number = await self._runtime.store.next_number(storage_id(scope.tenant_id, provider))
        integration = Integration(
            integration_id=f"{provider}-{number}",
            integration_type=provider,
            name=name or f"{kind.title} {number}",
            tenant_id=scope.tenant_id,
            project_id=scope.project_id,
            config=visible,
            created_at=now,
            updated_at=now,
        )
        key = storage_id(scope.tenant_id, integration.integration_id)
        await self._runtime.store.write(
            Insert(document_of(integration)),
            *(self._runtime.secrets.put_writes(key, secrets) if secrets else ()),
        )
        await self._follower.changed(integration)
        await self._publish("integration.created", integration)
        return integration

    async def get(self, integration_id: str) -> Integration:
        """The integration.

        Raises:
            NotFoundError: there is none with that id in this scope.
        """
        return await self._directory.get(integration_id)

    async def list(
        self, *, provider: str | None = None, state: IntegrationState | str | None = None
    ) -> RecordList[Integration]:
        """Every integration of the scope, oldest first.

        Args:
            provider: only this provider's.
            state: only `active` or `disabled` ones.

        Raises:
            NotFoundError: unknown provider.
            ConfigurationError: no such state.
        """
        if provider is not None:
            provider = self._directory.registry.get(provider).provider
        wanted = None if state is None else _state(state)
        return RecordList([item async for item in self._directory.all(provider=provider, state=wanted)])

    async def update(
        self,
        integration_id: str,
        changes: Mapping[str, object] | None = None,
        *,
        name: str | None = None,
        version: int | None = None,
        **fields: object,
    ) -> Integration:
        """Change some fields; None takes a field back to its default, what is not mentioned stays.

        Args:
            version: the version the change is meant for; None: whichever is stored.

        Raises:
            NotFoundError: no such integration.
            ConflictError: the stored version is another one.
            ConfigurationError: naming everything wrong with the result; nothing is changed.
        """
        current = await self._directory.get(integration_id)
        if version is not None and version != current.version:
            msg = (
                f"{integration_id} is at version {current.version}, not {version}: read it again, then retry"
            )
            raise ConflictError(msg)
        key = storage_id(current.tenant_id, integration_id)
        given = {**(changes or {}), **fields}
        name, problems = _name(given.pop("name", None) if name is None else name)
        kept = {field: value for field, value in current.config.items() if value != MASK}
        sealed = by_field(await self._runtime.secrets.get(key))
        kind = self._directory.registry.get(current.integration_type)
        merged = {**kept, **sealed, **_canonical(kind.Config, given)}
        typed = _load(kind.Config, merged, f"{current.integration_type} configuration", problems)
        visible, secrets = split_config(typed)
        changed = attrs.evolve(current, config=visible, name=name or current.name)
        writes = (
            self._runtime.secrets.put_writes(key, secrets)
            if secrets
            else self._runtime.secrets.delete_writes(key)
        )
        stored = await self._replace(changed, *writes)
        await self._follower.changed(stored)
        return stored

    async def enable(self, integration_id: str) -> Integration:
        """Let it take part in fan-outs and sweeps again; what was held for it is sent."""
        return await self._switch(integration_id, IntegrationState.ACTIVE)

    async def disable(self, integration_id: str) -> Integration:
        """Keep it, but use it for nothing until it is enabled; what is queued for it is held until then."""
        return await self._switch(integration_id, IntegrationState.DISABLED)

    async def delete(self, integration_id: str) -> None:
        """Remove it together with its credentials.

        Raises:
            NotFoundError: there is none with that id in this scope.
        """
        integration = await self._directory.get(integration_id)
        document = document_of(integration)
        await self._runtime.store.write(
            Delete(document.collection, document.id), *self._runtime.secrets.delete_writes(document.id)
        )
        await self._directory.forget(integration)
        await self._follower.deleted(integration)
        await self._publish("integration.deleted", integration)

    async def _switch(self, integration_id: str, state: IntegrationState) -> Integration:
        current = await self._directory.get(integration_id)
        if current.state is not state:
            current = await self._replace(attrs.evolve(current, state=state))
        await self._follower.switched(current)
        return current

    async def _replace(self, changed: Integration, *writes: Write) -> Integration:
        stored = attrs.evolve(changed, version=changed.version + 1, updated_at=self._runtime.clock.now())
        await self._runtime.store.write(Replace(document_of(stored), changed.version), *writes)
        await self._publish("integration.updated", stored)
        return stored

    async def _publish(self, what: str, integration: Integration) -> None:
        now = self._runtime.clock.now()
        event = Event(
            id=uuid7(now),
            type=what,
            source="integrations-sdk",
            subject=integration.integration_id,
            time=now,
            provider=integration.integration_type,
            data={"integration": plain(integration)},
        )
        await self._runtime.bus.publish(event)


def _as_mapping(config: Mapping[str, object] | ConnectorConfig | None) -> dict[str, object]:
    if isinstance(config, ConnectorConfig):
        return {field.name: getattr(config, field.name) for field in fields_of(type(config))}
    if config is None or isinstance(config, Mapping):
        return dict(config or {})
    raise ConfigurationError.of("configuration", "config", f"expected a mapping, got {type(config).__name__}")


def _name(name: object) -> tuple[str | None, list[Problem]]:
    if name is None or (isinstance(name, str) and name.strip()):
        return name, []
    return None, [Problem("name", "expected some text, or leave it out for a name made of the provider's")]


def _load(
    kind: type[ConnectorConfig], given: Mapping[str, object], subject: str, problems: list[Problem]
) -> ConnectorConfig:
    """`codec.load`, with the problems found so far in the same error."""
    try:
        typed = load(kind, given, subject=subject)
    except ConfigurationError as error:
        raise ConfigurationError(subject, [*problems, *error.problems]) from None
    if problems:
        raise ConfigurationError(subject, problems)
    return typed


def _canonical(kind: type[ConnectorConfig], given: Mapping[str, object]) -> dict[str, object]:
    """Aliases of fields replaced by the fields' names, so that a change overrides what was there."""
    names = {alias: field.name for field in fields_of(kind) for alias in field.metadata.get("also", ())}
    return {names.get(key, key): value for key, value in given.items()}


def _state(state: str) -> IntegrationState:
    try:
        return IntegrationState(state)
    except ValueError:
        known = ", ".join(IntegrationState)
        raise ConfigurationError.of("list", "state", f"expected one of {known}") from None
