"""Azure AD over Microsoft Graph: users, groups and roles, delta queries, provisioning, clouds, and what fails how."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations_sdk import IntegrationManagementManager, Secret
from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.azure_ad import CLOUDS, AzureAdConnector
from integrations_sdk.connectors.base import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
    Request,
    UserDraft,
    UserState,
)
from integrations_sdk.testing import Sandbox
from integrations_sdk.testing.fakes import DictMemory, ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.azure_ad import AzureAdStandIn

CANARY = "azureCANARYsecret0CANARY0"
LOGIN, GRAPH = CLOUDS["global"]
API = f"{GRAPH}/v1.0"
DOCUMENT = {
    "tenant_id": "your-tenant-id",
    "client_id": "your-application-id",
    "client_secret": "your-client-secret",
    "graph_api_version": "v1.0",
    "sync_groups": True,
    "group_filter": "startswith(displayName,'APG_')",
    "user_attributes": ["id", "displayName", "mail", "jobTitle", "department"],
}
CONFIG = {**DOCUMENT, "client_secret": CANARY}
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
TOKEN = reply(200, {"access_token": "eyJ.token.of.graph", "expires_in": 3599, "token_type": "Bearer"})
ADA = {
    "id": "u1", "userPrincipalName": "ada@company.com", "displayName": "Ada Lovelace", "mail": "ada@company.com",
    "givenName": "Ada", "surname": "Lovelace", "accountEnabled": True, "jobTitle": "Engineer", "department": None,
}  # fmt: skip
SELECT = "id,userPrincipalName,displayName,mail,givenName,surname,accountEnabled,jobTitle,department"
USER = {"@odata.type": "#microsoft.graph.user"}
GROUP = {"@odata.type": "#microsoft.graph.group"}


def make(answers: list[Any], **more: object) -> tuple[AzureAdConnector, ScriptedHttp]:
    http = ScriptedHttp([TOKEN, *answers])
    return connect(AzureAdConnector, {**CONFIG, **more}, http, clock=FakeClock(NOW)), http


def standing(**more: object) -> tuple[AzureAdStandIn, AzureAdConnector, ScriptedHttp]:
    stand_in = AzureAdStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    return (
        stand_in,
        connect(AzureAdConnector, {**stand_in.config(), **more}, http, clock=FakeClock(NOW)),
        http,
    )


def listed(found: AsyncIterator[Any]) -> list[Any]:
    async def gather() -> list[Any]:
        return [item async for item in found]

    return asyncio.run(gather())


def query_of(request: Request) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(urlsplit(request.url).query).items()}


def path_of(request: Request) -> str:
    return urlsplit(request.url).path


def test_the_enterprise_documents_configuration_loads_unchanged() -> None:
    """And says what it says there."""
    config = connect(AzureAdConnector, DOCUMENT, ScriptedHttp()).config
    assert (config.select, config.group_filter) == (SELECT, "startswith(displayName,'APG_')")


class TestToken:
    """Client credentials."""

    @pytest.mark.parametrize("cloud", CLOUDS)
    def test_every_cloud_grants_for_its_own_graph(self, cloud: str) -> None:
        """Source: https://learn.microsoft.com/graph/auth-v2-service, https://learn.microsoft.com/graph/deployments"""
        login, graph = CLOUDS[cloud]
        azure, http = make([reply(200, {"value": []})], cloud=cloud, graph_api_version="beta")
        asyncio.run(azure.check())
        assert http.requests[0].url == f"{login}/your-tenant-id/oauth2/v2.0/token"
        assert {name: values[0] for name, values in parse_qs(http.requests[0].content.decode()).items()} == {
            "grant_type": "client_credentials", "client_id": "your-application-id", "client_secret": CANARY,
            "scope": f"{graph}/.default",
        }  # fmt: skip
        assert http.requests[1].url.startswith(f"{graph}/beta/users?")
        assert http.requests[1].headers["authorization"] == "Bearer eyJ.token.of.graph"

    def test_it_is_kept_and_renewed(self) -> None:
        """For an hour less a minute, or until Graph refuses it."""
        stand_in = AzureAdStandIn()
        clock, http = FakeClock(NOW), ScriptedHttp([answered_by(stand_in)])
        azure = connect(AzureAdConnector, stand_in.config(), http, clock=clock)
        for _ in range(3):
            asyncio.run(azure.check())
        assert stand_in.granted == 1
        clock.advance(3540)
        asyncio.run(azure.check())
        assert stand_in.granted == 2
        stand_in.access_token = "eyJ.another"
        with pytest.raises(AuthenticationError, match="Access token has expired"):
            asyncio.run(azure.check())
        asyncio.run(azure.check())
        assert stand_in.granted == 3

    def test_what_is_refused_is_said(self) -> None:
        """A wrong secret asks for another; a wrong tenant is a wrong configuration."""
        _, azure, _ = standing(client_secret=CANARY)
        with pytest.raises(AuthenticationError, match="AADSTS7000215: Invalid client secret") as caught:
            asyncio.run(azure.check())
        assert (caught.value.operation, caught.value.code) == ("token", "invalid_client")
        assert CANARY not in "".join(traceback.format_exception(caught.value))
        _, azure, _ = standing(tenant_id="other.example")
        with pytest.raises(RejectedError, match="AADSTS90002"):
            asyncio.run(azure.check())


class TestReading:
    """Users and groups."""

    @pytest.mark.contracts
    def test_users_are_listed_with_the_roles_of_their_groups(self, conformity) -> None:
        """Of the groups that the filter lets through; pages follow `@odata.nextLink` on the same host.

        The contract lets `$select` choose two properties of members; Graph takes those of users, as its example
        shows: https://learn.microsoft.com/graph/api/group-list-members
        """
        following = {"@odata.nextLink": "https://evil.example/v9/users?$select=id&$skiptoken=x"}
        azure, http = make(
            [
                reply(200, {"value": [{"id": "g1", "displayName": "APG_Admins"}]}),
                reply(200, {"value": [{**USER, "id": "u1"}, {**GROUP, "id": "u2"}]}),
                reply(200, {"value": [ADA], **following}),
                reply(200, {"value": [{**ADA, "id": "u2", "accountEnabled": False}]}),
            ],
            group_mappings={"APG_Admins": "admin"},
        )
        ada, other = listed(azure.list_users())
        assert (ada.user_id, ada.username, ada.email, ada.given_name, ada.state) == (
            "u1",
            "ada@company.com",
            "ada@company.com",
            "Ada",
            UserState.ACTIVE,
        )
        assert (ada.groups, ada.roles) == (("APG_Admins",), ("admin",))
        assert ada.attributes == {
            "id": "u1",
            "displayName": "Ada Lovelace",
            "mail": "ada@company.com",
            "jobTitle": "Engineer",
            "department": None,
        }
        assert (other.state, other.groups) == (UserState.SUSPENDED, ())
        groups, members, first, second = http.requests[1:]
        assert query_of(groups) == {
            "$select": "id,displayName,description",
            "$top": "999",
            "$filter": "startswith(displayName,'APG_')",
            "$count": "true",
        }
        assert groups.headers["consistencylevel"] == "eventual"
        assert path_of(members) == "/v1.0/groups/g1/members"
        assert query_of(first) == {"$select": SELECT, "$top": "999"}
        assert second.url == f"{API}/users?$select=id&$skiptoken=x"
        for request in (groups, first):
            conformity.check("microsoft_graph", request, base_url=API)

    def test_without_sync_groups_users_come_alone(self) -> None:
        """One request for each page."""
        stand_in, azure, http = standing(sync_groups=False)
        stand_in.page_size = 1
        assert [user.groups for user in listed(azure.list_users())] == [None, None]
        assert len(http.requests) == 3

    def test_groups_and_members_are_listed(self) -> None:
        """With the role that a group is mapped to; devices and groups are no users."""
        stand_in, azure, _ = standing(group_filter="startswith(displayName,'APG_')")
        stand_in.page_size = 1
        assert [(group.name, group.role) for group in listed(azure.list_groups())] == [
            ("APG_Admins", "admin"),
            ("APG_Readers", "read"),
        ]
        assert [user.username for user in listed(azure.list_members("g1"))] == [
            "ada@company.com",
            "bob@company.com",
        ]
        with pytest.raises(RejectedError, match="Resource does not exist"):
            listed(azure.list_members("g9"))
        with pytest.raises(RejectedError, match="Invalid filter clause"):
            listed(standing(group_filter="nonsense")[1].list_groups())

    def test_nested_groups_are_asked_for(self) -> None:
        """Transitively, both ways."""
        _, azure, http = standing(nested_groups=True)
        listed(azure.list_members("g1"))
        asyncio.run(azure.find_user("u1"))
        assert [path_of(request) for request in http.requests[1:]] == [
            "/v1.0/groups/g1/transitiveMembers", "/v1.0/users/u1", "/v1.0/users/u1/transitiveMemberOf",
        ]  # fmt: skip

    @pytest.mark.contracts
    def test_a_user_is_found_by_principal_name_and_id(self, conformity) -> None:
        """With the roles of the groups that count; administrative roles of the same name do not."""
        stand_in, azure, http = standing(group_filter="startswith(displayName,'APG_A')", group_mappings={})
        for name in ("ada@company.com", "u1"):
            found = asyncio.run(azure.find_user(name))
            assert found is not None
            assert (found.user_id, found.groups) == ("u1", ("APG_Admins",))
        assert asyncio.run(azure.find_user("guest_gmail.com#EXT#@company.com")) is None
        assert http.requests[-1].url.startswith(
            f"{stand_in.url}/v1.0/users/guest_gmail.com%23EXT%23%40company.com?"
        )
        conformity.check("microsoft_graph", http.requests[1], base_url=f"{stand_in.url}/v1.0")


class TestChanges:
    """`user_changes()`: delta queries.

    Source: https://learn.microsoft.com/graph/delta-query-users
    """

    def pages(self, azure: AzureAdConnector, cursor: str | None) -> tuple[list[str], str]:
        async def main() -> tuple[list[str], str]:
            found, place, more = [], cursor, True
            while more:
                page = await azure.user_changes(place)
                found += [f"{user.user_id} {user.state} {user.roles}" for user in page.users]
                place, more = page.cursor, page.more
            assert place is not None
            return found, place

        return asyncio.run(main())

    def test_all_users_first_then_what_changed(self) -> None:
        """Those who are gone too, of whom nothing but the id is known."""
        stand_in, azure, http = standing()
        stand_in.page_size = 1
        found, cursor = self.pages(azure, None)
        assert found == ["u1 active ('admin',)", "u2 active ()"]
        assert query_of(http.requests[1])["$select"].startswith("id,userPrincipalName")
        assert self.pages(azure, cursor) == ([], cursor)
        stand_in.page_size = 9
        asyncio.run(azure.deprovision_user("u1"))
        stand_in.remove_user("u2")
        found, _ = self.pages(azure, cursor)
        assert found == ["u1 suspended ('admin',)", "u2 removed ()"]

    def test_a_cursor_leads_to_no_other_server(self) -> None:
        """Of Graph's links only the query is kept, and whatever stands in a cursor, the token goes to Graph."""
        link = "https://evil.example/delta?$deltatoken=abc"
        azure, http = make([reply(200, {"value": [], "@odata.deltaLink": link})])
        page = asyncio.run(azure.user_changes())
        assert (page.cursor, page.more) == ("$deltatoken=abc", False)
        asyncio.run(azure.user_changes("$deltatoken=//evil.example/"))
        assert http.requests[-1].url == f"{API}/users/delta?$deltatoken=//evil.example/"

    @pytest.mark.parametrize("cursor", ["", "x", "https://evil.example/", "$select=id"])
    def test_another_text_is_no_cursor(self, cursor: str) -> None:
        """It is said before anything is sent."""
        with pytest.raises(ConfigurationError, match="expected a cursor of user_changes"):
            asyncio.run(make([])[0].user_changes(cursor))

    def test_a_cursor_that_is_forgotten_begins_again(self) -> None:
        """All users come again, rather than none ever."""
        stand_in, azure, _ = standing()
        _, cursor = self.pages(azure, None)
        stand_in.forgotten = True
        found, _ = self.pages(azure, cursor)
        assert found == ["u1 active ('admin',)", "u2 active ()"]

    def test_an_answer_without_a_link_is_an_error(self) -> None:
        """There would be no place to go on from."""
        with pytest.raises(RejectedError, match="without a link to go on"):
            asyncio.run(make([reply(200, {"value": []})])[0].user_changes())

    def test_the_delta_link_is_remembered_for_the_integration(self) -> None:
        """`list_changed_users()` goes on where it was read to."""
        stand_in, memory = AzureAdStandIn(), DictMemory()
        http = ScriptedHttp([answered_by(stand_in)])

        def changed() -> list[str]:
            azure = connect(AzureAdConnector, stand_in.config(), http, memory=memory, clock=FakeClock(NOW))
            return [user.user_id for user in listed(azure.list_changed_users())]

        assert changed() == ["u1", "u2"]
        assert changed() == []
        stand_in.changes.append("u2")
        assert changed() == ["u2"]
        assert memory.values == {"user_changes": {"cursor": "$deltatoken=3"}}


class TestProvisioning:
    """Users are created, changed, enabled and disabled.

    Sources, for the contract at hand only reads: https://learn.microsoft.com/graph/api/user-post-users,
    user-update, user-revokesigninsessions, group-post-members, group-delete-members
    """

    def test_a_new_user(self) -> None:
        """Has all that Graph demands, a password that nobody knows, and its groups."""
        group = {"id": "g2", "displayName": "APG_Admins"}
        azure, http = make(
            [reply(200, {"value": [group]}), reply(404, {}), reply(201, {"id": "u9"}), reply(204)]
        )
        draft = UserDraft(
            email="cleo+x@company.com",
            given_name="Cleo",
            family_name="Patra",
            groups=("APG_Admins",),
            attributes={"department": "Nile"},
        )
        outcome = asyncio.run(azure.provision_user(draft))
        sent = http.sent(3)
        password = sent["passwordProfile"].pop("password")
        assert len(password) > 40
        assert sent == {
            "accountEnabled": True, "displayName": "Cleo Patra", "mailNickname": "cleox", "givenName": "Cleo",
            "userPrincipalName": "cleo+x@company.com", "surname": "Patra", "department": "Nile",
            "passwordProfile": {"forceChangePasswordNextSignIn": True},
        }  # fmt: skip
        assert (http.requests[3].method, http.requests[3].url) == ("POST", f"{API}/users")
        assert not http.calls[3].idempotent
        assert (http.requests[4].method, http.requests[4].url) == ("POST", f"{API}/groups/g2/members/$ref")
        assert http.sent(4) == {"@odata.id": f"{API}/directoryObjects/u9"}
        assert outcome.reference == "u9"

    def test_twice_is_once(self) -> None:
        """The second time the user is found, enabled, and brought to what the draft says."""
        stand_in, azure, _ = standing()
        first = asyncio.run(
            azure.provision_user(
                UserDraft(
                    email="c@mail.example",
                    username="c@company.com",
                    name="Cleo",
                    password=Secret("S3cret-of-Cleo"),
                )
            )
        )
        assert (stand_in.users["u3"]["mail"], stand_in.users["u3"]["userPrincipalName"]) == (
            "c@mail.example",
            "c@company.com",
        )
        asyncio.run(azure.deprovision_user(first.reference))
        assert stand_in.users["u3"]["accountEnabled"] is False
        for _ in range(2):
            again = UserDraft(email="c@company.com", given_name="Cleo", groups=("APG_Readers", "g2"))
            assert asyncio.run(azure.provision_user(again)).reference == "u3"
        assert (stand_in.users["u3"]["accountEnabled"], stand_in.users["u3"]["displayName"]) == (True, "Cleo")
        assert stand_in.members["g3"] == ["u3"]
        assert stand_in.members["g2"] == ["u1", "u3"]

    def test_changing_may_be_repeated(self) -> None:
        """Each request says so to the client."""
        azure, http = make([reply(200, ADA), reply(204)])
        asyncio.run(
            azure.provision_user(UserDraft(email="ada@company.com", password=Secret("An0ther-password")))
        )
        asyncio.run(azure.deprovision_user("u1"))
        asyncio.run(azure.revoke_sessions("u1"))
        asyncio.run(azure.add_member("g1", "u1"))
        asyncio.run(azure.remove_member("g1", "u1"))
        assert http.sent(2) == {"accountEnabled": True, "passwordProfile": {"password": "An0ther-password"}}
        assert http.sent(3) == {"accountEnabled": False}
        assert [(request.method, path_of(request)) for request in http.requests[2:]] == [
            ("PATCH", "/v1.0/users/u1"), ("PATCH", "/v1.0/users/u1"), ("POST", "/v1.0/users/u1/revokeSignInSessions"),
            ("POST", "/v1.0/groups/g1/members/$ref"), ("DELETE", "/v1.0/groups/g1/members/u1/$ref"),
        ]  # fmt: skip
        assert all(call.idempotent for call in http.calls[2:])

    def test_memberships_are_no_ops_where_there_is_nothing_to_do(self) -> None:
        """Graph refuses both; other refusals are errors."""
        stand_in, azure, _ = standing()
        for _ in range(2):
            assert asyncio.run(azure.add_member("g3", "u1"))
        assert stand_in.members["g3"] == ["u1"]
        for _ in range(2):
            assert asyncio.run(azure.remove_member("g3", "u1"))
        with pytest.raises(RejectedError, match="Resource does not exist"):
            asyncio.run(azure.add_member("g9", "u1"))
        refusing, _ = make(
            [reply(400, {"error": {"code": "Request_BadRequest", "message": "no such thing"}})]
        )
        with pytest.raises(RejectedError, match="no such thing"):
            asyncio.run(refusing.add_member("g1", "u1"))

    def test_what_is_missing_is_said_before_anything_is_done(self) -> None:
        """No such group."""
        stand_in, azure, _ = standing()
        with pytest.raises(ConfigurationError, match="there is none for 'APG_Boss'"):
            asyncio.run(azure.provision_user(UserDraft(email="x@company.com", groups=("APG_Boss",))))
        assert len(stand_in.users) == 2

    def test_what_graph_refuses(self) -> None:
        """A weak password, a user that there is not."""
        stand_in, azure, _ = standing()
        with pytest.raises(RejectedError, match="password complexity"):
            asyncio.run(azure.provision_user(UserDraft(email="x@company.com", password=Secret("x"))))
        with pytest.raises(RejectedError, match="Resource does not exist"):
            asyncio.run(azure.deprovision_user("u9"))
        asyncio.run(azure.revoke_sessions("ada@company.com"))
        assert stand_in.revoked == ["u1"]


@pytest.mark.contracts
def test_check_only_asks(conformity) -> None:
    """For one user and one group."""
    azure, http = make([reply(200, {"value": []})])
    assert asyncio.run(azure.check()).detail == "users and groups of your-tenant-id"
    for request in http.requests[1:]:
        assert (request.method, query_of(request)) == ("GET", {"$select": "id", "$top": "1"})
        conformity.check("microsoft_graph", request, base_url=API)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "Request_BadRequest", RejectedError),
        (401, "InvalidAuthenticationToken", AuthenticationError),
        (403, "Authorization_RequestDenied", PermissionDeniedError),
        (404, "Request_ResourceNotFound", RejectedError),
        (429, "TooManyRequests", RateLimitedError),
        (503, "ServiceUnavailable", ProviderUnavailableError),
    ],
)
def test_errors_carry_graphs_words(status: int, code: str, kind: type[ConnectorError]) -> None:
    """Its message, its code, its id of the request, how long to wait; no secret.

    Source: https://learn.microsoft.com/graph/errors, https://learn.microsoft.com/graph/throttling
    """
    body = {
        "error": {"code": code, "message": f"It failed for {CANARY}", "innerError": {"request-id": "r-1"}}
    }
    azure, _ = make([reply(status, body, request_id="r-1", retry_after="7")])
    with pytest.raises(kind, match="It failed for ••••") as caught:
        asyncio.run(azure.check())
    assert (caught.value.status, caught.value.code, caught.value.request_id) == (status, code, "r-1")
    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() == 7
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_configuration_mistakes_are_named_at_once() -> None:
    """Every wrong field is named, and no value of a secret."""
    given = {
        "tenant_id": "common", "client_secret": f"{CANARY}\n", "cloud": "mars", "graph_api_version": "v2", "user_attributes": ["a,b"],
        "sync_interval": 5,
    }  # fmt: skip
    with pytest.raises(ConfigurationError) as caught:
        connect(AzureAdConnector, given, ScriptedHttp())
    assert {problem.path for problem in caught.value.problems} == {
        "tenant_id", "client_id", "client_secret", "cloud", "graph_api_version", "user_attributes[0]", "sync_interval",
    }  # fmt: skip
    assert CANARY not in str(caught.value)


def test_over_the_wire_with_the_manager() -> None:
    """The capability's methods stand on the sub-manager; a limit is waited for as Graph asks."""
    with Sandbox() as sandbox, IntegrationManagementManager() as mgr:
        mgr.azure_ad.create(sandbox.config("azure_ad"))
        sandbox.azure_ad.fail(status=429, retry_after=0.01, path="/v1.0/users")
        assert mgr.azure_ad.check("azure_ad-1").status == "healthy"
        assert [user["roles"] for user in mgr.azure_ad.list_users("azure_ad-1")] == [["admin"], []]
        made = mgr.azure_ad.provision_user(
            "azure_ad-1", {"email": "c@company.com", "groups": ["APG_Readers"]}
        )
        assert mgr.azure_ad.find_user("azure_ad-1", "c@company.com").roles == ("read",)
        assert mgr.azure_ad.deprovision_user("azure_ad-1", made.reference)
        page = mgr.azure_ad.user_changes("azure_ad-1")
        assert [user.state.value for user in page.users] == ["active", "active", "suspended"]
        assert sandbox.azure_ad.granted == 1
