"""`SealedSecrets`: credentials in the store, encrypted with AES-256-GCM (NIST SP 800-38D)."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from integrations_sdk.errors import ConfigurationError, ConflictError, NotFoundError, Problem, StateError
from integrations_sdk.models import JsonValue, Secret
from integrations_sdk.secrets.base import ReferenceResolver
from integrations_sdk.secrets.keys import KEY_VARIABLE, KeyRing, SealingKey
from integrations_sdk.secrets.references import default_resolvers, resolve_reference
from integrations_sdk.store.base import Delete, Document, Put, Replace, Store, Write

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["CONNECTIONS", "SealedSecrets"]

CONNECTIONS: Final = "connections"
"""The collection that sealed credentials are kept in."""

_NONCE: Final = 12


class SealedSecrets:
    """A `SecretStore` that keeps each integration's credentials as one sealed document.

    The document's id is bound to its content as associated data: credentials that are moved to another
    integration do not open. Its query key `key_id` says which key sealed it, so counting by it shows
    whether a key is still needed.

    Args:
        resolvers: for references; None takes `env`, `file`, `keyring`, `vault` and `aws-sm`. Where those who
            configure must not read this machine's environment and files, pass only those that they may use, or none.
    """

    def __init__(
        self, store: Store, keys: KeyRing, resolvers: Iterable[ReferenceResolver] | None = None
    ) -> None:
        self._store = store
        self._keys = keys
        chosen = default_resolvers() if resolvers is None else resolvers
        self._resolvers = {resolver.scheme: resolver for resolver in chosen}

    def put_writes(self, key: str, values: Mapping[str, Secret]) -> tuple[Write, ...]:
        """One `Put` that keeps the values sealed, in place of earlier ones."""
        return (Put(self._sealed(key, {name: secret.reveal() for name, secret in values.items()})),)

    def delete_writes(self, key: str) -> tuple[Write, ...]:
        """One `Delete`; no-op if missing."""
        return (Delete(CONNECTIONS, key),)

    async def get(self, key: str) -> dict[str, Secret]:
        """The values as kept, references unresolved; empty if there are none.

        Raises:
            ConfigurationError: sealed with a key that is not on the ring; says which one.
            StateError: the stored document was damaged, changed, or moved from another integration.
        """
        document = await self._store.get(CONNECTIONS, key)
        values = {} if document is None else self._opened(document)
        return {name: Secret(value) for name, value in values.items()}

    async def resolve(self, secret: Secret) -> Secret:
        """The value a reference leads to; any other secret as it is.

        Raises:
            ConfigurationError: the reference leads nowhere, or to another reference; says what to set.
            MissingExtraError: its scheme needs a package that is not installed.
        """
        return await resolve_reference(secret, self._resolvers)

    async def reseal(self, *, page: int = 100) -> int:
        """Seal with the first key whatever another key sealed; afterwards the other keys can go.

        It can be interrupted and called again, while others read and write: every step replaces one document,
        and what somebody else changed meanwhile is looked at afresh.

        Args:
            page: how many documents to read at once.

        Returns:
            How many were resealed.

        Raises:
            ConfigurationError: some could not be opened, each named with the reason; the others are resealed.
        """
        done, cursor = 0, None
        problems: list[Problem] = []
        while True:
            found = await self._store.query(CONNECTIONS, after=cursor, limit=page)
            for document in found.documents:
                try:
                    done += await self._reseal(document)
                except ConfigurationError as error:
                    problems.extend(Problem(document.id, *problem[1:]) for problem in error.problems)
                except StateError:
                    problems.append(Problem(document.id, "damaged or changed", "enter the credentials again"))
            if (cursor := found.cursor) is None:
                break
        if problems:
            raise ConfigurationError("resealing credentials", problems)
        return done

    async def _reseal(self, document: Document | None) -> bool:
        while document is not None and document.data.get("key_id") != self._keys.first.id:
            fresh = self._sealed(document.id, self._opened(document))
            try:
                await self._store.write(Replace(fresh, document.version))
            except NotFoundError:
                return False
            except ConflictError:
                document = await self._store.get(CONNECTIONS, document.id)
            else:
                return True
        return False

    def _sealed(self, key: str, values: Mapping[str, str]) -> Document:
        sealing, nonce = self._keys.first, os.urandom(_NONCE)
        sealed = _cipher(sealing).encrypt(nonce, json.dumps(dict(values)).encode(), _bound_to(key))
        data: dict[str, JsonValue] = {"key_id": sealing.id, "nonce": _text(nonce), "sealed": _text(sealed)}
        return Document(collection=CONNECTIONS, id=key, data=data, keys={"key_id": sealing.id})

    def _opened(self, document: Document) -> dict[str, str]:
        from cryptography.exceptions import InvalidTag

        key_id = str(document.data.get("key_id"))
        sealing = self._keys.find(key_id)
        if sealing is None:
            raise ConfigurationError.of(
                f"credentials of {document.id}",
                KEY_VARIABLE,
                f"sealed with key {key_id}, which is not at hand",
                "add that key after a comma, or enter the credentials again",
            )
        try:
            nonce, sealed = (
                base64.b64decode(str(document.data[name]), validate=True) for name in ("nonce", "sealed")
            )
            opened = _cipher(sealing).decrypt(nonce, sealed, _bound_to(document.id))
        except (InvalidTag, KeyError, ValueError) as error:
            msg = f"the stored credentials of {document.id} were damaged or changed: enter them again"
            raise StateError(msg) from error
        values: dict[str, str] = json.loads(opened)  # authentic, so as it was written
        return values


def _cipher(key: SealingKey) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key.reveal())


def _bound_to(key: str) -> bytes:
    return f"{CONNECTIONS}/{key}".encode()


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
