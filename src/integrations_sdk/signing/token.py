"""A proof by showing the secret itself, which proves the sender but not the body."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

import attrs

from integrations_sdk.signing.digests import same
from integrations_sdk.signing.message import LONGEST_HEADER, Message, refuse

__all__ = ["TokenProof"]


@attrs.frozen(kw_only=True)
class TokenProof:
    """The secret in a header.

    Attributes:
        basic: also as the password of HTTP basic authentication (RFC 7617).
        ids: headers that carry the message's id.
    """

    header: str
    basic: bool = False
    ids: tuple[str, ...] = ()

    def verify(self, message: Message, secrets: Sequence[str]) -> None:
        """Return if the header shows one of the secrets; `SignatureError` if not."""
        self.check(message.headers, secrets)

    def check(self, headers: Mapping[str, str], secrets: Sequence[str]) -> None:
        """`verify()` for headers alone, with names in lower case."""
        token = headers.get(self.header) or (_basic_password(headers) if self.basic else None)
        if not token:
            refuse(f"the header {self.header} is missing", "set the secret token at the sender")
        if not sum(same(secret, token) for secret in secrets):
            refuse(f"{self.header} is not the configured token", "compare it with the sender's")

    def sign(self, _body: bytes, secrets: Sequence[str], _time: str, id_: str) -> dict[str, str]:
        """The last secret, for there is room for one only."""
        return {self.header: secrets[-1], **dict.fromkeys(self.ids, id_)}


def _basic_password(headers: Mapping[str, str]) -> str | None:
    kind, _, encoded = headers.get("authorization", "")[:LONGEST_HEADER].partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")[2]
    except ValueError:  # UnicodeDecodeError and binascii.Error are kinds of it
        return None
