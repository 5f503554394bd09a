"""GitLab in miniature: one project with issues, merge requests, pipelines, commit statuses and hooks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["GitLabStandIn"]

Record = dict[str, JsonValue]

_API: Final = "/api/v4/projects/{project}"
_STATES: Final = frozenset({"pending", "running", "success", "failed", "canceled", "skipped"})
_ENTERED_BY: Final = {
    "pending": "enqueue",
    "running": "run",
    "success": "success",
    "failed": "drop",
    "canceled": "cancel",
}
_HOOK_FLAGS: Final = (
    "push_events", "tag_push_events", "merge_requests_events", "pipeline_events", "issues_events",
    "deployment_events", "wiki_page_events", "releases_events", "note_events", "job_events",
)  # fmt: skip
_UNAUTHORIZED: Final = Reply(status=401, json={"message": "401 Unauthorized"})
_NO_PROJECT: Final = Reply(status=404, json={"message": "404 Project Not Found"})


class GitLabStandIn(StandIn):
    """One project of a GitLab.

    Attributes:
        issues, merge_requests: as the API shows them, by number; their comments under `notes`.
        pipelines: by id; a pipeline runs when it is first looked at, and has succeeded at the second look.
        statuses: the latest status of each commit and name.
        hooks: by id.
        branches: what pipelines run on.
        scopes, expires_at: of the access token.
    """

    provider = "gitlab"
    project = "myorg/myproject"
    token = "glpat-stand-in-0123456789"  # noqa: S105  # accepted here and nowhere else
    trigger_token = "glptt-stand-in-0123456789"  # noqa: S105  # as above

    def __init__(self) -> None:
        super().__init__()
        self.issues: dict[int, Record] = {}
        self.merge_requests: dict[int, Record] = {}
        self.notes: list[Record] = []
        self.pipelines: dict[int, Record] = {}
        self.statuses: dict[tuple[str, str], Record] = {}
        self.hooks: dict[int, Record] = {}
        self.branches = {"main", "develop"}
        self.users = {"octavia": 7}
        self.scopes: list[JsonValue] = ["api"]
        self.expires_at: str | None = None

    def config(self) -> dict[str, object]:
        """The project, and its access token."""
        return {"url": self.url, "token": self.token, "project": self.project}

    def authorized(self, request: Received) -> Reply | None:
        """`PRIVATE-TOKEN` or a bearer token; a trigger token stands for itself."""
        if request.path.endswith("/trigger/pipeline"):
            return None
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        right = same(request.headers.get("private-token", bearer), self.token)
        if not right:
            return _UNAUTHORIZED
        if request.method != "GET" and "api" not in self.scopes:
            return _insufficient_scope()
        return _unreadable(request)

    def failure(self, status: int) -> Reply:
        """GitLab says the status and its name under `message`; limits are told in plain text."""
        if status == 429:
            return Reply(status=429, text="Retry later\n")
        return Reply(status=status, json={"message": f"{status} {_NAMES.get(status, 'Error')}"})

    def not_found(self, _request: Received) -> Reply:
        """GitLab's answer to an unknown route."""
        return Reply(status=404, json={"error": "404 Not Found"})

    @route("GET", "/api/v4/metadata")
    @route("GET", "/api/v4/version")
    def metadata(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """The version."""
        return Reply(json={"version": "18.9.1-ee", "revision": "0a1b2c3", "enterprise": True})

    @route("GET", "/api/v4/personal_access_tokens/self")
    def own_token(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """The token that asks."""
        return Reply(json={"id": 1, "active": True, "scopes": self.scopes, "expires_at": self.expires_at})

    @route("GET", "/api/v4/users")
    def find_users(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Users of exactly that name."""
        name = request.query.get("username", "")
        return Reply(json=[{"id": self.users[name], "username": name}] if name in self.users else [])

    @route("GET", _API)
    def get_project(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """The project."""
        if not self._is_own(at):
            return _NO_PROJECT
        return Reply(json={"id": 42, "path_with_namespace": self.project, "archived": False})

    @route("POST", _API + "/issues")
    def create_issue(self, request: Received, at: Mapping[str, str]) -> Reply:
        """An issue needs a title of at most 255 characters."""
        return self._create(request, at, self.issues, "issues", ("title",))

    @route("GET", _API + "/issues")
    def list_issues(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Issues, those with the searched words in their description first to last."""
        return self._list(request, at, self.issues)

    @route("GET", _API + "/issues/{iid}")
    def get_issue(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """One issue."""
        found = self._find(at, self.issues)
        return Reply(json=found) if found else _not_found("Issue")

    @route("PUT", _API + "/issues/{iid}")
    def update_issue(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Change fields; `state_event` closes and reopens."""
        return self._update(request, at, self.issues)

    @route("POST", _API + "/merge_requests")
    def create_merge_request(self, request: Received, at: Mapping[str, str]) -> Reply:
        """A branch has one open merge request at most."""
        branch = _body(request).get("source_branch")
        for iid, other in self.merge_requests.items():
            if other["source_branch"] == branch and other["state"] == "opened":
                said = f"Another open merge request already exists for this source branch: !{iid}"
                return Reply(status=409, json={"message": [said]})
        needed = ("title", "source_branch", "target_branch")
        return self._create(request, at, self.merge_requests, "merge_requests", needed)

    @route("GET", _API + "/merge_requests")
    def list_merge_requests(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Merge requests."""
        return self._list(request, at, self.merge_requests)

    @route("PUT", _API + "/merge_requests/{iid}")
    def update_merge_request(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Change fields."""
        return self._update(request, at, self.merge_requests)

    @route("POST", _API + "/{kind}/{iid}/notes")
    def comment(self, request: Received, at: Mapping[str, str]) -> Reply:
        """A comment needs a body."""
        things = {"issues": self.issues, "merge_requests": self.merge_requests}.get(at["kind"], {})
        body = _body(request).get("body")
        if self._find(at, things) is None:
            return _not_found("Noteable")
        if not isinstance(body, str) or not body.strip():
            return Reply(status=400, json={"message": "400 Bad request - Note can't be blank"})
        note: Record = {
            "id": len(self.notes) + 1,
            "body": body,
            "noteable_iid": int(at["iid"]),
            "on": at["kind"],
        }
        self.notes.append(note)
        return Reply(status=201, json=note)

    @route("POST", _API + "/pipeline")
    def create_pipeline(self, request: Received, at: Mapping[str, str]) -> Reply:
        """A pipeline runs on a branch, with variables as a list of `key` and `value`."""
        body = _body(request)
        variables = body.get("variables", [])
        if not isinstance(variables, list) or any(
            not isinstance(v, dict) or set(v) != {"key", "value"} for v in variables
        ):
            return Reply(status=400, json={"error": "variables is invalid"})
        return self._start(
            at, body.get("ref"), {str(v["key"]): v["value"] for v in variables if isinstance(v, dict)}
        )

    @route("POST", _API + "/trigger/pipeline")
    def trigger_pipeline(self, request: Received, at: Mapping[str, str]) -> Reply:
        """The same with a trigger token: a form with `variables[KEY]`, or JSON."""
        form = request.form()
        named = {key: re.fullmatch(r"variables\[(\w+)\]", key) for key in form}
        variables = {found[1]: form[key] for key, found in named.items() if found}
        given: Record = _body(request) or {**form, "variables": {**variables}}
        if not same(str(given.get("token", "")), self.trigger_token):
            return Reply(status=404, json={"message": "404 Not Found"})
        passed = given.get("variables")
        return self._start(at, given.get("ref"), passed if isinstance(passed, dict) else {})

    @route("GET", _API + "/pipelines/{iid}")
    def get_pipeline(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """A pipeline as it is now; looking at it moves it on."""
        pipeline = self._find(at, self.pipelines)
        if pipeline is None:
            return _not_found("Pipeline")
        following = {"created": "running", "running": "success"}
        pipeline["status"] = following.get(str(pipeline["status"]), pipeline["status"])
        pipeline["duration"] = 61 if pipeline["status"] == "success" else None
        return Reply(json=pipeline)

    @route("POST", _API + "/statuses/{sha}")
    def set_status(self, request: Received, at: Mapping[str, str]) -> Reply:
        """A status moves on; entering the state it is in already is refused."""
        body, sha = _body(request), at["sha"]
        state, name = str(body.get("state")), str(body.get("name") or body.get("context") or "default")
        if not self._is_own(at):
            return _NO_PROJECT
        if state not in _STATES:
            return Reply(status=400, json={"error": "state does not have a valid value"})
        before = self.statuses.get((sha, name), {}).get("status")
        if before == state and state in _ENTERED_BY:
            event = _ENTERED_BY[state]
            reason = f'(Reason(s): Status cannot transition via "{event}")'
            return Reply(
                status=400, json={"message": f"Cannot transition status via :{event} from :{before} {reason}"}
            )
        status: Record = {**body, "id": len(self.statuses) + 1, "sha": sha, "status": state, "name": name}
        self.statuses[sha, name] = status
        return Reply(status=201, json=status)

    @route("GET", _API + "/hooks")
    def list_hooks(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Hooks, without their secrets."""
        return self._list(request, at, self.hooks)

    @route("POST", _API + "/hooks")
    def create_hook(self, request: Received, at: Mapping[str, str]) -> Reply:
        """A hook needs a URL; without a word on it, it tells of pushes."""
        return self._keep_hook(request, at, {"id": len(self.hooks) + 1, "push_events": True}, 201)

    @route("PUT", _API + "/hooks/{iid}")
    def update_hook(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Change a hook."""
        hook = self._find(at, self.hooks)
        return self._keep_hook(request, at, hook, 200) if hook else _not_found("Hook")

    def _is_own(self, at: Mapping[str, str]) -> bool:
        return at["project"] in {self.project, "42"}

    def _find(self, at: Mapping[str, str], things: dict[int, Record]) -> Record | None:
        return things.get(int(at["iid"])) if self._is_own(at) and at["iid"].isdecimal() else None

    def _create(
        self,
        request: Received,
        at: Mapping[str, str],
        things: dict[int, Record],
        kind: str,
        needed: tuple[str, ...],
    ) -> Reply:
        body = _body(request)
        missing = [f"{name} is missing" for name in needed if not body.get(name)]
        if not self._is_own(at) or missing:
            return Reply(status=400, json={"error": ", ".join(missing)}) if missing else _NO_PROJECT
        if len(str(body["title"])) > 255:
            return Reply(status=400, json={"message": {"title": ["is too long (maximum is 255 characters)"]}})
        iid = len(things) + 1
        things[iid] = {
            "labels": [], **body, "id": 1000 + iid, "iid": iid, "state": "opened",
            "web_url": f"{self.url}/{self.project}/-/{kind}/{iid}",
        }  # fmt: skip
        return Reply(status=201, json=things[iid])

    def _update(self, request: Received, at: Mapping[str, str], things: dict[int, Record]) -> Reply:
        found, body = self._find(at, things), _body(request)
        if found is None:
            return _not_found("Issue" if things is self.issues else "Merge Request")
        if not body:
            said = "title, description, state_event are missing, at least one parameter must be provided"
            return Reply(status=400, json={"error": said})
        added, labels = body.pop("add_labels", []), found.get("labels")
        event = body.pop("state_event", None)
        found |= body
        if isinstance(added, list) and isinstance(labels, list):
            found["labels"] = [*labels, *added] if added else found["labels"]
        found["state"] = {"close": "closed", "reopen": "opened"}.get(str(event), found["state"])
        return Reply(json=found)

    def _list(self, request: Received, at: Mapping[str, str], things: dict[int, Record]) -> Reply:
        if not self._is_own(at):
            return _NO_PROJECT
        words, query = request.query.get("search", "").lower(), request.query
        wanted = [thing for thing in things.values() if words in str(thing.get("description", "")).lower()]
        wanted = [thing for thing in wanted if query.get("state", "all") in {"all", thing.get("state")}]
        for name in ("source_branch", "target_branch"):
            wanted = [thing for thing in wanted if query.get(name) in {None, thing.get(name)}]
        page, size = int(query.get("page", 1)), min(int(query.get("per_page", 20)), 100)
        more = str(page + 1) if len(wanted) > page * size else ""
        shown: list[JsonValue] = [*wanted[(page - 1) * size : page * size]]
        told = {"x-page": str(page), "x-next-page": more, "x-total": str(len(wanted))}
        following = f"{self.url}{request.path}?{urlencode({**query, 'page': more})}"
        return Reply(json=shown, headers=told | ({"link": f'<{following}>; rel="next"'} if more else {}))

    def _start(self, at: Mapping[str, str], ref: JsonValue, variables: Mapping[str, JsonValue]) -> Reply:
        if not self._is_own(at):
            return _NO_PROJECT
        if ref not in self.branches:
            if ref is None:
                return Reply(status=400, json={"error": "ref is missing"})
            return Reply(status=400, json={"message": {"base": ["Reference not found"]}})
        number = len(self.pipelines) + 1
        self.pipelines[number] = {
            "id": number, "iid": number, "ref": str(ref), "status": "created", "duration": None,
            "web_url": f"{self.url}/{self.project}/-/pipelines/{number}", "variables": {**variables},
        }  # fmt: skip
        return Reply(
            status=201,
            json={key: value for key, value in self.pipelines[number].items() if key != "variables"},
        )

    def _keep_hook(self, request: Received, at: Mapping[str, str], hook: Record, status: int) -> Reply:
        body = _body(request)
        if not self._is_own(at):
            return _NO_PROJECT
        if not str(body.get("url", "")).startswith(("http://", "https://")):
            return Reply(status=422, json={"error": "Invalid url given"})
        hook |= {flag: False for flag in _HOOK_FLAGS if flag not in hook}
        hook |= {key: value for key, value in body.items() if key not in {"token", "signing_token"}}
        hook["token_present"] = bool(body.get("token")) or bool(hook.get("token_present"))
        self.hooks[int(str(hook["id"]))] = hook
        return Reply(status=status, json=hook)


_NAMES: Final = {
    400: "Bad request",
    403: "Forbidden",
    404: "Not Found",
    500: "Internal Server Error",
    502: "Bad Gateway",
}


def _not_found(what: str) -> Reply:
    return Reply(status=404, json={"message": f"404 {what} Not Found"})


def _insufficient_scope() -> Reply:
    said = "The request requires higher privileges than provided by the access token."
    return Reply(status=403, json={"error": "insufficient_scope", "error_description": said, "scope": "api"})


def _unreadable(request: Received) -> Reply | None:
    if request.method in {"POST", "PUT"} and not isinstance(request.json(), dict):
        return Reply(
            status=400, json={"error": "The provided content-type is not supported, or the body is not valid"}
        )
    return None


def _body(request: Received) -> Record:
    body = request.json()
    return body if isinstance(body, dict) else {}
