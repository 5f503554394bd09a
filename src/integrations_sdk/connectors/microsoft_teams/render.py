"""From messages to Adaptive Cards, within Teams' limits. Pure.

Sources: https://adaptivecards.microsoft.com/?topic=RichTextBlock,
https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format and
https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook.

All text stands in `TextRun`s, which know no Markdown, so nothing has to be escaped; mentions alone are a
`TextBlock`, made of what was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from integrations_sdk.connectors.base import (
    JsonValue,
    Level,
    Message,
    cut_off,
    json_bytes,
    left_out,
    split_text,
    utf16_length,
    visible,
    web_url,
)

__all__ = ["Payload", "as_chat_message", "as_workflow", "cards"]

Payload = dict[str, JsonValue]

_LARGEST: Final = 11_000  # bytes of a card's texts; Teams takes 28 KB of a message, all included
_TEXT: Final = 4_000
_MOST_TEXT: Final = 60_000
_LABEL: Final = 300
_VALUE: Final = 1_000
_MOST_FACTS: Final = 60
_BUTTONS: Final = 6  # Teams shows six actions
_MOST_CALLED: Final = 10
_LONGEST_URL: Final = 1_000
_CARD: Final = "application/vnd.microsoft.card.adaptive"
_STYLES: Final = {
    Level.INFO: "accent", Level.SUCCESS: "good", Level.WARNING: "warning", Level.ERROR: "attention",
}  # fmt: skip


def cards(message: Message, mentions: Sequence[str] = ()) -> list[Payload]:
    """A message as Adaptive Cards; what exceeds one goes on in further ones."""
    called = [whom for whom in dict.fromkeys((*mentions, *message.mentions)) if _is_user(whom)][:_MOST_CALLED]
    packed = _packed(list(_blocks(message)))
    return [
        _card(blocks, called if index == 0 else (), message if index == len(packed) - 1 else None)
        for index, blocks in enumerate(packed)
    ]


def as_workflow(card: Payload) -> Payload:
    """What the webhook of a workflow takes."""
    return {"type": "message", "attachments": [{"contentType": _CARD, "contentUrl": None, "content": card}]}


def as_chat_message(card: Payload) -> Payload:
    """What Graph takes: a `chatMessage`, whose attachment is the card as text."""
    attached: Payload = {"id": "card", "contentType": _CARD, "content": json_bytes(card).decode()}
    body: Payload = {"contentType": "html", "content": '<attachment id="card"></attachment>'}
    return {"body": body, "attachments": [attached]}


def _is_user(whom: str) -> bool:
    """A sign-in name or an object id: Teams knows people by nothing else."""
    return bool(re.fullmatch(r"[\w.+#'-]{1,100}@[\w.-]{1,100}|[0-9a-fA-F-]{36}", whom, re.ASCII))


def _card(blocks: Sequence[Payload], called: Sequence[str], last: Message | None) -> Payload:
    entities: list[JsonValue] = [
        {"type": "mention", "text": f"<at>{whom}</at>", "mentioned": {"id": whom, "name": whom}}
        for whom in called
    ]
    calls: Payload = {
        "type": "TextBlock",
        "wrap": True,
        "text": " ".join(f"<at>{whom}</at>" for whom in called),
    }
    buttons: list[JsonValue] = [
        {"type": "Action.OpenUrl", "title": cut_off(visible(link.label) or link.url, 60), "url": link.url}
        for link in (last.actions + last.links if last else ())
        if web_url(link.url) and len(link.url) <= _LONGEST_URL
    ]
    card: Payload = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [*([calls] if called else []), *blocks],
        "msteams": {"width": "Full", **({"entities": entities} if entities else {})},
    }
    return {**card, "actions": buttons[:_BUTTONS]} if buttons else card


def _blocks(message: Message) -> Iterator[Payload]:
    text = cut_off(visible(message.text).strip(), _MOST_TEXT, size=utf16_length)
    title = " ".join(visible(message.title).split()) or ("" if text or message.fields else "notification")
    if title:
        run = {**_run(title, _LABEL), "weight": "bolder", "size": "medium"}
        yield {
            "type": "Container",
            "style": _STYLES[message.level],
            "bleed": True,
            "items": [_rich([_leading(run, message.url)])],
        }
    for paragraph in re.split(r"\n[ \t]*\n\s*", text) if text else ():
        yield from _paragraph(paragraph)
    for field in message.fields[:_MOST_FACTS]:
        name = {**_run(f"{field.name.strip()}: ", _LABEL), "weight": "bolder"}
        yield _rich([name, _leading(_run(field.value, _VALUE), field.url)])
    words = [word for word in (message.author, message.footer, left_out(message)) if word]
    if words:
        yield _rich([{**_run(" · ".join(words), _VALUE), "isSubtle": True, "size": "small"}])


def _paragraph(text: str) -> Iterator[Payload]:
    """Its lines, each a block of its own, for not every client breaks lines within one."""
    spacing: Payload = {}
    for line in text.split("\n"):
        for part in split_text(line, _TEXT, size=utf16_length) if line.strip() else ():
            yield {**_rich([{"type": "TextRun", "text": part}]), **spacing}
            spacing = {"spacing": "none"}


def _run(text: str, limit: int) -> Payload:
    return {"type": "TextRun", "text": cut_off(visible(text), limit, size=utf16_length) or "\u200b"}


def _leading(run: Payload, url: str | None) -> Payload:
    """The run as a link, where there is a page that it leads to."""
    if (target := web_url(url)) is None or len(target) > _LONGEST_URL:
        return run
    return {**run, "selectAction": {"type": "Action.OpenUrl", "url": target}}


def _rich(runs: Sequence[Payload]) -> Payload:
    return {"type": "RichTextBlock", "inlines": [*runs]}


def _packed(blocks: Sequence[Payload]) -> list[list[Payload]]:
    """The blocks in as many cards as they need."""
    packed: list[list[Payload]] = [[]]
    room = _LARGEST
    for block in blocks:
        size = len(json_bytes(block))
        if packed[-1] and size > room:
            packed.append([])
            room = _LARGEST
        packed[-1].append(block)
        room -= size
    return packed
