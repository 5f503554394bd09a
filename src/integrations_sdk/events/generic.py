"""Any other sender: CloudEvents 1.0 where it speaks them, and otherwise the names that most senders use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from integrations_sdk.events.reading import Facts, Reader, drop_none, header_word, reading, status_word
from integrations_sdk.models import JsonValue

__all__ = ["normalise"]

_TYPES: Final = ("type", "event_type", "event", "event_name", "action")


def normalise(headers: Mapping[str, str], body: Mapping[str, JsonValue], *, sender: str = "custom") -> Facts:
    """Read a webhook of which nothing is known beforehand, so no field of it can be wrong.

    The type is that of CloudEvents (in the body, or the header `ce-type` of binary mode; CloudEvents
    HTTP binding §3), else `type`, `event_type`, `event`, `event_name` or `action`, first of an object
    `event` where there is one (Slack, PagerDuty), then of the body; else the sender's name.
    """
    with reading(f"{sender} webhook", body) as reader:
        event = reader.peek("event")
        places = (reader, event, event.peek("data"), reader.peek("data"))
        return drop_none(
            type=header_word(headers, "ce-type") or _first((event, reader), *_TYPES) or sender,
            source=header_word(headers, "ce-source") or reader.first_word("source") or sender,
            subject=header_word(headers, "ce-subject") or reader.first_word("subject"),
            status=status_word(_first(places, "status")),
            title=_first(places, "title", "name"),
            url=next((url for place in places if (url := _link(place))), None),
            time=_time(headers, reader),
        )


def _first(places: Iterable[Reader], *names: str) -> str | None:
    return next((word for place in places if (word := place.first_word(*names))), None)


def _link(thing: Reader) -> str | None:
    url = thing.first_word("url", "html_url", "web_url")
    return url if url and url.startswith(("http://", "https://")) else None


def _time(headers: Mapping[str, str], body: Reader) -> datetime | None:
    in_header = Reader({"time": header_word(headers, "ce-time")}, [])
    return in_header.time("time") or (body.time("time") if body.first_word("time") else None)
