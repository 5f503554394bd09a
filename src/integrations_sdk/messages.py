"""From an event to the message a person wants to read. Pure; every notifier renders it in its own format."""

from __future__ import annotations

from integrations_sdk.models import Event, Message

__all__ = ["message_for"]


def message_for(event: Event) -> Message:
    """What to tell people of an event: title, author, branch, links, failed jobs, duration, level."""
    return Message(title=event.title or event.type, text=event.text or "", url=event.url)
