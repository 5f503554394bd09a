"""Events and actions as they are queued: as JSON, written once for all targets, and read once by each worker."""

from __future__ import annotations

import json
from collections import OrderedDict
from datetime import datetime
from typing import Final

import attrs

from integrations_sdk.clock import uuid7
from integrations_sdk.codec import restore
from integrations_sdk.models import Event, plain
from integrations_sdk.models.delivery import Action
from integrations_sdk.queue.base import QueuedEvent

__all__ = ["EventReader", "pack", "pack_action"]

_FIELDS: Final = tuple(attrs.fields_dict(Event))

_TO_JSON: Final = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode


def pack(event: Event) -> QueuedEvent:
    """The event, ready to be queued.

    Raises:
        TypeError: its data has no JSON form; `ValueError` likewise, for numbers that are not finite.
    """
    fields = ((name, getattr(event, name)) for name in _FIELDS)
    body = _TO_JSON({name: plain(value) for name, value in fields if value is not None and value != ()})
    return QueuedEvent(event_id=event.id, event_type=event.type, body=body.encode())


def pack_action(action: Action, now: datetime) -> QueuedEvent:
    """The action, ready to be queued; its type there is `action.` and the operation."""
    body = _TO_JSON(dict(action)).encode()
    return QueuedEvent(event_id=uuid7(now), event_type=f"action.{action.operation}", body=body)


_LARGE: Final = 1024 * 1024


class EventReader:
    """Reads what was queued, each thing once as long as it is remembered; what was packed here, not at all.

    It goes by the whole body, for senders choose ids, and two tenants' events may share one.

    Args:
        size: how many are remembered; none with more than 1 MiB.
    """

    def __init__(self, size: int = 128) -> None:
        self._size = size
        self._read: OrderedDict[bytes, Event | Action] = OrderedDict()

    def pack(self, event: Event) -> QueuedEvent:
        """`pack()`, remembering the event for when this process sends it. Errors as that."""
        queued = pack(event)
        self._remember(queued.body, event)
        return queued

    def read(self, queued: QueuedEvent) -> Event | Action:
        """The event or action that was packed.

        Raises:
            ConfigurationError: the body is none of ours.
        """
        known = self._read.get(queued.body)
        if known is None:
            body = json.loads(queued.body)
            # Only the library writes this level of the body, and no event has a field of that name.
            known = restore(Action, body) if "operation" in body else restore(Event, body)
            self._remember(queued.body, known)
        return known

    def _remember(self, body: bytes, event: Event | Action) -> None:
        if len(body) <= _LARGE:
            self._read[body] = event
            if len(self._read) > self._size:
                self._read.popitem(last=False)
