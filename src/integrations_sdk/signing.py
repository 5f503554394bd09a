"""Signatures of webhooks: what a sender must have sent, checked; and what a receiver expects, made. Pure.

- `gitlab`: `X-Gitlab-Token` is the secret token; with a signing token (GitLab 19.0) a Standard Webhooks
  signature, whose `webhook-id` is the `Idempotency-Key`. docs.gitlab.com, "Webhooks".
- `github`: `X-Hub-Signature-256: sha256=<hex>` of the body. docs.github.com, "Validating webhook deliveries".
- `jira`: `X-Hub-Signature: sha256=<hex>` of the body. developer.atlassian.com, "Secure admin webhooks".
- `jenkins`: no signature; `X-Jenkins-Token`, where the sender can set a header, or the password of HTTP basic
  authentication, which the notification plugin takes from the URL's user info.
- `slack`: `X-Slack-Signature: v0=<hex>` of time and body. docs.slack.dev, "Verifying requests from Slack".
- `pagerduty`: `X-PagerDuty-Signature: v1=<hex>,v1=<hex>` of the body. docs.pagerduty.com, "Verifying webhook
  signatures".
- `stripe`: `Stripe-Signature: t=<time>,v1=<hex>` of time and body. docs.stripe.com, "Receive Stripe events".
- `standard_webhooks`: `webhook-signature: v1,<base64> v1,<base64>` of id, time and body.
  standardwebhooks.com, specification 1.0.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NoReturn

import attrs

from integrations_sdk.errors import ConfigurationError, SignatureError
from integrations_sdk.models import JsonValue, Secret

__all__ = [
    "SIGNING_TOKEN_PREFIX",
    "SOURCES",
    "hmac_sha256_hex",
    "same",
    "sender_id",
    "sign",
    "verify",
    "verify_gitlab_token",
]

SIGNING_TOKEN_PREFIX: Final = "whsec_"  # noqa: S105  # the mark of a secret, not one itself
"""What a Standard Webhooks secret, and a GitLab signing token, begins with; base64 of the key follows."""

_TOLERANCE: Final = timedelta(minutes=5)
_MOST_SIGNATURES: Final = 16
_LONGEST_HEADER: Final = 4096
_LONGEST_ID: Final = 256

_Headers = Mapping[str, str]


def hmac_sha256_hex(secret: bytes, body: bytes) -> str:
    """HMAC-SHA256 of the body under the secret, as lower-case hexadecimal."""
    return hmac.digest(secret, body, hashlib.sha256).hex()


def same(one: str, other: str) -> bool:
    """Whether two texts are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(_bytes(one), _bytes(other))


def verify(
    source: str,
    headers: Mapping[str, str],
    body: bytes,
    secrets: Sequence[Secret],
    *,
    now: datetime,
    tolerance: timedelta = _TOLERANCE,
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
    scheme = _scheme(source)
    usable = _usable(source, secrets)
    scheme.verify(_Message(headers=_lower(headers), body=body, now=now, tolerance=tolerance), usable)


def verify_gitlab_token(headers: Mapping[str, str], token: Secret) -> None:
    """Return if `X-Gitlab-Token` is the token.

    Raises:
        SignatureError: it is missing or another one.
        ConfigurationError: the token is empty, or a reference that was not resolved.
    """
    _GITLAB_TOKEN.check(_lower(headers), _usable("gitlab", [token]))


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
    scheme = _scheme(source)
    if not re.fullmatch(r"[!-\-/-~]{1,256}", id):
        raise ConfigurationError.of("signature", "id", "expected printable characters, no space or full stop")
    return scheme.sign(body, _usable(source, [secret])[0], str(int(now.timestamp())), id)


def sender_id(source: str, headers: Mapping[str, str], body: JsonValue = None) -> str | None:
    """The sender's own id of a message, the same when it sends the message again; None if it gives none.

    Args:
        source: one of `SOURCES`; of any other only `webhook-id` and `Idempotency-Key` are looked at.
        body: the parsed body, for senders whose id is in it.
    """
    names, path = _IDS.get(source, (("webhook-id", "idempotency-key"), ()))
    given = _lower(headers)
    value: object = body if path else None
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    found = [*(given.get(name) for name in names), value]
    return next((item for item in found if isinstance(item, str) and 0 < len(item) <= _LONGEST_ID), None)


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


# --- how each proof looks -----------------------------------------------------


@attrs.frozen(kw_only=True)
class _Message:
    """What arrived; header names in lower case."""

    headers: _Headers
    body: bytes
    now: datetime
    tolerance: timedelta


@attrs.frozen(kw_only=True)
class _Hmac:
    """An HMAC-SHA256 in a header.

    Attributes:
        header: carries the signatures.
        time_header: carries the time that is signed; None where none is. The id that is signed: `id_header`.
        prefix: stands before each signature; others (another version) are passed over.
        separator: stands between signatures; None where there is only one.
        content: what is signed, from id, time and body.
        keys: what a secret can mean; the first is what we sign with.
        encode: the digest's form.
        own_id: header for the message's id where it is not signed.
    """

    header: str
    prefix: str
    separator: str | None = None
    time_header: str | None = None
    id_header: str | None = None
    own_id: str | None = None
    content: Callable[[bytes, bytes, bytes], bytes] = lambda _id, _time, body: body
    keys: Callable[[str], tuple[bytes, ...]] = lambda secret: (_bytes(secret),)
    encode: Callable[[bytes], str] = bytes.hex

    def verify(self, message: _Message, secrets: Sequence[str]) -> None:
        given, line = message.headers, _required(message.headers, self.header)
        time = self._time(given, line)
        id_ = _required(given, self.id_header) if self.id_header else ""
        offered = [part[len(self.prefix) :] for part in self._split(line) if part.startswith(self.prefix)]
        if not offered:
            _refuse(f"{self.header} holds no {self.prefix}… signature", "is this the right source?")
        signed = self.content(_bytes(id_), _bytes(time), message.body)
        expected = [self._signature(key, signed) for secret in secrets for key in self.keys(secret)]
        # Every pair is compared, so the time taken tells nothing of which secret fits.
        if not sum(same(ours, theirs) for ours in expected for theirs in offered[:_MOST_SIGNATURES]):
            _refuse(f"{self.header} does not fit", "compare the secrets, and pass the body on unchanged")
        if self.time_header is not None:
            _check_time(time, message)

    def sign(self, body: bytes, secret: str, time: str, id_: str) -> dict[str, str]:
        content = self.content(_bytes(id_), _bytes(time), body)
        signature = self.prefix + self._signature(self.keys(secret)[0], content)
        headers = {name: id_ for name in (self.id_header, self.own_id) if name is not None}
        if self.time_header == self.header:
            return {**headers, self.header: f"t={time},{signature}"}
        if self.time_header is not None:
            headers[self.time_header] = time
        return {**headers, self.header: signature}

    def _signature(self, key: bytes, content: bytes) -> str:
        return self.encode(hmac.digest(key, content, hashlib.sha256))

    def _split(self, line: str) -> list[str]:
        return [part.strip() for part in line.split(self.separator)] if self.separator else [line.strip()]

    def _time(self, given: _Headers, line: str) -> str:
        if self.time_header is None:
            return ""
        if self.time_header == self.header:
            times = [part[2:] for part in self._split(line) if part.startswith("t=")]
            time = times[0] if len(times) == 1 else ""
        else:
            time = _required(given, self.time_header)
        if not re.fullmatch(r"[0-9]{1,12}", time):
            _refuse(f"{self.time_header} holds no time in whole seconds", "is this the right source?")
        return time


@attrs.frozen(kw_only=True)
class _Token:
    """The secret itself in a header, which proves the sender but not the body.

    Attributes:
        basic: also as the password of HTTP basic authentication.
        ids: headers that carry the message's id.
    """

    header: str
    basic: bool = False
    ids: tuple[str, ...] = ()

    def verify(self, message: _Message, secrets: Sequence[str]) -> None:
        self.check(message.headers, secrets)

    def check(self, given: _Headers, secrets: Sequence[str]) -> None:
        token = given.get(self.header) or (_basic_password(given) if self.basic else None)
        if not token:
            _refuse(f"the header {self.header} is missing", "set the secret token at the sender")
        if not sum(same(secret, token) for secret in secrets):
            _refuse(f"{self.header} is not the configured token", "compare it with the sender's")

    def sign(self, _body: bytes, secret: str, _time: str, id_: str) -> dict[str, str]:
        return {self.header: secret, **dict.fromkeys(self.ids, id_)}


@attrs.frozen
class _Gitlab:
    """A token, or a signature for signing tokens.

    A message that carries a signature stands and falls with it once a signing token is configured; with both
    kinds configured, one without a signature may still show the token, which is how one migrates.
    """

    def verify(self, message: _Message, secrets: Sequence[str]) -> None:
        signing = [secret for secret in secrets if secret.startswith(SIGNING_TOKEN_PREFIX)]
        tokens = [secret for secret in secrets if not secret.startswith(SIGNING_TOKEN_PREFIX)]
        if signing and (not tokens or _STANDARD.header in message.headers):
            _STANDARD.verify(message, signing)
        else:
            _GITLAB_TOKEN.verify(message, tokens)

    def sign(self, body: bytes, secret: str, time: str, id_: str) -> dict[str, str]:
        if secret.startswith(SIGNING_TOKEN_PREFIX):
            return {**_STANDARD.sign(body, secret, time, id_), **dict.fromkeys(_GITLAB_TOKEN.ids, id_)}
        return _GITLAB_TOKEN.sign(body, secret, time, id_)


def _standard_keys(secret: str) -> tuple[bytes, ...]:
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
    return (_bytes(secret), decoded) if decoded else (_bytes(secret),)


_STANDARD: Final = _Hmac(
    header="webhook-signature",
    time_header="webhook-timestamp",
    id_header="webhook-id",
    prefix="v1,",
    separator=" ",
    content=lambda id_, time, body: b".".join((id_, time, body)),
    keys=_standard_keys,
    encode=lambda digest: base64.b64encode(digest).decode(),
)
_GITLAB_TOKEN: Final = _Token(header="x-gitlab-token", ids=("idempotency-key", "x-gitlab-event-uuid"))
_SCHEMES: Final[Mapping[str, _Hmac | _Token | _Gitlab]] = {
    "gitlab": _Gitlab(),
    "github": _Hmac(header="x-hub-signature-256", prefix="sha256=", own_id="x-github-delivery"),
    "jira": _Hmac(header="x-hub-signature", prefix="sha256=", own_id="x-atlassian-webhook-identifier"),
    "jenkins": _Token(header="x-jenkins-token", basic=True),
    "slack": _Hmac(
        header="x-slack-signature",
        prefix="v0=",
        time_header="x-slack-request-timestamp",
        content=lambda _, time, body: b"v0:" + time + b":" + body,
    ),
    "pagerduty": _Hmac(header="x-pagerduty-signature", prefix="v1=", separator=","),
    "stripe": _Hmac(
        header="stripe-signature",
        prefix="v1=",
        separator=",",
        time_header="stripe-signature",
        content=lambda _, time, body: time + b"." + body,
    ),
    "standard_webhooks": _STANDARD,
}

SOURCES: Final = tuple(_SCHEMES)
"""The senders whose messages `verify()` can check."""


def _scheme(source: str) -> _Hmac | _Token | _Gitlab:
    if source not in _SCHEMES:
        raise ConfigurationError.of("signature", "source", "unknown source", f"known: {', '.join(SOURCES)}")
    return _SCHEMES[source]


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


def _lower(headers: _Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _required(given: _Headers, name: str) -> str:
    value = given.get(name, "")
    if not value:
        _refuse(
            f"the header {name} is missing",
            "is the secret set at the sender, and does a proxy drop the header?",
        )
    if len(value) > _LONGEST_HEADER:
        _refuse(f"the header {name} is longer than {_LONGEST_HEADER} characters", "is this the right source?")
    return value


def _check_time(time: str, message: _Message) -> None:
    age = message.now.timestamp() - int(time)
    if abs(age) > message.tolerance.total_seconds():
        direction = "old" if age > 0 else "in the future"
        _refuse(f"signed {abs(age):.0f} s {direction}", "it is a replay, or one of the two clocks is wrong")


def _basic_password(given: _Headers) -> str | None:
    kind, _, encoded = given.get("authorization", "")[:_LONGEST_HEADER].partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")[2]
    except ValueError:  # UnicodeDecodeError and binascii.Error are kinds of it
        return None


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _refuse(wrong: str, check: str) -> NoReturn:
    msg = f"{wrong}: {check}"
    raise SignatureError(msg)
