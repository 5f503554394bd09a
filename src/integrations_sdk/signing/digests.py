"""HMAC, and comparison that does not tell by its time where two texts differ."""

from __future__ import annotations

import hashlib
import hmac

__all__ = ["hmac_sha256_hex", "same", "utf8"]


def hmac_sha256_hex(secret: bytes, body: bytes) -> str:
    """HMAC-SHA256 of the body under the secret, as lower-case hexadecimal."""
    return hmac.digest(secret, body, hashlib.sha256).hex()


def same(one: str, other: str) -> bool:
    """Whether two texts are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(utf8(one), utf8(other))


def utf8(text: str) -> bytes:
    """The text as bytes; never fails, for what arrives can hold half a surrogate pair."""
    return text.encode("utf-8", "surrogatepass")
