"""`sign()`: headers with which a known sender would send a body, for tests of what receives it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from integrations_sdk import signing
from integrations_sdk.clock import uuid7

__all__ = ["sign"]

_EVENT_HEADERS: Final = {"gitlab": "x-gitlab-event", "github": "x-github-event"}


def sign(
    source: str,
    body: bytes | str,
    secret: signing.SecretsGiven,
    *,
    event: str | None = None,
    id: str | None = None,  # noqa: A002  # as the header
    now: datetime | None = None,
    scheme: signing.HmacScheme | None = None,
) -> dict[str, str]:
    """The headers of an authentic message: content type, proof, and the message's id where it is in a header.

    Args:
        source: one of `signing.SOURCES`; with `scheme` any other name.
        body: exactly what will be received; text is sent as UTF-8.
        secret: shared with the receiver, or for Standard Webhooks a private key (`whsk_…`). Several, newest
            first, sign as a sender does that is about to replace one.
        event: in the sender's own words, where those stand in a header: `Push Hook` of GitLab, `push` of GitHub.
        id: of the message; None: a new one. The same again is a repeated message.
        now: when it is signed; None: now. Something else makes a message that is stale, or from the future.
        scheme: how a sender signs that is none of `signing.SOURCES`.

    Raises:
        ConfigurationError: unknown source, a secret that cannot be one, or a malformed id.
    """
    moment = datetime.now(UTC) if now is None else now
    content = body.encode() if isinstance(body, str) else body
    secrets = signing.secrets_given(source, secret)
    headers = {"content-type": "application/json"}
    if event is not None and source in _EVENT_HEADERS:
        headers[_EVENT_HEADERS[source]] = event
    made = signing.sign(source, content, secrets, now=moment, id=id or uuid7(moment), scheme=scheme)
    return {**headers, **made}
