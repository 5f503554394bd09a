"""Statuspage in miniature: one page with incidents and components."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["StatuspageStandIn"]

Record = dict[str, JsonValue]

_API: Final = "/v1/pages/{page}"
_STATUSES: Final = frozenset({
    "investigating", "identified", "monitoring", "resolved", "scheduled", "in_progress", "verifying", "completed",
})  # fmt: skip
_COMPONENT_STATUSES: Final = frozenset({
    "operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage", "",
})  # fmt: skip


class StatuspageStandIn(StandIn):
    """One page.

    Attributes:
        incidents: as the API shows them, in order of their creation; their updates under `incident_updates`.
        components: by id.
        mailed: how often subscribers were told.
    """

    provider = "statuspage"
    api_key = "89a229ce1a8dbcf9ff30430fbe35eb4c"
    page_id = "kctbh9vrtdwd"

    def __init__(self) -> None:
        super().__init__()
        self.incidents: list[Record] = []
        self.components: dict[str, Record] = {
            identifier: {"id": identifier, "name": name, "status": "operational", "page_id": self.page_id}
            for identifier, name in (("9nqvnr23zmzn", "API"), ("m0j6btq2nhl5", "Website"))
        }
        self.mailed = 0

    def config(self) -> dict[str, object]:
        """The page, and a key to it."""
        return {"api_key": self.api_key, "page_id": self.page_id, "api_url": self.url}

    def authorized(self, request: Received) -> Reply | None:
        """`OAuth …`."""
        right = same(request.headers.get("authorization", ""), f"OAuth {self.api_key}")
        return None if right else Reply(status=401, json={"error": "Could not authenticate"})

    def failure(self, status: int) -> Reply:
        """Statuspage says `error`: a text or a list of texts."""
        words = {404: "not found", 420: "Rate limit exceeded", 429: "Rate limit exceeded"}
        return Reply(status=status, json={"error": words.get(status, f"status {status}")})

    def not_found(self, _request: Received) -> Reply:
        """Statuspage's answer to an unknown route."""
        return self.failure(404)

    @route("GET", _API)
    def get_page(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """The page."""
        if at["page"] != self.page_id:
            return self.failure(404)
        return Reply(
            json={"id": self.page_id, "name": "The shop", "url": "status.shop.example", "subdomain": "shop"}
        )

    @route("GET", _API + "/incidents")
    def list_incidents(self, request: Received, _: Mapping[str, str]) -> Reply:
        """The newest first, 100 to a page; `q` is searched for in names."""
        words = request.query.get("q", "")
        return _page(request, [one for one in reversed(self.incidents) if words in str(one["name"])], "limit")

    @route("GET", _API + "/incidents/unresolved")
    def unresolved(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Those that go on."""
        return _page(
            request, [one for one in reversed(self.incidents) if one["status"] != "resolved"], "per_page"
        )

    @route("POST", _API + "/incidents")
    def create_incident(self, request: Received, at: Mapping[str, str]) -> Reply:
        """An incident needs a name."""
        number = f"p31zjtct2j{len(self.incidents):02d}"
        made: Record = {"id": number, "status": "investigating", "incident_updates": [], "components": []}
        made |= {"shortlink": f"http://stspg.io/{number}", "page_id": at["page"], "metadata": {}}
        reply = self._change(request, made, 201)
        if reply.status == 201:
            self.incidents.append(made)
        return reply

    @route("GET", _API + "/incidents/{id}")
    def get_incident(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """One incident."""
        found = self._find(at["id"])
        return Reply(json=found) if found else self.failure(404)

    @route("PATCH", _API + "/incidents/{id}")
    def update_incident(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Change fields; a body is a new update."""
        found = self._find(at["id"])
        return self._change(request, found, 200) if found else self.failure(404)

    @route("GET", _API + "/components")
    def list_components(self, request: Received, _: Mapping[str, str]) -> Reply:
        """100 to a page."""
        return _page(request, list(self.components.values()), "per_page")

    @route("PATCH", _API + "/components/{id}")
    def update_component(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Change its status."""
        found, body = self.components.get(at["id"]), _object(_object(request.json()).get("component"))
        if found is None:
            return self.failure(404)
        if body.get("status") not in _COMPONENT_STATUSES:
            return Reply(status=422, json={"error": ["Status is not included in the list"]})
        found |= body
        return Reply(json=found)

    def _find(self, identifier: str) -> Record | None:
        return next((one for one in self.incidents if one["id"] == identifier), None)

    def _change(self, request: Received, incident: Record, status: int) -> Reply:
        body = {**_object(_object(request.json()).get("incident"))}
        wrong = self._wrong(incident | body)
        if wrong:
            return Reply(status=422, json={"error": [*wrong]})
        for identifier, state in _object(body.pop("components", {})).items():
            self.components[identifier]["status"] = state
        ids = body.pop("component_ids", None)
        if isinstance(ids, list):
            incident["components"] = [self.components[str(one)] for one in ids]
        self.mailed += body.pop("deliver_notifications", True) is True
        updates = incident["incident_updates"]
        if (said := body.pop("body", None)) and isinstance(updates, list):
            incident["incident_updates"] = [{"body": said, "status": body.get("status")}, *updates]
        incident |= body
        return Reply(status=status, json=incident)

    def _wrong(self, incident: Record) -> list[str]:
        wrong = [] if incident.get("name") else ["Name can't be blank"]
        if incident["status"] not in _STATUSES:
            wrong.append("Status is not included in the list")
        if len(str(incident.get("name"))) > 255:
            wrong.append("Name is too long (maximum is 255 characters)")
        given = incident.get("components")
        unknown = set(given) - set(self.components) if isinstance(given, dict) else set()
        return [*wrong, *(f"Component {one} does not exist" for one in sorted(unknown))]


def _page(request: Received, found: list[Record], size: str) -> Reply:
    per_page, page = min(int(request.query.get(size, 100)), 100), max(int(request.query.get("page", 1)), 1)
    shown: list[JsonValue] = [*found[(page - 1) * per_page : page * per_page]]
    return Reply(json=shown)


def _object(value: JsonValue) -> Record:
    return value if isinstance(value, dict) else {}
