"""What a HTTP Event Collector is sent, made from the library's records. Pure."""

from __future__ import annotations

from datetime import datetime

from integrations_sdk.connectors.base import (
    AuthenticationError,
    Event,
    Fault,
    JsonValue,
    LogEntry,
    Response,
    event_facts,
    fault_of,
    given,
    json_of,
    message_for,
    text_at,
)
from integrations_sdk.connectors.splunk.config import SplunkConfig

__all__ = ["event_of", "filed", "hec_fault", "line_of"]

_TOKEN_CODES = frozenset({"1", "2", "3", "4"})  # disabled, required, invalid authorization, invalid


def filed(event: JsonValue, time: datetime, config: SplunkConfig, **more: JsonValue) -> dict[str, JsonValue]:
    """An event in its envelope: when it was, and what it is filed under; what is None is Splunk's to choose."""
    under = {name: getattr(config, name) for name in ("host", "source", "sourcetype", "index")}
    chosen = {name: value for name, value in more.items() if value is not None}
    return given(time=round(time.timestamp(), 3), **{**under, **chosen}, event=event)


def line_of(entry: LogEntry) -> dict[str, JsonValue]:
    """A log line; its attributes cannot take the place of its text and level."""
    return {**entry.attributes, "message": entry.message, "level": entry.level}


def event_of(event: Event) -> dict[str, JsonValue]:
    """All that is known of an event, and what people would be told of it."""
    message = message_for(event)
    return {**event_facts(event), "message": message.summary, "level": message.level.value}


def hec_fault(response: Response) -> Fault | None:
    """The fault in Splunk's words, with its code, and the event it is about where it says.

    A 403 means a wrong token rather than one that lacks a right
    (https://help.splunk.com/en/splunk-enterprise/get-started/get-data-in, "Troubleshoot HTTP Event Collector").
    """
    found = fault_of(response)
    if found is None or 300 <= response.status < 400:
        return found
    body = json_of(response)
    code, number = text_at(body, "code"), text_at(body, "invalid-event-number")
    words = text_at(body, "text") or found.message
    kind = AuthenticationError if code in _TOKEN_CODES else found.kind
    return Fault(kind, f"{words} (event {number} of the request)" if number is not None else words, code)
