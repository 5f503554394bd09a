"""Google's service accounts: their keys, and what is asked for a token with (RFC 7523). Pure.

https://developers.google.com/identity/protocols/oauth2/service-account
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Final

import attrs

from integrations_sdk.connectors.pem import rsa_private_key, signed_token
from integrations_sdk.connectors.reading import text_at
from integrations_sdk.models import JsonValue, Secret

__all__ = ["ServiceAccount", "jwt_grant", "service_account", "service_account_key"]

_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LASTS: Final = timedelta(hours=1)


@attrs.frozen(kw_only=True)
class ServiceAccount:
    """Whom a key is of.

    Attributes:
        key_id: by which Google knows the key; None if the file does not say.
    """

    email: str
    private_key: Secret
    key_id: str | None = None
    project_id: str | None = None


def service_account(key: str) -> ServiceAccount | None:
    """The account in a key file's JSON; None if it is none."""
    try:
        said: JsonValue = json.loads(key)
    except (ValueError, RecursionError):
        return None
    email, private_key = text_at(said, "client_email"), text_at(said, "private_key")
    if text_at(said, "type") != "service_account" or email is None or private_key is None:
        return None
    return ServiceAccount(
        email=email,
        private_key=Secret(private_key),
        key_id=text_at(said, "private_key_id"),
        project_id=text_at(said, "project_id"),
    )


def service_account_key(value: str) -> str | None:
    """Validate: the JSON of a service account's key file, with a private key in it."""
    found = service_account(value)
    if found is None or rsa_private_key(found.private_key.reveal()) is not None:
        return "the content of a service account's key file, JSON"
    return None


def jwt_grant(account: ServiceAccount, *, scope: str, token_url: str, now: datetime) -> dict[str, str]:
    """The form that asks a token endpoint for an access token: a JWT signed with the account's key.

    It is for that endpoint only; whatever the key file says of another is not looked at.
    """
    claims: dict[str, str | int] = {
        "iss": account.email,
        "scope": scope,
        "aud": token_url,
        "iat": int(now.timestamp()),
        "exp": int((now + _LASTS).timestamp()),
    }
    header = {"kid": account.key_id} if account.key_id else {}
    return {"grant_type": _GRANT, "assertion": signed_token(claims, account.private_key, **header)}
