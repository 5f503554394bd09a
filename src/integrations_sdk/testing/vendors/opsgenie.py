"""Opsgenie in miniature: alerts by alias, and requests that are processed when they are asked about the second time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["OpsgenieStandIn"]

Record = dict[str, JsonValue]

_DONE: Final = {"close": "Closed alert", "acknowledge": "Acknowledged alert", "notes": "Added note"}
_PRIORITIES: Final = frozenset({"P1", "P2", "P3", "P4", "P5"})


class OpsgenieStandIn(StandIn):
    """One account.

    Attributes:
        alerts: by id, in order of their creation.
        results: what becomes of each request, by its id.
        looks: how often a request must be asked about before it is processed.
        may_read: whether the key reads alerts.
    """

    provider = "opsgenie"
    api_key = "eb243592-faa2-4ba2-a551-1afdf565c889"
    looks = 1

    def __init__(self) -> None:
        super().__init__()
        self.alerts: dict[str, Record] = {}
        self.results: dict[str, Record] = {}
        self.may_read = True
        self._asked: dict[str, int] = {}

    def config(self) -> dict[str, object]:
        """An API integration."""
        return {"api_key": self.api_key, "api_url": self.url}

    def authorized(self, request: Received) -> Reply | None:
        """`GenieKey …`."""
        if not same(request.headers.get("authorization", ""), f"GenieKey {self.api_key}"):
            return Reply(status=401, json=_said("Could not authenticate"))
        if request.method == "GET" and not self.may_read:
            return Reply(status=403, json=_said("You are not authorized for this action.", code=40301))
        return None

    def failure(self, status: int) -> Reply:
        """Opsgenie says `message`, `took` and `requestId`."""
        words = {429: "You are making too many requests!", 500: "Internal Server Error"}
        return Reply(status=status, json=_said(words.get(status, f"status {status}")))

    @route("POST", "/v2/alerts")
    def create_alert(self, request: Received, _: Mapping[str, str]) -> Reply:
        """An open alert of the same alias counts one more."""
        body = _object(request.json())
        message = str(body.get("message", ""))
        if not 0 < len(message) <= 130 or len(str(body.get("alias", ""))) > 512:
            wrong = {"message": "Message can not be empty." if not message else "Message is too long."}
            return Reply(status=422, json={**_said("Request body is not processable."), "errors": {**wrong}})
        if body.get("priority", "P3") not in _PRIORITIES:
            return Reply(status=422, json=_said("Priority value is not valid."))
        known = self._open(str(body.get("alias")))
        if known is None:
            number = f"{len(self.alerts) + 1:08d}-11da-480e-8493-744660987bef"
            known = {
                "id": number,
                "alias": number,
                "tags": [],
                "count": 0,
                "acknowledged": False,
                "notes": [],
            }
            self.alerts[number] = known
        known |= {**body, "status": "open", "count": int(str(known["count"])) + 1}
        return self._accepted("Create", "Created alert", known)

    @route("GET", "/v2/alerts")
    def list_alerts(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Page by page, the newest first."""
        offset, limit = int(request.query.get("offset", 0)), min(int(request.query.get("limit", 20)), 100)
        found: list[JsonValue] = [*reversed(self.alerts.values())]
        more = f"{self.url}/v2/alerts?limit={limit}&offset={offset + limit}&order=desc"
        paging: Record = {"next": more} if len(found) > offset + limit else {}
        return Reply(json={**_said(None), "data": found[offset : offset + limit], "paging": paging})

    @route("GET", "/v2/alerts/{alias}")
    def get_alert(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """By alias: the open one, else the last."""
        known = self._open(at["alias"]) or next(
            (one for one in reversed(self.alerts.values()) if one["alias"] == at["alias"]), None
        )
        return (
            Reply(json={**_said(None), "data": known})
            if known
            else Reply(status=404, json=_said("Alert does not exist"))
        )

    @route("GET", "/v2/alerts/requests/{id}")
    def request_status(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """404 until it is processed."""
        self._asked[at["id"]] = self._asked.get(at["id"], 0) + 1
        if at["id"] not in self.results or self._asked[at["id"]] <= self.looks:
            return Reply(status=404, json=_said("Request not found. It might not be processed, yet."))
        return Reply(json={**_said(None), "data": self.results[at["id"]]})

    @route("POST", "/v2/alerts/{alias}/{action}")
    def act(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Close, acknowledge or annotate; whether there is such an alert the result tells."""
        if at["action"] not in _DONE:
            return self.not_found(request)
        body, known = _object(request.json()), self._open(at["alias"])
        if at["action"] == "notes" and not body.get("note"):
            return Reply(status=422, json=_said("Note can not be empty."))
        if known is None:
            return self._accepted(at["action"].title(), "Alert does not exist", None)
        notes = known["notes"]
        known["notes"] = [
            *(notes if isinstance(notes, list) else []),
            *([body["note"]] if body.get("note") else []),
        ]
        if at["action"] == "close":
            known["status"] = "closed"
        known["acknowledged"] = known["acknowledged"] or at["action"] == "acknowledge"
        return self._accepted(at["action"].title(), _DONE[at["action"]], known)

    def _open(self, alias: str) -> Record | None:
        return next(
            (one for one in self.alerts.values() if one["alias"] == alias and one["status"] == "open"), None
        )

    def _accepted(self, action: str, status: str, alert: Record | None) -> Reply:
        request_id = f"ec7e1d8e-1c75-442e-a271-{len(self.results) + 1:012d}"
        self.results[request_id] = {
            "success": alert is not None, "isSuccess": alert is not None, "action": action, "status": status,
            "alertId": alert["id"] if alert else "", "alias": alert["alias"] if alert else "",
        }  # fmt: skip
        body: Record = {"result": "Request will be processed", "took": 0.1, "requestId": request_id}
        return Reply(status=202, json=body, headers={"x-request-id": request_id})


def _said(message: str | None, **more: JsonValue) -> Record:
    return {**({"message": message} if message else {}), "took": 0.1, "requestId": "1b9ed0a0-5d1b", **more}


def _object(value: JsonValue) -> Record:
    return value if isinstance(value, dict) else {}
