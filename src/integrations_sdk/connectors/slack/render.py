"""From messages to Slack's JSON: escaping, mentions, blocks, and splitting at Slack's limits. Pure.

Sources: https://docs.slack.dev/messaging/formatting-message-text and
https://docs.slack.dev/reference/block-kit/blocks/section-block.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import quote

from integrations_sdk.connectors.base import (
    JsonValue,
    Link,
    Message,
    cut_off,
    left_out,
    plain_text,
    split_text,
    visible,
    web_url,
)
from integrations_sdk.connectors.slack.config import LONGEST_TEXT, SlackMessage

__all__ = ["Payload", "escape", "flat", "link", "mention", "payloads_of", "rendered", "split"]

Payload = dict[str, JsonValue]

_TEXT: Final = 4_000  # what Slack recommends; up to 40,000 it keeps
_SECTION: Final = 3_000
_MESSAGE: Final = 12_000  # undocumented: beyond some 13,000 in all blocks Slack says msg_blocks_too_long
_FIELDS: Final = 10
_FIELD: Final = 500  # Slack takes 2,000, but facts are short, and ten have to fit into a message
_MOST_FIELDS: Final = 50
_FALLBACK: Final = 300
_BUTTON: Final = 75
_MOST_BUTTONS: Final = 25

_ATOM = re.compile(r"&(?:amp|lt|gt);|<[^<>\n]{1,2000}>")
_EVERYBODY: Final = frozenset({"here", "channel", "everyone"})


def escape(text: str) -> str:
    """Text as Slack shows it literally: `&`, `<` and `>` are the only characters that it reads as its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mention(whom: str) -> str:
    """A call to somebody: `@here`, `@channel`, `@everyone`, a user's id (`U…`, `W…`) or a group's (`S…`).

    A finished mention (`<!subteam^S012AB3CD>`) stays as it is. Anything else is shown as text, because
    Slack knows people and groups by their ids alone.
    """
    name = whom.removeprefix("@")
    if re.fullmatch(r"<[@!][\w^|@. -]+>", whom):
        return whom
    if name in _EVERYBODY:
        return f"<!{name}>"
    if re.fullmatch(r"[UW][A-Z0-9]{6,}", name):
        return f"<@{name}>"
    return f"<!subteam^{name}>" if re.fullmatch(r"S[A-Z0-9]{6,}", name) else escape(whom)


def link(label: str, url: str | None) -> str:
    """A label that leads to a URL; the label alone when there is none, or none of http(s) or mailto."""
    shown = escape(" ".join(label.split())).replace("|", "\u00a6")  # a bar would end the URL
    if url is None or not re.match(r"(?i)(?:https?://|mailto:)", url):
        return shown
    target = re.sub(r"[<>|\s]", lambda found: quote(found[0]), url)
    return f"<{target.replace('&', '&amp;')}|{shown or target}>"


def split(text: str, limit: int) -> list[str]:
    """Text in parts of at most `limit` characters, which together are the text again.

    A part ends after a line, failing that after a word, and inside an escape (`&amp;`) or a link only
    where one alone exceeds the limit.
    """
    return split_text(text, limit, atom=_ATOM)


def payloads_of(message: SlackMessage) -> list[Payload]:
    """A message in Slack's fields, in as many payloads as its text needs; all else goes with the first."""
    called = " ".join(mention(whom) for whom in message.mentions)
    first, *others = split(f"{called} {message.text}" if called else message.text, _TEXT)
    content: Payload = {"text": first} if first else {}
    if message.blocks:
        content["blocks"] = list(message.blocks)
    own = [] if message.color is None else [{"color": message.color, "fallback": first, **content}]
    payload: Payload = {} if own else content
    if own or message.attachments:
        payload["attachments"] = [*own, *message.attachments]
    extra = {name: getattr(message, name) for name in ("reply_broadcast", "unfurl_links", "unfurl_media")}
    payload.update({name: value for name, value in extra.items() if value is not None})
    return [payload, *(_continued(part, message.color) for part in others)]


def _continued(text: str, color: str | None) -> Payload:
    return (
        {"text": text}
        if color is None
        else {"attachments": [{"color": color, "fallback": text, "text": text}]}
    )


def rendered(message: Message, mentions: Sequence[str] = ()) -> list[Payload]:
    """A message as payloads: mentions and title as text, the rest as blocks beside a bar of its colour.

    What exceeds one message goes on in further ones; beyond 40,000 characters it is cut off.
    """
    called = [mention(whom) for whom in (*mentions, *message.mentions)]
    title = [f"*{link(_cut_off(visible(message.title), _FALLBACK), message.url)}*"] if message.title else []
    text = _cut_off(escape(visible(message.text)), LONGEST_TEXT)
    body = [_section(part) for part in split(text, _SECTION) if part.strip()]
    first, *later = _packed([*body[:2], *_facts(message), *body[2:]])
    fallback = _cut_off(escape(visible(message.summary).strip() or "notification"), _FALLBACK)

    def beside(blocks: list[Payload]) -> list[JsonValue]:
        return [{"color": message.level.colour, "fallback": fallback, "blocks": [*blocks]}]

    payload: Payload = {"text": " ".join([*called, *title])} if called or title else {}
    if first:
        payload["attachments"] = beside(first)
    further: list[Payload] = [{"attachments": beside(blocks)} for blocks in later]
    return [payload or {"text": fallback}, *further]


def flat(message: Message) -> str:
    """A message as plain text, for workflows, which know no blocks."""
    return cut_off(plain_text(message), _TEXT)


def _facts(message: Message) -> Iterator[Payload]:
    """What stands below the text: fields, links, who it was and where it comes from."""
    values = ((visible(fact.name), visible(fact.value), fact.url) for fact in message.fields)
    facts = [f"*{escape(name)}*\n{link(value, url) if url else escape(value)}" for name, value, url in values]
    fields: list[JsonValue] = [_mrkdwn(_cut_off(field, _FIELD)) for field in facts[:_MOST_FIELDS]]
    for at in range(0, len(fields), _FIELDS):
        yield {"type": "section", "fields": fields[at : at + _FIELDS]}
    yield from _buttons(message.actions)
    links = (link(visible(item.label), item.url) for item in message.links)
    if line := _joined(shown for shown in links if shown.strip()):
        yield _section(line)
    below = (message.author, message.footer, left_out(message))
    context: list[JsonValue] = [
        _mrkdwn(_cut_off(shown, _FIELD)) for who in below if (shown := escape(visible(who or "")).strip())
    ]
    if context:
        yield {"type": "context", "elements": context}


def _buttons(actions: Sequence[Link]) -> Iterator[Payload]:
    """The actions as buttons that open a page; one that leads nowhere is left out."""
    buttons: list[JsonValue] = [
        {
            "type": "button",
            "text": {"type": "plain_text", "text": cut_off(action.label or action.url, _BUTTON)},
            "url": action.url,
        }
        for action in actions
        if web_url(action.url) and len(action.url) <= _SECTION
    ]
    if buttons:
        yield {"type": "actions", "elements": buttons[:_MOST_BUTTONS]}


def _packed(blocks: Iterable[Payload]) -> list[list[Payload]]:
    """The blocks in as many messages as they need, at least one."""
    messages: list[list[Payload]] = [[]]
    room = _MESSAGE
    for block in blocks:
        size = len(str(block))  # a little more than Slack counts
        if messages[-1] and size > room:
            messages.append([])
            room = _MESSAGE
        messages[-1].append(block)
        room -= size
    return messages


def _section(text: str) -> Payload:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> Payload:
    return {"type": "mrkdwn", "text": text}


def _joined(links: Iterable[str]) -> str:
    """Links beside one another, as many as a section holds: half a link would be none."""
    line = ""
    for item in links:
        longer = f"{line} · {item}" if line else item
        if len(longer) <= _SECTION:
            line = longer
    return line


def _cut_off(text: str, limit: int) -> str:
    return cut_off(text, limit, atom=_ATOM)
