"""Okta: users and groups of an organisation."""

from __future__ import annotations

from integrations_sdk.connectors.okta import OktaConnector
from integrations_sdk.models import Secret, UserDraft
from integrations_sdk.testing.vendors.okta import OktaStandIn
from support.keys import rsa_pair
from support.scenarios import Suite, every, otherwise

SUITE = Suite(
    stand_in=OktaStandIn,
    contracts={"okta": ""},
    cited={
        "POST /oauth2/v1/token": "https://developer.okta.com/docs/guides/implement-oauth-for-okta-serviceapp/main/"
    },
)

ADA, BOB = "00u1", "00u2"
PLATFORM, QA = "00g2", "00g3"
EVE = UserDraft(
    email="eve@example.com", given_name="Eve", family_name="Example", password=Secret("Correct-Horse-7"),
    groups=("QA Team",), attributes={"department": "QA"},
)  # fmt: skip


async def check(okta: OktaConnector, company: OktaStandIn) -> None:
    await okta.check()
    service = {"domain": company.url, "client_id": "0oa1", "private_key": rsa_pair()[0], "key_id": "k-1"}
    await otherwise(okta, service).check()


async def list_users(okta: OktaConnector, company: OktaStandIn) -> None:
    company.page_size = 1
    assert [user.user_id for user in await every(okta.list_users())] == [ADA, BOB]


async def list_groups(okta: OktaConnector, _company: OktaStandIn) -> None:
    assert [one.role for one in await every(okta.list_groups())] == [None, "admin", "read"]


async def list_members(okta: OktaConnector, _company: OktaStandIn) -> None:
    assert [user.user_id for user in await every(okta.list_members(PLATFORM))] == [ADA]


async def find_user(okta: OktaConnector, _company: OktaStandIn) -> None:
    found = await okta.find_user("ada@example.com")
    assert found is not None and found.groups == ("Platform Team",)


async def user_changes(okta: OktaConnector, _company: OktaStandIn) -> None:
    first = await okta.user_changes()
    await okta.deprovision_user(BOB)
    changes = await okta.user_changes(first.cursor)
    assert BOB in {user.user_id for user in changes.users}


async def list_changed_users(okta: OktaConnector, _company: OktaStandIn) -> None:
    assert len(await every(okta.list_changed_users())) == 2


async def provision_user(okta: OktaConnector, company: OktaStandIn) -> None:
    made = await okta.provision_user(EVE)
    assert company.members[QA] == [made.reference]
    await okta.deprovision_user(made.reference or "")
    await okta.provision_user(UserDraft(email=EVE.email, given_name="Eva"))
    assert company.users[made.reference or ""]["profile"]["firstName"] == "Eva"


async def deprovision_user(okta: OktaConnector, company: OktaStandIn) -> None:
    await okta.deprovision_user(ADA)
    assert company.users[ADA]["status"] == "DEPROVISIONED"


async def add_member(okta: OktaConnector, company: OktaStandIn) -> None:
    await okta.add_member(QA, BOB)
    assert company.members[QA] == [BOB]


async def remove_member(okta: OktaConnector, company: OktaStandIn) -> None:
    await okta.remove_member(PLATFORM, ADA)
    assert company.members[PLATFORM] == []
