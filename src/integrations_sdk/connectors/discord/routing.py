"""Where an event goes, and whether it is critical: by its subject. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from integrations_sdk.connectors.base import Level

__all__ = ["channel_for", "is_critical"]


def channel_for(subject: str, names: Iterable[str]) -> str | None:
    """The first name that is a part of the subject or, with `*` in it, fits the whole; None for none."""
    parts = set(re.split(r"[./:#\s]+", subject))
    return next(
        (name for name in names if name in parts or ("*" in name and fnmatchcase(subject, name))), None
    )


def is_critical(subject: str, level: Level, patterns: Iterable[str]) -> bool:
    """Whether it is an error, or about something that one of the patterns fits."""
    return level is Level.ERROR or any(fnmatchcase(subject, pattern) for pattern in patterns)
