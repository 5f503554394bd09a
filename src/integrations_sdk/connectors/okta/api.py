"""What all of Okta's operations share: address, credentials, faults."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from integrations_sdk.connectors.base import (
    AccessToken,
    Fault,
    GrantedConnector,
    Response,
    RetryPolicy,
    Secret,
    request_token,
    signed_token,
    uuid7,
)
from integrations_sdk.connectors.okta.config import OktaConfig
from integrations_sdk.connectors.okta.words import okta_fault

__all__ = ["OktaApi"]

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class OktaApi(GrantedConnector[OktaConfig]):
    """Okta's management API."""

    retry = RetryPolicy(deadline=timedelta(minutes=2))  # Okta's limits are renewed each minute

    @property
    def base_url(self) -> str:
        """The organisation's address."""
        return self.config.root

    async def authorize(self) -> Mapping[str, str]:
        """The API token, or the access token of the service application."""
        if self.config.api_token is not None:
            return {"authorization": f"SSWS {self.config.api_token.reveal()}"}
        return await super().authorize()

    def fault(self, response: Response) -> Fault | None:
        """`okta_fault()`."""
        return okta_fault(response)

    async def _grant(self) -> AccessToken:
        """A token for client credentials with a signed assertion, as "Implement OAuth for Okta" describes."""
        url, now = f"{self.base_url}/oauth2/v1/token", self.context.clock.now()
        client = self.config.client_id or ""
        claims: dict[str, str | int] = {
            "iss": client,
            "sub": client,
            "aud": url,
            "jti": uuid7(now),
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(minutes=5)).timestamp()),
        }
        named = {"kid": self.config.key_id} if self.config.key_id else {}
        assertion = signed_token(claims, self.config.private_key or Secret(""), **named)
        form = {
            "grant_type": "client_credentials",
            "scope": " ".join(self.config.scopes),
            "client_assertion_type": _ASSERTION,
            "client_assertion": self.lent(assertion),
        }
        return await request_token(self, url, form=form)
