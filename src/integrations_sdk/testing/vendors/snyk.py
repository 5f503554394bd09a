"""Snyk in miniature: one organization with projects and their issues, in JSON:API.

https://docs.snyk.io/snyk-api/reference
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["SnykStandIn"]

Record = dict[str, JsonValue]

_ORG: Final = "/rest/orgs/{org}"
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VERSION: Final = re.compile(r"\d{4}-\d\d-\d\d(~\w+)?")


class SnykStandIn(StandIn):
    """An organization with the project `shop` of the branch `main`.

    Attributes:
        projects: as the API shows them, by id.
        issues: as the API shows them.
    """

    provider = "snyk"
    token = "5a19d42f-31bc-4ad0-b127-5741ad0d1e57"  # noqa: S105  # accepted here and nowhere else
    org_id = "4a18d42f-0706-4ad0-b127-24078731fbed"

    def __init__(self) -> None:
        super().__init__()
        self.projects: dict[str, Record] = {}
        self.issues: list[Record] = []
        self.add_project()

    def config(self) -> dict[str, object]:
        """The organization, and a token."""
        return {"api_url": self.url, "token": self.token, "org_id": self.org_id}

    def add_project(self, branch: str = "main") -> str:
        """Let a project be watched; its id."""
        project = f"00000000-0000-4000-8000-{len(self.projects) + 1:012}"
        attributes: Record = {"name": "shop/web:package.json", "target_reference": branch, "status": "active"}
        self.projects[project] = {"id": project, "type": "project", "attributes": attributes}
        return project

    def add_issue(
        self, severity: str = "high", *, project: str | None = None, **attributes: JsonValue
    ) -> Record:
        """Let an issue of a package be found."""
        number = len(self.issues) + 1
        place: Record = {"dependency": {"package_name": "lodash", "package_version": "4.17.20"}}
        remedy: Record = {"type": "indeterminate", "description": "Upgrade lodash to 4.17.21"}
        shown: Record = {
            "key": f"SNYK-JS-LODASH-{number}",
            "title": "Prototype Pollution",
            "type": "package_vulnerability",
            "effective_severity_level": severity,
            "status": "open",
            "ignored": False,
            "created_at": f"2026-01-01T00:{number // 60:02}:{number % 60:02}Z",
            "problems": [
                {"id": "CVE-2020-8203", "source": "NVD", "type": "vulnerability"},
                {"id": f"SNYK-JS-LODASH-{number}", "source": "SNYK", "type": "vulnerability", "url": "https://security.snyk.io/vuln/1"},
            ],
            "classes": [{"id": "CWE-1321", "source": "CWE", "type": "weakness"}],
            "coordinates": [{"representations": [place], "remedies": [remedy]}],
            **attributes,
        }  # fmt: skip
        data: Record = {"id": project or next(iter(self.projects)), "type": "project"}
        issue: Record = {"id": f"00000000-0000-4000-9000-{number:012}", "type": "issue", "attributes": shown}
        issue["relationships"] = {"scan_item": {"data": data}}
        self.issues.append(issue)
        return issue

    def authorized(self, request: Received) -> Reply | None:
        """`token` and an API token; and a version, which every request names."""
        if not same(request.headers.get("authorization", ""), f"token {self.token}"):
            return _said(401, "Unauthorized", "The credentials are not valid")
        if not _VERSION.fullmatch(request.query.get("version", "")):
            return _said(400, "Bad Request", "query parameter 'version' is required")
        return None

    def failure(self, status: int) -> Reply:
        """JSON:API's shape."""
        return _said(status, "Error", f"injected fault {status}")

    def not_found(self, request: Received) -> Reply:
        """Snyk's answer to an unknown path."""
        return _said(404, "Not Found", f"no resource at {request.path}")

    @route("GET", _ORG)
    def organization(self, request: Received, at: Mapping[str, str]) -> Reply:
        """The organization."""
        if at["org"] != self.org_id:
            return self.not_found(request)
        return _document({"id": self.org_id, "type": "org", "attributes": {"name": "Shop", "slug": "shop"}})

    @route("GET", _ORG + "/projects")
    def list_projects(self, request: Received, at: Mapping[str, str]) -> Reply:
        """The projects, of one branch if asked for."""
        if at["org"] != self.org_id:
            return self.not_found(request)
        branch = request.query.get("target_reference")
        fitting = [
            one for one in self.projects.values() if branch in {None, _attribute(one, "target_reference")}
        ]
        return _page(request, fitting)

    @route("GET", _ORG + "/issues")
    def list_issues(self, request: Received, at: Mapping[str, str]) -> Reply:
        """The issues that fit every filter."""
        if at["org"] != self.org_id:
            return self.not_found(request)
        if ("scan_item.id" in request.query) != ("scan_item.type" in request.query):
            return _said(400, "Bad Request", "scan_item.id and scan_item.type go together")
        fitting = [issue for issue in self.issues if _fits(issue, request.query)]
        return _page(request, fitting)


def _fits(issue: Record, query: Mapping[str, str]) -> bool:
    severities = query.get("effective_severity_level", "").split(",")
    wanted = query.get("scan_item.id")
    return (
        _attribute(issue, "effective_severity_level") in severities
        and _attribute(issue, "status") == query.get("status")
        and str(_attribute(issue, "ignored")).lower() == query.get("ignored")
        and (wanted is None or f"'id': '{wanted}'" in str(issue["relationships"]))
    )


def _page(request: Received, items: Sequence[Record]) -> Reply:
    """A page of what fits; the cursor is how many were shown."""
    size = int(request.query.get("limit", "10"))
    if size not in range(10, 101, 10):
        return _said(400, "Bad Request", "limit must be a multiple of 10, at most 100")
    start = int(request.query.get("starting_after", "0"))
    links: Record = {"self": request.path}
    if start + size < len(items):
        query = urlencode({**request.query, "starting_after": str(start + size)})
        links["next"] = f"{request.path}?{query}"
    return _document([*items[start : start + size]], links)


def _document(data: JsonValue, links: Record | None = None) -> Reply:
    headers = {"content-type": "application/vnd.api+json", "snyk-request-id": "8a1f-2"}
    return Reply(json={"data": data, "jsonapi": {"version": "1.0"}, "links": links or {}}, headers=headers)


def _said(status: int, title: str, detail: str) -> Reply:
    error: Record = {"status": str(status), "title": title, "detail": detail, "id": "f16c31b5"}
    headers = {"content-type": "application/vnd.api+json", "snyk-request-id": "8a1f-2"}
    return Reply(status=status, json={"errors": [error], "jsonapi": {"version": "1.0"}}, headers=headers)


def _attribute(record: Record, name: str) -> JsonValue:
    attributes = record["attributes"]
    return attributes.get(name) if isinstance(attributes, dict) else None
