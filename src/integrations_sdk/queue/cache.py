"""What need not be read again: events that are still to be sent, and the numbers of targets."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Final

from integrations_sdk.models.delivery import Target
from integrations_sdk.queue.base import QueuedEvent

__all__ = ["EventCache", "TargetNumbers"]

_BYTES: Final = 16 * 1024 * 1024
_OVERHEAD: Final = 512  # of one event's objects, about


class EventCache:
    """Events by their numbers, the oldest ones forgotten. Read from any thread, added to from one."""

    def __init__(self, size: int = _BYTES) -> None:
        # A dict finds its first entry by passing over all that were removed before it.
        self._events: OrderedDict[int, QueuedEvent] = OrderedDict()
        self._left = size

    def find(self, numbers: Iterable[int]) -> dict[int, QueuedEvent]:
        """Those of them that are here."""
        events = self._events
        return {number: event for number in numbers if (event := events.get(number)) is not None}

    def add(self, number: int, event: QueuedEvent) -> None:
        """Keep an event, and forget others for it."""
        if number in self._events:
            return
        self._events[number] = event
        self._left -= len(event.body) + _OVERHEAD
        while self._left < 0:
            _, forgotten = self._events.popitem(last=False)
            self._left += len(forgotten.body) + _OVERHEAD


class TargetNumbers:
    """Targets and their numbers, which never change."""

    def __init__(self) -> None:
        self.numbers: dict[Target, int] = {}
        self._targets: dict[int, Target] = {}

    def learn(self, found: Mapping[Target, int]) -> None:
        """Add what a committed transaction, or a reader, has seen."""
        self.numbers.update(found)
        self._targets.update({number: target for target, number in found.items()})

    def target(self, number: int) -> Target:
        """The target of a number that was learned."""
        return self._targets[number]

    def missing(self, numbers: Iterable[int]) -> set[int]:
        """Which of them were not learned yet."""
        return {number for number in numbers if number not in self._targets}
