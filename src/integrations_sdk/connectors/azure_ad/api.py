"""What all of Graph's operations share: address, credentials, faults."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus

from integrations_sdk.connectors.azure_ad.config import AzureAdConfig
from integrations_sdk.connectors.azure_ad.words import graph_fault
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

__all__ = ["GraphApi"]


class GraphApi(Connector[AzureAdConfig]):
    """Microsoft Graph, as an application that acts by itself."""

    retry = RetryPolicy(deadline=timedelta(minutes=2))  # Graph asks to wait up to a minute and more

    def __init__(self, config: AzureAdConfig, context: ConnectorContext) -> None:
        super().__init__(config, context)
        self._tokens = TokenKeeper(context.clock, self._grant)

    @property
    def base_url(self) -> str:
        """Where Graph begins."""
        return f"{self.config.graph}/{self.config.graph_api_version}"

    async def authorize(self) -> Mapping[str, str]:
        """The application's access token."""
        return {"authorization": f"Bearer {(await self._tokens.token()).reveal()}"}

    def fault(self, response: Response) -> Fault | None:
        """`graph_fault()`; an access token that is refused is not used again."""
        if response.status == HTTPStatus.UNAUTHORIZED:
            self._tokens.forget()
        return graph_fault(response)

    async def _grant(self) -> AccessToken:
        """A token for client credentials: https://learn.microsoft.com/graph/auth-v2-service."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.config.client_id,
            "client_secret": self.config.client_secret.reveal(),
            "scope": self.config.scope,
        }
        return await request_token(self, self.config.token_url, form=form)
