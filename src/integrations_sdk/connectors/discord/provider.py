"""`DiscordConnector`. Source: https://docs.discord.com/developers/resources/webhook#execute-webhook."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

import attrs

from integrations_sdk.connectors.base import (
    Attachment,
    Category,
    CheckResult,
    ConfigurationError,
    Connector,
    Event,
    EventType,
    Fault,
    JsonValue,
    Message,
    Outcome,
    Pause,
    Response,
    chosen,
    json_bytes,
    load,
    message_for,
    multipart,
)
from integrations_sdk.connectors.discord.answers import fault_in, pause_in
from integrations_sdk.connectors.discord.config import DiscordConfig, DiscordMessage
from integrations_sdk.connectors.discord.render import Payload, payloads_of, rendered
from integrations_sdk.connectors.discord.routing import channel_for, is_critical

__all__ = ["DiscordConnector"]

_MOST_FILES: Final = 10


class DiscordConnector(Connector[DiscordConfig]):
    """Posts messages through webhooks; an event to the channel that its subject belongs to."""

    provider = "discord"
    title = "Discord"
    category = Category.COMMUNICATION
    Config = DiscordConfig
    docs_url = "https://docs.discord.com/developers/resources/webhook#execute-webhook"
    setup = ("Server Settings → Integrations → Webhooks → New Webhook", "Choose the channel, copy the URL")
    permissions = ("none: the URL is the credential; whoever makes it needs Manage Webhooks",)
    limits = (
        "What exceeds 2,000 characters of content, or 6,000 in embeds, goes on in further messages.",
        "Only ids of users and roles, `@here` and `@everyone` call anybody; other names are text.",
        "A message carries at most 10 files, together 10 MiB unless the server is boosted.",
        "How many messages a webhook takes, Discord says with each answer, and that is kept.",
    )
    default_events = tuple(EventType)
    recommended: ClassVar[Mapping[str, JsonValue]] = {"notify_only_broken_pipelines": True}

    def fault(self, response: Response) -> Fault | None:
        """Discord's own codes go before the status."""
        return fault_in(response)

    def pause(self, response: Response) -> Pause | None:
        """The body is more exact than the headers, and says whether the limit is everybody's."""
        return pause_in(response)

    async def check(self) -> CheckResult:
        """Ask for each webhook, which posts nothing."""
        names = [""]
        for channel in (None, *self.config.channels):
            response = await self.ask("GET", self._hook(channel), operation="webhooks.get")
            names.append(str(response.get("name") or "unnamed"))
        return CheckResult(detail=f"webhooks: {', '.join(names[1:])}")

    async def notify(self, message: Message) -> Outcome:
        """Post to `webhook_url`; an error calls `mention_users`. `reference` is the first message's id."""
        return await self._notify(message, "", None)

    async def handle_event(self, event: Event) -> Outcome:
        """Post to the channel that the event's subject belongs to; what is critical calls `mention_users`."""
        subject = event.subject or event.type
        return await self._notify(message_for(event), subject, channel_for(subject, self.config.channels))

    async def send_message(self, message: Mapping[str, object] | None = None, /, **fields: object) -> Outcome:
        """Post a message in Discord's own fields: those of `DiscordMessage`.

        Args:
            message: the fields as a mapping, to which `fields` are added.

        Raises:
            ConfigurationError: naming every unknown or wrong field; or there is no such channel.
            ConnectorError: Discord refused it, or did not answer. Parts before the failed one are posted.
        """
        given = load(DiscordMessage, {**(message or {}), **fields}, subject="discord message")
        payloads = [self._dressed(payload, given) for payload in payloads_of(given)]
        return await self._send(
            payloads, given.channel, thread=None if given.thread_name else given.thread_id
        )

    async def _notify(self, message: Message, subject: str, channel: str | None) -> Outcome:
        critical = is_critical(subject, message.level, self.config.critical_patterns)
        fits = len(message.attachments) <= _MOST_FILES
        payloads = rendered(message, self.config.mention_users if critical else (), files=fits)
        dressed = [self._dressed(payload) for payload in payloads]
        return await self._send(dressed, channel, files=message.attachments if fits else ())

    async def _send(
        self,
        payloads: Sequence[Payload],
        channel: str | None,
        *,
        thread: str | None = None,
        files: Sequence[Attachment] = (),
    ) -> Outcome:
        """Post the payloads in order; further ones to the thread that the first began."""
        first, *others = payloads
        begins = "thread_name" in first
        thread = thread or (None if begins else self.config.thread_id)
        outcome = await self._post(first, channel, thread, files)
        for payload in others:
            begun = str(outcome.data["channel_id"]) if begins else thread
            await self._post(payload, channel, begun, ())
        return attrs.evolve(outcome, detail=f"in {len(payloads)} messages") if others else outcome

    async def _post(
        self, payload: Payload, channel: str | None, thread: str | None, files: Sequence[Attachment]
    ) -> Outcome:
        content, kind = json_bytes(payload), "application/json"
        if files:
            named = {f"files[{index}]": file for index, file in enumerate(files)}
            content, kind = multipart({"payload_json": content.decode()}, named)
        response = await self.call(
            "POST",
            self._hook(channel),
            operation="webhooks.execute",
            content=content,
            content_type=kind,
            query={"wait": "true", **({"thread_id": thread} if thread else {})},
            account=f"{self.context.integration_id}:{channel or ''}",  # each webhook has a limit of its own
        )
        said = self.parse(response)
        posted: Payload = {name: str(said.get(name) or "") for name in ("id", "channel_id")}
        return self.done(response, reference=str(posted["id"]) or None, data=posted)

    def _dressed(self, payload: Payload, given: DiscordMessage | None = None) -> Payload:
        """The payload under the name and image of the message, or else of the configuration."""
        return {**payload, **chosen(("username", "avatar_url"), given, self.config)}

    def _hook(self, channel: str | None) -> str:
        """The webhook of a channel, or the usual one; with the version of the API, which its URL leaves out."""
        if channel is not None and channel not in self.config.channels:
            known = ", ".join(self.config.channels) or "none are configured"
            raise ConfigurationError.of("discord message", "channel", "no such channel", f"known: {known}")
        hook = self.config.webhook_url if channel is None else self.config.channels[channel]
        return re.sub(r"/api(?:/v\d+)?/webhooks/", "/api/v10/webhooks/", hook.reveal(), count=1)
