"""Auth0's users and roles, read: in whole, by change, one by one.

Auth0 gives 1000 users of one search, so a listing searches again from the last one's time on
(https://auth0.com/docs/manage-users/user-search/view-search-results-by-page).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from http import HTTPStatus

from integrations_sdk.connectors.auth0.api import Auth0Api
from integrations_sdk.connectors.auth0.place import PAGE, Place
from integrations_sdk.connectors.auth0.words import is_of, role_of, search, user_of
from integrations_sdk.connectors.base import (
    Fault,
    Group,
    JsonValue,
    RejectedError,
    Response,
    User,
    UserChanges,
    at,
    changed_query,
    changed_users,
    http_date,
    in_groups,
    json_of,
    text_at,
    url_path,
    with_groups,
)

__all__ = ["Directory"]


class Directory(Auth0Api):
    """Users with the roles they have, and what those mean to the application."""

    async def list_users(self) -> AsyncIterator[User]:
        """Every user, 100 to a page, the oldest first, with roles if `sync_roles`.

        Raises:
            RejectedError: more than 1000 were created in one millisecond, which no search gets past.
        """
        users = self._users()
        async for user in (
            with_groups(self, users, self.config.role_mappings) if self.config.sync_roles else users
        ):
            yield user

    async def list_groups(self) -> AsyncIterator[Group]:
        """Every role, 100 to a page, with what it is mapped to."""
        query = {"per_page": str(PAGE), "page": "0"}
        found = self.records("/roles", operation="roles.list", query=query, following=_numbered)
        async for record in found:
            yield role_of(record, self.config.role_mappings)

    async def list_members(self, group_id: str) -> AsyncIterator[User]:
        """The users who have a role, 100 to a page, with id, email and name alone."""
        path = url_path("/roles/{id}/users", id=group_id)
        found = self.records(
            path, operation="roles.users", query={"take": str(PAGE)}, items="users", following=_checkpoint
        )
        async for record in found:
            yield user_of(record)

    async def user_changes(self, cursor: str | None = None) -> UserChanges:
        """A page of 100 users that changed since the page that gave the cursor; the last one may come again.

        Raises:
            RejectedError: more than 1000 changed in one millisecond, which no search gets past.
        """
        place = Place.of(cursor)
        response = await self._search("updated_at", place)
        found = self.parse_list(response)
        now = http_date(response.headers.get("date", "")) or self.context.clock.now()
        latest = text_at(found[-1], "updated_at") if found else None
        following = place.after(latest, full=len(found) == PAGE, now=now)
        if following is None:
            raise self.error(_crowded("updated_at"), response)
        users = [await self._with_roles(user_of(one, self.config.user_attributes)) for one in found]
        return UserChanges(users=tuple(users), cursor=following.cursor, more=len(found) == PAGE)

    async def list_changed_users(self) -> AsyncIterator[User]:
        """Users that changed since this was last read to its end; the first time all.

        The place is remembered when a page is used up. Who keeps the users in a database keeps the cursor of
        `user_changes()` beside them instead.
        """
        async for user in changed_users(self, self.context.memory):
            yield user

    async def find_user(self, username: str) -> User | None:
        """The user of the connection with that email or id, with roles if `sync_roles`; None if there is none."""
        found = await self._find(username)
        return None if found is None else await self._with_roles(user_of(found, self.config.user_attributes))

    async def _find(self, username: str) -> dict[str, JsonValue] | None:
        if "|" in username:
            path = url_path("/users/{id}", id=username)
            response = await self.call("GET", path, operation="users.get", accept=(HTTPStatus.NOT_FOUND,))
            return self.parse(response) if response.ok else None
        query = {"email": username.lower()}  # as Auth0 keeps them
        response = await self.call("GET", "/users-by-email", operation="users.by_email", query=query)
        found = self.parse_list(response)
        return next((one for one in found if is_of(one, self.config.connection)), None)

    async def _users(self) -> AsyncIterator[User]:
        place, known = Place(), set[str | None]()
        while True:
            response = await self._search("created_at", place)
            page = self.parse_list(response)
            for one in page:
                if text_at(one, "user_id") not in known:
                    yield user_of(one, self.config.user_attributes)
            if len(page) < PAGE:
                return
            latest = text_at(page[-1], "created_at")
            following = place.after(latest, full=True, now=self.context.clock.now())
            if following is None:
                raise self.error(_crowded("created_at"), response)
            known = {text_at(one, "user_id") for one in page} | (known if latest == place.since else set())
            place = following

    async def _search(self, field: str, place: Place) -> Response:
        words = search(self.config.connection, field, place.since)
        paging = {"sort": f"{field}:1", "per_page": str(PAGE), "page": str(place.page)}
        query = {**paging, "search_engine": "v3", **({"q": words} if words else {})}
        return await self.call("GET", "/users", operation="users.list", query=query)

    async def _with_roles(self, user: User) -> User:
        if not self.config.sync_roles:
            return user
        mappings, path = self.config.role_mappings, url_path("/users/{id}/roles", id=user.user_id)
        query = {"per_page": str(PAGE), "page": "0"}
        found = self.records(path, operation="users.roles", query=query, following=_numbered)
        names = [role_of(one, mappings).name async for one in found]
        return in_groups(user, [name for name in names if not mappings or name in mappings], mappings)


def _crowded(field: str) -> Fault:
    return Fault(
        RejectedError, f"more than 1000 users have the same {field}; Auth0 gives no more: export them"
    )


def _numbered(page: Response, query: str) -> str | None:
    """`Following` for pages that are numbered from 0, of which the last is not full."""
    found, number = json_of(page), int(query.rpartition("page=")[2])
    full = isinstance(found, list) and len(found) >= PAGE
    return changed_query(query, page=number + 1) if full else None


def _checkpoint(page: Response, query: str) -> str | None:
    """`Following` for pages that name a checkpoint."""
    following = text_at(at(json_of(page)), "next")
    return changed_query(query, **{"from": following}) if following else None
