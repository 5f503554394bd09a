"""What all of Auth0's operations share: address, credentials, faults."""

from __future__ import annotations

from datetime import timedelta

from integrations_sdk.connectors.auth0.config import Auth0Config
from integrations_sdk.connectors.auth0.words import auth0_fault
from integrations_sdk.connectors.base import (
    AccessToken,
    Fault,
    GrantedConnector,
    Response,
    RetryPolicy,
    request_token,
)

__all__ = ["Auth0Api"]


class Auth0Api(GrantedConnector[Auth0Config]):
    """Auth0's Management API v2."""

    retry = RetryPolicy(deadline=timedelta(minutes=2))  # a listing waits for the limit to be renewed

    @property
    def base_url(self) -> str:
        """Where the Management API begins."""
        return f"{self.config.root}/api/v2"

    def fault(self, response: Response) -> Fault | None:
        """`auth0_fault()`."""
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
