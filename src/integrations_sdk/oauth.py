"""`mgr.oauth`: the applications that may ask this system's users for access (RFC 6749 §2)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

import attrs

from integrations_sdk.codec import closest, load, restore
from integrations_sdk.connectors.config import not_empty, setting, settings
from integrations_sdk.connectors.directory import storage_id
from integrations_sdk.errors import NotFoundError, Problem, StateError
from integrations_sdk.models import Record, RecordList, Secret
from integrations_sdk.runtime import Runtime
from integrations_sdk.store.base import Document, Insert, Replace

__all__ = ["AsyncOAuthManager", "OAuthApplication", "OAuthScope", "redirect_problem"]

_COLLECTION: Final = "oauth_applications"
_SECRET_PREFIX: Final = "isdk_"  # noqa: S105  # what secrets begin with
"""Lets secret scanners know a leaked client secret when they see one."""

_LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}
_EXECUTABLE: Final = {"javascript", "data", "vbscript", "file", "blob", "about"}


class OAuthScope(StrEnum):
    """What an application may be allowed to do."""

    API = "api"
    READ_API = "read_api"
    READ_USER = "read_user"
    READ_REPOSITORY = "read_repository"
    WRITE_REPOSITORY = "write_repository"
    READ_REGISTRY = "read_registry"
    WRITE_REGISTRY = "write_registry"
    SUDO = "sudo"


@attrs.frozen(kw_only=True)
class OAuthApplication(Record):
    """A registered client.

    Attributes:
        app_id: `app-1`.
        client_id: public; goes into every authorization request.
        client_secret: only in what `create_oauth_application()` and `renew_client_secret()` return;
            afterwards nobody can read it again, for only its hash is kept.
        confidential: able to keep a secret (a server); a public one (mobile, browser) has none and must
            use PKCE (RFC 7636).
        revoked_at: since when it is refused; None while it is in use.
    """

    app_id: str
    name: str
    client_id: str
    redirect_uris: tuple[str, ...]
    scopes: tuple[OAuthScope, ...]
    confidential: bool
    client_secret: Secret | None = None
    created_at: datetime
    secret_renewed_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def redirect_uri(self) -> str:
        """The first of `redirect_uris`."""
        return self.redirect_uris[0]


def redirect_problem(uri: str) -> str | None:
    """What a redirect URI should be instead; None if it is right. Pure.

    Absolute and without a fragment (RFC 6749 §3.1.2), compared exactly, so no wildcard (RFC 9700 §2.1);
    https, http only to the machine itself, or an app's own scheme (RFC 8252 §7), never one that browsers run.
    """
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError:
        return "an absolute URI"
    if not parts.scheme or any(character.isspace() or ord(character) < 0x20 for character in uri):
        return "an absolute URI"
    if parts.fragment or uri.endswith("#"):
        return "a URI without a fragment (#…)"
    if "*" in uri:
        return "the exact URI, without a wildcard"
    if parts.username or parts.password:
        return "a URI without user and password"
    if parts.scheme in _EXECUTABLE:
        return "a scheme that browsers do not run"
    if parts.scheme in {"http", "https"} and not host:
        return "a host"
    if parts.scheme == "http" and host not in _LOOPBACK:
        return "https; http only to localhost"
    return None


def _scope_problem(scope: str) -> str | None:
    return None if scope in set(OAuthScope) else f"a scope, {closest(scope, OAuthScope)}"


@settings
class _Draft:
    """What `create_oauth_application()` takes."""

    name: str = setting("What users see when they are asked.", validate=not_empty)
    redirect_uri: tuple[str, ...] = setting("Where users return to, exactly.", validate=redirect_problem)
    scopes: tuple[str, ...] = setting("What it may be allowed to do.", validate=_scope_problem)
    confidential: bool = setting("Whether it can keep a secret.", default=True)

    @classmethod
    def check(cls, given: Mapping[str, object]) -> list[Problem]:
        return [
            Problem(name, "expected at least one")
            for name in ("redirect_uri", "scopes")
            if given.get(name) in ([], ())
        ]


class AsyncOAuthManager:
    """The applications of one tenant. Secrets are shown once and kept as hashes."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def create_oauth_application(self, application: Mapping[str, object]) -> OAuthApplication:
        """Register an application.

        Args:
            application: `name`, `redirect_uri` (one URI, or a list), `scopes`, and `confidential` (default true).

        Returns:
            The application; the only time its `client_secret` can be read (`.reveal()`).

        Raises:
            ConfigurationError: naming every wrong field, scope and redirect URI.
        """
        draft = _draft(application)
        tenant = self._runtime.scope.tenant_id
        number = await self._runtime.store.next_number(storage_id(tenant, "app"))
        secret = _new_secret() if draft.confidential else None
        made = OAuthApplication(
            app_id=f"app-{number}",
            name=draft.name,
            client_id=secrets.token_hex(16),
            redirect_uris=draft.redirect_uri,
            scopes=tuple(map(OAuthScope, draft.scopes)),
            confidential=draft.confidential,
            created_at=self._runtime.clock.now(),
        )
        await self._runtime.store.write(Insert(self._document(made, _hash(secret) if secret else None)))
        return attrs.evolve(made, client_secret=secret)

    async def get_oauth_application(self, app_id: str) -> OAuthApplication:
        """The application, without its secret.

        Raises:
            NotFoundError: there is none with that id.
        """
        return (await self._stored(app_id))[0]

    async def list_oauth_applications(self, *, include_revoked: bool = False) -> RecordList[OAuthApplication]:
        """The tenant's applications, oldest first."""
        where = {
            "tenant_id": self._runtime.scope.tenant_id,
            **({} if include_revoked else {"state": "active"}),
        }
        found: list[OAuthApplication] = []
        cursor: str | None = None
        while True:
            page = await self._runtime.store.query(_COLLECTION, where=where, after=cursor, limit=1000)
            found += [_application(document) for document in page.documents]
            if (cursor := page.cursor) is None:
                return RecordList(found)

    async def renew_client_secret(self, app_id: str) -> OAuthApplication:
        """Give it a new secret; the old one is refused from now on.

        Returns:
            The application; the only time its new `client_secret` can be read.

        Raises:
            NotFoundError: there is none with that id.
            StateError: it is revoked, or public and so has no secret.
            ConflictError: it was changed at the same time.
        """
        application, document = await self._stored(app_id)
        if application.revoked_at is not None or not application.confidential:
            why = "is revoked" if application.revoked_at else "is public and has no secret"
            msg = f"{app_id} {why}; register a new application"
            raise StateError(msg)
        secret = _new_secret()
        renewed = attrs.evolve(application, secret_renewed_at=self._runtime.clock.now())
        await self._runtime.store.write(Replace(self._document(renewed, _hash(secret)), document.version))
        return attrs.evolve(renewed, client_secret=secret)

    async def revoke_oauth_application(self, app_id: str) -> OAuthApplication:
        """Refuse the application from now on, for good; a second call changes nothing.

        Raises:
            NotFoundError: there is none with that id.
            ConflictError: it was changed at the same time.
        """
        application, document = await self._stored(app_id)
        if application.revoked_at is not None:
            return application
        revoked = attrs.evolve(application, revoked_at=self._runtime.clock.now())
        await self._runtime.store.write(Replace(self._document(revoked, None), document.version))
        return revoked

    async def verify_client(self, client_id: str, client_secret: str | Secret) -> OAuthApplication | None:
        """The application whose credentials these are; None if they are wrong, or it is revoked or public."""
        known = (
            client_id if client_id.isascii() else ""
        )  # ours are; others a store need not be able to look up
        where = {"tenant_id": self._runtime.scope.tenant_id, "client_id": known, "state": "active"}
        page = await self._runtime.store.query(_COLLECTION, where=where, limit=1)
        kept = page.documents[0].data.get("secret_hash") if page.documents else None
        # Compared also where there is nothing to compare with, so that time does not tell which ids exist.
        right = hmac.compare_digest(str(kept or ""), _hash(Secret(client_secret)))
        return _application(page.documents[0]) if right and page.documents else None

    async def _stored(self, app_id: str) -> tuple[OAuthApplication, Document]:
        document = await self._runtime.store.get(
            _COLLECTION, storage_id(self._runtime.scope.tenant_id, app_id)
        )
        if document is None:
            msg = f"no OAuth application {app_id!r}; list_oauth_applications() shows the ids there are"
            raise NotFoundError(msg)
        return _application(document), document

    def _document(self, application: OAuthApplication, secret_hash: str | None) -> Document:
        tenant = self._runtime.scope.tenant_id
        state = "revoked" if application.revoked_at else "active"
        return Document(
            collection=_COLLECTION,
            id=storage_id(tenant, application.app_id),
            data={**dict(application), "secret_hash": secret_hash},
            keys={"tenant_id": tenant, "client_id": application.client_id, "state": state},
        )


def _draft(application: Mapping[str, object]) -> _Draft:
    given = dict(application)
    if isinstance(given.get("redirect_uri"), str):  # GitLab takes several, one a line
        given["redirect_uri"] = str(given["redirect_uri"]).split()
    return load(_Draft, given, subject="OAuth application")


def _application(document: Document) -> OAuthApplication:
    return restore(
        OAuthApplication, {name: value for name, value in document.data.items() if name != "secret_hash"}
    )


def _new_secret() -> Secret:
    return Secret(_SECRET_PREFIX + secrets.token_urlsafe(32))


def _hash(secret: Secret) -> str:
    # 256 random bits: there is nothing to guess, so a slow hash would only be slow.
    return hashlib.sha256(secret.reveal().encode("utf-8", "surrogatepass")).hexdigest()
