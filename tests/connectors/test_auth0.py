"""Auth0: users, roles, changes since a cursor, provisioning, and what is said when it fails."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations_sdk import IntegrationManagementManager, Secret
from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.auth0 import Auth0Connector
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
from integrations_sdk.testing.vendors.auth0 import Auth0StandIn

CANARY = "auth0CANARYsecret0CANARY0"
ROOT = "https://yourcompany.auth0.com"
API = f"{ROOT}/api/v2"
DOCUMENT = {
    "domain": "yourcompany.auth0.com",
    "client_id": "your-client-id",
    "client_secret": "your-client-secret",
    "connection": "Username-Password-Authentication",
    "role_mappings": {"admin": "admin", "developer": "write", "viewer": "read"},
}
CONFIG = {**DOCUMENT, "client_secret": CANARY}
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
TOKEN = reply(200, {"access_token": "eyJ.token.of.auth0", "expires_in": 86400, "token_type": "Bearer"})
ADA = {
    "user_id": "auth0|1", "email": "ada@example.com", "name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace",
    "created_at": "2026-01-01T10:00:00.000Z", "updated_at": "2026-01-01T11:00:00.000Z", "app_metadata": {"plan": "x"},
    "identities": [{"connection": "Username-Password-Authentication"}],
}  # fmt: skip
BY_CONNECTION = 'identities.connection:"Username-Password-Authentication"'


def make(answers: list[Any], **more: object) -> tuple[Auth0Connector, ScriptedHttp]:
    http = ScriptedHttp([TOKEN, *answers])
    return connect(Auth0Connector, {**CONFIG, **more}, http, clock=FakeClock(NOW)), http


def standing(**more: object) -> tuple[Auth0StandIn, Auth0Connector, ScriptedHttp]:
    stand_in = Auth0StandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    return stand_in, connect(Auth0Connector, {**stand_in.config(), **more}, http, clock=FakeClock(NOW)), http


def listed(found: AsyncIterator[Any]) -> list[Any]:
    async def gather() -> list[Any]:
        return [item async for item in found]

    return asyncio.run(gather())


def query_of(request: Request) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(urlsplit(request.url).query).items()}


def test_the_enterprise_documents_configuration_loads_unchanged() -> None:
    """And says what it says there."""
    config = connect(Auth0Connector, DOCUMENT, ScriptedHttp()).config
    assert (config.root, config.role_mappings["developer"]) == (ROOT, "write")


class TestToken:
    """Client credentials for the Management API."""

    @pytest.mark.contracts
    def test_the_grant_conforms(self, conformity) -> None:
        """The audience is the Management API of the tenant, unless another is configured."""
        auth0, http = make([reply(200, [])])
        asyncio.run(auth0.check())
        assert http.requests[0].url == f"{ROOT}/oauth/token"
        assert http.sent(0) == {
            "grant_type": "client_credentials",
            "client_id": "your-client-id",
            "client_secret": CANARY,
            "audience": f"{ROOT}/api/v2/",
        }
        assert "authorization" not in http.requests[0].headers
        assert http.requests[1].headers["authorization"] == "Bearer eyJ.token.of.auth0"
        conformity.check("auth0_authentication", http.requests[0], base_url=ROOT)
        auth0, http = make([reply(200, [])], domain="login.company.com", audience=f"{ROOT}/api/v2/")
        asyncio.run(auth0.check())
        assert http.requests[0].url == "https://login.company.com/oauth/token"
        assert http.sent(0)["audience"] == f"{ROOT}/api/v2/"

    def test_it_is_kept_for_a_day_and_renewed(self) -> None:
        """Also when Auth0 refuses it before its time."""
        stand_in = Auth0StandIn()
        clock, http = FakeClock(NOW), ScriptedHttp([answered_by(stand_in)])
        auth0 = connect(Auth0Connector, stand_in.config(), http, clock=clock)
        for _ in range(3):
            asyncio.run(auth0.check())
        assert stand_in.granted == 1
        clock.advance(86400 - 60)
        asyncio.run(auth0.check())
        assert stand_in.granted == 2
        stand_in.access_token = "eyJ.another"
        with pytest.raises(AuthenticationError, match="Invalid token"):
            asyncio.run(auth0.check())
        asyncio.run(auth0.check())
        assert stand_in.granted == 3

    def test_a_wrong_secret_is_an_authentication_error(self) -> None:
        """In Auth0's words."""
        _, auth0, _ = standing(client_secret=CANARY)
        with pytest.raises(AuthenticationError, match="Unauthorized") as caught:
            asyncio.run(auth0.check())
        assert (caught.value.operation, caught.value.code) == ("token", "access_denied")
        assert CANARY not in "".join(traceback.format_exception(caught.value))


class TestReading:
    """Users and roles."""

    @pytest.mark.contracts
    def test_users_are_listed_with_their_roles(self, conformity) -> None:
        """Of the connection, with roles found out by who holds those that are mapped.

        Source for the holders, which the contract at hand lacks: https://auth0.com/docs/api/management/v2/roles/get-role-user
        """
        roles = [{"id": "rol_1", "name": "admin"}, {"id": "rol_9", "name": "other"}]
        auth0, http = make(
            [
                reply(200, roles),
                reply(200, {"users": [{"user_id": "auth0|1"}]}),
                reply(200, [ADA, {**ADA, "user_id": "auth0|2", "blocked": True}]),
            ],
            user_attributes=["app_metadata", "missing"],
        )
        ada, blocked = listed(auth0.list_users())
        assert (ada.user_id, ada.username, ada.name, ada.given_name) == (
            "auth0|1",
            "ada@example.com",
            "Ada Lovelace",
            "Ada",
        )
        assert (ada.groups, ada.roles, ada.attributes) == (
            ("admin",),
            ("admin",),
            {"app_metadata": {"plan": "x"}},
        )
        assert (blocked.state, blocked.roles) == (UserState.SUSPENDED, ())
        assert http.requests[2].url == f"{API}/roles/rol_1/users?take=100"
        assert query_of(http.requests[3]) == {
            "q": BY_CONNECTION, "search_engine": "v3", "sort": "created_at:1", "per_page": "100", "page": "0",
        }  # fmt: skip
        for request in (http.requests[1], http.requests[3]):
            conformity.check("auth0", request, base_url=API)

    def test_more_than_a_thousand_users_are_all_found(self) -> None:
        """Each once, though Auth0 gives a thousand of one search, and many were created at one moment."""
        stand_in, auth0, http = standing(sync_roles=False)
        for number in range(2500):
            user_id = stand_in.add_user(f"{number}@example.com")
            stand_in.users[user_id]["created_at"] = f"2026-02-01T00:{number // 300:02d}:00.000Z"
        found = [user.user_id for user in listed(auth0.list_users())]
        assert len(found) == len(set(found)) == 2502
        assert len(http.requests) < 60

    def test_more_than_a_thousand_at_one_moment_are_an_error(self) -> None:
        """No search gets past them, and to leave some out silently would be worse."""
        stand_in, auth0, _ = standing(sync_roles=False)
        for number in range(1101):
            user_id = stand_in.add_user(f"{number}@example.com")
            stand_in.users[user_id] |= dict.fromkeys(("created_at", "updated_at"), "2026-02-01T00:00:00.000Z")
        with pytest.raises(RejectedError, match="more than 1000 users have the same created_at"):
            listed(auth0.list_users())
        with pytest.raises(RejectedError, match="more than 1000 users have the same updated_at"):
            listed(auth0.list_changed_users())

    def test_without_a_connection_users_of_all_are_read(self) -> None:
        """The search is for all."""
        stand_in, auth0, http = standing(connection=None, sync_roles=False)
        stand_in.add_user("c@example.com", connection="google-oauth2")
        assert len(listed(auth0.list_users())) == 3
        assert "q" not in query_of(http.requests[-1])

    @pytest.mark.contracts
    def test_roles_and_their_holders_are_listed(self, conformity) -> None:
        """Roles in numbered pages, holders from checkpoint to checkpoint."""
        stand_in, auth0, http = standing()
        for number in range(150):
            stand_in.add_role(f"role-{number}")
            stand_in.add_user(f"{number}@example.com", roles=("admin",))
        groups = listed(auth0.list_groups())
        assert (len(groups), groups[0].name, groups[0].role, groups[0].description) == (
            153,
            "admin",
            "admin",
            "Is admin",
        )
        assert len(listed(auth0.list_members("rol_1"))) == 151
        assert query_of(http.requests[-1]) == {"take": "100", "from": "100"}
        for request in http.requests[1:3]:
            conformity.check("auth0", request, base_url=f"{stand_in.url}/api/v2")
        with pytest.raises(RejectedError, match="Role not found"):
            listed(auth0.list_members("rol_0"))

    @pytest.mark.contracts
    def test_a_user_is_found_by_email_and_id(self, conformity) -> None:
        """Only in the connection, however the email is written; who is not there is None."""
        stand_in, auth0, http = standing()
        stand_in.add_user("g@example.com", connection="google-oauth2")
        for name in ("Ada@Example.com", "auth0|1"):
            found = asyncio.run(auth0.find_user(name))
            assert found is not None
            assert (found.user_id, found.roles) == ("auth0|1", ("admin", "read"))
        for name in ("g@example.com", "nobody@example.com", "auth0|9"):
            assert asyncio.run(auth0.find_user(name)) is None
        for request in http.requests[1:]:
            conformity.check("auth0", request, base_url=f"{stand_in.url}/api/v2")


class TestChanges:
    """`user_changes()`: what a cursor promises."""

    def pages(self, auth0: Auth0Connector, cursor: str | None) -> tuple[list[str], str]:
        async def main() -> tuple[list[str], str]:
            found, place, more = [], cursor, True
            while more:
                page = await auth0.user_changes(place)
                found += [user.user_id for user in page.users]
                place, more = page.cursor, page.more
            assert place is not None
            return found, place

        return asyncio.run(main())

    def test_all_users_first_then_what_changed(self) -> None:
        """With roles as they are now."""
        stand_in, auth0, http = standing()
        found, cursor = self.pages(auth0, None)
        assert found == ["auth0|1", "auth0|2"]
        stand_in.now += timedelta(minutes=10)
        found, cursor = self.pages(auth0, cursor)
        assert found == []
        asyncio.run(auth0.deprovision_user("auth0|2"))
        page = asyncio.run(auth0.user_changes(cursor))
        assert [(user.user_id, user.state) for user in page.users] == [("auth0|2", UserState.SUSPENDED)]
        assert query_of(http.requests[-2])["q"].startswith(f"{BY_CONNECTION} AND updated_at:[2026-01-01T")

    def test_thousands_of_changes_are_read_page_by_page(self) -> None:
        """None is left out, also where a hundred and more changed at one moment; few come twice."""
        stand_in, auth0, _ = standing(sync_roles=False)
        for number in range(1500):
            user_id = stand_in.add_user(f"{number}@example.com")
            stand_in.users[user_id]["updated_at"] = f"2026-02-01T00:{number // 250:02d}:00.000Z"
        found, _ = self.pages(auth0, None)
        assert len(set(found)) == 1502
        assert len(found) < 2300

    def test_a_change_while_all_are_read_is_not_lost(self) -> None:
        """The next reading begins where this one began, by Auth0's clock, and a minute before."""
        stand_in, auth0, _ = standing(sync_roles=False)
        for number in range(150):
            stand_in.add_user(f"{number}@example.com")

        async def main() -> list[str]:
            first = await auth0.user_changes()
            stand_in.touch("auth0|1")
            second = await auth0.user_changes(first.cursor)
            third = await auth0.user_changes(second.cursor)
            return [user.user_id for page in (second, third) for user in page.users]

        assert "auth0|1" in asyncio.run(main())

    @pytest.mark.contracts
    def test_the_search_conforms(self, conformity) -> None:
        """Sorted by the time that it asks for."""
        auth0, http = make([reply(200, [], date="Thu, 01 Jan 2026 13:00:00 GMT"), reply(200, [])])
        first = asyncio.run(auth0.user_changes())
        asyncio.run(auth0.user_changes(first.cursor))
        assert query_of(http.requests[2]) == {
            "q": f"{BY_CONNECTION} AND updated_at:[2026-01-01T12:59:00.000Z TO *]", "search_engine": "v3",
            "sort": "updated_at:1", "per_page": "100", "page": "0",
        }  # fmt: skip
        for request in http.requests[1:]:
            conformity.check("auth0", request, base_url=API)

    @pytest.mark.parametrize("cursor", ["", "x", "since=yesterday", "since=2026-01-01T00:00:00Z&page=-1"])
    def test_another_text_is_no_cursor(self, cursor: str) -> None:
        """It is said before anything is sent."""
        with pytest.raises(ConfigurationError, match="expected a cursor of user_changes"):
            asyncio.run(make([])[0].user_changes(cursor))

    def test_the_place_is_remembered_for_the_integration(self) -> None:
        """`list_changed_users()` goes on where it was read to."""
        stand_in, memory = Auth0StandIn(), DictMemory()
        http = ScriptedHttp([answered_by(stand_in)])

        def changed() -> list[str]:
            auth0 = connect(Auth0Connector, stand_in.config(), http, memory=memory, clock=FakeClock(NOW))
            return [user.user_id for user in listed(auth0.list_changed_users())]

        assert changed() == ["auth0|1", "auth0|2"]
        stand_in.now += timedelta(minutes=5)
        assert changed() == []
        stand_in.touch("auth0|2")
        assert changed() == ["auth0|2"]


class TestProvisioning:
    """Users are created, changed, unblocked, blocked and deleted."""

    @pytest.mark.contracts
    def test_a_new_user(self, conformity) -> None:
        """Is created in the connection, gets a password that nobody knows, and its roles."""
        auth0, http = make(
            [
                reply(200, [{"id": "rol_1", "name": "admin"}]),
                reply(200, []),
                reply(201, {**ADA, "user_id": "auth0|9"}),
                reply(204),
            ]
        )
        draft = UserDraft(
            email="c@example.com",
            given_name="Cleo",
            family_name="Patra",
            groups=("admin",),
            attributes={"user_metadata": {"a": 1}},
        )
        outcome = asyncio.run(auth0.provision_user(draft))
        sent = http.sent(3)
        assert len(sent.pop("password")) > 40
        assert sent == {
            "connection": "Username-Password-Authentication", "email": "c@example.com", "given_name": "Cleo",
            "family_name": "Patra", "user_metadata": {"a": 1},
        }  # fmt: skip
        assert outcome.reference == "auth0|9"
        assert not http.calls[3].idempotent
        assert (http.requests[4].url, http.sent(4)) == (f"{API}/users/auth0%7C9/roles", {"roles": ["rol_1"]})
        for request in http.requests[1:]:
            conformity.check("auth0", request, base_url=API)

    def test_passwords_differ(self) -> None:
        """No two users who are provisioned without one have the same."""
        stand_in, auth0, _ = standing()
        for number in range(3):
            asyncio.run(auth0.provision_user(UserDraft(email=f"{number}@example.com")))
        assert len(set(stand_in.passwords.values())) == 3

    def test_twice_is_once(self) -> None:
        """The second time the user is found, unblocked, and brought to what the draft says."""
        stand_in, auth0, _ = standing()
        first = asyncio.run(
            auth0.provision_user(
                UserDraft(email="c@example.com", name="Cleo", password=Secret("S3cret-of-Cleo"))
            )
        )
        asyncio.run(auth0.deprovision_user(first.reference))
        assert stand_in.users["auth0|3"]["blocked"] is True
        second = asyncio.run(
            auth0.provision_user(
                UserDraft(email="C@example.com", given_name="Cleo", groups=("viewer", "rol_2"))
            )
        )
        assert first.reference == second.reference == "auth0|3"
        assert (stand_in.users["auth0|3"]["blocked"], stand_in.users["auth0|3"]["name"]) == (False, "Cleo")
        assert stand_in.passwords["auth0|3"] == "S3cret-of-Cleo"
        assert stand_in.holders["rol_3"][-1] == stand_in.holders["rol_2"][-1] == "auth0|3"
        asyncio.run(
            auth0.provision_user(UserDraft(email="c@example.com", password=Secret("An0ther-of-Cleo")))
        )
        assert stand_in.passwords["auth0|3"] == "An0ther-of-Cleo"

    @pytest.mark.contracts
    def test_changing_conforms(self, conformity) -> None:
        """Blocking, a password, deleting, roles; all may be repeated."""
        auth0, http = make([reply(200, [ADA]), reply(200, ADA), reply(200, ADA), reply(204)])
        asyncio.run(
            auth0.provision_user(UserDraft(email="ada@example.com", name="Ada", password=Secret("x" * 12)))
        )
        asyncio.run(auth0.deprovision_user("auth0|1"))
        asyncio.run(auth0.delete_user("auth0|1"))
        asyncio.run(auth0.add_member("rol_1", "auth0|1"))
        asyncio.run(auth0.remove_member("rol_1", "auth0|1"))
        assert http.sent(2) == {
            "blocked": False,
            "name": "Ada",
            "password": "x" * 12,
            "connection": "Username-Password-Authentication",
        }
        assert http.sent(3) == {"blocked": True}
        assert [request.method for request in http.requests[2:]] == [
            "PATCH",
            "PATCH",
            "DELETE",
            "POST",
            "DELETE",
        ]
        assert all(call.idempotent for call in http.calls[2:])
        for request in http.requests[1:]:
            conformity.check("auth0", request, base_url=API)

    def test_what_is_missing_is_said_before_anything_is_done(self) -> None:
        """No connection; no such role."""
        stand_in, auth0, _ = standing()
        with pytest.raises(ConfigurationError, match="there is none for 'boss'"):
            asyncio.run(auth0.provision_user(UserDraft(email="x@example.com", groups=("boss",))))
        with pytest.raises(ConfigurationError, match="configure the connection"):
            asyncio.run(make([], connection=None)[0].provision_user(UserDraft(email="x@example.com")))
        assert len(stand_in.users) == 2

    def test_what_auth0_refuses(self) -> None:
        """A weak password, a user that there is not; deleting twice is no error."""
        _, auth0, _ = standing()
        with pytest.raises(RejectedError, match="Password is too weak"):
            asyncio.run(auth0.provision_user(UserDraft(email="x@example.com", password=Secret("x"))))
        with pytest.raises(RejectedError, match="The user does not exist"):
            asyncio.run(auth0.deprovision_user("auth0|9"))
        for _ in range(2):
            assert asyncio.run(auth0.delete_user("auth0|1"))


@pytest.mark.contracts
def test_check_only_asks(conformity) -> None:
    """For one user and one role."""
    auth0, http = make([reply(200, [])])
    assert asyncio.run(auth0.check()).detail == "users and roles of yourcompany.auth0.com"
    assert [request.method for request in http.requests[1:]] == ["GET", "GET"]
    for request in http.requests[1:]:
        conformity.check("auth0", request, base_url=API)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_body", RejectedError),
        (401, "invalid_token", AuthenticationError),
        (403, "insufficient_scope", PermissionDeniedError),
        (409, "auth0_idp_error", RejectedError),
        (429, "too_many_requests", RateLimitedError),
        (500, None, ProviderUnavailableError),
    ],
)
def test_errors_carry_auth0s_words(status: int, code: str | None, kind: type[ConnectorError]) -> None:
    """Its message, its code, its id of the request; no secret."""
    body = {
        "statusCode": status,
        "error": "Name",
        "message": f"It failed for {CANARY}",
        **({"errorCode": code} if code else {}),
    }
    auth0, _ = make([reply(status, body, x_auth0_requestid="r-1")])
    with pytest.raises(kind, match=r"^auth0-1 users\.list: It failed for ••••") as caught:
        asyncio.run(auth0.check())
    assert (caught.value.status, caught.value.code, caught.value.request_id) == (status, code, "r-1")
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_configuration_mistakes_are_named_at_once() -> None:
    """Every wrong field is named, and no value of a secret."""
    with pytest.raises(ConfigurationError) as caught:
        connect(
            Auth0Connector,
            {"domain": "no domain", "client_secret": f"{CANARY}\n", "connection": 'x"', "audience": "x"},
            ScriptedHttp(),
        )
    assert {problem.path for problem in caught.value.problems} == {
        "domain",
        "client_id",
        "client_secret",
        "connection",
        "audience",
    }
    assert CANARY not in str(caught.value)


def test_over_the_wire_with_the_manager() -> None:
    """The capability's methods stand on the sub-manager."""
    with Sandbox() as sandbox, IntegrationManagementManager() as mgr:
        mgr.auth0.create(sandbox.config("auth0"))
        assert mgr.auth0.check("auth0-1").status == "healthy"
        assert [user["roles"] for user in mgr.auth0.list_users("auth0-1")] == [["admin", "read"], []]
        made = mgr.auth0.provision_user("auth0-1", {"email": "c@example.com", "groups": ["developer"]})
        assert mgr.auth0.find_user("auth0-1", "c@example.com").roles == ("write",)
        assert mgr.auth0.deprovision_user("auth0-1", made.reference)
        assert mgr.auth0.call("auth0-1", "delete_user", made.reference)
        assert sandbox.auth0.granted == 1
