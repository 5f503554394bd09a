"""Bamboo in miniature: plans, their branches, a queue, builds that end.

https://developer.atlassian.com/server/bamboo/rest/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["BambooPlan", "BambooStandIn"]

Record = dict[str, JsonValue]

_API: Final = "/rest/api/latest"


@attrs.define(kw_only=True)
class BambooPlan:
    """A plan, or a plan branch.

    Attributes:
        branches: keys of its plan branches, by their short names (`feature-x`).
        state: what its builds end with: `Successful`, `Failed`, `Unknown`.
        builds: the query that each was asked for with, the oldest first.
    """

    enabled: bool = True
    branches: dict[str, str] = attrs.field(factory=dict)
    state: str = "Successful"
    builds: list[dict[str, str]] = attrs.field(factory=list)


class BambooStandIn(StandIn):
    """A Bamboo with the plan `PROJ-PLAN`, and the plan branch `feature-x` of it, `PROJ-PLAN0`.

    What is started waits in the queue when it is first looked at, runs at the second look, and has ended
    at the third.

    Attributes:
        plans: by key.
        queue: keys of the builds that no agent has taken.
        page: how many branches a page holds at most.
        permitted: whether the user may build.
    """

    provider = "bamboo"
    token = "stand-in-bamboo-token-0123456789"  # noqa: S105  # accepted here and nowhere else

    def __init__(self) -> None:
        super().__init__()
        self.plans = {
            "PROJ-PLAN": BambooPlan(branches={"feature-x": "PROJ-PLAN0"}),
            "PROJ-PLAN0": BambooPlan(),
        }
        self.queue: list[str] = []
        self.results: dict[str, Record] = {}
        self.page = 100
        self.permitted = True

    def config(self) -> dict[str, object]:
        """The server, a token and a plan."""
        return {"url": self.url, "token": self.token, "plan": "PROJ-PLAN"}

    def authorized(self, request: Received) -> Reply | None:
        """A bearer token; what changes something must be JSON, or say that it is no form of a browser."""
        if not same(request.headers.get("authorization", ""), f"Bearer {self.token}"):
            return _said(401, "Client must be authenticated to access this resource.")
        is_json = request.headers.get("content-type") == "application/json"
        if request.method == "GET" or is_json or request.headers.get("x-atlassian-token") == "no-check":
            return None
        return Reply(status=403, text="XSRF check failed")

    def failure(self, status: int) -> Reply:
        """Bamboo's own shape."""
        return _said(status, f"injected fault {status}")

    def not_found(self, request: Received) -> Reply:
        """Bamboo's answer to an unknown path."""
        return _said(404, f"null for uri: {request.path}")

    @route("GET", _API + "/info")
    def info(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """The version."""
        return Reply(json={"version": "12.0.2", "edition": "", "buildNumber": "120002", "state": "RUNNING"})

    @route("GET", _API + "/currentUser")
    def current_user(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """Who asks."""
        return Reply(json={"name": "ci", "fullName": "CI", "email": "ci@example.com"})

    @route("GET", _API + "/plan/{plan}")
    def plan(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """A plan."""
        found = self.plans.get(at["plan"])
        return Reply(json={"key": at["plan"], "enabled": found.enabled}) if found else _no_plan(at["plan"])

    @route("GET", _API + "/plan/{plan}/branch")
    def plan_branches(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Its plan branches, page by page."""
        if at["plan"] not in self.plans:
            return _no_plan(at["plan"])
        known = self.plans[at["plan"]].branches
        shown: list[JsonValue] = [
            {"shortName": name, "key": key, "enabled": True} for name, key in known.items()
        ]
        start = int(request.query.get("start-index", "0"))
        size = min(self.page, int(request.query.get("max-result", "25")))
        page: Record = {"size": len(shown), "start-index": start, "max-result": size}
        return Reply(json={"branches": {**page, "branch": shown[start : start + size]}})

    @route("POST", _API + "/queue/{plan}")
    def start(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Put a build into the queue."""
        plan = self.plans.get(at["plan"])
        if plan is None:
            return _no_plan(at["plan"])
        if not self.permitted:
            return _said(403, f"You don't have permission to build plan {at['plan']}")
        if not plan.enabled:
            return _said(400, f"Plan {at['plan']} is disabled")
        if request.headers.get("content-type") != "application/json":
            return Reply(status=415)
        plan.builds.append(dict(request.query))
        number = len(plan.builds)
        key = f"{at['plan']}-{number}"
        self.queue.append(key)
        link: Record = {"href": f"{self.url}{_API}/result/{key}", "rel": "self"}
        queued: Record = {"planKey": at["plan"], "buildNumber": number, "buildResultKey": key, "link": link}
        return Reply(json={**queued, "triggerReason": "Manual build"})

    @route("GET", _API + "/queue")
    def whole_queue(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """What waits."""
        waiting: list[JsonValue] = [{"buildResultKey": key} for key in self.queue]
        queued: Record = {"size": len(waiting), "queuedBuild": waiting}
        if self.queue:
            self._begin(self.queue.pop(0))
        return Reply(json={"queuedBuilds": queued})

    @route("GET", _API + "/result/{key}")
    def result(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """A build; each look brings it on."""
        found = self.results.get(at["key"])
        if found is None:
            return _said(404, f"Result {at['key']} not found.")
        shown = dict(found)
        if found["lifeCycleState"] == "InProgress":
            state = self.plans[at["key"].rpartition("-")[0]].state
            found.update(lifeCycleState="Finished", buildState=state, state=state, buildDuration=12_345)
        return Reply(json=shown)

    @route("DELETE", _API + "/queue/{key}")
    def stop(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """Take it out of the queue, or stop it."""
        if at["key"] in self.queue:
            self.queue.remove(at["key"])
            self._begin(at["key"])
        if at["key"] not in self.results:
            return _said(404, f"Result {at['key']} not found.")
        self.results[at["key"]].update(lifeCycleState="NotBuilt", buildState="Unknown", state="Unknown")
        return Reply(status=204)

    def _begin(self, key: str) -> None:
        number = int(key.rpartition("-")[2])
        state: Record = {"lifeCycleState": "InProgress", "buildState": "Unknown", "state": "Unknown"}
        self.results[key] = {"key": key, "buildResultKey": key, "buildNumber": number, **state}


def _said(status: int, words: str) -> Reply:
    return Reply(status=status, json={"message": words, "status-code": status})


def _no_plan(key: str) -> Reply:
    return _said(404, f"Plan {key} not found.")
