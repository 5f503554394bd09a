"""Any other sender: CloudEvents 1.0 where it speaks them, and otherwise the names that most senders use."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from integrations_sdk.events.reading import Facts, Reader, drop_none, header_word, reading, status_word
from integrations_sdk.models import JsonValue

__all__ = ["normalise"]


def normalise(headers: Mapping[str, str], body: Mapping[str, JsonValue], *, sender: str = "custom") -> Facts:
    """Read a webhook of which nothing is known beforehand, so no field of it can be wrong.

    The type is that of CloudEvents (in the body, or the header `ce-type` of binary mode; CloudEvents
    HTTP binding §3), else `type`, `event_type`, `event`, `event_name` or `action`, else the sender's name.
    """
    with reading(f"{sender} webhook", body) as reader:
        inner = reader.peek("data") if "specversion" in body or not reader.first_word("title") else reader
        status = reader.first_word("status") or inner.first_word("status")
        return drop_none(
            type=header_word(headers, "ce-type") or _type(reader) or sender,
            source=header_word(headers, "ce-source") or reader.first_word("source") or sender,
            subject=header_word(headers, "ce-subject") or reader.first_word("subject"),
            status=status_word(status),
            title=reader.first_word("title", "name") or inner.first_word("title", "name"),
            url=_link(reader) or _link(inner),
            time=_time(headers, reader),
        )


def _type(body: Reader) -> str | None:
    return body.first_word("type", "event_type", "event", "event_name", "action")


def _link(thing: Reader) -> str | None:
    url = thing.first_word("url", "html_url", "web_url")
    return url if url and url.startswith(("http://", "https://")) else None


def _time(headers: Mapping[str, str], body: Reader) -> datetime | None:
    for given in (Reader({"time": header_word(headers, "ce-time")}, []), body):
        if given.first_word("time") and (moment := given.time("time")):
            return moment
    return None
