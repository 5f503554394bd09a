"""Which operations of which providers somebody other than the library has looked at, and who."""

from __future__ import annotations

__all__ = ["CHECKS", "record"]

CHECKS: set[tuple[str, str, str]] = set()
"""Provider, operation, and who checked it."""


def record(provider: str, operation: str, by: str) -> None:
    """An operation was checked by somebody, e.g. `program prometheus 2.53.3`."""
    CHECKS.add((provider, operation, by))
