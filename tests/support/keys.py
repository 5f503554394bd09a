"""A key pair for those who prove themselves with one."""

from __future__ import annotations

import functools

from joserfc.jwk import RSAKey

__all__ = ["rsa_pair"]


@functools.cache
def rsa_pair() -> tuple[str, str]:
    """The private and the public half, PEM; the same in a whole session, for making one takes long."""
    key = RSAKey.generate_key(2048)
    return key.as_pem(private=True).decode(), key.as_pem(private=False).decode()
