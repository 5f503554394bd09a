"""What identity sources share: roles out of groups, memberships looked up, the place in the changes remembered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Final, Protocol

import attrs

from integrations_sdk.connectors.memory import ConnectorMemory
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.models import Group, User, UserChanges

__all__ = ["changed_users", "group_ids", "in_groups", "with_groups"]

_PLACE: Final = "user_changes"


class _Groups(Protocol):
    def list_groups(self) -> AsyncIterator[Group]: ...

    def list_members(self, group_id: str) -> AsyncIterator[User]: ...


class _Changes(Protocol):
    async def user_changes(self, cursor: str | None = None) -> UserChanges: ...


def in_groups(user: User, groups: Iterable[str], mappings: Mapping[str, str]) -> User:
    """The user with the names of groups, and the roles that the mapping gives for them, each once."""
    names = tuple(dict.fromkeys(groups))
    roles = dict.fromkeys(mappings[name] for name in names if name in mappings)
    return attrs.evolve(user, groups=names, roles=tuple(roles))


async def with_groups(
    source: _Groups, users: AsyncIterator[User], mappings: Mapping[str, str]
) -> AsyncIterator[User]:
    """The users with their groups, out of the members of each group: directories seldom say it of each user.

    Only groups that the mapping names are looked at, or all without a mapping.
    """
    found: dict[str, list[str]] = {}
    async for group in source.list_groups():
        if not mappings or group.name in mappings:
            async for member in source.list_members(group.group_id):
                found.setdefault(member.user_id, []).append(group.name)
    async for user in users:
        yield in_groups(user, found.get(user.user_id, ()), mappings)


async def changed_users(source: _Changes, memory: ConnectorMemory) -> AsyncIterator[User]:
    """Users that changed since this was last read to its end; the first time all.

    The place is remembered when a page is used up, so after an interruption the page comes again.
    """
    kept = (await memory.recall(_PLACE) or {}).get("cursor")
    cursor, more = kept if isinstance(kept, str) else None, True
    while more:
        page = await source.user_changes(cursor)
        for user in page.users:
            yield user
        more = page.more and page.cursor != cursor  # who names the same page again would never end
        cursor = page.cursor
        await memory.remember(_PLACE, {"cursor": cursor})


async def group_ids(source: _Groups, wanted: Iterable[str]) -> list[str]:
    """The ids of groups that are given by name or id, each once.

    Raises:
        ConfigurationError: naming each that there is not.
    """
    names = list(dict.fromkeys(wanted))
    found: dict[str, str] = {}
    if names:
        async for group in source.list_groups():
            found |= dict.fromkeys({group.name, group.group_id} & set(names), group.group_id)
    if missing := [name for name in names if name not in found]:
        expected = f"expected names or ids of groups; there is none for {', '.join(map(repr, missing))}"
        raise ConfigurationError.of("user", "groups", expected, "list_groups() shows which there are")
    return list(dict.fromkeys(found[name] for name in names))
