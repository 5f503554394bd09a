"""YAML 1.2 that people write, read safely (extra `yaml`): no tags, no aliases, no name twice in a mapping."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, Final

from integrations_sdk.errors import ConfigurationError, MissingExtraError
from integrations_sdk.models import JsonValue

__all__ = ["load_yaml"]

_LONGEST: Final = 64 * 1024
_MOST_LEVELS: Final = 50  # each costs the parser more than the one before


def load_yaml(text: str, *, subject: str) -> JsonValue:
    """What a YAML document says, in JSON's terms; dates and times become text.

    Aliases are refused, for a few of them can stand for more than fits into memory.

    Args:
        subject: what is being read, for the error's first line.

    Raises:
        ConfigurationError: it is no YAML, or more than that; says where. Nothing of it is quoted.
        MissingExtraError: ruamel.yaml is not installed.
    """
    if len(text) > _LONGEST:
        raise ConfigurationError.of(subject, "$", f"is longer than {_LONGEST} characters", "divide it")
    value = _loaded(text, subject)
    problem = next(_strangers(value), None)
    if problem is not None:
        raise ConfigurationError.of(
            subject, "$", f"holds {problem}", "use texts, numbers, lists and mappings"
        )
    return _in_json(value)


def _loaded(text: str, subject: str) -> Any:
    """The document as Python's own values."""
    try:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError, YAMLError
    except ImportError as error:
        raise MissingExtraError("reading YAML", "yaml") from error
    where, expected, remedy = "$", "plain YAML", "check indentation and quotes"
    try:
        refused = _refused(YAML(typ="safe", pure=True).parse(text))
        if refused is None:
            return YAML(typ="safe", pure=True).load(text)
        where, expected, remedy = refused
    except MarkedYAMLError as error:
        if (mark := error.problem_mark) is not None:
            where = f"line {mark.line + 1}, column {mark.column + 1}"
        if "Duplicate" in type(error).__name__:
            expected = "each name of a mapping once"
    except (YAMLError, RecursionError, ValueError, TypeError):
        pass  # said below: the parser's own words may quote the text, which may hold a secret
    raise ConfigurationError.of(subject, where, f"expected {expected}", remedy)


def _refused(events: Iterable[Any]) -> tuple[str, str, str] | None:
    """Where there is an alias or too deep a nesting, what was expected instead, and what to do; None if neither."""
    from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

    level = 0
    for event in events:
        where = f"line {event.start_mark.line + 1}"
        level += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if isinstance(event, AliasEvent):
            return where, "no aliases (*name)", "write it out"
        if level > _MOST_LEVELS:
            return where, f"at most {_MOST_LEVELS} levels of nesting", "divide it"
    return None


def _strangers(value: object) -> Iterator[str]:
    """What of a document JSON cannot hold."""
    if isinstance(value, dict):
        for name, item in value.items():
            if not isinstance(name, str | int | float):
                yield f"a name that is a {type(name).__name__}"
            yield from _strangers(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strangers(item)
    elif isinstance(value, float) and not math.isfinite(value):
        yield "a number that is none"
    elif not (value is None or isinstance(value, str | bool | int | float | date)):
        yield f"a {type(value).__name__}"


def _in_json(value: Any) -> JsonValue:
    match value:
        case datetime() | date():
            return value.isoformat()
        case dict():
            return {str(name): _in_json(item) for name, item in value.items()}
        case list():
            return [_in_json(item) for item in value]
        case bool() | int() | float() | str():
            return value
    return None
