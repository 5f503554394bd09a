"""Azure DevOps in miniature: one project of one collection, with work items and pipelines."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Final

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["AzureDevOpsStandIn"]

Record = dict[str, JsonValue]

_API: Final = "/DefaultCollection/{project}/_apis"
_STATES: Final = {
    "Task": {"New": "Proposed", "Active": "InProgress", "Closed": "Completed", "Removed": "Removed"},
    "Bug": {"New": "Proposed", "Active": "InProgress", "Resolved": "Resolved", "Closed": "Completed"},
}
_SIGN_IN: Final = Reply(
    status=203, text="<html>Sign in</html>", headers={"content-type": "text/html; charset=utf-8"}
)
_LOCATIONS: Final = (
    ("62d3d110-0047-428c-ad3c-4fe872c91c74", "wit", "workItems", "workitems/${type}"),
    ("72c7ddf8-2cdc-4f60-90cd-ab71c14a399b", "wit", "workItems", "workitems/{id}"),
    ("7c9d7a76-4a09-43e8-b5df-bd792f4ac6aa", "wit", "workItemTypeStates", "workitemtypes/{type}/states"),
    ("1a9c53f7-f243-4447-b110-35ef023636e4", "wit", "wiql", "wiql"),
    ("908509b6-4248-4475-a1cd-829139ba419f", "wit", "workItemsBatch", "workitemsbatch"),
    ("28e1305e-2afe-47bf-abaf-cbb0e6a91988", "pipelines", "pipelines", "{pipelineId}"),
    ("7859261e-d2e9-4a68-b820-a5d84cc5bb3d", "pipelines", "runs", "{pipelineId}/runs/{runId}"),
)
"""Their ids are the same everywhere."""
_CONDITION: Final = re.compile(r"\[(?P<field>[\w.]+)\] (?P<operator>CONTAINS|=) '(?P<value>(?:[^']|'')*)'")


class AzureDevOpsStandIn(StandIn):
    """One project.

    Attributes:
        work_items: as the API shows them, by number; relations under `relations`.
        comments: what was written to `System.History`, in order.
        pipelines: names by id.
        runs: by id; a run goes on when it is first looked at, and has ended at the second look.
        result: what runs come to.
        state: of the project.
    """

    provider = "azure_devops"
    token = "nq3xkz5gqx4m2c7pvw6r8t9y0a1b2c3d4e5f6g7h8i9j0k1l2m3n"  # noqa: S105  # accepted here and nowhere else
    project = "shop"

    def __init__(self) -> None:
        super().__init__()
        self.work_items: dict[int, Record] = {}
        self.comments: list[JsonValue] = []
        self.pipelines = {12: "deploy", 13: "Nightly tests"}
        self.runs: dict[int, Record] = {}
        self.result = "succeeded"
        self.state = "wellFormed"

    def config(self) -> dict[str, object]:
        """The project, as on a server of one's own."""
        return {"url": f"{self.url}/DefaultCollection", "project": self.project, "token": self.token}

    def authorized(self, request: Received) -> Reply | None:
        """A personal access token as a password; to a wrong one Azure DevOps shows its sign-in page."""
        pair = base64.b64encode(f":{self.token}".encode()).decode()
        given = request.headers.get("authorization", "")
        if not same(given, f"Basic {pair}") and not same(given, f"Bearer {self.token}"):
            return _SIGN_IN
        named = "api-version" in request.query or "api-version=" in request.headers.get("accept", "")
        if not named and request.method != "OPTIONS":
            return _refused(
                400, "No api-version was supplied for the request.", "VssVersionNotSpecifiedException"
            )
        return None

    def failure(self, status: int) -> Reply:
        """Azure DevOps says `message` and `typeKey`."""
        words = {429: "TF400733: The request has been canceled: Request was blocked due to exceeding usage."}
        return _refused(status, words.get(status, f"TF400898: status {status}"), "RequestCanceledException")

    def not_found(self, _request: Received) -> Reply:
        """Azure DevOps' answer to an unknown route."""
        return _refused(404, "The controller for path was not found.", "HttpException")

    @route("OPTIONS", "/DefaultCollection/_apis")
    @route("OPTIONS", "/defaultcollection/_apis")
    def locations(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """Where what is: Microsoft's own clients ask before they begin."""
        found: list[JsonValue] = [
            {
                "id": number, "area": area, "resourceName": name, "resourceVersion": 1,
                "routeTemplate": f"{{project}}/_apis/{area}/{template}",
                "minVersion": "1.0", "maxVersion": "7.2", "releasedVersion": "7.1",
            }
            for number, area, name, template in _LOCATIONS
        ]  # fmt: skip
        return Reply(json={"count": len(found), "value": found})

    @route("GET", "/DefaultCollection/_apis/projects/{project}")
    def get_project(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """The project."""
        if at["project"] != self.project:
            said = f"TF200016: The following project does not exist: {at['project']}."
            return _refused(404, said, "ProjectDoesNotExistWithNameException")
        return Reply(json={"id": "1", "name": self.project, "state": self.state})

    @route("POST", _API + "/wit/workitems/{type}")
    def create(self, request: Received, at: Mapping[str, str]) -> Reply:
        """By JSON Patch, under its own media type."""
        kind, number = at["type"].removeprefix("$"), len(self.work_items) + 1
        if kind not in _STATES:
            said = f"VS402323: Work item type {kind} does not exist in project {self.project}"
            return _refused(404, said, "WorkItemTypeNotFoundException")
        item: Record = {
            "id": number, "rev": 0, "relations": [],
            "fields": {"System.WorkItemType": kind, "System.State": "New", "System.TeamProject": self.project},
            "_links": {"html": {"href": f"{self.url}/DefaultCollection/{self.project}/_workitems/edit/{number}"}},
        }  # fmt: skip
        reply = self._change(request, item)
        if reply.status == 200:
            self.work_items[number] = item
        return reply

    @route("GET", _API + "/wit/workitems/{id}")
    def get(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """One work item."""
        found = self.work_items.get(int(at["id"]))
        return Reply(json=found) if found else _missing(at["id"])

    @route("PATCH", _API + "/wit/workitems/{id}")
    def update(self, request: Received, at: Mapping[str, str]) -> Reply:
        """By JSON Patch."""
        found = self.work_items.get(int(at["id"]))
        return self._change(request, found) if found else _missing(at["id"])

    @route("GET", _API + "/wit/workitemtypes/{type}/states")
    def states(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """Of a type."""
        found: list[JsonValue] = [
            {"name": name, "category": kind} for name, kind in _STATES[at["type"]].items()
        ]
        return Reply(json={"count": len(found), "value": found})

    @route("POST", _API + "/wit/wiql")
    def query(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Conditions of the form `[field] = 'value'` and `CONTAINS`, whatever the case; all without any."""
        body = request.json()
        wiql = str(body.get("query")) if isinstance(body, dict) else ""
        if not wiql.startswith("SELECT"):
            return _refused(
                400, "TF51006: The query statement is missing a SELECT clause.", "SyntaxErrorException"
            )
        conditions = [found.groupdict() for found in _CONDITION.finditer(wiql)]
        found = [item for item in self.work_items.values() if all(_holds(item, one) for one in conditions)]
        shown: list[JsonValue] = [{"id": item["id"], "url": f"{self.url}/{item['id']}"} for item in found]
        return Reply(json={"queryType": "flat", "workItems": shown})

    @route("POST", _API + "/wit/workitemsbatch")
    def batch(self, request: Received, _: Mapping[str, str]) -> Reply:
        """At most 200."""
        body = request.json()
        ids = body.get("ids") if isinstance(body, dict) else None
        if not isinstance(ids, list) or not 0 < len(ids) <= 200:
            return _refused(
                400, "VS403474: You requested more than 200 work items.", "WorkItemBatchLimitException"
            )
        found: list[JsonValue] = [self.work_items.get(int(str(one))) for one in ids]
        return Reply(json={"count": len(found), "value": found})

    @route("GET", _API + "/pipelines")
    def list_pipelines(self, request: Received, _: Mapping[str, str]) -> Reply:
        """The token of the next page is in a header."""
        size, start = int(request.query.get("$top", 100)), int(request.query.get("continuationToken", 0))
        found: list[JsonValue] = [
            {"id": number, "name": name, "folder": "\\"} for number, name in self.pipelines.items()
        ]
        more = {"x-ms-continuationtoken": str(start + size)} if len(found) > start + size else {}
        return Reply(json={"count": len(found), "value": found[start : start + size]}, headers=more)

    @route("POST", _API + "/pipelines/{id}/runs")
    def run(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Of a pipeline that there is."""
        pipeline, body = int(at["id"]), request.json()
        if pipeline not in self.pipelines:
            return _refused(404, f"Pipeline {pipeline} not found.", "PipelineNotFoundException")
        number = 1000 + len(self.runs)
        self.runs[number] = {
            "id": number, "state": "unknown", "createdDate": "2026-01-01T12:00:00Z",
            "pipeline": {"id": pipeline, "name": self.pipelines[pipeline]},
            "_links": {"web": {"href": f"{self.url}/DefaultCollection/{self.project}/_build/results?buildId={number}"}},
            "asked": body,
        }  # fmt: skip
        return Reply(json={name: value for name, value in self.runs[number].items() if name != "asked"})

    @route("GET", _API + "/pipelines/{id}/runs/{run}")
    def get_run(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """Each look brings it on."""
        found = self.runs.get(int(at["run"]))
        if found is None:
            return _refused(404, f"Run {at['run']} not found.", "PipelineRunNotFoundException")
        if found["state"] == "inProgress":
            found |= {"state": "completed", "result": self.result, "finishedDate": "2026-01-01T12:01:03Z"}
        elif found["state"] == "unknown":
            found["state"] = "inProgress"
        return Reply(json={name: value for name, value in found.items() if name != "asked"})

    def _change(self, request: Received, item: Record) -> Reply:
        if request.headers.get("content-type", "").partition(";")[0] != "application/json-patch+json":
            said = "TF400898: Content-Type must be application/json-patch+json"
            return _refused(415, said, "VssRequestContentTypeNotSupportedException")
        steps, fields = request.json(), item["fields"]
        after: Record = {**fields} if isinstance(fields, dict) else {}
        relations: list[JsonValue] = []
        for step in steps if isinstance(steps, list) else []:
            if not isinstance(step, dict):
                continue
            path, value = str(step["path"]), step.get("value")
            if path == "/relations/-":
                relations.append(value)
                continue
            name = path.removeprefix("/fields/")
            if step["op"] == "replace" and name not in after:
                return _refused(
                    400,
                    f"VS403692: Cannot replace {name}: it has no value.",
                    "VssPropertyValidationException",
                )
            if name == "System.Tags" and step["op"] == "add" and after.get(name):
                value = f"{after[name]}; {value}"
            after[name] = value
        if wrong := _rules(after):
            return _refused(400, wrong, "RuleValidationException")
        if "System.History" in after:
            self.comments.append(after.pop("System.History"))
        known = item["relations"]
        item |= {"fields": after, "rev": int(str(item["rev"])) + 1}
        item["relations"] = [*(known if isinstance(known, list) else []), *relations]
        return Reply(json=item)


def _rules(fields: Record) -> str | None:
    if not fields.get("System.Title"):
        return "TF401320: Rule Error for field Title. Error code: Required, HasValues, InvalidEmpty."
    if len(str(fields["System.Title"])) > 255:
        return "TF401320: Rule Error for field Title. Error code: InvalidTooLong."
    if fields["System.State"] not in _STATES[str(fields["System.WorkItemType"])]:
        return "TF401320: Rule Error for field State. Error code: LimitedToValues, InvalidListValue."
    return None


def _holds(item: Record, condition: Mapping[str, str]) -> bool:
    fields, wanted = item["fields"], condition["value"].replace("''", "'").casefold()
    value = str(fields.get(condition["field"], "")).casefold() if isinstance(fields, dict) else ""
    if condition["operator"] == "=":
        return value == wanted
    return wanted in [tag.strip() for tag in value.split(";")]


def _missing(number: str) -> Reply:
    said = f"TF401232: Work item {number} does not exist, or you do not have permissions to read it."
    return _refused(404, said, "WorkItemUnauthorizedAccessException")


def _refused(status: int, message: str, kind: str) -> Reply:
    body: Record = {"$id": "1", "innerException": None, "message": message, "typeKey": kind, "errorCode": 0}
    return Reply(status=status, json=body, headers={"activityid": "8f7e6d5c-4b3a"})
