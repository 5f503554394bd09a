"""Okta's users and groups, read: in whole, by change, one by one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http import HTTPStatus

from integrations_sdk.connectors.base import (
    Group,
    User,
    UserChanges,
    UserState,
    changed_users,
    in_groups,
    linked,
    url_path,
    with_groups,
)
from integrations_sdk.connectors.okta.api import OktaApi
from integrations_sdk.connectors.okta.place import Place
from integrations_sdk.connectors.okta.words import group_of, user_of, user_path

__all__ = ["Directory"]


class Directory(OktaApi):
    """Users with the groups they are in, and the roles that those mean."""

    async def list_users(self) -> AsyncIterator[User]:
        """Every user that is not deprovisioned, 200 to a page, with groups and roles if `sync_groups`."""
        users = self._users("/api/v1/users", "users.list", limit="200")
        async for user in (
            with_groups(self, users, self.config.group_mappings) if self.config.sync_groups else users
        ):
            yield user

    async def list_groups(self) -> AsyncIterator[Group]:
        """Every group, 200 to a page, with the role that it is mapped to."""
        query = {"limit": "200"}
        async for record in self.records("/api/v1/groups", operation="groups.list", query=query):
            yield group_of(record, self.config.group_mappings)

    async def list_members(self, group_id: str) -> AsyncIterator[User]:
        """The users who are in a group, 1000 to a page, without their other groups."""
        path = url_path("/api/v1/groups/{id}/users", id=group_id)
        async for user in self._users(path, "groups.users", limit="1000"):
            yield user

    async def user_changes(self, cursor: str | None = None) -> UserChanges:
        """A page of 200 users that changed since the page that gave the cursor; deprovisioned ones too."""
        place = Place.of(cursor)
        response = await self.call("GET", f"/api/v1/users?{place.query}", operation="users.list")
        users = [user_of(one, self.config.user_attributes) for one in self.parse_list(response)]
        following = linked(response, place.query)
        return UserChanges(
            users=tuple([await self._with_groups(user) for user in users]),
            cursor=place.after(response, following, self.context.clock.now()),
            more=following is not None,
        )

    async def list_changed_users(self) -> AsyncIterator[User]:
        """Users that changed since this was last read to its end; the first time all.

        The place is remembered when a page is used up. Who keeps the users in a database keeps the cursor of
        `user_changes()` beside them instead.
        """
        async for user in changed_users(self, self.context.memory):
            yield user

    async def find_user(self, username: str) -> User | None:
        """The user with that login or id, with groups and roles if `sync_groups`; None if there is none."""
        found = await self._get(username)
        return None if found is None else await self._with_groups(found)

    async def _users(self, path: str, operation: str, limit: str) -> AsyncIterator[User]:
        async for record in self.records(path, operation=operation, query={"limit": limit}):
            yield user_of(record, self.config.user_attributes)

    async def _get(self, username: str) -> User | None:
        path = user_path(username)
        response = await self.call("GET", path, operation="users.get", accept=(HTTPStatus.NOT_FOUND,))
        return user_of(self.parse(response), self.config.user_attributes) if response.ok else None

    async def _with_groups(self, user: User) -> User:
        if not self.config.sync_groups or user.state is UserState.DEPROVISIONED:
            return user
        path = user_path(user.user_id, "/groups")
        mappings = self.config.group_mappings
        found = [group_of(one, mappings) async for one in self.records(path, operation="users.groups")]
        return in_groups(user, [one.name for one in found if not mappings or one.name in mappings], mappings)
