"""`SnykConnector`: https://docs.snyk.io/snyk-api/reference, "Issues" and "Projects"."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Final

from integrations_sdk.connectors.base import (
    Category,
    CheckResult,
    ConfigurationError,
    Finding,
    FindingQuery,
    Gate,
    JsonValue,
    RateLimit,
    Scanner,
    Severity,
    at,
    gate_of,
    text_at,
    url_path,
)
from integrations_sdk.connectors.snyk.config import REGIONS, SnykConfig
from integrations_sdk.connectors.snyk.words import finding_of, next_page

__all__ = ["SnykConnector"]

_PAGE: Final = "100"


class SnykConnector(Scanner[SnykConfig]):
    """Snyk: open issues of an organization, of a project, or of a branch of its projects.

    Snyk's API has no gate of its own: open issues of `fail_on` and worse that nobody has ignored close it.
    """

    provider = "snyk"
    title = "Snyk"
    category = Category.SECURITY
    Config = SnykConfig
    docs_url = "https://docs.snyk.io/snyk-api/rest-api/about-the-rest-api"
    setup = (
        "Open the organization's Settings → Service accounts and add one with the role Org Viewer.",
        "Configure its token, and the Organization ID out of Settings → General.",
        "Choose the region that the organization is in.",
    )
    permissions = ("View Organization", "View Project")
    limits = (
        "The API needs a plan that includes it (Enterprise).",
        "A branch is the target reference of Snyk's projects; pull requests are not in the API.",
        "1,620 requests may be sent per minute.",
    )
    rate = RateLimit(calls=1600, period=timedelta(minutes=1))

    @property
    def base_url(self) -> str:
        """The API's address; what the CLI's `SNYK_API` may end in is left out."""
        url = (self.config.api_url or REGIONS[self.config.region]).rstrip("/")
        return next((url.removesuffix(end) for end in ("/rest", "/v1", "/api") if url.endswith(end)), url)

    async def authorize(self) -> Mapping[str, str]:
        """The token."""
        scheme = "Bearer" if self.config.token_type == "bearer" else "token"  # noqa: S105  # a kind, not one
        return {
            "authorization": f"{scheme} {self.config.token.reveal()}",
            "accept": "application/vnd.api+json",
        }

    async def check(self) -> CheckResult:
        """Ask for the organization."""
        query = {"version": self.config.api_version}
        found = await self.ask("GET", self._path(""), operation="orgs.get", query=query)
        return CheckResult(detail=f"the organization {text_at(found, 'data', 'attributes', 'name')}")

    async def check_gate(self, query: FindingQuery | None = None) -> Gate:
        """Whether no open issue of `fail_on` or worse is there: in the organization, a project, or a branch.

        A branch that no project watches opens no gate.
        """
        query = query or FindingQuery()
        places = [place async for place in self._places(query)]
        issues = [
            issue for place in places async for issue in self._issues(place, Severity(self.config.fail_on))
        ]
        gate = gate_of([finding_of(issue, query.branch) for issue in issues], self.config.fail_on)
        failures = gate.failures if places else (f"no project watches the branch {query.branch}",)
        project = query.project or self.config.project
        status = gate.status if places else "unknown"
        return Gate(
            passed=not failures, status=status, failures=failures, project=project, branch=query.branch
        )

    async def list_findings(self, query: FindingQuery | None = None) -> AsyncIterator[Finding]:
        """The open issues that nobody has ignored, page by page.

        Raises:
            ConfigurationError: it asks for a pull request, which Snyk's API does not know.
        """
        query = query or FindingQuery()
        async for place in self._places(query):
            async for issue in self._issues(place, self.least(query)):
                yield finding_of(issue, query.branch)

    async def list_projects(self, *, branch: str | None = None) -> AsyncIterator[dict[str, JsonValue]]:
        """The organization's projects as Snyk describes them, page by page; only those of a branch, if given."""
        async for project in self._listed(
            "/projects", "projects.list", {"target_reference": branch} if branch else {}
        ):
            yield project

    async def _places(self, query: FindingQuery) -> AsyncIterator[dict[str, str]]:
        """The parameters of each search that has to be made."""
        if query.pull_request is not None:
            remedy = "ask for its branch, or let Snyk's own check of pull requests decide"
            unknown = "is nothing Snyk's API knows"
            raise ConfigurationError.of("finding query", "pull_request", unknown, remedy)
        project = query.project or self.config.project
        if query.branch is None:
            yield _project(project) if project else {}
            return
        async for found in self.list_projects(branch=query.branch):
            known = str(at(found, "id"))
            if project in {None, known}:
                yield _project(known)

    def _issues(self, place: Mapping[str, str], least: Severity) -> AsyncIterator[dict[str, JsonValue]]:
        levels = ",".join(one for one in Severity if one.reaches(least))
        query = {"status": "open", "ignored": "false", "effective_severity_level": levels, **place}
        return self._listed("/issues", "issues.list", query)

    def _listed(
        self, template: str, operation: str, query: Mapping[str, str]
    ) -> AsyncIterator[dict[str, JsonValue]]:
        asked = {"version": self.config.api_version, "limit": _PAGE, **query}
        path = self._path(template)
        return self.records(path, operation=operation, query=asked, items="data", following=next_page)

    def _path(self, template: str) -> str:
        return url_path("/rest/orgs/{org}" + template, org=self.config.org_id)


def _project(project: str) -> dict[str, str]:
    return {"scan_item.id": project, "scan_item.type": "project"}
