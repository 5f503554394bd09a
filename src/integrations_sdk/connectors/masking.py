"""Credentials out of what a vendor sends back: some servers repeat in an error what they were sent. Pure.

A repeated credential is seldom the text that was configured: it is the path of a webhook's URL, the key in a
DSN, one line of a PEM file, the base64 of user and token; escaped for JSON, HTML or a URL, or in hexadecimal.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import quote, unquote, urlsplit

import attrs

from integrations_sdk.http.base import Headers, Response
from integrations_sdk.http.redaction import names_credential
from integrations_sdk.models import MASK, JsonValue, Secret

__all__ = ["Credentials", "Masks", "spellings"]

_SHORTEST: Final = 4  # below it, replacing would tell more than it hides
_SHORTEST_PART: Final = 8
_UNMISTAKABLE: Final = 16
_MOST_LENT: Final = 8
_WORD: Final = re.compile(r"[a-z._-]*|[A-Z._-]*")  # `services` in a URL is no secret


class Masks:
    """Puts `••••` in the place of credentials.

    In a refusal, which is read by people, it does so with everything that could be one; in good data, where a
    password such as `password` could as well be the name of a field, only with what is 16 characters or longer.

    Args:
        secrets: revealed; the parts that give access by themselves are found here.
    """

    __slots__ = ("_bytes", "_long", "_long_bytes", "_texts")

    def __init__(self, secrets: Iterable[str]) -> None:
        found = {spelling for secret in secrets for spelling in spellings(secret)}
        self._texts = sorted(found, key=len, reverse=True)  # the whole goes before its parts
        self._bytes = [text.encode("utf-8", "surrogatepass") for text in self._texts]
        self._long = [text for text in self._texts if len(text) >= _UNMISTAKABLE]
        self._long_bytes = self._bytes[: len(self._long)]

    def text(self, text: str) -> str:
        """The text without credentials."""
        return _without(text, self._texts)

    def optional(self, text: str | None) -> str | None:
        """`text()` of what may not be there."""
        return None if text is None else self.text(text)

    def data(self, value: JsonValue, source: bytes) -> JsonValue:
        """Good data without credentials, in names and in values; itself if there are none in its `source`."""
        if any(spelling in source for spelling in self._long_bytes):
            return self._cleared(value)
        return value

    def response(self, response: Response) -> Response:
        """The answer without credentials in its headers and body; itself if there are none in it."""
        content = response.content
        for spelling in self._bytes:
            if spelling in content:
                content = content.replace(spelling, MASK.encode())
        headers = {name: self.text(value) for name, value in response.headers.items()}
        if content is response.content and headers == dict(response.headers):
            return response
        return attrs.evolve(response, headers=Headers(headers), content=content)

    def _cleared(self, value: JsonValue) -> JsonValue:
        match value:
            case str():
                return _without(value, self._long)
            case list():
                return [self._cleared(item) for item in value]
            case dict():
                return {_without(name, self._long): self._cleared(item) for name, item in value.items()}
        return value


class Credentials:
    """What one integration gets in with: its configured credentials, and what it was lent since.

    Args:
        configured: reveals the configured ones.
    """

    def __init__(self, configured: Callable[[], Iterable[str]]) -> None:
        self._configured = configured
        self._lent: dict[Secret, None] = {}
        self._masks: Masks | None = None

    def note(self, headers: Mapping[str, str]) -> None:
        """Remember what gets in beside the configured credentials: tokens that last an hour, sessions."""
        for name, value in headers.items():
            if names_credential(name) and (lent := Secret(value)) not in self._lent:
                self._lent = dict.fromkeys([*self._lent, lent][-_MOST_LENT:])
                self._masks = None

    @property
    def masks(self) -> Masks:
        """What hides all of them."""
        if self._masks is None:
            self._masks = Masks([*self._configured(), *(secret.reveal() for secret in self._lent)])
        return self._masks


def spellings(secret: str) -> set[str]:
    """Every form in which a server may repeat a secret, or the part of it that gives access.

    Nothing of secrets with fewer than 4 characters, and only the text itself of those with fewer than 8.
    """
    if len(secret) < _SHORTEST_PART:
        return {secret} if len(secret) >= _SHORTEST else set()
    parts = {secret, *(part for part in _parts(secret) if len(part) >= _SHORTEST_PART)}
    return {spelling for part in parts for spelling in _encodings(part)}


def _without(text: str, spellings: Iterable[str]) -> str:
    for spelling in spellings:
        if spelling in text:
            text = text.replace(spelling, MASK)
    return text


def _parts(secret: str) -> Iterator[str]:
    """The lines of a PEM file; words; of a URL its user, password, path with query, and their parts."""
    lines = [line for line in re.split(r"\n|\\n", secret) if not line.startswith("-----")]
    for word in (word for line in lines for word in line.split()):
        yield word  # `Bearer …`
        yield from (part for part in re.split(r"[;,=]", word) if not _WORD.fullmatch(part))  # `session=…;`
    if "://" not in secret:
        return
    try:
        url = urlsplit(secret)
    except ValueError:
        return
    user = url.netloc.rpartition("@")[0]
    target = url.path + (f"?{url.query}" if url.query else "")
    steps = [part for part in re.split(r"[/?&=]", target) if not _WORD.fullmatch(part)]
    for part in (user, *user.split(":"), target, *steps):
        yield part
        yield unquote(part)


def _encodings(text: str) -> Iterator[str]:
    raw = text.encode("utf-8", "surrogatepass")
    yield text
    for escaped in (quote(raw, safe=""), quote(raw)):
        yield escaped
        yield re.sub(r"%[0-9A-F]{2}", lambda code: code[0].lower(), escaped)
    for ascii_only in (True, False):
        written = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield written
        yield written.replace("/", "\\/")
    yield html.escape(text)
    yield raw.hex()
    yield from _in_base64(raw)


def _in_base64(raw: bytes) -> Iterator[str]:
    """What of the bytes is seen in base64, whatever stands before and after them (`user:` of basic auth)."""
    for before in range(3):
        start, end = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(before) + raw).decode()[start:end]
