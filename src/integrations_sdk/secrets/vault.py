"""`vault:path#key`: secrets of HashiCorp Vault's (and OpenBao's) KV engine, versions 1 and 2.

Source: https://developer.hashicorp.com/vault/api-docs/secret/kv, …/auth/approle, and for the variables …/commands.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NoReturn
from urllib.parse import quote, urlsplit

import attrs

from integrations_sdk.clock import Clock, SystemClock
from integrations_sdk.errors import ConfigurationError, ProviderUnavailableError
from integrations_sdk.http.base import Call, Connection, HttpSender, Request, Response
from integrations_sdk.models import JsonValue, Secret
from integrations_sdk.secrets.remote import KEEP, Keeping, asked, json_answer, text_of, value_at

__all__ = ["VaultResolver"]

_REFERENCE: Final = re.compile(r"/?(?P<path>[^?#]+)(?:\?version=(?P<version>[1-9][0-9]{0,9}))?#(?P<key>.+)")
_EARLY: Final = timedelta(minutes=1)
_LONGEST: Final = 1024 * 1024
_TRUE: Final = frozenset({"1", "t", "true"})


@attrs.frozen(kw_only=True)
class _Place:
    """A reference taken apart."""

    path: str
    version: str | None
    key: str
    reference: str

    def nowhere(self, wrong: str, remedy: str) -> NoReturn:
        """Say that it leads nowhere."""
        raise ConfigurationError.of("secret reference", f"vault:{self.reference}", wrong, remedy)


class VaultResolver:
    """Reads secrets from Vault: `vault:secret/shop/slack#token`, `vault:secret/shop/slack?version=3#token`.

    The environment says where it is and who asks, as it does for Vault's own command: `VAULT_ADDR`, `VAULT_TOKEN` or
    (AppRole) `VAULT_ROLE_ID` and `VAULT_SECRET_ID`, `VAULT_APPROLE_MOUNT` (`approle`), `VAULT_NAMESPACE`,
    `VAULT_CACERT`, `VAULT_SKIP_VERIFY`, `VAULT_PROXY_ADDR`. Values of the KV engine have no lease, so they are
    kept for a while: at most 256 paths, those used least recently going first.

    Args:
        environ: None takes the process's own, as it is when a reference is resolved.
        http: what to send with; None opens a connection for each question, and closes it.
        keep: how long a value may be used again; 0 asks each time.
    """

    scheme = "vault"

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        http: HttpSender | None = None,
        clock: Clock | None = None,
        keep: timedelta = KEEP,
    ) -> None:
        self._environ = environ
        self._http = http
        self._clock = clock or SystemClock()
        self._kept = Keeping(keep)
        self._login: tuple[Secret, datetime] | None = None

    async def resolve(self, reference: str) -> str:
        """The value under the key.

        Raises:
            ConfigurationError: Vault is not configured, refuses, or has no such path or key; says what to set.
            ProviderUnavailableError: Vault is sealed, in trouble, or something else answers.
            TransportError: Vault does not answer.
        """
        found = _REFERENCE.fullmatch(reference)
        if found is None or any(step in {"", ".", ".."} for step in found["path"].rstrip("/").split("/")):
            expected = "expected path#key"
            raise ConfigurationError.of(
                "secret reference", f"vault:{reference}", expected, "write e.g. vault:secret/shop/slack#token"
            )
        place = _Place(
            path=found["path"].rstrip("/"), version=found["version"], key=found["key"], reference=reference
        )
        values = await self._values(place)
        if place.key not in values:
            place.nowhere("the secret has no such key", f"it has: {', '.join(sorted(values)) or 'none'}")
        return values[place.key].reveal() or place.nowhere("is empty", "store the value there")

    async def _values(self, place: _Place) -> Mapping[str, Secret]:
        key, now = (self._setting("VAULT_NAMESPACE"), place.path, place.version), self._clock.now()
        values = self._kept.get(key, now)
        if values is None:
            values = await self._read(place)
            self._kept.keep(key, values, now)
        return values

    async def _read(self, place: _Place) -> dict[str, Secret]:
        mount, version = await self._mount(place)
        rest = quote(place.path.removeprefix(mount).strip("/"))
        path = f"/v1/{quote(mount)}{'data/' if version == '2' else ''}{rest}"
        if place.version is not None and version == "2":
            path += f"?version={place.version}"
        answer = await self._ask(place, "kv.read", path)
        data = value_at(answer, "data", "data") if version == "2" else value_at(answer, "data")
        if not isinstance(data, dict):
            place.nowhere("there is no secret at the path, or it was deleted", f"vault kv get {place.path}")
        return {name: Secret(text_of(value)) for name, value in data.items()}

    async def _mount(self, place: _Place) -> tuple[str, str]:
        """The engine that the path belongs to, and its version, as Vault's own command finds them out.

        Source: https://developer.hashicorp.com/vault/api-docs/system/internal-ui-mounts.
        """
        answer = await self._ask(place, "mounts", f"/v1/sys/internal/ui/mounts/{quote(place.path)}")
        mount, kind = value_at(answer, "data", "path"), value_at(answer, "data", "type")
        if not isinstance(mount, str) or kind not in {"kv", "generic"}:
            place.nowhere(f"is not in a KV engine but in {kind or 'none'}", "name a path of a KV engine")
        return f"{mount.strip('/')}/", str(value_at(answer, "data", "options", "version") or "1")

    async def _ask(self, place: _Place, operation: str, path: str) -> JsonValue:
        """A question with the token; once more when a token that was granted earlier is refused."""
        self._address(place)
        granted = self._login is not None
        response = await self._send(place, operation, "GET", path, await self._token(place))
        if response.status == 403 and granted and self._login is not None:
            self._login = None
            response = await self._send(place, operation, "GET", path, await self._token(place))
        if response.status == 403:
            place.nowhere("Vault denies permission", "give the token a policy with read on the path")
        if response.status == 404:
            place.nowhere("there is no secret at the path, or it was deleted", f"vault kv get {place.path}")
        return _json(response, operation)

    async def _token(self, place: _Place) -> Secret:
        if token := self._setting("VAULT_TOKEN"):
            return Secret(token)
        role, secret = self._setting("VAULT_ROLE_ID"), self._setting("VAULT_SECRET_ID")
        if not role or not secret:
            place.nowhere(
                "nothing says who asks", "export VAULT_TOKEN=…, or VAULT_ROLE_ID=… and VAULT_SECRET_ID=…"
            )
        now = self._clock.now()
        if self._login is None or now >= self._login[1]:
            self._login = await self._log_in(place, role, secret, now)
        return self._login[0]

    async def _log_in(self, place: _Place, role: str, secret: str, now: datetime) -> tuple[Secret, datetime]:
        mount = quote(self._setting("VAULT_APPROLE_MOUNT") or "approle", safe="/")
        body = json.dumps({"role_id": role, "secret_id": secret}).encode()
        response = await self._send(place, "approle.login", "POST", f"/v1/auth/{mount}/login", None, body)
        if response.status in {400, 403, 404}:
            place.nowhere(
                "Vault refuses the AppRole", "check VAULT_ROLE_ID, VAULT_SECRET_ID and VAULT_APPROLE_MOUNT"
            )
        answer = _json(response, "approle.login")
        token, lasts = value_at(answer, "auth", "client_token"), value_at(answer, "auth", "lease_duration")
        if not isinstance(token, str) or not token:
            raise _unavailable("answered without a token", "approle.login", response)
        seconds = lasts if isinstance(lasts, int) and lasts > 0 else 3600  # 0 is a token that never expires
        return Secret(token), now + max(timedelta(seconds=seconds) - _EARLY, timedelta())

    async def _send(
        self, place: _Place, operation: str, method: str, path: str, token: Secret | None, body: bytes = b""
    ) -> Response:
        namespace = self._setting("VAULT_NAMESPACE")
        headers = {
            "accept": "application/json",
            "x-vault-request": "true",
            **({"x-vault-token": token.reveal()} if token else {}),
            **({"x-vault-namespace": namespace} if namespace else {}),
            **({"content-type": "application/json"} if body else {}),
        }
        request = Request(
            method=method,
            url=self._address(place) + path,
            headers=headers,
            content=body,
            connection=self._connection(),
            max_response_bytes=_LONGEST,
        )
        # A login may be repeated: it makes another token, and the one that is lost expires.
        return await asked(self._http, self._clock, request, _call(operation))

    def _address(self, place: _Place) -> str:
        address = self._setting("VAULT_ADDR").rstrip("/")
        if urlsplit(address).scheme not in {"http", "https"}:
            place.nowhere("nothing says where Vault is", "export VAULT_ADDR=https://vault.example.com:8200")
        return address

    def _connection(self) -> Connection:
        return Connection(
            verify=self._setting("VAULT_SKIP_VERIFY").lower() not in _TRUE,
            ca_file=self._setting("VAULT_CACERT") or None,
            proxy=self._setting("VAULT_PROXY_ADDR") or self._setting("VAULT_HTTP_PROXY") or None,
        )

    def _setting(self, name: str) -> str:
        return (os.environ if self._environ is None else self._environ).get(name, "")


def _call(operation: str) -> Call:
    return Call(provider="vault", operation=operation, idempotent=True)


def _json(response: Response, operation: str) -> JsonValue:
    hint = "is it sealed?" if response.status == 503 else "is VAULT_ADDR Vault's?"
    return json_answer(response, _call(operation), hint=hint)


def _unavailable(message: str, operation: str, response: Response) -> ProviderUnavailableError:
    return ProviderUnavailableError(
        message, provider="vault", operation=operation, status=response.status, attempts=response.attempts
    )
