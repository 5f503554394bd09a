"""References to secrets in HashiCorp Vault."""

from __future__ import annotations

import asyncio
import traceback
from datetime import timedelta

import pytest

from integrations_sdk import IntegrationManagementManager
from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import ConfigurationError, ProviderUnavailableError, TransportError
from integrations_sdk.models import Secret
from integrations_sdk.secrets.references import default_resolvers, resolve_reference
from integrations_sdk.secrets.vault import VaultResolver
from integrations_sdk.testing import Sandbox
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, reply
from integrations_sdk.testing.vendors.vault import VaultStandIn

ADDRESS = "https://vault.example.com:8200"
V2 = reply(200, {"data": {"path": "secret/", "type": "kv", "options": {"version": "2"}}})
V1 = reply(200, {"data": {"path": "kv/", "type": "kv", "options": None}})


class Setting:
    """A Vault with some secrets, and a resolver that reaches it."""

    def __init__(self, **environ: str) -> None:
        self.vault = VaultStandIn()
        self.vault.secrets = {
            "secret/shop/slack": [
                {"token": "old"},
                {"token": "xoxb-1", "port": 587, "empty": "", "nested": {"a": 1}},
            ],
            "kv/shop": [{"token": "plain"}],
            "secret/gone": [{"token": "x"}, None],
        }
        self.http = ScriptedHttp([answered_by(self.vault)])
        self.clock = FakeClock()
        self.environ = {**{name: str(value) for name, value in self.vault.config().items()}, **environ}
        self.resolver = VaultResolver(self.environ, http=self.http, clock=self.clock)

    def __call__(self, reference: str) -> str:
        return asyncio.run(self.resolver.resolve(reference))

    @property
    def paths(self) -> list[str]:
        return [request.url.removeprefix(self.vault.url) for request in self.http.requests]


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("secret/shop/slack#token", "xoxb-1"),
        ("/secret/shop/slack#token", "xoxb-1"),
        ("secret/shop/slack?version=1#token", "old"),
        ("secret/shop/slack#port", "587"),
        ("secret/shop/slack#nested", '{"a": 1}'),
        ("kv/shop#token", "plain"),
    ],
)
def test_a_value_is_read(reference: str, value: str) -> None:
    """Of either version of the engine, of an older version, of any kind."""
    assert Setting()(reference) == value


@pytest.mark.contracts
def test_requests_conform(conformity) -> None:
    """The engine is found out as Vault's command does it; then its path is read.

    Source for the first, which the contract lacks: https://developer.hashicorp.com/vault/api-docs/system/internal-ui-mounts
    """
    http = ScriptedHttp(
        [V2, reply(200, {"data": {"data": {"k": "v"}}}), V1, reply(200, {"data": {"k": "w"}})]
    )
    environ = {"VAULT_ADDR": f"{ADDRESS}/", "VAULT_TOKEN": "t", "VAULT_NAMESPACE": "team/a"}
    resolver = VaultResolver(environ, http=http, clock=FakeClock())
    assert asyncio.run(resolver.resolve("secret/app#k")) == "v"
    assert asyncio.run(resolver.resolve("kv/a b#k")) == "w"
    assert [request.url for request in http.requests] == [
        f"{ADDRESS}/v1/sys/internal/ui/mounts/secret/app", f"{ADDRESS}/v1/secret/data/app",
        f"{ADDRESS}/v1/sys/internal/ui/mounts/kv/a%20b", f"{ADDRESS}/v1/kv/a%20b",
    ]  # fmt: skip
    assert all(request.headers["x-vault-token"] == "t" for request in http.requests)
    assert all(request.headers["x-vault-namespace"] == "team/a" for request in http.requests)
    assert all(call.idempotent for call in http.calls)
    conformity.check("vault", http.requests[1], base_url=f"{ADDRESS}/v1")


class TestWhoAsks:
    """A token, or an AppRole."""

    ROLE = {
        "VAULT_TOKEN": "",
        "VAULT_ROLE_ID": VaultStandIn.role_id,
        "VAULT_SECRET_ID": VaultStandIn.secret_id,
    }

    @pytest.mark.contracts
    def test_an_app_role_logs_in_once(self, conformity) -> None:
        """Until a minute before its token's lease ends."""
        there = Setting(**self.ROLE)
        for reference in ("secret/shop/slack#token", "kv/shop#token"):
            there(reference)
        assert there.vault.logins == 1
        login = there.http.requests[0]
        assert "x-vault-token" not in login.headers
        conformity.check("vault", login, base_url=f"{there.vault.url}/v1")
        there.clock.advance(1140)
        there("kv/shop#token")
        assert there.vault.logins == 2

    def test_a_token_that_was_revoked_is_replaced(self) -> None:
        """Once; if that is refused as well, permission is what lacks."""
        there = Setting(**self.ROLE)
        there("kv/shop#token")
        there.vault.tokens.clear()
        assert there("secret/shop/slack#token") == "xoxb-1"
        assert there.vault.logins == 2
        there.vault.denied.add("secret/other")
        with pytest.raises(ConfigurationError, match="Vault denies permission"):
            there("secret/other#x")

    def test_at_another_mount(self) -> None:
        """`VAULT_APPROLE_MOUNT`."""
        http = ScriptedHttp(
            [
                reply(200, {"auth": {"client_token": "x", "lease_duration": 0}}),
                V1,
                reply(200, {"data": {"k": "v"}}),
            ]
        )
        environ = {"VAULT_ADDR": ADDRESS, **self.ROLE, "VAULT_APPROLE_MOUNT": "ci/approle"}
        assert asyncio.run(VaultResolver(environ, http=http).resolve("kv/a#k")) == "v"
        assert http.requests[0].url == f"{ADDRESS}/v1/auth/ci/approle/login"

    def test_a_role_that_is_refused(self) -> None:
        """Says what to check, and shows nothing."""
        there = Setting(**{**self.ROLE, "VAULT_SECRET_ID": "CANARY-secret-id"})
        with pytest.raises(
            ConfigurationError, match="check VAULT_ROLE_ID, VAULT_SECRET_ID and VAULT_APPROLE_MOUNT"
        ) as caught:
            there("kv/shop#token")
        assert "CANARY" not in "".join(traceback.format_exception(caught.value))


class TestKeeping:
    """Values are used again for a while."""

    def test_a_path_is_read_once_in_five_minutes(self) -> None:
        """For all its keys; then a change is seen."""
        there = Setting()
        assert (there("secret/shop/slack#token"), there("secret/shop/slack#port")) == ("xoxb-1", "587")
        assert len(there.paths) == 2
        there.vault.secrets["secret/shop/slack"].append({"token": "xoxb-2"})
        assert there("secret/shop/slack#token") == "xoxb-1"
        there.clock.advance(300)
        assert there("secret/shop/slack#token") == "xoxb-2"

    def test_not_more_than_256_are_kept(self) -> None:
        """Those used least recently go first."""
        there = Setting()
        for number in range(300):
            there.vault.secrets[f"kv/{number}"] = [{"k": "v"}]
            there(f"kv/{number}#k")
            there("kv/0#k")
        asked = len(there.paths)
        there("kv/0#k")
        there("kv/299#k")
        assert len(there.paths) == asked
        there("kv/1#k")
        assert len(there.paths) == asked + 2
        assert len(there.resolver._kept) == 256

    def test_nothing_is_kept_where_it_is_not_wanted(self) -> None:
        """`keep=0`; what is kept is shown nowhere."""
        there = Setting()
        there.resolver = VaultResolver(there.environ, http=there.http, clock=there.clock, keep=timedelta())
        there("kv/shop#token")
        there("kv/shop#token")
        assert len(there.paths) == 4
        assert "plain" not in repr(vars(there.resolver)) + repr(vars(there.resolver._kept))

    def test_namespaces_are_kept_apart(self) -> None:
        """The same path elsewhere is another secret."""
        there = Setting()
        there("kv/shop#token")
        there.environ["VAULT_NAMESPACE"] = "other"
        with pytest.raises(ConfigurationError, match="Vault denies permission"):
            there("kv/shop#token")


@pytest.mark.parametrize(
    ("environ", "reference", "says"),
    [
        ({}, "secret/shop/slack", "expected path#key"),
        ({}, "#key", "expected path#key"),
        ({}, "secret/../sys#key", "expected path#key"),
        ({}, "secret//x#key", "expected path#key"),
        ({}, "secret/x?version=0#key", "expected path#key"),
        ({}, "secret/shop/slack#tokn", "it has: empty, nested, port, token"),
        ({}, "secret/shop/slack#empty", "is empty"),
        ({}, "secret/nothing#key", "there is no secret at the path"),
        ({}, "secret/gone#token", "there is no secret at the path, or it was deleted"),
        ({}, "secret/shop/slack?version=9#token", "there is no secret at the path"),
        ({}, "kv/nothing#key", "there is no secret at the path"),
        ({}, "transit/keys#key", "is not in a KV engine but in transit"),
        ({}, "nowhere/x#key", "Vault denies permission"),
        ({"VAULT_TOKEN": "wrong"}, "kv/shop#token", "Vault denies permission"),
        ({"VAULT_TOKEN": ""}, "kv/shop#token", "export VAULT_TOKEN=…, or VAULT_ROLE_ID=…"),
        ({"VAULT_ADDR": ""}, "kv/shop#token", "export VAULT_ADDR=https://"),
        ({"VAULT_ADDR": "vault:8200"}, "kv/shop#token", "export VAULT_ADDR=https://"),
    ],
)
def test_references_that_lead_nowhere(environ: dict[str, str], reference: str, says: str) -> None:
    """Name themselves, and say what to do."""
    with pytest.raises(ConfigurationError) as caught:
        Setting(**environ)(reference)
    assert says in str(caught.value)
    assert f"vault:{reference}: " in str(caught.value)
    assert "xoxb" not in str(caught.value)


def test_a_vault_in_trouble_is_no_mistake_of_the_configuration() -> None:
    """Sealed, broken, or something else that answers."""
    there = Setting()
    there.vault.sealed = True
    with pytest.raises(ProviderUnavailableError, match="is it sealed"):
        there("kv/shop#token")
    there = Setting()
    there.vault.fail(status=500)
    with pytest.raises(ProviderUnavailableError, match="status 500"):
        there("kv/shop#token")
    for answers in ([reply(200, "<html>")], [reply(307)]):
        with pytest.raises(ProviderUnavailableError):
            asyncio.run(
                VaultResolver(
                    {"VAULT_ADDR": ADDRESS, "VAULT_TOKEN": "t"}, http=ScriptedHttp(answers)
                ).resolve("kv/a#k")
            )
    role = {"VAULT_ADDR": ADDRESS, "VAULT_ROLE_ID": "r", "VAULT_SECRET_ID": "s"}
    with pytest.raises(ProviderUnavailableError, match="answered without a token"):
        asyncio.run(VaultResolver(role, http=ScriptedHttp([reply(200, {"auth": None})])).resolve("kv/a#k"))


def test_how_to_connect() -> None:
    """A private certificate authority, a proxy; the certificate is checked unless told otherwise."""
    environ = {
        "VAULT_ADDR": ADDRESS,
        "VAULT_TOKEN": "t",
        "VAULT_CACERT": "/ca.pem",
        "VAULT_SKIP_VERIFY": "true",
        "VAULT_PROXY_ADDR": "http://proxy:3128",
    }
    http = ScriptedHttp([V1, reply(200, {"data": {"k": "v"}})])
    asyncio.run(VaultResolver(environ, http=http).resolve("kv/a#k"))
    connection = http.requests[0].connection
    assert (connection.verify, connection.ca_file, connection.proxy) == (
        False,
        "/ca.pem",
        "http://proxy:3128",
    )
    http = ScriptedHttp([V1, reply(200, {"data": {"k": "v"}})])
    asyncio.run(VaultResolver({"VAULT_ADDR": ADDRESS, "VAULT_TOKEN": "t"}, http=http).resolve("kv/a#k"))
    assert http.requests[0].connection.verify is True


def test_a_managers_integration_finds_its_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the wire, in the manager's own loop; while Vault is away, the check says to try later."""
    with Sandbox() as sandbox, IntegrationManagementManager() as mgr:
        vault = sandbox.vault
        vault.secrets["secret/shop/slack"] = [{"url": str(sandbox.config("slack")["webhook_url"])}]
        for name, value in vault.config().items():
            monkeypatch.setenv(name, str(value))
        mgr.slack.create({"webhook_url": "vault:secret/shop/slack#url"})
        vault.fail(status=503, times=None)
        assert "sealed" in str(mgr.slack.check("slack-1").reason)
        vault.faults.clear()
        assert mgr.slack.notify("slack-1", "Hello")
        assert mgr.slack.get("slack-1")["config"] == {"webhook_url": "••••"}
    monkeypatch.setenv("VAULT_ADDR", "http://127.0.0.1:9")
    table = {resolver.scheme: resolver for resolver in default_resolvers()}
    with pytest.raises(TransportError):
        asyncio.run(resolve_reference(Secret("vault:kv/a#k"), table))
