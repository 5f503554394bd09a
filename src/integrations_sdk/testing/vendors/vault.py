"""HashiCorp Vault in miniature: KV engines of both versions, AppRole, namespaces."""

from __future__ import annotations

from collections.abc import Mapping

from integrations_sdk.models import JsonValue
from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn, route

__all__ = ["VaultStandIn"]


def _refusal(status: int, *words: str) -> Reply:
    return Reply(status=status, json={"errors": [*words]})


class VaultStandIn(StandIn):
    """Vault, with the engines `secret/` (version 2) and `kv/` (version 1), and `transit/`, which keeps no secrets.

    Attributes:
        secrets: the versions of each path, oldest first; of the engine of version 1 the last counts. None: deleted.
        namespace: which one these are in; another is empty.
        tokens: those that get in.
        denied: paths that no policy lets read.
        sealed: whether it is.
        logins: how often a role logged in; each gets a token of its own.
    """

    provider = "vault"
    token = "hvs.CAESIJ0123456789abcdefABCDEF"  # noqa: S105  # of this stand-in alone
    role_id = "59d6d1ca-47bb-4e7e-a40b-8be3bc5a0ba8"
    secret_id = "84896a0c-1347-aa90-a4f6-aca8b7558780"  # noqa: S105  # of this stand-in alone

    def __init__(self) -> None:
        super().__init__()
        self.secrets: dict[str, list[dict[str, JsonValue] | None]] = {}
        self.namespace = ""
        self.tokens = {self.token}
        self.denied: set[str] = set()
        self.sealed = False
        self.logins = 0

    def config(self) -> dict[str, object]:
        """The environment that leads here."""
        return {"VAULT_ADDR": self.url, "VAULT_TOKEN": self.token}

    def authorized(self, request: Received) -> Reply | None:
        """A token in a header, and a Vault that is not sealed."""
        if self.sealed:
            return _refusal(503, "Vault is sealed")
        token = request.headers.get("x-vault-token", "")
        if request.path.endswith("/login") or any(same(token, known) for known in self.tokens):
            return None
        return _refusal(403, "permission denied")

    def not_found(self, _request: Received) -> Reply:
        """Nothing is there."""
        return _refusal(404)

    def failure(self, status: int) -> Reply:
        """Vault lists its words."""
        return _refusal(status, f"injected fault {status}")

    @route("POST", "/v1/auth/{mount*}/login")
    def log_in(self, request: Received, values: Mapping[str, str]) -> Reply:
        """A token of its own for each login of the role."""
        body = request.json()
        given = body if isinstance(body, dict) else {}
        if values["mount"] != "approle":
            return _refusal(403, "permission denied")
        if given.get("role_id") != self.role_id or not same(str(given.get("secret_id")), self.secret_id):
            return _refusal(400, "invalid role or secret ID")
        self.logins += 1
        token = f"hvs.granted.{self.logins}"
        self.tokens.add(token)
        return Reply(json={"auth": {"client_token": token, "lease_duration": 1200, "renewable": True}})

    @route("GET", "/v1/sys/internal/ui/mounts/{path*}")
    def mounts(self, request: Received, values: Mapping[str, str]) -> Reply:
        """The engine that a path belongs to; of one that may not be read nothing is told."""
        engine = values["path"].partition("/")[0]
        kind = {"secret": ("kv", "2"), "kv": ("kv", "1"), "transit": ("transit", None)}.get(engine)
        if kind is None or not self._is_here(request) or values["path"] in self.denied:
            words = "preflight capability check returned 403, please ensure client's policies grant access"
            return _refusal(403, f'{words} to path "{engine}/"')
        options: JsonValue = {"version": kind[1]} if kind[1] else None
        return Reply(json={"data": {"path": f"{engine}/", "type": kind[0], "options": options}})

    @route("GET", "/v1/secret/data/{path*}")
    def read_v2(self, request: Received, values: Mapping[str, str]) -> Reply:
        """The newest version, or the one that is asked for; of a deleted one only its metadata."""
        versions = self.secrets.get(f"secret/{values['path']}")
        number = int(request.query.get("version", "0")) or len(versions or ())
        if not versions or number > len(versions) or not self._is_here(request):
            return _refusal(404)
        data = versions[number - 1]
        metadata: JsonValue = {
            "version": number,
            "destroyed": False,
            "deletion_time": "" if data is not None else "2026-01-01T00:00:00Z",
        }
        return Reply(
            status=200 if data is not None else 404, json={"data": {"data": data, "metadata": metadata}}
        )

    @route("GET", "/v1/kv/{path*}")
    def read_v1(self, request: Received, values: Mapping[str, str]) -> Reply:
        """What was written last."""
        versions = self.secrets.get(f"kv/{values['path']}")
        found = versions[-1] if versions else None
        return Reply(json={"data": found}) if found is not None and self._is_here(request) else _refusal(404)

    def _is_here(self, request: Received) -> bool:
        return request.headers.get("x-vault-namespace", "") == self.namespace
