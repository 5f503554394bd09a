"""Requests of ours beside those of a vendor's client, both recorded by the vendor's stand-in and compared by meaning.

A request is taken apart into facts (`method`, `path`, `query.page`, `auth.authorization`, `body.fields.summary`).
Facts that differ must be listed with a reason, and what is listed must differ: an explanation cannot outlive
what it explains. User agents, encodings and a client's further headers are no facts.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, unquote

import attrs

from integrations_sdk.testing.standin import Received

__all__ = ["Difference", "Explanation", "Extra", "Varies", "compare", "facts"]

CREDENTIALS: Final = frozenset(
    {
        "authorization", "api-key", "dd-api-key", "dd-application-key", "private-token", "x-redmine-api-key",
        "x-sentry-auth", "x-vault-token",
    }
)  # fmt: skip
"""Headers that carry them."""


@attrs.frozen
class Difference:
    """A fact, and all below it, that is not the same on both sides."""

    where: str
    reason: str


@attrs.frozen
class Varies:
    """A fact that both have, of a value that is another each time: a time, an id that was made up."""

    where: str
    reason: str


@attrs.frozen
class Extra:
    """A request, `GET /path` with `*` for anything, that only one of both makes; all such, or the first `times`."""

    side: Literal["ours", "theirs"]
    request: str
    reason: str
    times: int | None = None

    def matches(self, received: Received) -> bool:
        pattern = re.escape(self.request).replace(r"\*", ".*")
        return re.fullmatch(pattern, f"{received.method} {received.path}") is not None


Explanation = Difference | Varies | Extra


def compare(
    ours: Sequence[Received],
    theirs: Sequence[Received],
    explained: Iterable[Explanation] = (),
    headers: Iterable[str] = (),
) -> None:
    """Assert that both sides made the same requests, but for what is explained.

    Args:
        headers: further ones that mean something here, e.g. `accept` where it says the API's version.
    """
    __tracebackhide__ = True
    explanations = tuple(explained)
    extras = [one for one in explanations if isinstance(one, Extra)]
    sides = {"ours": _without(ours, "ours", extras), "theirs": _without(theirs, "theirs", extras)}
    shown = {side: [f"{one.method} {one.path}" for one in requests] for side, requests in sides.items()}
    assert len(sides["ours"]) == len(sides["theirs"]), f"not as many requests: {shown}"
    problems: list[str] = []
    unseen = {one for one in explanations if not isinstance(one, Extra)}
    for left, right in zip(sides["ours"], sides["theirs"], strict=True):
        found, used = _judge(facts(left, headers), facts(right, headers), explanations)
        problems += found
        unseen -= used
    problems += [f"explained, but not so: {one.where} ({one.reason})" for one in unseen]
    assert not problems, "\n".join(problems)


def facts(request: Received, headers: Iterable[str] = ()) -> dict[str, object]:
    """What a request says, as comparable facts."""
    found: dict[str, object] = {"method": request.method, "path": unquote(request.path)}
    for name, values in _gathered(parse_qsl(request.query_string, keep_blank_values=True)).items():
        found[f"query.{name}"] = values
    for name in CREDENTIALS:
        if value := request.headers.get(name):
            found |= _credential(name, value)
    for name in headers:
        found[f"header.{name}"] = request.headers.get(name)
    if request.body:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        found["type"] = kind
        found |= _flat("body", _meaning(kind, request))
    return found


def _without(requests: Sequence[Received], side: str, extras: Sequence[Extra]) -> list[Received]:
    left = list(requests)
    for extra in (one for one in extras if one.side == side):
        found = [at for at, one in enumerate(left) if extra.matches(one)][: extra.times]
        assert found, f"explained, but not made: {extra.request} ({extra.reason})"
        left = [one for at, one in enumerate(left) if at not in found]
    return left


def _judge(
    ours: Mapping[str, object], theirs: Mapping[str, object], explanations: Sequence[Explanation]
) -> tuple[list[str], set[Explanation]]:
    """What nobody explains, and which explanations were of use."""
    problems, used = [], set()
    for where in sorted({*ours, *theirs}):
        both = where in ours and where in theirs
        varying = [one for one in explanations if isinstance(one, Varies) and _covers(one.where, where)]
        if both and varying and type(ours[where]) is type(theirs[where]):
            used.update(varying)
        elif not both or ours[where] != theirs[where]:
            known = [one for one in explanations if isinstance(one, Difference) and _covers(one.where, where)]
            used.update(known)
            if not known:
                problems.append(
                    f"{where}: ours {ours.get(where, 'absent')!r}, theirs {theirs.get(where, 'absent')!r}"
                )
    return problems, used


def _covers(listed: str, where: str) -> bool:
    pattern = re.escape(listed).replace(r"\[\*\]", r"\[\d+\]")
    return re.match(rf"{pattern}(?=$|[.\[])", where) is not None


def _meaning(kind: str, request: Received) -> Any:
    if kind == "application/x-www-form-urlencoded":
        return _gathered(parse_qsl(request.body.decode(), keep_blank_values=True))
    if kind == "multipart/form-data":
        return {name: _part(*part) for name, part in request.parts().items()}
    text = request.body.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return _lines(text)


def _part(filename: str | None, content: bytes) -> object:
    """What a field of a form says, or a file of it."""
    said = content.decode("utf-8", "replace")
    return said if filename is None else {"filename": filename, "content": said}


def _lines(text: str) -> Any:
    """JSON of several lines, such as Sentry's envelopes; otherwise the text itself."""
    try:
        return [json.loads(line) for line in text.splitlines() if line]
    except ValueError:
        return text


def _flat(where: str, value: Any) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict) and value:
        for name, below in value.items():
            yield from _flat(f"{where}.{name}", below)
    elif isinstance(value, list) and value:
        for number, below in enumerate(value):
            yield from _flat(f"{where}[{number}]", below)
    else:
        yield where, value


def _gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Repeated names as lists."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _credential(header: str, value: str) -> Iterator[tuple[str, str]]:
    """Scheme and credential; of `Basic` what it encodes, of AWS' signatures who signs for what, since times go in."""
    scheme, _, rest = value.partition(" ")
    if not rest:
        yield f"auth.{header}", value
        return
    if header == "x-sentry-auth":
        pairs = (part.strip().split("=", 1) for part in rest.split(","))
        yield from ((f"auth.{header}.{name}", given) for name, given in pairs)
        return
    if scheme.lower() == "basic":
        with contextlib.suppress(binascii.Error, UnicodeDecodeError):
            rest = base64.b64decode(rest).decode()
    if scheme == "AWS4-HMAC-SHA256":
        key, _, *scope = rest.partition(",")[0].removeprefix("Credential=").split("/")
        rest = "/".join([key, *scope])
    yield f"auth.{header}.scheme", scheme.lower()
    yield f"auth.{header}.credential", rest
