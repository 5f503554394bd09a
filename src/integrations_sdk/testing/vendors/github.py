"""GitHub in miniature: one repository with issues, pull requests, statuses, workflows, deployments, hooks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["GitHubStandIn"]

Record = dict[str, JsonValue]

_REPO: Final = "/repos/{owner}/{repo}"
_VERSIONS: Final = frozenset({"2022-11-28", "2026-03-10"})
_STATES: Final = frozenset({"error", "failure", "pending", "success"})
_RUNNING: Final = {"queued": ("in_progress", None), "in_progress": ("completed", "success")}


class GitHubStandIn(StandIn):
    """One repository of a GitHub.

    Attributes:
        issues: issues and pull requests as the API shows them, by number; `comments` in order.
        statuses: of commits, in order.
        runs: workflow runs by id; a run moves on each time it is looked at.
        workflows: the file names of workflows that can be dispatched.
        dispatched: what `repository_dispatch` was sent.
        deployments, hooks: by id.
        now: the time GitHub goes by; None: the machine's.
    """

    provider = "github"
    repository = "octo-org/octo-repo"
    token = "github_pat_stand_in_0123456789"  # noqa: S105  # accepted here and nowhere else
    installation_token = "ghs_stand_in_0123456789"  # noqa: S105  # as above
    app_id = 123456
    installation_id = 7890123

    def __init__(self) -> None:
        super().__init__()
        self.issues: dict[int, Record] = {}
        self.comments: list[Record] = []
        self.statuses: list[Record] = []
        self.runs: dict[int, Record] = {}
        self.workflows = {"ci.yml", "deploy.yml"}
        self.dispatched: list[Record] = []
        self.deployments: dict[int, Record] = {}
        self.hooks: dict[int, Record] = {}
        self.branches = {"main", "feature"}
        self.now: datetime | None = None
        self.public_key = ""

    def config(self) -> dict[str, object]:
        """The repository, and a token."""
        return {"api_url": self.url, "token": self.token, "repository": self.repository}

    def app_config(self, private_key: str, public_key: str) -> dict[str, object]:
        """The repository, and an app with that key pair (PEM)."""
        self.public_key = public_key
        app = {"app_id": self.app_id, "installation_id": self.installation_id, "private_key": private_key}
        return {"api_url": self.url, "repository": self.repository, **app}

    def authorized(self, request: Received) -> Reply | None:
        """A token (`Bearer`, or `token` as in older times), a user agent and a version that GitHub knows."""
        if not request.headers.get("user-agent"):
            return Reply(status=403, text="Request forbidden by administrative rules.")
        if request.headers.get("x-github-api-version", "2022-11-28") not in _VERSIONS:
            return _refusal(400, "The API version is not supported")
        given = request.headers.get("authorization", "").removeprefix("Bearer ").removeprefix("token ")
        if request.path.startswith("/app/"):
            return None if self._is_app(given) else _refusal(401, "A JSON web token could not be decoded")
        installed = same(given, self.installation_token)
        if not installed and not same(given, self.token):
            return _refusal(401, "Bad credentials")
        if (request.path == "/user" and installed) or (
            request.path.startswith("/installation/") and not installed
        ):
            return _refusal(403, "Resource not accessible by integration")
        return None

    def failure(self, status: int) -> Reply:
        """GitHub says what is the matter under `message`."""
        said = {403: "Resource not accessible by personal access token", 429: "API rate limit exceeded"}
        return _refusal(status, said.get(status, "Server Error"))

    def not_found(self, _request: Received) -> Reply:
        """GitHub's answer to an unknown path, and to what one may not see."""
        return _refusal(404, "Not Found")

    @route("GET", "/user")
    def user(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """Whose token it is."""
        return Reply(json={"login": "octocat", "id": 1}, headers={"x-ratelimit-remaining": "4999"})

    @route("GET", "/rate_limit")
    def rate_limit(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """What is left."""
        return Reply(
            json={"resources": {"core": {"limit": 5000, "remaining": 4999, "reset": 1767225600, "used": 1}}}
        )

    @route("GET", "/installation/repositories")
    def installed(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """What the app was given."""
        return Reply(json={"total_count": 1, "repositories": [{"full_name": self.repository}]})

    @route("POST", "/app/installations/{id}/access_tokens")
    def exchange(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """An installation token, good for an hour."""
        if at["id"] != str(self.installation_id):
            return _refusal(404, "Not Found")
        expires = (self._time() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Reply(status=201, json={"token": self.installation_token, "expires_at": expires})

    @route("GET", _REPO)
    def get_repository(self, request: Received, at: Mapping[str, str]) -> Reply:
        """The repository."""
        found: Record = {"full_name": self.repository, "archived": False}
        return Reply(json=found) if self._is_own(at) else self.not_found(request)

    @route("POST", _REPO + "/issues")
    def create_issue(self, request: Received, at: Mapping[str, str]) -> Reply:
        """An issue needs a title; its text holds 65,536 characters."""
        if (refused := self._lacking(request, at, "Issue", ("title",))) is not None:
            return refused
        labels = _body(request).get("labels")
        named: list[JsonValue] = [{"name": label} for label in labels] if isinstance(labels, list) else []
        return self._open(request, {"labels": named}, "issues")

    @route("GET", _REPO + "/issues")
    @route("GET", _REPO + "/pulls")
    def list_issues(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Issues, which pull requests are as well."""
        kind = "pull_request" if request.path.endswith("/pulls") else "number"
        return self._page(request, at, [issue for issue in self.issues.values() if kind in issue])

    @route("GET", _REPO + "/issues/{number}")
    @route("GET", _REPO + "/pulls/{number}")
    def get_issue(self, request: Received, at: Mapping[str, str]) -> Reply:
        """One issue."""
        found = self._find(at, self.issues)
        return Reply(json=found) if found else self.not_found(request)

    @route("PATCH", _REPO + "/issues/{number}")
    @route("PATCH", _REPO + "/pulls/{number}")
    def update_issue(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Change fields; labels replace."""
        found, body = self._find(at, self.issues), _body(request)
        if found is None:
            return self.not_found(request)
        if body.get("state", "open") not in {"open", "closed"}:
            return _invalid("Issue", "invalid", field="state")
        if isinstance(labels := body.get("labels"), list):
            body["labels"] = [{"name": label} for label in labels]
        found |= body
        return Reply(json=found)

    @route("POST", _REPO + "/issues/{number}/comments")
    def comment(self, request: Received, at: Mapping[str, str]) -> Reply:
        """A comment needs a body."""
        if self._find(at, self.issues) is None:
            return self.not_found(request)
        if (refused := self._lacking(request, at, "IssueComment", ("body",))) is not None:
            return refused
        number = len(self.comments) + 1
        url = f"{self.url}/{self.repository}/issues/{at['number']}#issuecomment-{number}"
        self.comments.append({**_body(request), "id": number, "html_url": url})
        return Reply(status=201, json=self.comments[-1])

    @route("GET", "/search/issues")
    def search(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Issues of the repository that have the word in their body."""
        word, *terms = request.query.get("q", "").split()
        if f"repo:{self.repository}" not in terms or not {"is:issue", "is:pull-request"} & set(terms):
            return _invalid("Search", "invalid", field="q")
        items: list[JsonValue] = [issue for issue in self.issues.values() if word in str(issue.get("body"))]
        return Reply(json={"total_count": len(items), "incomplete_results": False, "items": items})

    @route("POST", _REPO + "/pulls")
    def create_pull(self, request: Received, at: Mapping[str, str]) -> Reply:
        """A branch has one open pull request to another at most."""
        if (refused := self._lacking(request, at, "PullRequest", ("title", "head", "base"))) is not None:
            return refused
        body = _body(request)
        if body["base"] not in self.branches:
            return _invalid("PullRequest", "invalid", field="base")
        head = f"{self.repository.partition('/')[0]}:{body['head']}"
        if any(
            other.get("head") == body["head"] and other["state"] == "open" for other in self.issues.values()
        ):
            return _invalid("PullRequest", f"A pull request already exists for {head}.")
        return self._open(request, {"pull_request": {"url": ""}}, "pull")

    @route("POST", _REPO + "/statuses/{sha}")
    def set_status(self, request: Received, at: Mapping[str, str]) -> Reply:
        """A status is added to those there are; its description holds 140 characters."""
        body = _body(request)
        if not self._is_own(at):
            return self.not_found(request)
        if body.get("state") not in _STATES:
            return _invalid("Status", "invalid", field="state")
        if len(str(body.get("description") or "")) > 140:
            return _invalid("Status", "description is too long (maximum is 140 characters)")
        self.statuses.append({**body, "id": len(self.statuses) + 1, "sha": at["sha"]})
        return Reply(status=201, json=self.statuses[-1])

    @route("POST", _REPO + "/actions/workflows/{workflow}/dispatches")
    def dispatch_workflow(self, request: Received, at: Mapping[str, str]) -> Reply:
        """A run of the workflow on a branch; older versions of the API tell its number on request only."""
        body = _body(request)
        if not self._is_own(at) or at["workflow"] not in self.workflows:
            return self.not_found(request)
        if body.get("ref") not in self.branches:
            return _refusal(422, f"No ref found for: {body.get('ref')}")
        run = self._start("workflow_dispatch", str(body["ref"]), at["workflow"], at["workflow"])
        if request.headers.get("x-github-api-version") != "2026-03-10" and not body.get("return_run_details"):
            return Reply(status=204)
        return Reply(json={"workflow_run_id": run["id"], "run_url": run["url"], "html_url": run["html_url"]})

    @route("POST", _REPO + "/dispatches")
    def dispatch_repository(self, request: Received, at: Mapping[str, str]) -> Reply:
        """An event for the workflows that wait for it."""
        if (refused := self._lacking(request, at, "RepositoryDispatch", ("event_type",))) is not None:
            return refused
        body = _body(request)
        self.dispatched.append(body)
        self._start("repository_dispatch", "main", str(body["event_type"]), "ci.yml")
        return Reply(status=204)

    @route("GET", _REPO + "/actions/runs")
    @route("GET", _REPO + "/actions/workflows/{workflow}/runs")
    def list_runs(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Runs, the newest first, narrowed by event, branch and time."""
        query = request.query
        since = query.get("created", "").removeprefix(">=")
        found: list[JsonValue] = [
            run
            for run in reversed(self.runs.values())
            if run["event"] == query.get("event", run["event"])
            and run["head_branch"] == query.get("branch", run["head_branch"])
            and str(run["created_at"]) >= since
            and run["path"] == at.get("workflow", run["path"])
        ]
        return Reply(json={"total_count": len(found), "workflow_runs": found})

    @route("GET", _REPO + "/actions/runs/{number}")
    def get_run(self, request: Received, at: Mapping[str, str]) -> Reply:
        """A run as it is now; looking at it moves it on."""
        run = self._find(at, self.runs)
        if run is None:
            return self.not_found(request)
        run["status"], run["conclusion"] = _RUNNING.get(
            str(run["status"]), (run["status"], run["conclusion"])
        )
        return Reply(json=run)

    @route("POST", _REPO + "/deployments")
    def deploy(self, request: Received, at: Mapping[str, str]) -> Reply:
        """A deployment of a branch."""
        if (refused := self._lacking(request, at, "Deployment", ("ref",))) is not None:
            return refused
        number = len(self.deployments) + 1
        self.deployments[number] = {**_body(request), "id": number}
        return Reply(status=201, json=self.deployments[number])

    @route("POST", _REPO + "/deployments/{number}/statuses")
    def set_deployment_status(self, request: Received, at: Mapping[str, str]) -> Reply:
        """How a deployment stands."""
        found = self._find(at, self.deployments)
        if found is None:
            return self.not_found(request)
        found["state"] = _body(request).get("state")
        return Reply(status=201, json={**_body(request), "id": 1})

    @route("GET", _REPO + "/hooks")
    def list_hooks(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Hooks, their secrets masked."""
        return self._page(request, at, list(self.hooks.values()))

    @route("POST", _REPO + "/hooks")
    def create_hook(self, request: Received, at: Mapping[str, str]) -> Reply:
        """A hook of that URL must not exist yet."""
        config = _body(request).get("config")
        url = config.get("url") if isinstance(config, dict) else None
        if not self._is_own(at) or not url:
            return _invalid("Hook", "missing_field", field="url")
        known = [hook["config"] for hook in self.hooks.values()]
        if any(isinstance(one, dict) and one["url"] == url for one in known):
            return _invalid("Hook", "Hook already exists on this repository")
        return self._keep_hook(request, {"id": len(self.hooks) + 1}, 201)

    @route("PATCH", _REPO + "/hooks/{number}")
    def update_hook(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Change a hook; a configuration without a secret removes it."""
        hook = self._find(at, self.hooks)
        return self._keep_hook(request, hook, 200) if hook else self.not_found(request)

    def _is_own(self, at: Mapping[str, str]) -> bool:
        return f"{at['owner']}/{at['repo']}".lower() == self.repository

    def _time(self) -> datetime:
        return self.now or datetime.now(UTC)

    def _is_app(self, proof: str) -> bool:
        from joserfc import jwt  # only where apps are tried
        from joserfc.errors import JoseError
        from joserfc.jwk import RSAKey

        try:
            claims = jwt.decode(proof, RSAKey.import_key(self.public_key), algorithms=["RS256"]).claims
        except (ValueError, JoseError):
            return False
        now, lasts = self._time().timestamp(), claims["exp"] - claims["iat"]
        timely: bool = claims["iat"] <= now < claims["exp"] and lasts <= 600
        return timely and bool(claims["iss"] == str(self.app_id))

    def _find(self, at: Mapping[str, str], things: dict[int, Record]) -> Record | None:
        return things.get(int(at["number"])) if self._is_own(at) and at["number"].isdecimal() else None

    def _lacking(
        self, request: Received, at: Mapping[str, str], kind: str, needed: tuple[str, ...]
    ) -> Reply | None:
        if not self._is_own(at):
            return self.not_found(request)
        body = _body(request)
        if not body:
            return _refusal(400, "Problems parsing JSON")
        missing: list[JsonValue] = [
            {"resource": kind, "field": name, "code": "missing_field"}
            for name in needed
            if not body.get(name)
        ]
        if len(str(body.get("body") or "")) > 65_536:
            missing.append(_custom(kind, "body is too long (maximum is 65536 characters)"))
        return _refusal(422, "Validation Failed", missing) if missing else None

    def _open(self, request: Received, more: Record, page: str) -> Reply:
        number = len(self.issues) + 1
        self.issues[number] = {
            **_body(request), "number": number, "id": 1000 + number, "state": "open",
            "html_url": f"{self.url}/{self.repository}/{page}/{number}",
            "issue_url": f"{self.url}/repos/{self.repository}/issues/{number}", **more,
        }  # fmt: skip
        return Reply(status=201, json=self.issues[number])

    def _start(self, event: str, branch: str, title: str, workflow: str) -> Record:
        number = 30_000 + len(self.runs) + 1
        moment = self._time().strftime("%Y-%m-%dT%H:%M:%SZ")
        self.runs[number] = {
            "id": number, "run_number": len(self.runs) + 1, "name": workflow, "path": workflow,
            "event": event, "head_branch": branch, "display_title": title, "status": "queued",
            "conclusion": None, "created_at": moment, "run_started_at": moment, "updated_at": moment,
            "url": f"{self.url}/repos/{self.repository}/actions/runs/{number}",
            "html_url": f"{self.url}/{self.repository}/actions/runs/{number}",
        }  # fmt: skip
        return self.runs[number]

    def _keep_hook(self, request: Received, hook: Record, status: int) -> Reply:
        body = _body(request)
        config = body.pop("config", None)
        hook |= body
        if isinstance(config, dict):
            hook["config"] = {**config, "secret": "********"} if "secret" in config else config
        self.hooks[int(str(hook["id"]))] = hook
        return Reply(status=status, json=hook)

    def _page(self, request: Received, at: Mapping[str, str], things: list[Record]) -> Reply:
        if not self._is_own(at):
            return self.not_found(request)
        state = request.query.get("state", "open")
        shown: list[JsonValue] = [one for one in things if state == "all" or one.get("state", state) == state]
        page, size = int(request.query.get("page", "1")), min(int(request.query.get("per_page", "30")), 100)
        query = urlencode({**request.query, "page": page + 1})
        more = {"link": f'<{self.url}{request.path}?{query}>; rel="next"'} if len(shown) > page * size else {}
        return Reply(json=shown[(page - 1) * size : page * size], headers=more)


def _body(request: Received) -> Record:
    body = request.json()
    return body if isinstance(body, dict) else {}


def _refusal(status: int, message: str, errors: list[JsonValue] | None = None) -> Reply:
    documented: Record = {"documentation_url": "https://docs.github.com/rest", "status": str(status)}
    details: Record = {} if errors is None else {"errors": errors}
    return Reply(status=status, json={"message": message, **details, **documented})


def _invalid(kind: str, said: str, *, field: str = "") -> Reply:
    error: Record = {"resource": kind, "field": field, "code": said} if field else _custom(kind, said)
    return _refusal(422, "Validation Failed", [error])


def _custom(kind: str, said: str) -> Record:
    return {"resource": kind, "code": "custom", "message": said}
