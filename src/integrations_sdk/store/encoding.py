"""How documents are kept: as JSON text beside sorted keys, with times in whole microseconds. Pure.

Every backend stores `Encoded` and hands out `decode()`d documents, so all of them refuse the same input
and none shares an object with its caller.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, TypeAlias

from integrations_sdk.errors import ConfigurationError, Problem
from integrations_sdk.store.base import Document

__all__ = [
    "MAX_DATA_BYTES",
    "MAX_LIMIT",
    "Encoded",
    "Pairs",
    "check_limit",
    "decode",
    "decode_cursor",
    "decode_keys",
    "encode",
    "encode_cursor",
    "encode_keys",
    "microseconds",
]

MAX_DATA_BYTES: Final = 16 * 1024 * 1024
"""The largest `data` of one document, as JSON text."""

MAX_LIMIT: Final = 1_000
"""The largest page of a query."""

_MAX_SEQUENCE: Final = 2**63 - 1  # what a 64-bit row id holds
_CURSOR_MARK: Final = "c"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
# ASCII only: one byte for each character in memory, and lone surrogates from vendors survive the round trip.
_TO_JSON: Final = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode


Pairs: TypeAlias = tuple[tuple[str, str], ...]
"""A document's keys, sorted by name."""


class Encoded(NamedTuple):
    """A document as it is kept; `keys` are sorted by name, `expires_at` counts from 1970 in microseconds."""

    collection: str
    id: str
    data: str
    keys: Pairs
    expires_at: int | None

    def is_live(self, now: int) -> bool:
        """Whether it can be read at that moment, in microseconds since 1970."""
        return self.expires_at is None or self.expires_at > now


def encode(document: Document) -> Encoded:
    """The document as text.

    Raises:
        ConfigurationError: it cannot be stored; everything wrong with it is named.
    """
    data, problems = _data_text(document.data)
    problems += _text_problems("collection", document.collection, empty=False)
    problems += _text_problems("id", document.id, empty=False)
    for name, value in document.keys.items():
        problems += _text_problems("keys (a name)", name, empty=False) + _text_problems(f"keys.{name}", value)
    if document.expires_at is not None and document.expires_at.tzinfo is None:
        problems.append(Problem("expires_at", "expected a time with a time zone", "use datetime.now(UTC)"))
    if problems:
        raise ConfigurationError("stored document", problems)
    expires_at = None if document.expires_at is None else microseconds(document.expires_at)
    return Encoded(document.collection, document.id, data, tuple(sorted(document.keys.items())), expires_at)


def decode(encoded: Encoded, version: int) -> Document:
    """The document that `encode()` was given, as new objects throughout."""
    return Document(
        collection=encoded.collection,
        id=encoded.id,
        data=json.loads(encoded.data),
        keys=dict(encoded.keys),
        version=version,
        expires_at=None if encoded.expires_at is None else _EPOCH + encoded.expires_at * _MICROSECOND,
    )


def encode_keys(keys: Pairs) -> str:
    """The keys as JSON text, for backends that keep them beside the data."""
    return _TO_JSON(keys)


def decode_keys(text: str) -> Pairs:
    """The keys that `encode_keys()` was given."""
    return tuple((name, value) for name, value in json.loads(text))


def microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970; exact, where a float of seconds would lose some of them."""
    return (moment - _EPOCH) // _MICROSECOND


def encode_cursor(sequence: int) -> str:
    """The cursor that continues behind the document with this place in the order."""
    return f"{_CURSOR_MARK}{sequence:x}"


def decode_cursor(cursor: str) -> int:
    """The place in the order that a cursor stands for.

    Raises:
        ConfigurationError: it is not a cursor.
    """
    try:
        sequence = int(cursor.removeprefix(_CURSOR_MARK), 16)
    except (ValueError, AttributeError, TypeError):
        sequence = -1
    # Comparing with what we would have written refuses every other spelling: signs, blanks, underscores.
    if not 0 <= sequence <= _MAX_SEQUENCE or encode_cursor(sequence) != cursor:
        raise ConfigurationError.of("query", "after", "not a cursor", "pass the `cursor` of a page as it is")
    return sequence


def check_limit(limit: int) -> None:
    """Refuse a page size out of range.

    Raises:
        ConfigurationError: it is not a whole number from 1 to 1,000.
    """
    if not _is_page_size(limit):
        remedy = "ask for fewer, and go from cursor to cursor"
        raise ConfigurationError.of("query", "limit", f"expected a whole number, 1 to {MAX_LIMIT}", remedy)


def _is_page_size(limit: object) -> bool:
    return isinstance(limit, int) and not isinstance(limit, bool) and 1 <= limit <= MAX_LIMIT


def _data_text(data: Mapping[str, object]) -> tuple[str, list[Problem]]:
    if not isinstance(data, dict):
        return "", [Problem("data", "expected a dict")]
    try:
        text = _TO_JSON(data)
    except (TypeError, ValueError, RecursionError):
        return "", [
            Problem("data", "has no JSON form", "use None, bool, finite numbers, text, lists and dicts")
        ]
    if len(text) > MAX_DATA_BYTES:
        remedy = "store the bulk elsewhere, and its address here"
        return "", [Problem("data", f"expected at most {MAX_DATA_BYTES:,} bytes of JSON", remedy)]
    return text, []


def _text_problems(path: str, value: object, *, empty: bool = True) -> list[Problem]:
    if not isinstance(value, str) or not (value or empty):
        return [Problem(path, "expected some text" if not empty else "expected text")]
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return [Problem(path, "expected text that UTF-8 can hold", "remove lone surrogates")]
    return []
