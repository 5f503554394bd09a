"""Markdown in which nothing of what others wrote is read as markup (Discord, Mattermost). Pure.

A backslash before punctuation is CommonMark 2.4. Bare addresses stay as they are: vendors make links of them by
themselves, and would take the backslashes for a part of the address.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from integrations_sdk.connectors.text import visible, web_url

__all__ = ["MARKDOWN_ATOM", "escape_markdown", "markdown_link"]

MARKDOWN_ATOM: Final = re.compile(
    r"\[(?:\\.|[^\]\\\n]){0,1000}\]\([^()\s]{1,2048}\)|(?<!\w)https?://[^\s<>\\*`|~$\[\]]+|\\.", re.DOTALL
)
"""What must not be torn apart: a link, a bare address, an escape."""

_BARE_URL: Final = re.compile(r"(?<!\w)(https?://[^\s<>\\*`|~$\[\]]+)")
_INLINE: Final = re.compile(r"[\\`*_~|<>\[\]$&]")
_INDENT: Final = re.compile(r"^(?: {4}|\t)[ \t]*", re.MULTILINE)  # would begin a block of code
_BLOCK: Final = re.compile(r"^(\s*)(?:([#+=-])|(\d{1,9})([.)]))", re.MULTILINE)


def escape_markdown(text: str) -> str:
    """Text as it is shown literally; what no reader sees or would be misled by is left out."""
    flush = _INDENT.sub(lambda found: found[0].expandtabs(4).replace(" ", "\u00a0"), visible(text))
    return _BLOCK.sub(_escaped_block, _outside_urls(flush))


def markdown_link(label: str, url: str | None) -> str:
    """A label that leads to a page; the label alone when there is none."""
    shown = escape_markdown(" ".join(label.split()))
    if (target := web_url(url)) is None:
        return shown
    safe = re.sub(r"[()<>\\\[\]*`|]", lambda found: quote(found[0], safe=""), target)
    return f"[{shown or escape_markdown(target)}]({safe})"


def _outside_urls(text: str) -> str:
    parts = _BARE_URL.split(text)  # every other one is an address
    return "".join(part if index % 2 else _INLINE.sub(r"\\\g<0>", part) for index, part in enumerate(parts))


def _escaped_block(found: re.Match[str]) -> str:
    indent, sign, number, dot = found.groups()
    return f"{indent}\\{sign}" if sign else f"{indent}{number}\\{dot}"
