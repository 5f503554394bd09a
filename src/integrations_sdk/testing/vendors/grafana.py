"""Grafana in miniature: annotations, queries, dashboards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["GrafanaStandIn"]

_WORDS: Final = {
    400: "Bad request data",
    401: "Invalid API key",
    403: "You'll need additional permissions to perform this action. Permissions needed: annotations:create",
    404: "Not found",
    429: "Too many requests",
}


class GrafanaStandIn(StandIn):
    """One organisation of a Grafana.

    Attributes:
        annotations: by id, as Grafana describes them.
        dashboards: what searching looks through, as Grafana describes them.
        queries: every query that arrived.
        data: the frames that a query of a data source is answered with, by the data source's UID.
    """

    provider = "grafana"
    token = "glsa_0123456789abcdefABCDEF0123456789_deadbeef"  # noqa: S105  # of this stand-in alone

    def __init__(self) -> None:
        super().__init__()
        self.annotations: dict[int, dict[str, JsonValue]] = {}
        self.dashboards: list[dict[str, JsonValue]] = []
        self.queries: list[dict[str, JsonValue]] = []
        self.data: dict[str, list[JsonValue]] = {"prometheus": [{"schema": {"refId": "A"}}]}

    def config(self) -> dict[str, object]:
        """The organisation, with a data source for queries."""
        return {"url": self.url, "token": self.token, "datasource": "prometheus"}

    def authorized(self, request: Received) -> Reply | None:
        """The service account's token; health answers anybody."""
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        return None if request.path == "/api/health" or same(given, self.token) else self.failure(401)

    def failure(self, status: int) -> Reply:
        """A message, and an id of it in newer versions."""
        body = {"message": _WORDS.get(status, "Internal server error"), "messageId": f"api.{status}"}
        return Reply(status=status, json={**body, "statusCode": status, "traceID": ""})

    @route("GET", "/api/health")
    def health(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """Grafana and its database work."""
        return Reply(json={"commit": "abc", "database": "ok", "version": "12.3.0"})

    @route("GET", "/api/org")
    def org(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """The token's organisation."""
        return Reply(json={"id": 1, "name": "Main Org."})

    @route("POST", "/api/annotations")
    def post_annotation(self, request: Received, _: Mapping[str, str]) -> Reply:
        """A text is required; of an unknown field nothing is said."""
        body = request.json()
        if not isinstance(body, dict) or not body.get("text"):
            return Reply(
                status=400,
                json={"message": "Failed to save annotation", "error": "text field should not be empty"},
            )
        number = len(self.annotations) + 1
        begun = body.get("time") or 1
        kept = {"id": number, "timeEnd": begun, "tags": [], **body, "time": begun}
        self.annotations[number] = kept
        return Reply(json={"message": "Annotation added", "id": number})

    @route("PATCH", "/api/annotations/{id}")
    def patch_annotation(self, request: Received, values: Mapping[str, str]) -> Reply:
        """Changes what is given."""
        found, body = self._annotation(values), request.json()
        if found is None or not isinstance(body, dict):
            return self.failure(404 if found is None else 400)
        found.update(body)
        return Reply(json={"message": "Annotation patched"})

    @route("DELETE", "/api/annotations/{id}")
    def delete_annotation(self, _request: Received, values: Mapping[str, str]) -> Reply:
        """Removes it."""
        found = self._annotation(values)
        if found is None:
            return self.failure(404)
        del self.annotations[int(values["id"])]
        return Reply(json={"message": "Annotation deleted"})

    @route("GET", "/api/annotations")
    def find_annotations(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Those within the time that have the tags, the latest end first."""
        since, until = (int(request.query.get(name) or "0") for name in ("from", "to"))
        wanted = request.every("tags")
        quantifier = any if request.query.get("matchAny") == "true" else all
        found = [
            one
            for one in self.annotations.values()
            if _number(one, "time") <= until
            and _number(one, "timeEnd") >= since
            and (not wanted or quantifier(tag in _tags(one) for tag in wanted))
        ]
        found.sort(key=lambda one: (-_number(one, "timeEnd"), -_number(one, "time")))
        return Reply(json=[*found[: int(request.query.get("limit", "100"))]])

    @route("POST", "/api/ds/query")
    def query(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Frames by `refId`; an unknown data source is said of its query alone."""
        body = request.json()
        queries = body.get("queries") if isinstance(body, dict) else None
        if (
            not isinstance(queries, list)
            or not queries
            or not isinstance(body, dict)
            or not {"from", "to"} <= body.keys()
        ):
            return Reply(status=400, json={"message": "no queries found"})
        results: dict[str, JsonValue] = {}
        for asked in queries:
            assert isinstance(asked, dict)
            self.queries.append(asked)
            source = asked.get("datasource")
            uid = str(source.get("uid")) if isinstance(source, dict) else ""
            known = self.data.get(uid)
            results[str(asked.get("refId", "A"))] = (
                {"status": 200, "frames": known}
                if known is not None
                else {"status": 404, "error": "data source not found"}
            )
        failed = sum(isinstance(result, dict) and "error" in result for result in results.values())
        status = 200 if not failed else 207 if failed < len(results) else 400
        return Reply(status=status, json={"results": results})

    @route("GET", "/api/search")
    def search(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Dashboards by title, in pages."""
        words, limit, page = (
            request.query.get(name, usual)
            for name, usual in (("query", ""), ("limit", "1000"), ("page", "1"))
        )
        found = [one for one in self.dashboards if words.lower() in str(one.get("title")).lower()]
        start = (int(page) - 1) * int(limit)
        return Reply(json=[*found[start : start + int(limit)]])

    def _annotation(self, values: Mapping[str, str]) -> dict[str, JsonValue] | None:
        return self.annotations.get(int(values["id"])) if values["id"].isdecimal() else None


def _number(annotation: Mapping[str, JsonValue], name: str) -> int:
    value = annotation.get(name)
    return value if isinstance(value, int) else 0


def _tags(annotation: Mapping[str, JsonValue]) -> list[JsonValue]:
    tags = annotation.get("tags")
    return tags if isinstance(tags, list) else []
