"""Auth0: users and roles of a tenant."""

from __future__ import annotations

from integrations_sdk.connectors.auth0 import Auth0Connector
from integrations_sdk.models import UserDraft
from integrations_sdk.testing.vendors.auth0 import Auth0StandIn
from support.scenarios import Suite, every

SUITE = Suite(
    stand_in=Auth0StandIn,
    contracts={"auth0": "/api/v2", "auth0_authentication": ""},
    cited={"GET /api/v2/roles/*/users": "https://auth0.com/docs/api/management/v2/roles/get-role-user"},
)

ADA, BOB = "auth0|1", "auth0|2"
ADMIN, DEVELOPER = "rol_1", "rol_2"
EVE = UserDraft(
    email="eve@example.com", name="Eve Example", given_name="Eve", family_name="Example", groups=("developer",),
    attributes={"user_metadata": {"team": "shop"}},
)  # fmt: skip


async def check(auth0: Auth0Connector, _tenant: Auth0StandIn) -> None:
    assert (await auth0.check()).detail.startswith("users")


async def list_users(auth0: Auth0Connector, _tenant: Auth0StandIn) -> None:
    assert {user.user_id for user in await every(auth0.list_users())} == {ADA, BOB}


async def list_groups(auth0: Auth0Connector, _tenant: Auth0StandIn) -> None:
    assert [one.name for one in await every(auth0.list_groups())] == ["admin", "developer", "viewer"]


async def list_members(auth0: Auth0Connector, _tenant: Auth0StandIn) -> None:
    assert [user.user_id for user in await every(auth0.list_members(ADMIN))] == [ADA]


async def find_user(auth0: Auth0Connector, _tenant: Auth0StandIn) -> None:
    for name in ("ada@example.com", ADA):
        found = await auth0.find_user(name)
        assert found is not None and found.roles == ("admin", "read")


async def user_changes(auth0: Auth0Connector, tenant: Auth0StandIn) -> None:
    first = await auth0.user_changes()
    tenant.touch(BOB)
    changes = await auth0.user_changes(first.cursor)
    assert BOB in {user.user_id for user in changes.users}


async def list_changed_users(auth0: Auth0Connector, _tenant: Auth0StandIn) -> None:
    assert len(await every(auth0.list_changed_users())) == 2


async def provision_user(auth0: Auth0Connector, tenant: Auth0StandIn) -> None:
    made = await auth0.provision_user(EVE)
    assert tenant.holders[DEVELOPER] == [made.reference]
    again = await auth0.provision_user(UserDraft(email=EVE.email, name="Eve"))
    assert tenant.users[again.reference or ""]["name"] == "Eve"


async def deprovision_user(auth0: Auth0Connector, tenant: Auth0StandIn) -> None:
    await auth0.deprovision_user(ADA)
    assert tenant.users[ADA]["blocked"] is True


async def delete_user(auth0: Auth0Connector, tenant: Auth0StandIn) -> None:
    await auth0.delete_user(ADA)
    assert ADA not in tenant.users


async def add_member(auth0: Auth0Connector, tenant: Auth0StandIn) -> None:
    await auth0.add_member(DEVELOPER, BOB)
    assert tenant.holders[DEVELOPER] == [BOB]


async def remove_member(auth0: Auth0Connector, tenant: Auth0StandIn) -> None:
    await auth0.remove_member(ADMIN, ADA)
    assert tenant.holders[ADMIN] == []
