"""`SlackConnector`. Source: https://docs.slack.dev/reference/methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

import attrs

from integrations_sdk.connectors.base import (
    Category,
    CheckResult,
    EventType,
    JsonValue,
    Message,
    Outcome,
    chosen,
    load,
    origin,
    text_at,
)
from integrations_sdk.connectors.slack.answers import answers_probe
from integrations_sdk.connectors.slack.api import SlackApi
from integrations_sdk.connectors.slack.config import SlackConfig, SlackMessage
from integrations_sdk.connectors.slack.render import Payload, flat, payloads_of, rendered

__all__ = ["SlackConnector"]

_IDENTITY: Final = ("username", "icon_emoji", "icon_url")


class SlackConnector(SlackApi):
    """Posts messages, through a bot where there is a token and a channel, otherwise through a webhook."""

    provider = "slack"
    title = "Slack"
    category = Category.COMMUNICATION
    Config = SlackConfig
    docs_url = "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks"
    setup = (
        "Create an app at https://api.slack.com/apps",
        "Incoming webhook: Incoming Webhooks → Add New Webhook, choose the channel, copy the URL",
        "Or bot: OAuth & Permissions → add the scopes → Install, copy the token, /invite the app",
    )
    permissions = (
        "chat:write to post with a bot; chat:write.public for public channels without an invitation",
        "chat:write.customize for `username`, `icon_emoji` and `icon_url`",
        "users:read.email and im:write for direct messages by email address",
    )
    limits = (
        "One message per second and channel, short bursts above it; Slack may drop what exceeds it.",
        "Text beyond 4,000 characters goes on in further messages, in the thread of the first with a bot.",
        "An app's webhook ignores `channel`, `username` and icons; only webhooks of the old kind obey them.",
        "The check of a webhook does not notice an archived channel.",
    )
    default_events = tuple(EventType)
    recommended: ClassVar[Mapping[str, JsonValue]] = {"notify_only_broken_pipelines": True}

    async def check(self) -> CheckResult:
        """Ask a bot who it is, and a webhook for its refusal of an empty message, which posts nothing."""
        found = CheckResult()
        if self.config.bot_token is not None:
            said = self.parse(await self._method("auth.test"))
            found = CheckResult(detail=f"{said.get('user')} in {said.get('team')}")
        return found if self.config.webhook_url is None else await self._check_webhook(found.detail)

    async def _check_webhook(self, detail: str) -> CheckResult:
        if self._hook_is_workflow:
            host = f"{origin(self._hook)}/"
            await self.call("HEAD", host, operation="webhook.reach", authorize=False, accept=range(200, 500))
            untried = "a workflow's webhook cannot be tried without starting it: only its host was reached"
            return CheckResult(detail="Slack is reachable", warnings=(untried,))
        response = await self.call(
            "POST",
            self._hook,
            operation="webhook.check",
            json={},
            authorize=False,
            idempotent=True,
            accept=(400,),
        )
        if not answers_probe(response) and (fault := self.fault(response)) is not None:
            raise self.error(fault, response)
        return CheckResult(detail=detail or "the webhook is live")

    async def notify(self, message: Message) -> Outcome:
        """Post the message; with a bot the outcome's `reference` is its `ts`, to answer in its thread."""
        if self._starts_workflow():
            return await self._send([{"text": flat(message)}])
        return await self._send([self._dressed(p) for p in rendered(message, self.config.mention_groups)])

    async def send_message(self, message: Mapping[str, object] | None = None, /, **fields: object) -> Outcome:
        """Post a message in Slack's own fields: those of `SlackMessage`.

        Args:
            message: the fields as a mapping, to which `fields` are added.

        Raises:
            ConfigurationError: naming every unknown or wrong field; or no channel is known.
            ConnectorError: Slack refused it, or did not answer. Parts before the failed one are posted.
        """
        given = load(SlackMessage, {**(message or {}), **fields}, subject="slack message")
        workflow = self._starts_workflow(given.channel)
        payloads = [p if workflow else self._dressed(p, given) for p in payloads_of(given)]
        return await self._send(payloads, channel=given.channel, thread=given.thread_ts)

    async def notify_user(self, email: str, message: Message) -> Outcome:
        """Post a direct message to whoever has the email address; needs a bot.

        Raises:
            ConfigurationError: there is no `bot_token`.
            RejectedError: nobody in the workspace has that address (`users_not_found`).
        """
        found = self.parse(await self._method("users.lookupByEmail", query={"email": email}))
        users = {"users": text_at(found, "user", "id") or ""}
        opened = self.parse(await self._method("conversations.open", json=users, idempotent=True))
        channel = text_at(opened, "channel", "id") or ""
        return await self._send([self._dressed(payload) for payload in rendered(message)], channel=channel)

    async def _send(
        self, payloads: Sequence[Payload], *, channel: str | None = None, thread: str | None = None
    ) -> Outcome:
        """Post the payloads in order, later ones in the thread of the first; the first one's outcome."""
        first, *others = payloads
        outcome = await self._post(first, channel, thread)
        for payload in others:
            await self._post(payload, channel, thread or outcome.reference)
        return attrs.evolve(outcome, detail=f"in {len(payloads)} messages") if others else outcome

    def _dressed(self, payload: Payload, given: SlackMessage | None = None) -> Payload:
        """The payload under the name and icon of the message, or else of the configuration."""
        return {**payload, **chosen(_IDENTITY, given, self.config)}
