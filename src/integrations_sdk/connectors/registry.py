"""`Registry`: which providers there are. Each module is imported only when its provider is used."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, TypeVar

from integrations_sdk.codec import closest
from integrations_sdk.connectors.base import Connector, ConnectorConfig
from integrations_sdk.errors import AlreadyExistsError, ConfigurationError, NotFoundError
from integrations_sdk.models import IntegrationType

if TYPE_CHECKING:  # it costs more than the rest of this module's imports, and few ask for what it finds
    from importlib.metadata import EntryPoint

__all__ = ["ENTRY_POINTS", "Registry"]

ENTRY_POINTS = "integrations_sdk.connectors"
"""The entry point group in which other packages offer connectors: `name = "module:Class"`."""

_OTHER_NAMES: Final = {"whitesource": "mend"}  # what Mend was called until 2022

AnyConnector = type[Connector[ConnectorConfig]]
K = TypeVar("K", bound=AnyConnector)


class Registry:
    """The built-in providers, those of installed packages, and those registered by hand."""

    def __init__(self) -> None:
        self._classes: dict[str, AnyConnector] = {}
        self._entry_points: dict[str, EntryPoint] | None = None

    def register(self, connector: K) -> K:
        """Add a connector class; also as a class decorator.

        Raises:
            AlreadyExistsError: a provider of that name is known.
            ConfigurationError: the class lacks what a connector must say of itself.
        """
        name = getattr(connector, "provider", "")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise ConfigurationError.of(
                f"connector {connector.__name__}",
                "provider",
                "expected a name such as `acme`: [a-z][a-z0-9_]*",
            )
        if name in self:
            msg = f"a provider {name!r} exists already; choose another name for {connector.__name__}"
            raise AlreadyExistsError(msg)
        self._classes[name] = connector
        return connector

    def get(self, provider: str) -> AnyConnector:
        """The connector class of a provider, whose `provider` is its name if it was asked for by another.

        Raises:
            NotFoundError: unknown; the message says what is known.
        """
        provider = _OTHER_NAMES.get(provider, provider)
        if provider not in self._classes:
            self._classes[provider] = self._load(provider)
        return self._classes[provider]

    def __contains__(self, provider: object) -> bool:
        return provider in {*self, *_OTHER_NAMES}

    def __iter__(self) -> Iterator[str]:
        """Every provider's name, built-in ones first."""
        return iter(
            dict.fromkeys([*(kind.value for kind in IntegrationType), *self._offered(), *self._classes])
        )

    def _offered(self) -> dict[str, EntryPoint]:
        if self._entry_points is None:
            from importlib.metadata import entry_points

            self._entry_points = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
        return self._entry_points

    def _load(self, provider: str) -> AnyConnector:
        if provider in set(IntegrationType):
            module = importlib.import_module(f"integrations_sdk.connectors.{provider}")
            connector: AnyConnector = module.connector
            return connector
        if provider in self._offered():
            loaded: AnyConnector = self._offered()[provider].load()
            return loaded
        msg = f"no provider {provider!r}: {closest(str(provider), self)}"
        raise NotFoundError(msg)
