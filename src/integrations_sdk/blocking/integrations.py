"""`IntegrationsManager`: generated from `AsyncIntegrationsManager` by `scripts/generate_blocking.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations_sdk.blocking.portal import BlockingSubManager

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations_sdk.connectors.config import ConnectorConfig
    from integrations_sdk.integrations.records import AsyncIntegrationsManager  # noqa: F401  # ruff does not see it in the string below
    from integrations_sdk.models import Integration, IntegrationState, RecordList

__all__ = ["IntegrationsManager"]


class IntegrationsManager(BlockingSubManager["AsyncIntegrationsManager"]):
    """The integrations of one scope.

    Credentials go sealed into the secret store, in the same transaction as the record, and are never
    in a record. Each change is published on the bus (`integration.created`, `.updated`, `.deleted`).

    Args:
        follower: learns of each change as well.
    """

    def create(
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
        return self._run(lambda manager: manager.create(provider, config, name=name, **fields))

    def get(self, integration_id: str) -> Integration:
        """The integration.

        Raises:
            NotFoundError: there is none with that id in this scope.
        """
        return self._run(lambda manager: manager.get(integration_id))

    def list(
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
        return self._run(lambda manager: manager.list(provider=provider, state=state))

    def update(
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
        return self._run(
            lambda manager: manager.update(integration_id, changes, name=name, version=version, **fields)
        )

    def enable(self, integration_id: str) -> Integration:
        """Let it take part in fan-outs and sweeps again; what was held for it is sent."""
        return self._run(lambda manager: manager.enable(integration_id))

    def disable(self, integration_id: str) -> Integration:
        """Keep it, but use it for nothing until it is enabled; what is queued for it is held until then."""
        return self._run(lambda manager: manager.disable(integration_id))

    def delete(self, integration_id: str) -> None:
        """Remove it together with its credentials.

        Raises:
            NotFoundError: there is none with that id in this scope.
        """
        return self._run(lambda manager: manager.delete(integration_id))
