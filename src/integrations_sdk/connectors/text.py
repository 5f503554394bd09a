"""A message as text within a vendor's limits: measured, cut off, split, and written without any markup. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from integrations_sdk.models import Message

__all__ = [
    "cut_off",
    "left_out",
    "plain_text",
    "split_text",
    "uncalled",
    "utf16_length",
    "visible",
    "web_url",
]

_LONGEST_ATOM: Final = 4_000
_AT: Final = re.compile(r"(?<![A-Za-z0-9])@(?=\w)")
_INVISIBLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def utf16_length(text: str) -> int:
    """How long the text is where characters beyond U+FFFF, most emoji among them, count for two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split_text(
    text: str, limit: int, *, atom: re.Pattern[str] | None = None, size: Callable[[str], int] = len
) -> list[str]:
    """Text in parts of at most `limit`, which together are the text again.

    A part ends after a line, failing that after a word, where that leaves it at least half full.

    Args:
        limit: 2 or more.
        atom: what must not be torn apart, e.g. an escape or a link, unless one alone exceeds the limit.
        size: measures text; a character counts for one or more.
    """
    parts: list[str] = []
    start = 0
    while (hard := _furthest(text, start, limit, size)) < len(text):
        end = _end(text, start, hard, atom)
        parts.append(text[start:end])
        start = end
    return [*parts, text[start:]]


def cut_off(
    text: str, limit: int, *, atom: re.Pattern[str] | None = None, size: Callable[[str], int] = len
) -> str:
    """The text itself where it keeps the limit, otherwise its beginning and `…`."""
    if size(text) <= limit:
        return text
    return split_text(text, limit - 1, atom=atom, size=size)[0].rstrip() + "…"


def uncalled(text: str) -> str:
    """The text with its `@name`s calling nobody, by a zero-width space; addresses of e-mail stay as they are."""
    return _AT.sub("@\u200b", text)


def visible(text: str) -> str:
    """The text without what cannot be seen: control characters, and marks that reverse the reading direction."""
    return _INVISIBLE.sub("", text.replace("\r\n", "\n"))


def web_url(url: str | None) -> str | None:
    """The URL if it leads to a page (http or https, no white space); of other schemes no link is made."""
    return url if url and re.fullmatch(r"(?i)https?://[^\s\x00-\x1f\x7f]+", url) else None


def left_out(message: Message) -> str:
    """What a vendor that takes no files says of them; empty when there are none."""
    names = ", ".join(" ".join(attachment.name.split()) for attachment in message.attachments)
    return f"Not attached here: {names}" if names else ""


def plain_text(message: Message, *, files: bool = False) -> str:
    """The whole message as lines of plain text, for what knows no markup.

    Args:
        files: whether its attachments go with it; otherwise they are named.
    """
    blocks = ("\n".join(block) for block in _blocks(message, files=files))
    return visible("\n\n".join(block for block in blocks if block)).strip()


def _blocks(message: Message, *, files: bool) -> Iterator[list[str]]:
    title = " ".join(message.title.split())
    yield [line for line in (title, web_url(message.url) or "") if line]
    yield [message.text.strip()]
    yield [
        f"{field.name}: {field.value}" + (f" ({url})" if (url := web_url(field.url)) else "")
        for field in message.fields
    ]
    yield [f"{link.label}: {link.url}" for link in (*message.actions, *message.links) if web_url(link.url)]
    yield [line for line in (" · ".join(filter(None, (message.author, message.footer))),) if line]
    yield ["" if files else left_out(message)]


def _furthest(text: str, start: int, limit: int, size: Callable[[str], int]) -> int:
    """How far a part that begins at `start` may reach; longer text is never smaller, so it is searched by halves."""
    least, end = start + 1, min(start + limit, len(text))
    if size is len:
        return max(least, end)
    while least < end:
        middle = (least + end + 1) // 2
        least, end = (middle, end) if size(text[start:middle]) <= limit else (least, middle - 1)
    return least


def _end(text: str, start: int, hard: int, atom: re.Pattern[str] | None) -> int:
    """Where to end a part that must not reach beyond `hard`."""
    around = atom.finditer(text, start, hard + _LONGEST_ATOM) if atom is not None else ()
    atoms = [found.span() for found in around if found.start() < hard]
    middle = (start + hard) // 2
    for ending in ("\n", " "):
        at = text.rfind(ending, middle, hard) + 1
        if at > start and not any(begin < at < end for begin, end in atoms):
            return at
    torn = (begin for begin, end in atoms if start < begin < hard < end)
    return next(torn, hard)
