"""What all of Auth0's operations share: address, credentials, faults."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus

from integrations_sdk.connectors.auth0.config import Auth0Config
from integrations_sdk.connectors.auth0.words import auth0_fault
from integrations_sdk.connectors.base import (
    AccessToken,
    Connector,
    ConnectorContext,
    Fault,
    Response,
    RetryPolicy,
    TokenKeeper,
    request_token,
)

__all__ = ["Auth0Api"]


class Auth0Api(Connector[Auth0Config]):
    """Auth0's Management API v2."""

    retry = RetryPolicy(deadline=timedelta(minutes=2))  # a listing waits for the limit to be renewed

    def __init__(self, config: Auth0Config, context: ConnectorContext) -> None:
        super().__init__(config, context)
        self._tokens = TokenKeeper(context.clock, self._grant)

    @property
    def base_url(self) -> str:
        """Where the Management API begins."""
        return f"{self.config.root}/api/v2"

    async def authorize(self) -> Mapping[str, str]:
        """The application's access token."""
        return {"authorization": f"Bearer {(await self._tokens.token()).reveal()}"}

    def fault(self, response: Response) -> Fault | None:
        """`auth0_fault()`; an access token that is refused is not used again."""
        if response.status == HTTPStatus.UNAUTHORIZED:
            self._tokens.forget()
        return auth0_fault(response)

    async def _grant(self) -> AccessToken:
        """A token for client credentials, as "Get Management API Access Tokens for Production" describes."""
        return await request_token(
            self,
            f"{self.config.root}/oauth/token",
            json={
                "grant_type": "client_credentials",
                "client_id": self.config.client_id,
                "client_secret": self.config.client_secret.reveal(),
                "audience": self.config.audience or f"{self.config.root}/api/v2/",
            },
        )
