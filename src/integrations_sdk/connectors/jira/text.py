"""Text in Jira's forms: the Atlassian Document Format of Cloud, the wiki markup of Data Center. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final, NamedTuple

from integrations_sdk.connectors.base import JsonValue

__all__ = ["LONGEST_TEXT", "adf", "one_line", "plain_text", "shortened", "wiki"]

LONGEST_TEXT: Final = 32_767
"""Characters of a description or comment (`jira.text.field.character.limit`)."""

LONGEST_SUMMARY: Final = 255

_CUT: Final = "\n\n[shortened: Jira takes no more than 32,767 characters]"
_FENCE: Final = "```"
_END_OF_CODE: Final = re.compile(r"```[ \t]*\n?")
_LINK: Final = re.compile(
    r"\[([^\[\]\n]{1,200})\]\((https?://[^\s()]{1,2000})\)|https?://[^\s<>\"'\[\](){}|\\]{1,2000}"
)
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MARKUP: Final = re.compile(r"[{\[]|(?<!\w)!")


class _Span(NamedTuple):
    """Some text of one line, and where it leads."""

    text: str
    url: str | None = None


def shortened(text: str, limit: int = LONGEST_TEXT) -> str:
    """The text, or as much of it as fits with a note that it was cut."""
    return text if len(text) <= limit else text[: limit - len(_CUT)] + _CUT


def one_line(text: str) -> str:
    """A summary as Jira takes it: one line, at most 255 characters."""
    line = " ".join(_UNPRINTABLE.sub(" ", text).split())
    return line if len(line) <= LONGEST_SUMMARY else line[: LONGEST_SUMMARY - 1] + "…"


def adf(text: str) -> dict[str, JsonValue]:
    """A document of paragraphs, line breaks, links and code blocks.

    Blank lines part paragraphs; URLs and `[label](url)` become links; lines between ``` become code.
    Source: https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
    """
    content: list[JsonValue] = []
    for block, is_code in _blocks(text):
        if is_code:
            content.append({"type": "codeBlock", "content": _texts([_Span(block)])})
        else:
            content.extend(
                _paragraph(part) for part in re.split(r"\n[ \t]*(?:\n[ \t]*)+", block.strip()) if part.strip()
            )
    return {"type": "doc", "version": 1, "content": content}


def wiki(text: str) -> str:
    """The same in wiki markup; what would start a macro, a mention or an image is escaped.

    Source: https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all
    """
    parts = [
        "{code}\n" + block.replace("{code}", "{ code }") + "\n{code}" if is_code else _wiki_text(block)
        for block, is_code in _blocks(text)
    ]
    return "".join(parts)


def plain_text(body: JsonValue) -> str:
    """The words and link targets of a document or of wiki text, in one line; for comparing."""
    return " ".join(" ".join(_words(body)).split())


def _blocks(text: str) -> Iterator[tuple[str, bool]]:
    """Text and code in turn; code comes without its fence and last line break."""
    text = _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    ends = [number for number, line in enumerate(lines) if _END_OF_CODE.fullmatch(line)]
    parts: list[tuple[str, bool]] = []
    said = number = 0
    while number < len(lines):
        # Ends are looked up, for one search from each beginning would take the square of the time.
        at = bisect_right(ends, number) if lines[number].startswith(_FENCE) else len(ends)
        if at == len(ends):
            number += 1
            continue
        end = ends[at]
        parts += [("".join(lines[said:number]), False), ("".join(lines[number + 1 : end]), True)]
        said = number = end + 1
    for part, is_code in [*parts, ("".join(lines[said:]), False)]:
        if part.strip():
            yield (part.removesuffix("\n") if is_code else part), is_code


def _spans(line: str) -> Iterator[_Span]:
    position = 0
    for found in _LINK.finditer(line):
        url = found[2] or found[0].rstrip(".,;:!?*_")
        end = found.end() if found[2] else found.start() + len(url)
        if found.start() > position:
            yield _Span(line[position : found.start()])
        yield _Span(found[1] or url, url)
        position = end
    if position < len(line):
        yield _Span(line[position:])


def _paragraph(text: str) -> JsonValue:
    content: list[JsonValue] = []
    for number, line in enumerate(text.split("\n")):
        if number:
            content.append({"type": "hardBreak"})
        content.extend(_texts(_spans(line)))
    return {"type": "paragraph", "content": content}


def _texts(spans: Iterator[_Span] | list[_Span]) -> list[JsonValue]:
    nodes: list[JsonValue] = []
    for span in spans:
        node: dict[str, JsonValue] = {"type": "text", "text": span.text}
        if span.url:
            node["marks"] = [{"type": "link", "attrs": {"href": span.url}}]
        nodes.append(node)
    return nodes


def _wiki_text(text: str) -> str:
    return "\n".join("".join(map(_wiki_span, _spans(line))) for line in text.split("\n"))


def _wiki_span(span: _Span) -> str:
    if span.url is None:
        return _MARKUP.sub(lambda found: "\\" + found[0], span.text)
    label = re.sub(r"[\[\]|{}]", " ", span.text)
    return span.url if span.text == span.url else f"[{label}|{span.url}]"


def _words(body: JsonValue) -> Iterator[str]:
    if isinstance(body, str):
        yield body
    elif isinstance(body, list):
        for item in body:
            yield from _words(item)
    elif isinstance(body, dict):
        yield from _words(body.get("text"))
        yield from _words(body.get("content"))
        for mark in marks if isinstance(marks := body.get("marks"), list) else []:
            attributes = mark.get("attrs") if isinstance(mark, dict) else None
            yield from _words(attributes.get("href") if isinstance(attributes, dict) else None)
