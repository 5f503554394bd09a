"""Which operations of which providers were checked in this session, and by what."""

from __future__ import annotations

__all__ = ["CHECKS", "record"]

CHECKS: set[tuple[str, str, str]] = set()
"""Provider, our operation, and what checked it."""


def record(provider: str, operation: str, by: str) -> None:
    """Keep that an operation was checked."""
    CHECKS.add((provider, operation, by))
