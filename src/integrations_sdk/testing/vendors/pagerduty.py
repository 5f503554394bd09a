"""PagerDuty in miniature: Events API and REST API behind one URL, as `events_url` and `api_url` reach them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["PagerDutyStandIn"]

Record = dict[str, JsonValue]

_SEVERITIES: Final = frozenset({"critical", "error", "warning", "info"})
_STATUSES: Final = ("triggered", "acknowledged", "resolved")
_LEADS_TO: Final = dict(zip(("trigger", "acknowledge", "resolve"), _STATUSES, strict=True))


class PagerDutyStandIn(StandIn):
    """One service with its alerts and incidents.

    Attributes:
        alerts: the state of each deduplication key; resolved ones stay.
        changes: the change events.
        incidents: as the API shows them, by id.
        notes: of incidents, in order.
    """

    provider = "pagerduty"
    routing_key = "e93facc04764012d7bfb002500d5d1a6"
    api_token = "y_NbAkKc66ryYTWUXYEu"  # noqa: S105  # accepted here and nowhere else
    user = "oncall@company.com"

    def __init__(self) -> None:
        super().__init__()
        self.alerts: dict[str, Record] = {}
        self.changes: list[Record] = []
        self.incidents: dict[str, Record] = {}
        self.notes: list[Record] = []

    def config(self) -> dict[str, object]:
        """A service and its account."""
        return {
            "routing_key": self.routing_key,
            "api_token": self.api_token,
            "from_email": self.user,
            "events_url": self.url,
            "api_url": self.url,
        }

    def authorized(self, request: Received) -> Reply | None:
        """`Token token=…` for the REST API; events carry their key in the body."""
        if request.path.startswith("/v2/"):
            return None
        if not same(request.headers.get("authorization", ""), f"Token token={self.api_token}"):
            return self.failure(401)
        known = request.method == "GET" or request.headers.get("from") == self.user
        return None if known else _error(400, 2100, "Invalid Input Provided", "Requester User Not Found")

    def failure(self, status: int) -> Reply:
        """The REST API's shape; that of the Events API has `status`, `message` and `errors` at its top."""
        words = {401: "Unauthorized", 403: "Access Denied", 404: "Not Found", 429: "Rate Limit Exceeded"}
        return _error(
            status, {401: 2006, 404: 2100, 429: 2020}.get(status, 2000), words.get(status, f"status {status}")
        )

    @route("POST", "/v2/enqueue")
    def enqueue(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Trigger, acknowledge or resolve; what is missing is named."""
        body = _object(request.json())
        action, key = str(body.get("event_action")), body.get("dedup_key")
        wrong = [
            *self._wrong_key(body),
            *([] if action in _LEADS_TO else ["'event_action' is missing or blank"]),
        ]
        if action == "trigger":
            wrong += _wrong_payload(_object(body.get("payload")), ("summary", "source", "severity"))
        elif not key:
            wrong.append("'dedup_key' is missing or blank")
        if wrong:
            return _invalid(wrong)
        known = self.alerts.get(str(key))
        if action == "trigger" or (known and known["status"] != "resolved"):  # others are dropped in silence
            key = str(key or f"generated-{len(self.alerts) + 1}")
            self.alerts[key] = {**(known or {}), **body, "status": _LEADS_TO[action]}
        return Reply(status=202, json={"status": "success", "message": "Event processed", "dedup_key": key})

    @route("POST", "/v2/change/enqueue")
    def change(self, request: Received, _: Mapping[str, str]) -> Reply:
        """A change needs a summary."""
        body = _object(request.json())
        wrong = [*self._wrong_key(body), *_wrong_payload(_object(body.get("payload")), ("summary",))]
        if wrong:
            return _invalid(wrong)
        self.changes.append(body)
        return Reply(status=202, json={"status": "success", "message": "Change event processed"})

    @route("GET", "/incidents")
    def list_incidents(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Page by page; 10,000 are the most that can be reached."""
        offset, limit = int(request.query.get("offset", 0)), min(int(request.query.get("limit", 25)), 100)
        if offset + limit > 10_000:
            return _error(400, 2001, "Invalid Input Provided", "Offset must be less than 10000")
        wanted = request.query.get("statuses[]")
        found: list[JsonValue] = [one for one in self.incidents.values() if wanted in {None, one["status"]}]
        page = {"offset": offset, "limit": limit, "more": len(found) > offset + limit, "total": None}
        return Reply(json={"incidents": found[offset : offset + limit], **page})

    @route("POST", "/incidents")
    def create_incident(self, request: Received, _: Mapping[str, str]) -> Reply:
        """One open incident for each `incident_key`."""
        body = _object(_object(request.json()).get("incident"))
        if not body.get("title") or not isinstance(body.get("service"), dict):
            return _error(400, 2001, "Invalid Input Provided", "Title cannot be empty.")
        key = body.get("incident_key")
        if key and any(
            one.get("incident_key") == key and one["status"] != "resolved" for one in self.incidents.values()
        ):
            return _error(400, 2002, "Arguments Caused Error", "Incident with this incident_key is open")
        number = len(self.incidents) + 1
        made: Record = {
            **body, "id": f"PT4KHL{number}", "incident_number": number, "status": "triggered",
            "html_url": f"https://shop.pagerduty.com/incidents/PT4KHL{number}",
        }  # fmt: skip
        self.incidents[str(made["id"])] = made
        return Reply(status=201, json={"incident": made})

    @route("GET", "/incidents/{id}")
    def get_incident(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """One incident."""
        found = self.incidents.get(at["id"])
        return Reply(json={"incident": found}) if found else self.failure(404)

    @route("PUT", "/incidents/{id}")
    def update_incident(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Change fields."""
        found, body = self.incidents.get(at["id"]), _object(_object(request.json()).get("incident"))
        if found is None:
            return self.failure(404)
        if (
            body.get("type") not in {"incident", "incident_reference"}
            or body.get("status", "triggered") not in _STATUSES
        ):
            return _error(400, 2001, "Invalid Input Provided", "Status is invalid")
        found |= {name: value for name, value in body.items() if name != "type"}
        return Reply(json={"incident": found})

    @route("POST", "/incidents/{id}/notes")
    def add_note(self, request: Received, at: Mapping[str, str]) -> Reply:
        """A note needs content."""
        content = _object(_object(request.json()).get("note")).get("content")
        if at["id"] not in self.incidents:
            return self.failure(404)
        if not content:
            return _error(400, 2001, "Invalid Input Provided", "Content cannot be empty")
        self.notes.append({"id": f"PWL7QX{len(self.notes) + 1}", "incident": at["id"], "content": content})
        return Reply(status=201, json={"note": self.notes[-1]})

    def _wrong_key(self, body: Record) -> list[str]:
        key = str(body.get("routing_key", ""))
        if len(key) != 32:
            return ["Length of 'routing_key' is incorrect (should be 32 characters)"]
        return [] if same(key, self.routing_key) else ["Invalid routing key"]


def _wrong_payload(payload: Record, needed: tuple[str, ...]) -> list[str]:
    wrong = [f"'payload.{name}' is missing or blank" for name in needed if not payload.get(name)]
    if payload.get("severity", "info") not in _SEVERITIES:
        wrong.append("'payload.severity' is invalid (must be one of: critical, warning, error, info)")
    if len(str(payload.get("summary", ""))) > 1024:
        wrong.append("'payload.summary' is too long (maximum is 1024 characters)")
    return wrong


def _invalid(wrong: list[str]) -> Reply:
    words: list[JsonValue] = [*wrong]
    return Reply(
        status=400, json={"status": "invalid event", "message": "Event object is invalid", "errors": words}
    )


def _error(status: int, code: int, message: str, *errors: str) -> Reply:
    return Reply(status=status, json={"error": {"message": message, "code": code, "errors": [*errors]}})


def _object(value: JsonValue) -> Record:
    return value if isinstance(value, dict) else {}
