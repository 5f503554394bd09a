"""What PagerDuty is sent, made from the library's records. Pure.

Source: https://developer.pagerduty.com/docs/send-alert-event and https://developer.pagerduty.com/docs/send-change-event.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from integrations_sdk.connectors.base import Event, EventType, JsonValue, Message, given, sentence

__all__ = ["alert", "details_of", "is_change", "key_of", "links_of", "payload_of"]

_LONGEST_KEY: Final = 255
_LONGEST_SUMMARY: Final = 1024
_CHANGES: Final = frozenset({EventType.PUSH, EventType.TAG_PUSH, EventType.RELEASE})


def key_of(text: str) -> str:
    """A deduplication key of at most 255 characters; a longer text is hashed."""
    return text if len(text) <= _LONGEST_KEY else hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def payload_of(summary: str, **fields: JsonValue) -> dict[str, JsonValue]:
    """The payload of an alert or a change; the summary is one line of at most 1024 characters."""
    return {"summary": sentence(summary, _LONGEST_SUMMARY) or "no summary", **given(**fields)}


def details_of(message: Message) -> dict[str, JsonValue]:
    """What a message says beside its summary."""
    facts: dict[str, JsonValue] = {field.name: field.value for field in message.fields}
    said = message.text if message.text != message.summary else None
    return given(text=said or None, author=message.author, footer=message.footer) | facts


def links_of(message: Message) -> dict[str, JsonValue]:
    """`links`: where a message leads, each place once; empty if nowhere."""
    named = {message.url: "Details"} if message.url else {}
    named |= {link.url: link.label for link in message.links}
    links: list[JsonValue] = [{"href": url, "text": label} for url, label in named.items()]
    return {"links": links} if links else {}


def is_change(event: Event) -> bool:
    """Whether an event changed the service: something was pushed, merged, released or deployed."""
    merged = event.type == EventType.MERGE_REQUEST and event.action == "merged"
    deployed = event.type == EventType.DEPLOYMENT and event.status == "success"
    return event.type in _CHANGES or merged or deployed


def alert(
    action: str, key: str, payload: Mapping[str, JsonValue] | None = None, **fields: JsonValue
) -> dict[str, JsonValue]:
    """An event for `POST /v2/enqueue`, but for its routing key."""
    return {
        "event_action": action,
        "dedup_key": key_of(key),
        **given(payload=dict(payload) if payload else None),
        **fields,
    }
