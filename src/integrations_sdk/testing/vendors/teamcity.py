"""TeamCity in miniature: build configurations, a queue, builds that end.

https://www.jetbrains.com/help/teamcity/rest/
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import attrs

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["TeamCityBuildType", "TeamCityStandIn"]

Record = dict[str, JsonValue]

_QUEUE: Final = "/app/rest/buildQueue"
_BUILDS: Final = "/app/rest/builds"
_NO_BUILD: Final = "jetbrains.buildServer.server.rest.errors.NotFoundException"


@attrs.define(kw_only=True)
class TeamCityBuildType:
    """A build configuration.

    Attributes:
        result: what its builds end with: `SUCCESS`, `FAILURE`, `ERROR`, `UNKNOWN`.
        changes: the commits that TeamCity has seen; None: every one.
        asked: the bodies that builds were asked for with.
    """

    result: str = "SUCCESS"
    paused: bool = False
    changes: set[str] | None = None
    asked: list[Record] = attrs.field(factory=list)


class TeamCityStandIn(StandIn):
    """A TeamCity with the build configuration `Shop_Build`.

    What is started waits in the queue when it is first looked at, runs at the second look, and has ended
    at the third.

    Attributes:
        build_types: by ID.
        builds: as the API shows them, by id.
        comments: of builds, by id.
        permitted: whether the user may run builds.
    """

    provider = "teamcity"
    token = "eyJ0eXAiOiAiVENWMiJ9.stand-in-0123456789"  # noqa: S105  # accepted here and nowhere else

    def __init__(self) -> None:
        super().__init__()
        self.build_types = {"Shop_Build": TeamCityBuildType()}
        self.builds: dict[int, Record] = {}
        self.comments: dict[int, str] = {}
        self.permitted = True

    def config(self) -> dict[str, object]:
        """The server, a token and a build configuration."""
        return {"url": self.url, "token": self.token, "build_type": "Shop_Build"}

    def authorized(self, request: Received) -> Reply | None:
        """A bearer token."""
        right = same(request.headers.get("authorization", ""), f"Bearer {self.token}")
        return None if right else Reply(status=401, text="Incorrect username or password.")

    def failure(self, status: int) -> Reply:
        """TeamCity's own shape."""
        return _refused(status, f"injected fault {status}")

    def not_found(self, request: Received) -> Reply:
        """TeamCity's answer to an unknown path."""
        return _refused(404, f"No resource found at {request.path}")

    @route("GET", "/app/rest/server")
    def server(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """The version."""
        return Reply(json={"version": "2026.1 (build 200001)"})

    @route("GET", "/app/rest/users/current")
    def current_user(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """Who asks."""
        return Reply(json={"username": "ci"})

    @route("GET", "/app/rest/buildTypes/{locator}")
    def build_type(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """A build configuration."""
        name = at["locator"].removeprefix("id:")
        found = self.build_types.get(name)
        return Reply(json={"id": name, "paused": found.paused}) if found else _no_build_type(name)

    @route("POST", _QUEUE)
    def add(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Put a build into the queue."""
        body = request.json()
        asked = body if isinstance(body, dict) else {}
        wanted = asked.get("buildType")
        name = str(wanted.get("id")) if isinstance(wanted, dict) else ""
        found = self.build_types.get(name)
        if found is None:
            return _no_build_type(name)
        if not self.permitted:
            return _refused(403, f"User ci does not have permission Run build in build configuration {name}")
        change = str(asked.get("lastChanges", ""))
        seen = re.search(r"version:([^,']+)", change)
        if seen and found.changes is not None and seen[1] not in found.changes:
            return _refused(404, f"No changes found by locator 'version:{seen[1]}'", "NotFoundException")
        found.asked.append(asked)
        number = len(self.builds) + 1
        build: Record = {"id": number, "buildTypeId": name, "state": "queued"}
        build["branchName"] = asked.get("branchName")
        build["webUrl"] = f"{self.url}/build/{number}"
        self.builds[number] = build
        return Reply(json=dict(build))

    @route("GET", _BUILDS + "/{locator}")
    def build(self, request: Received, at: Mapping[str, str]) -> Reply:
        """A build; each look brings it on."""
        found = self._found(at)
        if found is None:
            return _no_such(at)
        shown = dict(found)
        if request.query.get("fields") != "state":
            self._bring_on(found)
        return Reply(json=shown)

    @route("POST", _BUILDS + "/{locator}")
    @route("POST", _QUEUE + "/{locator}")
    def cancel(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Cancel it; what waits, in the queue only."""
        found = self._found(at)
        waits = "/buildQueue/" in request.path
        body = request.json()
        if found is None or not isinstance(body, dict) or waits != (found["state"] == "queued"):
            return _no_such(at)
        found.update(state="finished", status="UNKNOWN", canceledInfo={"text": body.get("comment")})
        return Reply(json=dict(found))

    @route("PUT", _BUILDS + "/{locator}/comment")
    def comment(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Comment it."""
        found = self._found(at)
        if found is None:
            return _no_such(at)
        if not request.headers.get("content-type", "").startswith("text/plain"):
            return Reply(status=415)
        self.comments[int(str(found["id"]))] = request.body.decode()
        return Reply(status=204)

    @route("GET", _BUILDS)
    def list_builds(self, request: Received, _: Mapping[str, str]) -> Reply:
        """The builds of a build configuration, the newest first."""
        locator = request.query.get("locator", "")
        name = re.search(r"buildType:\(id:(\w+)\)", locator)
        start, count = (_number(locator, word, usual) for word, usual in (("start", 0), ("count", 100)))
        fitting: list[JsonValue] = [
            dict(build)
            for build in reversed(self.builds.values())
            if (not name or build["buildTypeId"] == name[1]) and _on_branch(build, locator)
        ]
        shown = fitting[start : start + count]
        following = re.sub(r",start:\d+", "", locator) + f",start:{start + count}"
        fields = quote(request.query.get("fields", ""))
        href = f"{_BUILDS}?locator={quote(following)}&fields={fields}"
        more: Record = {"nextHref": href} if start + count < len(fitting) else {}
        return Reply(json={"count": len(shown), "build": shown, **more})

    def _found(self, at: Mapping[str, str]) -> Record | None:
        number = at["locator"].removeprefix("id:")
        return self.builds.get(int(number)) if number.isdecimal() else None

    def _bring_on(self, build: Record) -> None:
        if build["state"] == "queued":
            build.update(state="running", status="SUCCESS", number=str(build["id"]))
            build["startDate"] = "20260101T120000+0000"
        elif build["state"] == "running":
            result = self.build_types[str(build["buildTypeId"])].result
            build.update(state="finished", status=result, finishDate="20260101T120130+0000")


def _refused(status: int, words: str, kind: str = "") -> Reply:
    error: JsonValue = {"message": words, "statusText": f"Responding with error, status code: {status}"}
    if kind and isinstance(error, dict):
        error["additionalMessage"] = kind
    return Reply(status=status, json={"errors": [error]})


def _no_build_type(name: str) -> Reply:
    return _refused(404, f"No build type nor template is found by id '{name}'.")


def _no_such(at: Mapping[str, str]) -> Reply:
    return _refused(404, f"No build found by locator '{at['locator']}'.")


def _number(locator: str, word: str, usual: int) -> int:
    found = re.search(rf"{word}:(\d+)", locator)
    return int(found[1]) if found else usual


def _on_branch(build: Record, locator: str) -> bool:
    found = re.search(r"branch:\(name:(?:\(\$base64:([^)]*)\)|([^)]*))\)", locator)
    if found is None:
        return True
    wanted = base64.urlsafe_b64decode(found[1]).decode() if found[1] else found[2]
    return build.get("branchName") == wanted
