"""`MattermostConnector`.

Sources: https://developers.mattermost.com/api-documentation/ and
https://docs.mattermost.com/developers/integrate/webhooks/incoming.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

import attrs

from integrations_sdk.connectors.base import (
    Attachment,
    Category,
    CheckResult,
    ConfigurationError,
    Connector,
    EventType,
    Fault,
    JsonValue,
    Message,
    Outcome,
    Response,
    at,
    chosen,
    fault_of,
    json_of,
    load,
    multipart,
    objects_at,
    text_at,
    url_path,
)
from integrations_sdk.connectors.mattermost.config import MattermostConfig, MattermostMessage
from integrations_sdk.connectors.mattermost.render import Payload, as_post, payloads_of, rendered

__all__ = ["MattermostConnector"]

_MOST_FILES: Final = 5
_IDENTITY: Final = ("channel", "username", "icon_url")


class MattermostConnector(Connector[MattermostConfig]):
    """Posts messages, through a bot where there is one, otherwise through an incoming webhook."""

    provider = "mattermost"
    title = "Mattermost"
    category = Category.COMMUNICATION
    Config = MattermostConfig
    docs_url = "https://docs.mattermost.com/developers/integrate/webhooks/incoming"
    setup = (
        "Incoming webhook: Integrations → Incoming Webhooks → Add, choose the channel, copy the URL",
        "Or bot: Integrations → Bot Accounts → Add, copy the token; add the bot to team and channel",
        "A channel's id: View Info, in the channel's menu",
    )
    permissions = (
        "create_post in the channel, which members have; upload_file for files",
        "for `username` and `icon_url` the server's settings that integrations may override them",
    )
    limits = (
        "Long texts go on in further posts, in the thread of the first with a bot.",
        "An incoming webhook takes no files, knows no threads, and does not say the post's id.",
        "A webhook cannot be tried without posting: its check reaches the server alone.",
        "Files go with a post of a bot, at most 5.",
    )
    default_events = tuple(EventType)
    recommended: ClassVar[Mapping[str, JsonValue]] = {"notify_only_broken_pipelines": True}

    @property
    def base_url(self) -> str:
        """The server; of a webhook what stands before `/hooks/`."""
        if self._is_bot and self.config.url:
            return self.config.url.rstrip("/")
        return self._hook.partition("/hooks/")[0]

    async def authorize(self) -> Mapping[str, str]:
        """The bot's token."""
        return {"authorization": f"Bearer {self.config.bot_token.reveal()}"} if self.config.bot_token else {}

    def fault(self, response: Response) -> Fault | None:
        """As the status says, with the id that Mattermost gives its errors."""
        found, code = fault_of(response), at(json_of(response), "id")
        return found if found is None or not isinstance(code, str) else attrs.evolve(found, code=code)

    async def check(self) -> CheckResult:
        """Ping the server; ask a bot who it is, and for its channel."""
        ping = await self.ask("GET", "/api/v4/system/ping", operation="ping", authorize=self._is_bot)
        if not self._is_bot:
            untried = "an incoming webhook cannot be tried without posting: only its server was reached"
            return CheckResult(detail=f"the server is {ping.get('status')}", warnings=(untried,))
        me = await self.ask("GET", "/api/v4/users/me", operation="users.me")
        path = url_path("/api/v4/channels/{channel}", channel=self.config.channel_id)
        channel = await self.ask("GET", path, operation="channels.get")
        name = channel.get("display_name") or channel.get("name")
        return CheckResult(detail=f"{me.get('username')} in {name}")

    async def notify(self, message: Message) -> Outcome:
        """Post the message; with a bot the outcome's `reference` is the post's id, to answer in its thread."""
        fits = self._is_bot and len(message.attachments) <= _MOST_FILES
        payloads = rendered(message, self.config.mentions, files=fits)
        return await self._send(payloads, MattermostMessage(), message.attachments if fits else ())

    async def send_message(self, message: Mapping[str, object] | None = None, /, **fields: object) -> Outcome:
        """Post a message in Mattermost's own fields: those of `MattermostMessage`.

        Args:
            message: the fields as a mapping, to which `fields` are added.

        Raises:
            ConfigurationError: naming every unknown or wrong field; or it needs a bot, and there is none.
            ConnectorError: Mattermost refused it, or did not answer. Parts before the failed one are posted.
        """
        given = load(MattermostMessage, {**(message or {}), **fields}, subject="mattermost message")
        return await self._send(payloads_of(given), given, ())

    async def _send(
        self, payloads: Sequence[Payload], given: MattermostMessage, files: Sequence[Attachment]
    ) -> Outcome:
        """Post the payloads in order, further ones in the thread of the first; the first one's outcome."""
        if not self._is_bot and (given.root_id or given.channel_id):
            remedy = "configure `url`, `bot_token` and `channel_id`"
            raise ConfigurationError.of("mattermost message", "root_id", "threads need a bot", remedy)
        uploaded = [await self._upload(file, given) for file in files]
        first, *others = payloads
        outcome = await self._post(first, given, given.root_id, uploaded)
        for payload in others:
            await self._post(payload, given, given.root_id or outcome.reference, ())
        return attrs.evolve(outcome, detail=f"in {len(payloads)} posts") if others else outcome

    async def _post(
        self, payload: Payload, given: MattermostMessage, root: str | None, files: Sequence[JsonValue]
    ) -> Outcome:
        if not self._is_bot:
            body = {**payload, **chosen(_IDENTITY, given, self.config)}
            response = await self.call("POST", self._hook, operation="hooks.post", json=body, authorize=False)
            return self.done(response)
        post = as_post(payload, given, channel=self._channel(given), root=root, files=files)
        response = await self.call("POST", "/api/v4/posts", operation="posts.create", json=post)
        said = self.parse(response)
        posted: Payload = {name: said[name] for name in ("id", "channel_id") if name in said}
        return self.done(response, reference=text_at(said, "id"), data=posted)

    async def _upload(self, file: Attachment, given: MattermostMessage) -> JsonValue:
        """Send a file ahead of the post that it goes with; its id."""
        content, kind = multipart({"channel_id": self._channel(given)}, {"files": file})
        uploaded = await self.ask(
            "POST", "/api/v4/files", operation="files.upload", content=content, content_type=kind
        )
        return next((info.get("id") for info in objects_at(uploaded, "file_infos")), None)

    def _channel(self, given: MattermostMessage) -> str:
        return given.channel_id or self.config.channel_id or ""

    @property
    def _is_bot(self) -> bool:
        return self.config.bot_token is not None

    @property
    def _hook(self) -> str:
        return self.config.webhook_url.reveal().removesuffix("/") if self.config.webhook_url else ""
