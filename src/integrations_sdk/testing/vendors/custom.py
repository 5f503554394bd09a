"""A service of nobody's in particular, for the connector whose services are described."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import urlencode

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["CustomStandIn"]


class CustomStandIn(StandIn):
    """Items in pages of every kind, messages, and every way to get in.

    Attributes:
        items: what the listings list.
        messages: what was posted.
        forms: every form that arrived.
        granted: how many access tokens were granted.
    """

    provider = "custom"
    token = "acme-0123456789abcdef0123456789abcdef"  # noqa: S105  # of this stand-in alone
    client_secret = "acme-client-secret-0123456789"  # noqa: S105  # of this stand-in alone

    def __init__(self) -> None:
        super().__init__()
        self.items: list[JsonValue] = [{"id": number, "project": "shop"} for number in range(1, 8)]
        self.messages: list[JsonValue] = []
        self.forms: list[dict[str, str]] = []
        self.granted = 0

    def config(self) -> dict[str, object]:
        """The service, described: an operation for each kind of page, one that posts, and how it is."""
        listing = {"path": "/items", "query": {"project": "{project?}"}}
        pages: dict[str, dict[str, object]] = {
            "linked": {"kind": "link", "size": 3, "size_parameter": "limit"},
            "addressed": {"kind": "next_url", "next": "links.next", "items": "items"},
            "cursored": {"kind": "cursor", "next": "meta.cursor", "parameter": "cursor", "items": "items"},
            "numbered": {
                "kind": "page",
                "parameter": "page",
                "size": 3,
                "size_parameter": "limit",
                "items": "items",
            },
            "counted": {
                "kind": "offset",
                "parameter": "offset",
                "size": 3,
                "size_parameter": "limit",
                "items": "items",
            },
        }
        operations: dict[str, object] = {
            f"list_{kind}": {**listing, "path": f"/{kind}", "paging": paging}
            for kind, paging in pages.items()
        }
        operations["get_item"] = {"path": "/items/{id}", "expect": [200], "result": "item"}
        operations["post_message"] = {
            "method": "POST",
            "path": "/messages",
            "body": {"text": "{text}", "channel": "{channel}", "level": "{level?}"},
            "defaults": {"channel": "#ops"},
            "reference": "message.id",
        }
        operations["subscribe"] = {
            "method": "PUT",
            "path": "/subscription",
            "form": {"email": "{email}", "tags": "{tags?}"},
        }
        return {
            "base_url": self.url,
            "auth": "bearer",
            "token": self.token,
            "health_path": "/health",
            "operations": operations,
            "notification": {
                "operation": "post_message",
                "arguments": {"text": "{summary}", "level": "{level}"},
            },
        }

    def authorized(self, request: Received) -> Reply | None:
        """A bearer token, `ada` with the token as password, or the token in `x-api-key` or `key`."""
        if request.path == "/oauth/token":
            return None
        user = base64.b64encode(f"ada:{self.token}".encode()).decode()
        header = request.headers.get("authorization", "")
        ways = {
            header.removeprefix("Bearer "),
            request.headers.get("x-api-key", ""),
            request.query.get("key", ""),
        }
        right = any(same(way, self.token) for way in ways) or same(header, f"Basic {user}")
        return None if right else Reply(status=401, json={"error": {"text": "who are you?"}})

    def failure(self, status: int) -> Reply:
        """Words in a place of its own."""
        return Reply(status=status, json={"error": {"text": f"failed with {status}"}})

    @route("POST", "/oauth/token")
    def grant(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Client credentials, as Basic or in the form."""
        client = base64.b64encode(f"acme:{self.client_secret}".encode()).decode()
        form = request.form()
        shown = same(request.headers.get("authorization", ""), f"Basic {client}")
        posted = form.get("client_id") == "acme" and same(form.get("client_secret", ""), self.client_secret)
        if form.get("grant_type") != "client_credentials" or not (shown or posted):
            return Reply(status=401, json={"error": "invalid_client"})
        self.granted += 1
        return Reply(json={"access_token": self.token, "expires_in": 3600, "token_type": "Bearer"})

    @route("GET", "/health")
    def health(self, _request: Received, _: Mapping[str, str]) -> Reply:
        """All is well."""
        return Reply(text="ok")

    @route("GET", "/items/{id}")
    def get_item(self, _request: Received, values: Mapping[str, str]) -> Reply:
        """One of them."""
        found = [item for item in self.items if isinstance(item, dict) and str(item["id"]) == values["id"]]
        return Reply(json={"item": found[0]}) if found else self.failure(404)

    @route("GET", "/linked")
    def linked(self, request: Received, _: Mapping[str, str]) -> Reply:
        """A list, with a Link header."""
        page, query = self._page(request, int(request.query.get("from", "0")), "from")
        return Reply(json=page, headers={"link": f'<{self.url}/linked?{query}>; rel="next"'} if query else {})

    @route("GET", "/addressed")
    def addressed(self, request: Received, _: Mapping[str, str]) -> Reply:
        """The next page's URL in the body, on a host that nobody should be led to."""
        page, query = self._page(request, int(request.query.get("from", "0")), "from")
        link = f"https://elsewhere.example/addressed?{query}" if query else None
        return Reply(json={"items": page, "links": {"next": link}})

    @route("GET", "/cursored")
    def cursored(self, request: Received, _: Mapping[str, str]) -> Reply:
        """A word for the next page."""
        start = int(request.query.get("cursor", "c0")[1:])
        page, query = self._page(request, start, "cursor")
        return Reply(json={"items": page, "meta": {"cursor": f"c{start + len(page)}" if query else None}})

    @route("GET", "/numbered")
    def numbered(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Pages from 1 on."""
        start = (int(request.query["page"]) - 1) * int(request.query["limit"])
        return Reply(json={"items": self._page(request, start, "page")[0]})

    @route("GET", "/counted")
    def counted(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Offsets."""
        return Reply(json={"items": self._page(request, int(request.query["offset"]), "offset")[0]})

    @route("POST", "/messages")
    def post_message(self, request: Received, _: Mapping[str, str]) -> Reply:
        """A text is required."""
        body = request.json()
        if not isinstance(body, dict) or not body.get("text"):
            return self.failure(400)
        self.messages.append(body)
        return Reply(status=201, json={"message": {"id": f"m-{len(self.messages)}"}})

    @route("PUT", "/subscription")
    def subscribe(self, request: Received, _: Mapping[str, str]) -> Reply:
        """A form."""
        self.forms.append(request.form())
        return Reply(status=204)

    def _page(self, request: Received, start: int, parameter: str) -> tuple[list[JsonValue], str]:
        """Items, and the query of the next page; empty after the last."""
        wanted, size = request.query.get("project"), int(request.query.get("limit", "3"))
        found = [one for one in self.items if isinstance(one, dict) and wanted in {None, one.get("project")}]
        following = urlencode({**request.query, parameter: start + size}) if start + size < len(found) else ""
        return [*found[start : start + size]], following
