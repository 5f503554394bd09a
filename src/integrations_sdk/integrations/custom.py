"""`mgr.custom`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from integrations_sdk.errors import ConfigurationError
from integrations_sdk.integrations.providers import AsyncProviderManager
from integrations_sdk.models import Integration, JsonValue
from integrations_sdk.yaml import load_yaml

if TYPE_CHECKING:  # a provider is imported only when it is used
    from integrations_sdk.connectors.custom import CustomConnector

__all__ = ["AsyncCustomManager"]


class AsyncCustomManager(AsyncProviderManager):
    """Services of your own, described by their configuration: see `CustomConfig`."""

    async def create_from_yaml(self, source: str | Path, *, name: str | None = None) -> Integration:
        """Configure a service that is described in YAML (extra `yaml`).

        Args:
            source: the YAML itself, or the `Path` of a file with it.
            name: for people.

        Raises:
            ConfigurationError: naming everything wrong with it, or where it is no YAML.
            MissingExtraError: the extra is not installed.
        """
        text = _content(source) if isinstance(source, Path) else source
        described = load_yaml(text, subject="custom configuration")
        if not isinstance(described, dict):
            raise ConfigurationError.of("custom configuration", "$", "expected a mapping of its fields")
        return await self.create(cast("dict[str, object]", described), name=name)

    async def call(self, integration_id: str, operation: str, *args: object, **options: object) -> object:
        """Do one of the service's own operations, with its arguments as one mapping or as keywords.

        Returns:
            What the answer has at the operation's `result`, else all of it.

        Raises:
            NotFoundError: there is no such operation; says which there are.
            ConfigurationError: naming every argument that is missing or unknown.
        """
        connector = await self._connector(integration_id)
        return await connector.run(operation, _arguments(operation, args, options))

    async def list_items(
        self, integration_id: str, operation: str, arguments: Mapping[str, JsonValue] | None = None
    ) -> list[JsonValue]:
        """Every item of a listing, of all its pages; the operation has `paging`.

        Raises:
            NotFoundError: there is no such operation.
            ConfigurationError: it has no `paging`, or an argument is missing or unknown.
        """
        connector = await self._connector(integration_id)
        return [item async for item in connector.each(operation, arguments)]

    async def list_operations(self, integration_id: str) -> dict[str, list[str]]:
        """The service's operations, each with the names of its arguments."""
        connector = await self._connector(integration_id)
        described = connector.config.operations
        return {name: list(operation.arguments) for name, operation in described.items()}

    async def _connector(self, integration_id: str) -> CustomConnector:
        return cast("CustomConnector", await self._open(integration_id))


def _arguments(
    operation: str, args: tuple[object, ...], options: Mapping[str, object]
) -> dict[str, JsonValue]:
    given = args[0] if args else {}
    if len(args) > 1 or not isinstance(given, Mapping):
        raise ConfigurationError.of(
            f"custom operation {operation}",
            "arguments",
            "expected one mapping of names to values, or keywords",
        )
    return cast("dict[str, JsonValue]", {**given, **options})


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        wrong = f"cannot be read ({type(error).__name__})"
        raise ConfigurationError.of(
            "custom configuration", str(path), wrong, "give the path of a file"
        ) from None
