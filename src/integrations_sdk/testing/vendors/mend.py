"""Mend in miniature: logging in and security findings, with both versions of its API.

https://docs.mend.io/platform-api
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["MendStandIn"]

Record = dict[str, JsonValue]


class MendStandIn(StandIn):
    """An organization with the project `shop`.

    Attributes:
        projects: as the API shows them, by UUID.
        findings: of each project, as API 3.0 shows them.
        sessions: how often somebody logged in; `end_sessions()` ends what they got.
        lasts: milliseconds for which a session lasts.
    """

    provider = "mend"
    email = "ci@company.com"
    user_key = "stand0in0user0key0123456789abcdef"
    org_token = "11111111-1111-4111-8111-111111111111"  # noqa: S105  # accepted here and nowhere else

    def __init__(self) -> None:
        super().__init__()
        self.projects: dict[str, Record] = {}
        self.findings: dict[str, list[Record]] = {}
        self.sessions = 0
        self.lasts = 600_000
        self._ended = 0
        self.add_project("shop")

    def config(self) -> dict[str, object]:
        """The organization and a user of it, with API 3.0."""
        return {
            "url": self.url,
            "email": self.email,
            "user_key": self.user_key,
            "org_token": self.org_token,
        }

    def add_project(self, name: str) -> str:
        """Let a project be scanned; its UUID."""
        uuid = f"22222222-2222-4222-8222-{len(self.projects) + 1:012}"
        self.projects[uuid] = {"uuid": uuid, "name": name, "path": "Shop"}
        self.findings[uuid] = []
        return uuid

    def add_finding(
        self,
        severity: str = "HIGH",
        *,
        score: float = 7.5,
        status: str = "UNREVIEWED",
        project: str | None = None,
    ) -> Record:
        """Let a vulnerable library be found."""
        uuid = project or next(iter(self.projects))
        number = sum(map(len, self.findings.values())) + 1
        info: Record = {"findingStatus": status, "status": "ACTIVE" if status == "UNREVIEWED" else "IGNORED"}
        component: Record = {"name": "lodash-4.17.20.tgz", "artifactId": "lodash", "version": "4.17.20"}
        finding: Record = {
            "uuid": f"33333333-3333-4333-8333-{number:012}",
            "name": f"CVE-2026-{1000 + number}",
            "type": "SECURITY_VULNERABILITY",
            "findingInfo": {**info, "detectedAt": "2026-01-01T00:00:00Z"},
            "project": self.projects[uuid],
            "component": {**component, "path": "package.json"},
            "vulnerability": {"name": f"CVE-2026-{1000 + number}", "severity": severity, "score": score},
            "topFix": {
                "type": "UPGRADE_VERSION",
                "message": "Upgrade to version",
                "fixResolution": "4.17.21",
            },
        }
        self.findings[uuid].append(finding)
        return finding

    def end_sessions(self) -> None:
        """Let every token be worth nothing any more."""
        self._ended = self.sessions

    def authorized(self, request: Received) -> Reply | None:
        """A token of a session that has not ended; none to log in."""
        if "/login" in request.path:
            return None
        number = request.headers.get("authorization", "").removeprefix("Bearer jwt-of-session-")
        good = number.isdecimal() and self._ended < int(number) <= self.sessions
        return None if good else _said(401, "Unauthorized")

    def failure(self, status: int) -> Reply:
        """Mend's own shape."""
        return _said(status, f"injected fault {status}")

    def not_found(self, request: Received) -> Reply:
        """Mend's answer to an unknown path."""
        return _said(404, f"no {request.path}")

    @route("POST", "/api/v2.0/login")
    def log_in_2(self, request: Received, _: Mapping[str, str]) -> Reply:
        """A token at once."""
        body = request.json()
        if not self._knows(body) or not isinstance(body, dict) or body.get("orgToken") != self.org_token:
            return _said(403, "Login failed: wrong user key or organization")
        return Reply(json={"retVal": self._session(), "supportToken": "1171c60d"})

    @route("POST", "/api/v3.0/login")
    def log_in_3(self, request: Received, _: Mapping[str, str]) -> Reply:
        """A refresh token, which is good for nothing else."""
        if not self._knows(request.json()):
            return _said(403, "Login failed: wrong user key")
        told: Record = {"email": self.email, "refreshToken": "refresh-token-0123456789", "jwtTTL": 1_800_000}
        return Reply(json={"response": told, "supportToken": "1171c60d"})

    @route("POST", "/api/v3.0/login/accessToken")
    def access_token(self, request: Received, _: Mapping[str, str]) -> Reply:
        """A token for the organization."""
        if not same(request.headers.get("wss-refresh-token", ""), "refresh-token-0123456789"):
            return _said(401, "The refresh token is not valid")
        if request.query.get("orgUuid", self.org_token) != self.org_token:
            return _said(403, "The user is not in this organization")
        return Reply(json={"response": self._session(), "supportToken": "1171c60d"})

    @route("GET", "/api/v2.0/orgs/{org}/projects")
    @route("GET", "/api/v3.0/orgs/{org}/projects")
    def list_projects(self, request: Received, at: Mapping[str, str]) -> Reply:
        """The projects."""
        if at["org"] != self.org_token:
            return _said(403, "No such organization")
        return _page(request, [*self.projects.values()])

    @route("GET", "/api/v3.0/projects/{project}/dependencies/findings/security")
    def list_findings(self, request: Received, at: Mapping[str, str]) -> Reply:
        """The findings of a project."""
        found = self.findings.get(at["project"])
        return _said(404, "Project not found") if found is None else _page(request, found)

    @route("GET", "/api/v2.0/projects/{project}/alerts/security")
    def list_alerts(self, request: Received, at: Mapping[str, str]) -> Reply:
        """The same in API 2.0's words."""
        found = self.findings.get(at["project"])
        return _said(404, "Project not found") if found is None else _page(request, [*map(_alert, found)])

    def _knows(self, body: JsonValue) -> bool:
        given = body if isinstance(body, dict) else {}
        return given.get("email") == self.email and same(str(given.get("userKey")), self.user_key)

    def _session(self) -> Record:
        self.sessions += 1
        token = f"jwt-of-session-{self.sessions}"
        return {"jwtToken": token, "tokenTTL": self.lasts, "orgUuid": self.org_token, "email": self.email}


def _alert(finding: Record) -> Record:
    told = finding["findingInfo"]
    info = (
        {name: value for name, value in told.items() if name != "findingStatus"}
        if isinstance(told, dict)
        else {}
    )
    return {name: value for name, value in finding.items() if name != "findingInfo"} | {"alertInfo": info}


def _page(request: Received, items: Sequence[Record]) -> Reply:
    if "/v2.0/" in request.path:
        size, number = int(request.query.get("pageSize", "50")), int(request.query.get("page", "0"))
        shown, last = items[number * size : (number + 1) * size], (number + 1) * size >= len(items)
        told: Record = {"totalItems": len(items), "isLastPage": last}
        return Reply(json={"additionalData": told, "supportToken": "1171c60d", "retVal": [*shown]})
    size, start = int(request.query.get("limit", "50")), int(request.query.get("cursor", "0"))
    told = {"totalItems": len(items)}
    if start + size < len(items):
        told |= {
            "cursor": start + size,
            "next": f"https://elsewhere.test{request.path}?cursor={start + size}",
        }
    return Reply(
        json={"additionalData": told, "supportToken": "1171c60d", "response": [*items[start : start + size]]}
    )


def _said(status: int, words: str) -> Reply:
    return Reply(status=status, json={"supportToken": "1171c60d", "response": {"errorMessage": words}})
