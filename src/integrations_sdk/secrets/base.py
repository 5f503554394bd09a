"""The `SecretStore` port: an integration's credentials, kept apart from its record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from integrations_sdk.models import Secret
from integrations_sdk.store.base import Write

__all__ = ["ReferenceResolver", "SecretStore"]


class SecretStore(Protocol):
    """Keeps credentials sealed, and resolves references to credentials kept elsewhere.

    A key names one integration (`<tenant>:<integration_id>`); its values are a mapping of field to
    secret. A secret that is a reference (`env:NAME`) is kept as the reference, never as its value.
    """

    def put_writes(self, key: str, values: Mapping[str, Secret]) -> tuple[Write, ...]:
        """The store writes that keep the values, for the caller's own transaction, replacing earlier ones."""
        ...

    def delete_writes(self, key: str) -> tuple[Write, ...]:
        """The store writes that forget the values; no-op if missing."""
        ...

    async def get(self, key: str) -> dict[str, Secret]:
        """The values as kept, references unresolved; empty if there are none.

        Raises:
            ConfigurationError: sealed with a key that is not at hand; says which one.
        """
        ...

    async def resolve(self, secret: Secret) -> Secret:
        """The value a reference leads to; any other secret as it is.

        Raises:
            ConfigurationError: the reference leads nowhere; names it and says what to set.
            MissingExtraError: its scheme needs a package that is not installed.
            ConnectorError: the service that keeps it is in trouble, or does not answer.
        """
        ...


class ReferenceResolver(Protocol):
    """Reads secrets of one reference scheme."""

    scheme: str

    async def resolve(self, reference: str) -> str:
        """The value behind `reference`, which comes without its scheme (`NAME` of `env:NAME`)."""
        ...
