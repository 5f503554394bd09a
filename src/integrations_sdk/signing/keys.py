"""Keys of Standard Webhooks 1.0 as text: `whsec_` secrets, and `whsk_`/`whpk_` Ed25519 key pairs.

Source: https://github.com/standard-webhooks/standard-webhooks, `spec/standard-webhooks.md`, "Signature scheme":
a secret is 24 to 64 random bytes; each form is base64 after its prefix. The private key is written as its
32-byte seed (RFC 8032 §5.1.5); read is also seed and public key together, 64 bytes, as Svix and NaCl write it.
"""

from __future__ import annotations

import base64
from secrets import token_bytes, token_urlsafe
from typing import TYPE_CHECKING, Final

import attrs

from integrations_sdk.errors import ConfigurationError
from integrations_sdk.models import Secret

if TYPE_CHECKING:  # heavy, and needed for key pairs alone
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

__all__ = [
    "PRIVATE_KEY_PREFIX",
    "PUBLIC_KEY_PREFIX",
    "SIGNING_TOKEN_PREFIX",
    "KeyPair",
    "generate_key_pair",
    "generate_secret",
    "key_problem",
    "private_key",
    "public_key",
    "public_key_of",
    "secret_key",
    "successor",
]

SIGNING_TOKEN_PREFIX: Final = "whsec_"  # noqa: S105  # the mark of a secret, not one itself
"""What a Standard Webhooks secret, and a GitLab signing token, begins with; base64 of the key follows."""

PRIVATE_KEY_PREFIX: Final = "whsk_"
"""What an Ed25519 private key begins with; base64 of it follows. It stays with the sender."""

PUBLIC_KEY_PREFIX: Final = "whpk_"
"""What an Ed25519 public key begins with; base64 of its 32 bytes follows. It is no secret."""

_SEED: Final = 32
_SECRET_BYTES: Final = range(24, 65)


@attrs.frozen(kw_only=True)
class KeyPair:
    """An Ed25519 key pair.

    Attributes:
        private_key: `whsk_…`, to sign with.
        public_key: `whpk_…`, for receivers to verify with.
    """

    private_key: Secret
    public_key: str


def generate_secret(size: int = 32) -> Secret:
    """A new `whsec_…` secret.

    Args:
        size: random bytes in it, 24 to 64.

    Raises:
        ConfigurationError: another size.
    """
    if size not in _SECRET_BYTES:
        raise ConfigurationError.of("secret", "size", "expected 24 to 64 bytes")
    return Secret(SIGNING_TOKEN_PREFIX + base64.b64encode(token_bytes(size)).decode())


def successor(secret: Secret | None) -> Secret:
    """A new secret of the kind of the one it replaces: `whsec_…`, or plain text of 43 characters.

    A receiver that compares a plain token could do nothing with a `whsec_…`, which is never sent.

    Args:
        secret: the one before, not a reference; None: there was none, which makes a `whsec_…`.
    """
    if secret is None or secret.reveal().startswith(SIGNING_TOKEN_PREFIX):
        return generate_secret()
    return Secret(token_urlsafe(32))


def generate_key_pair() -> KeyPair:
    """A new Ed25519 key pair."""
    private = Secret(PRIVATE_KEY_PREFIX + base64.b64encode(token_bytes(_SEED)).decode())
    return KeyPair(private_key=private, public_key=public_key_of(private))


def public_key_of(private: Secret) -> str:
    """The `whpk_…` that belongs to a `whsk_…`.

    Raises:
        ConfigurationError: it is no private key.
    """
    raw = private_key(private.reveal()).public_key().public_bytes_raw()
    return PUBLIC_KEY_PREFIX + base64.b64encode(raw).decode()


def key_problem(text: str) -> str | None:
    """What was expected of a text that begins with one of the prefixes and is no such key; None if it is fine."""
    reads = {SIGNING_TOKEN_PREFIX: secret_key, PRIVATE_KEY_PREFIX: private_key, PUBLIC_KEY_PREFIX: public_key}
    for prefix, read in reads.items():
        if text.startswith(prefix):
            try:
                read(text)
            except ConfigurationError as error:
                return error.problems[0].wrong.removeprefix("expected ")
    return None


def secret_key(text: str) -> bytes:
    """The bytes of a `whsec_…`, of any length but none.

    Raises:
        ConfigurationError: it is no such secret.
    """
    if raw := _decoded(text, SIGNING_TOKEN_PREFIX):
        return raw
    raise _wrong("base64 after `whsec_`", "copy it whole")


def private_key(text: str) -> Ed25519PrivateKey:
    """The key of a `whsk_…`.

    Raises:
        ConfigurationError: it is no such key, or the two halves of its longer form do not belong together.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    raw = _decoded(text, PRIVATE_KEY_PREFIX)
    if len(raw) in {_SEED, 2 * _SEED}:
        key = Ed25519PrivateKey.from_private_bytes(raw[:_SEED])
        if raw[_SEED:] in {b"", key.public_key().public_bytes_raw()}:
            return key
    remedy = "sign with the private key; the public one is for the receiver"
    raise _wrong("an Ed25519 private key in base64 after `whsk_`", remedy)


def public_key(text: str) -> Ed25519PublicKey:
    """The key of a `whpk_…`.

    Raises:
        ConfigurationError: it is no such key.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    raw = _decoded(text, PUBLIC_KEY_PREFIX)
    if len(raw) == _SEED:
        return Ed25519PublicKey.from_public_bytes(raw)
    remedy = "verify with the public key; the private one stays with the sender"
    raise _wrong("an Ed25519 public key in base64 after `whpk_`", remedy)


def _decoded(text: str, prefix: str) -> bytes:
    """What comes after the prefix; nothing where there is something wrong with it."""
    encoded = text.removeprefix(prefix)
    try:
        return (
            base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True) if encoded != text else b""
        )
    except ValueError:  # binascii.Error is a kind of it
        return b""


def _wrong(expected: str, remedy: str) -> ConfigurationError:
    return ConfigurationError.of("webhook", "secret", f"expected {expected}", remedy)
