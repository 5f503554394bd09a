"""The text of an issue on a source host: what was said, where it comes from, and a mark to find it by. Pure.

The mark is one visible word of small print at the end: `<sub>sync id x3f…</sub>`. A hidden HTML comment
would be prettier, but GitHub Enterprise Server does not index comments, older GitLab versions neither,
and editors drop them; a label for each issue would litter the project's list of labels. The word is a
hash, so that an id with punctuation in it is one search term all the same.
"""

from __future__ import annotations

import hashlib
import re

from integrations_sdk.models import IssueDraft

__all__ = ["is_marked", "issue_text", "mark_of"]

_MARK = re.compile(r"<sub>sync id (x[0-9a-f]{32})</sub>")


def mark_of(external_id: str) -> str:
    """The search term for an id: `x` and 32 hexadecimal digits, so that no index takes it for a number."""
    return "x" + hashlib.sha256(external_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def is_marked(text: object, external_id: str) -> bool:
    """Whether an issue's text, which may be missing, ends with the mark of that id.

    Only the last mark counts: what people quote above it finds nothing.
    """
    return isinstance(text, str) and _last_mark(text) == mark_of(external_id)


def issue_text(draft: IssueDraft, *, before: object = None) -> str:
    """The Markdown of a draft's description, address and mark.

    Args:
        before: the text that it replaces, if any; its mark stays when the draft has no `external_id`.
    """
    said = _MARK.sub("", draft.description or "").strip()
    mark = mark_of(draft.external_id) if draft.external_id else _last_mark(str(before or ""))
    address = draft.url if draft.url and draft.url not in said else ""
    parts = (said, address, f"<sub>sync id {mark}</sub>" if mark else "")
    return "\n\n".join(part for part in parts if part)


def _last_mark(text: str) -> str:
    return next(reversed(_MARK.findall(text)), "")
