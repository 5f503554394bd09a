"""Standard Webhooks 1.0: signatures over id, time and body, separated by full stops.

`v1` is an HMAC-SHA256 under a secret, `v1a` an Ed25519 signature (RFC 8032) under a key pair; a call can carry
any number of both. Source: https://github.com/standard-webhooks/standard-webhooks,
`spec/standard-webhooks.md`, "Signature scheme" and "Webhook headers".
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final

from integrations_sdk.signing.digests import utf8
from integrations_sdk.signing.keys import (
    PRIVATE_KEY_PREFIX,
    PUBLIC_KEY_PREFIX,
    SIGNING_TOKEN_PREFIX,
    private_key,
    public_key,
    secret_key,
)
from integrations_sdk.signing.signature import HmacKind, Kind, SignatureProof

__all__ = ["KEY_PREFIXES", "STANDARD", "base64_text"]

KEY_PREFIXES: Final = (SIGNING_TOKEN_PREFIX, PRIVATE_KEY_PREFIX, PUBLIC_KEY_PREFIX)
"""What marks a secret as one to sign or verify with, which is therefore never sent."""

_ASYMMETRIC: Final = (PRIVATE_KEY_PREFIX, PUBLIC_KEY_PREFIX)


def base64_text(digest: bytes) -> str:
    """Standard base64 with padding (RFC 4648 §4)."""
    return base64.b64encode(digest).decode()


class _Ed25519Kind:
    """`v1a`: made with a `whsk_` key, checked with a `whpk_` key."""

    prefix: Final = "v1a,"

    def make(self, secret: str, content: bytes) -> str:
        return base64_text(private_key(secret).sign(content))

    def fits(self, secret: str, content: bytes, offered: Sequence[str]) -> bool:
        from cryptography.exceptions import InvalidSignature

        key = public_key(secret)
        for text in offered:
            try:
                key.verify(_strictly_decoded(text), content)
            except InvalidSignature:
                continue
            return True  # nothing secret is compared, so the time may tell which one it was
        return False


def _strictly_decoded(text: str) -> bytes:
    """The bytes of canonical base64; none where it is not, and no signature is that short."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error is a kind of it
        return b""
    return raw if base64_text(raw) == text else b""


def _keys(secret: str) -> tuple[bytes, ...]:
    """The key after `whsec_`. Without that, some senders take the text as it is, some decode it too."""
    if secret.startswith(SIGNING_TOKEN_PREFIX):
        return (secret_key(secret),)
    try:
        decoded = base64.b64decode(secret + "=" * (-len(secret) % 4), validate=True)
    except ValueError:  # binascii.Error is a kind of it
        decoded = b""
    return (utf8(secret), decoded) if decoded else (utf8(secret),)


_V1: Final = HmacKind(prefix="v1,", keys=_keys, encode=base64_text)
_V1A: Final = _Ed25519Kind()


def _kind(secret: str) -> Kind:
    return _V1A if secret.startswith(_ASYMMETRIC) else _V1


STANDARD: Final = SignatureProof(
    header="webhook-signature",
    kind=_kind,
    separator=" ",
    time_header="webhook-timestamp",
    id_header="webhook-id",
    plain_ids=True,
    content=lambda id_, time, body: b".".join((id_, time, body)),
)
"""`webhook-signature: v1,<base64> v1a,<base64>`."""
