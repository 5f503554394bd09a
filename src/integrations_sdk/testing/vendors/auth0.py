"""Auth0 in miniature: the Management API's users and roles, and tokens for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["Auth0StandIn"]

_WORDS: Final = {
    400: ("Bad Request", "Payload validation error"),
    401: ("Unauthorized", "Invalid token"),
    403: ("Forbidden", "Insufficient scope, expected any of: read:users"),
    404: ("Not Found", "The user does not exist."),
    409: ("Conflict", "The user already exists."),
    429: ("Too Many Requests", "Global limit has been reached"),
}
_QUERY: Final = re.compile(
    r'(?:identities\.connection:"(?P<connection>[^"]+)")?(?: AND )?(?:(?P<field>\w+):\[(?P<since>\S+) TO \*\])?'
)
_CONNECTION: Final = "Username-Password-Authentication"


def _error(status: int, message: str | None = None) -> Reply:
    name, words = _WORDS.get(status, ("Internal Server Error", "Something went wrong"))
    code = (message or words).split(" ", maxsplit=1)[0].lower()
    return Reply(
        status=status,
        json={"statusCode": status, "error": name, "message": message or words, "errorCode": code},
    )


class Auth0StandIn(StandIn):
    """An Auth0 tenant.

    Attributes:
        users: by id, as Auth0 describes them.
        roles: by id, as Auth0 describes them.
        holders: the ids of users, by the id of the role.
        passwords: what users were given, by their id.
        now: Auth0's clock; a minute passes with each change.
        access_token: what the application is granted; None refuses it.
        granted: how often it was.
    """

    provider = "auth0"
    client_id = "k5Yb0000000000000000000000000abc"
    client_secret = "s3cr3t-of-auth0-0123456789abcdefghijklmnop"  # noqa: S105  # of this stand-in alone

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, dict[str, JsonValue]] = {}
        self.roles: dict[str, dict[str, JsonValue]] = {}
        self.holders: dict[str, list[str]] = {}
        self.passwords: dict[str, str] = {}
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.access_token: str | None = "eyJ.auth0.access.token"  # noqa: S105  # of this stand-in alone
        self.granted = 0
        for name in ("admin", "developer", "viewer"):
            self.add_role(name)
        self.add_user("ada@example.com", roles=("admin", "viewer"), fields={"name": "Ada Lovelace"})
        self.add_user("bob@example.com", fields={"name": "Bob Babbage"})
        self.now += timedelta(hours=1)

    def add_role(self, name: str) -> str:
        """A role, by its id."""
        role_id = f"rol_{len(self.roles) + 1}"
        self.roles[role_id] = {"id": role_id, "name": name, "description": f"Is {name}"}
        self.holders[role_id] = []
        return role_id

    def add_user(
        self,
        email: str,
        *,
        roles: Iterable[str] = (),
        connection: str = _CONNECTION,
        fields: Mapping[str, JsonValue] | None = None,
    ) -> str:
        """A user with roles, by its id."""
        user_id = f"auth0|{len(self.users) + 1}"
        identity: JsonValue = [{"connection": connection, "provider": "auth0", "user_id": user_id[6:]}]
        self.now += timedelta(minutes=1)
        times: dict[str, JsonValue] = {"created_at": self._moment(), "updated_at": self._moment()}
        self.users[user_id] = {
            "user_id": user_id,
            "email": email,
            "identities": identity,
            **times,
            **(fields or {}),
        }
        for role_id, role in self.roles.items():
            if str(role["name"]) in roles:
                self.holders[role_id].append(user_id)
        return user_id

    def config(self) -> dict[str, object]:
        """The tenant, with a connection and a mapping."""
        return {
            "domain": self.url,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "connection": _CONNECTION,
            "role_mappings": {"admin": "admin", "developer": "write", "viewer": "read"},
        }

    def authorized(self, request: Received) -> Reply | None:
        """The access token that was granted."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if request.path == "/oauth/token" or (self.access_token and same(token, self.access_token)):
            return None
        return _error(401)

    def failure(self, status: int) -> Reply:
        """Auth0's words for such a status."""
        return _error(status)

    def not_found(self, _request: Received) -> Reply:
        """A path that Auth0 does not have."""
        return _error(404, "Not Found")

    @route("POST", "/oauth/token")
    def grant(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Client credentials for this tenant's Management API."""
        body = request.json()
        asked = body if isinstance(body, dict) else request.form()
        right = asked.get("client_id") == self.client_id and same(
            str(asked.get("client_secret")), self.client_secret
        )
        if not right or self.access_token is None:
            return Reply(status=401, json={"error": "access_denied", "error_description": "Unauthorized"})
        if asked.get("grant_type") != "client_credentials" or asked.get("audience") != f"{self.url}/api/v2/":
            words = "Service not enabled within domain"
            return Reply(status=403, json={"error": "access_denied", "error_description": words})
        self.granted += 1
        return Reply(json={"access_token": self.access_token, "expires_in": 86400, "token_type": "Bearer"})

    @route("GET", "/api/v2/users")
    def list_users(self, request: Received, _: Mapping[str, str]) -> Reply:
        """By search, sorted, at most 100 to a page and 1000 of all."""
        asked = _QUERY.fullmatch(request.query.get("q", ""))
        if asked is None:
            return _error(400, "The query is wrong")
        page, size = int(request.query.get("page", "0")), int(request.query.get("per_page", "50"))
        if size > 100:
            return _error(400, "Query validation error: 'Too big: 100'")
        if (page + 1) * size > 1000:
            return _error(400, "You can only page through the first 1000 records")
        field, _colon, order = request.query.get("sort", "user_id:1").partition(":")
        found = [
            user
            for user in self.users.values()
            if (asked["connection"] is None or _is_of(user, asked["connection"]))
            and (asked["since"] is None or str(user[asked["field"]]) >= asked["since"])
        ]
        found.sort(key=lambda user: str(user[field]), reverse=order == "-1")
        return self._dated(_page(request, found, "users"))

    @route("POST", "/api/v2/users")
    def create_user(self, request: Received, _: Mapping[str, str]) -> Reply:
        """A connection, an email that is given once, and a password."""
        body = request.json()
        if not isinstance(body, dict) or not body.get("connection"):
            return _error(400, "Payload validation error: 'Missing required property: connection'.")
        password, email = str(body.get("password") or ""), str(body.get("email") or "").lower()
        if len(password) < 8:
            return _error(400, "PasswordStrengthError: Password is too weak")
        if any(
            user["email"] == email and _is_of(user, str(body["connection"])) for user in self.users.values()
        ):
            return _error(409)
        fields = {
            name: value for name, value in body.items() if name not in {"connection", "password", "email"}
        }
        user_id = self.add_user(email, connection=str(body["connection"]), fields=fields)
        self.passwords[user_id] = password
        return Reply(status=201, json=self.users[user_id])

    @route("GET", "/api/v2/users-by-email")
    def by_email(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Of every connection; the email is compared as it is written."""
        wanted = request.query.get("email")
        return self._dated(Reply(json=[user for user in self.users.values() if user["email"] == wanted]))

    @route("GET", "/api/v2/users/{id}")
    def get_user(self, _request: Received, values: Mapping[str, str]) -> Reply:
        """By id."""
        user = self.users.get(values["id"])
        return Reply(json=user) if user else _error(404)

    @route("PATCH", "/api/v2/users/{id}")
    def update_user(self, request: Received, values: Mapping[str, str]) -> Reply:
        """What is given is changed; a password only with its connection."""
        user, body = self.users.get(values["id"]), request.json()
        if user is None:
            return _error(404)
        if not isinstance(body, dict) or ("password" in body and "connection" not in body):
            return _error(400)
        if "password" in body:
            self.passwords[values["id"]] = str(body["password"])
        user.update({name: value for name, value in body.items() if name not in {"password", "connection"}})
        self.touch(values["id"])
        return Reply(json=user)

    @route("DELETE", "/api/v2/users/{id}")
    def delete_user(self, _request: Received, values: Mapping[str, str]) -> Reply:
        """For ever; also one who is not there."""
        self.users.pop(values["id"], None)
        return Reply(status=204)

    @route("GET", "/api/v2/users/{id}/roles")
    def roles_of(self, request: Received, values: Mapping[str, str]) -> Reply:
        """The roles that a user has."""
        found = [self.roles[key] for key, holders in self.holders.items() if values["id"] in holders]
        return _page(request, found, "roles")

    @route("POST", "/api/v2/users/{id}/roles")
    @route("DELETE", "/api/v2/users/{id}/roles")
    def change_roles(self, request: Received, values: Mapping[str, str]) -> Reply:
        """Roles given or taken, by their ids."""
        body = request.json()
        roles = body.get("roles") if isinstance(body, dict) else None
        if values["id"] not in self.users:
            return _error(404)
        if not isinstance(roles, list) or not roles or not all(role in self.roles for role in roles):
            return _error(400)
        for role in roles:
            kept = [holder for holder in self.holders[str(role)] if holder != values["id"]]
            self.holders[str(role)] = kept + ([values["id"]] if request.method == "POST" else [])
        return Reply(status=204)

    @route("GET", "/api/v2/roles")
    def list_roles(self, request: Received, _: Mapping[str, str]) -> Reply:
        """In numbered pages."""
        return _page(request, self.roles.values(), "roles")

    @route("GET", "/api/v2/roles/{id}/users")
    def list_holders(self, request: Received, values: Mapping[str, str]) -> Reply:
        """From a checkpoint on, with four fields of each."""
        if values["id"] not in self.roles:
            return _error(404, "Role not found.")
        holders, start = self.holders[values["id"]], int(request.query.get("from", "0"))
        size = min(int(request.query.get("take", "50")), 100)
        users: list[JsonValue] = [
            {name: self.users[key].get(name) for name in ("user_id", "email", "name", "picture")}
            for key in holders[start : start + size]
        ]
        more: dict[str, JsonValue] = {"next": str(start + size)} if start + size < len(holders) else {}
        return Reply(json={"users": users, **more})

    def touch(self, user_id: str) -> None:
        """The user was changed, a minute later."""
        self.now += timedelta(minutes=1)
        self.users[user_id]["updated_at"] = self._moment()

    def _moment(self) -> str:
        return self.now.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def _dated(self, reply: Reply) -> Reply:
        date = self.now.strftime("%a, %d %b %Y %H:%M:%S GMT")
        limits = {"x-ratelimit-limit": "50", "x-ratelimit-remaining": "49", "x-ratelimit-reset": "1893456000"}
        return attrs.evolve(reply, headers={"date": date, **limits})


def _is_of(user: Mapping[str, JsonValue], connection: str) -> bool:
    identities = user["identities"]
    return isinstance(identities, list) and any(
        isinstance(identity, dict) and identity["connection"] == connection for identity in identities
    )


def _page(request: Received, items: Iterable[dict[str, JsonValue]], name: str) -> Reply:
    """A list, or with `include_totals` an object that holds it under its name."""
    page, size = int(request.query.get("page", "0")), min(int(request.query.get("per_page", "50")), 100)
    every = list(items)
    shown: list[JsonValue] = [*every[page * size : (page + 1) * size]]
    totals = {"start": page * size, "limit": size, "total": len(every)}
    return Reply(json={**totals, name: shown} if request.query.get("include_totals") == "true" else shown)
