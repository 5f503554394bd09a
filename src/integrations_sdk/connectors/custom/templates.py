"""Placeholders in texts and JSON: `{name}` must be given, `{name?}` may be, `{{` and `}}` are braces. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from integrations_sdk.connectors.base import JsonValue

__all__ = ["ABSENT", "filled", "misspelled", "names_in", "text_of"]

_PIECE: Final = re.compile(r"\{\{|\}\}|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<optional>\?)?\}|[{}]")


class _Absent:
    """What a placeholder stands for that may be missing, and is."""


ABSENT: Final = _Absent()


def names_in(template: JsonValue) -> dict[str, bool]:
    """The names of all placeholders, each with whether it must be given."""
    found: dict[str, bool] = {}
    for text in _texts(template):
        for piece in _PIECE.finditer(text):
            if name := piece["name"]:
                found[name] = found.get(name, False) or not piece["optional"]
    return found


def misspelled(template: JsonValue) -> bool:
    """Whether a brace stands alone, which is more often a slip than a brace."""
    return any(piece[0] in "{}" for text in _texts(template) for piece in _PIECE.finditer(text))


def filled(template: JsonValue, arguments: Mapping[str, JsonValue]) -> JsonValue | _Absent:
    """The template with its placeholders replaced.

    A text that is one placeholder becomes the argument itself, whatever its type; in other texts it is written out.
    Members of lists and objects whose optional placeholder is missing are left out.
    """
    match template:
        case str():
            return _filled_text(template, arguments)
        case list():
            items = [filled(item, arguments) for item in template]
            return [item for item in items if not isinstance(item, _Absent)]
        case dict():
            members = {name: filled(item, arguments) for name, item in template.items()}
            return {name: item for name, item in members.items() if not isinstance(item, _Absent)}
    return template


def text_of(value: JsonValue) -> str:
    """A value as a query or header has it: truths as `true` and `false`, None as nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _filled_text(text: str, arguments: Mapping[str, JsonValue]) -> JsonValue | _Absent:
    whole = _PIECE.fullmatch(text)
    if whole is not None and (name := whole["name"]):
        return arguments.get(name, ABSENT)
    pieces = list(_PIECE.finditer(text))
    if any(piece["name"] and piece["name"] not in arguments for piece in pieces):
        return ABSENT
    return _PIECE.sub(lambda piece: _written(piece, arguments), text)


def _written(piece: re.Match[str], arguments: Mapping[str, JsonValue]) -> str:
    return text_of(arguments[piece["name"]]) if piece["name"] else piece[0][0]


def _texts(template: JsonValue) -> Iterator[str]:
    if isinstance(template, str):
        yield template
    elif isinstance(template, list):
        for item in template:
            yield from _texts(item)
    elif isinstance(template, dict):
        for item in template.values():
            yield from _texts(item)
