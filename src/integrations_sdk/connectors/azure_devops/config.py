"""Which organisation or server, which project, and what its work items and pipelines are called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta

from integrations_sdk.connectors.base import (
    ConnectorConfig,
    Problem,
    Secret,
    http_url,
    not_empty,
    one_of,
    setting,
    settings,
)

__all__ = ["AzureDevOpsConfig"]


def _organization(value: str) -> str | None:
    good = re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?", value)
    return None if good else "the name alone: `company` of https://dev.azure.com/company"


def _field(value: str) -> str | None:
    return (
        None if re.fullmatch(r"[A-Za-z_]\w*(\.\w+)+", value) else "a reference name such as Custom.ExternalId"
    )


def _interval(value: timedelta) -> str | None:
    return None if value >= timedelta(seconds=1) else "1 second or more"


@settings
class AzureDevOpsConfig(ConnectorConfig):
    """A project on Azure DevOps Services or Azure DevOps Server, and the token to reach it."""

    organization: str | None = setting(
        "Organisation on Azure DevOps Services.",
        default=None,
        validate=_organization,
        also=("organisation",),
        env=("AZURE_DEVOPS_ORG",),
        example="company",
    )
    url: str | None = setting(
        "Address of a collection on Azure DevOps Server, in place of the organisation.",
        default=None,
        validate=http_url,
        also=("server_url", "base_url", "api_url", "organization_url"),
        env=("AZURE_DEVOPS_URL",),
        example="https://devops.company.com/DefaultCollection",
    )
    project: str = setting(
        "Name or id of the project.",
        validate=not_empty,
        also=("project_name",),
        env=("AZURE_DEVOPS_PROJECT",),
        example="shop",
    )
    token: Secret = setting(
        "Personal access token, or an access token of Microsoft Entra ID.",
        validate=not_empty,
        also=("personal_access_token", "pat", "access_token", "api_token"),
        env=("AZURE_DEVOPS_TOKEN", "AZURE_DEVOPS_EXT_PAT"),
        example="env:AZURE_DEVOPS_TOKEN",
    )
    token_type: str = setting(
        "How the token is sent: `pat`, or `bearer` for Entra ID.",
        default="pat",
        validate=one_of("pat", "bearer"),
    )
    api_version: str = setting(
        "Version of the API; an older server takes 6.0 or 7.0.", default="7.1", validate=not_empty
    )
    work_item_type: str = setting(
        "Type of the work items that are created.", default="Task", validate=not_empty, also=("issue_type",)
    )
    work_item_types: Mapping[str, str] = setting(
        "Types by what an issue is about, where a draft names that instead of a type.",
        factory=dict,
        also=("issue_types",),
        example="config_error: Bug",
    )
    area_path: str | None = setting(
        "Area of new work items.", default=None, validate=not_empty, example="shop\\web"
    )
    iteration_path: str | None = setting("Iteration of new work items.", default=None, validate=not_empty)
    external_id_field: str | None = setting(
        "Text field that keeps external ids; without it, a tag does.",
        default=None,
        validate=_field,
        example="Custom.ExternalId",
    )
    pipeline: str | None = setting(
        "Pipeline of builds that name none, by name or id.",
        default=None,
        validate=not_empty,
        also=("default_job",),
    )
    branch: str = setting("Branch of builds that name none.", default="main", validate=not_empty)
    parameters_as: str = setting(
        "What a build's parameters become: `templateParameters` of the YAML, or `variables`.",
        default="templateParameters",
        validate=one_of("templateParameters", "variables"),
    )
    poll_interval: timedelta = setting(
        "Seconds between looks at a run that is waited for; it grows to a minute.",
        default=timedelta(seconds=5),
        validate=_interval,
    )

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """An organisation, or a server."""
        if not given.get("organization") and not given.get("url"):
            yield Problem(
                "organization", "missing; expected some text", "add it, or the url of a server's collection"
            )
        elif given.get("organization") and given.get("url"):
            yield Problem("url", "given together with an organization", "leave one of them out")

    @property
    def root(self) -> str:
        """The organisation or collection."""
        return (self.url or f"https://dev.azure.com/{self.organization}").rstrip("/")
