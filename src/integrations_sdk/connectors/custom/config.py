"""How a service of your own is described: where it is, who asks, what it can be asked."""

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
    one_of,
    setting,
    settings,
)
from integrations_sdk.connectors.custom.operations import Notification, Operation, dotted, path_template

__all__ = ["CustomConfig"]

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "none": (),
    "bearer": ("token",),
    "basic": ("username", "password"),
    "header": ("token", "token_name"),
    "query": ("token", "token_name"),
    "oauth2": ("client_id", "client_secret", "token_url"),
}
_CREDENTIALS: Final = {name for names in _NEEDED.values() for name in names} | {
    "scope",
    "client_authentication",
}
_MAY_HAVE: Final = {"oauth2": {"scope", "client_authentication"}}


def _plain_path(value: str) -> str | None:
    return "a path without placeholders" if "{" in value else path_template(value)


def _endpoint(value: str) -> str | None:
    return _plain_path(value) if value.startswith("/") else http_url(value)


@settings
class CustomConfig(ConnectorConfig):
    """A service, its credentials and its operations."""

    base_url: str = setting(
        "Where its paths begin.",
        also=("url", "api_url"),
        validate=http_url,
        example="https://api.example.com/v1",
    )
    operations: Mapping[str, Operation] = setting(
        "What it can be asked to do, by name.",
        factory=dict,
        example="{list_items: {path: /items}}",
    )
    notification: Notification | None = setting(
        "How people are told something.", default=None, also=("notify",)
    )
    health_path: str | None = setting(
        "Path that answers 2xx when all is well; the check asks it.",
        default=None,
        also=("health",),
        validate=_plain_path,
    )
    auth: str = setting(
        f"How it is told who asks: {', '.join(_NEEDED)}.", default="none", validate=one_of(*_NEEDED)
    )
    token: Secret | None = setting(
        "Token or key, for bearer, header and query.", default=None, also=("api_key",), validate=not_empty
    )
    token_name: str | None = setting(
        "Name of the header or query parameter that takes it.",
        default=None,
        validate=not_empty,
        example="X-API-Key",
    )
    username: str | None = setting("User, for basic.", default=None, validate=not_empty)
    password: Secret | None = setting("Password, for basic.", default=None, validate=not_empty)
    client_id: str | None = setting("Client, for oauth2.", default=None, validate=not_empty)
    client_secret: Secret | None = setting("Its secret, for oauth2.", default=None, validate=not_empty)
    token_url: str | None = setting(
        "Token endpoint, or a path below base_url, for oauth2.", default=None, validate=_endpoint
    )
    scope: str | None = setting("Scope that is asked for, for oauth2.", default=None, validate=not_empty)
    client_authentication: str = setting(
        "How the client shows itself, for oauth2: `basic`, or `post` with secret in the body.",
        default="basic",
        validate=one_of("basic", "post"),
    )
    headers: Mapping[str, Secret] = setting(
        "Headers of every request; sealed, for they may hold credentials.", factory=dict, validate=not_empty
    )
    error_message: str | None = setting(
        "Where in an answer that refuses the words are; without it in the usual places.",
        default=None,
        validate=dotted,
    )
    timeout: timedelta = setting("Seconds for an operation, retries included.", default=timedelta(seconds=30))

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """The credentials are those of `auth`; operations have names; the notification's operation exists."""
        yield from _credentials(given)
        operations = given.get("operations")
        names = list(operations) if isinstance(operations, Mapping) else []
        for name in names:
            if not _NAME.fullmatch(str(name)):
                yield Problem(
                    f"operations.{name}", "expected a name such as list_items", "letters, digits and _"
                )
        notification = given.get("notification")
        chosen = (
            notification.get("operation")
            if isinstance(notification, Mapping)
            else getattr(notification, "operation", None)
        )
        if chosen is not None and chosen not in names:
            known = ", ".join(map(str, names)) or "none"
            yield Problem("notification.operation", "expected one of the operations", f"there are: {known}")


def _credentials(given: Mapping[str, object]) -> Iterator[Problem]:
    auth = str(given.get("auth", "none"))
    if auth not in _NEEDED:
        return
    for name in _NEEDED[auth]:
        if name not in given:
            yield Problem(name, f"missing; auth {auth} needs it", "add it")
    for name in sorted((_CREDENTIALS - set(_NEEDED[auth]) - _MAY_HAVE.get(auth, set())) & given.keys()):
        yield Problem(name, f"given, but auth {auth} does not use it", "leave it out, or set auth")
