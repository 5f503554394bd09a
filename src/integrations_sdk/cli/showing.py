"""`Presenter`: a request in words or as a record, without credentials and without control characters. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, unquote_plus

import attrs

from integrations_sdk.cli.console import Style
from integrations_sdk.cli.judging import Verdict
from integrations_sdk.codec import is_deep
from integrations_sdk.connectors.masking import Masks
from integrations_sdk.delivery.sending import excerpt
from integrations_sdk.http.redaction import names_credential
from integrations_sdk.http.serving import Arrived
from integrations_sdk.messages import message_for
from integrations_sdk.models import MASK, JsonValue, plain
from integrations_sdk.models.delivery import EXCERPT_BYTES

__all__ = ["Presenter", "Seen", "printable"]

_SECRET_FIELD: Final = re.compile(
    r"""(?ix) token | secret | passw | authorization | cookie | crumb | credential | session | signature
    | (?:access|api|encryption|private|signing)[_-]?key | (?:hook|response)[_-]?url"""
)


@attrs.frozen(kw_only=True)
class Seen:
    """A request, when it arrived, and what it was found to be."""

    at: datetime
    arrived: Arrived
    verdict: Verdict


class Line(NamedTuple):
    """A line of the presentation."""

    style: Style
    text: str


class Presenter:
    """Presents requests.

    Args:
        masks: hides the secrets that are known, in whatever spelling, wherever they stand.
        body_limit: characters of a body that are shown; 0: none.
    """

    def __init__(self, masks: Masks, *, body_limit: int) -> None:
        self._masks = masks
        self._body_limit = body_limit

    def lines(self, seen: Seen) -> Iterator[Line]:
        """The request for people."""
        arrived, verdict = seen.arrived, seen.verdict
        style: Style = "bad" if verdict.refused else "good" if verdict.verified else "head"
        at = seen.at.astimezone().strftime("%H:%M:%S")
        yield self._line(style, f"{at} {arrived.method} {self._target(arrived)} → {verdict.status}")
        yield from (self._line(style, f"  {text}") for text in _findings(verdict))
        for name, value in self._headers(arrived).items():
            yield self._line("dim", f"    {name}: {value}")
        yield from (self._line("json", f"    {text}") for text in self._body(arrived))
        yield Line("dim", "")

    def record(self, seen: Seen) -> dict[str, JsonValue]:
        """The request for programs: a JSON object."""
        arrived, verdict = seen.arrived, seen.verdict
        value = _json_of(arrived)
        whole = value is not None and len(arrived.body) <= self._body_limit
        event = {**dict(verdict.event or {}), "data": None}
        record: dict[str, JsonValue] = {
            "time": plain(seen.at),
            "method": arrived.method,
            "target": self._target(arrived),
            "headers": dict(self._headers(arrived)),
            "body": _masked(value) if whole else None,
            "excerpt": None if whole else "\n".join(self._body(arrived)),
            "size": len(arrived.body),
            "status": verdict.status,
            "verified": verdict.verified,
            "reason": verdict.reason,
            "repeated": verdict.repeated,
            "event": _masked(_without_none(event)) if verdict.event else None,
        }
        return {name: self._cleared(item) for name, item in record.items()}

    def _cleared(self, value: JsonValue) -> JsonValue:
        match value:
            case str():
                return self._masks.text(value)
            case list():
                return [self._cleared(item) for item in value]
            case dict():
                return {self._masks.text(name): self._cleared(item) for name, item in value.items()}
        return value

    def _line(self, style: Style, text: str) -> Line:
        return Line(style, printable(self._masks.text(text)))

    def _target(self, arrived: Arrived) -> str:
        path, mark, query = arrived.target.partition("?")
        pairs = [part.partition("=") for part in query.split("&")]
        return (
            path
            + mark
            + "&".join(
                name + equals + (MASK if equals and _is_secret(unquote_plus(name)) else value)
                for name, equals, value in pairs
            )
        )

    def _headers(self, arrived: Arrived) -> dict[str, str]:
        return {
            name: MASK if _is_secret(name) else self._masks.text(value)
            for name, value in arrived.headers.items()
        }

    def _body(self, arrived: Arrived) -> Iterator[str]:
        """The body in lines."""
        if not arrived.body or not self._body_limit:
            return
        value = _json_of(arrived)
        if value is not None:
            text = self._masks.text(json.dumps(_masked(value), ensure_ascii=False, indent=2))
        elif (decoded := _text_of(arrived.body)) is not None:
            text = excerpt(self._masks.text(decoded))
            text += " …" if len(arrived.body) > EXCERPT_BYTES else ""
        else:
            text = f"({len(arrived.body):,} bytes that are no text)"
        yield from text[: self._body_limit].splitlines()
        if len(text) > self._body_limit:
            yield f"… {len(text) - self._body_limit:,} characters more"


def printable(text: str) -> str:
    """The text with every character escaped that could do something to a terminal."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _findings(verdict: Verdict) -> Iterator[str]:
    if verdict.reason is not None:
        yield f"refused: {verdict.reason}"
    elif verdict.verified:
        yield "verified"
    elif verdict.event is not None or verdict.repeated:
        yield "not verified: give --secret"
    if verdict.repeated:
        yield "repeated: a message of this id arrived before"
    if (event := verdict.event) is not None:
        facts = [event.type, event.action, event.status, event.project, event.branch]
        yield f"event: {' '.join(fact for fact in facts if fact)}: {message_for(event).title}"


def _is_secret(name: str) -> bool:
    return names_credential(name) or "signature" in name.lower()


def _json_of(arrived: Arrived) -> JsonValue:
    """The body as JSON, or a form as what its fields hold; None where it is neither."""
    kind = arrived.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded" and b"=" in arrived.body:
        try:
            fields = parse_qsl(arrived.body.decode(), keep_blank_values=True, max_num_fields=1_000)
        except ValueError:
            return None
        return {name: _read_json(value.encode("utf-8", "replace"), value) for name, value in fields} or None
    return _read_json(arrived.body, None)


def _read_json(body: bytes, otherwise: JsonValue) -> JsonValue:
    try:
        value: JsonValue = json.loads(body)
    except (ValueError, RecursionError):
        return otherwise
    return otherwise if is_deep(value) else value


def _text_of(body: bytes) -> str | None:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _masked(value: JsonValue, *, hidden: bool = False) -> JsonValue:
    """The value without what stands in a field whose name says that it is secret."""
    match value:
        case dict():
            return {
                name: _masked(item, hidden=bool(_SECRET_FIELD.search(name))) for name, item in value.items()
            }
        case list():
            return [_masked(item, hidden=hidden) for item in value]
        case bool() | None:
            return value
    return MASK if hidden else value


def _without_none(record: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: value for name, value in record.items() if value is not None}
