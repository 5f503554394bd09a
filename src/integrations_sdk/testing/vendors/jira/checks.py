"""What Jira accepts, finds and shows. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from integrations_sdk.models import JsonValue
from integrations_sdk.testing.standin import Received, Reply

__all__ = [
    "FIELDS",
    "SEARCH_FIELDS",
    "Record",
    "field_problems",
    "found_by",
    "object_of",
    "objects_of",
    "page_of",
    "refusal",
    "shown_of",
    "text_problem",
    "unreadable",
    "wrong_fields",
]

Record = dict[str, JsonValue]

_LONGEST_TEXT: Final = 32_767
FIELDS: Final = frozenset(
    {"project", "issuetype", "summary", "description", "labels", "priority", "assignee", "duedate", "parent"}
)
SEARCH_FIELDS: Final = frozenset(
    {
        "jql",
        "fields",
        "fieldsByKeys",
        "expand",
        "maxResults",
        "nextPageToken",
        "properties",
        "reconcileIssues",
    }
)
_BLOCKS: Final = {"paragraph": frozenset({"text", "hardBreak"}), "codeBlock": frozenset({"text"})}
_CLAUSE: Final = re.compile(
    r'\s*(labels|project|key|status)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([\w-]+))\s*', re.IGNORECASE
)
_ORDER: Final = re.compile(r"\s*ORDER\s+BY\s+created(?:\s+(ASC|DESC))?\s*$", re.IGNORECASE)


def found_by(jql: str, issues: list[Record], *, bounded: bool) -> list[Record] | Reply:
    """The issues that a query of `field = value` clauses finds, or Jira's refusal of the query."""
    order = _ORDER.search(jql)
    clauses = [
        part for part in re.split(r"\bAND\b", _ORDER.sub("", jql), flags=re.IGNORECASE) if part.strip()
    ]
    parsed = [_CLAUSE.fullmatch(clause) for clause in clauses]
    if not all(parsed):
        return refusal(f"Error in the JQL Query: cannot be parsed near '{jql[:40]}'.")
    if bounded and not parsed:
        said = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
        return refusal(said)
    wanted = [(one[1].lower(), re.sub(r"\\(.)", r"\1", one[2] or one[3])) for one in parsed if one]
    found = [issue for issue in issues if all(value in _values(issue, name) for name, value in wanted)]
    return found[::-1] if order and (order[1] or "").upper() == "DESC" else found


def _values(issue: Record, name: str) -> list[str]:
    fields = object_of(issue["fields"])
    labels = fields.get("labels")
    return {
        "labels": [str(label) for label in labels] if isinstance(labels, list) else [],
        "project": [str(object_of(fields.get("project")).get("key"))],
        "key": [str(issue["key"])],
        "status": [str(object_of(fields.get("status")).get("name"))],
    }[name]


def page_of(found: list[Record], start: int, size: int, asked: Record) -> list[JsonValue]:
    """One page of what was found."""
    fields, properties = asked.get("fields", ""), asked.get("properties", "")
    return [shown_of(issue, _names(fields), _names(properties)) for issue in found[start : start + size]]


def _names(given: JsonValue) -> str:
    return ",".join(map(str, given)) if isinstance(given, list) else str(given)


def shown_of(issue: Record, fields: str, properties: str) -> Record:
    """An issue with these fields and properties, each comma-separated; no fields means all."""
    own, names = object_of(issue["fields"]), [name for name in fields.split(",") if name]
    shown = own if not names or "*all" in names else {name: own[name] for name in names if name in own}
    wanted = [name for name in properties.split(",") if name]
    extra: Record = {
        "properties": {
            name: value for name, value in object_of(issue["properties"]).items() if name in wanted
        }
    }
    return {"id": issue["id"], "key": issue["key"], "fields": shown, **(extra if wanted else {})}


def field_problems(fields: Record, *, adf: bool) -> Iterator[tuple[str, str]]:
    """What is wrong with fields, in Jira's words."""
    for name in fields:
        if name not in FIELDS:
            yield name, f"Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."
    summary = fields.get("summary", "-")
    if not isinstance(summary, str) or not summary.strip():
        yield "summary", "You must specify a summary of the issue."
    elif len(summary) > 255:
        yield "summary", "Summary can't exceed 255 characters."
    elif "\n" in summary or "\r" in summary:
        yield "summary", "The summary is invalid because it contains newline characters."
    if fields.get("description") is not None and (wrong := text_problem(fields["description"], adf=adf)):
        yield "description", wrong
    labels = fields.get("labels", [])
    for label in labels if isinstance(labels, list) else ["not a list"]:
        if not isinstance(label, str) or not label or re.search(r"\s", label):
            yield "labels", f"The label '{label}' contains spaces which is invalid."
        elif len(label) > 255:
            yield "labels", f"The label '{label}' exceeds 255 characters."


def text_problem(value: JsonValue, *, adf: bool) -> str | None:
    """What is wrong with a description or comment, in Jira's words; None if nothing is."""
    if adf and not _is_document(value):
        return "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
    if not adf and not isinstance(value, str):
        return "Operation value must be a string"
    text = value if isinstance(value, str) else "".join(_texts(value))
    if len(text) > _LONGEST_TEXT:
        return "The entered text is too long. It exceeds the allowed limit of 32,767 characters."
    return None


def _is_document(value: JsonValue) -> bool:
    document = object_of(value)
    content = document.get("content")
    return (
        document.get("type") == "doc"
        and document.get("version") == 1
        and isinstance(content, list)
        and all(_is_block(object_of(block)) for block in content)
    )


def _is_block(block: Record) -> bool:
    allowed = _BLOCKS.get(str(block.get("type")), frozenset())
    parts = objects_of(block.get("content", []))
    texts = (part.get("text") for part in parts if part.get("type") == "text")
    return (
        bool(allowed)
        and all(part.get("type") in allowed for part in parts)
        and all(isinstance(text, str) and text for text in texts)
    )


def _texts(value: JsonValue) -> Iterator[str]:
    node = object_of(value)
    yield str(node.get("text", ""))
    for child in objects_of(node.get("content")):
        yield from _texts(child)


def unreadable(request: Received) -> Reply | None:
    """The refusal of a body that is no JSON object."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        return Reply(status=415, json={"message": "HTTP 415 Unsupported Media Type", "status-code": 415})
    return None if isinstance(request.json(), dict) else refusal("There was an error parsing JSON.")


def object_of(value: JsonValue) -> Record:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects_of(value: JsonValue) -> list[Record]:
    """The objects of a list; none if it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def refusal(*sentences: str, status: int = 400) -> Reply:
    """Jira's refusal, in sentences."""
    return Reply(status=status, json={"errorMessages": list(sentences), "errors": {}})


def wrong_fields(wrong: Mapping[str, str]) -> Reply:
    """Jira's refusal, by field."""
    return Reply(status=400, json={"errorMessages": [], "errors": dict(wrong)})
