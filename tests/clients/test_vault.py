"""The best-known client of Vault: https://pypi.org/project/hvac."""

from __future__ import annotations

from typing import Any

from integrations_sdk.secrets.vault import VaultResolver
from support.clients import Versus, against
from support.recording import Extra

versus = against("vault", "hvac", "hvac")

ENGINE = Extra(
    "ours", "GET /v1/sys/internal/ui/mounts/*", "ours asks where the engine ends and of which version it is"
)


def with_secrets(stand_in: Any) -> None:
    stand_in.secrets = {
        "secret/shop/slack": [{"token": "old"}, {"token": "new"}],
        "kv/shop": [{"token": "plain"}],
    }


def resolved(reference: str, **environ: str) -> Any:
    async def ours(stand_in: Any) -> str:
        config = {name: str(value) for name, value in stand_in.config().items()}
        return await VaultResolver(config | environ).resolve(reference)

    return ours


def client(stand_in: Any) -> Any:
    import hvac

    return hvac.Client(stand_in.url, stand_in.token)


def test_a_secret_of_version_2(versus: Versus) -> None:
    """`/data/` between engine and path, the token in its header."""
    value, answer = versus(
        "resolve",
        ENGINE,
        bare=True,
        prepare=with_secrets,
        ours=resolved("secret/shop/slack#token"),
        theirs=lambda it: client(it).secrets.kv.v2.read_secret_version(
            "shop/slack", mount_point="secret", raise_on_deleted_version=True
        ),
    )
    assert value == answer["data"]["data"]["token"] == "new"


def test_an_older_version(versus: Versus) -> None:
    """By its number."""
    versus(
        "resolve",
        ENGINE,
        bare=True,
        prepare=with_secrets,
        ours=resolved("secret/shop/slack?version=1#token"),
        theirs=lambda it: client(it).secrets.kv.v2.read_secret_version(
            "shop/slack", version=1, mount_point="secret", raise_on_deleted_version=True
        ),
    )


def test_a_secret_of_version_1(versus: Versus) -> None:
    """By its path."""
    versus(
        "resolve",
        ENGINE,
        bare=True,
        prepare=with_secrets,
        ours=resolved("kv/shop#token"),
        theirs=lambda it: client(it).secrets.kv.v1.read_secret("shop", mount_point="kv"),
    )


def test_a_role_logs_in(versus: Versus) -> None:
    """Role and secret id, to the mount of that method; then the secret with the token that is given."""

    async def ours(stand_in: Any) -> str:
        config = {
            "VAULT_ADDR": stand_in.url,
            "VAULT_ROLE_ID": stand_in.role_id,
            "VAULT_SECRET_ID": stand_in.secret_id,
        }
        return await VaultResolver(config).resolve("kv/shop#token")

    def theirs(stand_in: Any) -> None:
        import hvac

        vault = hvac.Client(stand_in.url)
        vault.auth.approle.login(stand_in.role_id, stand_in.secret_id)
        vault.secrets.kv.v1.read_secret("shop", mount_point="kv")

    versus("resolve", ENGINE, bare=True, prepare=with_secrets, ours=ours, theirs=theirs)
