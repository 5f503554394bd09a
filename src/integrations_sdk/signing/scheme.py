"""`HmacScheme`: how a sender signs that is none of the known ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import attrs

from integrations_sdk.errors import ConfigurationError, Problem
from integrations_sdk.signing.signature import HmacKind, SignatureProof, always
from integrations_sdk.signing.standard import base64_text

__all__ = ["HmacScheme"]

_ALGORITHMS: Final = ("sha256", "sha512", "sha1")
_ENCODINGS: Final[Mapping[str, Callable[[bytes], str]]] = {"hex": bytes.hex, "base64": base64_text}
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")  # token, RFC 9110 §5.6.2
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]{0,64}")
_FIELD: Final = re.compile(r"\{(id|timestamp|body)\}")


@attrs.frozen(kw_only=True)
class HmacScheme:
    """An HMAC in a header, over the body and, where the sender says so, the time and the message's id.

    Attributes:
        header: carries the signature.
        prefix: stands before it, e.g. `sha256=`; printable ASCII, at most 64 characters.
        separator: stands between several signatures, e.g. `,`; None where there is only one.
        algorithm: `sha256`, `sha512`, or `sha1`, which is still sound in an HMAC but best left behind.
        encoding: `hex` in lower case, or `base64` with padding.
        timestamp_header: carries the time, in whole seconds since 1970; the header of the signature itself
            where that begins with `t=<time>,`; None where no time is signed, so that nothing shows freshness.
        id_header: carries the message's id; None where no id is signed.
        template: what is signed, of `{id}`, `{timestamp}` and `{body}`, each of which there is once, and text
            between; None: those there are, in this order, separated by full stops.

    Raises:
        ConfigurationError: naming everything wrong with it.
    """

    header: str
    prefix: str = ""
    separator: str | None = None
    algorithm: str = "sha256"
    encoding: str = "hex"
    timestamp_header: str | None = None
    id_header: str | None = None
    template: str | None = None

    def __attrs_post_init__(self) -> None:
        if problems := [*self._problems(), *self._template_problems()]:
            raise ConfigurationError("signature scheme", problems)

    def proof(self) -> SignatureProof:
        """What verifies and signs by this scheme."""
        kind = HmacKind(prefix=self.prefix, encode=_ENCODINGS[self.encoding], algorithm=self.algorithm)
        return SignatureProof(
            header=self.header.lower(),
            kind=always(kind),
            separator=self.separator,
            time_header=self.timestamp_header and self.timestamp_header.lower(),
            id_header=self.id_header and self.id_header.lower(),
            content=self._content,
        )

    def _content(self, id_: bytes, time: bytes, body: bytes) -> bytes:
        values = {"id": id_, "timestamp": time, "body": body}
        parts = _FIELD.split(self._template)  # text and names of fields in turn
        return b"".join(values[part] if at % 2 else part.encode() for at, part in enumerate(parts))

    @property
    def _expected(self) -> list[str]:
        given = {"id": self.id_header, "timestamp": self.timestamp_header, "body": self.header}
        return [field for field, header in given.items() if header is not None]

    @property
    def _template(self) -> str:
        return (
            ".".join(f"{{{field}}}" for field in self._expected) if self.template is None else self.template
        )

    def _problems(self) -> Iterable[Problem]:
        for field in ("header", "timestamp_header", "id_header"):
            name = getattr(self, field)
            if name is not None and not _NAME.fullmatch(name):
                yield Problem(field, "expected the name of a header", "letters, digits and hyphens")
        for field in ("prefix", "separator"):
            if not _PRINTABLE.fullmatch((getattr(self, field) or "").strip(" ")):
                yield Problem(field, "expected at most 64 characters of printable ASCII")
        if self.separator == "":
            yield Problem("separator", "expected some text", "leave it out where there is one signature only")
        if self.algorithm not in _ALGORITHMS:
            yield Problem("algorithm", f"expected one of {', '.join(_ALGORITHMS)}")
        if self.encoding not in _ENCODINGS:
            yield Problem("encoding", f"expected one of {', '.join(_ENCODINGS)}")
        if self.separator is None and _lower(self.timestamp_header) == _lower(self.header):
            yield Problem("separator", "missing; the time stands in the signature's header", "usually `,`")
        if self.id_header is not None and _lower(self.id_header) in {
            _lower(self.header),
            _lower(self.timestamp_header),
        }:
            yield Problem("id_header", "expected a header of its own")

    def _template_problems(self) -> Iterable[Problem]:
        fields = _FIELD.findall(self._template)
        if sorted(fields) != sorted(self._expected):
            wanted = ", ".join(f"{{{field}}}" for field in self._expected)
            yield Problem("template", f"expected {wanted}, each once", "one for each header that is given")
        text = _FIELD.sub("", self._template)
        if not re.fullmatch(r"[\n\x20-\x7a|~]{0,256}", text):
            yield Problem("template", "expected printable ASCII between the fields, without other braces")
        if "{id}{" in self._template or "}{id}" in self._template:
            yield Problem(
                "template", "expected text between {id} and its neighbours", "their border must be clear"
            )


def _lower(name: str | None) -> str | None:
    return name and name.lower()
