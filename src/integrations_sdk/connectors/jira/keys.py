"""Which issues a text speaks of, and whether it closes them. Pure."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["IssueKey", "issue_keys"]

_LONGEST_TEXT: Final = 100_000

_KEY: Final = r"[A-Z][A-Z0-9_]{1,63}-[1-9][0-9]{0,9}"
_BEFORE: Final = r"(?<![A-Za-z0-9_])(?<![A-Z0-9]-)"  # `feature-PROJ-1` names PROJ-1, `X-PROJ-1` does not
_AFTER: Final = r"(?![A-Za-z0-9])"
_WHOLE: Final = re.compile(f"{_BEFORE}{_KEY}{_AFTER}")

_VERB: Final = r"(?i:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?)"
_NAMED: Final = rf"(?:https?://\S{{1,200}}?/browse/|\[|#)?{_KEY}{_AFTER}\]?"
_AND: Final = r"(?:[ \t]*,[ \t]*(?i:and[ \t]+)?|[ \t]+(?i:and)[ \t]+|[ \t]*&[ \t]*)"
_CLOSING: Final = re.compile(
    rf"(?<![A-Za-z0-9_-]){_VERB}(?::|\b)[ \t]+(?i:issues?[ \t]+)?{_NAMED}(?:{_AND}(?i:issue[ \t]+)?{_NAMED})*"
)


class IssueKey(NamedTuple):
    """An issue that a text names."""

    key: str
    closing: bool


def issue_keys(text: str, project_key: str | None = None) -> tuple[IssueKey, ...]:
    """The issues a message names, each once, in the order of their first mention.

    A key is upper case and stands alone: `PROJ-1`, `[PROJ-1]`, `feature/PROJ-1-login`, and the end of a
    browse URL; not `proj-1`, `XPROJ-1` or `PROJ-1a`. `close`, `fix`, `resolve` and `implement` in all
    their forms, right before a key or a list of keys (`fixes PROJ-1, PROJ-2 and PROJ-3`), close them.

    Args:
        text: of which the first 100,000 characters are read.
        project_key: only this project's issues; None: whatever looks like a key, `UTF-8` included.
    """
    text = text[:_LONGEST_TEXT]
    closed = {key for phrase in _CLOSING.findall(text) for key in _WHOLE.findall(phrase)}
    named = dict.fromkeys(_WHOLE.findall(text))
    wanted = (key for key in named if project_key is None or key.rpartition("-")[0] == project_key)
    return tuple(IssueKey(key, key in closed) for key in wanted)
