"""From messages to Discord's JSON: escaping, mentions, embeds, and splitting at Discord's limits. Pure.

Sources: https://docs.discord.com/developers/resources/message#embed-object-embed-limits and
https://docs.discord.com/developers/resources/message#allowed-mentions-object. Lengths are counted in UTF-16, the
stricter of the ways in which Discord is known to count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from integrations_sdk.connectors.base import (
    MARKDOWN_ATOM,
    JsonValue,
    Message,
    cut_off,
    escape_markdown,
    left_out,
    markdown_link,
    split_text,
    utf16_length,
    visible,
    web_url,
)
from integrations_sdk.connectors.discord.config import LONGEST_CONTENT, MOST_EMBEDS, DiscordMessage

__all__ = ["Payload", "called", "payloads_of", "rendered"]

Payload = dict[str, JsonValue]

_TITLE: Final = 256
_DESCRIPTION: Final = 4_096
_FIELDS: Final = 25
_NAME: Final = 256
_VALUE: Final = 1_024
_FOOTER: Final = 256  # Discord takes 2,048
_ALL_EMBEDS: Final = 6_000
_MOST_TEXT: Final = 40_000
_MOST_CALLED: Final = 40  # of Discord's 100, so that they fit before a text
_LONGEST_URL: Final = 2_048


def called(mentions: Sequence[str]) -> tuple[str, Payload]:
    """The text that calls people, and `allowed_mentions`, which lets it call exactly these.

    Known are ids of users and roles (`123…`, `&123…`, or written out `<@123…>`), `@everyone` and `@here`. Any
    other name is shown as text, for Discord knows people by their ids alone.
    """
    tokens: list[str] = []
    parse: list[JsonValue] = []
    users: list[JsonValue] = []
    roles: list[JsonValue] = []
    for whom in dict.fromkeys(mentions[:_MOST_CALLED]):
        found = re.fullmatch(r"<?@?!?(&?)(\d{15,20})>?", whom, re.ASCII)
        if found is not None:
            (roles if found[1] else users).append(found[2])
            tokens.append(f"<@{found[1]}{found[2]}>")
        elif whom.removeprefix("@") in {"everyone", "here"}:
            parse = ["everyone"]
            tokens.append(f"@{whom.removeprefix('@')}")
        else:
            tokens.append(escape_markdown(_cut(whom, 80)))
    return " ".join(tokens), {"parse": parse, "users": users, "roles": roles}


def rendered(message: Message, mentions: Sequence[str] = (), *, files: bool = True) -> list[Payload]:
    """A message as payloads: mentions as content, the rest as embeds; what exceeds one goes on in further ones.

    Args:
        files: whether its attachments go with the first payload; otherwise they are named.
    """
    content, allowed = called((*mentions, *message.mentions))
    nobody: Payload = {"parse": []}
    packed = _packed(list(_embeds(message, files=files)))
    payloads: list[Payload] = [{"embeds": [*embeds], "allowed_mentions": nobody} for embeds in packed]
    if not payloads or content:
        first: Payload = {"content": content or "notification", "allowed_mentions": allowed}
        payloads[:1] = [{**(payloads[0] if payloads else {}), **first}]
    return payloads


def payloads_of(message: DiscordMessage) -> list[Payload]:
    """A message in Discord's fields, in as many payloads as its content needs; all else goes with the first."""
    text, allowed = called(message.mentions)
    first, *others = split_text(
        f"{text} {message.content}".strip(), LONGEST_CONTENT, atom=MARKDOWN_ATOM, size=utf16_length
    )
    payload: Payload = {"content": first} if first else {}
    if message.embeds:
        payload["embeds"] = [*message.embeds]
    if message.thread_name is not None:
        payload |= {"thread_name": message.thread_name, "applied_tags": [*message.applied_tags]}
    further: list[Payload] = [{"content": part, "allowed_mentions": {"parse": []}} for part in others]
    return [{**payload, "allowed_mentions": allowed}, *further]


def _embeds(message: Message, *, files: bool) -> Iterator[Payload]:
    """Title and text, in further embeds what else there is of the text, then the fields, then the footer."""
    text = _cut(escape_markdown(message.text).strip(), _MOST_TEXT)
    first, *further = split_text(text, _DESCRIPTION, atom=MARKDOWN_ATOM, size=utf16_length)
    middle: list[Payload] = [{"description": part} for part in further if part.strip()]
    *blocks, last = [{**_head(message), "description": first}, *middle]
    blocks += _filled(last, list(_fields(message)))
    blocks[-1]["footer"] = {"text": footer} if (footer := _footer(message, files=files)) else ""
    for block in blocks:
        if shown := {name: value for name, value in block.items() if value}:
            yield {**shown, "color": int(message.level.colour.removeprefix("#"), 16)}


def _head(message: Message) -> Payload:
    title = _cut(escape_markdown(" ".join(message.title.split())).strip(), _TITLE)
    url = web_url(message.url)
    return {
        "title": title,
        "url": url if title and url and len(url) <= _LONGEST_URL else "",
        "author": {"name": _cut(author, _NAME)} if (author := visible(message.author or "").strip()) else "",
    }


def _filled(block: Payload, fields: Sequence[JsonValue]) -> list[Payload]:
    """The block with as many of the fields as it can hold, and further ones with the others."""
    blocks, held = [block], list[JsonValue]()
    room = _ALL_EMBEDS - _FOOTER - _weight(block)
    for field in fields:
        size = _weight(field)
        if len(held) == _FIELDS or size > room:
            blocks[-1] = {**blocks[-1], "fields": held}
            blocks.append({})
            held, room = [], _ALL_EMBEDS - _FOOTER
        held.append(field)
        room -= size
    return [*blocks[:-1], {**blocks[-1], "fields": held}]


def _fields(message: Message) -> Iterator[JsonValue]:
    for field in message.fields:
        value = markdown_link(field.value, field.url) if web_url(field.url) else escape_markdown(field.value)
        if value.strip():
            yield {
                "name": _cut(escape_markdown(field.name).strip() or "\u200b", _NAME),
                "value": _cut(value, _VALUE),
                "inline": len(field.value) <= 40,
            }
    links = [
        markdown_link(link.label, link.url)
        for link in (*message.actions, *message.links)
        if web_url(link.url)
    ]
    if joined := _joined(links):
        yield {"name": "Links", "value": joined}


def _joined(links: Sequence[str]) -> str:
    """Links beside one another, as many as a field holds: half a link would be none."""
    line = ""
    for item in links:
        longer = f"{line} · {item}" if line else item
        line = longer if utf16_length(longer) <= _VALUE else line
    return line


def _footer(message: Message, *, files: bool) -> str:
    words = (message.footer, "" if files else left_out(message))
    return _cut(visible(" · ".join(word for word in words if word)).strip(), _FOOTER)


def _packed(embeds: Sequence[Payload]) -> list[list[Payload]]:
    """The embeds in as many messages as they need."""
    messages: list[list[Payload]] = []
    room = 0
    for embed in embeds:
        size = _weight(embed)
        if not messages or size > room or len(messages[-1]) == MOST_EMBEDS:
            messages.append([])
            room = _ALL_EMBEDS
        messages[-1].append(embed)
        room -= size
    return messages


def _weight(value: JsonValue) -> int:
    """A little more than Discord counts of an embed."""
    if isinstance(value, str):
        return utf16_length(value)
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(map(_weight, inside))


def _cut(text: str, limit: int) -> str:
    return cut_off(text, limit, atom=MARKDOWN_ATOM, size=utf16_length)
