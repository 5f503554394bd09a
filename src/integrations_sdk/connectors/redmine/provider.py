"""`RedmineConnector`: where it is, and whether it works."""

from __future__ import annotations

from collections.abc import Mapping

from integrations_sdk.connectors.base import Category, CheckResult, Fault, Response, at, text_at, url_path
from integrations_sdk.connectors.redmine.config import RedmineConfig
from integrations_sdk.connectors.redmine.issues import RedmineIssues
from integrations_sdk.connectors.redmine.words import redmine_fault

__all__ = ["RedmineConnector"]


class RedmineConnector(RedmineIssues):
    """Issues of a project on Redmine. It acts on no events of itself."""

    provider = "redmine"
    title = "Redmine"
    category = Category.ISSUE_TRACKING
    Config = RedmineConfig
    docs_url = "https://www.redmine.org/projects/redmine/wiki/Rest_api"
    setup = (
        "Administration → Settings → API: enable the REST web service.",
        "As the account that is to act: My account → API access key → Show.",
        "For external ids: Administration → Custom fields → Issues, a text field that is used as a filter.",
    )
    permissions = ("View issues", "Add issues", "Edit issues", "Add notes")
    limits = (
        "Redmine has no labels: they are kept in `labels_field`, or not at all.",
        "External ids need `external_id_field`; without it, drafts that have one are refused.",
        "A status that the workflow does not allow is an error here; Redmine itself ignores it.",
        "Subjects are cut at 255 characters.",
    )

    @property
    def base_url(self) -> str:
        """Redmine's address."""
        return self.config.url.rstrip("/")

    async def authorize(self) -> Mapping[str, str]:
        """The key, and on whose behalf it is used."""
        who = {"x-redmine-switch-user": self.config.switch_user} if self.config.switch_user else {}
        return {"x-redmine-api-key": self.config.api_key.reveal(), **who}

    def fault(self, response: Response) -> Fault | None:
        """`redmine_fault()`."""
        return redmine_fault(response)

    async def check(self) -> CheckResult:
        """Ask who we are, and for the project."""
        answer = await self.ask("GET", "/users/current.json", operation="users.current")
        login = text_at(answer, "user", "login")
        path = url_path("/projects/{id}.json", id=self.config.project)
        project = at(await self.ask("GET", path, operation="projects.get"), "project")
        closed = at(project, "status") in (5, 9)  # a tuple: what comes may be unhashable
        warning = "the project is closed or archived: nothing can be created in it"
        return CheckResult(
            detail=f"{login} in {text_at(project, 'name')}", warnings=(warning,) if closed else ()
        )
