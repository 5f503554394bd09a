"""`SlackConnector`. Source: https://docs.slack.dev/reference/methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import ClassVar, Final
from urllib.parse import urlsplit

import attrs

from integrations_sdk.connectors.base import (
    Category,
    CheckResult,
    ConfigurationError,
    Connector,
    EventType,
    Fault,
    JsonValue,
    Message,
    Outcome,
    RateLimit,
    Response,
    load,
)
from integrations_sdk.connectors.slack.answers import answers_probe, fault_in
from integrations_sdk.connectors.slack.config import SlackConfig, SlackMessage
from integrations_sdk.connectors.slack.render import Payload, flat, payloads_of, rendered

__all__ = ["SlackConnector"]

_WINDOW: Final = 5  # seconds
_WORKFLOWS: Final = ("/triggers/", "/workflows/")
_IDENTITY: Final = ("username", "icon_emoji", "icon_url")
_JSON: Final = "application/json; charset=utf-8"  # without a charset Slack answers with a warning


class SlackConnector(Connector[SlackConfig]):
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
    environment: ClassVar[Mapping[str, str]] = {
        "SLACK_WEBHOOK_URL": "webhook_url",
        "SLACK_WEBHOOK": "webhook_url",
        "SLACK_BOT_TOKEN": "bot_token",
        "SLACK_CHANNEL": "channel",
    }
    recommended: ClassVar[Mapping[str, JsonValue]] = {"notify_only_broken_pipelines": True}

    @property
    def base_url(self) -> str:
        """The Web API."""
        return self.config.api_url.rstrip("/")

    async def authorize(self) -> Mapping[str, str]:
        """The bot's token."""
        if self.config.bot_token is None:
            raise ConfigurationError.of(
                "slack configuration", "bot_token", "missing", "this needs a bot: add it"
            )
        return {"authorization": f"Bearer {self.config.bot_token.reveal()}"}

    def fault(self, response: Response) -> Fault | None:
        """Slack's own codes go before the status, for the Web API refuses with 200."""
        return fault_in(response)

    async def check(self) -> CheckResult:
        """Ask a bot who it is, and a webhook for its refusal of an empty message, which posts nothing."""
        found = CheckResult()
        if self.config.bot_token is not None:
            said = self.parse(await self._ask("auth.test"))
            found = CheckResult(detail=f"{said.get('user')} in {said.get('team')}")
        return found if self.config.webhook_url is None else await self._check_webhook(found.detail)

    async def _check_webhook(self, detail: str) -> CheckResult:
        if self._hook_is_workflow:
            return await self._reach()
        response = await self.call(
            "POST",
            self._hook,
            operation="webhook.check",
            json={},
            authorize=False,
            idempotent=True,
            accept=(400,),
        )
        if not answers_probe(response) and (fault := fault_in(response)) is not None:
            raise self.error(fault, response)
        return CheckResult(detail=detail or "the webhook is live")

    async def _reach(self) -> CheckResult:
        host = urlsplit(self._hook)
        url = f"{host.scheme}://{host.netloc}/"
        await self.call("HEAD", url, operation="webhook.reach", authorize=False, accept=range(200, 500))
        untried = "a workflow's webhook cannot be tried without starting it: only its host was reached"
        return CheckResult(detail="Slack is reachable", warnings=(untried,))

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
        found = await self._ask("users.lookupByEmail", query={"email": email})
        user = _id_in(self.parse(found), "user")
        opened = await self._ask("conversations.open", json={"users": user}, idempotent=True)
        channel = _id_in(self.parse(opened), "channel")
        return await self._send([self._dressed(payload) for payload in rendered(message)], channel=channel)

    # --- how it is sent ---------------------------------------------------------

    async def _send(
        self, payloads: Sequence[Payload], *, channel: str | None = None, thread: str | None = None
    ) -> Outcome:
        """Post the payloads in order, later ones in the thread of the first; the first one's outcome."""
        first, *others = payloads
        outcome = await self._post(first, channel, thread)
        for payload in others:
            await self._post(payload, channel, thread or outcome.reference)
        return attrs.evolve(outcome, detail=f"in {len(payloads)} messages") if others else outcome

    async def _post(self, payload: Payload, channel: str | None, thread: str | None) -> Outcome:
        where = channel or self.config.channel
        goal = {
            name: value for name, value in (("channel", where), ("thread_ts", thread)) if value is not None
        }
        body: Payload = payload if self._starts_workflow(channel) else {**payload, **goal}
        limit, account = self._rate, f"{self.context.integration_id}:{where}"
        if not self._as_bot(channel):
            operation = "webhook.post"
            response = await self.call(
                "POST",
                self._hook,
                operation=operation,
                json=body,
                rate=limit,
                account=account,
                authorize=False,
            )
            return self.done(response)
        if where is None:
            raise ConfigurationError.of(
                "slack message", "channel", "missing", "configure `channel`, or give one"
            )
        operation = "chat.postMessage"
        response = await self._ask(operation, json=body, rate=limit, account=account)
        said = self.parse(response)
        posted: Payload = {name: said[name] for name in ("channel", "ts") if name in said}
        return self.done(response, reference=str(said.get("ts") or "") or None, data=posted)

    async def _ask(
        self,
        method: str,
        *,
        json: JsonValue = None,
        query: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
        rate: RateLimit | None = None,
        account: str = "",
    ) -> Response:
        """Call a method of the Web API: with `json` by POST, otherwise by GET."""
        return await self.call(
            "GET" if json is None else "POST",
            f"/{method}",
            operation=method,
            json=json,
            content_type=None if json is None else _JSON,
            query=query,
            idempotent=idempotent,
            rate=rate,
            account=account,
        )

    def _dressed(self, payload: Payload, given: SlackMessage | None = None) -> Payload:
        """The payload under the name and icon of the message, or else of the configuration."""
        chosen = ((name, getattr(given, name, None) or getattr(self.config, name)) for name in _IDENTITY)
        return {**payload, **{name: value for name, value in chosen if value is not None}}

    def _as_bot(self, channel: str | None) -> bool:
        known = channel or self.config.channel
        return self.config.bot_token is not None and (bool(known) or self.config.webhook_url is None)

    def _starts_workflow(self, channel: str | None = None) -> bool:
        """Whether what is posted starts a workflow, which takes its own variables and nothing else."""
        return self._hook_is_workflow and not self._as_bot(channel)

    @cached_property
    def _hook_is_workflow(self) -> bool:
        return urlsplit(self._hook).path.startswith(_WORKFLOWS)

    @property
    def _hook(self) -> str:
        return self.config.webhook_url.reveal() if self.config.webhook_url is not None else ""

    @cached_property
    def _rate(self) -> RateLimit:
        """The allowance of five seconds at once: Slack tolerates short bursts."""
        calls = int(self.config.messages_per_second * _WINDOW)
        period = _WINDOW if calls else 1 / self.config.messages_per_second
        return RateLimit(calls=max(calls, 1), period=timedelta(seconds=period))


def _id_in(said: Mapping[str, JsonValue], name: str) -> str:
    found = said.get(name)
    return str(found.get("id", "")) if isinstance(found, dict) else ""
