"""Sphinx extension: docstrings are written like Markdown (code, fences, tables); autodoc reads reStructuredText."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

__all__ = ["converted", "setup"]


def converted(lines: list[str]) -> list[str]:
    """The lines with code, fenced blocks and tables as reStructuredText; everything else as it is."""
    return list(_tables(list(_fences(list(_returns(lines))))))


def _returns(lines: list[str]) -> Iterator[str]:
    """What stands before a colon in a `Returns:` section would be taken for a type: say that there is none."""
    for before, line in zip(["", *lines], lines, strict=False):
        begins = before.strip() == "Returns:" and line.strip()
        yield re.sub(r"^(\s*)", r"\1: ", line, count=1) if begins else line


def _spans(line: str) -> str:
    """`x` as a literal, also where letters follow it directly; doubled backquotes stay."""
    return re.sub(
        r"(?<!`)`(?!`)([^`]+)`(?!`)(\w?)", lambda m: f"``{m[1]}``" + (f"\\ {m[2]}" if m[2] else ""), line
    )


def _fences(lines: list[str]) -> Iterator[str]:
    inside = False
    for line in lines:
        if fence := re.match(r"(\s*)```(\w*)", line):
            inside = not inside
            if inside:
                yield from ("", f"{fence[1]}.. code-block:: {fence[2] or 'text'}")
            yield ""
        else:
            yield (f"   {line}" if line.strip() else "") if inside else _spans(line)


def _tables(lines: list[str]) -> Iterator[str]:
    before: list[list[str]] = []
    for line in [*lines, ""]:
        if re.match(r"\|.*\|\s*$", line):
            before.append([cell.strip() for cell in line.strip().strip("|").split("|")])
            continue
        yield from _list_table(before)
        before = []
        yield line


def _list_table(rows: list[list[str]]) -> Iterator[str]:
    if not rows:
        return
    yield from ("", ".. list-table::", "   :header-rows: 1", "")
    for row in rows:
        if all(re.fullmatch(r":?-+:?", cell) for cell in row):
            continue
        for index, cell in enumerate(row):
            yield f"   {'* -' if index == 0 else '  -'} {cell}"
    yield ""


def _convert(_app: Any, _what: str, _name: str, _thing: object, _options: object, lines: list[str]) -> None:
    lines[:] = converted(lines)


def setup(app: Any) -> dict[str, bool]:  # Sphinx's application
    """Register with Sphinx; before napoleon, which reads the sections."""
    app.connect("autodoc-process-docstring", _convert, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
