"""The two ways into Slack: methods of the Web API for a bot, and a webhook."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import Final, Unpack
from urllib.parse import urlsplit

from integrations_sdk.connectors.base import (
    CallOptions,
    ConfigurationError,
    Connector,
    Fault,
    Outcome,
    RateLimit,
    Response,
    given,
    text_at,
)
from integrations_sdk.connectors.slack.answers import fault_in
from integrations_sdk.connectors.slack.config import SlackConfig
from integrations_sdk.connectors.slack.render import Payload

__all__ = ["SlackApi"]

_WINDOW: Final = 5  # seconds
_WORKFLOWS: Final = ("/triggers/", "/workflows/")
_JSON: Final = "application/json; charset=utf-8"  # without a charset Slack answers with a warning


class SlackApi(Connector[SlackConfig]):
    """Slack, with a bot's token or the URL of a webhook."""

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

    async def _method(self, method: str, **options: Unpack[CallOptions]) -> Response:
        """Call a method of the Web API: with `json` by POST, otherwise by GET."""
        posts = "json" in options
        if posts:
            options["content_type"] = _JSON
        return await self.call("POST" if posts else "GET", f"/{method}", operation=method, **options)

    async def _post(self, payload: Payload, channel: str | None, thread: str | None) -> Outcome:
        """Post one message the way that leads to its channel."""
        where = channel or self.config.channel
        goal = given(channel=where, thread_ts=thread)
        body: Payload = payload if self._starts_workflow(channel) else {**payload, **goal}
        how = CallOptions(json=body, rate=self._rate, account=f"{self.context.integration_id}:{where}")
        if not self._as_bot(channel):
            how["authorize"] = False
            return self.done(await self.call("POST", self._hook, operation="webhook.post", **how))
        if where is None:
            raise ConfigurationError.of(
                "slack message", "channel", "missing", "configure `channel`, or give one"
            )
        response = await self._method("chat.postMessage", **how)
        said = self.parse(response)
        posted: Payload = {name: said[name] for name in ("channel", "ts") if name in said}
        return self.done(response, reference=text_at(said, "ts"), data=posted)

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
