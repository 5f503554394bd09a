"""Sentry in miniature: the ingestion endpoint and the releases API of one project."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["SentryStandIn"]

_RELEASES = "/api/0/organizations/acme/releases/"


class SentryStandIn(StandIn):
    """Sentry, with the organisation `acme` and its project `web`, which has the id 42.

    Attributes:
        events: the events by their id; a repeated id changes nothing.
        empty: how many envelopes without items arrived.
        releases: the releases by their version.
        deploys: the deploys, in order.
    """

    provider = "sentry"
    public_key = "5e7" + "0123456789abcdef" * 2
    auth_token = "sntrys_" + "0123456789abcdef" * 2
    project_id = "42"

    def __init__(self) -> None:
        super().__init__()
        self.events: dict[str, dict[str, JsonValue]] = {}
        self.empty = 0
        self.releases: dict[str, dict[str, JsonValue]] = {}
        self.deploys: list[dict[str, JsonValue]] = []

    def config(self) -> dict[str, object]:
        """The project with its token."""
        return {
            "dsn": f"{self.url.replace('://', f'://{self.public_key}@')}/{self.project_id}",
            "auth_token": self.auth_token,
            "organization": "acme",
            "project": "web",
        }

    def failure(self, status: int) -> Reply:
        """Both halves of Sentry speak in `detail`."""
        return Reply(status=status, json={"detail": f"injected fault {status}"})

    def authorized(self, request: Received) -> Reply | None:
        """The DSN's key for envelopes, the token for the API."""
        if request.path.startswith("/api/0/"):
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
            right = same(given, self.auth_token)
            return None if right else Reply(status=401, json={"detail": "Invalid token"})
        found = re.match(r"Sentry .*\bsentry_key=(\w+)", request.headers.get("x-sentry-auth", ""))
        if found is None:
            return Reply(status=401, json={"detail": "missing authorization information"})
        if same(found[1], self.public_key):
            return None
        detail = "event submission rejected with_reason: ProjectId"
        return Reply(status=403, json={"detail": detail, "causes": []})

    @route("POST", "/api/{project}/envelope/")
    def store_envelope(self, request: Received, values: Mapping[str, str]) -> Reply:
        """At most one event; without any the envelope is accepted and discarded."""
        if values["project"] != self.project_id:
            detail = "event submission rejected with_reason: ProjectId"
            return Reply(status=403, json={"detail": detail, "causes": []})
        kind = request.headers.get("content-type", "")
        try:
            header, event = _opened(request.body)
        except (ValueError, KeyError, TypeError) as error:
            return Reply(
                status=400, json={"detail": "invalid event envelope", "causes": [type(error).__name__]}
            )
        if kind != "application/x-sentry-envelope":
            return Reply(status=415, json={"detail": "unsupported media type"})
        if event is None:
            self.empty += 1
        else:
            self.events.setdefault(str(header["event_id"]), event)
        return Reply(json={"id": header["event_id"]})

    @route("GET", _RELEASES)
    def list_releases(self, request: Received, _: Mapping[str, str]) -> Reply:
        """The newest first, those whose version contains `query`."""
        wanted = request.query.get("query", "")
        found = [release for version, release in reversed(self.releases.items()) if wanted in version]
        return Reply(json=[*found[: int(request.query.get("per_page", "100"))]])

    @route("POST", _RELEASES)
    def create_release(self, request: Received, _: Mapping[str, str]) -> Reply:
        """201 for a new one, 208 for one that there is."""
        body = request.json()
        if not isinstance(body, dict) or not body.get("version"):
            return Reply(status=400, json={"version": ["This field is required."]})
        if body.get("projects") != ["web"]:
            return Reply(status=400, json={"projects": ["Invalid project ids or slugs"]})
        version = str(body["version"])
        known = version in self.releases
        self.releases.setdefault(version, {**body, "shortVersion": version})
        return Reply(status=208 if known else 201, json=self.releases[version])

    @route("POST", _RELEASES + "{version}/deploys/")
    def create_deploy(self, request: Received, values: Mapping[str, str]) -> Reply:
        """Of a release that exists; `environment` is required, and has no slash."""
        body = request.json()
        if values["version"] not in self.releases:
            return Reply(status=404, json={"detail": "The requested resource does not exist"})
        if not isinstance(body, dict) or not body.get("environment"):
            return Reply(status=400, json={"environment": ["This field is required."]})
        if re.search(r"[\n\r\f/]", str(body["environment"])):
            return Reply(status=400, json={"environment": ["Invalid value for environment"]})
        self.deploys.append({**body, "release": values["version"]})
        return Reply(status=201, json={**body, "id": str(len(self.deploys))})


def _opened(body: bytes) -> tuple[dict[str, JsonValue], dict[str, JsonValue] | None]:
    """An envelope's header and its event; raises `ValueError`, `KeyError` or `TypeError` when malformed."""
    head, _, rest = body.partition(b"\n")
    header: dict[str, JsonValue] = json.loads(head)
    if not rest:
        return header, None
    item_head, _, rest = rest.partition(b"\n")
    item = json.loads(item_head)
    content, ending = rest[: item["length"]], rest[item["length"] :]
    if item["type"] != "event" or len(content) != item["length"] or ending not in {b"", b"\n"}:
        msg = "the item's length is not that of its payload"
        raise ValueError(msg)
    event: dict[str, JsonValue] = json.loads(content)
    return header, event
