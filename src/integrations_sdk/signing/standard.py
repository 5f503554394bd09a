"""Standard Webhooks 1.0: signatures over id, time and body, separated by full stops.

Source: https://github.com/standard-webhooks/standard-webhooks, `spec/standard-webhooks.md`, "Signature scheme".
"""

from __future__ import annotations

import base64
from typing import Final

from integrations_sdk.errors import ConfigurationError
from integrations_sdk.signing.digests import utf8
from integrations_sdk.signing.signature import HmacKind, SignatureProof, always

__all__ = ["SIGNING_TOKEN_PREFIX", "STANDARD"]

SIGNING_TOKEN_PREFIX: Final = "whsec_"  # noqa: S105  # the mark of a secret, not one itself
"""What a Standard Webhooks secret, and a GitLab signing token, begins with; base64 of the key follows."""


def _keys(secret: str) -> tuple[bytes, ...]:
    """The key after `whsec_`. Without that, some senders take the text as it is, some decode it too."""
    encoded = secret.removeprefix(SIGNING_TOKEN_PREFIX)
    try:
        decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:  # binascii.Error is a kind of it
        decoded = b""
    if secret.startswith(SIGNING_TOKEN_PREFIX):
        if not decoded:
            raise ConfigurationError.of(
                "webhook", "secret", "expected base64 after `whsec_`", "copy it whole"
            )
        return (decoded,)
    return (utf8(secret), decoded) if decoded else (utf8(secret),)


_V1: Final = HmacKind(prefix="v1,", keys=_keys, encode=lambda digest: base64.b64encode(digest).decode())

STANDARD: Final = SignatureProof(
    header="webhook-signature",
    kind=always(_V1),
    separator=" ",
    time_header="webhook-timestamp",
    id_header="webhook-id",
    content=lambda id_, time, body: b".".join((id_, time, body)),
)
"""`webhook-signature: v1,<base64> v1,<base64>`."""
