"""One organisation or collection of Azure DevOps: where it is, and how to get in."""

from __future__ import annotations

from collections.abc import Mapping

from integrations_sdk.connectors.azure_devops.config import AzureDevOpsConfig
from integrations_sdk.connectors.azure_devops.words import azure_fault
from integrations_sdk.connectors.base import Connector, Fault, Response, basic, url_path

__all__ = ["AzureDevOpsApi"]


class AzureDevOpsApi(Connector[AzureDevOpsConfig]):
    """The REST API: https://learn.microsoft.com/rest/api/azure/devops/."""

    @property
    def base_url(self) -> str:
        """The organisation or collection."""
        return self.config.root

    async def authorize(self) -> Mapping[str, str]:
        """The token: as the password of nobody in particular, or as bearer."""
        token = self.config.token.reveal()
        bearer = self.config.token_type == "bearer"  # noqa: S105  # a kind of token, not one
        return {"authorization": f"Bearer {token}" if bearer else basic("", token)}

    def fault(self, response: Response) -> Fault | None:
        """`azure_fault()`."""
        return azure_fault(response)

    def path(self, template: str, **values: object) -> str:
        """A path below the project's `_apis`, e.g. `path("/wit/workitems/{id}", id=7)`."""
        return url_path("/{project}/_apis" + template, project=self.config.project, **values)

    @property
    def version(self) -> dict[str, str]:
        """The query that every request needs."""
        return {"api-version": self.config.api_version}
