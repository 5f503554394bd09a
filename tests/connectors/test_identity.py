"""What identity sources share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from integrations_sdk.connectors.base import (
    ConfigurationError,
    Group,
    User,
    UserChanges,
    changed_users,
    group_ids,
    in_groups,
    with_groups,
)
from integrations_sdk.testing.fakes import DictMemory

MEMBERS = {"g1": ["ada", "bob"], "g2": ["ada"], "g3": ["cleo"]}
NAMES = {"g1": "Platform Team", "g2": "QA Team", "g3": "Everyone"}


class Source:
    """Users and groups in a dict, and changes in pages."""

    def __init__(self, pages: list[UserChanges] | None = None) -> None:
        self.pages = pages or []
        self.asked: list[str | None] = []
        self.looked_at: list[str] = []

    async def list_users(self) -> AsyncIterator[User]:
        for name in ("ada", "bob", "cleo"):
            yield User(user_id=name)

    async def list_groups(self) -> AsyncIterator[Group]:
        for group_id, name in NAMES.items():
            yield Group(group_id=group_id, name=name)

    async def list_members(self, group_id: str) -> AsyncIterator[User]:
        self.looked_at.append(group_id)
        for name in MEMBERS[group_id]:
            yield User(user_id=name)

    async def user_changes(self, cursor: str | None = None) -> UserChanges:
        self.asked.append(cursor)
        return self.pages[0 if cursor is None else int(cursor)]


async def gathered(users: AsyncIterator[User]) -> list[User]:
    return [user async for user in users]


def test_roles_come_from_the_groups_that_are_mapped() -> None:
    """Each once, in the order of the groups; groups without a role are kept."""
    user = in_groups(User(user_id="1"), ["B", "A", "C", "B"], {"A": "write", "B": "write", "D": "admin"})
    assert (user.groups, user.roles) == (("B", "A", "C"), ("write",))


def test_memberships_are_looked_up_by_group() -> None:
    """Only in the groups that the mapping names, or in all without one."""
    source = Source()
    users = asyncio.run(
        gathered(with_groups(source, source.list_users(), {"Platform Team": "admin", "QA Team": "read"}))
    )
    assert source.looked_at == ["g1", "g2"]
    assert [(user.groups, user.roles) for user in users] == [
        (("Platform Team", "QA Team"), ("admin", "read")),
        (("Platform Team",), ("admin",)),
        ((), ()),
    ]
    users = asyncio.run(gathered(with_groups(source, source.list_users(), {})))
    assert [user.groups for user in users] == [
        ("Platform Team", "QA Team"),
        ("Platform Team",),
        ("Everyone",),
    ]


def test_changes_go_on_where_they_were_read_to() -> None:
    """A page counts as read when the next is asked for, so what was interrupted comes again."""
    pages = [
        UserChanges(users=(User(user_id="a"), User(user_id="b")), cursor="1", more=True),
        UserChanges(users=(User(user_id="c"),), cursor="2", more=False),
        UserChanges(users=(), cursor="2", more=False),
    ]
    memory = DictMemory()

    async def interrupted() -> None:
        reading = changed_users(Source(pages), memory)
        async for user in reading:
            if user.user_id == "c":
                break
        await reading.aclose()

    async def names() -> list[str]:
        return [user.user_id for user in await gathered(changed_users(Source(pages), memory))]

    asyncio.run(interrupted())
    assert asyncio.run(names()) == ["c"]
    assert asyncio.run(names()) == []
    memory.values.clear()
    assert asyncio.run(names()) == ["a", "b", "c"]


def test_changes_that_lead_nowhere_end() -> None:
    """A directory that names the same page again is not asked for ever."""
    source = Source([UserChanges(users=(), cursor="0", more=True)])
    assert asyncio.run(gathered(changed_users(source, DictMemory()))) == []
    assert source.asked == [None, "0"]


def test_groups_are_found_by_name_or_id() -> None:
    """Each once, in the order asked for; those that there are not are named, and none asks for nothing."""
    assert asyncio.run(group_ids(Source(), ["QA Team", "g1", "g2"])) == ["g2", "g1"]
    assert asyncio.run(group_ids(Source(), [])) == []
    with pytest.raises(ConfigurationError, match="there is none for 'X', 'Y'"):
        asyncio.run(group_ids(Source(), ["X", "g1", "Y"]))
