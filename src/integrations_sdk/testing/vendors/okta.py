"""Okta in miniature: users with a lifecycle, groups, memberships, tokens for service applications."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["OktaStandIn"]

_ERRORS: Final = {
    400: ("E0000001", "Api validation failed"),
    401: ("E0000011", "Invalid token provided"),
    403: ("E0000006", "You do not have permission to perform the requested action"),
    404: ("E0000007", "Not found: Resource not found"),
    429: ("E0000047", "API call exceeded rate limit due to too many requests."),
}
_LIFECYCLE: Final = {
    "activate": ({"STAGED", "DEPROVISIONED"}, "PROVISIONED"),
    "unsuspend": ({"SUSPENDED"}, "ACTIVE"),
    "suspend": ({"ACTIVE"}, "SUSPENDED"),
    "deactivate": (
        {"STAGED", "PROVISIONED", "ACTIVE", "SUSPENDED", "LOCKED_OUT", "RECOVERY", "PASSWORD_EXPIRED"},
        "DEPROVISIONED",
    ),
}
_SINCE: Final = re.compile(r'lastUpdated gt "([^"]+)"')


def _error(status: int, *causes: str) -> Reply:
    code, summary = _ERRORS.get(status, ("E0000009", "Internal Server Error"))
    body: dict[str, JsonValue] = {
        "errorCode": code,
        "errorSummary": summary,
        "errorLink": code,
        "errorId": "oae-1",
        "errorCauses": [{"errorSummary": cause} for cause in causes],
    }
    return Reply(status=status, json=body)


class OktaStandIn(StandIn):
    """An Okta organisation.

    Attributes:
        users: by id, as Okta describes them.
        groups: by id, as Okta describes them.
        members: the ids of users, by the id of the group.
        page_size: how many Okta gives at once, whatever is asked for.
        now: Okta's clock; a minute passes with each change.
        emails: whom Okta wrote to, and why.
        access_token: what a service application is granted; None refuses it.
    """

    provider = "okta"
    token = "00abcdefghijklmnopqrstuvwxyz0123456789ABCD"  # noqa: S105  # of this stand-in alone

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, dict[str, JsonValue]] = {}
        self.groups: dict[str, dict[str, JsonValue]] = {}
        self.members: dict[str, list[str]] = {}
        self.page_size = 200
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.emails: list[tuple[str, str]] = []
        self.access_token: str | None = "eyJ.okta.access.token"  # noqa: S105  # of this stand-in alone
        for name in ("Everyone", "Platform Team", "QA Team"):
            self.add_group(name)
        self.add_user("ada@example.com", "Ada", "Lovelace", "Everyone", "Platform Team")
        self.add_user("bob@example.com", "Bob", "Babbage", "Everyone")
        self.now += timedelta(hours=1)

    def add_group(self, name: str) -> str:
        """A group, by its id."""
        group_id = f"00g{len(self.groups) + 1}"
        self.groups[group_id] = {"id": group_id, "profile": {"name": name, "description": f"All of {name}"}}
        self.groups[group_id]["lastUpdated"] = self._moment()
        self.members[group_id] = []
        return group_id

    def add_user(self, login: str, first: str, last: str, *groups: str, status: str = "ACTIVE") -> str:
        """A user in groups, by its id."""
        user_id = f"00u{len(self.users) + 1}"
        profile: dict[str, JsonValue] = {"login": login, "email": login, "firstName": first, "lastName": last}
        self.users[user_id] = {"id": user_id, "status": status, "profile": {**profile, "department": "R&D"}}
        self._changed(user_id)
        for group_id, group in self.groups.items():
            profile_of_group = group["profile"]
            if isinstance(profile_of_group, dict) and profile_of_group["name"] in groups:
                self.members[group_id].append(user_id)
        return user_id

    def config(self) -> dict[str, object]:
        """The organisation, with a token and a mapping."""
        mappings = {"Platform Team": "admin", "QA Team": "read"}
        return {"domain": self.url, "api_token": self.token, "group_mappings": mappings}

    def authorized(self, request: Received) -> Reply | None:
        """`SSWS` and the token, or the access token."""
        if request.path == "/oauth2/v1/token":
            return None
        given = request.headers.get("authorization", "")
        if given.startswith("SSWS"):  # Okta's own client for Python leaves out the space
            return None if same(given.removeprefix("SSWS").lstrip(" "), self.token) else _error(401)
        granted = self.access_token is not None and same(given, f"Bearer {self.access_token}")
        return None if granted else _error(401)

    def failure(self, status: int) -> Reply:
        """Okta's code for such a status."""
        return _error(status)

    def not_found(self, _request: Received) -> Reply:
        """A path that Okta does not have."""
        return _error(404)

    @route("POST", "/oauth2/v1/token")
    def grant(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Client credentials with an assertion; its signature is for tests to look at."""
        form = request.form()
        assertion = form.get("client_assertion", "").count(".") == 2
        if form.get("grant_type") != "client_credentials" or not assertion or not form.get("scope"):
            return Reply(
                status=400,
                json={"error": "invalid_request", "error_description": "The request is malformed."},
            )
        if self.access_token is None:
            return Reply(
                status=401,
                json={"error": "invalid_client", "error_description": "The client_assertion is wrong."},
            )
        return Reply(json={"token_type": "Bearer", "expires_in": 3600, "access_token": self.access_token})

    @route("GET", "/api/v1/users")
    def list_users(self, request: Received, _: Mapping[str, str]) -> Reply:
        """In pages; those that changed after a time with the deprovisioned ones, else without them."""
        given = request.query.get("filter")
        found = _SINCE.fullmatch(given) if given is not None else None
        if given is not None and found is None:
            return _error(400, "Invalid search criteria.")
        since = found[1] if found else None
        chosen = [
            user
            for user in self.users.values()
            if (str(user["lastUpdated"]) > since if since is not None else user["status"] != "DEPROVISIONED")
        ]
        return self._page(request, chosen)

    @route("POST", "/api/v1/users")
    def create_user(self, request: Received, _: Mapping[str, str]) -> Reply:
        """Login, email and names are required; the login is given once."""
        body = request.json()
        profile = body.get("profile") if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(profile, dict):
            return _error(400, "The request body was not well-formed.")
        required = ("login", "email", "firstName", "lastName")
        if missing := [name for name in required if not profile.get(name)]:
            return _error(400, *(f"{name}: The field cannot be left blank" for name in missing))
        login = str(profile["login"])
        if self._named(login) is not None:
            return _error(400, "login: An object with this field already exists in the current organization")
        active = request.query.get("activate", "true") == "true"
        password = "credentials" in body
        user_id = self.add_user(
            login, "", "", status="STAGED" if not active else "ACTIVE" if password else "PROVISIONED"
        )
        self.users[user_id]["profile"] = profile
        groups = body.get("groupIds")
        for group_id in groups if isinstance(groups, list) else []:
            self.members[str(group_id)].append(user_id)
        if active and not password:
            self.emails.append((login, "activate"))
        return Reply(json=self.users[user_id])

    @route("GET", "/api/v1/users/{user}")
    def get_user(self, _request: Received, values: Mapping[str, str]) -> Reply:
        """By id or login."""
        user = self._named(values["user"])
        return Reply(json=user) if user else _error(404)

    @route("POST", "/api/v1/users/{user}")
    def update_user(self, request: Received, values: Mapping[str, str]) -> Reply:
        """What of the profile is given is changed."""
        user, body = self._named(values["user"]), request.json()
        if user is None:
            return _error(404)
        profile, given = user["profile"], body.get("profile") if isinstance(body, dict) else None
        if not isinstance(given, dict) or not isinstance(profile, dict):
            return _error(400)
        profile.update(given)
        self._changed(str(user["id"]))
        return Reply(json=user)

    @route("POST", "/api/v1/users/{user}/lifecycle/{what}")
    def lifecycle(self, request: Received, values: Mapping[str, str]) -> Reply:
        """Only out of the states that it leads out of."""
        user = self._named(values["user"])
        if user is None or values["what"] not in _LIFECYCLE:
            return _error(404)
        allowed, becomes = _LIFECYCLE[values["what"]]
        if user["status"] not in allowed:
            return _error(403)
        user["status"] = becomes
        self._changed(str(user["id"]))
        if request.query.get("sendEmail", "true" if values["what"] == "activate" else "false") == "true":
            self.emails.append((str(user["id"]), values["what"]))
        return Reply(json={})

    @route("GET", "/api/v1/users/{user}/groups")
    def groups_of(self, request: Received, values: Mapping[str, str]) -> Reply:
        """The groups that a user is in."""
        user = self._named(values["user"])
        if user is None:
            return _error(404)
        return self._page(
            request, [self.groups[key] for key, ids in self.members.items() if user["id"] in ids]
        )

    @route("GET", "/api/v1/groups")
    def list_groups(self, request: Received, _: Mapping[str, str]) -> Reply:
        """In pages."""
        return self._page(request, self.groups.values())

    @route("GET", "/api/v1/groups/{group}/users")
    def list_members(self, request: Received, values: Mapping[str, str]) -> Reply:
        """In pages."""
        if values["group"] not in self.groups:
            return _error(404)
        return self._page(request, [self.users[user_id] for user_id in self.members[values["group"]]])

    @route("PUT", "/api/v1/groups/{group}/users/{user}")
    def assign(self, _request: Received, values: Mapping[str, str]) -> Reply:
        """Into the group, if not in it."""
        user = self._named(values["user"])
        if user is None or values["group"] not in self.groups:
            return _error(404)
        ids = self.members[values["group"]]
        ids += [str(user["id"])] if user["id"] not in ids else []
        return Reply(status=204)

    @route("DELETE", "/api/v1/groups/{group}/users/{user}")
    def unassign(self, _request: Received, values: Mapping[str, str]) -> Reply:
        """Out of the group, if in it."""
        user = self._named(values["user"])
        if user is None or values["group"] not in self.groups:
            return _error(404)
        self.members[values["group"]] = [one for one in self.members[values["group"]] if one != user["id"]]
        return Reply(status=204)

    def _named(self, name: str) -> dict[str, JsonValue] | None:
        for user in self.users.values():
            profile = user["profile"]
            if name == user["id"] or (isinstance(profile, dict) and name == profile.get("login")):
                return user
        return None

    def _changed(self, user_id: str) -> None:
        self.now += timedelta(minutes=1)
        self.users[user_id]["lastUpdated"] = self._moment()

    def _moment(self) -> str:
        return self.now.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def _page(self, request: Received, items: Iterable[dict[str, JsonValue]]) -> Reply:
        """A page, and the links: `self`, and `next` with the cursor."""
        listed = list(items)
        size = min(int(request.query.get("limit", "200")), self.page_size)
        after = request.query.get("after", "")
        start = next((index + 1 for index, item in enumerate(listed) if item["id"] == after), 0)
        page = listed[start : start + size]
        link = f'<{self.url}{request.path}>; rel="self"'
        if start + size < len(listed):
            query = urlencode({**request.query, "after": str(page[-1]["id"])})
            link += f', <{self.url}{request.path}?{query}>; rel="next"'
        date = self.now.strftime("%a, %d %b %Y %H:%M:%S GMT")
        limits = {
            "x-rate-limit-limit": "600",
            "x-rate-limit-remaining": "599",
            "x-rate-limit-reset": "1893456000",
        }
        return Reply(json=[*page], headers={"link": link, "date": date, **limits})
