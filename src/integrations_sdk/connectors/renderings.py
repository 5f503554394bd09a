"""`Renderings`: what was made of the latest events, so that it is made once for all of an event's targets."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable

from integrations_sdk.models import Event

__all__ = ["Renderings"]


class Renderings:
    """The bodies of the latest events, in each form that was asked for.

    It goes by the event object and not by its id: senders choose ids, and two tenants' events may share one.
    Who hands the same object to many targets has it rendered once.

    Args:
        entries: how many bodies are kept.
        size: how many bytes they may come to together; a larger body is not kept.
    """

    def __init__(self, *, entries: int = 64, size: int = 8 * 1024 * 1024) -> None:
        self._entries = entries
        self._size = size
        self._kept: OrderedDict[tuple[int, Hashable], tuple[Event, bytes]] = OrderedDict()
        self._bytes = 0

    def get(self, event: Event, form: Hashable, make: Callable[[], bytes]) -> bytes:
        """The event's body in a form; `make` is asked for one that is not at hand.

        Args:
            form: what the body depends on beside the event.
        """
        key = (id(event), form)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key][1]
        body = make()
        if len(body) <= self._size:
            self._kept[key] = (
                event,
                body,
            )  # the event too: as long as it lives, no other object has its `id()`
            self._bytes += len(body)
            self._shrink()
        return body

    def _shrink(self) -> None:
        while len(self._kept) > self._entries or self._bytes > self._size:
            _, (_, body) = self._kept.popitem(last=False)
            self._bytes -= len(body)
