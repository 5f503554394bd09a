"""Okta's own client: https://pypi.org/project/okta."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from support.clients import Versus, against, every
from support.recording import Difference, Extra

versus = against("okta", "okta", "okta.client")


NO_SPACE = Difference("auth", "the client leaves out the space between `SSWS` and the token; Okta takes both")


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client takes no URL but `https://`, unless it is being tested."""
    monkeypatch.setenv("OKTA_TESTING_TESTINGDISABLEHTTPSCHECK", "true")


def asked(stand_in: Any, work: Any) -> Any:
    from okta.client import Client

    async def run() -> Any:
        config = {"orgUrl": stand_in.url, "token": stand_in.token}
        async with Client(config) as client:
            found, _, error = await work(client)
            assert error is None, error
            return found

    return asyncio.run(run())


def test_users_are_listed(versus: Versus) -> None:
    """With a limit; the next page is where the `Link` header says."""
    versus(
        "list_users",
        NO_SPACE,
        Extra("ours", "GET /api/v1/groups*", "ours tells of each user which mapped groups it is in"),
        ours=lambda it: every(it.list_users()),
        theirs=lambda it: asked(it, lambda okta: okta.list_users(limit=200)),
    )


def test_groups_are_listed(versus: Versus) -> None:
    """With a limit."""
    versus(
        "list_groups",
        NO_SPACE,
        ours=lambda it: every(it.list_groups()),
        theirs=lambda it: asked(it, lambda okta: okta.list_groups(limit=200)),
    )


def test_members_are_listed(versus: Versus) -> None:
    """Of a group."""
    versus(
        "list_members",
        NO_SPACE,
        ours=lambda it: every(it.list_members("00g1")),
        theirs=lambda it: asked(it, lambda okta: okta.list_group_users("00g1", limit=1000)),
    )


def test_a_user_is_found(versus: Versus) -> None:
    """By login."""
    versus(
        "find_user",
        NO_SPACE,
        Extra("ours", "GET /api/v1/users/*/groups", "ours tells the groups as well"),
        ours=lambda it: it.find_user("ada@example.com"),
        theirs=lambda it: asked(it, lambda okta: okta.get_user("ada@example.com")),
    )


def test_a_member_is_added(versus: Versus) -> None:
    """`PUT` without a body."""
    versus(
        "add_member",
        NO_SPACE,
        ours=lambda it: it.add_member("00g3", "00u1"),
        theirs=lambda it: asked(it, lambda okta: okta.assign_user_to_group("00g3", "00u1")),
    )


def test_a_member_is_removed(versus: Versus) -> None:
    """`DELETE`."""
    versus(
        "remove_member",
        NO_SPACE,
        ours=lambda it: it.remove_member("00g2", "00u1"),
        theirs=lambda it: asked(it, lambda okta: okta.unassign_user_from_group("00g2", "00u1")),
    )


def test_a_user_is_deactivated(versus: Versus) -> None:
    """`POST` to the life cycle."""
    versus(
        "deprovision_user",
        NO_SPACE,
        Extra("ours", "GET /api/v1/users/00u2", "ours looks what state the user is in"),
        ours=lambda it: it.deprovision_user("00u2"),
        theirs=lambda it: asked(it, lambda okta: okta.deactivate_user("00u2", send_email=False)),
    )
