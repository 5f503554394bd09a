"""The senders that are known: how each proves a message, and where each puts the message's id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from integrations_sdk.models import JsonValue
from integrations_sdk.signing.message import Message, lower
from integrations_sdk.signing.scheme import HmacScheme
from integrations_sdk.signing.signature import HmacKind, Proof, SignatureProof, always
from integrations_sdk.signing.standard import KEY_PREFIXES, STANDARD
from integrations_sdk.signing.token import TokenProof

__all__ = ["GITLAB_TOKEN", "PROOFS", "SOURCES", "sender_id"]

_LONGEST_ID: Final = 256

GITLAB_TOKEN: Final = TokenProof(header="x-gitlab-token", ids=("idempotency-key", "x-gitlab-event-uuid"))
"""GitLab's secret token."""


@attrs.frozen
class _Gitlab:
    """A token, or a signature for signing tokens (`whsec_`, and the key pairs of Standard Webhooks).

    A message that carries a signature stands and falls with it once a signing token is configured; with both
    kinds configured, one without a signature may still show the token, which is how one migrates.
    """

    def verify(self, message: Message, secrets: Sequence[str]) -> None:
        signing, tokens = _sorted(secrets)
        if signing and (not tokens or STANDARD.header in message.headers):
            STANDARD.verify(message, signing)
        else:
            GITLAB_TOKEN.verify(message, tokens)

    def sign(self, body: bytes, secrets: Sequence[str], time: str, id_: str) -> dict[str, str]:
        signing, tokens = _sorted(secrets)
        return {
            **(STANDARD.sign(body, signing, time, id_) if signing else {}),
            **(
                GITLAB_TOKEN.sign(body, tokens, time, id_) if tokens else dict.fromkeys(GITLAB_TOKEN.ids, id_)
            ),
        }


def _sorted(secrets: Sequence[str]) -> tuple[list[str], list[str]]:
    signing = [secret for secret in secrets if secret.startswith(KEY_PREFIXES)]
    return signing, [secret for secret in secrets if secret not in signing]


PROOFS: Final[Mapping[str, Proof]] = {
    "gitlab": _Gitlab(),
    "github": SignatureProof(
        header="x-hub-signature-256", kind=always(HmacKind(prefix="sha256=")), own_id="x-github-delivery"
    ),
    "jira": SignatureProof(
        header="x-hub-signature",
        kind=always(HmacKind(prefix="sha256=")),
        own_id="x-atlassian-webhook-identifier",
    ),
    "jenkins": TokenProof(header="x-jenkins-token", basic=True),
    "slack": SignatureProof(
        header="x-slack-signature",
        kind=always(HmacKind(prefix="v0=")),
        time_header="x-slack-request-timestamp",
        content=lambda _, time, body: b"v0:" + time + b":" + body,
    ),
    "pagerduty": SignatureProof(
        header="x-pagerduty-signature", kind=always(HmacKind(prefix="v1=")), separator=","
    ),
    "stripe": SignatureProof(
        header="stripe-signature",
        kind=always(HmacKind(prefix="v1=")),
        separator=",",
        time_header="stripe-signature",
        content=lambda _, time, body: time + b"." + body,
    ),
    "standard_webhooks": STANDARD,
}
"""By the sender's name."""

SOURCES: Final = tuple(PROOFS)
"""The senders whose messages `verify()` can check without being told how."""

_IDS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "gitlab": (("idempotency-key", "webhook-id", "x-gitlab-event-uuid"), ()),
    "github": (("x-github-delivery",), ()),
    "jira": (("x-atlassian-webhook-identifier",), ()),
    "jenkins": ((), ()),
    "slack": ((), ("event_id",)),
    "pagerduty": ((), ("event", "id")),
    "stripe": ((), ("id",)),
    "standard_webhooks": (("webhook-id",), ()),
}


def sender_id(
    source: str, headers: Mapping[str, str], body: JsonValue = None, *, scheme: HmacScheme | None = None
) -> str | None:
    """The sender's own id of a message, the same when it sends the message again; None if it gives none.

    Args:
        source: one of `SOURCES`; of any other only `webhook-id` and `Idempotency-Key` are looked at.
        body: the parsed body, for senders whose id is in it.
        scheme: the sender's, whose id may be in a header of its own.
    """
    names, path = _IDS.get(source, (("webhook-id", "idempotency-key"), ()))
    if scheme is not None and scheme.id_header is not None:
        names = (scheme.id_header.lower(),)
    given = lower(headers)
    value: object = body if path else None
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    found = [*(given.get(name) for name in names), value]
    return next((item for item in found if isinstance(item, str) and 0 < len(item) <= _LONGEST_ID), None)
