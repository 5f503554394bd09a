"""`MendConnector`: https://docs.mend.io/platform-api."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import attrs

from integrations_sdk.connectors.base import (
    Category,
    CheckResult,
    ConfigurationError,
    Finding,
    FindingQuery,
    Gate,
    JsonValue,
    Severity,
    at,
    gate_of,
    url_path,
)
from integrations_sdk.connectors.mend.config import MendConfig
from integrations_sdk.connectors.mend.session import MendSession
from integrations_sdk.connectors.mend.words import finding_of, is_open

__all__ = ["MendConnector"]

_PAGE: Final = "500"


class MendConnector(MendSession):
    """Mend (WhiteSource): security findings of an organization's projects.

    Mend's API has no gate of its own: open findings of `fail_on` and worse close it.
    """

    provider = "mend"
    title = "Mend (WhiteSource)"
    category = Category.SECURITY
    Config = MendConfig
    docs_url = "https://docs.mend.io/platform-api"
    setup = (
        "As an administrator, add a service user under Administration → Users.",
        "Configure its e-mail address and its user key.",
        "Configure the address of the environment, which is the one in the browser.",
    )
    permissions = ("read access to the projects (a role such as Viewer)",)
    limits = ("Mend knows no branches: a branch that is scanned by itself is a project of its own.",)

    async def check(self) -> CheckResult:
        """Log in, and ask for the first projects."""
        query, path = {self.api.size: "1"}, await self._projects_path()
        answer = await self.ask("GET", path, operation="projects.list", query=query)
        total = at(answer, "additionalData", "totalItems")
        return CheckResult(detail=f"{self.config.email}: {total} projects")

    async def check_gate(self, query: FindingQuery | None = None) -> Gate:
        """Whether no open finding of `fail_on` or worse is there: in a project, or in any."""
        asked = attrs.evolve(query or FindingQuery(), severity=Severity(self.config.fail_on))
        gate = gate_of([finding async for finding in self.list_findings(asked)], self.config.fail_on)
        project = asked.project or self.config.project
        return Gate(passed=gate.passed, status=gate.status, failures=gate.failures, project=project)

    async def list_findings(self, query: FindingQuery | None = None) -> AsyncIterator[Finding]:
        """The open security findings, project by project and page by page.

        Raises:
            ConfigurationError: it asks for a branch or pull request, which Mend does not know.
        """
        query = query or FindingQuery()
        if query.branch or query.pull_request:
            name = "branch" if query.branch else "pull_request"
            raise ConfigurationError.of(
                "finding query", name, "is nothing Mend knows", "name the project that it is scanned as"
            )
        least = self.least(query)
        async for project in self._projects(query):
            path = self.api.root + url_path(self.api.findings, project=project)
            async for record in self._listed(path, "findings.list"):
                finding = finding_of(record)
                if is_open(record) and finding.severity.reaches(least):
                    yield finding

    async def list_projects(self) -> AsyncIterator[dict[str, JsonValue]]:
        """The organization's projects as Mend describes them, page by page."""
        async for project in self._listed(await self._projects_path(), "projects.list"):
            yield project

    async def _projects(self, query: FindingQuery) -> AsyncIterator[str]:
        if chosen := query.project or self.config.project:
            yield chosen
            return
        async for project in self.list_projects():
            yield str(project.get("uuid"))

    async def _projects_path(self) -> str:
        return self.api.root + url_path("/orgs/{org}/projects", org=await self._in_organization())

    def _listed(self, path: str, operation: str) -> AsyncIterator[dict[str, JsonValue]]:
        api = self.api
        return self.records(
            path, operation=operation, query={api.size: _PAGE}, items=api.body, following=api.following
        )
