"""The tenant's users and groups, read: in whole, by delta query, one by one.

Source: https://learn.microsoft.com/graph/api/resources/users, https://learn.microsoft.com/graph/delta-query-users.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, urlencode

from integrations_sdk.connectors.azure_ad.api import GraphApi
from integrations_sdk.connectors.azure_ad.words import group_of, is_a, linked_query, next_link, user_of
from integrations_sdk.connectors.base import (
    ConfigurationError,
    Fault,
    Group,
    JsonValue,
    RejectedError,
    User,
    UserChanges,
    UserState,
    changed_users,
    in_groups,
    url_path,
    with_groups,
)

__all__ = ["Directory"]

_PAGE: Final = "999"
_GROUP: Final = "id,displayName,description"
_TOKENS: Final = {"$skiptoken", "$deltatoken"}


class Directory(GraphApi):
    """Users with the groups they are in, and the roles that those mean."""

    async def list_users(self) -> AsyncIterator[User]:
        """Every user, those who are disabled too, 999 to a page, with groups and roles if `sync_groups`."""
        users = self._users("/users", "users.list")
        mappings = self.config.group_mappings
        async for user in with_groups(self, users, mappings) if self.config.sync_groups else users:
            yield user

    async def list_groups(self) -> AsyncIterator[Group]:
        """Every group that `group_filter` lets through, 999 to a page, with the role that it is mapped to."""
        query, headers = {"$select": _GROUP, "$top": _PAGE}, {}
        if self.config.group_filter:  # so that every kind of filter is allowed
            query |= {"$filter": self.config.group_filter, "$count": "true"}
            headers = {"consistencylevel": "eventual"}
        async for record in self._records("/groups", "groups.list", query, headers):
            yield group_of(record, self.config.group_mappings)

    async def list_members(self, group_id: str) -> AsyncIterator[User]:
        """The users in a group, and with `nested_groups` in groups within it, without their other groups."""
        which = "transitiveMembers" if self.config.nested_groups else "members"
        path = url_path("/groups/{id}/{which}", id=group_id, which=which)
        async for user in self._users(path, "groups.members"):
            yield user

    async def user_changes(self, cursor: str | None = None) -> UserChanges:
        """A page of the users that changed since the page that gave the cursor, those who are gone too.

        A cursor that Graph no longer knows, after a week or so, begins again with all users.

        Raises:
            ConfigurationError: the cursor is none of `user_changes()`.
        """
        if cursor is not None and not _TOKENS & parse_qs(cursor).keys():
            raise ConfigurationError.of(
                "azure_ad users", "cursor", "expected a cursor of user_changes(), or None"
            )
        first = urlencode({"$select": self.config.select})
        response = await self.call(
            "GET", f"/users/delta?{cursor or first}", operation="users.delta", accept=(HTTPStatus.GONE,)
        )
        if response.status == HTTPStatus.GONE:
            response = await self.call("GET", f"/users/delta?{first}", operation="users.delta")
        body = self.parse(response)
        found = self.parse_list(response, items="value")
        following, delta = linked_query(body, "@odata.nextLink"), linked_query(body, "@odata.deltaLink")
        if (place := following or delta) is None:
            raise self.error(Fault(RejectedError, "answered without a link to go on"), response)
        users = [user_of(one, self.config.user_attributes) for one in found]
        return UserChanges(users=await self._with_groups(users), cursor=place, more=following is not None)

    async def list_changed_users(self) -> AsyncIterator[User]:
        """Users that changed since this was last read to its end; the first time all.

        The delta link is remembered when a page is used up. Who keeps the users in a database keeps the cursor of
        `user_changes()` beside them instead.
        """
        async for user in changed_users(self, self.context.memory):
            yield user

    async def find_user(self, username: str) -> User | None:
        """The user with that principal name or id, with groups and roles if `sync_groups`; None if there is none."""
        found = await self._find(username)
        return None if found is None else (await self._with_groups([found]))[0]

    async def _find(self, username: str) -> User | None:
        path, query = url_path("/users/{id}", id=username), {"$select": self.config.select}
        response = await self.call(
            "GET", path, operation="users.get", query=query, accept=(HTTPStatus.NOT_FOUND,)
        )
        return user_of(self.parse(response), self.config.user_attributes) if response.ok else None

    async def _users(self, path: str, operation: str) -> AsyncIterator[User]:
        query = {"$select": self.config.select, "$top": _PAGE}
        async for record in self._records(path, operation, query):
            if path == "/users" or is_a(record, "user"):  # members may be groups and devices too
                yield user_of(record, self.config.user_attributes)

    async def _with_groups(self, users: Sequence[User]) -> tuple[User, ...]:
        """The users with the groups they are in, of those that are looked up."""
        if not self.config.sync_groups or all(user.state is UserState.REMOVED for user in users):
            return tuple(users)
        mappings, filtered = self.config.group_mappings, self.config.group_filter is not None
        known = {group.group_id async for group in self.list_groups()} if filtered else set[str]()
        found: list[User] = []
        for user in users:
            groups = [] if user.state is UserState.REMOVED else await self._groups_of(user)
            names = [
                group.name
                for group in groups
                if (not filtered or group.group_id in known) and (not mappings or group.name in mappings)
            ]
            found.append(user if user.state is UserState.REMOVED else in_groups(user, names, mappings))
        return tuple(found)

    async def _groups_of(self, user: User) -> list[Group]:
        which = "transitiveMemberOf" if self.config.nested_groups else "memberOf"
        path = url_path("/users/{id}/{which}", id=user.user_id, which=which)
        found = self._records(path, "users.groups", {"$select": _GROUP, "$top": _PAGE})
        return [group_of(one, self.config.group_mappings) async for one in found if is_a(one, "group")]

    async def _records(
        self, path: str, operation: str, query: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[dict[str, JsonValue]]:
        found = self.records(
            path, operation=operation, query=query, headers=headers, items="value", following=next_link
        )
        async for record in found:
            yield record
