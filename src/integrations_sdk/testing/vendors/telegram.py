"""Telegram in miniature: the Bot API of one bot, in one group. Source: https://core.telegram.org/bots/api."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Final

import attrs

from integrations_sdk.models import JsonValue
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["TelegramStandIn"]

_TAGS: Final = frozenset({"a", "b", "code", "i", "pre", "s", "u"})
_ENTITIES: Final = re.compile(
    r"\\(?P<literal>[!-/:-@\[-`{-~])|\[(?P<shown>(?:\\.|[^\[\]\\])*)\]\((?:\\.|[^)\\])*\)|(?P<pair>[*_~`])",
    re.DOTALL,
)

Body = dict[str, JsonValue]


_LOOKS: Final[Body] = {"accent_color_id": 3, "max_reaction_count": 11}


class TelegramStandIn(StandIn):
    """A bot in a group.

    Attributes:
        messages: what was posted, in order: the bodies, each with its `message_id`, and of files the `document`'s name.
        moved_to: the number of the supergroup that the group has become; None while it is none.
    """

    provider = "telegram"
    bot_token = "123456789:AAstand-in-0123456789-0123456789"  # noqa: S105  # accepted by the stand-in alone
    chat_id = -1001234567890

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Body] = []
        self.moved_to: int | None = None

    def config(self) -> dict[str, object]:
        """The bot and its group."""
        return {"bot_token": self.bot_token, "chat_id": self.chat_id, "api_url": self.url}

    def authorized(self, request: Received) -> Reply | None:
        """The token stands in the path; Telegram does not find a bot that it does not know."""
        known = request.path.startswith(f"/bot{self.bot_token}/")
        return None if known else _refused(404, "Not Found")

    def failure(self, status: int) -> Reply:
        """Telegram's shape; of a rate limit the wait stands in the body alone."""
        if status == 429:
            return _refused(429, "Too Many Requests: retry after 3", retry_after=3)
        return _refused(status, f"injected fault {status}")

    def postponed(self, reply: Reply, wait: float | str) -> Reply:
        """In the body; an HTTP date, which Telegram has none of, is left to the header."""
        said = reply.json if isinstance(reply.json, dict) else {}
        asked: dict[str, JsonValue] = {"retry_after": wait} if isinstance(wait, int | float) else {}
        return attrs.evolve(reply, json={**said, "parameters": {**asked}})

    @route("GET", "/bot{token}/getMe")
    @route("POST", "/bot{token}/getMe")
    def me(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """Say who the bot is."""
        return _result({"id": 123456789, "is_bot": True, "first_name": "Deploy", "username": "deploy_bot"})

    @route("GET", "/bot{token}/getChat")
    @route("POST", "/bot{token}/getChat")
    def chat(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Say which chat it is."""
        refusal = self._elsewhere({**request.query, **_fields(request)}.get("chat_id"))
        return refusal if refusal is not None else _result({**self._chat, **_LOOKS})

    @route("POST", "/bot{token}/sendMessage")
    def send_message(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Post a text."""
        body = _fields(request)
        if not body.get("chat_id"):
            return _refused(400, "Bad Request: chat_id is empty")
        refusal = self._elsewhere(body.get("chat_id")) or _wrong(
            str(body.get("text") or ""), body.get("parse_mode")
        )
        return refusal if refusal is not None else self._keep(body)

    @route("POST", "/bot{token}/sendDocument")
    def send_document(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Post a file."""
        parts = request.parts()
        name, content = parts.pop("document", (None, b""))
        fields: Body = {field: text.decode() for field, (_, text) in parts.items()}
        refusal = self._elsewhere(fields.get("chat_id"))
        if refusal is None and (name is None or not content):
            refusal = _refused(400, "Bad Request: file must be non-empty")
        return refusal if refusal is not None else self._keep({**fields, "document": name})

    def _elsewhere(self, chat: JsonValue) -> Reply | None:
        if self.moved_to is not None and str(chat) == str(self.chat_id):
            words = "Bad Request: group chat was upgraded to a supergroup chat"
            return _refused(400, words, migrate_to_chat_id=self.moved_to)
        return None if str(chat) == str(self.chat_id) else _refused(400, "Bad Request: chat not found")

    def _keep(self, body: Body) -> Reply:
        self.messages.append({**body, "message_id": len(self.messages) + 1})
        sent = {"message_id": len(self.messages), "date": 1_760_000_000 + len(self.messages)}
        return _result({**sent, "chat": self._chat, "text": body.get("text")})

    @property
    def _chat(self) -> Body:
        return {"id": self.chat_id, "type": "supergroup", "title": "Deployments"}


def _fields(request: Received) -> Body:
    """The fields of a call, in any of the forms that Telegram takes; a form's are text."""
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json"):
        body = request.json()
        return body if isinstance(body, dict) else {}
    if kind.startswith("multipart/form-data"):
        return {name: content.decode() for name, (_, content) in request.parts().items()}
    return {**request.form()}


class _Tags(HTMLParser):
    """Reads HTML as Telegram does, which refuses tags that it does not know or that do not match."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.wrong = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a tag."""
        self.wrong |= tag not in _TAGS or any(name != "href" for name, _ in attrs)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the one that was opened last."""
        self.wrong |= not self.open or self.open.pop() != tag

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.text += data


def _wrong(text: str, mode: JsonValue) -> Reply | None:
    shown = {"HTML": _read_html, "MarkdownV2": _read_markdown}.get(str(mode), str)(text)
    if shown is None:
        return _refused(400, "Bad Request: can't parse entities")
    if not shown.strip():
        return _refused(400, "Bad Request: message text is empty")
    too_long = len(shown.encode("utf-16-le", "surrogatepass")) // 2 > 4_096
    return _refused(400, "Bad Request: message is too long") if too_long else None


def _read_html(text: str) -> str | None:
    """The text that is shown; None when Telegram would refuse the markup."""
    parser = _Tags()
    parser.feed(text)
    parser.close()
    return None if parser.wrong or parser.open else parser.text


def _read_markdown(text: str) -> str | None:
    """The text that is shown; None where a reserved character stands without a backslash."""
    shown = ""
    at = 0
    for found in _ENTITIES.finditer(text):
        between = text[at : found.start()]
        if re.search(r"[\[\]()>#+\-=|{}.!]", between):
            return None
        inner = _read_markdown(found["shown"]) if found["shown"] is not None else found["literal"] or ""
        if inner is None:
            return None
        shown += between + inner
        at = found.end()
    pairs = [found["pair"] for found in _ENTITIES.finditer(text) if found["pair"]]
    rest = text[at:]
    odd = any(pairs.count(sign) % 2 for sign in pairs)
    return None if odd or re.search(r"[\[\]()>#+\-=|{}.!]", rest) else shown + rest


def _result(result: Body) -> Reply:
    return Reply(json={"ok": True, "result": result})


def _refused(status: int, words: str, **parameters: JsonValue) -> Reply:
    body: Body = {"ok": False, "error_code": status, "description": words}
    return Reply(status=status, json={**body, **({"parameters": parameters} if parameters else {})})
