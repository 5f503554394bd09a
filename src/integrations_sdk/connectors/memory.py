"""`ConnectorMemory`: the port through which a connector remembers."""

from __future__ import annotations

from typing import Protocol

from integrations_sdk.models import JsonValue

__all__ = ["ConnectorMemory"]


class ConnectorMemory(Protocol):
    """What a connector remembers between calls and restarts, for one integration; in the clear, so no secret."""

    async def recall(self, key: str) -> dict[str, JsonValue] | None:
        """What was remembered under the key; None if nothing."""
        ...

    async def remember(self, key: str, value: dict[str, JsonValue]) -> None:
        """Keep the value, in place of an earlier one."""
        ...
