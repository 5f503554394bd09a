"""`verify()` what arrived, and `sign()` what a sender would send."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from integrations_sdk.errors import ConfigurationError
from integrations_sdk.models import Secret
from integrations_sdk.signing.message import Message, lower
from integrations_sdk.signing.signature import Proof
from integrations_sdk.signing.sources import GITLAB_TOKEN, PROOFS, SOURCES

__all__ = ["TOLERANCE", "sign", "verify", "verify_gitlab_token"]

TOLERANCE: Final = timedelta(minutes=5)
"""How far a signed time may be from the time of arrival unless told otherwise."""


def verify(
    source: str,
    headers: Mapping[str, str],
    body: bytes,
    secrets: Sequence[Secret],
    *,
    now: datetime,
    tolerance: timedelta = TOLERANCE,
) -> None:
    """Return if the message is from `source` and fresh.

    Senders that sign no time (GitHub, Jira, PagerDuty, plain tokens) cannot be checked for freshness: drop
    repeated messages by `sender_id()`.

    Args:
        source: one of `SOURCES`.
        headers: the request's headers; names compare without regard to case.
        body: the request's body, byte for byte as it arrived.
        secrets: what is shared with the sender; any one of them will do, so that a new one can be brought in
            before the old one is gone. For GitLab a secret that begins with `whsec_` is a signing token.
        now: the time of arrival.
        tolerance: how far the signed time may be from `now`, in both directions.

    Raises:
        SignatureError: not authentic, or stale; says what to check, never the right signature or a secret.
        ConfigurationError: unknown source, no secret, or a secret that cannot be one.
    """
    proof = _proof(source)
    usable = _usable(source, secrets)
    proof.verify(Message(headers=lower(headers), body=body, now=now, tolerance=tolerance), usable)


def verify_gitlab_token(headers: Mapping[str, str], token: Secret) -> None:
    """Return if `X-Gitlab-Token` is the token.

    Raises:
        SignatureError: it is missing or another one.
        ConfigurationError: the token is empty, or a reference that was not resolved.
    """
    GITLAB_TOKEN.check(lower(headers), _usable("gitlab", [token]))


def sign(source: str, body: bytes, secret: Secret, *, now: datetime, id: str) -> dict[str, str]:  # noqa: A002
    """The headers with which `source` would send the body, its proof and the message's id among them.

    Args:
        source: one of `SOURCES`.
        secret: for Standard Webhooks `whsec_` and base64, or any text, which is then the key as it is.
        now: the time to sign, to the second.
        id: of the message, the same when it is sent again; printable ASCII without spaces and full stops.
            Slack, PagerDuty and Stripe carry their id in the body, so there it is not used.

    Raises:
        ConfigurationError: unknown source, a secret that cannot be one, or a malformed id.
    """
    proof = _proof(source)
    if not re.fullmatch(r"[!-\-/-~]{1,256}", id):
        raise ConfigurationError.of("signature", "id", "expected printable characters, no space or full stop")
    return proof.sign(body, _usable(source, [secret]), str(int(now.timestamp())), id)


def _proof(source: str) -> Proof:
    if source not in PROOFS:
        raise ConfigurationError.of("signature", "source", "unknown source", f"known: {', '.join(SOURCES)}")
    return PROOFS[source]


def _usable(source: str, secrets: Sequence[Secret]) -> list[str]:
    if any(secret.is_reference for secret in secrets):
        # As a key, "env:NAME" could be guessed by anybody.
        raise ConfigurationError.of(
            f"{source} webhook", "secret", "expected the value, not a reference", "resolve it first"
        )
    if found := [secret.reveal() for secret in secrets if secret]:
        return found
    raise ConfigurationError.of(
        f"{source} webhook", "secret", "missing", "configure the secret shared with the sender"
    )
