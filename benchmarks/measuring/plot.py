"""A line chart as SVG text: sizes on a logarithmic axis, costs on one that begins at 0."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

__all__ = ["line_chart"]

_WIDTH: Final = 640
_HEIGHT: Final = 360
_LEFT: Final = 64
_RIGHT: Final = 600
_TOP: Final = 56
_BOTTOM: Final = 300
_COLOURS: Final = ("#1f6feb", "#bf5700", "#2da44e")


def line_chart(
    title: str, across: str, upwards: str, lines: Mapping[str, Mapping[int, Sequence[float]]]
) -> str:
    """The chart: a point for each median, with a bar from the least to the most of its rounds.

    Args:
        across: what the sizes are; `upwards` what the values are.
        lines: by name, the values of all rounds by size. Sizes are 1 or more.
    """
    sizes = sorted({size for line in lines.values() for size in line})
    top = _ceiling(max(value for line in lines.values() for values in line.values() for value in values))
    low, high = math.log10(sizes[0]), math.log10(sizes[-1])

    def x(size: int) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (math.log10(size) - low) / ((high - low) or 1)

    def y(value: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * value / top

    parts = [_text(_WIDTH / 2, 24, title, size=15)]
    for step in range(5):
        value = top * step / 4
        parts.append(_line(_LEFT, y(value), _RIGHT, y(value), "#d0d7de"))
        parts.append(_text(_LEFT - 8, y(value) + 4, f"{value:g}", anchor="end"))
    parts += [_text(x(size), _BOTTOM + 18, f"{size:,}") for size in sizes]
    parts += [
        _text((_LEFT + _RIGHT) / 2, _BOTTOM + 42, across),
        _text(_LEFT, _TOP - 12, upwards, anchor="start"),
    ]
    for number, (name, line) in enumerate(lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        shift = 6 * number  # so that bars do not cover one another
        points = []
        for size, values in sorted(line.items()):
            middle = sorted(values)[len(values) // 2]
            points.append(f"{x(size) + shift:.1f},{y(middle):.1f}")
            parts.append(_line(x(size) + shift, y(min(values)), x(size) + shift, y(max(values)), colour))
            parts.append(f'<circle cx="{x(size) + shift:.1f}" cy="{y(middle):.1f}" r="4" fill="{colour}"/>')
        parts.append(
            f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        parts.append(_text(_RIGHT, _TOP - 12 + 16 * number, name, anchor="end", fill=colour))
    body = "\n  ".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
        f' aria-label="{escape(title)}" font-family="sans-serif" font-size="12">\n'
        f'  <rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>\n  {body}\n</svg>\n'
    )


def _ceiling(value: float) -> float:
    """The next round number."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 5, 10) if step * power >= value)


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _text(
    x: float, y: float, text: str, *, anchor: str = "middle", fill: str = "#24292f", size: int = 12
) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" font-size="{size}"'
    return f"<text {place}>{escape(text)}</text>"
