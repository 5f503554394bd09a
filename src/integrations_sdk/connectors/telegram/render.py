"""From messages to Telegram's markup, in HTML or in MarkdownV2, and splitting at its limit. Pure.

Source: https://core.telegram.org/bots/api#formatting-options. Lengths are those of the markup, which is longer than
the text that Telegram counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape as escape_html
from typing import Final

import attrs

from integrations_sdk.connectors.base import (
    JsonValue,
    Level,
    Message,
    cut_off,
    left_out,
    split_text,
    uncalled,
    utf16_length,
    visible,
    web_url,
)
from integrations_sdk.connectors.telegram.config import LONGEST_TEXT

__all__ = ["HTML", "MARKDOWN_V2", "MARKUPS", "Markup", "keyboard", "rendered"]

_TITLE: Final = 300
_VALUE: Final = 500
_MOST_TEXT: Final = 40_000
_MOST_CALLED: Final = 20
_MOST_BUTTONS: Final = 20
_LONGEST_URL: Final = 1_000
_SIGNS: Final[Mapping[Level, str]] = {Level.SUCCESS: "🟢 ", Level.WARNING: "🟡 ", Level.ERROR: "🔴 "}


@attrs.frozen(kw_only=True)
class Markup:
    """One of Telegram's ways to mark text up.

    Attributes:
        escape: makes text that is shown literally.
        bold, link: of escaped text; a link's URL is given as it is.
        atom: what must not be torn apart.
    """

    mode: str
    escape: Callable[[str], str]
    bold: Callable[[str], str]
    link: Callable[[str, str], str]
    atom: re.Pattern[str]


HTML: Final = Markup(
    mode="HTML",
    escape=lambda text: escape_html(text, quote=False),
    bold="<b>{}</b>".format,
    link=lambda shown, url: f'<a href="{escape_html(url)}">{shown}</a>',
    atom=re.compile(r"&(?:amp|lt|gt);"),
)
MARKDOWN_V2: Final = Markup(
    mode="MarkdownV2",
    escape=lambda text: re.sub(r"[_*\[\]()~`>#+\-=|{}.!\\]", r"\\\g<0>", text),
    bold="*{}*".format,
    link=lambda shown, url: "[{}]({})".format(shown, re.sub(r"[)\\]", r"\\\g<0>", url)),
    atom=re.compile(r"\\.", re.DOTALL),
)
MARKUPS: Final = {markup.mode: markup for markup in (HTML, MARKDOWN_V2)}


def rendered(
    message: Message, markup: Markup, mentions: Sequence[str] = (), *, files: bool = True
) -> list[str]:
    """A message as texts of at most 4,096 characters each, at least one.

    Args:
        files: whether its attachments are sent after it; otherwise they are named.
    """
    texts: list[str] = []
    for block in _blocks(message, markup, mentions, files=files):
        longer = f"{texts[-1]}\n{block}" if texts else block
        if texts and utf16_length(longer) <= LONGEST_TEXT:
            texts[-1] = longer
        else:
            texts.append(block)
    return texts or ["notification"]


def keyboard(message: Message) -> dict[str, JsonValue]:
    """The actions as buttons below the message; empty when there are none."""
    rows: list[JsonValue] = [
        [{"text": cut_off(visible(action.label).strip() or action.url, 60), "url": action.url}]
        for action in message.actions
        if web_url(action.url) and len(action.url) <= _LONGEST_URL
    ]
    return {"inline_keyboard": rows[:_MOST_BUTTONS]} if rows else {}


def _blocks(message: Message, markup: Markup, mentions: Sequence[str], *, files: bool) -> Iterator[str]:
    """Pieces of markup that are complete each by itself."""
    called = [_call(whom, markup) for whom in dict.fromkeys((*mentions, *message.mentions))][:_MOST_CALLED]
    if calls := " ".join(call for call in called if call):
        yield calls
    title = _plain(" ".join(message.title.split()), markup, _TITLE)
    if title.strip():
        yield _SIGNS.get(message.level, "") + markup.bold(_leading(title, message.url, markup))
    text = cut_off(markup.escape(uncalled(visible(message.text).strip())), _MOST_TEXT, atom=markup.atom)
    for part in split_text(text, LONGEST_TEXT, atom=markup.atom, size=utf16_length):
        if part.strip():
            yield part
    for field in message.fields:
        if value := _plain(field.value, markup, _VALUE).strip():
            name = markup.bold(_plain(f"{field.name.strip()}:", markup, _TITLE))
            yield f"{name} {_leading(value, field.url, markup)}"
    for link in message.links:
        if web_url(link.url) and len(link.url) <= _LONGEST_URL:
            shown = _plain(" ".join(link.label.split()), markup, _TITLE).strip()
            yield _leading(shown or _plain(link.url, markup, _TITLE), link.url, markup)
    words = " · ".join(
        word for word in (message.author, message.footer, "" if files else left_out(message)) if word
    )
    if below := _plain(words, markup, _VALUE).strip():
        yield below


def _plain(text: str, markup: Markup, limit: int) -> str:
    return cut_off(markup.escape(uncalled(visible(text))), limit, atom=markup.atom, size=utf16_length)


def _leading(shown: str, url: str | None, markup: Markup) -> str:
    target = web_url(url)
    return markup.link(shown, target) if target and len(target) <= _LONGEST_URL else shown


def _call(whom: str, markup: Markup) -> str:
    """A call to a user by name or number; anything else is text."""
    if re.fullmatch(r"@?[A-Za-z]\w{3,31}", whom, re.ASCII):
        return markup.escape(f"@{whom.removeprefix('@')}")
    if re.fullmatch(r"\d{1,20}", whom, re.ASCII):
        return markup.link(whom, f"tg://user?id={whom}")
    return _plain(whom, markup, 80)
