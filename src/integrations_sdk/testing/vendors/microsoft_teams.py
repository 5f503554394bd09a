"""Microsoft Teams in miniature: the webhook of a workflow, the token endpoint, and Graph's channel messages.

Sources: https://learn.microsoft.com/graph/api/channel-post-messages,
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#refresh-the-access-token.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from integrations_sdk.models import JsonValue
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["MicrosoftTeamsStandIn"]

_SIGNATURE: Final = "stand-in-signature-0123456789"
_TENANT: Final = "11111111-2222-3333-4444-555555555555"
_TEAM: Final = "66666666-7777-8888-9999-000000000000"
_CHANNEL: Final = "19:0123456789abcdef@thread.tacv2"
_CARD: Final = "application/vnd.microsoft.card.adaptive"

Body = dict[str, JsonValue]


class MicrosoftTeamsStandIn(StandIn):
    """A channel that a workflow posts to, and that a signed-in user may post to.

    Attributes:
        cards: the Adaptive Cards that were posted, in order.
        refresh_token: what is taken for the user's; of the one that was used last time none is made invalid.
        grants: how many access tokens were granted.
        as_app: answer as to an application without a user, which may not post.
    """

    provider = "microsoft_teams"

    def __init__(self) -> None:
        super().__init__()
        self.cards: list[Body] = []
        self.refresh_token = "refresh-stand-in-0123456789"  # noqa: S105  # accepted by the stand-in alone
        self.grants = 0
        self.as_app = False

    def config(self) -> dict[str, object]:
        """The webhook of a workflow."""
        path = "/workflows/0123/triggers/manual/paths/invoke"
        return {"webhook_url": f"{self.url}{path}?api-version=2016-06-01&sp=%2Ftriggers&sig={_SIGNATURE}"}

    def graph_config(self) -> dict[str, object]:
        """A user who posts through Graph."""
        return {
            "team_id": _TEAM,
            "channel_id": _CHANNEL,
            "tenant_id": _TENANT,
            "client_id": "stand-in-client",
            "client_secret": "stand-in-secret-0123456789",
            "refresh_token": self.refresh_token,
            "api_url": f"{self.url}/v1.0",
            "login_url": self.url,
        }

    def authorized(self, request: Received) -> Reply | None:
        """Graph alone takes a token: the newest."""
        if not request.path.startswith("/v1.0/"):
            return None
        right = request.headers.get("authorization") == f"Bearer access-{self.grants}"
        return None if right else _refused(401, "InvalidAuthenticationToken", "Access token has expired.")

    def failure(self, status: int) -> Reply:
        """The shape of Graph's errors, which is that of a workflow's as well."""
        return _refused(
            status, "TooManyRequests" if status == 429 else "injected", f"injected fault {status}"
        )

    @route("GET", "/")
    def root(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """Nothing is here, but somebody answers."""
        return Reply(status=404)

    @route("POST", "/workflows/{flow}/triggers/manual/paths/invoke")
    def start(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Start the workflow, which posts later what it was given."""
        if request.query.get("sig") != _SIGNATURE:
            return _refused(401, "DirectApiAuthorizationRequired", "The request must be authenticated.")
        body = request.json()
        sent = body.get("attachments") if isinstance(body, dict) and body.get("type") == "message" else None
        good = isinstance(sent, list) and all(
            isinstance(one, dict) and one["contentType"] == _CARD for one in sent
        )
        if not isinstance(sent, list) or not good or len(request.body) > 28 * 1024:
            return _refused(400, "TriggerInputSchemaMismatch", "The input body for trigger did not match.")
        refusals = [self._keep(one.get("content")) for one in sent if isinstance(one, dict)]
        return next((refusal for refusal in refusals if refusal is not None), Reply(status=202))

    @route("POST", "/{tenant}/oauth2/v2.0/token")
    def token(self, request: Received, values: Mapping[str, str]) -> Reply:
        """Exchange a refresh token."""
        form = request.form()
        known = form.get("refresh_token") in {self.refresh_token, f"refresh-{self.grants}"}
        if values["tenant"] != _TENANT or not known or "ChannelMessage.Send" not in form.get("scope", ""):
            said = "AADSTS70008: The refresh token has expired. Trace ID: 0123 Correlation ID: 4567"
            return Reply(status=400, json={"error": "invalid_grant", "error_description": said})
        self.grants += 1
        granted: Body = {"token_type": "Bearer", "expires_in": 3_600, "access_token": f"access-{self.grants}"}
        return Reply(json={**granted, "refresh_token": f"refresh-{self.grants}"})

    @route("POST", "/v1.0/teams/{team}/channels/{channel}/messages")
    def message(self, request: Received, values: Mapping[str, str]) -> Reply:
        """Post as the user."""
        if self.as_app:
            said = "Message POST is allowed in application-only context only for import purposes."
            return _refused(401, "Unauthorized", said)
        if (values["team"], values["channel"]) != (_TEAM, _CHANNEL):
            return _refused(404, "NotFound", "No channel found.")
        body = request.json()
        attached = body.get("attachments") if isinstance(body, dict) else None
        if not isinstance(attached, list) or len(request.body) > 28 * 1024:
            return _refused(413, "RequestEntityTooLarge", "Message size too large.")
        for one in attached:
            if (
                isinstance(one, dict)
                and (refusal := self._keep(json.loads(str(one.get("content"))))) is not None
            ):
                return refusal
        number = str(1_760_000_000_000 + len(self.cards))
        return Reply(status=201, json={"id": number, "webUrl": f"https://teams.example/l/message/{number}"})

    def _keep(self, card: JsonValue) -> Reply | None:
        """Take a card that Teams would show; a refusal of any other."""
        right = isinstance(card, dict) and card.get("type") == "AdaptiveCard" and bool(card.get("body"))
        if not right or not isinstance(card, dict):
            return _refused(400, "BadRequest", "Card is not valid.")
        self.cards.append(card)
        return None


def _refused(status: int, code: str, message: str) -> Reply:
    headers = {"request-id": "req-1"}
    return Reply(status=status, json={"error": {"code": code, "message": message}}, headers=headers)
