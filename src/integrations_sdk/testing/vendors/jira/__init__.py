"""Jira in miniature: one project with issues, comments, remote links, a workflow, and a search by JQL.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/ and, for Data Center,
https://developer.atlassian.com/server/jira/platform/rest/
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from hmac import compare_digest
from typing import Final, TypeVar

from integrations_sdk.models import JsonValue
from integrations_sdk.testing.standin import Received, Reply, StandIn, route
from integrations_sdk.testing.vendors.jira.checks import (
    FIELDS,
    SEARCH_FIELDS,
    Record,
    field_problems,
    found_by,
    object_of,
    objects_of,
    page_of,
    refusal,
    shown_of,
    text_problem,
    unreadable,
    wrong_fields,
)

__all__ = ["JiraStandIn"]

R = TypeVar("R", bound=Callable[..., Reply])

_NO_ISSUE: Final = "Issue does not exist or you do not have permission to see it."


def _both(method: str, path: str) -> Callable[[R], R]:
    """A route of both versions of the API."""

    def mark(respond: R) -> R:
        return route(method, f"/rest/api/3{path}")(route(method, f"/rest/api/2{path}")(respond))

    return mark


class JiraStandIn(StandIn):
    """A Jira with the project `PROJ` and the workflow To Do, In Progress, Done.

    Args:
        deployment: `cloud` (API 3, account and token) or `server` (API 2, personal access token).

    Attributes:
        projects: their issue types, by key.
        issues: as the API shows them, by key; `comments` and `links` of each likewise.
        search_lag: how many searches an issue created from now on stays hidden from, as Cloud's index lags.
        transitions: of the workflow; each may be made from everywhere.
    """

    provider = "jira"
    username = "gitlab-bot@company.test"
    token = "jira-stand-in-0123456789"  # noqa: S105  # accepted here and nowhere else

    def __init__(self, deployment: str = "cloud") -> None:
        super().__init__()
        self.deployment = deployment
        self.projects = {"PROJ": ["Task", "Bug", "Story", "Epic"]}
        self.issues: dict[str, Record] = {}
        self.comments: dict[str, list[Record]] = {}
        self.links: dict[str, list[Record]] = {}
        self.search_lag = 0
        self.transitions: list[Record] = [
            _transition("11", "To Do", "10000", "new"),
            _transition("21", "In Progress", "3", "indeterminate"),
            _transition("31", "Done", "10001", "done"),
        ]
        self._hidden: dict[str, int] = {}
        self._last_id = 10_000

    def config(self) -> dict[str, object]:
        """The site with its credentials, and the project."""
        account = {"username": self.username} if self.deployment == "cloud" else {}
        known = {
            "url": self.url,
            "api_token": self.token,
            "project_key": "PROJ",
            "deployment": self.deployment,
        }
        return {**known, **account}

    def authorized(self, request: Received) -> Reply | None:
        """Basic with account and token on Cloud, bearer elsewhere; then version and content type."""
        pair = base64.b64encode(f"{self.username}:{self.token}".encode()).decode()
        expected = f"Basic {pair}" if self.deployment == "cloud" else f"Bearer {self.token}"
        if not compare_digest(request.headers.get("authorization", "").encode(), expected.encode()):
            said = "Client must be authenticated to access this resource."
            return Reply(status=401, json={"message": said, "status-code": 401})
        if self.deployment == "server" and request.path.startswith("/rest/api/3/"):
            return self.not_found(request)
        if request.method in {"POST", "PUT"}:
            return unreadable(request)
        return None

    def failure(self, status: int) -> Reply:
        """Jira's errors are lists of sentences."""
        said = "Rate limit exceeded" if status == 429 else f"injected fault {status}"
        return refusal(said, status=status)

    def not_found(self, request: Received) -> Reply:
        """Jira's answer to an unknown path."""
        return Reply(status=404, json={"message": f"null for uri: {request.path}", "status-code": 404})

    @_both("GET", "/myself")
    def myself(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """Who asks."""
        cloud: Record = {"accountId": "5b10a2844c20165700ede21g", "emailAddress": self.username}
        server: Record = {"name": "gitlab", "key": "JIRAUSER10100"}
        return Reply(
            json={
                **(cloud if self.deployment == "cloud" else server),
                "displayName": "GitLab Bot",
                "active": True,
            }
        )

    @_both("GET", "/serverInfo")
    def server_info(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """What kind of Jira it is, and of which version."""
        cloud = self.deployment == "cloud"
        numbers: list[JsonValue] = [1001, 0, 0] if cloud else [10, 3, 15]
        version = "1001.0.0-SNAPSHOT" if cloud else "10.3.15"
        known: Record = {"baseUrl": self.url, "version": version, "versionNumbers": numbers}
        return Reply(json={**known, "deploymentType": "Cloud" if cloud else "Server"})

    @_both("GET", "/field")
    def fields(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """The fields that there are."""
        return Reply(json=[{"id": name, "name": name.title(), "custom": False} for name in sorted(FIELDS)])

    @_both("GET", "/issue/createmeta/{project}/issuetypes")
    def issue_types(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """The types of issues that can be created in a project."""
        if at["project"] not in self.projects:
            return refusal(
                "Project not found or you do not have permission to create issues in it.", status=404
            )
        kinds: list[JsonValue] = [
            {"id": str(10_001 + number), "name": name, "subtask": False}
            for number, name in enumerate(self.projects[at["project"]])
        ]
        page = {"startAt": 0, "maxResults": 50, "total": len(kinds)}
        return Reply(json={**page, "issueTypes" if self.deployment == "cloud" else "values": kinds})

    @_both("POST", "/issue")
    def create_issue(self, request: Received, _: Mapping[str, str]) -> Reply:
        """An issue needs a project, a type of it, and a summary."""
        body = object_of(request.json())
        fields = object_of(body.get("fields"))
        project, kind = (
            object_of(fields.get("project")).get("key"),
            object_of(fields.get("issuetype")).get("name"),
        )
        wrong = dict(field_problems(fields, adf="/api/3/" in request.path))
        if project not in self.projects:
            wrong["project"] = "valid project is required"
        elif kind not in self.projects[str(project)]:
            wrong["issuetype"] = "Specify a valid issue type"
        if "summary" not in fields:
            wrong["summary"] = "You must specify a summary of the issue."
        if wrong:
            return wrong_fields(wrong)
        return self._keep(str(project), fields, _properties(body))

    @_both("PUT", "/issue/{key}")
    def edit_issue(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Set fields; add and remove labels."""
        issue, body = self._issue(at["key"]), object_of(request.json())
        if issue is None:
            return refusal(_NO_ISSUE, status=404)
        if not body.get("fields") and not body.get("update"):
            return refusal("one of 'fields' or 'update' required")
        fields, changes = (
            object_of(body.get("fields")),
            objects_of(object_of(body.get("update")).get("labels")),
        )
        own = object_of(issue["fields"])
        old = own.get("labels")
        labels = [str(label) for label in old] if isinstance(old, list) else []
        for change in changes:
            added, removed = change.get("add"), change.get("remove")
            labels = [label for label in labels if label not in {added, removed}] + (
                [added] if isinstance(added, str) else []
            )
        kept: list[JsonValue] = list(labels)
        wrong = dict(
            field_problems({**({"labels": kept} if changes else {}), **fields}, adf="/api/3/" in request.path)
        )
        if wrong:
            return wrong_fields(wrong)
        own.update({"labels": kept, **fields} if changes else fields)
        return Reply(status=204)

    @_both("GET", "/issue/{key}")
    def get_issue(self, request: Received, at: Mapping[str, str]) -> Reply:
        """An issue, with the fields and properties that were asked for."""
        issue = self._issue(at["key"])
        if issue is None:
            return refusal(_NO_ISSUE, status=404)
        shown = shown_of(issue, request.query.get("fields", ""), request.query.get("properties", ""))
        address = request.path.rpartition("/")[0]
        return Reply(json={"self": f"{self.url}{address}/{issue['id']}", **shown})

    @_both("GET", "/issue/{key}/transitions")
    def get_transitions(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """The workflow's transitions."""
        if at["key"] not in self.issues:
            return refusal(_NO_ISSUE, status=404)
        return Reply(json={"expand": "transitions", "transitions": list(self.transitions)})

    @_both("POST", "/issue/{key}/transitions")
    def do_transition(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Move an issue, by a transition's id."""
        if at["key"] not in self.issues:
            return refusal(_NO_ISSUE, status=404)
        wanted = object_of(object_of(request.json()).get("transition")).get("id")
        chosen = next((one for one in self.transitions if one["id"] == wanted), None)
        if chosen is None:
            return refusal(f"Transition id '{wanted}' is not valid for this issue.")
        object_of(self.issues[at["key"]]["fields"])["status"] = chosen["to"]
        return Reply(status=204)

    @_both("GET", "/issue/{key}/comment")
    def get_comments(self, request: Received, at: Mapping[str, str]) -> Reply:
        """An issue's comments."""
        if at["key"] not in self.issues:
            return refusal(_NO_ISSUE, status=404)
        comments = list(self.comments.get(at["key"], ()))
        if request.query.get("orderBy") == "-created":
            comments.reverse()
        shown: list[JsonValue] = [*comments[: int(request.query.get("maxResults", "100"))]]
        return Reply(json={"startAt": 0, "total": len(comments), "comments": shown})

    @_both("POST", "/issue/{key}/comment")
    def add_comment(self, request: Received, at: Mapping[str, str]) -> Reply:
        """A comment needs a body, in the version's form."""
        if at["key"] not in self.issues:
            return refusal(_NO_ISSUE, status=404)
        body = object_of(request.json()).get("body")
        if (wrong := text_problem(body, adf="/api/3/" in request.path)) is not None:
            return wrong_fields({"comment": wrong})
        comment: Record = {"id": self._next_id(), "body": body}
        self.comments.setdefault(at["key"], []).append(comment)
        return Reply(status=201, json=comment)

    @_both("GET", "/issue/{key}/remotelink")
    def get_links(self, request: Received, at: Mapping[str, str]) -> Reply:
        """An issue's remote links, or the one with a global id."""
        if at["key"] not in self.issues:
            return refusal(_NO_ISSUE, status=404)
        links, wanted = self.links.get(at["key"], []), request.query.get("globalId")
        if wanted is None:
            return Reply(json=[*links])
        found = next((link for link in links if link["globalId"] == wanted), None)
        return (
            Reply(json=found) if found else refusal(f"No remote link with global id '{wanted}'.", status=404)
        )

    @_both("POST", "/issue/{key}/remotelink")
    def set_link(self, request: Received, at: Mapping[str, str]) -> Reply:
        """A remote link needs a URL and a title; one with a known global id takes its place."""
        if at["key"] not in self.issues:
            return refusal(_NO_ISSUE, status=404)
        body = object_of(request.json())
        target, global_id = object_of(body.get("object")), body.get("globalId") or self._next_id()
        wrong = {name: f"'{name}' is required." for name in ("url", "title") if not target.get(name)}
        if len(str(global_id)) > 255:
            wrong["globalId"] = "'globalId' is too long, the maximum is 255."
        if wrong:
            return wrong_fields(wrong)
        links = self.links.setdefault(at["key"], [])
        known = next((link for link in links if link["globalId"] == global_id), None)
        if known is None:
            known = {"id": int(self._next_id()), "globalId": global_id}
            links.append(known)
        status = 201 if "object" not in known else 200
        known.update({**body, "globalId": global_id})
        return Reply(
            status=status,
            json={
                "id": known["id"],
                "self": f"{self.url}/rest/api/2/issue/{at['key']}/remotelink/{known['id']}",
            },
        )

    @_both("GET", "/search/jql")
    @_both("POST", "/search/jql")
    def search(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Cloud's search: pages by token, bounded queries only."""
        if self.deployment != "cloud":
            return self.not_found(request)
        asked: Record = object_of(request.json()) if request.method == "POST" else {**request.query}
        if unknown := sorted(set(asked) - SEARCH_FIELDS):
            return refusal(f"Invalid request payload. Unrecognized field {unknown[0]!r}.")
        found = self._found(str(asked.get("jql", "")), bounded=True)
        if isinstance(found, Reply):
            return found
        token = str(asked.get("nextPageToken") or "")
        start, size = int(token.removeprefix("page-") or 0), int(str(asked.get("maxResults", 50)))
        page: Record = {"issues": page_of(found, start, size, asked), "isLast": start + size >= len(found)}
        return Reply(json=page if page["isLast"] else {**page, "nextPageToken": f"page-{start + size}"})

    @_both("GET", "/search")
    @_both("POST", "/search")
    def old_search(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Data Center's search: pages by number. Cloud has removed it."""
        if self.deployment == "cloud":
            said = "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API."
            return refusal(said, status=410)
        asked: Record = object_of(request.json()) if request.method == "POST" else {**request.query}
        found = self._found(str(asked.get("jql", "")), bounded=False)
        if isinstance(found, Reply):
            return found
        start, size = int(str(asked.get("startAt", 0))), int(str(asked.get("maxResults", 50)))
        page = page_of(found, start, size, asked)
        return Reply(json={"startAt": start, "maxResults": size, "total": len(found), "issues": page})

    def _keep(self, project: str, fields: Record, properties: Record) -> Reply:
        number = sum(key.rpartition("-")[0] == project for key in self.issues) + 1
        key, known_id = f"{project}-{number}", self._next_id()
        first = object_of(self.transitions[0]["to"])
        self.issues[key] = {
            "id": known_id,
            "key": key,
            "fields": {"labels": [], **fields, "status": first},
            "properties": properties,
        }
        self._hidden[key] = self.search_lag
        return Reply(
            status=201, json={"id": known_id, "key": key, "self": f"{self.url}/rest/api/3/issue/{known_id}"}
        )

    def _issue(self, named: str) -> Record | None:
        """An issue by its key or id."""
        return next((one for one in self.issues.values() if named in {one["key"], one["id"]}), None)

    def _next_id(self) -> str:
        self._last_id += 1
        return str(self._last_id)

    def _found(self, jql: str, *, bounded: bool) -> list[Record] | Reply:
        """The issues a query finds, oldest first unless it says otherwise, or what is wrong with it."""
        visible = [issue for key, issue in self.issues.items() if not self._hidden.get(key)]
        self._hidden = {key: max(left - 1, 0) for key, left in self._hidden.items()}
        return found_by(jql, visible, bounded=bounded)


def _transition(number: str, name: str, status: str, category: str) -> Record:
    target: Record = {"id": status, "name": name, "statusCategory": {"key": category}}
    return {"id": number, "name": name, "isAvailable": True, "to": target}


def _properties(body: Record) -> Record:
    return {str(one.get("key")): one.get("value") for one in objects_of(body.get("properties"))}
