"""`SonarQubeConnector`: https://docs.sonarsource.com/sonarqube-server/extension-guide/web-api/."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from integrations_sdk.connectors.base import (
    AuthenticationError,
    Category,
    CheckResult,
    Fault,
    Finding,
    FindingQuery,
    Gate,
    JsonValue,
    RejectedError,
    Response,
    Scanner,
    at,
    objects_at,
    text_at,
)
from integrations_sdk.connectors.sonarqube.config import SonarQubeConfig
from integrations_sdk.connectors.sonarqube.words import finding_of, gate_from, place

__all__ = ["SonarQubeConnector"]


class SonarQubeConnector(Scanner[SonarQubeConfig]):
    """SonarQube Server and SonarQube Cloud: quality gates and issues of a project, its branches and pull requests."""

    provider = "sonarqube"
    title = "SonarQube"
    category = Category.SECURITY
    Config = SonarQubeConfig
    docs_url = "https://docs.sonarsource.com/sonarqube-server/extension-guide/web-api/"
    setup = (
        "Log in to SonarQube as a user who may browse the project.",
        "Open My Account → Security and generate a user token.",
        "Configure the token, the project's key, and on Server its address.",
    )
    permissions = ("Browse, on the project",)
    limits = (
        "Security hotspots are no issues; the quality gate knows of them.",
        "Branches and pull requests need Developer Edition or Cloud.",
        "SonarQube Server 10.2 and later.",
    )
    page = 500
    window = 10_000
    """No search returns more; what comes after is asked for by date."""

    @property
    def base_url(self) -> str:
        """Where SonarQube is."""
        return self.config.url.rstrip("/")

    async def authorize(self) -> Mapping[str, str]:
        """The token."""
        return {"authorization": f"Bearer {self.config.token.reveal()}"}

    async def check(self) -> CheckResult:
        """Ask whether the token is valid, and for the project's quality gate.

        Raises:
            AuthenticationError: it is not.
            RejectedError: the project does not exist, or the token cannot see it.
        """
        answer = await self.call("GET", "/api/authentication/validate", operation="authentication.validate")
        if self.parse(answer).get("valid") is not True:  # says so under status 200
            raise self.error(Fault(AuthenticationError, "the token is not valid"), answer)
        detail, warnings = "SonarQube Cloud", tuple[str, ...]()
        if not self.config.is_cloud:
            state = await self.ask("GET", "/api/system/status", operation="system.status")
            detail = f"SonarQube {state.get('version')}, {str(state.get('status')).lower()}"
        if self.config.project is not None:
            gate = await self.check_gate()
            detail = f"{gate.project} on {detail}: gate {gate.status}"
            warnings = gate.failures if gate.status == "NONE" else ()
        return CheckResult(detail=detail, warnings=warnings)

    async def check_gate(self, query: FindingQuery | None = None) -> Gate:
        """The quality gate of the project, or of a branch or pull request of it.

        Raises:
            RejectedError: the project does not exist, or the token cannot see it.
            ConfigurationError: nothing says which project.
        """
        project, where = place(query, self.config)
        asked, path = {"projectKey": project, **where}, "/api/qualitygates/project_status"
        answer = await self.ask("GET", path, operation="qualitygates.project_status", query=asked)
        return gate_from(answer, project, where, self.base_url)

    async def get_measures(self, metrics: Sequence[str], query: FindingQuery | None = None) -> dict[str, str]:
        """The project's measures by their metric, e.g. `coverage`; one that it has none of is left out."""
        project, where = place(query, self.config)
        wanted = {"component": project, "metricKeys": ",".join(metrics), **where}
        answer = await self.ask(
            "GET", "/api/measures/component", operation="measures.component", query=wanted
        )
        found = {
            text_at(measure, "metric"): text_at(measure, "value") or text_at(measure, "period", "value")
            for measure in objects_at(at(answer, "component"), "measures")
        }
        return {metric: value for metric, value in found.items() if metric and value}

    async def list_findings(self, query: FindingQuery | None = None) -> AsyncIterator[Finding]:
        """The unresolved issues, oldest first, page by page; more than 10,000 as well.

        Raises:
            RejectedError: 10,000 or more of the very same moment; narrow it down.
            ConfigurationError: nothing says which project.
        """
        _, where = place(query, self.config)
        least, moment, known = self.least(query), "", set[str]()
        async for issue in self._issues(query):
            key, created = str(issue.get("key")), str(issue.get("creationDate"))
            if created != moment:
                moment, known = created, set()
            if key not in known:  # where two searches meet, both know those of the moment they meet at
                known.add(key)
                finding = finding_of(issue, where, self.base_url)
                if finding.severity.reaches(least):
                    yield finding

    async def _issues(self, query: FindingQuery | None) -> AsyncIterator[dict[str, JsonValue]]:
        search, page, after = self._search(query), 1, ""
        while True:
            asked = {**search, "p": str(page), **({"createdAfter": after} if after else {})}
            response = await self.call("GET", "/api/issues/search", operation="issues.search", query=asked)
            answer = self.parse(response)
            issues = objects_at(answer, "issues")
            for issue in issues:
                yield issue
            total = at(answer, "paging", "total") or answer.get("total")
            if not issues or not isinstance(total, int) or page * self.page >= total:
                return
            page += 1
            if page * self.page > self.window:
                after, page = self._beyond(issues[-1], after, response), 1

    def _beyond(self, last: dict[str, JsonValue], after: str, response: Response) -> str:
        """The moment that the next search begins at."""
        moment = str(last.get("creationDate"))
        if moment == after:
            said = f"{self.window} issues or more of {moment}: narrow it down, e.g. by `types` or a branch"
            raise self.error(Fault(RejectedError, said, "too_many"), response)
        return moment

    def _search(self, query: FindingQuery | None) -> dict[str, str]:
        project, where = place(query, self.config)
        config = self.config
        # Server 10.2 renamed what Cloud still calls so.
        search = {"componentKeys" if config.is_cloud else "components": project, "resolved": "false", **where}
        if config.organization is not None and config.is_cloud:
            search["organization"] = config.organization
        if config.types:
            search["types"] = ",".join(config.types)
        return {**search, "s": "CREATION_DATE", "asc": "true", "ps": str(self.page)}
