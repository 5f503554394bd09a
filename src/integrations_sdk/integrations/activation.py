"""`from_env()`: what the environment configures is switched on, what it only half configures is said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from integrations_sdk.connectors.config import from_text, secret_names
from integrations_sdk.connectors.directory import ConnectorDirectory
from integrations_sdk.connectors.registry import Registry
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.integrations.records import AsyncIntegrationsManager
from integrations_sdk.logs import logger
from integrations_sdk.models import Integration, Record

__all__ = ["Activation", "activate", "configured", "environment_options"]


@attrs.frozen(kw_only=True)
class Activation(Record):
    """What became of one provider's environment variables.

    Attributes:
        variables: the ones that were set; their values are not here.
        integration_id: the integration they made (or had made before); None if they were not enough.
        reason: what else to set, when they were not enough.
    """

    provider: str
    variables: tuple[str, ...]
    integration_id: str | None = None
    reason: str | None = None


_OWN: Final = {
    "CI_PROJECT_PATH": "project_id",
    "GITLAB_URL": "gitlab_url",
    "INTEGRATIONS_SDK_STORE": "store",
}
"""Variables that are arguments of the manager; who sets only these means no provider by it."""


def configured(registry: Registry, environ: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Provider → field → the variable that sets it, for every provider with a variable of its own set. Pure.

    Of several variables for one field the first that is set counts, in the order the provider lists them.
    """
    found: dict[str, dict[str, str]] = {}
    for provider in registry:
        for variable, field in registry.get(provider).environment.items():
            if environ.get(variable):
                found.setdefault(provider, {}).setdefault(field, variable)
    return {provider: fields for provider, fields in found.items() if not _OWN.keys() >= set(fields.values())}


def environment_options(environ: Mapping[str, str]) -> dict[str, str]:
    """The manager's own arguments that the environment sets. Pure."""
    return {option: environ[variable] for variable, option in _OWN.items() if environ.get(variable)}


async def activate(
    integrations: AsyncIntegrationsManager, directory: ConnectorDirectory, environ: Mapping[str, str]
) -> list[Activation]:
    """Create an integration for each provider that the environment configures; fail for none.

    Credentials are kept as references (`env:NAME`), so a changed variable takes effect with the next
    start. An integration made by an earlier start is updated instead of made again.
    """
    existing = {item.name: item async for item in directory.all()}
    results: list[Activation] = []
    for provider, fields in configured(directory.registry, environ).items():
        results.append(await _one(integrations, directory, provider, fields, environ, existing))
    return results


async def _one(
    integrations: AsyncIntegrationsManager,
    directory: ConnectorDirectory,
    provider: str,
    fields: Mapping[str, str],
    environ: Mapping[str, str],
    existing: Mapping[str, Integration],
) -> Activation:
    kind = directory.registry.get(provider)
    secrets = secret_names(kind.Config)
    config = {
        field: f"env:{variable}" if field in secrets else from_text(kind.Config, field, environ[variable])
        for field, variable in fields.items()
    }
    name = f"{kind.title} (environment)"
    variables = tuple(fields.values())
    try:
        if known := existing.get(name):
            made = await integrations.update(known.integration_id, config)
        else:
            made = await integrations.create(provider, config, name=name)
    except ConfigurationError as error:
        logger().warning("not activated from the environment", provider=provider, reason=str(error))
        return Activation(provider=provider, variables=variables, reason=str(error))
    logger().info("activated from the environment", provider=provider, integration_id=made.integration_id)
    return Activation(provider=provider, variables=variables, integration_id=made.integration_id)
