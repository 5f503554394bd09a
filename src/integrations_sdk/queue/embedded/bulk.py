"""Many rows in one statement.

`executemany()` gives the interpreter's lock away and takes it back with each row, and beside a busy event
loop each taking back can mean waiting. One statement for up to 64 rows does that once, and SQLite works
through them on the other core meanwhile. Sizes are powers of two, so prepared statements stay few.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Final, TypeAlias

__all__ = ["ROWS", "Row", "Value", "as_json", "execute_rows", "fetch_for_rows", "fetch_numbers", "fetch_rows"]

Value: TypeAlias = str | bytes | int | float | None
Row: TypeAlias = Sequence[Value]

ROWS: Final = "{rows}"
"""Stands in a statement for `(?, ?, …), (?, ?, …), …`."""

_SIZES: Final = (64, 32, 16, 8, 4, 2, 1)


def execute_rows(cursor: sqlite3.Cursor, sql: str, rows: Sequence[Row]) -> None:
    """Execute the statement for all rows, whose values take the place of `ROWS`."""
    for chunk in _chunks(rows):
        cursor.execute(_statement(sql, len(chunk), len(chunk[0])), list(chain.from_iterable(chunk)))


def fetch_numbers(cursor: sqlite3.Cursor, sql: str, parameters: Row = ()) -> list[int]:
    """What a statement with a single `json_group_array(…)` of numbers finds."""
    found: list[int] = json.loads(cursor.execute(sql, parameters).fetchone()[0])
    return found


def fetch_rows(cursor: sqlite3.Cursor, sql: str, parameters: Row = ()) -> list[list[int]]:
    """What a statement with a single `json_group_array(json_array(…))` of numbers finds."""
    found: list[list[int]] = json.loads(cursor.execute(sql, parameters).fetchone()[0])
    return found


def fetch_for_rows(cursor: sqlite3.Cursor, sql: str, rows: Sequence[Row]) -> list[list[int]]:
    """The same for many rows of parameters, whose values take the place of `ROWS`."""
    return [
        found
        for chunk in _chunks(rows)
        for found in fetch_rows(
            cursor, _statement(sql, len(chunk), len(chunk[0])), list(chain.from_iterable(chunk))
        )
    ]


def as_json(numbers: Iterable[int]) -> str:
    """Numbers as one parameter, for `json_each(?)`."""
    return f"[{','.join(map(str, numbers))}]"


@lru_cache(maxsize=256)
def _statement(sql: str, rows: int, columns: int) -> str:
    row = f"({','.join('?' * columns)})"
    return sql.replace(ROWS, ",".join([row] * rows))


def _chunks(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    start, left = 0, len(rows)
    for size in _SIZES:
        while left >= size:
            yield rows[start : start + size]
            start += size
            left -= size
