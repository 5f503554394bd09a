"""`Record`: the frozen attrs base of everything the library returns, which also reads as a mapping."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any, ClassVar, Final, TypeAlias, TypeVar

import attrs

from integrations_sdk.models.secret import MASK, Secret

__all__ = ["JsonValue", "Record", "RecordList", "html_table", "plain"]

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
"""Whatever JSON can hold."""

R = TypeVar("R", bound="Record")

_AS_THEY_ARE: Final = frozenset({str, int, bool, float, type(None)})


@cache  # attrs makes a new dict with every question
def _names(kind: type[Any]) -> dict[str, attrs.Attribute[Any]]:
    return attrs.fields_dict(kind)


def plain(value: object) -> JsonValue:
    """The JSON form of a value: RFC 3339 UTC times, seconds for durations, `••••` for secrets.

    Raises:
        TypeError: the value has no JSON form.
    """
    if type(value) in _AS_THEY_ARE:  # most of them; subclasses, as enums are, go the long way
        return value  # type: ignore[return-value]  # one of those types
    match value:
        case Enum():
            return plain(value.value)
        case None | bool() | int() | float() | str():
            return value
        case Secret():
            return MASK
        case datetime():
            moment = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
            return moment.isoformat().replace("+00:00", "Z")
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
    kind = type(value)
    if attrs.has(kind):
        return {name: plain(getattr(value, name)) for name in _names(kind)}
    msg = f"{kind.__name__} has no JSON form"
    raise TypeError(msg)


@attrs.frozen(kw_only=True)
class Record(Mapping[str, Any]):
    """A frozen, keyword-only value: attributes are typed, and it reads as the JSON object it stands for.

    `record.last_check` is a `datetime`; `record["last_check"]` is `"2026-01-01T00:00:00Z"`, and
    `dict(record)` is ready for `json.dumps`. Secrets read as `••••` in both.

    Class attributes:
        overview: the fields that a list of them shows in Jupyter; empty: all.
    """

    overview: ClassVar[tuple[str, ...]] = ()

    def __getitem__(self, key: str) -> Any:  # a name only known at run time has no better type
        if key in _names(type(self)):
            return plain(getattr(self, key))
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(_names(type(self)))

    def __len__(self) -> int:
        return len(_names(type(self)))

    def _repr_html_(self) -> str:
        """What Jupyter shows: one escaped row per field."""
        rows = ((name, self[name]) for name in self)
        return html_table(rows, caption=type(self).__name__)


class RecordList(list[R]):
    """A list of records that Jupyter shows as a table; otherwise an ordinary list."""

    def _repr_html_(self) -> str:
        if not self:
            return "<p>none</p>"
        columns = self[0].overview or tuple(self[0])
        return html_table(([row[name] for name in columns] for row in self), header=columns)


def html_table(rows: Iterable[Iterable[object]], *, header: Iterable[str] = (), caption: str = "") -> str:
    """An HTML table with every cell escaped.

    Args:
        rows: the cells, as rows of values in JSON form.
        header: column titles; none draws no header row.
        caption: shown above the table.
    """

    def line(cells: Iterable[object], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(_cell(cell))}</{tag}>" for cell in cells) + "</tr>"

    titles = list(header)
    parts = [f"<caption>{html.escape(caption)}</caption>"] if caption else []
    parts += [f"<thead>{line(titles, 'th')}</thead>"] if titles else []
    body = "".join(line(row, "td") for row in rows)
    return f"<table>{''.join(parts)}<tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_cell(item)}" for key, item in value.items())
    return str(value)
