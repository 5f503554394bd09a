"""Discord in miniature: webhooks of two channels, one of them a forum.

Source: https://docs.discord.com/developers/resources/webhook.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from integrations_sdk.models import JsonValue
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["DiscordStandIn"]

_TOKEN: Final = "stand-in-" + "x" * 60  # accepted by the stand-in alone
_TEXT: Final = "100000000000000001"
_FORUM: Final = "100000000000000002"
_LIMITS: Final = {"title": 256, "description": 4_096, "name": 256, "value": 1_024, "text": 2_048}

Body = dict[str, JsonValue]


class DiscordStandIn(StandIn):
    """A server with a text channel and a forum.

    Attributes:
        messages: what was posted, in order: the payloads, each with its `id`, its `channel_id`, and the
            names of its `files`.
        remaining: how many messages the webhooks still take in the present window; None: any number.
    """

    provider = "discord"

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Body] = []
        self.remaining: int | None = None

    def config(self) -> dict[str, object]:
        """The text channel's webhook."""
        return {"webhook_url": self.hook(_TEXT)}

    def forum_config(self) -> dict[str, object]:
        """The text channel's webhook, and the forum's under the name `forum`."""
        return {**self.config(), "channels": {"forum": self.hook(_FORUM)}}

    def hook(self, webhook: str) -> str:
        """The URL as Discord shows it: without the API's version."""
        return f"{self.url}/api/webhooks/{webhook}/{_TOKEN}"

    def failure(self, status: int) -> Reply:
        """Discord's shape; of a rate limit the wait stands in the body as well."""
        if status == 429:
            said: Body = {"message": "You are being rate limited.", "retry_after": 0.25, "global": False}
            return Reply(status=429, json=said, headers={"retry-after": "1", "x-ratelimit-scope": "shared"})
        return Reply(status=status, json={"message": f"{status}: injected", "code": 0})

    def postponed(self, reply: Reply, wait: float | str) -> Reply:
        """The body says the same as the header."""
        said = reply.json if isinstance(reply.json, dict) else {}
        return attrs.evolve(
            reply, json={**said, "retry_after": wait if isinstance(wait, int | float) else None}
        )

    @route("GET", "/api/v10/webhooks/{webhook}/{token}")
    def webhook(self, _request: Received, values: Mapping[str, str]) -> Reply:
        """Say which webhook it is."""
        refusal = _unknown(values)
        return (
            refusal
            if refusal is not None
            else Reply(json={"id": values["webhook"], "type": 1, "name": "Stand-in"})
        )

    @route("POST", "/api/v10/webhooks/{webhook}/{token}")
    def execute(self, request: Received, values: Mapping[str, str]) -> Reply:
        """Post through the webhook."""
        if (refusal := _unknown(values)) is not None:
            return refusal
        if self.remaining == 0:
            return self.failure(429)
        body, files = _form(request)
        thread = request.query.get("thread_id")
        if body is None:
            return _refused(400, 50109, "The request body contains invalid JSON.")
        if (refusal := _wrong(body, values["webhook"], thread, files)) is not None:
            return refusal
        number = str(200000000000000000 + len(self.messages))
        begun = number if body.get("thread_name") else None
        channel = thread or begun or f"3{values['webhook'][1:]}"
        self.messages.append({**body, "id": number, "channel_id": channel, "files": [*files]})
        headers = self._limit()
        if request.query.get("wait", "").lower() != "true":
            return Reply(status=204, headers=headers)
        return Reply(
            json={"id": number, "channel_id": channel, "content": body.get("content")}, headers=headers
        )

    def _limit(self) -> dict[str, str]:
        if self.remaining is None:
            return {}
        self.remaining -= 1
        left = str(self.remaining)
        return {"x-ratelimit-limit": "5", "x-ratelimit-remaining": left, "x-ratelimit-reset-after": "1.5"}


def _form(request: Received) -> tuple[Body | None, list[str]]:
    """The payload and the names of the files, of JSON or of a form with files."""
    kind = request.headers.get("content-type", "")
    if kind == "application/json":
        body = request.json()
        return (body if isinstance(body, dict) else None), []
    parts = request.parts()
    _, payload = parts.pop("payload_json", (None, b"null"))
    right = all(name == f"files[{index}]" for index, name in enumerate(parts))
    body = json.loads(payload) if right else None
    return (body if isinstance(body, dict) else None), [str(name) for name, _ in parts.values()]


def _wrong(body: Body, webhook: str, thread: str | None, files: list[str]) -> Reply | None:
    """What Discord would refuse in a message."""
    if webhook == _FORUM and not thread and not body.get("thread_name"):
        return _refused(400, 220001, "Webhooks posted to forum channels must have a thread_name or thread_id")
    if webhook == _TEXT and body.get("thread_name"):
        return _refused(400, 220003, "Webhooks can only create threads in forum channels")
    content, embeds = str(body.get("content") or ""), body.get("embeds") or []
    if not content and not embeds and not files:
        return _refused(400, 50006, "Cannot send an empty message")
    wrong: Body = {}
    if len(content) > 2_000:
        wrong["content"] = _said("BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.")
    texts = list(_texts(embeds, "embeds"))
    if isinstance(embeds, list) and len(embeds) > 10:
        wrong["embeds"] = _said("BASE_TYPE_BAD_LENGTH", "Must be between 1 and 10 in length.")
    for path, name, text in texts:
        if not text.strip() or len(text) > _LIMITS[name]:
            wrong[path] = _said("BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {_LIMITS[name]} in length.")
    if sum(len(text) for _, _, text in texts) > 6_000:
        wrong["embeds"] = _said("MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")
    if any(not isinstance(embed, dict) or not set(embed) - {"color"} for embed in _list(embeds)):
        wrong["embeds"] = _said("BASE_TYPE_REQUIRED", "This field is required")
    return _refused(400, 50035, "Invalid Form Body", wrong) if wrong else None


def _texts(value: JsonValue, path: str) -> Iterator[tuple[str, str, str]]:
    """Each text of the embeds that counts: its path, its name, itself."""
    pairs = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    for name, inner in pairs:
        if isinstance(inner, str) and name in _LIMITS:
            yield f"{path}.{name}", str(name), inner
        elif not isinstance(inner, str):
            yield from _texts(inner, f"{path}.{name}")


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _said(code: str, message: str) -> Body:
    return {"_errors": [{"code": code, "message": message}]}


def _unknown(values: Mapping[str, str]) -> Reply | None:
    if values["webhook"] not in {_TEXT, _FORUM}:
        return _refused(404, 10015, "Unknown Webhook")
    return None if values["token"] == _TOKEN else _refused(401, 50027, "Invalid Webhook Token")


def _refused(status: int, code: int, message: str, errors: Body | None = None) -> Reply:
    body: Body = {"message": message, "code": code, **({"errors": errors} if errors else {})}
    return Reply(status=status, json=body)
