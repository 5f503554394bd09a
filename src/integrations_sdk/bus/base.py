"""The `Bus` port: tells whoever listens what the library did (`integration.created`, …), after the fact."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from integrations_sdk.models import Event

__all__ = ["Bus", "Handler", "Unsubscribe"]

Handler: TypeAlias = Callable[[Event], Awaitable[None] | None]
"""What is called with each event; a plain function or a coroutine function."""

Unsubscribe: TypeAlias = Callable[[], None]
"""Ends a subscription; a second call does nothing."""


class Bus(Protocol):
    """Hands events to subscribers. A handler that raises is logged and disturbs nobody else."""

    async def publish(self, event: Event) -> None:
        """Hand the event to every handler whose pattern matches its type."""
        ...

    def subscribe(self, pattern: str, handler: Handler) -> Unsubscribe:
        """Call `handler` for events whose type matches, e.g. `integration.*` or `*`."""
        ...

    def listens(self, type_: str) -> bool:
        """Whether anybody might listen to events of this type; False saves making them."""
        ...

    async def close(self) -> None:
        """Let go of connections; nothing is handed on afterwards."""
        ...
