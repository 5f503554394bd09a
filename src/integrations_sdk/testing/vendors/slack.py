"""Slack in miniature: an incoming webhook, and the methods of the Web API that bots use.

Source: https://docs.slack.dev/reference/methods.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from integrations_sdk.models import JsonValue
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["SlackStandIn"]

_HOOK: Final = "/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"
_TRIGGER: Final = "/triggers/T00000000/1234567890/0123456789abcdef"
_TOKEN: Final = "xoxb-0000000000-stand-in"  # noqa: S105  # accepted by the stand-in alone

Body = dict[str, JsonValue]


class SlackStandIn(StandIn):
    """A workspace with one app, which has a webhook, a workflow and a bot.

    Attributes:
        messages: what was posted, in order: the payloads, each with its `channel` and `ts`.
        channels: names of channels that exist beside every id; None: all do.
        archived: names or ids of channels that are archived.
        people: email address → user id.
        scopes: what the bot may do.
    """

    provider = "slack"

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Body] = []
        self.channels: set[str] | None = None
        self.archived: set[str] = set()
        self.people = {"dev@example.com": "U012AB3CD"}
        self.scopes = {"chat:write", "users:read.email", "im:write"}

    def config(self) -> dict[str, object]:
        """An incoming webhook."""
        return {"webhook_url": f"{self.url}{_HOOK}"}

    def bot_config(self) -> dict[str, object]:
        """A bot with a channel."""
        return {"bot_token": _TOKEN, "channel": "#deployments", "api_url": f"{self.url}/api"}

    def workflow_config(self) -> dict[str, object]:
        """A workflow that starts from a webhook."""
        return {"webhook_url": f"{self.url}{_TRIGGER}"}

    def authorized(self, request: Received) -> Reply | None:
        """Only the Web API takes a token."""
        if not request.path.startswith("/api/"):
            return None
        sent = request.headers.get("authorization", "")
        if sent == f"Bearer {_TOKEN}":
            return None
        return _refused("invalid_auth" if sent.startswith("Bearer ") else "not_authed")

    def accepts(self, reply: Reply) -> bool:
        """The Web API refuses with status 200."""
        return reply.status < 400 and not (isinstance(reply.json, dict) and reply.json.get("ok") is False)

    def not_found(self, request: Received) -> Reply:
        """Unknown methods, and webhooks that do not exist."""
        return _refused("unknown_method") if request.path.startswith("/api/") else _plain(404, "no_service")

    def failure(self, status: int) -> Reply:
        """The Web API's rate limit, otherwise plain text."""
        return (
            Reply(status=429, json={"ok": False, "error": "ratelimited"})
            if status == 429
            else _plain(status, "error")
        )

    @route("POST", "/services/{team}/{hook}/{token}")
    def webhook(self, request: Received, values: Mapping[str, str]) -> Reply:
        """Post through the webhook."""
        if request.path != _HOOK:
            known = _HOOK.startswith(f"/services/{values['team']}/{values['hook']}/")
            return _plain(403, "invalid_token") if known else _plain(404, "no_service")
        body = _fields(request)
        if body is None:
            return _plain(400, "invalid_payload")
        if (error := self._wrong(body)) is not None:
            return _plain({"channel_not_found": 404, "channel_is_archived": 410}.get(error, 400), error)
        self._keep(body, str(body.get("channel") or "#general"))
        return Reply(text="ok")

    @route("POST", "/triggers/{team}/{number}/{token}")
    def workflow(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Start the workflow, which has one variable: `text`."""
        body = _fields(request)
        if request.path != _TRIGGER or body is None or set(body) - {"text"}:
            return Reply(status=400, json={"ok": False, "error": "invalid_webhook_json"})
        self._keep(body, "workflow")
        return Reply(json={"ok": True})

    @route("POST", "/api/chat.postMessage")
    def post_message(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Post as the bot."""
        body = _fields(request)
        if body is None:
            return _refused("invalid_json")
        if "chat:write" not in self.scopes:
            return Reply(
                json={"ok": False, "error": "missing_scope", "needed": "chat:write", "provided": "im:write"}
            )
        channel = body.get("channel")
        error = self._wrong(body) if isinstance(channel, str) and channel else "channel_not_found"
        if error is not None:
            return _refused("is_archived" if error == "channel_is_archived" else error)
        message = self._keep(body, str(channel))
        return Reply(json={"ok": True, "channel": channel, "ts": message["ts"], "message": body})

    @route("GET", "/api/auth.test")
    @route("POST", "/api/auth.test")
    def auth_test(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """Say who the bot is."""
        return Reply(json={"ok": True, "team": "Stand-in", "user": "deploybot", "team_id": "T00000000"})

    @route("GET", "/api/users.lookupByEmail")
    @route("POST", "/api/users.lookupByEmail")
    def lookup(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Find a person; what only reads takes no JSON."""
        user = self.people.get(request.query.get("email") or request.form().get("email", ""))
        return Reply(json={"ok": True, "user": {"id": user}}) if user else _refused("users_not_found")

    @route("POST", "/api/conversations.open")
    def open_conversation(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Open the direct message with one person."""
        user = (_fields(request) or request.form()).get("users")
        if user not in self.people.values():
            return _refused("user_not_found")
        return Reply(json={"ok": True, "channel": {"id": f"D{str(user)[1:]}"}})

    def _keep(self, body: Body, channel: str) -> Body:
        number = len(self.messages) + 1
        message: Body = {**body, "channel": channel, "ts": f"{1_760_000_000 + number}.{number:06}"}
        self.messages.append(message)
        return message

    def _wrong(self, body: Body) -> str | None:
        """The code of what Slack would refuse in a message."""
        channel = str(body.get("channel") or "")
        if channel in self.archived:
            return "channel_is_archived"
        named = channel and not re.fullmatch(r"[CDGU][A-Z0-9]{6,}", channel)
        if named and self.channels is not None and channel not in self.channels:
            return "channel_not_found"
        if not any(body.get(name) for name in ("text", "blocks", "attachments")):
            return "no_text"
        return _too_long(body)


def _fields(request: Received) -> Body | None:
    """The body's fields; None when it is not what its content type says."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        return None
    body = request.json()
    return body if isinstance(body, dict) else None


def _too_long(body: Body) -> str | None:
    if len(str(body.get("text") or "")) > 40_000:
        return "msg_too_long"
    lists = [
        list(_items(body, "blocks")),
        *(list(_items(item, "blocks")) for item in _items(body, "attachments")),
    ]
    if any(len(blocks) > 50 for blocks in lists):
        return "invalid_blocks"
    texts = [len(text) for blocks in lists for block in blocks for text in _texts(block)]
    if any(not 0 < length <= 3000 for length in texts):
        return "invalid_blocks"
    return "msg_blocks_too_long" if sum(texts) > 13_000 else None


def _items(body: Body, name: str) -> Iterator[Body]:
    value = body.get(name)
    yield from (item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


def _texts(block: Body) -> Iterator[str]:
    """The texts of a block's text, fields and elements."""
    for holder in (block.get("text"), *_items(block, "fields"), *_items(block, "elements")):
        if isinstance(holder, dict) and isinstance(text := holder.get("text"), str):
            yield text


def _refused(code: str) -> Reply:
    return Reply(json={"ok": False, "error": code})


def _plain(status: int, code: str) -> Reply:
    return Reply(status=status, text=code)
