"""Events as they are queued: as JSON, written once for all of an event's targets and read once by each worker."""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import Final

from integrations_sdk.codec import restore
from integrations_sdk.models import Event
from integrations_sdk.queue.base import QueuedEvent

__all__ = ["EventReader", "pack"]

_TO_JSON: Final = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode


def pack(event: Event) -> QueuedEvent:
    """The event, ready to be queued.

    Raises:
        TypeError: its data has no JSON form; `ValueError` likewise, for numbers that are not finite.
    """
    body = _TO_JSON({name: value for name, value in dict(event).items() if value is not None})
    return QueuedEvent(event_id=event.id, event_type=event.type, body=body.encode())


class EventReader:
    """Reads queued events, each once as long as it is remembered.

    Args:
        size: how many are.
    """

    def __init__(self, size: int = 128) -> None:
        self._size = size
        self._read: OrderedDict[str, Event] = OrderedDict()

    def read(self, queued: QueuedEvent) -> Event:
        """The event that was packed.

        Raises:
            ConfigurationError: the body is none of ours.
        """
        event = self._read.get(queued.event_id)
        if event is None:
            event = self._read[queued.event_id] = restore(Event, json.loads(queued.body))
            if len(self._read) > self._size:
                self._read.popitem(last=False)
        return event
