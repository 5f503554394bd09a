"""How to reach one Auth0 tenant, and what of its users is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from integrations_sdk.connectors.base import ConnectorConfig, Secret, http_url, not_empty, setting, settings

__all__ = ["Auth0Config"]

_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)+")


def _domain(value: str) -> str | None:
    if value.startswith(("http://", "https://")):
        return http_url(value)
    return None if _HOST.fullmatch(value.rstrip("/")) else "a domain such as yourcompany.eu.auth0.com"


def _connection(value: str) -> str | None:
    return "a connection's name, without quotes" if '"' in value or "\\" in value else not_empty(value)


@settings
class Auth0Config(ConnectorConfig):
    """An Auth0 tenant, and a machine-to-machine application to reach its Management API."""

    domain: str = setting(
        "Domain of the tenant, with its region; or your own domain, with `audience`.",
        validate=_domain,
        env=("AUTH0_DOMAIN",),
        example="yourcompany.eu.auth0.com",
    )
    client_id: str = setting(
        "Id of the machine-to-machine application.",
        validate=not_empty,
        env=("AUTH0_CLIENT_ID",),
        example="aBcD",
    )
    client_secret: Secret = setting(
        "Its secret.", validate=not_empty, env=("AUTH0_CLIENT_SECRET",), example="env:AUTH0_CLIENT_SECRET"
    )
    audience: str | None = setting(
        "Identifier of the Management API, where it is not https://DOMAIN/api/v2/.",
        default=None,
        validate=http_url,
        env=("AUTH0_AUDIENCE",),
    )
    connection: str | None = setting(
        "Connection of users who are provisioned; with it only its users are read.",
        default=None,
        validate=_connection,
        env=("AUTH0_CONNECTION",),
        example="Username-Password-Authentication",
    )
    sync_roles: bool = setting("Look up the roles of users.", default=True, also=("sync_groups",))
    role_mappings: Mapping[str, str] = setting(
        "The application's role for the name of a role; with any, only these roles are looked up.",
        factory=dict,
        also=("group_mappings",),
        example="{developer: write}",
    )
    user_attributes: tuple[str, ...] = setting(
        "Attributes that users come with.", default=(), validate=not_empty, example="nickname, app_metadata"
    )

    @property
    def root(self) -> str:
        """The tenant's address."""
        domain = self.domain.rstrip("/")
        return domain if domain.startswith(("http://", "https://")) else f"https://{domain}"
