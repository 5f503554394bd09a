"""`AsanaConnector`: who it is, and whether it works."""

from __future__ import annotations

from collections.abc import Mapping

from integrations_sdk.connectors.asana.config import AsanaConfig
from integrations_sdk.connectors.asana.tasks import AsanaTasks
from integrations_sdk.connectors.asana.words import asana_fault
from integrations_sdk.connectors.base import Category, CheckResult, Fault, Response, at, text_at, url_path

__all__ = ["AsanaConnector"]


class AsanaConnector(AsanaTasks):
    """Tasks of a project on Asana. It acts on no events of itself."""

    provider = "asana"
    title = "Asana"
    category = Category.ISSUE_TRACKING
    Config = AsanaConfig
    docs_url = "https://developers.asana.com/reference/tasks"
    setup = (
        "https://app.asana.com/0/my-apps → Create new token; copy it.",
        "The project's gid is the number after `/project/` in its address.",
        "For finding tasks again: add a text field to the project, and configure its gid as `external_id_field`.",
    )
    permissions = ("a member of the project who may edit it",)
    limits = (
        "Without `external_id_field` the external id needs the token of an OAuth app, and no other app sees it.",
        "With it, finding needs a paid plan, and lags behind by seconds.",
        "150 requests a minute on free plans, 1,500 on paid ones.",
    )

    @property
    def base_url(self) -> str:
        """Where the API is."""
        return self.config.api_url.rstrip("/")

    async def authorize(self) -> Mapping[str, str]:
        """The token."""
        return {"authorization": f"Bearer {self.config.access_token.reveal()}"}

    def fault(self, response: Response) -> Fault | None:
        """`asana_fault()`."""
        return asana_fault(response)

    async def check(self) -> CheckResult:
        """Ask who we are, and for the project."""
        answer = await self.call("GET", "/users/me", operation="getUser", query={"opt_fields": "name"})
        name = text_at(self.parse(answer), "data", "name")
        path = url_path("/projects/{gid}", gid=self.config.project)
        answer = await self.call("GET", path, operation="getProject", query={"opt_fields": "name,archived"})
        project = at(self.parse(answer), "data")
        warning = "the project is archived: nobody looks at its tasks"
        return CheckResult(
            detail=f"{name} in {text_at(project, 'name')}",
            warnings=(warning,) if at(project, "archived") is True else (),
        )
