"""What all operations of a service of your own share: address, credentials, faults."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote_plus

import attrs

from integrations_sdk.connectors.base import (
    AccessToken,
    ConnectorContext,
    Fault,
    GrantedConnector,
    Response,
    RetryPolicy,
    basic,
    changed_query,
    json_of,
    oauth_fault,
    request_token,
    text_at,
)
from integrations_sdk.connectors.custom.config import CustomConfig

__all__ = ["CustomApi"]


class CustomApi(GrantedConnector[CustomConfig]):
    """A service as its configuration describes it."""

    def __init__(self, config: CustomConfig, context: ConnectorContext) -> None:
        super().__init__(config, context)
        self.retry = RetryPolicy(deadline=config.timeout)

    @property
    def base_url(self) -> str:
        """Where paths begin."""
        return self.config.base_url.rstrip("/")

    async def authorize(self) -> Mapping[str, str]:
        """The headers of every request, with the credentials that go in one."""
        fixed = {name: value.reveal() for name, value in self.config.headers.items()}
        return {**fixed, **await self._credentials_of(self.config)}

    def fault(self, response: Response) -> Fault | None:
        """As the status says, in the words that stand where `error_message` says."""
        found, place = oauth_fault(response), self.config.error_message
        words = text_at(json_of(response), *place.split(".")) if found and place else None
        return attrs.evolve(found, message=words) if found and words else found

    def _with_token(self, query: str) -> str:
        config = self.config
        if config.auth != "query" or config.token is None:
            return query
        return changed_query(query, **{config.token_name or "": config.token.reveal()})

    async def _credentials_of(self, config: CustomConfig) -> Mapping[str, str]:
        token = config.token.reveal() if config.token else ""
        if config.auth == "basic":
            return {
                "authorization": basic(
                    config.username or "", config.password.reveal() if config.password else ""
                )
            }
        if config.auth == "oauth2":
            token = (await self._tokens.token()).reveal()
        if config.auth in {"bearer", "oauth2"}:
            return {"authorization": f"Bearer {token}"}
        return {config.token_name or "": token} if config.auth == "header" else {}

    async def _grant(self) -> AccessToken:
        """A token for client credentials (RFC 6749 §4.4)."""
        config = self.config
        client, secret = config.client_id or "", config.client_secret.reveal() if config.client_secret else ""
        form = {"grant_type": "client_credentials", **({"scope": config.scope} if config.scope else {})}
        if config.client_authentication == "post":
            form |= {"client_id": client, "client_secret": secret}
            headers = {}
        else:  # both form-urlencoded first (RFC 6749 §2.3.1)
            headers = {"authorization": basic(quote_plus(client), quote_plus(secret))}
        return await request_token(self, config.token_url or "", form=form, headers=headers)
