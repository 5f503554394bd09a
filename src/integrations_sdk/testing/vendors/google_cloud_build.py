"""Google Cloud Build in miniature: triggers and builds of one project, and the token endpoint.

https://cloud.google.com/build/docs/api/reference/rest
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["CloudBuildStandIn"]

Record = dict[str, JsonValue]

_GLOBAL: Final = "/v1/projects/{project}"
_REGIONAL: Final = "/v1/projects/{project}/locations/{location}"
_STATUSES: Final = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    409: "FAILED_PRECONDITION", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE",
}  # fmt: skip


class CloudBuildStandIn(StandIn):
    """The project `shop-web-123456` with the trigger `deploy`, in `global` unless `location` says otherwise.

    What is started waits when it is first looked at, runs at the second look, and has ended at the third.

    Attributes:
        triggers: as the API shows them, by name.
        builds: as the API shows them, by id, the newest last.
        asked: the bodies that builds were asked for with.
        result: what builds end with: `SUCCESS`, `FAILURE`, `TIMEOUT`, …
        public_key: of the service account's key, PEM.
        granted: how many access tokens were granted; `end_tokens()` ends them.
    """

    provider = "google_cloud_build"
    project = "shop-web-123456"
    access_token = "ya29.stand-in-0123456789"  # noqa: S105  # accepted here and nowhere else
    email = "ci@shop-web-123456.iam.gserviceaccount.com"

    def __init__(self) -> None:
        super().__init__()
        self.location = "global"
        self.triggers: dict[str, Record] = {"deploy": {"id": "1f6e2c1a", "name": "deploy"}}
        self.builds: dict[str, Record] = {}
        self.asked: list[JsonValue] = []
        self.result = "SUCCESS"
        self.public_key = ""
        self.granted = 0
        self._ended = 0

    def config(self) -> dict[str, object]:
        """The project and its trigger, and an access token."""
        return {
            "api_url": self.url,
            "token_url": f"{self.url}/token",
            "project_id": self.project,
            "access_token": self.access_token,
            "trigger": "deploy",
        }

    def key_config(self, private_key: str, public_key: str) -> dict[str, object]:
        """The same with a service account of that key pair (PEM)."""
        self.public_key = public_key
        key = {
            "type": "service_account",
            "project_id": self.project,
            "private_key_id": "key-1",
            "private_key": private_key,
            "client_email": self.email,
            "token_uri": "https://elsewhere.test/token",
        }
        config = {name: value for name, value in self.config().items() if name != "access_token"}
        return {**config, "service_account_key": json.dumps(key)}

    def end_tokens(self) -> None:
        """Let every granted token be worth nothing any more."""
        self._ended = self.granted

    def authorized(self, request: Received) -> Reply | None:
        """The access token, or one that was granted."""
        if request.path == "/token":
            return None
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        number = given.removeprefix("ya29.granted-")
        good = number.isdecimal() and self._ended < int(number) <= self.granted
        if good or same(given, self.access_token):
            return None
        return _refused(401, "Request had invalid authentication credentials.")

    def failure(self, status: int) -> Reply:
        """Google's own shape."""
        return _refused(status, f"injected fault {status}")

    def not_found(self, request: Received) -> Reply:
        """Google's answer to an unknown path."""
        return _refused(404, f"{request.path} was not found")

    @route("POST", "/token")
    def token(self, request: Received, _: Mapping[str, str]) -> Reply:
        """A token for a JWT that the service account signed (RFC 7523)."""
        from joserfc import jwt  # only where keys are tried
        from joserfc.errors import JoseError
        from joserfc.jwk import RSAKey

        form = request.form()
        if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return Reply(status=400, json={"error": "unsupported_grant_type"})
        try:
            proof = jwt.decode(
                form.get("assertion", ""), RSAKey.import_key(self.public_key), algorithms=["RS256"]
            )
        except (ValueError, JoseError):
            return _not_granted("Invalid JWT Signature.")
        claims = proof.claims
        right = claims.get("iss") == self.email and claims.get("aud") == f"{self.url}/token"
        if not right or claims["exp"] - claims["iat"] > 3600 or proof.header.get("kid") != "key-1":
            return _not_granted("Invalid JWT: Token must be a short-lived token")
        self.granted += 1
        token = f"ya29.granted-{self.granted}"
        return Reply(json={"access_token": token, "expires_in": 3599, "token_type": "Bearer"})

    @route("GET", _GLOBAL + "/triggers")
    @route("GET", _REGIONAL + "/triggers")
    def list_triggers(self, request: Received, at: Mapping[str, str]) -> Reply:
        """The triggers, page by page."""
        return self._elsewhere(at) or _page(request, "triggers", [*self.triggers.values()])

    @route("POST", _GLOBAL + "/triggers/{trigger}")
    @route("POST", _REGIONAL + "/triggers/{trigger}")
    def run(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Run a trigger."""
        name = at["trigger"].removesuffix(":run")
        found = [one for one in self.triggers.values() if name in {one["id"], one["name"]}]
        if (elsewhere := self._elsewhere(at)) is not None:
            return elsewhere
        if not found or name == at["trigger"]:
            return _refused(404, "Requested entity was not found.")
        body = request.json()
        source = body.get("source") if isinstance(body, dict) and "location" in at else body
        if not isinstance(source, dict) or len(source.keys() & {"branchName", "tagName", "commitSha"}) > 1:
            return _refused(400, "oneof field 'revision' is already set")
        values = source.get("substitutions")
        substitutions = values if isinstance(values, dict) else {}
        if wrong := [key for key in substitutions if not re.fullmatch(r"_[A-Z0-9_]+", key)]:
            return _refused(400, f"invalid value for 'build.substitutions': key {wrong[0]!r} is not valid")
        return self._started(body, {"TRIGGER_NAME": found[0]["name"], **substitutions})

    @route("POST", _GLOBAL + "/builds")
    @route("POST", _REGIONAL + "/builds")
    def create(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Run a build as it is described."""
        body = request.json()
        if not isinstance(body, dict) or not body.get("steps"):
            return _refused(400, "invalid build: no steps")
        return self._elsewhere(at) or self._started(body, {})

    @route("GET", _GLOBAL + "/builds")
    @route("GET", _REGIONAL + "/builds")
    def list_builds(self, request: Received, at: Mapping[str, str]) -> Reply:
        """The builds, the newest first; of a status, if asked for."""
        wanted = re.fullmatch(r'status="(\w+)"', request.query.get("filter", ""))
        fitting = [one for one in reversed(self.builds.values()) if not wanted or one["status"] == wanted[1]]
        return self._elsewhere(at) or _page(request, "builds", fitting)

    @route("GET", _GLOBAL + "/builds/{build}")
    @route("GET", _REGIONAL + "/builds/{build}")
    def get(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """A build; each look brings it on."""
        found = self.builds.get(at["build"])
        if found is None or self._elsewhere(at) is not None:
            return _refused(404, "Requested entity was not found.")
        shown = dict(found)
        if found["status"] == "QUEUED":
            found.update(status="WORKING", startTime="2026-01-01T12:00:00.123456789Z")
        elif found["status"] == "WORKING":
            found.update(status=self.result, finishTime="2026-01-01T12:01:30.123456789Z")
        return Reply(json=shown)

    @route("POST", _GLOBAL + "/builds/{build}")
    @route("POST", _REGIONAL + "/builds/{build}")
    def cancel(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """Cancel a build."""
        found = self.builds.get(at["build"].removesuffix(":cancel"))
        if found is None or at["build"] != f"{found['id']}:cancel":
            return _refused(404, "Requested entity was not found.")
        if found["status"] not in {"QUEUED", "WORKING"}:
            return _refused(400, "cannot cancel a build that has ended", "FAILED_PRECONDITION")
        found["status"] = "CANCELLED"
        return Reply(json=dict(found))

    def _elsewhere(self, at: Mapping[str, str]) -> Reply | None:
        here = at["project"] == self.project and at.get("location", "global") == self.location
        return None if here else _refused(404, "Requested entity was not found.")

    def _started(self, asked: JsonValue, substitutions: Record) -> Reply:
        self.asked.append(asked)
        name = f"0000000{len(self.builds) + 1:x}-0000-4000-8000-000000000000"[-36:]
        log = f"https://console.cloud.google.com/cloud-build/builds/{name}?project={self.project}"
        build: Record = {"id": name, "status": "QUEUED", "logUrl": log, "substitutions": substitutions}
        self.builds[name] = build
        kind = "type.googleapis.com/google.devtools.cloudbuild.v1.BuildOperationMetadata"
        operation: Record = {"name": f"operations/build/{self.project}/{name}"}
        return Reply(json={**operation, "metadata": {"@type": kind, "build": dict(build)}})


def _page(request: Received, name: str, items: Sequence[Record]) -> Reply:
    size, start = int(request.query.get("pageSize", "50")), int(request.query.get("pageToken", "0"))
    shown: list[JsonValue] = [*items[start : start + size]]
    page: Record = {name: shown} if shown else {}  # protocol buffers leave out what is empty
    if start + size < len(items):
        page["nextPageToken"] = str(start + size)
    return Reply(json=page)


def _refused(status: int, words: str, name: str = "") -> Reply:
    error: Record = {"code": status, "message": words, "status": name or _STATUSES.get(status, "UNKNOWN")}
    return Reply(status=status, json={"error": error})


def _not_granted(words: str) -> Reply:
    return Reply(status=400, json={"error": "invalid_grant", "error_description": words})
