"""RSA keys in PEM form, and the JSON Web Tokens that are signed with them (RFC 7519, RS256).

joserfc is imported with the first key, for most integrations have a token instead.
"""

from __future__ import annotations

from collections.abc import Mapping

from integrations_sdk.models import Secret

__all__ = ["rsa_private_key", "signed_token"]


def rsa_private_key(value: str) -> str | None:
    """Validate: an RSA private key in PEM form."""
    from joserfc.errors import JoseError
    from joserfc.jwk import RSAKey

    try:
        good = RSAKey.import_key(_pem(value)).is_private
    except (ValueError, TypeError, JoseError):  # not PEM; encrypted; a key of another kind
        good = False
    return None if good else "a private key in PEM form: -----BEGIN RSA PRIVATE KEY-----…"


def signed_token(claims: Mapping[str, str | int], key: Secret, **header: str) -> str:
    """The claims as a token, signed with the key (RS256); `header` beside, e.g. `kid`, which names the key."""
    from joserfc import jwt
    from joserfc.jwk import RSAKey

    return jwt.encode({"alg": "RS256", **header}, dict(claims), RSAKey.import_key(_pem(key.reveal())))


def _pem(value: str) -> str:
    return value.replace("\\n", "\n").strip()  # in environment variables the lines are often one
