"""How text travels as SMS: in 7 bits where it can, in parts, each of which is paid for. Pure.

Source: 3GPP TS 23.038 §6.2.1 (the alphabet, and its extension, whose characters count for two), TS 23.040 §9.2.3.24
(parts), https://www.twilio.com/docs/glossary/what-sms-character-limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from integrations_sdk.connectors.base import (
    ConfigurationError,
    Message,
    left_out,
    utf16_length,
    visible,
    web_url,
)
from integrations_sdk.connectors.twilio.config import phone_number

__all__ = ["LONGEST_BODY", "fitted", "is_gsm", "must_be_sendable", "segments", "short_text"]

LONGEST_BODY: Final = 1_600
"""Characters of one message. https://www.twilio.com/docs/api/errors/21617"""

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("^{}\\[~]|€\f")
_ALPHABET: Final = _BASIC | _EXTENDED
_ALONE: Final = {True: 160, False: 70}
_JOINED: Final = {True: 153, False: 67}


def must_be_sendable(body: str, people: Sequence[str]) -> None:
    """Look at a text and who gets it, before anything is sent.

    Raises:
        ConfigurationError: a number is none, there is none at all, or the text is empty or too long.
    """
    for index, who in enumerate(people):
        if phone_number(who) is not None:
            expected = "expected a phone number with its country, +14155550100"
            raise ConfigurationError.of("sms", f"to[{index}]", expected)
    if not people:
        raise ConfigurationError.of("sms", "to", "nobody would get it", "configure `to`, or give numbers")
    if not 0 < len(body) <= LONGEST_BODY:
        raise ConfigurationError.of("sms", "body", f"expected 1 to {LONGEST_BODY:,} characters", "shorten it")


def is_gsm(text: str) -> bool:
    """Whether all of it is in the alphabet of 7 bits; one emoji makes every part less than half as long."""
    return _ALPHABET.issuperset(text)


def segments(text: str) -> int:
    """In how many parts it travels; a character that two units are needed for is not divided between parts."""
    gsm = is_gsm(text)
    if _size(text, gsm=gsm) <= _ALONE[gsm]:
        return 1
    parts, room = 1, _JOINED[gsm]
    for size in [_size(character, gsm=gsm) for character in text]:
        if size > room:
            parts, room = parts + 1, _JOINED[gsm]
        room -= size
    return parts


def fitted(text: str, most: int, *, tail: str = "") -> str:
    """Text and tail where they keep both limits, otherwise the text's beginning, `...` and the tail."""
    if _fits(text + tail, most):
        return text + tail
    least, longest = 0, min(len(text), LONGEST_BODY)
    while (
        least < longest
    ):  # the more of it, the more parts: so the longest that fits is searched for by halves
        middle = (least + longest + 1) // 2
        least, longest = (
            (middle, longest) if _fits(f"{text[:middle]}...{tail}", most) else (least, middle - 1)
        )
    return f"{text[:least].rstrip()}...{tail}"


def short_text(message: Message, most: int) -> str:
    """A message in a few words: title, text and facts as far as there is room, and where to go."""
    facts = ", ".join(f"{field.name}: {field.value}" for field in message.fields)
    said = (
        " ".join(visible(line).split()) for line in (message.title, message.text, facts, left_out(message))
    )
    words = "\n".join(line for line in said if line) or "Notification"
    urls = (message.url, *(link.url for link in message.actions))
    tail = next((f"\n{url}" for url in urls if web_url(url)), "")
    return fitted(words, most, tail=tail if _fits(f"...{tail}", most) else "")


def _size(text: str, *, gsm: bool) -> int:
    return len(text) + sum(map(_EXTENDED.__contains__, text)) if gsm else utf16_length(text)


def _fits(text: str, most: int) -> bool:
    return len(text) <= LONGEST_BODY and segments(text) <= most
