"""Okta: users, groups and roles, changes since a cursor, provisioning, and what is said when it fails."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from integrations_sdk import IntegrationManagementManager, Secret
from integrations_sdk.clock import FakeClock
from integrations_sdk.connectors.base import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
    UserDraft,
    UserState,
)
from integrations_sdk.connectors.okta import OktaConnector
from integrations_sdk.http.client import HttpClient
from integrations_sdk.models import OutcomeStatus
from integrations_sdk.testing import Sandbox
from integrations_sdk.testing.fakes import DictMemory, ScriptedHttp, answered_by, connect, reply
from integrations_sdk.testing.vendors.okta import OktaStandIn

CANARY = "00CANARYtoken0CANARY0token0CANARY"
ROOT = "https://yourcompany.okta.com"
DOCUMENT = {
    "domain": "yourcompany.okta.com",
    "api_token": "your-okta-token",
    "sync_groups": True,
    "group_mappings": {"Platform Team": "admin", "Development Team": "write", "QA Team": "read"},
    "sync_interval": 3600,
    "user_attributes": ["email", "firstName", "lastName", "department"],
}
CONFIG = {**DOCUMENT, "api_token": CANARY}
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
ADA = {
    "id": "00u1", "status": "ACTIVE", "lastUpdated": "2026-01-01T11:00:00.000Z",
    "profile": {"login": "ada@example.com", "email": "ada@example.com", "firstName": "Ada", "lastName": "Lovelace", "department": "R&D"},
}  # fmt: skip
DRAFT = UserDraft(
    email="cleo@example.com", given_name="Cleo", family_name="Patra", attributes={"department": "Nile"}
)


def make(http: ScriptedHttp, **more: object) -> OktaConnector:
    return connect(OktaConnector, {**CONFIG, **more}, http, clock=FakeClock(NOW))


def standing(**more: object) -> tuple[OktaStandIn, OktaConnector, ScriptedHttp]:
    stand_in = OktaStandIn()
    http = ScriptedHttp([answered_by(stand_in)])
    return stand_in, connect(OktaConnector, {**stand_in.config(), **more}, http, clock=FakeClock(NOW)), http


def listed(found: AsyncIterator[Any]) -> list[Any]:
    async def gather() -> list[Any]:
        return [item async for item in found]

    return asyncio.run(gather())


def query_of(url: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}


def test_the_enterprise_documents_configuration_loads_unchanged() -> None:
    """And says what it says there."""
    config = connect(OktaConnector, DOCUMENT, ScriptedHttp()).config
    assert (config.root, config.sync_interval, config.sync_groups) == (ROOT, timedelta(hours=1), True)
    assert config.group_mappings["QA Team"] == "read"


@pytest.mark.contracts
def test_users_are_listed_with_the_roles_of_their_groups(conformity) -> None:
    """Groups that are mapped are looked into, the others are not; pages follow `Link`."""
    after = f'<{ROOT}/api/v1/users?after=00u1&limit=200>; rel="next"'
    group = {"id": "00g1", "profile": {"name": "Platform Team", "description": "x"}}
    other = {"id": "00g2", "profile": {"name": "Everyone"}}
    bob = {**ADA, "id": "00u2", "status": "SUSPENDED", "profile": {"login": "bob", "displayName": "Bobby"}}
    http = ScriptedHttp(
        [reply(200, [group, other]), reply(200, [ADA]), reply(200, [ADA], link=after), reply(200, [bob])]
    )

    ada, bobby = listed(make(http).list_users())

    assert [request.url.removeprefix(ROOT) for request in http.requests] == [
        "/api/v1/groups?limit=200",
        "/api/v1/groups/00g1/users?limit=1000",
        "/api/v1/users?limit=200",
        "/api/v1/users?after=00u1&limit=200",
    ]
    assert http.requests[0].headers["authorization"] == f"SSWS {CANARY}"
    assert (ada.user_id, ada.username, ada.name, ada.state) == (
        "00u1",
        "ada@example.com",
        "Ada Lovelace",
        UserState.ACTIVE,
    )
    assert (ada.groups, ada.roles) == (("Platform Team",), ("admin",))
    assert ada.attributes == {
        "email": "ada@example.com",
        "firstName": "Ada",
        "lastName": "Lovelace",
        "department": "R&D",
    }
    assert ada.updated_at == datetime(2026, 1, 1, 11, tzinfo=UTC)
    assert (bobby.name, bobby.state, bobby.groups, bobby.email) == ("Bobby", UserState.SUSPENDED, (), None)
    for request in http.requests:
        conformity.check("okta", request, base_url=ROOT)


def test_without_sync_groups_users_come_alone() -> None:
    """One request for each page, and the groups are unknown rather than none."""
    stand_in, okta, http = standing(sync_groups=False)
    stand_in.page_size = 1
    assert [user.groups for user in listed(okta.list_users())] == [None, None]
    assert len(http.requests) == 2


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("STAGED", "pending"), ("PROVISIONED", "pending"), ("ACTIVE", "active"), ("RECOVERY", "active"),
        ("PASSWORD_EXPIRED", "active"), ("LOCKED_OUT", "suspended"), ("SUSPENDED", "suspended"),
        ("DEPROVISIONED", "deprovisioned"), ("SOMETHING_NEW", "pending"),
    ],
)  # fmt: skip
def test_every_status_has_a_state(status: str, state: str) -> None:
    """https://developer.okta.com/docs/concepts/user-status/"""
    (user,) = listed(
        make(ScriptedHttp([reply(200, [{**ADA, "status": status}])]), sync_groups=False).list_users()
    )
    assert user.state == state


def test_groups_and_members_are_listed() -> None:
    """With the role that a group is mapped to, in pages of what Okta gives."""
    stand_in, okta, http = standing()
    stand_in.page_size = 2
    groups = listed(okta.list_groups())
    assert [(group.name, group.role) for group in groups] == [
        ("Everyone", None),
        ("Platform Team", "admin"),
        ("QA Team", "read"),
    ]
    assert groups[0].description == "All of Everyone"
    assert len(http.requests) == 2
    assert [user.username for user in listed(okta.list_members("00g1"))] == [
        "ada@example.com",
        "bob@example.com",
    ]
    with pytest.raises(RejectedError, match="Resource not found"):
        listed(okta.list_members("00g9"))


class TestChanges:
    """`user_changes()`: what a cursor promises."""

    def test_all_users_first_then_what_changed(self) -> None:
        """Deprovisioned ones among the changes; each with groups as they are now."""
        stand_in, okta, _ = standing()
        stand_in.page_size = 1

        async def pages(cursor: str | None) -> tuple[list[str], str]:
            found, more = [], True
            while more:
                page = await okta.user_changes(cursor)
                found += [f"{user.username} {user.state} {user.roles}" for user in page.users]
                cursor, more = page.cursor, page.more
            assert cursor is not None
            return found, cursor

        found, cursor = asyncio.run(pages(None))
        assert found == ["ada@example.com active ('admin',)", "bob@example.com active ()"]
        stand_in.now += timedelta(minutes=10)
        found, cursor = asyncio.run(pages(cursor))
        assert found == []
        stand_in.add_user("cleo@example.com", "Cleo", "Patra", "QA Team")
        asyncio.run(okta.deprovision_user("00u2"))
        found, cursor = asyncio.run(pages(cursor))
        assert found == ["bob@example.com deprovisioned ()", "cleo@example.com active ('read',)"]

    def test_a_change_while_all_are_read_is_not_lost(self) -> None:
        """What counts is when the reading began, by Okta's clock, and a minute before."""
        stand_in, okta, _ = standing(sync_groups=False)
        stand_in.page_size = 1

        async def main() -> list[str | None]:
            first = await okta.user_changes()
            stand_in.users["00u1"]["profile"]["lastName"] = "King"
            stand_in._changed("00u1")
            second = await okta.user_changes(first.cursor)
            assert not second.more
            third = await okta.user_changes(second.cursor)
            return [user.family_name for user in third.users]

        assert "King" in asyncio.run(main())

    @pytest.mark.contracts
    def test_the_filter_conforms(self, conformity) -> None:
        """`lastUpdated gt` with Okta's own time; without a `Date` ours counts.

        Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/User/#tag/User/operation/listUsers
        """
        http = ScriptedHttp(
            [
                reply(200, [], date="Thu, 01 Jan 2026 13:00:00 GMT"),
                reply(200, []),
                reply(200, [], date="nonsense"),
            ]
        )
        okta = make(http)
        first = asyncio.run(okta.user_changes())
        second = asyncio.run(okta.user_changes(first.cursor))
        asyncio.run(okta.user_changes(second.cursor))
        assert [query_of(request.url).get("filter") for request in http.requests] == [
            None,
            'lastUpdated gt "2026-01-01T12:59:00.000Z"',
            'lastUpdated gt "2026-01-01T11:59:00.000Z"',
        ]
        for request in http.requests:
            conformity.check("okta", request, base_url=ROOT)

    @pytest.mark.parametrize(
        "cursor", ["", "x", "begun=yesterday", "https://evil.example/?begun=2026-01-01T00:00:00Z"]
    )
    def test_another_text_is_no_cursor(self, cursor: str) -> None:
        """It is said before anything is sent."""
        with pytest.raises(ConfigurationError, match="expected a cursor of user_changes"):
            asyncio.run(make(ScriptedHttp()).user_changes(cursor))

    def test_a_cursor_leads_to_no_other_server(self) -> None:
        """Whatever stands in it, the token goes to the configured domain."""
        http = ScriptedHttp([reply(200, [])])
        asyncio.run(make(http).user_changes("begun=2026-01-01T00:00:00Z&query=//evil.example/"))
        assert http.requests[0].url.startswith(f"{ROOT}/api/v1/users?")

    def test_the_place_is_remembered_for_the_integration(self) -> None:
        """`list_changed_users()` goes on where it was read to, in another process too."""
        stand_in = OktaStandIn()
        memory = DictMemory()

        def changed() -> list[str]:
            http = ScriptedHttp([answered_by(stand_in)])
            okta = connect(OktaConnector, stand_in.config(), http, memory=memory, clock=FakeClock(NOW))
            return [user.username for user in listed(okta.list_changed_users())]

        assert changed() == ["ada@example.com", "bob@example.com"]
        stand_in.now += timedelta(minutes=5)
        assert changed() == []
        stand_in._changed("00u2")
        assert changed() == ["bob@example.com"]


class TestProvisioning:
    """Users are created, changed, brought back and deactivated."""

    @pytest.mark.contracts
    def test_a_new_user(self, conformity) -> None:
        """Is created with its groups at once; Okta writes to it."""
        http = ScriptedHttp(
            [
                reply(200, [{"id": "00g1", "profile": {"name": "QA Team"}}]),
                reply(404, {}),
                reply(200, {**ADA, "id": "00u9"}),
            ]
        )
        outcome = asyncio.run(
            make(http).provision_user(
                UserDraft(
                    email="cleo@example.com", given_name="Cleo", family_name="Patra", groups=("QA Team",)
                )
            )
        )
        assert http.sent() == {
            "profile": {
                "login": "cleo@example.com",
                "email": "cleo@example.com",
                "firstName": "Cleo",
                "lastName": "Patra",
            },
            "groupIds": ["00g1"],
        }
        assert query_of(http.requests[-1].url) == {"activate": "true"}
        assert not http.calls[-1].idempotent
        assert (outcome.reference, outcome.operation) == ("00u9", "users.create")
        for request in http.requests:
            conformity.check("okta", request, base_url=ROOT)

    def test_twice_is_once(self) -> None:
        """The second time the user is found, and brought to what the draft says."""
        stand_in, okta, _ = standing()
        first = asyncio.run(okta.provision_user(DRAFT))
        second = asyncio.run(
            okta.provision_user(
                UserDraft(email="cleo@example.com", family_name="VII", groups=("QA Team", "00g1"))
            )
        )
        assert first.reference == second.reference == "00u3"
        profile = stand_in.users["00u3"]["profile"]
        assert (profile["firstName"], profile["lastName"], profile["department"]) == ("Cleo", "VII", "Nile")
        assert stand_in.members["00g3"] == ["00u3"]
        assert "00u3" in stand_in.members["00g1"]
        assert stand_in.emails == [("cleo@example.com", "activate")]

    def test_quietly(self) -> None:
        """With `send_email: false`, or with a password, Okta writes to nobody."""
        stand_in, okta, http = standing(send_email=False)
        asyncio.run(okta.provision_user(DRAFT))
        assert stand_in.users["00u3"]["status"] == "PROVISIONED"
        assert query_of(http.requests[-1].url) == {"sendEmail": "false"}
        stand_in, okta, http = standing()
        asyncio.run(
            okta.provision_user(
                UserDraft(
                    email="d@example.com", given_name="D", family_name="E", password=Secret("S3cret-of-D")
                )
            )
        )
        assert http.sent()["credentials"] == {"password": {"value": "S3cret-of-D"}}
        assert stand_in.users["00u3"]["status"] == "ACTIVE"
        assert stand_in.emails == []

    @pytest.mark.contracts
    @pytest.mark.parametrize(
        ("status", "path"), [("DEPROVISIONED", "activate?sendEmail=true"), ("SUSPENDED", "unsuspend")]
    )
    def test_who_was_away_is_brought_back(self, status: str, path: str, conformity) -> None:
        """By the transition that leads out of the state. (The contract at hand lacks `unsuspend`.)

        Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/UserLifecycle/
        """
        http = ScriptedHttp([reply(200, {**ADA, "status": status}), reply(200, {}), reply(200, ADA)])
        assert asyncio.run(make(http).provision_user(UserDraft(email="ada@example.com"))).reference == "00u1"
        assert http.requests[1].url == f"{ROOT}/api/v1/users/00u1/lifecycle/{path}"
        assert http.calls[2].idempotent
        for request in http.requests if status == "DEPROVISIONED" else http.requests[::2]:
            conformity.check("okta", request, base_url=ROOT)

    def test_an_unknown_group_is_said_before_anything_is_done(self) -> None:
        """Nobody is left half provisioned."""
        stand_in, okta, _ = standing()
        with pytest.raises(ConfigurationError, match="there is none for 'QA'"):
            asyncio.run(okta.provision_user(UserDraft(email="x@example.com", groups=("QA",))))
        assert len(stand_in.users) == 2

    @pytest.mark.contracts
    def test_deactivating_conforms(self, conformity) -> None:
        """Nobody is written to; who is deactivated already is left alone."""
        http = ScriptedHttp([reply(200, ADA), reply(200, {})])
        assert asyncio.run(make(http).deprovision_user("ada@example.com")).reference == "00u1"
        assert http.requests[1].url == f"{ROOT}/api/v1/users/00u1/lifecycle/deactivate?sendEmail=false"
        for request in http.requests:
            conformity.check("okta", request, base_url=ROOT)
        _, okta, _ = standing()
        asyncio.run(okta.deprovision_user("00u2"))
        assert asyncio.run(okta.deprovision_user("00u2")).status is OutcomeStatus.SKIPPED
        with pytest.raises(RejectedError, match="Not found"):
            asyncio.run(okta.deprovision_user("00u9"))

    @pytest.mark.contracts
    def test_memberships_conform(self, conformity) -> None:
        """In and out, twice as well as once."""
        http = ScriptedHttp([reply(204)])
        okta = make(http)
        assert asyncio.run(okta.add_member("00g1", "00u1"))
        assert asyncio.run(okta.remove_member("00g1", "00u1"))
        assert [call.idempotent for call in http.calls] == [True, True]
        for request in http.requests:
            conformity.check("okta", request, base_url=ROOT)
        stand_in, okta, _ = standing()
        for _ in range(2):
            asyncio.run(okta.add_member("00g3", "00u1"))
        assert stand_in.members["00g3"] == ["00u1"]
        for _ in range(2):
            asyncio.run(okta.remove_member("00g3", "00u1"))
        assert stand_in.members["00g3"] == []

    def test_a_user_is_found_by_login_and_id(self) -> None:
        """With roles; who is not there is None."""
        _, okta, http = standing()
        for name in ("ada@example.com", "00u1"):
            found = asyncio.run(okta.find_user(name))
            assert found is not None
            assert (found.user_id, found.roles) == ("00u1", ("admin",))
        assert asyncio.run(okta.find_user("a/b@example.com")) is None
        assert http.requests[-1].url.endswith("/api/v1/users/a%2Fb%40example.com")


@pytest.fixture(scope="module")
def key() -> str:
    """One key for all: making one takes long."""
    return RSAKey.generate_key(2048).as_pem(private=True).decode()


class TestServiceApplication:
    """OAuth 2.0 client credentials with a signed assertion."""

    def make(self, stand_in: OktaStandIn, key: str, clock: FakeClock) -> tuple[OktaConnector, ScriptedHttp]:
        http = ScriptedHttp([answered_by(stand_in)])
        config = {
            "domain": stand_in.url,
            "client_id": "0oa1",
            "private_key": key,
            "key_id": "k-1",
            "sync_groups": False,
        }
        return connect(OktaConnector, config, http, clock=clock), http

    def test_the_assertion_is_what_okta_asks_for(self, key: str) -> None:
        """Signed for the token endpoint, good for five minutes, named by its key, each with an id of its own.

        Source: https://developer.okta.com/docs/guides/implement-oauth-for-okta-serviceapp/main/
        """
        stand_in, clock = OktaStandIn(), FakeClock(NOW)
        okta, http = self.make(stand_in, key, clock)
        asyncio.run(okta.check())
        form = {name: values[0] for name, values in parse_qs(http.requests[0].content.decode()).items()}
        token = jwt.decode(form.pop("client_assertion"), RSAKey.import_key(key))
        assert (token.header["alg"], token.header["kid"]) == ("RS256", "k-1")
        assert token.claims.pop("jti")
        assert token.claims == {
            "iss": "0oa1", "sub": "0oa1", "aud": f"{stand_in.url}/oauth2/v1/token", "iat": int(NOW.timestamp()),
            "exp": int(NOW.timestamp()) + 300,
        }  # fmt: skip
        assert form == {
            "grant_type": "client_credentials",
            "scope": "okta.users.manage okta.groups.manage",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        }
        assert "authorization" not in http.requests[0].headers
        assert http.requests[1].headers["authorization"] == f"Bearer {stand_in.access_token}"

    def test_the_token_is_kept_and_renewed(self, key: str) -> None:
        """Until a minute before its end, or until Okta refuses it."""
        stand_in, clock = OktaStandIn(), FakeClock(NOW)
        okta, http = self.make(stand_in, key, clock)

        def asked() -> int:
            return sum(request.url.endswith("/token") for request in http.requests)

        asyncio.run(okta.check())
        asyncio.run(okta.check())
        assert asked() == 1
        clock.advance(3541)
        asyncio.run(okta.check())
        assert asked() == 2
        stand_in.access_token = "eyJ.another"
        with pytest.raises(AuthenticationError):
            asyncio.run(okta.check())
        asyncio.run(okta.check())
        assert asked() == 3

    def test_a_refused_application_is_an_authentication_error(self, key: str) -> None:
        """In Okta's words, without the assertion."""
        stand_in = OktaStandIn()
        stand_in.access_token = None
        okta, _ = self.make(stand_in, key, FakeClock(NOW))
        with pytest.raises(AuthenticationError, match="The client_assertion is wrong") as caught:
            asyncio.run(okta.check())
        assert (caught.value.operation, caught.value.code) == ("token", "invalid_client")


@pytest.mark.contracts
def test_check_only_asks(conformity) -> None:
    """For one user and one group."""
    http = ScriptedHttp([reply(200, [])])
    assert asyncio.run(make(http).check()).detail == "users and groups of yourcompany.okta.com"
    assert [(request.method, query_of(request.url)) for request in http.requests] == [
        ("GET", {"limit": "1"})
    ] * 2
    for request in http.requests:
        conformity.check("okta", request, base_url=ROOT)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "E0000001", RejectedError),
        (401, "E0000011", AuthenticationError),
        (403, "E0000006", PermissionDeniedError),
        (404, "E0000007", RejectedError),
        (429, "E0000047", RateLimitedError),
        (500, "E0000009", ProviderUnavailableError),
    ],
)
def test_errors_carry_oktas_words(status: int, code: str, kind: type[ConnectorError]) -> None:
    """Summary and causes, the code, and Okta's id of the request; no token.

    Source: https://developer.okta.com/docs/reference/error-codes/
    """
    body = {
        "errorCode": code,
        "errorSummary": "It failed",
        "errorCauses": [{"errorSummary": f"login: taken by {CANARY}"}],
    }
    http = ScriptedHttp([reply(status, body, x_okta_request_id="Xyz")])
    with pytest.raises(kind, match="It failed: login: taken by ••••") as caught:
        asyncio.run(make(http).check())
    assert (caught.value.status, caught.value.code, caught.value.request_id) == (status, code, "Xyz")
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_a_limit_of_a_minute_is_waited_for() -> None:
    """Okta says in `x-rate-limit-reset` when the limit is renewed; a listing goes on then.

    Source: https://developer.okta.com/docs/reference/rl-best-practices/
    """

    async def main() -> float:
        clock = FakeClock(NOW)
        answers = [
            reply(
                429,
                {"errorCode": "E0000047", "errorSummary": "too many"},
                x_rate_limit_remaining="0",
                x_rate_limit_reset=str(int(NOW.timestamp()) + 45),
            ),
            reply(200, [ADA]),
        ]

        class Transport:
            async def send(self, request: object) -> object:
                return answers.pop(0)

            async def close(self) -> None:
                """Nothing."""

        okta = connect(
            OktaConnector, {**CONFIG, "sync_groups": False}, HttpClient(Transport(), clock), clock=clock
        )
        assert [user.user_id async for user in okta.list_users()] == ["00u1"]
        return clock.monotonic()

    assert 45 <= asyncio.run(main()) < 60


def test_configuration_mistakes_are_named_at_once() -> None:
    """Every wrong field is named, and no value of a secret."""

    def paths(**given: object) -> set[str]:
        with pytest.raises(ConfigurationError) as caught:
            connect(OktaConnector, given, ScriptedHttp())
        assert CANARY not in str(caught.value)
        return {problem.path for problem in caught.value.problems}

    assert paths(domain="yourcompany-admin.okta.com", api_token=f"{CANARY}\n", sync_interval=1) == {
        "domain",
        "api_token",
        "sync_interval",
    }
    assert paths(domain="not a domain") == {"domain", "api_token"}
    assert paths(domain="x.okta.com", api_token="t", client_id="c") == {"api_token"}
    assert paths(domain="x.okta.com", client_id="c") == {"private_key"}
    assert paths(domain="x.okta.com", client_id="c", private_key=CANARY) == {"private_key"}
    assert paths(domain="https://user:pw@x.okta.com", api_token="t") == {"domain"}


@pytest.mark.parametrize(
    "domain", ["yourcompany.okta.com", "https://yourcompany.okta.com/", "yourcompany.okta.com/"]
)
def test_a_domain_in_any_form(domain: str) -> None:
    """Copied from wherever."""
    assert make(ScriptedHttp(), domain=domain).base_url == ROOT


def test_over_the_wire_with_the_manager() -> None:
    """The capability's methods stand on the sub-manager."""
    with Sandbox() as sandbox, IntegrationManagementManager() as mgr:
        mgr.okta.create(sandbox.config("okta"))
        assert mgr.okta.check("okta-1").status == "healthy"
        assert [user["roles"] for user in mgr.okta.list_users("okta-1")] == [["admin"], []]
        made = mgr.okta.provision_user(
            "okta-1", {"email": "c@example.com", "given_name": "C", "family_name": "D", "groups": ["QA Team"]}
        )
        assert mgr.okta.find_user("okta-1", "c@example.com").roles == ("read",)
        assert mgr.okta.deprovision_user("okta-1", made.reference)
        assert mgr.okta.add_member("okta-1", "00g1", "00u1")
        assert mgr.okta.remove_member("okta-1", "00g1", "00u1")
        assert mgr.okta.list_groups("okta-1")[0].name == "Everyone"
        assert [user.user_id for user in mgr.okta.list_members("okta-1", "00g2")] == ["00u1"]
        page = mgr.okta.user_changes("okta-1")
        assert not mgr.okta.user_changes("okta-1", page.cursor).more
        with pytest.raises(ConfigurationError, match="emial: unknown field"):
            mgr.okta.provision_user("okta-1", {"emial": "x"})
