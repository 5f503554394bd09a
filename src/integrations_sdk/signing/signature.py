"""A proof by signature: one or several in a header, over the body and what else the sender signs."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import attrs

from integrations_sdk.signing.digests import same, utf8
from integrations_sdk.signing.message import Message, refuse

__all__ = ["HmacKind", "Kind", "Proof", "SignatureProof", "always"]

_MOST_SIGNATURES: Final = 16


class Proof(Protocol):
    """How a sender proves that a message is its own."""

    def verify(self, message: Message, secrets: Sequence[str]) -> None:
        """Return if one of the secrets proves the message; `SignatureError` if none does."""
        ...

    def sign(self, body: bytes, secrets: Sequence[str], time: str, id_: str) -> dict[str, str]:
        """The headers that prove it, names in lower case."""
        ...


class Kind(Protocol):
    """One kind of signature, known by what stands before it."""

    @property
    def prefix(self) -> str:
        """Stands before each signature."""
        ...

    def make(self, secret: str, content: bytes) -> str:
        """The signature, without the prefix."""
        ...

    def fits(self, secret: str, content: bytes, offered: Sequence[str]) -> bool:
        """Whether one of the signatures, without their prefix, is right."""
        ...


@attrs.frozen(kw_only=True)
class HmacKind:
    """An HMAC of the content.

    Attributes:
        keys: what a secret can mean; the first is what we sign with.
        encode: the digest's form.
        algorithm: by its name in `hashlib`.
    """

    prefix: str
    keys: Callable[[str], tuple[bytes, ...]] = lambda secret: (utf8(secret),)
    encode: Callable[[bytes], str] = bytes.hex
    algorithm: str = "sha256"

    def make(self, secret: str, content: bytes) -> str:
        """The digest under the first key."""
        return self._digest(self.keys(secret)[0], content)

    def fits(self, secret: str, content: bytes, offered: Sequence[str]) -> bool:
        """Every pair is compared, so the time taken tells nothing of which fits."""
        expected = [self._digest(key, content) for key in self.keys(secret)]
        return sum(same(ours, theirs) for ours in expected for theirs in offered) > 0

    def _digest(self, key: bytes, content: bytes) -> str:
        return self.encode(hmac.digest(key, content, self.algorithm))


def always(kind: Kind) -> Callable[[str], Kind]:
    """This kind, whatever the secret."""
    return lambda _: kind


@attrs.frozen(kw_only=True)
class SignatureProof:
    """Signatures in a header.

    Attributes:
        header: carries the signatures.
        kind: which kind a secret signs with; signatures of kinds that no secret is of are passed over.
        separator: stands between signatures; None where there is room for one only.
        time_header: carries the time that is signed, in whole seconds; None where none is.
        id_header: carries the id that is signed; None where none is.
        plain_ids: refuse an id with a full stop in it.
        own_id: carries the message's id where it is not signed.
        content: what is signed, from id, time and body.
    """

    header: str
    kind: Callable[[str], Kind]
    separator: str | None = None
    time_header: str | None = None
    id_header: str | None = None
    plain_ids: bool = False
    own_id: str | None = None
    content: Callable[[bytes, bytes, bytes], bytes] = lambda _id, _time, body: body

    def verify(self, message: Message, secrets: Sequence[str]) -> None:
        """As `Proof`; the time is looked at only when a signature fits."""
        line = message.header(self.header)
        time, id_ = self._time(message, line), self._id(message)
        kinds = [(self.kind(secret), secret) for secret in secrets]
        offered = self._offered(line, [kind.prefix for kind, _ in kinds])
        content = self.content(utf8(id_), utf8(time), message.body)
        # Every secret is tried, so the time taken tells nothing of which fits.
        if not sum(kind.fits(secret, content, offered[kind.prefix]) for kind, secret in kinds):
            refuse(f"{self.header} does not fit", "compare the secrets, and pass the body on unchanged")
        if self.time_header is not None:
            message.check_time(time)

    def sign(self, body: bytes, secrets: Sequence[str], time: str, id_: str) -> dict[str, str]:
        """As `Proof`. Where there is room for one signature only, it is the last secret's."""
        content = self.content(utf8(id_), utf8(time), body)
        made = [self.kind(secret).prefix + self.kind(secret).make(secret, content) for secret in secrets]
        headers = {name: id_ for name in (self.id_header, self.own_id) if name is not None}
        line = made[-1] if self.separator is None else self.separator.join(made)
        if self.time_header == self.header:
            return {**headers, self.header: f"t={time},{line}"}
        if self.time_header is not None:
            headers[self.time_header] = time
        return {**headers, self.header: line}

    def _offered(self, line: str, prefixes: Sequence[str]) -> Mapping[str, list[str]]:
        parts = self._split(line)
        offered = {
            prefix: [part[len(prefix) :] for part in parts if part.startswith(prefix)][:_MOST_SIGNATURES]
            for prefix in prefixes
        }
        if not any(offered.values()):
            wanted = " or ".join(f"{prefix}…" for prefix in offered)
            refuse(f"{self.header} holds no {wanted} signature", "is this the right source?")
        return offered

    def _split(self, line: str) -> list[str]:
        return [part.strip() for part in line.split(self.separator)] if self.separator else [line.strip()]

    def _id(self, message: Message) -> str:
        if self.id_header is None:
            return ""
        id_ = message.header(self.id_header)
        if self.plain_ids and "." in id_:
            # Otherwise where the id ends and the time begins could be moved into the body.
            refuse(f"{self.id_header} holds a full stop", "is this the right source?")
        return id_

    def _time(self, message: Message, line: str) -> str:
        if self.time_header is None:
            return ""
        if self.time_header == self.header:
            times = [part[2:] for part in self._split(line) if part.startswith("t=")]
            time = times[0] if len(times) == 1 else ""
        else:
            time = message.header(self.time_header)
        if not re.fullmatch(r"[0-9]{1,12}", time):
            refuse(f"{self.time_header} holds no time in whole seconds", "is this the right source?")
        return time
