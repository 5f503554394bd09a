"""SonarQube in miniature: projects with branches, their gates, measures and issues.

https://docs.sonarsource.com/sonarqube-server/extension-guide/web-api/
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import attrs

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["SonarQubeBranch", "SonarQubeStandIn"]

Record = dict[str, JsonValue]


@attrs.define(kw_only=True)
class SonarQubeBranch:
    """What is known of a branch (or pull request) of a project.

    Attributes:
        status: of its quality gate: `OK`, `ERROR`, `NONE`.
        conditions: of the gate, as the API shows them.
        measures: by metric.
        issues: as the API shows them, in the order of their creation.
    """

    status: str = "OK"
    conditions: list[JsonValue] = attrs.field(factory=list)
    measures: dict[str, str] = attrs.field(factory=lambda: {"coverage": "87.5", "ncloc": "1200"})
    issues: list[Record] = attrs.field(factory=list)


class SonarQubeStandIn(StandIn):
    """A SonarQube Server with the project `shop_web`.

    Attributes:
        branches: by project and branch or pull request; `("shop_web", "")` is the main branch.
        most: how many results of a search can be seen.
    """

    provider = "sonarqube"
    token = "squ_stand0in0123456789abcdef0123456789abcdef"  # noqa: S105  # accepted here and nowhere else

    def __init__(self) -> None:
        super().__init__()
        self.branches = {("shop_web", ""): SonarQubeBranch()}
        self.most = 10_000
        self._made = 0

    def config(self) -> dict[str, object]:
        """The server, a token and a project."""
        return {"url": self.url, "token": self.token, "project": "shop_web"}

    def add_issue(self, severity: str = "MAJOR", *, branch: str = "", **more: JsonValue) -> Record:
        """Let an issue be found, a minute after the one before."""
        self._made += 1
        created = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=self._made)
        issue: Record = {
            "key": f"AX-{self._made}",
            "rule": "python:S5332",
            "severity": severity,
            "component": "shop_web:web/login.py",
            "project": "shop_web",
            "line": 7,
            "status": "OPEN",
            "issueStatus": "OPEN",
            "message": "Use https instead",
            "type": "VULNERABILITY",
            "tags": ["cwe"],
            "creationDate": f"{created:%Y-%m-%dT%H:%M:%S+0000}",
            **more,
        }
        self.branches["shop_web", branch].issues.append(issue)
        return issue

    def authorized(self, request: Received) -> Reply | None:
        """A bearer token; whether it is valid, anybody may ask."""
        if request.path == "/api/authentication/validate" or self._is_known(request):
            return None
        return Reply(status=401)  # without a word

    def failure(self, status: int) -> Reply:
        """SonarQube's own shape."""
        return _said(status, f"injected fault {status}")

    def not_found(self, request: Received) -> Reply:
        """SonarQube's answer to an unknown path."""
        return _said(404, f"Unknown url : {request.path}")

    @route("GET", "/api/authentication/validate")
    def validate(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Whether the token is valid, under status 200 either way."""
        return Reply(json={"valid": self._is_known(request)})

    @route("GET", "/api/system/status")
    def status(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """The version."""
        return Reply(json={"id": "147B411E", "version": "2026.1.0.119033", "status": "UP"})

    @route("GET", "/api/qualitygates/project_status")
    def project_status(self, request: Received, _: Mapping[str, str]) -> Reply:
        """The quality gate."""
        found = self._branch(request, "projectKey")
        if isinstance(found, Reply):
            return found
        return Reply(json={"projectStatus": {"status": found.status, "conditions": [*found.conditions]}})

    @route("GET", "/api/measures/component")
    def measures(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Some measures."""
        found = self._branch(request, "component")
        if isinstance(found, Reply):
            return found
        wanted = request.query.get("metricKeys", "").split(",")
        shown: list[JsonValue] = [
            {
                "metric": name,
                **({"period": {"value": value}} if name.startswith("new_") else {"value": value}),
            }
            for name, value in found.measures.items()
            if name in wanted
        ]
        return Reply(json={"component": {"key": request.query["component"], "measures": shown}})

    @route("GET", "/api/issues/search")
    def search(self, request: Received, _: Mapping[str, str]) -> Reply:
        """The issues, page by page, and no further than the search sees."""
        found = self._branch(request, "components" if "components" in request.query else "componentKeys")
        if isinstance(found, Reply):
            return found
        page, size = int(request.query.get("p", "1")), int(request.query.get("ps", "100"))
        if not 1 <= size <= 500:
            return _said(400, "'ps' value (501) must be less than 500")
        if page * size > self.most:
            return _said(400, f"Can return only the first {self.most} results. {page * size}th result asked.")
        after, kinds = request.query.get("createdAfter", ""), request.query.get("types", "")
        fitting: list[JsonValue] = [
            issue
            for issue in found.issues
            if str(issue["creationDate"]) >= after and (not kinds or str(issue["type"]) in kinds.split(","))
        ]
        paging: Record = {"pageIndex": page, "pageSize": size, "total": len(fitting)}
        return Reply(json={"paging": paging, "issues": fitting[(page - 1) * size : page * size]})

    def _is_known(self, request: Received) -> bool:
        given = request.headers.get("authorization", "")
        as_user = base64.b64encode(f"{self.token}:".encode()).decode()  # the older way
        return same(given, f"Bearer {self.token}") or same(given, f"Basic {as_user}")

    def _branch(self, request: Received, name: str) -> SonarQubeBranch | Reply:
        project = request.query.get(name, "")
        branch = request.query.get("branch", request.query.get("pullRequest", ""))
        if (project, "") not in self.branches:
            return _said(404, f"Project '{project}' not found")
        return self.branches.get((project, branch)) or _said(
            404, f"Component '{project}' on branch '{branch}' not found"
        )


def _said(status: int, words: str) -> Reply:
    return Reply(status=status, json={"errors": [{"msg": words}]})
