"""`CustomManager`: generated from `AsyncCustomManager` by `scripts/generate_blocking.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from integrations_sdk.blocking.providers import ProviderManager

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from integrations_sdk.integrations.custom import AsyncCustomManager
    from integrations_sdk.models import Integration, JsonValue

__all__ = ["CustomManager"]


class CustomManager(ProviderManager):
    """Services of your own, described by their configuration: see `CustomConfig`."""

    def create_from_yaml(self, source: str | Path, *, name: str | None = None) -> Integration:
        """Configure a service that is described in YAML (extra `yaml`).

        Args:
            source: the YAML itself, or the `Path` of a file with it.
            name: for people.

        Raises:
            ConfigurationError: naming everything wrong with it, or where it is no YAML.
            MissingExtraError: the extra is not installed.
        """
        return self._run(
            lambda manager: cast("AsyncCustomManager", manager).create_from_yaml(source, name=name)
        )

    def call(self, integration_id: str, operation: str, *args: object, **options: object) -> object:
        """Do one of the service's own operations, with its arguments as one mapping or as keywords.

        Returns:
            What the answer has at the operation's `result`, else all of it.

        Raises:
            NotFoundError: there is no such operation; says which there are.
            ConfigurationError: naming every argument that is missing or unknown.
        """
        return self._run(
            lambda manager: cast("AsyncCustomManager", manager).call(
                integration_id, operation, *args, **options
            )
        )

    def list_items(
        self, integration_id: str, operation: str, arguments: Mapping[str, JsonValue] | None = None
    ) -> list[JsonValue]:
        """Every item of a listing, of all its pages; the operation has `paging`.

        Raises:
            NotFoundError: there is no such operation.
            ConfigurationError: it has no `paging`, or an argument is missing or unknown.
        """
        return self._run(
            lambda manager: cast("AsyncCustomManager", manager).list_items(
                integration_id, operation, arguments
            )
        )

    def list_operations(self, integration_id: str) -> dict[str, list[str]]:
        """The service's operations, each with the names of its arguments."""
        return self._run(lambda manager: cast("AsyncCustomManager", manager).list_operations(integration_id))
