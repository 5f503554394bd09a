"""Interleaved rounds and their report: every figure is a ratio of two things measured in the same run."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

__all__ = ["Rounds", "Table", "interleaved", "options", "ratio", "report"]

Rounds: TypeAlias = dict[str, list[float]]
"""Seconds of each case, one value per round."""

Table: TypeAlias = Mapping[str, str]
"""What the ratios are made of, for people."""


def interleaved(cases: Mapping[str, Callable[[], float]], rounds: int) -> Rounds:
    """Run every case once in each round, each time beginning with another one.

    What else the machine does then falls on all of them alike.

    Args:
        cases: by name; each runs its work and returns its seconds.
    """
    names = list(cases)
    found: Rounds = {name: [] for name in names}
    for number in range(rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            found[name].append(cases[name]())
    return found


def ratio(found: Rounds, above: str, below: str) -> list[float]:
    """The ratio of two cases, round by round."""
    return [a / b for a, b in zip(found[above], found[below], strict=True)]


def options(description: str) -> argparse.ArgumentParser:
    """The command line that every benchmark has; some add to it."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object of the ratios as the last line"
    )
    return parser


def report(title: str, table: Table, ratios: Mapping[str, float | Sequence[float]], *, as_json: bool) -> None:
    """Print a table for people, and the ratios as JSON if asked for.

    Args:
        ratios: a number, or one for each round, of which the median counts and the range is shown.
    """
    python = f"{platform.python_implementation()} {platform.python_version()}"
    print(f"{title}\n{python}, {platform.system()}, {os.cpu_count()} cores\n")
    for name, value in table.items():
        print(f"  {name:<44}{value:>20}")
    print()
    medians: dict[str, float] = {}
    for name, found in ratios.items():
        values = [found] if isinstance(found, float) else list(found)
        medians[name] = round(statistics.median(values), 3)
        several = f"{min(values):.2f} to {max(values):.2f}" if len(values) > 1 else ""
        print(f"  {name:<44}{medians[name]:>8.2f}{several:>18}".rstrip())
    if as_json:
        print(json.dumps(medians))
    sys.stdout.flush()
