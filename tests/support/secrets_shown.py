"""What no example may ever show: every secret that leads to a stand-in."""

from __future__ import annotations

from functools import cache
from urllib.parse import urlsplit

from integrations_sdk.connectors.config import secret_names
from integrations_sdk.connectors.registry import Registry
from integrations_sdk.testing import Sandbox

__all__ = ["stand_in_secrets"]


@cache
def stand_in_secrets() -> frozenset[str]:
    """The secrets of every stand-in's configuration; of URLs the secret part, for ports differ."""
    registry = Registry()
    with Sandbox() as sandbox:
        providers = [name for name in registry if name in dir(sandbox)]
        configs = [(name, sandbox.config(name)) for name in providers]
        configs.append(("slack", sandbox.slack.bot_config()))
    found = {
        part
        for name, config in configs
        for field in secret_names(registry.get(name).Config) & config.keys()
        for part in _secret_parts(str(config[field]))
    }
    assert len(found) >= len(providers)
    return frozenset(found)


def _secret_parts(value: str) -> list[str]:
    if "://" not in value:
        return [value]
    parts = urlsplit(value)
    return [parts.username] if parts.username else [parts.path]
