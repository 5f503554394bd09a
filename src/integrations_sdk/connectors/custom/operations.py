"""How one operation of a service of your own is described."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from integrations_sdk.connectors.base import JsonValue, Problem, not_empty, one_of, setting, settings
from integrations_sdk.connectors.custom.templates import misspelled, names_in

__all__ = ["Notification", "Operation", "Paging", "dotted", "path_template"]

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PAGING: Final = ("link", "next_url", "cursor", "page", "offset")
_BRACES: Final = "placeholders such as {name} and {name?}, and single braces doubled"


def path_template(value: str) -> str | None:
    """Validate: a path with placeholders."""
    if not value.startswith("/") or any(character in value for character in " ?#\r\n"):
        return "a path that begins with /, without query"
    return _BRACES if misspelled(value) else None


def dotted(value: str) -> str | None:
    """Validate: a place in JSON."""
    return None if all(value.split(".")) else "names with dots between them, e.g. data.items"


def _method(value: str) -> str | None:
    return None if value in _METHODS else f"one of {', '.join(_METHODS)}"


def _template(value: JsonValue) -> str | None:
    return _BRACES if misspelled(value) else None


def _status(value: int) -> str | None:
    return None if 200 <= value <= 599 else "a status from 200 to 599"


def _size(value: int) -> str | None:
    return None if 1 <= value <= 10_000 else "a number from 1 to 10000"


@settings
class Paging:
    """How a listing goes on."""

    kind: str = setting(
        "`link`: a Link header; `next_url`: a URL in the answer; `cursor`: a word in it; `page`, `offset`: by number.",
        validate=one_of(*_PAGING),
    )
    items: str | None = setting(
        "Where in the answer the items are, e.g. data.items; without it the answer is their list.",
        default=None,
        validate=dotted,
    )
    next: str | None = setting(
        "Where in the answer the URL or the word for the next page is.", default=None, validate=dotted
    )
    parameter: str | None = setting(
        "Query parameter that takes the cursor, page or offset.", default=None, validate=not_empty
    )
    start: int = setting("Number of the first page.", default=1)
    size: int | None = setting(
        "Items of a full page; a page with fewer is the last.", default=None, validate=_size
    )
    size_parameter: str | None = setting(
        "Query parameter that takes the size.", default=None, validate=not_empty
    )

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """Each kind needs what it goes on by."""
        needed = {
            "next_url": ("next",),
            "cursor": ("next", "parameter"),
            "page": ("parameter",),
            "offset": ("parameter", "size"),
        }
        for name in needed.get(str(given.get("kind")), ()):
            if name not in given:
                yield Problem(name, f"missing; {given['kind']} goes on by it", "add it")
        if "size_parameter" in given and "size" not in given:
            yield Problem("size", "missing; size_parameter takes it", "add it")


@settings
class Operation:
    """One thing that the service can be asked to do."""

    method: str = setting("HTTP method.", default="GET", validate=_method)
    path: str = setting(
        "Path below base_url, with placeholders.", validate=path_template, example="/items/{id}"
    )
    query: Mapping[str, JsonValue] = setting(
        "Query parameters, with placeholders.", factory=dict, validate=_template
    )
    headers: Mapping[str, str] = setting("Headers, with placeholders.", factory=dict, validate=_template)
    body: JsonValue = setting("JSON that is sent, with placeholders.", default=None, validate=_template)
    form: Mapping[str, JsonValue] = setting(
        "Form that is sent in place of JSON, with placeholders.", factory=dict, validate=_template
    )
    defaults: Mapping[str, JsonValue] = setting("Arguments that need not be given.", factory=dict)
    expect: tuple[int, ...] = setting(
        "Statuses that are answers; without it all of 200 to 299.", default=(), validate=_status
    )
    idempotent: bool | None = setting(
        "Whether repeating does no more than doing it once; without it as its method says.", default=None
    )
    result: str | None = setting(
        "Where in the answer the result is; without it all of it is.", default=None, validate=dotted
    )
    reference: str | None = setting(
        "Where in the answer the id is of what was made.", default=None, validate=dotted
    )
    paging: Paging | None = setting("How the listing goes on, for one that has pages.", default=None)

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """One body; pages are asked for with GET; headers have names."""
        if given.get("body") is not None and given.get("form"):
            yield Problem("form", "given together with body", "leave out one of them")
        if given.get("paging") and given.get("method", "GET") != "GET":
            yield Problem("paging", "given for another method than GET", "leave it out")
        headers = given.get("headers")
        for name in headers if isinstance(headers, Mapping) else ():
            if not _HEADER.fullmatch(str(name)):
                yield Problem(
                    f"headers.{name!r}", "expected a header name of letters, digits and !#$%&'*+.^_`|~-"
                )

    @property
    def arguments(self) -> dict[str, bool]:
        """What it takes, each with whether it must be given."""
        every: list[JsonValue] = [self.path, dict(self.query), dict(self.headers), self.body, dict(self.form)]
        return {name: needed and name not in self.defaults for name, needed in names_in(every).items()}


@settings
class Notification:
    """How people are told something: an operation, and its arguments out of the message."""

    operation: str = setting("The operation that tells them.", validate=not_empty)
    arguments: Mapping[str, JsonValue] = setting(
        "Its arguments, with the placeholders text, title, summary, level, url, and the facts of an event.",
        factory=dict,
        validate=_template,
    )
