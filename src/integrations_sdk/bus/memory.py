"""`MemoryBus`: events for listeners in this process."""

from __future__ import annotations

import inspect
from fnmatch import fnmatchcase

from integrations_sdk.bus.base import Handler, Unsubscribe
from integrations_sdk.logs import logger, reason_of
from integrations_sdk.models import Event

__all__ = ["MemoryBus"]


class MemoryBus:
    """Calls the handlers of this process, one after another, in the order in which they subscribed.

    `publish()` returns when all have returned, so a handler that takes long belongs in a task of its own.
    """

    def __init__(self) -> None:
        self._handlers: dict[object, tuple[str, Handler]] = {}
        self._closed = False

    async def publish(self, event: Event) -> None:
        """Hand the event to every handler whose pattern matches its type; after `close()` to none.

        A handler that raises is logged. One that unsubscribes meanwhile is not called any more, one that
        subscribes meanwhile not yet.
        """
        for token, (pattern, handler) in list(self._handlers.items()):
            if token in self._handlers and fnmatchcase(event.type, pattern):
                await _call(handler, event, pattern)

    def subscribe(self, pattern: str, handler: Handler) -> Unsubscribe:
        """Call `handler` for events whose type matches the pattern: `*`, `?`, `[…]` as in `fnmatch`."""
        token = object()
        if not self._closed:
            self._handlers[token] = (pattern, handler)

        def unsubscribe() -> None:
            self._handlers.pop(token, None)

        return unsubscribe

    def listens(self, type_: str) -> bool:
        """Whether a handler's pattern matches the type."""
        return any(fnmatchcase(type_, pattern) for pattern, _ in self._handlers.values())

    async def close(self) -> None:
        """Forget every handler; a second call does nothing."""
        self._closed = True
        self._handlers.clear()


async def _call(handler: Handler, event: Event, pattern: str) -> None:
    try:
        result = handler(event)
        if inspect.isawaitable(result):
            await result
    except Exception as error:  # noqa: BLE001  # a port: whatever a handler raises must not disturb the others
        logger().error(
            "bus handler failed",
            handler=getattr(handler, "__qualname__", type(handler).__name__),
            pattern=pattern,
            event_type=event.type,
            event_id=event.id,
            error=type(error).__name__,
            reason=reason_of(error),
        )
