"""How to reach one tenant over Microsoft Graph, and what of its users is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from integrations_sdk.connectors.base import (
    ConnectorConfig,
    Secret,
    http_url,
    not_empty,
    one_of,
    setting,
    settings,
)

__all__ = ["CLOUDS", "AzureAdConfig"]

CLOUDS: Final = {
    "global": ("https://login.microsoftonline.com", "https://graph.microsoft.com"),
    "us_gov": ("https://login.microsoftonline.us", "https://graph.microsoft.us"),
    "us_gov_dod": ("https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
    "china": ("https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"),
}
"""Where tokens are granted, and Graph, by cloud (https://learn.microsoft.com/graph/deployments)."""

_TENANT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
_ATTRIBUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_SELECTED: Final = (
    "id",
    "userPrincipalName",
    "displayName",
    "mail",
    "givenName",
    "surname",
    "accountEnabled",
)


def _tenant(value: str) -> str | None:
    if value in {"common", "organizations", "consumers"}:
        return "the tenant's own id; an application that acts by itself needs it"
    return None if _TENANT.fullmatch(value) else "the tenant's id or one of its domains"


def _attribute(value: str) -> str | None:
    return None if _ATTRIBUTE.fullmatch(value) else "a property of Graph's user, e.g. department"


def _interval(value: timedelta) -> str | None:
    return None if value >= timedelta(minutes=1) else "60 seconds or more"


@settings
class AzureAdConfig(ConnectorConfig):
    """A tenant, and an application that is registered in it."""

    tenant_id: str = setting(
        "Id of the tenant, or one of its domains.",
        validate=_tenant,
        env=("AZURE_AD_TENANT_ID",),
        example="company.onmicrosoft.com",
    )
    client_id: str = setting(
        "Id of the application.",
        validate=not_empty,
        also=("application_id",),
        env=("AZURE_AD_CLIENT_ID",),
        example="guid",
    )
    client_secret: Secret = setting(
        "A client secret of the application.",
        validate=not_empty,
        env=("AZURE_AD_CLIENT_SECRET",),
        example="env:AZURE_AD_CLIENT_SECRET",
    )
    cloud: str = setting(
        f"The cloud the tenant is in: {', '.join(CLOUDS)}.",
        default="global",
        validate=one_of(*CLOUDS),
        env=("AZURE_AD_CLOUD",),
    )
    graph_api_version: str = setting(
        "Version of Microsoft Graph.", default="v1.0", validate=one_of("v1.0", "beta")
    )
    sync_groups: bool = setting("Look up the groups of users.", default=True)
    group_filter: str | None = setting(
        "Which groups count, as an OData filter.",
        default=None,
        validate=not_empty,
        example="startswith(displayName,'APG_')",
    )
    group_mappings: Mapping[str, str] = setting(
        "The application's role for the name of a group; with any, only these groups are looked up.",
        factory=dict,
        example="{APG_Admins: admin}",
    )
    nested_groups: bool = setting("Count who is in a group of a group as in both.", default=False)
    user_attributes: tuple[str, ...] = setting(
        "Properties that users come with.",
        default=(),
        validate=_attribute,
        example="jobTitle, department",
    )
    sync_interval: timedelta = setting(
        "Seconds between two synchronisations, for whoever schedules them; nothing runs by itself.",
        default=timedelta(hours=1),
        validate=_interval,
    )
    login_url: str | None = setting(
        "In place of the cloud's address that grants tokens.", default=None, validate=http_url
    )
    graph_url: str | None = setting("In place of the cloud's Graph.", default=None, validate=http_url)

    @property
    def token_url(self) -> str:
        """Where the application gets its tokens."""
        return f"{(self.login_url or CLOUDS[self.cloud][0]).rstrip('/')}/{self.tenant_id}/oauth2/v2.0/token"

    @property
    def graph(self) -> str:
        """Graph's address, without the version."""
        return (self.graph_url or CLOUDS[self.cloud][1]).rstrip("/")

    @property
    def scope(self) -> str:
        """All that the application was granted, at the cloud's Graph whatever address leads there."""
        return f"{CLOUDS[self.cloud][1]}/.default"

    @property
    def select(self) -> str:
        """The properties of users that are asked for."""
        return ",".join(dict.fromkeys([*_SELECTED, *self.user_attributes]))
