"""What is sent for an operation: its templates filled with arguments. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast
from urllib.parse import urlencode

from integrations_sdk.connectors.base import ConfigurationError, JsonValue, Problem, given, url_path
from integrations_sdk.connectors.custom.operations import Operation
from integrations_sdk.connectors.custom.templates import ABSENT, filled, names_in, text_of

__all__ = ["arguments_for", "body_of", "form_of", "headers_of", "path_of", "query_of"]

Pairs = list[tuple[str, str]]


def arguments_for(
    name: str, operation: Operation, arguments: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """The arguments with the operation's defaults; what is None counts as not given.

    Raises:
        ConfigurationError: naming each that is missing or unknown.
    """
    chosen = {**operation.defaults, **given(**arguments)}
    takes = operation.arguments
    problems = [
        Problem(one, "missing", "give it, or describe a default")
        for one, needed in takes.items()
        if needed and one not in chosen
    ]
    known = ", ".join(takes) or "none"
    problems += [
        Problem(one, "unknown argument", f"it takes: {known}") for one in arguments if one not in takes
    ]
    if problems:
        raise ConfigurationError(f"custom operation {name}", problems)
    return chosen


def path_of(operation: Operation, arguments: Mapping[str, JsonValue]) -> str:
    """The path, each argument percent-encoded, slashes included.

    Raises:
        ConfigurationError: an argument is empty, `.` or `..`.
    """
    values = {name: text_of(arguments[name]) for name in names_in(operation.path)}
    return url_path(operation.path, **values)


def query_of(operation: Operation, arguments: Mapping[str, JsonValue]) -> str:
    """The query, encoded; lists become repeated parameters."""
    return urlencode(_pairs(operation.query, arguments), errors="replace")


def form_of(operation: Operation, arguments: Mapping[str, JsonValue]) -> Pairs | None:
    """The form; None for none."""
    return _pairs(operation.form, arguments) if operation.form else None


def body_of(operation: Operation, arguments: Mapping[str, JsonValue]) -> JsonValue:
    """The JSON body; None for none."""
    body = filled(operation.body, arguments)
    return None if body is ABSENT else body  # type: ignore[return-value]  # nothing else of its type is left


def headers_of(operation: Operation, arguments: Mapping[str, JsonValue]) -> dict[str, str]:
    """The headers of this operation alone."""
    return dict(_pairs(operation.headers, arguments))


def _pairs(
    templates: Mapping[str, JsonValue] | Mapping[str, str], arguments: Mapping[str, JsonValue]
) -> Pairs:
    found: Pairs = []
    for name, template in templates.items():
        value = filled(template, arguments)
        if value is not ABSENT:
            values = cast("list[JsonValue]", value if isinstance(value, list) else [value])
            found += [(name, text_of(one)) for one in values]
    return found
