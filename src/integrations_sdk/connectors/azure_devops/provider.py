"""`AzureDevOpsConnector`: what it is, and whether it works."""

from __future__ import annotations

from integrations_sdk.connectors.azure_devops.config import AzureDevOpsConfig
from integrations_sdk.connectors.azure_devops.pipelines import Pipelines
from integrations_sdk.connectors.azure_devops.work_items import WorkItems
from integrations_sdk.connectors.base import Category, CheckResult, text_at, url_path

__all__ = ["AzureDevOpsConnector"]


class AzureDevOpsConnector(WorkItems, Pipelines):
    """Work items and pipelines of a project on Azure DevOps. It acts on no events of itself."""

    provider = "azure_devops"
    title = "Azure DevOps"
    category = Category.CLOUD
    Config = AzureDevOpsConfig
    docs_url = "https://learn.microsoft.com/rest/api/azure/devops/"
    setup = (
        "User settings → Personal access tokens → New token, for the organisation of the project.",
        "Or an application of Microsoft Entra ID that is a user of the organisation; its tokens last an hour.",
    )
    permissions = (
        "PAT: Work Items (Read & write)",
        "PAT: Build (Read & execute) for pipelines",
        "PAT: Project and team (Read)",
    )
    limits = (
        "Without `external_id_field` each external id is a tag of its own, which begins with `sync:`.",
        "Texts are kept as HTML; titles are cut at 255 characters.",
        "A pipeline's `parameters` must be declared in its YAML, its `variables` settable at queue time.",
        "Above 200 units of use in five minutes Azure DevOps delays requests, then refuses them with 429.",
    )

    async def check(self) -> CheckResult:
        """Ask for the project."""
        path = url_path("/_apis/projects/{project}", project=self.config.project)
        project = await self.ask("GET", path, operation="Projects - Get", query=self.version)
        state = text_at(project, "state")
        warning = f"the project is {state}: nothing can be created in it"
        return CheckResult(
            detail=f"{text_at(project, 'name')} on {self.base_url}",
            warnings=(warning,) if state not in {None, "wellFormed"} else (),
        )
