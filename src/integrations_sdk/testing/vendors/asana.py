"""Asana in miniature: one project of one workspace, with tasks, sections and tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["AsanaStandIn"]

Record = dict[str, JsonValue]

_TYPES: Final = frozenset({"default_task", "milestone", "approval"})


class AsanaStandIn(StandIn):
    """One project.

    Attributes:
        tasks: as the API shows them with all fields, by gid, in order of their creation.
        stories: comments, in order.
        sections: names by gid; new tasks are in the first.
        tags: names by gid.
        oauth: whether the token is an OAuth app's, which alone have external ids.
        paid: whether the workspace has search.
        archived: the project.
    """

    provider = "asana"
    access_token = "2/1199/1201:0a1b2c3d4e5f60718293a4b5c6d7e8f9"  # noqa: S105  # accepted here and nowhere else
    workspace = "1100000000000001"
    project = "1200000000000001"

    def __init__(self) -> None:
        super().__init__()
        self.tasks: dict[str, Record] = {}
        self.stories: list[Record] = []
        self.sections = {"1300000000000001": "To do", "1300000000000002": "Doing"}
        self.tags = {"1400000000000001": "automated"}
        self.oauth, self.paid, self.archived = True, True, False

    def config(self) -> dict[str, object]:
        """The project, and a token."""
        return {"access_token": self.access_token, "project": self.project, "api_url": f"{self.url}/api/1.0"}

    def authorized(self, request: Received) -> Reply | None:
        """A bearer token."""
        right = same(request.headers.get("authorization", ""), f"Bearer {self.access_token}")
        return None if right else _error(401, "Not Authorized")

    def failure(self, status: int) -> Reply:
        """Asana says `errors`; of its own failures with a phrase to quote."""
        words = {403: "Forbidden", 404: "Not Found", 429: "You have made too many requests recently."}
        if status >= 500:
            return _error(status, "Server Error", phrase="6 sad squid snuggle softly")
        return _error(status, words.get(status, f"status {status}"))

    def not_found(self, _request: Received) -> Reply:
        """Asana's answer to an unknown route."""
        return _error(404, "No matching route for request")

    @route("GET", "/api/1.0/users/me")
    def me(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """Whose token it is."""
        return Reply(json={"data": {"gid": "1500000000000001", "name": "Ada"}})

    @route("GET", "/api/1.0/projects/{gid}")
    def get_project(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """The project."""
        if at["gid"] != self.project:
            return _unknown("project", at["gid"])
        found: Record = {"gid": self.project, "name": "The shop", "archived": self.archived}
        return Reply(json={"data": {**found, "workspace": {"gid": self.workspace}}})

    @route("GET", "/api/1.0/projects/{gid}/sections")
    def list_sections(self, request: Received, at: Mapping[str, str]) -> Reply:
        """In their order."""
        if at["gid"] != self.project:
            return _unknown("project", at["gid"])
        return self._page(request, [{"gid": gid, "name": name} for gid, name in self.sections.items()])

    @route("POST", "/api/1.0/sections/{gid}/addTask")
    def add_to_section(self, request: Received, at: Mapping[str, str]) -> Reply:
        """A task is in one section of a project."""
        task = self.tasks.get(str(_data(request).get("task")))
        if at["gid"] not in self.sections or task is None:
            return _unknown("section" if task else "task", at["gid"])
        task["memberships"] = self._membership(at["gid"])
        return Reply(json={"data": {}})

    @route("POST", "/api/1.0/tasks")
    def create_task(self, request: Received, _: Mapping[str, str]) -> Reply:
        """A task needs a place; external ids are an OAuth app's, and there once."""
        data, gid = _data(request), f"{1_600_000_000_000_000 + len(self.tasks)}"
        if not data.get("projects") and not data.get("workspace"):
            return _error(400, "You should specify one of workspace, parent, projects")
        task: Record = {
            "gid": gid, "completed": False, "permalink_url": f"https://app.asana.com/0/0/{gid}",
            "memberships": self._membership(next(iter(self.sections))), "tags": [],
        }  # fmt: skip
        reply = self._change(task, data, 201)
        if reply.status == 201:
            self.tasks[gid] = task
        return reply

    @route("GET", "/api/1.0/tasks")
    def list_tasks(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Of a project."""
        if request.query.get("project") != self.project:
            return _error(400, "You should specify one of project, section, tag")
        return self._page(request, list(self.tasks.values()))

    @route("GET", "/api/1.0/tasks/{gid}")
    def get_task(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """By gid, or by `external:` and the id."""
        found = self._find(at["gid"])
        return Reply(json={"data": found}) if found else _unknown("task", at["gid"])

    @route("PUT", "/api/1.0/tasks/{gid}")
    def update_task(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Change fields; tags and projects are changed otherwise."""
        found, data = self._find(at["gid"]), _data(request)
        if found is None:
            return _unknown("task", at["gid"])
        if data.keys() & {"tags", "projects"}:
            return _error(400, "Cannot write this property")
        return self._change(found, data, 200)

    @route("POST", "/api/1.0/tasks/{gid}/stories")
    def create_story(self, request: Received, at: Mapping[str, str]) -> Reply:
        """A comment has a text."""
        if self._find(at["gid"]) is None:
            return _unknown("task", at["gid"])
        if not _data(request).get("text"):
            return _error(400, "text: Missing input")
        self.stories.append({"gid": f"17000{len(self.stories)}", "task": at["gid"], **_data(request)})
        return Reply(status=201, json={"data": self.stories[-1]})

    @route("POST", "/api/1.0/tasks/{gid}/addTag")
    @route("POST", "/api/1.0/tasks/{gid}/removeTag")
    def change_tag(self, request: Received, at: Mapping[str, str]) -> Reply:
        """One tag."""
        found, tag = self._find(at["gid"]), str(_data(request).get("tag"))
        if found is None or tag not in self.tags:
            return _unknown("tag", tag)
        tags = found["tags"]
        others = [
            one
            for one in (tags if isinstance(tags, list) else [])
            if isinstance(one, dict) and one["gid"] != tag
        ]
        added = [self._tag(tag)] if request.path.endswith("addTag") else []
        found["tags"] = [*others, *added]
        return Reply(json={"data": {}})

    @route("GET", "/api/1.0/workspaces/{gid}/typeahead")
    def typeahead(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Tags whose names have the words in them."""
        words = request.query.get("query", "").casefold()
        found: list[JsonValue] = [
            self._tag(gid) for gid, name in self.tags.items() if words in name.casefold()
        ]
        return Reply(json={"data": found})

    @route("POST", "/api/1.0/workspaces/{gid}/tags")
    def create_tag(self, request: Received, _: Mapping[str, str]) -> Reply:
        """A tag needs a name."""
        gid = f"{1_400_000_000_000_001 + len(self.tags)}"
        self.tags[gid] = str(_data(request)["name"])
        return Reply(status=201, json={"data": self._tag(gid)})

    @route("GET", "/api/1.0/workspaces/{gid}/tasks/search")
    def search(self, request: Received, _: Mapping[str, str]) -> Reply:
        """By the value of a custom field; for those who pay."""
        if not self.paid:
            return _error(402, "Search is only available to premium users.")
        wanted = {
            name.split(".")[1]: value
            for name, value in request.query.items()
            if name.startswith("custom_fields.")
        }
        found: list[JsonValue] = []
        for task in self.tasks.values():
            fields = task.get("custom_fields")
            if isinstance(fields, dict) and wanted.items() <= fields.items():
                found.append(task)
        return Reply(json={"data": found})

    def _find(self, gid: str) -> Record | None:
        if gid.startswith("external:"):
            external: JsonValue = {"gid": gid.removeprefix("external:")}
            return next((task for task in self.tasks.values() if task.get("external") == external), None)
        return self.tasks.get(gid)

    def _change(self, task: Record, data: Record, status: int) -> Reply:
        external = data.get("external")
        if external is not None and not self.oauth:
            return _error(403, "external: Cannot set external data without an app")
        others = (other.get("external") for other in self.tasks.values() if other is not task)
        if external is not None and external in others:
            return _error(400, "external: Duplicate external id")
        if data.get("resource_subtype", "default_task") not in _TYPES:
            return _error(400, "resource_subtype: Not a valid subtype")
        tags = data.pop("tags", None)
        if isinstance(tags, list):
            if unknown := [str(tag) for tag in tags if str(tag) not in self.tags]:
                return _unknown("tag", unknown[0])
            task["tags"] = [self._tag(str(tag)) for tag in tags]
        task |= {name: value for name, value in data.items() if name not in {"projects", "workspace"}}
        return Reply(status=status, json={"data": task})

    def _membership(self, section: str) -> JsonValue:
        return [
            {"project": {"gid": self.project}, "section": {"gid": section, "name": self.sections[section]}}
        ]

    def _tag(self, gid: str) -> JsonValue:
        return {"gid": gid, "name": self.tags[gid]}

    def _page(self, request: Received, found: list[Record]) -> Reply:
        limit = min(int(request.query.get("limit", 20)), 100)
        start = int(request.query.get("offset", "offset-0").removeprefix("offset-"))
        following: JsonValue = {"offset": f"offset-{start + limit}"} if len(found) > start + limit else None
        shown: list[JsonValue] = [*found[start : start + limit]]
        return Reply(json={"data": shown, "next_page": following})


def _error(status: int, message: str, **more: JsonValue) -> Reply:
    said: Record = {"message": message, "help": "For more information: https://developers.asana.com", **more}
    return Reply(status=status, json={"errors": [said]})


def _unknown(kind: str, gid: str) -> Reply:
    return _error(404, f"{kind}: Unknown object: {gid}")


def _data(request: Received) -> Record:
    body = request.json()
    data = body.get("data") if isinstance(body, dict) else None
    return {**data} if isinstance(data, dict) else {}
