"""From messages to Mattermost's JSON: escaping, mentions, attachments, and splitting at its limits. Pure.

Source: https://docs.mattermost.com/developers/integrate/reference/message-attachments. Every text that a server
reads for mentions gets a zero-width space behind each `@`, for nothing else keeps one from calling.
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
    given,
    json_bytes,
    left_out,
    markdown_link,
    split_text,
    uncalled,
    visible,
    web_url,
)
from integrations_sdk.connectors.mattermost.config import LONGEST_TEXT, MattermostMessage

__all__ = ["Payload", "as_post", "called", "payloads_of", "rendered"]

Payload = dict[str, JsonValue]

_TEXT: Final = (
    4_000  # of an attachment; servers before 9.0 take 7,600 characters for all of a post's together
)
_VALUE: Final = 500
_LINK: Final = 1_000
_TITLE: Final = 300
_FOOTER: Final = 300  # the web client cuts it there
_ALL_FIELDS: Final = 2_500
_MOST_TEXT: Final = 60_000


def called(mentions: Sequence[str]) -> str:
    """The text that calls people and groups by their names; what can be no name is shown as text."""
    names = (re.fullmatch(r"@?([a-z0-9][a-z0-9._-]{0,63})", whom) for whom in dict.fromkeys(mentions))
    shown = (
        f"@{name[1]}" if name else _plain(whom, _TITLE)
        for name, whom in zip(names, dict.fromkeys(mentions), strict=True)
    )
    return cut_off(" ".join(shown), _TEXT)


def rendered(message: Message, mentions: Sequence[str] = (), *, files: bool = False) -> list[Payload]:
    """A message as payloads of `text` and `attachments`: mentions as text, the rest beside a bar of its colour.

    Args:
        files: whether its attachments go with it; otherwise they are named.
    """
    text = _plain(message.text, _MOST_TEXT)
    parts = [part for part in split_text(text, _TEXT, atom=MARKDOWN_ATOM, size=_weight) if part.strip()] or [
        ""
    ]
    calls = called((*mentions, *message.mentions))
    fallback = _plain(message.summary, _TITLE).strip() or "notification"
    groups = _grouped(list(_fields(message)))
    blocks: list[Payload] = [{"text": part} for part in parts]
    blocks[0] = {**_head(message), **blocks[0]}
    blocks[-1]["fields"] = groups[0]
    blocks += [{"fields": group} for group in groups[1:]]
    blocks[-1]["footer"] = _footer(message, files=files)
    shown = [{name: value for name, value in block.items() if value} for block in blocks]
    payloads: list[Payload] = [
        {"attachments": [{"fallback": fallback, "color": message.level.colour, **block}]}
        for block in shown
        if block
    ]
    if calls or not payloads:
        payloads[:1] = [{"text": calls or fallback, **(payloads[0] if payloads else {})}]
    return payloads


def payloads_of(message: MattermostMessage) -> list[Payload]:
    """A post in Mattermost's fields, in as many as its text needs; all else goes with the first."""
    first, *others = split_text(message.text, LONGEST_TEXT, atom=MARKDOWN_ATOM)
    payload: Payload = {"text": first} if first else {}
    if message.attachments:
        payload["attachments"] = [*message.attachments]
    if message.props:
        payload["props"] = message.props
    if message.priority is not None:
        payload["priority"] = {"priority": message.priority}
    further: list[Payload] = [{"text": part} for part in others]
    return [payload, *further]


def as_post(
    payload: Payload,
    message: MattermostMessage,
    *,
    channel: str,
    root: str | None,
    files: Sequence[JsonValue],
) -> Payload:
    """A payload as a bot posts it: in a channel, under the post `root`, with the ids of uploaded files."""
    props = {**message.props, **given(attachments=payload.get("attachments"))}
    metadata = given(priority=payload.get("priority"))
    more = given(
        root_id=root or None, props=props or None, metadata=metadata or None, file_ids=[*files] or None
    )
    return {"channel_id": channel, "message": payload.get("text", ""), **more}


def _head(message: Message) -> Payload:
    title = _plain(" ".join(message.title.split()), _TITLE).strip()
    return {
        "author_name": cut_off(uncalled(visible(message.author or "")).strip(), _TITLE, size=_weight),
        "title": title,
        "title_link": url if title and (url := web_url(message.url)) and _weight(url) <= _VALUE else "",
    }


def _fields(message: Message) -> Iterator[Payload]:
    for field in message.fields:
        value = _linked(field.value, field.url) or _plain(field.value, _VALUE)
        if value.strip():
            short = len(field.value) <= 40
            yield {"title": _plain(field.name, _VALUE).strip(), "value": value, "short": short}
    links = [
        _linked(link.label, link.url) for link in (*message.actions, *message.links) if web_url(link.url)
    ]
    for line in _lines(links):
        yield {"value": line, "short": False}


def _lines(links: Sequence[str]) -> Iterator[str]:
    """Links beside one another, in as many lines as they need."""
    line = ""
    for item in links:
        longer = f"{line} · {item}" if line else item
        if line and _weight(longer) > _VALUE:
            yield line
            longer = item
        line = longer
    if line:
        yield line


def _grouped(fields: Sequence[Payload]) -> list[list[JsonValue]]:
    """The fields in as many attachments as they need, at least one."""
    groups: list[list[JsonValue]] = [[]]
    room = _ALL_FIELDS
    for field in fields:
        size = _weight(json_bytes(field).decode())
        if groups[-1] and size > room:
            groups.append([])
            room = _ALL_FIELDS
        groups[-1].append(field)
        room -= size
    return groups


def _linked(label: str, url: str | None) -> str:
    """The label as a link; empty where there is no page, or half of the link would have to be cut off."""
    link = uncalled(markdown_link(cut_off(label, _VALUE // 2), url)) if web_url(url) else ""
    return link if _weight(link) <= _LINK else ""


def _plain(text: str, limit: int) -> str:
    return cut_off(uncalled(escape_markdown(text)), limit, atom=MARKDOWN_ATOM, size=_weight)


def _weight(text: str) -> int:
    """How long the text is in the server's JSON, which writes `<`, `>` and `&` in six characters."""
    return len(json_bytes(text).decode()) - 2 + 5 * sum(map(text.count, "<>&"))


def _footer(message: Message, *, files: bool) -> str:
    words = (message.footer, "" if files else left_out(message))
    return cut_off(
        uncalled(visible(" · ".join(word for word in words if word))).strip(), _FOOTER, size=_weight
    )
