"""Which operation of which provider was checked against what, and the table of it at the end of a session."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

__all__ = ["A_FEW", "CHECKS", "record", "table"]

CHECKS: Final[set[tuple[str, str, str]]] = set()
"""Provider, operation, and what it was checked by."""

A_FEW: Final = 5
"""So many checks need no table."""

_KINDS: Final = ("contract", "client", "program")


def record(provider: str, operation: str, by: str) -> None:
    """Note that an operation's requests were checked.

    Args:
        operation: the connector's method, e.g. `trigger_alert`.
        by: `contract pagerduty_events: POST /enqueue`, `client slack_sdk 3.37`, `program prometheus 2.53`, or the
            URL of the vendor's documentation which they follow.
    """
    CHECKS.add((provider, operation, by))


def table(checks: Iterable[tuple[str, str, str]] | None = None) -> Iterator[str]:
    """A line for each operation below its provider's name, and how many there are of each kind at the end."""
    found: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for provider, operation, by in CHECKS if checks is None else checks:
        found[provider][operation].add(by)
    width = max((len(operation) for operations in found.values() for operation in operations), default=0)
    for provider in sorted(found):
        yield provider
        for operation, by in sorted(found[provider].items()):
            yield f"  {operation:{width}}  {_joined(by)}"
    yield _summary([by for operations in found.values() for by in operations.values()])


def _joined(by: set[str]) -> str:
    """Kind by kind, a contract's operations together: `contract okta: GET /users, POST /users; client okta 3.0`."""
    together: defaultdict[str, list[str]] = defaultdict(list)
    for one in sorted(by, key=lambda one: (_rank(one), one)):
        name, colon, rest = one.partition(": ")
        together[name + colon].append(rest)
    return "; ".join(name + ", ".join(rest) for name, rest in together.items())


def _rank(by: str) -> int:
    return _KINDS.index(kind) if (kind := by.partition(" ")[0]) in _KINDS else len(_KINDS)


def _summary(checked: list[set[str]]) -> str:
    kinds = [{_rank(one) for one in by} for by in checked]
    counts = [f"{sum(rank in kind for kind in kinds)} by {name}" for rank, name in enumerate(_KINDS)]
    alone = sum(kind == {len(_KINDS)} for kind in kinds)
    return f"{len(checked)} operations: {', '.join(counts)}, {alone} by documentation alone"
