"""What all of Graph's operations share: address, credentials, faults."""

from __future__ import annotations

from datetime import timedelta

from integrations_sdk.connectors.azure_ad.config import AzureAdConfig
from integrations_sdk.connectors.azure_ad.words import graph_fault
from integrations_sdk.connectors.base import (
    AccessToken,
    Fault,
    GrantedConnector,
    Response,
    RetryPolicy,
    request_token,
)

__all__ = ["GraphApi"]


class GraphApi(GrantedConnector[AzureAdConfig]):
    """Microsoft Graph, as an application that acts by itself."""

    retry = RetryPolicy(deadline=timedelta(minutes=2))  # Graph asks to wait up to a minute and more

    @property
    def base_url(self) -> str:
        """Where Graph begins."""
        return f"{self.config.graph}/{self.config.graph_api_version}"

    def fault(self, response: Response) -> Fault | None:
        """`graph_fault()`."""
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
