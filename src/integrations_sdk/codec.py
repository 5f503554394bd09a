"""The edge: plain data becomes typed values here, and everything wrong with it is said in one error.

`load()` reads what a person wrote: strictly, naming every wrong field. `restore()` reads back what
`plain()` wrote. cattrs does the conversion of single values; it is imported with the first use.
"""

from __future__ import annotations

import difflib
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import Enum, IntEnum, StrEnum
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args, get_origin

import attrs

from integrations_sdk.errors import ConfigurationError, Problem
from integrations_sdk.models import JsonValue, Secret

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = ["MOST_LEVELS", "closest", "is_deep", "load", "parse_time", "restore"]

T = TypeVar("T")

MOST_LEVELS: Final = 100
"""Levels of nesting in JSON that comes from outside."""


def load(kind: type[T], given: Mapping[str, object], *, subject: str) -> T:
    """An attrs object out of a mapping that a person wrote.

    Values are converted strictly (`"5"` is no number, `5` no text, `"push"` no list) and checked with
    the field's `validate`. A class method `check(given)`, where there is one, looks at the fields together.

    Args:
        subject: what is being read, for the error's first line, e.g. `"slack configuration"`.

    Raises:
        ConfigurationError: naming every unknown, missing and wrong field. No value is quoted.
    """
    if not isinstance(given, Mapping):
        raise ConfigurationError.of(subject, "$", "expected a mapping of field names to values")
    fields, names, types = _shape(typing.cast("Any", kind))
    values, problems = _by_field_name(names, given)
    built: dict[str, object] = {}
    for name, field in fields.items():
        if name in values:
            try:
                built[name] = _value(types[name], values[name], name, field.metadata.get("validate"))
            except ConfigurationError as error:
                problems.extend(error.problems)
        elif field.default is attrs.NOTHING:
            remedy = f"add it: {doc.removesuffix('.')}" if (doc := field.metadata.get("doc")) else "add it"
            problems.append(Problem(name, f"missing; expected {_expectation(types[name])}", remedy))
    if check := getattr(kind, "check", None):
        problems.extend(_together(check, values, problems))
    if problems:
        raise ConfigurationError(subject, problems)
    return kind(**built)


def restore(kind: type[T], data: Mapping[str, object]) -> T:
    """The record that `plain()` turned into `data`.

    Fields that the class no longer has are left out, and ones that it has since gained take their default.

    Raises:
        ConfigurationError: the data does not fit the class.
    """
    import cattrs

    try:
        return _restorer().structure(data, kind)
    except Exception as error:  # cattrs raises groups of whatever the hooks raise
        problems = [Problem(*reversed(line.split(" @ ", 1))) for line in cattrs.transform_error(error)]
        raise ConfigurationError(f"stored {kind.__name__}", problems) from error


def closest(word: str, known: Iterable[str]) -> str:
    """`did you mean …?` for a mistyped word; failing that, what is known."""
    options = sorted(known)
    found = difflib.get_close_matches(word, options, n=1, cutoff=0.6)
    return f"did you mean `{found[0]}`?" if found else f"known: {', '.join(options) or 'none'}"


def is_deep(value: JsonValue) -> bool:
    """Whether JSON is nested in more than `MOST_LEVELS`, so that code which walks through it might fail."""
    level: list[JsonValue] = [value]
    for _ in range(MOST_LEVELS):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node if isinstance(node, list) else ())
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def parse_time(text: str) -> datetime:
    """A time as vendors write it (RFC 3339, or GitLab's `2016-08-12 15:23:28 UTC`), in UTC.

    Raises:
        ValueError: it is not a time.
    """
    return _in_utc(datetime.fromisoformat(text.replace(" UTC", "+00:00").strip()))


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError as error:
        msg = "out of range in UTC"
        raise ValueError(msg) from error


def _by_field_name(
    names: Mapping[str, str], given: Mapping[str, object]
) -> tuple[dict[str, object], list[Problem]]:
    values: dict[str, object] = {}
    problems: list[Problem] = []
    for key, value in given.items():
        name = names.get(key)
        if name is None:
            problems.append(Problem(str(key), "unknown field", closest(str(key), set(names.values()))))
        elif name in values:
            problems.append(Problem(str(key), f"the same as `{name}`", "give it once"))
        elif value is not None:
            values[name] = value
    return values, problems


def _together(
    check: Callable[[Mapping[str, object]], Iterable[Problem]],
    values: Mapping[str, object],
    known: list[Problem],
) -> list[Problem]:
    """What is wrong with the fields together, beyond what is known of each."""
    paths = {problem.path for problem in known}
    try:
        return [problem for problem in check(values) if problem.path not in paths]
    except Exception:  # it was given values that are no values of those fields, which are named already
        if not known:
            raise
        return []


def _value(annotation: object, value: object, path: str, validate: Any = None) -> object:
    converted = _convert(annotation, value, path)
    if validate is None:
        return converted
    problems: list[Problem] = []
    for where, item in _leaves(annotation, converted, path):
        if isinstance(item, Secret) and item.is_reference:
            continue
        if (expected := validate(item.reveal() if isinstance(item, Secret) else item)) is not None:
            problems.append(Problem(where, f"expected {expected}"))
    if problems:
        raise ConfigurationError(path, problems)
    return converted


def _leaves(annotation: object, value: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, tuple):
        for index, item in enumerate(value):
            yield f"{path}[{index}]", item
    elif isinstance(value, dict) and Secret in get_args(annotation):
        for key, item in value.items():  # each may be a reference, which is not validated
            yield f"{path}.{key}", item
    elif value is not None:
        yield path, value


def _convert(annotation: object, value: object, path: str) -> object:
    """Convert one value strictly; lists and mappings report each wrong element under its own path."""
    if type(value) is str and value and annotation is str:  # most values; the others take the long way
        return value
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {typing.Union, UnionType} and not _is_json(annotation):
        return None if value is None and type(None) in arguments else _first(arguments, value, path)
    if origin is tuple and isinstance(value, list | tuple | set | frozenset):
        return tuple(_gather(path, ((f"[{i}]", arguments[0], item) for i, item in enumerate(value))).values())
    if origin in {dict, Mapping} and isinstance(value, Mapping):
        return _gather(path, ((f".{key}", arguments[1], item) for key, item in value.items()))
    if origin in {tuple, dict, Mapping}:
        raise ConfigurationError.of(path, path, f"expected {_expectation(annotation)}")
    if isinstance(annotation, type) and attrs.has(annotation):
        if isinstance(value, annotation):
            return value
        if isinstance(value, Mapping):
            return _nested(annotation, value, path)
    with suppress(Exception):  # cattrs raises groups of whatever the hooks raise, which may quote the value
        return _converter().structure(value, typing.cast("Any", annotation))
    raise ConfigurationError.of(path, path, f"expected {_expectation(annotation)}")


def _first(options: tuple[object, ...], value: object, path: str) -> object:
    """The value as the first kind of a union that it is of."""
    kinds = [option for option in options if option is not type(None)]
    if len(kinds) == 1:
        return _convert(kinds[0], value, path)
    for kind in kinds:
        try:
            return _convert(kind, value, path)
        except ConfigurationError:
            continue
    raise ConfigurationError.of(path, path, f"expected {' or '.join(map(_expectation, kinds))}")


def _gather(path: str, items: Iterable[tuple[str, object, object]]) -> dict[str, object]:
    built: dict[str, object] = {}
    problems: list[Problem] = []
    for suffix, annotation, item in items:
        try:
            built[suffix.removeprefix(".")] = _convert(annotation, item, path + suffix)
        except ConfigurationError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigurationError(path, problems)
    return built


def _nested(kind: type, value: Mapping[str, object], path: str) -> object:
    try:
        return load(kind, value, subject=path)
    except ConfigurationError as error:
        inner = [Problem(f"{path}.{problem.path}", *problem[1:]) for problem in error.problems]
        raise ConfigurationError(path, inner) from error


def _expectation(annotation: object) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {typing.Union, UnionType} and _is_json(annotation):
        return "any JSON value"
    if type(None) in arguments:
        return " or ".join(_expectation(option) for option in arguments if option is not type(None))
    if origin is tuple:
        return f"a list, each item {_expectation(arguments[0])}"
    if origin in {dict, Mapping}:
        return f"a mapping, each value {_expectation(arguments[1])}"
    if isinstance(annotation, type) and attrs.has(annotation):
        return f"a mapping of {', '.join(attrs.fields_dict(annotation))}"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return f"one of {', '.join(str(member.value) for member in annotation)}"
    return _WORDS.get(annotation, "a value of the documented type")


_WORDS: dict[object, str] = {
    str: "some text",
    Secret: "some text, or a reference such as env:NAME",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    timedelta: "a number of seconds",
    datetime: "a time such as 2026-01-01T00:00:00Z",
}


class _Shape(typing.NamedTuple):
    """What `load()` has to know of a class, found out once."""

    fields: dict[str, attrs.Attribute[Any]]
    names: dict[str, str]  # every name a field is accepted under, to its own
    types: dict[str, object]


@cache
def _shape(kind: type[attrs.AttrsInstance]) -> _Shape:
    fields = {field.name: field for field in attrs.fields(kind)}
    names = {
        alias: name for name, field in fields.items() for alias in (name, *field.metadata.get("also", ()))
    }
    return _Shape(fields, names, typing.get_type_hints(kind))


@cache
def _converter() -> Converter:
    """For what people write: strict about every primitive."""
    from cattrs import Converter

    converter = Converter()
    for kind, hook in _STRICT.items():
        converter.register_structure_hook(kind, hook)
    _register_enums(converter)
    converter.register_structure_hook_func(_is_json, _json)
    return converter


@cache
def _restorer() -> Converter:
    """For what `plain()` wrote: primitives are right already."""
    from cattrs import Converter
    from cattrs.gen import make_dict_structure_fn

    converter = Converter()
    for kind in (datetime, timedelta, Secret):
        converter.register_structure_hook(kind, _STRICT[kind])
    for primitive in (str, int, bool):
        converter.register_structure_hook(primitive, _as_it_is)
    _register_enums(converter)
    # Records are mappings as well, and cattrs would take them for those.
    converter.register_structure_hook_factory(attrs.has, lambda kind: make_dict_structure_fn(kind, converter))
    converter.register_structure_hook_func(_is_json, _as_it_is)
    return converter


def _register_enums(converter: Converter) -> None:
    """Their members are texts and numbers too, so the hooks of those, which take any, would be chosen."""
    for kind in (StrEnum, IntEnum):
        converter.register_structure_hook(kind, lambda value, enum: enum(value))


def _is_json(kind: object) -> bool:
    """Whether it is `JsonValue` itself, not something that holds one."""
    arguments = get_args(kind)
    return all(part in arguments for part in (type(None), bool, int, float, str)) and "JsonValue" in str(kind)


def _text(value: object, _: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value


def _secret(value: object, _: object) -> Secret:
    if isinstance(value, Secret):
        return value
    return Secret(_text(value, None))


def _whole(value: object, _: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def _number(value: object, _: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or value != value:  # noqa: PLR0124  # NaN
        raise TypeError
    return float(value)


def _truth(value: object, _: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _duration(value: object, _: object) -> timedelta:
    return value if isinstance(value, timedelta) else timedelta(seconds=_number(value, None))


def _time(value: object, _: object) -> datetime:
    return _in_utc(value) if isinstance(value, datetime) else parse_time(_text(value, None))


def _json(value: object, _: object) -> JsonValue:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _json(item, None) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item, None) for item in value]
    raise TypeError


def _as_it_is(value: object, _: object) -> object:
    return value


_STRICT: dict[type, Any] = {
    str: _text,
    Secret: _secret,
    int: _whole,
    float: _number,
    bool: _truth,
    timedelta: _duration,
    datetime: _time,
}
