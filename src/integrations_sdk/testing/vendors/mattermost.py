"""Mattermost in miniature: an incoming webhook, and what bots use of the API.

Source: https://developers.mattermost.com/api-documentation/.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from integrations_sdk.models import JsonValue
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["MattermostStandIn"]

_KEY: Final = "h" * 26
_TOKEN: Final = "bot-stand-in-0123456789"  # noqa: S105  # accepted by the stand-in alone
_CHANNEL: Final = "c" * 26

Body = dict[str, JsonValue]


class MattermostStandIn(StandIn):
    """A server with one channel, a webhook and a bot in it.

    Attributes:
        posts: what was posted, in order: the bodies, each with its `id`.
        files: the names of the files that were uploaded, by their id.
    """

    provider = "mattermost"

    def __init__(self) -> None:
        super().__init__()
        self.posts: list[Body] = []
        self.files: dict[str, str] = {}

    def config(self) -> dict[str, object]:
        """An incoming webhook."""
        return {"webhook_url": f"{self.url}/hooks/{_KEY}"}

    def bot_config(self) -> dict[str, object]:
        """A bot with a channel."""
        return {"url": self.url, "bot_token": _TOKEN, "channel_id": _CHANNEL}

    def authorized(self, request: Received) -> Reply | None:
        """The API takes a token, but for the ping."""
        open_to_all = not request.path.startswith("/api/") or request.path.endswith("/ping")
        if open_to_all or request.headers.get("authorization") == f"Bearer {_TOKEN}":
            return None
        return _refused(401, "api.context.session_expired.app_error", "Invalid or expired session.")

    def failure(self, status: int) -> Reply:
        """Mattermost's shape."""
        return _refused(status, "stand_in.injected.app_error", f"injected fault {status}")

    @route("POST", "/hooks/{key}")
    def hook(self, request: Received, values: Mapping[str, str]) -> Reply:
        """Post through the webhook; an empty message is refused before the webhook is looked for."""
        body = request.json()
        if not isinstance(body, dict):
            return _refused(400, "web.incoming_webhook.parse.app_error", "Unable to parse incoming data.")
        if not body.get("text") and not body.get("attachments"):
            return _refused(400, "web.incoming_webhook.text.app_error", "No text specified.")
        if values["key"] != _KEY:
            return _refused(404, "web.incoming_webhook.invalid.app_error", "Invalid webhook.")
        refusal = _too_long(body, "text", body.get("attachments"))
        if refusal is None:
            self._keep(body)
        return refusal if refusal is not None else Reply(text="ok")

    @route("POST", "/api/v4/posts")
    def post(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Post as the bot."""
        body = request.json()
        if not isinstance(body, dict) or body.get("channel_id") != _CHANNEL:
            return _refused(
                403, "api.context.permissions.app_error", "You do not have the appropriate permissions."
            )
        props, root, files = body.get("props"), body.get("root_id"), body.get("file_ids") or []
        if root and root not in {post["id"] for post in self.posts}:
            return _refused(400, "api.post.create_post.root_id.app_error", "Invalid RootId parameter.")
        if not isinstance(files, list) or set(map(str, files)) - set(self.files):
            return _refused(400, "api.post.file_ids.app_error", "Invalid file ids.")
        refusal = _too_long(body, "message", props.get("attachments") if isinstance(props, dict) else None)
        return refusal if refusal is not None else Reply(status=201, json=self._keep(body))

    @route("POST", "/api/v4/files")
    def upload(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Keep a file until a post goes with it."""
        parts = request.parts()
        if set(parts) != {"channel_id", "files"}:
            return _refused(400, "api.file.upload_file.app_error", "Unable to upload file.")
        number = f"{len(self.files):026d}"
        self.files[number] = str(parts["files"][0])
        return Reply(status=201, json={"file_infos": [{"id": number, "name": self.files[number]}]})

    @route("GET", "/api/v4/system/ping")
    def ping(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """Say that the server is well."""
        return Reply(json={"status": "OK"})

    @route("GET", "/api/v4/users/me")
    def me(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """Say who the bot is."""
        return Reply(json={"id": "u" * 26, "username": "deploybot"})

    @route("GET", "/api/v4/channels/{channel}")
    def channel(self, _request: Received, values: Mapping[str, str]) -> Reply:
        """Say which channel it is."""
        if values["channel"] != _CHANNEL:
            return _refused(404, "app.channel.get.existing.app_error", "Unable to find the existing channel.")
        return Reply(json={"id": _CHANNEL, "name": "town-square", "display_name": "Town Square"})

    def _keep(self, body: Body) -> Body:
        post: Body = {**body, "id": f"p{len(self.posts):025d}"}
        self.posts.append(post)
        return post


def _too_long(body: Body, name: str, attachments: JsonValue) -> Reply | None:
    """As a server of version 5 refuses: 16,383 characters of text, 7,600 of attachments."""
    if len(str(body.get(name) or "")) > 16_383:
        return _refused(400, "model.post.is_valid.msg.app_error", "Invalid message.")
    props = json.dumps(attachments, ensure_ascii=False, separators=(",", ":")) if attachments else ""
    if len(props) + 5 * sum(map(props.count, "<>&")) > 7_600:
        return _refused(
            400, "web.incoming_webhook.split_props_length.app_error", "Unable to split webhook props."
        )
    return None


def _refused(status: int, code: str, message: str) -> Reply:
    return Reply(
        status=status,
        json={
            "id": code,
            "message": message,
            "detailed_error": "",
            "request_id": "req-1",
            "status_code": status,
        },
        headers={"x-request-id": "req-1"},
    )
