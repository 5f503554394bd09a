"""Redmine in miniature: one project with issues, whose workflow leads forwards only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["RedmineStandIn"]

Record = dict[str, JsonValue]

_STATUSES: Final = {1: "New", 2: "In Progress", 3: "Resolved", 5: "Closed", 6: "Rejected"}
_CLOSED: Final = frozenset({5, 6})
_TRACKERS: Final = {1: "Bug", 2: "Feature", 3: "Support"}
_PRIORITIES: Final = {3: "Low", 4: "Normal", 5: "High", 6: "Urgent"}


class RedmineStandIn(StandIn):
    """One project.

    Attributes:
        issues: as the API shows them, by number.
        notes: what was written beside issues, in order.
        members: names by number.
        filters: custom fields that are usable as filters; others are passed over.
        final: the statuses out of which the workflow leads nowhere.
        project_status: 1 active, 5 closed, 9 archived.
    """

    provider = "redmine"
    api_key = "3ef4c5d6a7b8c9d0e1f2a3b4c5d6e7f8a9b0c1d2"
    project = "shop"
    external_field = 3

    def __init__(self) -> None:
        super().__init__()
        self.issues: dict[int, Record] = {}
        self.notes: list[Record] = []
        self.members = {7: "Ada Lovelace", 8: "Night shift"}
        self.filters = {self.external_field}
        self.final = {6}
        self.project_status = 1

    def config(self) -> dict[str, object]:
        """The project, with a field for external ids."""
        return {
            "url": self.url,
            "api_key": self.api_key,
            "project": self.project,
            "external_id_field": self.external_field,
        }

    def authorized(self, request: Received) -> Reply | None:
        """The key, as `X-Redmine-API-Key`."""
        return None if same(request.headers.get("x-redmine-api-key", ""), self.api_key) else Reply(status=401)

    def failure(self, status: int) -> Reply:
        """Redmine says `errors` of what it cannot use, and nothing of the rest."""
        return (
            Reply(status=status, json={"errors": [f"status {status}"]})
            if status == 422
            else Reply(status=status)
        )

    def not_found(self, _request: Received) -> Reply:
        """A page for people."""
        return Reply(status=404, text="<html>404</html>", headers={"content-type": "text/html"})

    @route("GET", "/users/current.json")
    def current_user(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """Whose key it is."""
        return Reply(json={"user": {"id": 1, "login": "bot", "firstname": "Bot"}})

    @route("GET", "/projects/{id}.json")
    def get_project(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """The project."""
        if at["id"] != self.project:
            return Reply(status=404)
        return Reply(json={"project": {"id": 1, "name": "The shop", "status": self.project_status}})

    @route("GET", "/projects/{id}/memberships.json")
    def memberships(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Users and groups."""
        people: list[Record] = [
            {"id": 100 + number, "group" if number == 8 else "user": {"id": number, "name": name}}
            for number, name in self.members.items()
        ]
        return _page(request, "memberships", people)

    @route("GET", "/issue_statuses.json")
    def statuses(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """All of them."""
        found: list[JsonValue] = [
            {"id": number, "name": name, "is_closed": number in _CLOSED} for number, name in _STATUSES.items()
        ]
        return Reply(json={"issue_statuses": found})

    @route("GET", "/trackers.json")
    def trackers(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """All of them."""
        return Reply(json={"trackers": [{"id": number, "name": name} for number, name in _TRACKERS.items()]})

    @route("GET", "/enumerations/issue_priorities.json")
    def priorities(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """All of them."""
        return Reply(
            json={"issue_priorities": [{"id": number, "name": name} for number, name in _PRIORITIES.items()]}
        )

    @route("POST", "/issues.json")
    @route("POST", "/projects/{project_id}/issues.json")
    def create_issue(self, request: Received, at: Mapping[str, str]) -> Reply:
        """An issue needs a project, in the path or in the body, and a subject."""
        body = {**_issue(request), **at}
        wrong = [] if body.get("project_id") == self.project else ["Project cannot be blank"]
        wrong += [] if body.get("subject") else ["Subject cannot be blank"]
        if wrong := [*wrong, *self._wrong(body)]:
            return Reply(status=422, json={"errors": [*wrong]})
        number = len(self.issues) + 1
        issue: Record = {"id": number, "status": {"id": 1, "name": "New"}, "custom_fields": []}
        self.issues[number] = issue
        self._change(issue, body)
        return Reply(status=201, json={"issue": issue})

    @route("GET", "/issues.json")
    def list_issues(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Open ones unless `status_id` says otherwise; filters that it does not know are passed over."""
        found = [
            issue
            for issue in self.issues.values()
            if request.query.get("status_id") == "*" or not _is_closed(issue)
        ]
        for name, value in request.query.items():
            if name.startswith("cf_") and int(name[3:]) in self.filters:
                wanted = value.removeprefix("=").split("|")
                found = [issue for issue in found if _value(issue, int(name[3:])) in wanted]
        return _page(request, "issues", found)

    @route("GET", "/issues/{id}.json")
    def get_issue(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """One issue."""
        found = self.issues.get(int(at["id"]))
        return Reply(json={"issue": found}) if found else Reply(status=404)

    @route("PUT", "/issues/{id}.json")
    def update_issue(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Change fields, add a note; a status that the workflow does not lead to is passed over in silence."""
        found, body = self.issues.get(int(at["id"])), _issue(request)
        if found is None:
            return Reply(status=404)
        if wrong := self._wrong(body):
            return Reply(status=422, json={"errors": [*wrong]})
        if text := body.pop("notes", None):
            self.notes.append(
                {"issue": found["id"], "notes": text, "private": body.pop("private_notes", False)}
            )
        self._change(found, body)
        return Reply(status=204)

    def _wrong(self, body: Record) -> list[str]:
        wrong = (
            ["Subject is too long (maximum is 255 characters)"]
            if len(str(body.get("subject", ""))) > 255
            else []
        )
        known = {"tracker_id": _TRACKERS, "priority_id": _PRIORITIES}
        for name, things in known.items():
            if name in body and body[name] not in things:
                wrong.append(f"{name.removesuffix('_id').title()} is not included in the list")
        if body.get("assigned_to_id", 1) not in {*self.members, 1}:
            wrong.append("Assignee is invalid")
        return wrong

    def _change(self, issue: Record, body: Record) -> None:
        status, now = body.pop("status_id", None), issue["status"]
        if status in _STATUSES and isinstance(now, dict) and now["id"] not in self.final:
            issue["status"] = {"id": status, "name": _STATUSES[int(str(status))]}
        given, known = body.pop("custom_fields", []), issue["custom_fields"]
        fields = {
            str(one["id"]): one for one in (known if isinstance(known, list) else []) if isinstance(one, dict)
        }
        fields |= {
            str(one["id"]): one for one in (given if isinstance(given, list) else []) if isinstance(one, dict)
        }
        issue["custom_fields"] = [*fields.values()]
        issue |= body


def _page(request: Received, name: str, found: list[Record]) -> Reply:
    offset, limit = int(request.query.get("offset", 0)), min(int(request.query.get("limit", 25)), 100)
    shown: list[JsonValue] = [*found[offset : offset + limit]]
    return Reply(json={name: shown, "total_count": len(found), "offset": offset, "limit": limit})


def _issue(request: Received) -> Record:
    body = request.json()
    issue = body.get("issue") if isinstance(body, dict) else None
    return {**issue} if isinstance(issue, dict) else {}


def _value(issue: Record, field: int) -> JsonValue:
    fields = issue["custom_fields"]
    found = (
        one["value"]
        for one in (fields if isinstance(fields, list) else [])
        if isinstance(one, dict) and one["id"] == field
    )
    return next(found, None)


def _is_closed(issue: Record) -> bool:
    status = issue["status"]
    return isinstance(status, dict) and status["id"] in _CLOSED
