"""How to reach one Okta organisation, and what of its users is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Final

from integrations_sdk.connectors.base import (
    ConnectorConfig,
    Problem,
    Secret,
    http_url,
    not_empty,
    rsa_private_key,
    setting,
    settings,
)

__all__ = ["OktaConfig"]

_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)+(?::[0-9]{1,5})?")


def _domain(value: str) -> str | None:
    if "-admin." in value:
        return "the organisation's own domain; the one with -admin serves people only"
    if value.startswith(("http://", "https://")):
        return http_url(value)
    return None if _HOST.fullmatch(value.rstrip("/")) else "a domain such as yourcompany.okta.com"


def _interval(value: timedelta) -> str | None:
    return None if value >= timedelta(minutes=1) else "60 seconds or more"


@settings
class OktaConfig(ConnectorConfig):
    """An Okta organisation, with an API token or a service application to reach it."""

    domain: str = setting(
        "Domain of the organisation, your own one included.",
        also=("url", "org_url"),
        validate=_domain,
        env=("OKTA_DOMAIN", "OKTA_CLIENT_ORGURL"),
        example="yourcompany.okta.com",
    )
    api_token: Secret | None = setting(
        "API token (SSWS).",
        default=None,
        also=("token",),
        validate=not_empty,
        env=("OKTA_API_TOKEN", "OKTA_CLIENT_TOKEN"),
        example="env:OKTA_API_TOKEN",
    )
    client_id: str | None = setting(
        "Id of a service application, in place of a token.", default=None, validate=not_empty
    )
    private_key: Secret | None = setting(
        "The service application's private key, PEM.", default=None, validate=rsa_private_key
    )
    key_id: str | None = setting(
        "Name (`kid`) of that key; Okta asks for it of an application with several.",
        default=None,
        also=("kid",),
        validate=not_empty,
    )
    scopes: tuple[str, ...] = setting(
        "Scopes that the service application asks for.",
        default=("okta.users.manage", "okta.groups.manage"),
        validate=not_empty,
    )
    sync_groups: bool = setting("Look up the groups of users.", default=True)
    group_mappings: Mapping[str, str] = setting(
        "The application's role for the name of a group; with any, only these groups are looked up.",
        factory=dict,
        example="{Platform Team: admin}",
    )
    user_attributes: tuple[str, ...] = setting(
        "Attributes of the profile that users come with.",
        default=(),
        validate=not_empty,
        example="email, department",
    )
    sync_interval: timedelta = setting(
        "Seconds between two synchronisations, for whoever schedules them; nothing runs by itself.",
        default=timedelta(hours=1),
        validate=_interval,
    )
    send_email: bool = setting("Let Okta write to users who are provisioned.", default=True)

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """A token, or a service application with its key; not both."""
        return _credentials(given)

    @property
    def root(self) -> str:
        """The organisation's address."""
        domain = self.domain.rstrip("/")
        return domain if domain.startswith(("http://", "https://")) else f"https://{domain}"


def _credentials(given: Mapping[str, object]) -> Iterator[Problem]:
    named = [name for name in ("client_id", "private_key") if name in given]
    if "api_token" in given and named:
        yield Problem("api_token", "given together with a service application", "leave out one of them")
    elif "api_token" not in given and not named:
        remedy = "or the two of a service application: client_id, private_key"
        yield Problem("api_token", "missing; expected a token", remedy)
    elif len(named) == 1:
        other = "private_key" if named == ["client_id"] else "client_id"
        yield Problem(other, f"missing; {named[0]} goes with it", "add it")
