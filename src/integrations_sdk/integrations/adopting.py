"""Connectors that come as objects: each is a provider with one integration."""

from __future__ import annotations

from integrations_sdk.connectors.plain import BaseConnector, adopted
from integrations_sdk.connectors.registry import Registry
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.integrations.records import AsyncIntegrationsManager
from integrations_sdk.models import Integration

__all__ = ["adopt"]


async def adopt(
    registry: Registry, integrations: AsyncIntegrationsManager, name: str, connector: BaseConnector | None
) -> Integration:
    """Register an object under a name, and give it an integration: the one of an earlier start, else a new one.

    Raises:
        AlreadyExistsError: a provider of that name is known.
        ConfigurationError: the name is none, or the object is no `BaseConnector`.
    """
    if not isinstance(connector, BaseConnector):
        expected = "expected an object whose class derives from BaseConnector"
        raise ConfigurationError.of("connector", name, expected, "register other classes without a name")
    registry.register(adopted(name, connector))
    known = await integrations.list(provider=name)
    return known[0] if known else await integrations.create(name)
