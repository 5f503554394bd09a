"""Many rows in one statement.

With each row of `executemany()` the interpreter's lock is given away and taken back, and beside a busy event
loop that costs more than the row. One statement for up to 128 rows does it once, and SQLite works through them
on the other core meanwhile. Sizes are powers of two, so prepared statements stay few: rows of `NOTHING` fill the
statement up, and each statement passes over them (`GIVEN`).

Rows are handed over as their values, one row behind the other in one list. A tuple for each would be looked at by
the garbage collector, over and over, as long as the batch is at work; that costs as much as the statements.
Among them stand only text, numbers and `bytearray`. For each None and each `bytes`, `sqlite3` looks in vain for an
adapter, which costs more than the rest of its row: so `NOTHING` stands for NULL, and `or_null()` makes it that.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, TypeAlias

__all__ = [
    "GIVEN",
    "NOTHING",
    "ROWS",
    "Row",
    "Value",
    "as_json",
    "execute_rows",
    "fetch_columns_for_rows",
    "fetch_for_rows",
    "fetch_numbers",
    "fetch_rows",
    "or_nothing",
    "or_null",
]

Value: TypeAlias = str | bytearray | int | float
Row: TypeAlias = Sequence[Value]

ROWS: Final = "{rows}"
"""Stands in a statement for `(?, ?, …), (?, ?, …), …`."""

NOTHING: Final = -0.5
"""Stands among values for NULL: no number, time or text that is stored equals it."""

GIVEN: Final = f"column1 <> {NOTHING}"
"""Passes over rows that only fill a statement up, where its `VALUES` have no names."""

_MOST: Final = 128


def execute_rows(cursor: sqlite3.Cursor, sql: str, columns: int, values: list[Value]) -> None:
    """Execute the statement for rows of so many columns, whose values take the place of `ROWS`."""
    for size, some in _chunks(columns, values):
        cursor.execute(_statement(sql, size, columns), some)


def fetch_numbers(cursor: sqlite3.Cursor, sql: str, parameters: Row = ()) -> list[int]:
    """What a statement with a single `json_group_array(…)` of numbers finds."""
    found: list[int] = json.loads(cursor.execute(sql, parameters).fetchone()[0])
    return found


def fetch_rows(cursor: sqlite3.Cursor, sql: str, parameters: Row = ()) -> list[list[int]]:
    """What a statement with a single `json_group_array(json_array(…))` of numbers finds."""
    found: list[list[int]] = json.loads(cursor.execute(sql, parameters).fetchone()[0])
    return found


def fetch_for_rows(
    cursor: sqlite3.Cursor, sql: str, columns: int, values: list[Value]
) -> Iterator[list[int]]:
    """The same for many rows of parameters, whose values take the place of `ROWS`."""
    for size, some in _chunks(columns, values):
        yield from fetch_rows(cursor, _statement(sql, size, columns), some)


def fetch_columns_for_rows(
    cursor: sqlite3.Cursor, sql: str, columns: int, values: list[Value]
) -> Iterator[tuple[int, ...]]:
    """What a statement with a single `json_array(json_group_array(…), …)` finds, row by row."""
    for size, some in _chunks(columns, values):
        found: list[list[int]] = fetch_rows(cursor, _statement(sql, size, columns), some)
        yield from zip(*found, strict=True)


def as_json(numbers: Iterable[Value]) -> str:
    """Numbers as one parameter, for `json_each(?)`."""
    return f"[{','.join(map(str, numbers))}]"


def or_nothing(given: Iterable[str | int | None]) -> list[Value]:
    """What stands among values for some that may be missing."""
    return [NOTHING if one is None else one for one in given]


def or_null(column: str) -> str:
    """SQL for a column's value, NULL for `NOTHING`."""
    return f"nullif({column}, {NOTHING})"


@lru_cache(maxsize=256)
def _statement(sql: str, rows: int, columns: int) -> str:
    row = f"({','.join('?' * columns)})"
    return sql.replace(ROWS, ",".join([row] * rows))


def _chunks(columns: int, values: list[Value]) -> Iterator[tuple[int, list[Value]]]:
    """Sizes of statements, with their values."""
    most = _MOST * columns
    for start in range(0, len(values), most):
        some = values[start : start + most]
        rows = len(some) // columns
        size = 1 << (rows - 1).bit_length()
        some.extend([NOTHING] * ((size - rows) * columns))
        yield size, some
