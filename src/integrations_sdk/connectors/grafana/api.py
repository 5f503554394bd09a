"""What all of Grafana's operations share: address, credentials, faults."""

from __future__ import annotations

from collections.abc import Mapping

from integrations_sdk.connectors.base import Connector, Fault, Outcome, Response, text_at
from integrations_sdk.connectors.grafana.config import GrafanaConfig
from integrations_sdk.connectors.grafana.payloads import grafana_fault

__all__ = ["GrafanaApi"]


class GrafanaApi(Connector[GrafanaConfig]):
    """Grafana's HTTP API."""

    @property
    def base_url(self) -> str:
        """Where the API begins."""
        return f"{self.config.url.rstrip('/')}/api"

    async def authorize(self) -> Mapping[str, str]:
        """The service account's token."""
        return {"authorization": f"Bearer {self.config.token.reveal()}"}

    def fault(self, response: Response) -> Fault | None:
        """`grafana_fault()`."""
        return grafana_fault(response)

    def made(self, response: Response) -> Outcome:
        """The outcome of creating something, with its id."""
        said = self.parse(response)
        uid = self.config.dashboard_uid
        url = f"{self.config.url.rstrip('/')}/d/{uid}" if uid else None
        return self.done(response, reference=text_at(said, "id"), url=url)
