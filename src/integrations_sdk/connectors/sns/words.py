"""Messages within SNS' limits, and what it answers. Pure.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final

from integrations_sdk.connectors.base import ConfigurationError, Event, Message, Response

__all__ = [
    "LONGEST_SMS",
    "attribute_entries",
    "attributes_of",
    "body_text",
    "event_attributes",
    "message_id",
    "most_bytes",
    "shortened",
    "subject_of",
]

LONGEST_SMS: Final = 1600
_LARGEST: Final = 256 * 1024
_LONGEST_SUBJECT: Final = 99
_NAME: Final = re.compile(r"(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)")
_MESSAGE_ID: Final = re.compile(r"<MessageId>([^<]{1,200})</MessageId>")
_ENTRY: Final = re.compile(r"<entry>\s*<key>([^<]*)</key>\s*<value>([^<]*)</value>\s*</entry>")
_FACTS: Final = ("type", "action", "status", "project", "branch", "environment")


def subject_of(message: Message) -> str | None:
    """The subject of e-mails: ASCII, one line, less than 100 characters, beginning with no white space."""
    plain = unicodedata.normalize("NFKD", message.summary).encode("ascii", "ignore").decode()
    line = "".join(character for character in " ".join(plain.split()) if character.isprintable())
    return line.strip()[:_LONGEST_SUBJECT].rstrip() or None


def body_text(message: Message) -> str:
    """The message as plain text: title, text, facts, links."""
    return "\n".join(line for line in _lines(message) if line).strip() or message.summary


def shortened(text: str, size: int) -> str:
    """The text, or its beginning and `…`, in at most so many bytes of UTF-8."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= size:
        return raw.decode()
    return raw[: size - 3].decode("utf-8", "ignore").rstrip() + "…"


def most_bytes(attributes: Mapping[str, str]) -> int:
    """How many bytes a message with these attributes may have: their names, types and values count as well."""
    used = sum(len(f"{name}String{value}".encode("utf-8", "replace")) for name, value in attributes.items())
    return _LARGEST - used


def attribute_entries(attributes: Mapping[str, str]) -> dict[str, str]:
    """Message attributes as the query protocol writes them.

    Raises:
        ConfigurationError: naming each whose name or value SNS would refuse.
    """
    wrong = [name for name, value in attributes.items() if not _NAME.fullmatch(name) or not value]
    if wrong:
        expected = "expected a name of letters, digits, `_`, `-` and `.`, and a value"
        raise ConfigurationError.of("message attributes", wrong[0], expected)
    entries: dict[str, str] = {}
    for number, (name, value) in enumerate(attributes.items(), start=1):
        start = f"MessageAttributes.entry.{number}"
        entries |= {
            f"{start}.Name": name,
            f"{start}.Value.DataType": "String",
            f"{start}.Value.StringValue": value,
        }
    return entries


def event_attributes(event: Event) -> dict[str, str]:
    """What subscriptions may filter by: the facts of an event that are known."""
    found = ((name, getattr(event, name)) for name in _FACTS)
    return {name: str(value) for name, value in found if value}


def message_id(answer: Response) -> str | None:
    """The id that SNS gave to a message; None if it gave none."""
    found = _MESSAGE_ID.search(answer.text[:10_000])
    return found[1] if found else None


def attributes_of(answer: Response) -> dict[str, str]:
    """The entries of a map in an answer."""
    return {key: html.unescape(value) for key, value in _ENTRY.findall(answer.text[:100_000])}


def _lines(message: Message) -> Iterator[str]:
    yield message.title
    yield message.text
    yield from (f"{field.name}: {field.value}" for field in message.fields)
    yield from (f"{link.label}: {link.url}" for link in message.links)
    if message.url and not message.links:
        yield message.url
    yield message.footer or ""
