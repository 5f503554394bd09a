"""Logging in to Mend, with either version of its API."""

from __future__ import annotations

from collections.abc import Mapping

from integrations_sdk.connectors.base import (
    AccessToken,
    AuthenticationError,
    ConnectorContext,
    Fault,
    GrantedConnector,
    JsonValue,
    RejectedError,
    Response,
    Scanner,
    Secret,
    at,
    given,
    json_of,
    text_at,
)
from integrations_sdk.connectors.mend.config import MendConfig
from integrations_sdk.connectors.mend.words import API_2, API_3, Api, api_address, mend_fault, session_of

__all__ = ["MendSession"]


class MendSession(GrantedConnector[MendConfig], Scanner[MendConfig]):
    """Where Mend is, and how one gets in: a user key is exchanged for a token that lasts some minutes."""

    def __init__(self, config: MendConfig, context: ConnectorContext) -> None:
        super().__init__(config, context)
        self._organization = Secret("")

    @property
    def base_url(self) -> str:
        """The API's address."""
        return api_address(self.config.url)

    @property
    def api(self) -> Api:
        """The configured version of the API."""
        return API_2 if self.config.api_version == "2.0" else API_3

    async def _in_organization(self) -> str:
        """The organization that the session is in."""
        await self._tokens.token()
        return self._organization.reveal()

    def fault(self, response: Response) -> Fault | None:
        """`mend_fault()`."""
        return mend_fault(response)

    async def _grant(self) -> AccessToken:
        """API 2.0 gives the token at once; API 3.0 a refresh token, which gets one for an organization."""
        config, now = self.config, self.context.clock.now()
        organization = None if config.org_token is None else config.org_token.reveal()
        identity = given(email=config.email, userKey=config.user_key.reveal())
        if self.api is API_2:
            answer = await self._ask("/login", "login", json={**identity, "orgToken": organization})
        else:
            answer = await self._ask("/login", "login", json=identity)
            refresh = self.lent(text_at(json_of(answer), "response", "refreshToken") or "")
            answer = await self._ask(
                "/login/accessToken",
                "login.accessToken",
                json={},
                headers={"wss-refresh-token": refresh},
                query={"orgUuid": organization} if organization else None,
            )
        said = at(json_of(answer), self.api.body)
        session = session_of(said, now)
        if session is None:
            words = "answered without a token; is the URL that of Mend's API?"
            raise self.error(Fault(RejectedError, words), answer, "login")
        self._organization = Secret(text_at(said, "orgUuid") or organization or "")
        return session

    async def _ask(
        self,
        path: str,
        operation: str,
        *,
        json: Mapping[str, JsonValue],
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Response:
        answer = await self.call(
            "POST",
            self.api.root + path,
            operation=operation,
            json=json,
            headers=headers,
            query=query,
            authorize=False,
            idempotent=True,
            accept=(400, 401, 403),
        )
        if not answer.ok:
            fault = mend_fault(self.masks.response(answer))
            words = fault.message if fault else "the login is refused"
            raise self.error(Fault(AuthenticationError, words), answer)
        return answer
