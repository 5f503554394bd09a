"""`MicrosoftTeamsConnector`.

Sources: https://learn.microsoft.com/graph/api/channel-post-messages and
https://support.microsoft.com/office/create-incoming-webhooks-with-workflows-for-microsoft-teams-8ae491c7-0394-4861-ba59-055e33f75498.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

import attrs

from integrations_sdk.connectors.base import (
    AccessToken,
    Category,
    CheckResult,
    Connector,
    ConnectorContext,
    EventType,
    Fault,
    JsonValue,
    Message,
    Outcome,
    RateLimit,
    RejectedError,
    Response,
    Secret,
    TokenKeeper,
    access_token,
    json_of,
    origin,
    text_at,
    url_path,
)
from integrations_sdk.connectors.microsoft_teams.config import MicrosoftTeamsConfig
from integrations_sdk.connectors.microsoft_teams.render import Payload, as_chat_message, as_workflow, cards
from integrations_sdk.connectors.microsoft_teams.tokens import fault_in, grant_form

__all__ = ["MicrosoftTeamsConnector"]


class MicrosoftTeamsConnector(Connector[MicrosoftTeamsConfig]):
    """Posts Adaptive Cards to a channel, through a workflow's webhook where there is one, otherwise through Graph."""

    provider = "microsoft_teams"
    title = "Microsoft Teams"
    category = Category.COMMUNICATION
    Config = MicrosoftTeamsConfig
    docs_url = "https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook"
    setup = (
        "In Teams: the channel's ⋯ → Workflows → Send webhook alerts to a channel, copy the URL",
        "Or Graph: register an app, sign a user in with ChannelMessage.Send and offline_access",
        "Then configure tenant, client, the refresh token, and ids of team and channel (Get link to channel)",
    )
    permissions = (
        "a workflow: none, but anyone must be allowed to trigger it; it posts as whoever owns it",
        "Graph: the delegated permission ChannelMessage.Send; application permissions only import messages",
    )
    limits = (
        "Office 365 connectors (outlook.office.com, webhook.office.com) are retired, and refused here.",
        "A message of Teams takes about 28 KB; what exceeds it goes on in further ones.",
        "A workflow answers before it posts: an outcome says that it was started, and has no reference.",
        "Neither way can be tried without posting: the check reaches a workflow's host, or exchanges the token.",
        "A refresh token ends after 90 days without a new one being configured; files are named, not sent.",
    )
    default_events = tuple(EventType)
    recommended: ClassVar[Mapping[str, JsonValue]] = {"notify_only_broken_pipelines": True}
    rate = RateLimit(calls=10, period=timedelta(seconds=10))  # what Graph allows in one channel

    def __init__(self, config: MicrosoftTeamsConfig, context: ConnectorContext) -> None:
        super().__init__(config, context)
        self._refresh_token = config.refresh_token or Secret("")
        self._tokens = TokenKeeper(context.clock, self._grant)

    @property
    def base_url(self) -> str:
        """Microsoft Graph."""
        return self.config.api_url.rstrip("/")

    async def authorize(self) -> Mapping[str, str]:
        """The user's token."""
        token = self.config.access_token or await self._tokens.token()
        return {"authorization": f"Bearer {token.reveal()}"}

    def fault(self, response: Response) -> Fault | None:
        """Microsoft's codes and words, with what to do."""
        return fault_in(response)

    async def check(self) -> CheckResult:
        """Reach the webhook's host; or exchange the refresh token. Neither posts anything."""
        if self.config.webhook_url is None:
            await self.authorize()
            return CheckResult(detail="a token is at hand", warnings=("that it may post was not tried",))
        url = f"{origin(self.config.webhook_url.reveal())}/"
        await self.call("HEAD", url, operation="workflow.reach", authorize=False, accept=range(200, 500))
        untried = "a workflow cannot be tried without starting it: only its host was reached"
        return CheckResult(detail="the host is reachable", warnings=(untried,))

    async def notify(self, message: Message) -> Outcome:
        """Post the message as a card; with Graph the outcome's `reference` is the first message's id."""
        first, *others = cards(message, self.config.mentions)
        outcome = await self._post(first)
        for card in others:
            await self._post(card)
        return attrs.evolve(outcome, detail=f"in {len(others) + 1} messages") if others else outcome

    async def send_card(self, card: Mapping[str, JsonValue]) -> Outcome:
        """Post an Adaptive Card of your own.

        Raises:
            ConnectorError: Teams refused it, or did not answer.
        """
        return await self._post(dict(card))

    async def _post(self, card: Payload) -> Outcome:
        if self.config.webhook_url is not None:
            url, body = self.config.webhook_url.reveal(), as_workflow(card)
            response = await self.call("POST", url, operation="workflow.start", json=body, authorize=False)
            return self.done(response)
        ids = {"team": self.config.team_id, "channel": self.config.channel_id}
        path = url_path("/teams/{team}/channels/{channel}/messages", **ids)
        response = await self.call("POST", path, operation="channel.messages", json=as_chat_message(card))
        said = self.parse(response)
        return self.done(response, reference=text_at(said, "id"), url=text_at(said, "webUrl"))

    async def _grant(self) -> AccessToken:
        """Exchange the newest refresh token; the one that comes with the access token is used the next time."""
        path = url_path("/{tenant}/oauth2/v2.0/token", tenant=self.config.tenant_id)
        response = await self.call(
            "POST",
            self.config.login_url.rstrip("/") + path,
            operation="token",
            form=grant_form(self.config, self._refresh_token),
            idempotent=True,
            authorize=False,
        )
        answer = json_of(response)
        found = access_token(answer, self.context.clock.now())
        if found is None:
            words = "answered without an access token; is `login_url` right?"
            raise self.error(Fault(RejectedError, words), response)
        if (following := text_at(answer, "refresh_token")) is not None:
            self._refresh_token = Secret(self.lent(following))
        return found
