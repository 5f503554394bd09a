"""Auth0's own client: https://pypi.org/project/auth0-python."""

from __future__ import annotations

from typing import Any

from integrations_sdk.models import UserDraft
from support.clients import Versus, against, every
from support.recording import Difference, Extra

versus = against("auth0", "auth0-python", "auth0.management")


OF_ITS_CONNECTION = 'identities.connection:"Username-Password-Authentication"'
TOKEN = Extra("ours", "POST /oauth/token", "the client is given a token here")


def client(stand_in: Any) -> Any:
    from auth0.management import Auth0

    return Auth0(base_url=f"{stand_in.url}/api/v2", token=stand_in.access_token)


def test_roles_are_listed(versus: Versus) -> None:
    """Page by page."""
    versus(
        "list_groups",
        TOKEN,
        Difference("query.include_totals", "the client wants totals; ours goes on until a page is not full"),
        ours=lambda it: every(it.list_groups()),
        theirs=lambda it: client(it).roles.list(per_page=100).items,
    )


def test_members_are_listed(versus: Versus) -> None:
    """Of a role."""
    versus(
        "list_members",
        TOKEN,
        Difference("query.include_totals", "the client wants totals, which checkpoints do not have"),
        ours=lambda it: every(it.list_members("rol_1")),
        theirs=lambda it: list(client(it).roles.users.list("rol_1", take=100)),
    )


def test_a_user_is_found(versus: Versus) -> None:
    """By email address."""
    versus(
        "find_user",
        TOKEN,
        Extra("ours", "GET /api/v2/users/*/roles", "ours tells the roles as well"),
        ours=lambda it: it.find_user("ada@example.com"),
        theirs=lambda it: client(it).users.list_users_by_email(email="ada@example.com"),
    )


def test_a_role_is_given(versus: Versus) -> None:
    """`POST` of the roles to the user."""
    versus(
        "add_member",
        TOKEN,
        ours=lambda it: it.add_member("rol_2", "auth0|2"),
        theirs=lambda it: client(it).users.roles.assign("auth0|2", roles=["rol_2"]),
    )


def test_a_role_is_taken(versus: Versus) -> None:
    """`DELETE` with the roles in the body."""
    versus(
        "remove_member",
        TOKEN,
        ours=lambda it: it.remove_member("rol_1", "auth0|1"),
        theirs=lambda it: client(it).users.roles.delete("auth0|1", roles=["rol_1"]),
    )


def test_a_user_is_blocked(versus: Versus) -> None:
    """`PATCH`."""
    versus(
        "deprovision_user",
        TOKEN,
        ours=lambda it: it.deprovision_user("auth0|2"),
        theirs=lambda it: client(it).users.update("auth0|2", blocked=True),
    )


def test_a_user_is_deleted(versus: Versus) -> None:
    """`DELETE`."""
    versus(
        "delete_user",
        TOKEN,
        ours=lambda it: it.delete_user("auth0|2"),
        theirs=lambda it: client(it).users.delete("auth0|2"),
    )


def test_users_are_listed(versus: Versus) -> None:
    """By search, sorted."""
    versus(
        "list_users",
        TOKEN,
        Difference("query.include_totals", "the client wants totals; ours goes on until a page is not full"),
        Extra("ours", "GET /api/v2/roles*", "ours tells the roles as well"),
        ours=lambda it: every(it.list_users()),
        theirs=lambda it: (
            client(it)
            .users.list(per_page=100, q=OF_ITS_CONNECTION, search_engine="v3", sort="created_at:1")
            .items
        ),
    )


def test_a_user_is_changed(versus: Versus) -> None:
    """Found by its email address, then `PATCH`."""

    def theirs(stand_in: Any) -> None:
        found = client(stand_in).users.list_users_by_email(email="bob@example.com")[0]
        client(stand_in).users.update(found.user_id, name="Bob B.", blocked=False)

    versus(
        "provision_user",
        TOKEN,
        ours=lambda it: it.provision_user(UserDraft(email="bob@example.com", name="Bob B.")),
        theirs=theirs,
    )
