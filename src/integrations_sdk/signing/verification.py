"""`verify()` what arrived, and `sign()` what a sender would send."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from integrations_sdk.errors import ConfigurationError
from integrations_sdk.models import Secret
from integrations_sdk.signing.keys import PUBLIC_KEY_PREFIX
from integrations_sdk.signing.message import Message, lower
from integrations_sdk.signing.scheme import HmacScheme
from integrations_sdk.signing.signature import Proof
from integrations_sdk.signing.sources import GITLAB_TOKEN, PROOFS, SOURCES

__all__ = [
    "TOLERANCE",
    "SecretsGiven",
    "check_id",
    "secrets_given",
    "sign",
    "verify",
    "verify_gitlab_token",
]

SecretsGiven: TypeAlias = str | Secret | Sequence[str | Secret]
"""One secret or several (an old and a new one); each may be a reference such as `env:NAME`."""

TOLERANCE: Final = timedelta(minutes=5)
"""How far a signed time may be from the time of arrival unless told otherwise."""


_WITH_KEY_PAIRS: Final = frozenset({"gitlab", "standard_webhooks"})


def verify(
    source: str,
    headers: Mapping[str, str],
    body: bytes,
    secrets: Sequence[Secret],
    *,
    now: datetime,
    tolerance: timedelta = TOLERANCE,
    scheme: HmacScheme | None = None,
) -> None:
    """Return if the message is from `source` and fresh.

    Senders that sign no time (GitHub, Jira, PagerDuty, plain tokens) cannot be checked for freshness: drop
    repeated messages by `sender_id()`.

    Args:
        source: one of `SOURCES`; with `scheme` any other name, e.g. `custom`.
        headers: the request's headers; names compare without regard to case.
        body: the request's body, byte for byte as it arrived.
        secrets: what is shared with the sender; any one of them will do, so that a new one can be brought in
            before the old one is gone. For Standard Webhooks `whsec_…` checks `v1` and a public key
            `whpk_…` checks `v1a` signatures; for GitLab what begins so is a signing token.
        now: the time of arrival.
        tolerance: how far the signed time may be from `now`, in both directions.
        scheme: how a sender signs that is none of `SOURCES`.

    Raises:
        SignatureError: not authentic, or stale; says what to check, never the right signature or a secret.
        ConfigurationError: unknown source, no secret, or a secret that cannot be one.
    """
    proof = _proof(source, scheme)
    usable = _usable(source, secrets)
    proof.verify(Message(headers=lower(headers), body=body, now=now, tolerance=tolerance), usable)


def verify_gitlab_token(headers: Mapping[str, str], token: Secret) -> None:
    """Return if `X-Gitlab-Token` is the token.

    Raises:
        SignatureError: it is missing or another one.
        ConfigurationError: the token is empty, or a reference that was not resolved.
    """
    GITLAB_TOKEN.check(lower(headers), _usable("gitlab", [token]))


def sign(
    source: str,
    body: bytes,
    secret: Secret | Sequence[Secret],
    *,
    now: datetime,
    id: str,  # noqa: A002  # as the header
    scheme: HmacScheme | None = None,
) -> dict[str, str]:
    """The headers with which `source` would send the body, its proof and the message's id among them.

    Args:
        source: one of `SOURCES`; with `scheme` any other name.
        secret: for Standard Webhooks `whsec_` and base64, a private key `whsk_…`, or any text, which is then
            the key as it is. Several, newest first, while one is replaced: each makes a signature where the
            header has room for several; elsewhere the last, which receivers know longest, makes the only one.
        now: the time to sign, to the second.
        id: of the message, the same when it is sent again; printable ASCII without spaces and full stops.
            Slack, PagerDuty and Stripe carry their id in the body, so there it is not used.

    Raises:
        ConfigurationError: unknown source, a secret that cannot be one, or a malformed id.
    """
    proof = _proof(source, scheme)
    check_id(id)
    secrets = [secret] if isinstance(secret, Secret) else secret
    return proof.sign(body, _usable(source, secrets), str(int(now.timestamp())), id)


def check_id(id: str) -> None:  # noqa: A002  # as the header
    """Return if a message's id can be signed: it neither injects a header nor blurs where id and time end.

    Raises:
        ConfigurationError: it cannot.
    """
    if not re.fullmatch(r"[!-\-/-~]{1,256}", id):
        raise ConfigurationError.of("signature", "id", "expected printable characters, no space or full stop")


def secrets_given(source: str, given: SecretsGiven) -> tuple[Secret, ...]:
    """What a caller gave, as secrets: at least one.

    Raises:
        ConfigurationError: one is empty or no text, or there is none.
    """
    items: object = [given] if isinstance(given, str | Secret) else given
    found: list[object] = list(items) if isinstance(items, list | tuple) else []
    secrets = tuple(Secret(item) for item in found if isinstance(item, str | Secret) and item)
    if not secrets or len(secrets) < len(found):
        wrong = "expected some text, a reference such as env:NAME, or a list of them"
        raise ConfigurationError.of(
            f"{source} webhook", "secret", wrong, "copy it from the sender's settings"
        )
    return secrets


def _proof(source: str, scheme: HmacScheme | None) -> Proof:
    if scheme is not None:
        if source in PROOFS:
            wrong = f"{source} signs in a way of its own, so a scheme is not looked at"
            raise ConfigurationError.of(
                "signature", "scheme", wrong, "leave it out, or name the sender `custom`"
            )
        return scheme.proof()
    if source not in PROOFS:
        remedy = f"known: {', '.join(SOURCES)}; of any other pass scheme=HmacScheme(…)"
        raise ConfigurationError.of("signature", "source", "unknown source", remedy)
    return PROOFS[source]


def _usable(source: str, secrets: Sequence[Secret]) -> list[str]:
    if any(secret.is_reference for secret in secrets):
        # As a key, "env:NAME" could be guessed by anybody.
        raise ConfigurationError.of(
            f"{source} webhook", "secret", "expected the value, not a reference", "resolve it first"
        )
    found = [secret.reveal() for secret in secrets if secret]
    if source not in _WITH_KEY_PAIRS and any(text.startswith(PUBLIC_KEY_PREFIX) for text in found):
        raise ConfigurationError.of(
            f"{source} webhook",
            "secret",
            "expected a secret; a public key is known to anybody",
            "copy it anew",
        )
    if found:
        return found
    raise ConfigurationError.of(
        f"{source} webhook", "secret", "missing", "configure the secret shared with the sender"
    )
