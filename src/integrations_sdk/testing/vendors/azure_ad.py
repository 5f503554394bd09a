"""Microsoft Entra ID in miniature: Graph's users and groups with delta queries, and tokens for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlencode

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["AzureAdStandIn"]

_ERRORS: Final = {
    400: ("Request_BadRequest", "A value is invalid."),
    401: ("InvalidAuthenticationToken", "Access token has expired or is not yet valid."),
    403: ("Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
    404: (
        "Request_ResourceNotFound",
        "Resource does not exist or one of its queried references are not present.",
    ),
    410: ("syncStateNotFound", "The sync state generation is not found. Resync required."),
    429: ("TooManyRequests", "Too many requests."),
    503: ("ServiceUnavailable", "The service is temporarily unavailable."),
}
_STARTSWITH: Final = re.compile(r"startswith\(displayName,'([^']*)'\)")
_REQUIRED: Final = ("accountEnabled", "displayName", "mailNickname", "userPrincipalName", "passwordProfile")


def _error(status: int, message: str | None = None) -> Reply:
    code, words = _ERRORS.get(status, ("UnknownError", "Something went wrong."))
    inner: JsonValue = {"request-id": "r-1", "client-request-id": "r-1", "date": "2026-01-01T00:00:00"}
    error: JsonValue = {"code": code, "message": message or words, "innerError": inner}
    return Reply(status=status, json={"error": error}, headers={"request-id": "r-1"})


class AzureAdStandIn(StandIn):
    """A tenant.

    Attributes:
        users: by id, as Graph describes them.
        groups: by id, as Graph describes them.
        members: the ids of users, by the id of the group.
        changes: the ids of users in the order of their changes; one who is not among the users is gone.
        page_size: how many Graph gives at once, whatever is asked for.
        forgotten: whether delta tokens are known no more.
        revoked: whose sessions were ended.
        access_token: what the application is granted; None refuses it.
        granted: how often it was.
    """

    provider = "azure_ad"
    tenant_id = "company.onmicrosoft.com"
    client_id = "11111111-2222-3333-4444-555555555555"
    client_secret = "az~8Q0123456789abcdefghijklmnopqrstuvw"  # noqa: S105  # of this stand-in alone

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, dict[str, JsonValue]] = {}
        self.groups: dict[str, dict[str, JsonValue]] = {}
        self.members: dict[str, list[str]] = {}
        self.changes: list[str] = []
        self.page_size = 999
        self.forgotten = False
        self.revoked: list[str] = []
        self.access_token: str | None = "eyJ.graph.access.token"  # noqa: S105  # of this stand-in alone
        self.granted = 0
        for name in ("All Company", "APG_Admins", "APG_Readers"):
            self.add_group(name)
        self.add_user("ada@company.com", "Ada Lovelace", "All Company", "APG_Admins")
        self.add_user("bob@company.com", "Bob Babbage", "All Company")

    def add_group(self, name: str) -> str:
        """A group, by its id."""
        group_id = f"g{len(self.groups) + 1}"
        self.groups[group_id] = {"id": group_id, "displayName": name, "description": f"All of {name}"}
        self.members[group_id] = []
        return group_id

    def add_user(self, principal: str, name: str, *groups: str) -> str:
        """A user in groups, by its id."""
        user_id = f"u{len(self.changes) + 1}"
        first, _, last = name.partition(" ")
        self.users[user_id] = {
            "id": user_id, "userPrincipalName": principal, "displayName": name, "mail": principal, "givenName": first,
            "surname": last, "accountEnabled": True, "jobTitle": "Engineer", "department": "R&D",
        }  # fmt: skip
        for group_id, group in self.groups.items():
            if group["displayName"] in list(groups):
                self.members[group_id].append(user_id)
        self.changes.append(user_id)
        return user_id

    def remove_user(self, user_id: str) -> None:
        """The user is deleted."""
        del self.users[user_id]
        self.changes.append(user_id)

    def config(self) -> dict[str, object]:
        """The tenant, with a mapping."""
        return {
            "tenant_id": self.tenant_id,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "login_url": self.url,
            "graph_url": self.url,
            "group_mappings": {"APG_Admins": "admin", "APG_Readers": "read"},
        }

    def authorized(self, request: Received) -> Reply | None:
        """The access token that was granted."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if request.path.endswith("/oauth2/v2.0/token") or (
            self.access_token and same(token, self.access_token)
        ):
            return None
        return _error(401)

    def failure(self, status: int) -> Reply:
        """Graph's code for such a status."""
        return _error(status)

    def not_found(self, _request: Received) -> Reply:
        """A path that Graph does not have."""
        return _error(400, "Resource not found for the segment.")

    @route("POST", "/{tenant}/oauth2/v2.0/token")
    def grant(self, request: Received, values: Mapping[str, str]) -> Reply:
        """Client credentials for Graph."""
        form = request.form()
        if values["tenant"] != self.tenant_id:
            words = "AADSTS90002: Tenant not found."
            return Reply(status=400, json={"error": "invalid_request", "error_description": words})
        right = form.get("client_id") == self.client_id and same(
            form.get("client_secret", ""), self.client_secret
        )
        if not right or self.access_token is None:
            words = "AADSTS7000215: Invalid client secret provided."
            return Reply(status=401, json={"error": "invalid_client", "error_description": words})
        if form.get("grant_type") != "client_credentials" or not form.get("scope", "").endswith("/.default"):
            return Reply(status=400, json={"error": "invalid_scope", "error_description": "AADSTS70011"})
        self.granted += 1
        return Reply(json={"token_type": "Bearer", "expires_in": 3599, "access_token": self.access_token})

    @route("GET", "/v1.0/users")
    def list_users(self, request: Received, _: Mapping[str, str]) -> Reply:
        """In pages, with the properties that are selected."""
        return self._page(request, self.users.values())

    @route("POST", "/v1.0/users")
    def create_user(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Five properties are required; the principal name is given once."""
        body = request.json()
        if not isinstance(body, dict) or any(name not in body for name in _REQUIRED):
            return _error(400, "A value is required for property 'passwordProfile' of resource 'User'.")
        profile, principal = body["passwordProfile"], str(body["userPrincipalName"])
        if not isinstance(profile, dict) or len(str(profile.get("password"))) < 8:
            return _error(
                400, "The specified password does not comply with password complexity requirements."
            )
        if self._named(principal) is not None:
            return _error(
                400, "Another object with the same value for property userPrincipalName already exists."
            )
        user_id = self.add_user(principal, str(body["displayName"]))
        self.users[user_id] |= {name: value for name, value in body.items() if name != "passwordProfile"}
        return Reply(status=201, json=self.users[user_id])

    @route("GET", "/v1.0/users/delta")
    def delta(self, request: Received, _: Mapping[str, str]) -> Reply:
        """What changed since a token, each user once; tokens count the changes."""
        token = request.query.get("$skiptoken") or request.query.get("$deltatoken")
        if self.forgotten and token is not None:
            self.forgotten = False
            return _error(410)
        start = int(token or "0")
        ids = list(dict.fromkeys(self.changes[start : start + self.page_size]))
        found: list[JsonValue] = [
            self.users.get(one) or {"id": one, "@removed": {"reason": "changed"}} for one in ids
        ]
        end = min(start + self.page_size, len(self.changes))
        kind, parameter = (
            ("nextLink", "$skiptoken") if end < len(self.changes) else ("deltaLink", "$deltatoken")
        )
        return Reply(json={"value": found, f"@odata.{kind}": f"{self.url}{request.path}?{parameter}={end}"})

    @route("GET", "/v1.0/users/{user}")
    def get_user(self, _request: Received, values: Mapping[str, str]) -> Reply:
        """By id or principal name."""
        user = self._named(values["user"])
        return Reply(json=user) if user else _error(404)

    @route("PATCH", "/v1.0/users/{user}")
    def update_user(self, request: Received, values: Mapping[str, str]) -> Reply:
        """What is given is changed."""
        user, body = self._named(values["user"]), request.json()
        if user is None or not isinstance(body, dict):
            return _error(404)
        user.update({name: value for name, value in body.items() if name != "passwordProfile"})
        self.changes.append(str(user["id"]))
        return Reply(status=204)

    @route("POST", "/v1.0/users/{user}/revokeSignInSessions")
    def revoke(self, _request: Received, values: Mapping[str, str]) -> Reply:
        """Sessions end."""
        user = self._named(values["user"])
        if user is None:
            return _error(404)
        self.revoked.append(str(user["id"]))
        return Reply(json={"value": True})

    @route("GET", "/v1.0/users/{user}/memberOf")
    @route("GET", "/v1.0/users/{user}/transitiveMemberOf")
    def groups_of(self, request: Received, values: Mapping[str, str]) -> Reply:
        """Groups, and an administrative role."""
        user = self._named(values["user"])
        if user is None:
            return _error(404)
        groups = [self.groups[key] for key, ids in self.members.items() if user["id"] in ids]
        found = [{"@odata.type": "#microsoft.graph.group", **group} for group in groups]
        role = {"@odata.type": "#microsoft.graph.directoryRole", "id": "r1", "displayName": "APG_Admins"}
        return self._page(request, [role, *found])

    @route("GET", "/v1.0/groups")
    def list_groups(self, request: Received, _: Mapping[str, str]) -> Reply:
        """In pages; filtered with `$count` only if eventual consistency will do."""
        wanted = request.query.get("$filter")
        if "$count" in request.query and request.headers.get("consistencylevel") != "eventual":
            return _error(
                400, "Request with $count query parameter only works through MSGraph with consistency."
            )
        found = _STARTSWITH.fullmatch(wanted) if wanted is not None else None
        if wanted is not None and found is None:
            return _error(400, "Invalid filter clause.")
        prefix = found[1] if found else ""
        return self._page(
            request, [one for one in self.groups.values() if str(one["displayName"]).startswith(prefix)]
        )

    @route("GET", "/v1.0/groups/{group}/members")
    @route("GET", "/v1.0/groups/{group}/transitiveMembers")
    def list_members(self, request: Received, values: Mapping[str, str]) -> Reply:
        """Users, and a device."""
        if values["group"] not in self.groups:
            return _error(404)
        users = [
            {"@odata.type": "#microsoft.graph.user", **self.users[one]}
            for one in self.members[values["group"]]
        ]
        return self._page(request, [{"@odata.type": "#microsoft.graph.device", "id": "d1"}, *users])

    @route("POST", "/v1.0/groups/{group}/members/$ref")
    def add_member(self, request: Received, values: Mapping[str, str]) -> Reply:
        """By the address of a directory object; who is in it already is refused."""
        body = request.json()
        address = str(body.get("@odata.id")) if isinstance(body, dict) else ""
        user = self._named(address.rpartition("/directoryObjects/")[2])
        if user is None or values["group"] not in self.groups:
            return _error(404)
        if user["id"] in self.members[values["group"]]:
            words = "One or more added object references already exist for the property 'members'."
            return _error(400, words)
        self.members[values["group"]].append(str(user["id"]))
        return Reply(status=204)

    @route("DELETE", "/v1.0/groups/{group}/members/{user}/$ref")
    def remove_member(self, _request: Received, values: Mapping[str, str]) -> Reply:
        """Who is not in it is not found."""
        ids = self.members.get(values["group"], [])
        if values["user"] not in ids:
            return _error(404)
        ids.remove(values["user"])
        return Reply(status=204)

    def _named(self, name: str) -> dict[str, JsonValue] | None:
        wanted = (user for user in self.users.values() if name in {user["id"], user["userPrincipalName"]})
        return next(wanted, None)

    def _page(self, request: Received, items: Iterable[Mapping[str, JsonValue]]) -> Reply:
        """A page with the properties that are selected, and the link to the next."""
        listed, start = list(items), int(request.query.get("$skiptoken", "0"))
        size = min(int(request.query.get("$top", "100")), self.page_size)
        selected = {*request.query.get("$select", "").split(","), "@odata.type"}
        page: list[JsonValue] = [
            {name: value for name, value in item.items() if name in selected}
            for item in listed[start : start + size]
        ]
        body: dict[str, JsonValue] = {"value": page}
        if start + size < len(listed):
            query = urlencode({**request.query, "$skiptoken": start + size})
            body["@odata.nextLink"] = f"{self.url}{request.path}?{query}"
        return Reply(json=body)
