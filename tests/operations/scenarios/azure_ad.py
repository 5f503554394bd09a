"""Azure AD (Entra ID): users and groups of a tenant, through Microsoft Graph."""

from __future__ import annotations

from integrations_sdk.connectors.azure_ad import AzureAdConnector
from integrations_sdk.models import Secret, UserDraft
from integrations_sdk.testing.vendors.azure_ad import AzureAdStandIn
from support.scenarios import Overruled, Suite, every, otherwise

GRAPH = "https://learn.microsoft.com/graph"

SUITE = Suite(
    stand_in=AzureAdStandIn,
    contracts={"microsoft_graph": "/v1.0"},
    cited={
        "POST /*/oauth2/v2.0/token": f"{GRAPH}/auth-v2-service",
        "GET /v1.0/users/delta": f"{GRAPH}/api/user-delta",
        "POST /v1.0/users": f"{GRAPH}/api/user-post-users",
        "PATCH /v1.0/users/*": f"{GRAPH}/api/user-update",
        "POST /v1.0/users/*/revokeSignInSessions": f"{GRAPH}/api/user-revokesigninsessions",
        "GET /v1.0/users/*/memberOf": f"{GRAPH}/api/user-list-memberof",
        "GET /v1.0/users/*/transitiveMemberOf": f"{GRAPH}/api/user-list-transitivememberof",
        "GET /v1.0/groups/*/transitiveMembers": f"{GRAPH}/api/group-list-transitivemembers",
        "POST /v1.0/groups/*/members/$ref": f"{GRAPH}/api/group-post-members",
        "DELETE /v1.0/groups/*/members/*/$ref": f"{GRAPH}/api/group-delete-members",
    },
    overruled=(
        Overruled("GET /v1.0/*", "?$skiptoken", f"{GRAPH}/paging"),
        Overruled(
            "GET /v1.0/groups/*/members",
            "is not one of ['id', 'deletedDateTime']",
            f"{GRAPH}/api/group-list-members",
        ),
    ),
)

ADA, BOB = "u1", "u2"
ADMINS, READERS = "g2", "g3"
EVE = UserDraft(
    email="eve@company.com", name="Eve Example", given_name="Eve", family_name="Example",
    password=Secret("Correct-Horse-7"), groups=("APG_Readers",), attributes={"jobTitle": "Tester"},
)  # fmt: skip


def nested(directory: AzureAdConnector, tenant: AzureAdStandIn) -> AzureAdConnector:
    """With groups in groups."""
    return otherwise(directory, {**tenant.config(), "nested_groups": True})


async def check(directory: AzureAdConnector, _tenant: AzureAdStandIn) -> None:
    await directory.check()


async def list_users(directory: AzureAdConnector, tenant: AzureAdStandIn) -> None:
    tenant.page_size = 1
    assert [user.user_id for user in await every(directory.list_users())] == [ADA, BOB]


async def list_groups(directory: AzureAdConnector, _tenant: AzureAdStandIn) -> None:
    assert [one.role for one in await every(directory.list_groups())] == [None, "admin", "read"]


async def list_members(directory: AzureAdConnector, tenant: AzureAdStandIn) -> None:
    for way in (directory, nested(directory, tenant)):
        assert [user.user_id for user in await every(way.list_members(ADMINS))] == [ADA]


async def find_user(directory: AzureAdConnector, tenant: AzureAdStandIn) -> None:
    for way in (directory, nested(directory, tenant)):
        found = await way.find_user("ada@company.com")
        assert found is not None and found.roles == ("admin",)


async def user_changes(directory: AzureAdConnector, tenant: AzureAdStandIn) -> None:
    first = await directory.user_changes()
    tenant.remove_user(BOB)
    changes = await directory.user_changes(first.cursor)
    assert [user.state for user in changes.users] == ["removed"]


async def list_changed_users(directory: AzureAdConnector, _tenant: AzureAdStandIn) -> None:
    assert len(await every(directory.list_changed_users())) == 2


async def provision_user(directory: AzureAdConnector, tenant: AzureAdStandIn) -> None:
    made = await directory.provision_user(EVE)
    assert tenant.members[READERS] == [made.reference]
    await directory.provision_user(UserDraft(email=EVE.email, given_name="Eva"))
    assert tenant.users[made.reference or ""]["givenName"] == "Eva"


async def deprovision_user(directory: AzureAdConnector, tenant: AzureAdStandIn) -> None:
    await directory.deprovision_user(ADA)
    assert tenant.users[ADA]["accountEnabled"] is False


async def revoke_sessions(directory: AzureAdConnector, tenant: AzureAdStandIn) -> None:
    await directory.revoke_sessions(ADA)
    assert tenant.revoked == [ADA]


async def add_member(directory: AzureAdConnector, tenant: AzureAdStandIn) -> None:
    await directory.add_member(READERS, BOB)
    assert tenant.members[READERS] == [BOB]


async def remove_member(directory: AzureAdConnector, tenant: AzureAdStandIn) -> None:
    await directory.remove_member(ADMINS, ADA)
    assert tenant.members[ADMINS] == []
