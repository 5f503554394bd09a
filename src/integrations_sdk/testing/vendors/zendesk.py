"""Zendesk in miniature: tickets with comments, idempotency keys, cursors."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Final

import attrs

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.faults import FaultSpec
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["ZendeskStandIn"]

Record = dict[str, JsonValue]

_STATUSES: Final = frozenset({"new", "open", "pending", "hold", "solved", "closed"})
_ALLOWED: Final = {
    "priority": {"low", "normal", "high", "urgent"},
    "type": {"problem", "incident", "question", "task"},
    "status": _STATUSES,
}


class ZendeskStandIn(StandIn):
    """One account.

    Attributes:
        tickets: as the API shows them, by number; their comments are in `comments`.
        comments: by number of the ticket.
        agents: ids by e-mail address.
        user: who the credentials belong to.
        keys: idempotency keys, each with the request it came with and the answer to it.
    """

    provider = "zendesk"
    email = "admin@yourcompany.com"
    api_token = "6wiIBWbGkBMo1mRDMuVwkw1EPsNkeUj95PIz2akv"  # noqa: S105  # accepted here and nowhere else
    oauth_token = "52d7ef4ee01e2c2c75bff572f957cd4f"  # noqa: S105  # as above

    def __init__(self) -> None:
        super().__init__()
        self.tickets: dict[int, Record] = {}
        self.comments: dict[int, list[Record]] = {}
        self.agents = {self.email: 1, "platform-team@yourcompany.com": 7}
        self.user: Record = {"id": 1, "name": "Ada", "email": self.email, "role": "admin"}
        self.keys: dict[str, tuple[bytes, Reply]] = {}

    def config(self) -> dict[str, object]:
        """An agent with the API token."""
        return {"email": self.email, "api_token": self.api_token, "api_url": self.url}

    def authorized(self, request: Received) -> Reply | None:
        """Basic `address/token:token`, or a bearer token."""
        given = request.headers.get("authorization", "")
        pair = base64.b64encode(f"{self.email}/token:{self.api_token}".encode()).decode()
        right = same(given, f"Basic {pair}") or same(given, f"Bearer {self.oauth_token}")
        return None if right else Reply(status=401, json={"error": "Couldn't authenticate you"})

    def failure(self, status: int) -> Reply:
        """Zendesk says `error` and `description`; limits are told in one text."""
        if status == 429:
            return Reply(status=429, text="Number of allowed API requests per minute exceeded")
        names = {403: "Forbidden", 404: "RecordNotFound", 500: "InternalError", 503: "ServiceUnavailable"}
        error = names.get(status, "BadRequest")
        return Reply(
            status=status, json={"error": error, "description": "Not found" if status == 404 else error}
        )

    def not_found(self, _request: Received) -> Reply:
        """Zendesk's answer to an unknown route."""
        return Reply(status=404, json={"error": "InvalidEndpoint", "description": "Not found"})

    def answer(self, request: Received) -> tuple[Reply, FaultSpec | None]:
        """Each path may end in `.json`, as Zendesk's older examples have it."""
        return super().answer(attrs.evolve(request, path=request.path.removesuffix(".json")))

    @route("GET", "/api/v2/users/me")
    def me(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """Whose credentials they are."""
        return Reply(json={"user": self.user})

    @route("POST", "/api/v2/tickets")
    def create_ticket(self, request: Received, _: Mapping[str, str]) -> Reply:
        """A ticket needs a comment; a repeated key gets the first answer, with other content a refusal."""
        key = request.headers.get("idempotency-key", "")
        if key in self.keys:
            before, reply = self.keys[key]
            if before != request.body:
                said = "Request parameters do not match the given idempotency key"
                return Reply(status=400, json={"error": "IdempotentRequestError", "description": said})
            return Reply(status=reply.status, json=reply.json, headers={"x-idempotency-lookup": "hit"})
        number = len(self.tickets) + 1
        ticket: Record = {
            "id": number,
            "status": "new",
            "tags": [],
            "url": f"{self.url}/api/v2/tickets/{number}.json",
        }
        reply = self._change(request, ticket, 201, needed="comment")
        if key and reply.status == 201:
            self.keys[key] = (request.body, reply)
        return reply

    @route("GET", "/api/v2/tickets")
    def list_tickets(self, request: Received, _: Mapping[str, str]) -> Reply:
        """All of them, or those with the external id."""
        wanted = request.query.get("external_id")
        return _page(
            request,
            "tickets",
            [one for one in self.tickets.values() if wanted in {None, one.get("external_id")}],
        )

    @route("GET", "/api/v2/search/export")
    def search(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Tickets with all the words in their subject."""
        words = request.query.get("query", "").split()
        found = [
            one for one in self.tickets.values() if all(word in str(one.get("subject")) for word in words)
        ]
        return _page(request, "results", found)

    @route("GET", "/api/v2/tickets/{id}")
    def get_ticket(self, _request: Received, at: Mapping[str, str]) -> Reply:
        """One ticket."""
        found = self._find(at)
        return Reply(json={"ticket": found}) if found else self.failure(404)

    @route("PUT", "/api/v2/tickets/{id}")
    def update_ticket(self, request: Received, at: Mapping[str, str]) -> Reply:
        """Change fields, add a comment; closed tickets stay as they are."""
        found = self._find(at)
        if found is None:
            return self.failure(404)
        if found["status"] == "closed":
            return _invalid("status", "Status: closed prevents ticket update", "ClosedTicket")
        return self._change(request, found, 200)

    @route("GET", "/api/v2/tickets/{id}/comments")
    def list_comments(self, request: Received, at: Mapping[str, str]) -> Reply:
        """The first one first."""
        if self._find(at) is None:
            return self.failure(404)
        return _page(request, "comments", self.comments.get(int(at["id"]), []))

    def _find(self, at: Mapping[str, str]) -> Record | None:
        return self.tickets.get(int(at["id"])) if at["id"].isdecimal() else None

    def _change(self, request: Received, ticket: Record, status: int, needed: str = "") -> Reply:
        body = {**_object(_object(request.json()).get("ticket"))}
        said = _object(body.pop("comment", {}))
        if needed and not said.get("body"):
            return _invalid("base", "Description: cannot be blank", "BlankValue")
        for name, allowed in _ALLOWED.items():
            if name in body and body[name] not in allowed:
                return _invalid(name, f"{name.title()}: {body[name]} is not valid", "InvalidValue")
        if (who := body.pop("assignee_email", None)) is not None:
            if str(who) not in self.agents:
                return _invalid("assignee", f"Assignee: {who} is not an agent", "InvalidValue")
            body["assignee_id"] = self.agents[str(who)]
        ticket |= body
        number = int(str(ticket["id"]))
        self.tickets[number] = ticket
        events: list[JsonValue] = []
        if said:
            made: Record = {**said, "id": 900 + sum(map(len, self.comments.values())), "type": "Comment"}
            self.comments.setdefault(number, []).append(made)
            events = [made]
        audit: Record = {
            "id": 5000 + number,
            "ticket_id": number,
            "events": [{"id": 1, "type": "Change"}, *events],
        }
        return Reply(status=status, json={"ticket": {**ticket}, "audit": audit})


def _page(request: Received, name: str, found: list[Record]) -> Reply:
    size = min(int(request.query.get("page[size]", 100)), 100)
    start = (
        json.loads(base64.urlsafe_b64decode(request.query["page[after]"]))
        if "page[after]" in request.query
        else 0
    )
    shown: list[JsonValue] = [*found[start : start + size]]
    cursor = base64.urlsafe_b64encode(json.dumps(start + size).encode()).decode()
    return Reply(json={name: shown, "meta": {"has_more": len(found) > start + size, "after_cursor": cursor}})


def _invalid(field: str, description: str, error: str) -> Reply:
    details: Record = {field: [{"description": description, "error": error}]}
    said: Record = {"error": "RecordInvalid", "description": "Record validation errors", "details": details}
    return Reply(status=422, json=said, headers={"x-zendesk-request-id": "a1b2c3"})


def _object(value: JsonValue) -> Record:
    return value if isinstance(value, dict) else {}
