r"""Payload templates: a JSON value whose texts may hold placeholders for values of the event. Pure.

| text | with an event whose `title` is `Fix "it"`, `number` 7, `branch` nothing | in the body |
|---|---|---|
| `{{ event.number }}` | a placeholder alone keeps the value's type | `7` |
| `!{{ event.number }}: {{ event.title }}` | within other text it becomes text | `"!7: Fix \"it\""` |
| `{{ event.data.commits[-1].message }}` | into lists by index, from the end too | the last one's message |
| `{{ event.branch }}`, `on {{ event.branch }}` | what is not there is null, or nothing | `null`, `"on "` |
| `{{ event.branch \| default("-") }}` | unless there is a default, a text, number, true or false | `"-"` |

There is nothing else: no expressions, no loops, no code. Names of fields are taken as they are.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from integrations_sdk.connectors.base import ConfigurationError, Event, JsonValue, Problem, json_bytes, plain

__all__ = ["MOST_BYTES", "Template", "template_problems"]

MOST_BYTES: Final = 16 * 1024 * 1024
"""What the event's values may come to in a body; what does not fit is left out. The largest event fits once."""

_MOST_CHARACTERS: Final = 64 * 1024
_MOST_PLACEHOLDERS: Final = 100
_MOST_NODES: Final = 10_000
_MOST_LEVELS: Final = 20

_STRING: Final = r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"'
_NUMBER: Final = r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?"
_STEP: Final = r"\.(\w[\w-]{0,199})|\[(-?[0-9]{1,9})\]"
_STEPS: Final = re.compile(_STEP)
_PLACEHOLDER: Final = re.compile(
    rf"\{{\{{\s*event(?P<path>(?:{_STEP.replace('(', '(?:')})*)\s*"
    rf"(?:\|\s*default\(\s*(?P<default>{_STRING}|{_NUMBER}|true|false)\s*\)\s*)?\}}\}}"
)
_NAMED: Final = Problem("", "expected no placeholder in the name of a field", "put it into a value")
_NESTED: Final = Problem("", f"expected at most {_MOST_LEVELS} levels of nesting")
_INFINITE: Final = Problem("", "expected a finite number")
_EXPECTED: Final = 'expected {{ event.field }}, with | default("…") after it or not'


@attrs.frozen
class _Placeholder:
    """Where a value goes: alone with its type, or into a text."""

    path: tuple[str | int, ...]
    default: JsonValue
    alone: bool

    def fill(self, event: Event) -> bytes:
        """The value as it stands in the JSON text."""
        found = _found(event, self.path)
        value = self.default if found is None else plain(found)
        if self.alone:
            return json_bytes(value)
        if value is None:
            return b""
        text = value if isinstance(value, str) else json_bytes(value).decode()
        return json_bytes(text)[1:-1]


@attrs.frozen(cache_hash=True)
class Template:
    """A template that was found good; two are equal when they are written alike.

    Attributes:
        source: itself as JSON.
    """

    source: bytes
    _parts: tuple[bytes | _Placeholder, ...] = attrs.field(eq=False, repr=False)

    @classmethod
    def of(cls, value: JsonValue) -> Template:
        """Make a template ready for events.

        Raises:
            ConfigurationError: naming each place of what it does not understand, and what it has too much of.
        """
        if problems := list(template_problems(value)):
            raise ConfigurationError("payload template", problems)
        return cls(json_bytes(value), tuple(_joined(_parts(value))))

    def render(self, event: Event) -> bytes:
        """The body for an event, JSON in UTF-8; at most `MOST_BYTES` more than the template.

        Raises:
            ConfigurationError: a value that was asked for has no JSON form, which no event has that was received.
        """
        left, body = MOST_BYTES, []
        for part in self._parts:
            if isinstance(part, bytes):
                body.append(part)
                continue
            filled = part.fill(event)
            if len(filled) > left:
                filled = b"null" if part.alone else b""
            left -= len(filled)
            body.append(filled)
        return b"".join(body)


def template_problems(value: object, path: str = "payload_template") -> Iterator[Problem]:
    """Everything wrong with a template, each with its place; what is no JSON is passed over."""
    characters = placeholders = 0
    for count, (where, item) in enumerate(_nodes(value, path)):
        if isinstance(item, Problem):
            yield item._replace(path=where)
        elif isinstance(item, str):
            characters += len(item)
            placeholders += item.count("{{")
            yield from _syntax_problems(item, where)
        if count >= _MOST_NODES or characters > _MOST_CHARACTERS or placeholders > _MOST_PLACEHOLDERS:
            limits = (
                f"{_MOST_CHARACTERS} characters, {_MOST_NODES} values and {_MOST_PLACEHOLDERS} placeholders"
            )
            yield Problem(path, f"expected at most {limits}", "send less, or the event as it is")
            return


def _nodes(value: object, path: str, level: int = 0) -> Iterator[tuple[str, object]]:
    """Every value with its path, and problems in the place of what cannot be one."""
    yield path, value
    if level >= _MOST_LEVELS and isinstance(value, Mapping | list | tuple):
        yield path, _NESTED
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield path, _NAMED if "{{" in str(key) else str(key)
            yield from _nodes(item, f"{path}.{str(key)[:80]}", level + 1)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _nodes(item, f"{path}[{index}]", level + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        yield path, _INFINITE


def _syntax_problems(text: str, path: str) -> Iterator[Problem]:
    start = text.find("{{")
    while start >= 0:
        found = _PLACEHOLDER.match(text, start)
        if found is None:
            yield Problem(f"{path}, character {start + 1}", _EXPECTED, "see the guide to webhooks")
        start = text.find("{{", found.end() if found else start + 2)


def _parts(value: JsonValue) -> Iterator[bytes | _Placeholder]:
    """The JSON text of a template, with placeholders between its pieces."""
    match value:
        case str():
            yield from _text_parts(value)
        case list():
            yield b"["
            for index, item in enumerate(value):
                yield b"," if index else b""
                yield from _parts(item)
            yield b"]"
        case dict():
            yield b"{"
            for index, (key, item) in enumerate(value.items()):
                yield (b"," if index else b"") + json_bytes(key) + b":"
                yield from _parts(item)
            yield b"}"
        case _:
            yield json_bytes(value)


def _text_parts(text: str) -> Iterator[bytes | _Placeholder]:
    if (whole := _PLACEHOLDER.fullmatch(text.strip())) is not None:
        yield _placeholder(whole, alone=True)
        return
    yield b'"'
    end = 0
    for found in _PLACEHOLDER.finditer(text):
        yield json_bytes(text[end : found.start()])[1:-1]
        yield _placeholder(found, alone=False)
        end = found.end()
    yield json_bytes(text[end:])[1:-1] + b'"'


def _placeholder(found: re.Match[str], *, alone: bool) -> _Placeholder:
    steps = tuple(name or int(index) for name, index in _STEPS.findall(found["path"]))
    default: JsonValue = None if found["default"] is None else json.loads(found["default"])
    return _Placeholder(steps, default, alone)


def _joined(parts: Iterator[bytes | _Placeholder]) -> Iterator[bytes | _Placeholder]:
    """The same with neighbouring pieces of text made one."""
    text = b""
    for part in parts:
        if isinstance(part, bytes):
            text += part
            continue
        yield text
        yield part
        text = b""
    yield text


def _found(value: object, path: tuple[str | int, ...]) -> object:
    """What a path leads to; None when it leads nowhere."""
    for step in path:
        if isinstance(value, Mapping) and isinstance(step, str):
            value = _field(value, step)
        elif isinstance(value, list | tuple) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def _field(holder: Mapping[str, object], name: str) -> object:
    """A field of a record as it is, not as a copy of all below it in JSON form."""
    if attrs.has(type(holder)):
        return getattr(holder, name) if name in tuple(holder) else None
    return holder.get(name)
