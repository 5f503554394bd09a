"""What goes on the wire: paths, queries and bodies, encoded so that no value can break out. Pure."""

from __future__ import annotations

import base64
import json as json_codec
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Final, TypedDict, cast
from urllib.parse import quote, urlencode

from integrations_sdk.errors import ConfigurationError, Problem
from integrations_sdk.http.base import RateLimit, RetryPolicy
from integrations_sdk.models import Attachment, JsonValue

__all__ = [
    "CallOptions",
    "ascii_host",
    "basic",
    "chosen",
    "encoded",
    "given",
    "json_bytes",
    "multipart",
    "query_string",
    "url_path",
]

_STEPS: Final = frozenset({"", ".", ".."})
_MEDIA_TYPE: Final = re.compile(r"[\w.+-]+/[\w.+-]+(; ?[\w-]+=[\w.-]+)*", re.ASCII)
# `json.dumps` with any option makes an encoder for every call
_TO_JSON: Final = json_codec.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


class CallOptions(TypedDict, total=False):
    """What `Connector.call()` takes beside method, URL and operation, for methods that pass it on."""

    json: object
    form: Mapping[str, str] | Sequence[tuple[str, str]] | None
    content: bytes | None
    content_type: str | None
    compress: bool
    query: Mapping[str, str | Sequence[str]] | None
    headers: Mapping[str, str] | None
    idempotent: bool | None
    retry: RetryPolicy | None
    rate: RateLimit | None
    account: str
    authorize: bool
    accept: Collection[int]


def url_path(template: str, /, **values: object) -> str:
    """A path with its values percent-encoded, slashes included: `url_path("/job/{name}", name="a/b")`.

    Raises:
        ConfigurationError: a value is empty, `.` or `..`, which would lead to another place than is meant.
    """
    texts = {name: str(value) for name, value in values.items()}
    if wrong := [name for name, text in texts.items() if text in _STEPS]:
        problems = [Problem(name, "expected something other than nothing, `.` and `..`") for name in wrong]
        raise ConfigurationError("request", problems)
    return template.format_map({name: quote(text, safe="", errors="replace") for name, text in texts.items()})


def ascii_host(host: str) -> str | None:
    """A host's name in ASCII (RFC 5890: `münchen.example` is `xn--mnchen-3ya.example`); None if it has none."""
    try:
        return host.lower() if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return None


def query_string(query: Mapping[str, str | Sequence[str]] | None) -> str:
    """`?` and the query; empty when there is none."""
    return "?" + urlencode(query, doseq=True, errors="replace") if query else ""


def basic(user: str, password: str) -> str:
    """The value of `Authorization` for HTTP Basic (RFC 7617), in UTF-8."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode('utf-8', 'replace')).decode()}"


def given(**fields: JsonValue) -> dict[str, JsonValue]:
    """The fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def chosen(names: Iterable[str], *sources: object) -> dict[str, JsonValue]:
    """The attributes of these names, each from the first source that has a value for it; none: left out."""
    held: dict[str, JsonValue] = {}
    for name in names:
        values = (getattr(source, name, None) for source in sources)
        held[name] = next((value for value in values if value), None)
    return given(**held)


def json_bytes(value: object) -> bytes:
    """Compact JSON in UTF-8; a lone surrogate, which UTF-8 cannot hold, becomes `?`.

    Raises:
        ConfigurationError: something in it has no JSON form, or is NaN or infinite, or nests without end.
    """
    try:
        text = _TO_JSON(value)
    except (TypeError, ValueError, RecursionError) as error:
        remedy = "use text, finite numbers, true, false, null, lists and mappings"
        raise ConfigurationError.of("request", "body", "expected what JSON can hold", remedy) from error
    return text.encode("utf-8", "replace")


def multipart(fields: Mapping[str, str], files: Mapping[str, Attachment]) -> tuple[bytes, str]:
    """A form with files (RFC 7578), and its content type.

    The boundary is made of the content, so the same form has the same bytes; nothing in it can be the boundary.
    """
    parts = [
        (f'name="{_quoted(name)}"', "", text.encode("utf-8", "replace")) for name, text in fields.items()
    ]
    for name, file in files.items():
        kind = file.media_type if _MEDIA_TYPE.fullmatch(file.media_type) else "application/octet-stream"
        named = f'name="{_quoted(name)}"; filename="{_quoted(file.name)}"'
        parts.append((named, f"\r\ncontent-type: {kind}", file.content))
    digest = sha256(b"\0".join(content for _, _, content in parts)).hexdigest()[:40]
    pieces = [
        f"--{digest}\r\ncontent-disposition: form-data; {named}{kind}\r\n\r\n".encode() + content + b"\r\n"
        for named, kind, content in parts
    ]
    return b"".join(pieces) + f"--{digest}--\r\n".encode(), f"multipart/form-data; boundary={digest}"


def _quoted(name: str) -> str:
    """A name within a header, as browsers write it."""
    clean = name.encode("utf-8", "replace").decode()
    return clean.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").replace("\0", "%00")


def encoded(json: object, form: object, content: bytes | None) -> tuple[bytes, str | None]:
    """A request's body out of whichever of the three is given, and its content type."""
    if json is not None:
        return json_bytes(json), "application/json"
    if form is not None:
        text = urlencode(cast("Mapping[str, str]", form), doseq=True, errors="replace")
        return text.encode(), "application/x-www-form-urlencoded"
    return content or b"", None
