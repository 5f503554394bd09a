"""Azure DevOps' words: fields, tags, states, queries, errors. Pure.

Source: https://learn.microsoft.com/rest/api/azure/devops/wit/work-items and …/boards/queries/wiql-syntax.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterable, Mapping
from typing import Final

from integrations_sdk.connectors.azure_devops.config import AzureDevOpsConfig
from integrations_sdk.connectors.base import (
    AuthenticationError,
    Build,
    BuildStatus,
    ConfigurationError,
    Fault,
    Issue,
    IssueDraft,
    JsonValue,
    Response,
    at,
    fault_of,
    given,
    json_of,
    sentence,
    text_at,
    time_of,
)

__all__ = [
    "MARK", "azure_fault", "build_of", "external_tag", "fields_of", "issue_of", "patch", "rich", "state_for", "tags_in",
    "wiql_for",
]  # fmt: skip

MARK: Final = "sync:"
"""What tags that stand for external ids begin with."""

_LONGEST_TITLE: Final = 255
_PRIORITIES: Final = {
    **{str(number): number for number in range(1, 5)},
    "urgent": 1, "critical": 1, "blocker": 1, "highest": 1, "high": 1, "major": 2, "normal": 2, "medium": 2, "minor": 3,
    "low": 3, "lowest": 4,
}  # fmt: skip
_CATEGORIES: Final = {
    **dict.fromkeys(("done", "closed", "close", "completed", "complete"), ("Completed", "Resolved")),
    "resolved": ("Resolved", "Completed"),
    **dict.fromkeys(("open", "opened", "reopen", "reopened", "new", "to do"), ("Proposed", "InProgress")),
    **dict.fromkeys(("in progress", "in_progress", "active", "doing"), ("InProgress",)),
}
_RESULTS: Final = {
    "succeeded": BuildStatus.SUCCESS,
    "failed": BuildStatus.FAILED,
    "canceled": BuildStatus.CANCELED,
}
_RUNNING: Final = frozenset({"inProgress", "canceling"})
_CODE: Final = re.compile(r"\b((?:TF|VS)\d{4,8})\b")


def fields_of(draft: IssueDraft, kind: str | None = None) -> dict[str, JsonValue]:
    """A work item's fields for what the draft says, but for its tags.

    Args:
        kind: type of the work item; the text of a Bug is shown from another field.

    Raises:
        ConfigurationError: the priority is neither 1 to 4 nor a word for one of them.
    """
    text = None if draft.description is None else rich(draft.description)
    return given(
        **{
            "System.Title": sentence(draft.title, _LONGEST_TITLE) if draft.title is not None else None,
            "System.Description": text,
            "Microsoft.VSTS.TCM.ReproSteps": text if kind == "Bug" else None,
            "System.AssignedTo": draft.assignee,
            "Microsoft.VSTS.Common.Priority": _priority(draft.priority),
        }
    )


def rich(text: str) -> str:
    """Plain text as the HTML that Azure DevOps keeps."""
    return html.escape(text, quote=False).replace("\r\n", "\n").replace("\n", "<br>")


def patch(fields: Mapping[str, JsonValue], url: str | None = None) -> list[JsonValue]:
    """A JSON Patch (RFC 6902) that sets fields, and links to an address."""
    steps: list[JsonValue] = [
        {"op": "add", "path": f"/fields/{name.replace('~', '~0').replace('/', '~1')}", "value": value}
        for name, value in fields.items()
    ]
    linked: JsonValue = {"op": "add", "path": "/relations/-", "value": {"rel": "Hyperlink", "url": url}}
    return [*steps, linked] if url else steps


def external_tag(external_id: str) -> str:
    """The tag for an id; one that a tag cannot hold (`;`, `,`, more than 390 characters) is hashed."""
    if re.fullmatch(r"[^;,\x00-\x1f\x7f]{1,390}", external_id) and external_id == external_id.strip():
        return f"{MARK}{external_id}"
    return f"{MARK}{hashlib.sha256(external_id.encode('utf-8', 'replace')).hexdigest()}"


def tags_in(record: JsonValue) -> list[str]:
    """The tags of a work item, those of external ids included."""
    text = text_at(record, "fields", "System.Tags") or ""
    return [tag.strip() for tag in text.split(";") if tag.strip()]


def wiql_for(external_id: str, config: AzureDevOpsConfig) -> str:
    """The query for the work items with an external id, the oldest first."""
    field, value = config.external_id_field, external_id
    if field is None:
        field, value, operator = "System.Tags", external_tag(external_id), "CONTAINS"
    else:
        operator = "="
    quoted = value.replace("'", "''")
    where = f"[System.TeamProject] = @project AND [{field}] {operator} '{quoted}'"
    return f"SELECT [System.Id] FROM WorkItems WHERE {where} ORDER BY [System.Id]"  # noqa: S608  # WIQL, and quoted


def state_for(to: str, states: Iterable[Mapping[str, JsonValue]]) -> str | None:
    """The state that `to` means: a name, or a word for a category (`done`, `reopen`); None if there is none."""
    known = [(text_at(dict(state), "name") or "", text_at(dict(state), "category")) for state in states]
    word = to.strip().casefold()
    for name, _ in known:
        if name.casefold() == word:
            return name
    for wanted in _CATEGORIES.get(word, ()):
        for name, category in known:
            if category == wanted:
                return name
    return None


def issue_of(record: JsonValue, root: str) -> Issue:
    """One work item of an answer."""
    number, project = text_at(record, "id") or "", text_at(record, "fields", "System.TeamProject")
    return Issue(
        reference=number,
        title=text_at(record, "fields", "System.Title") or "",
        status=text_at(record, "fields", "System.State") or "",
        url=text_at(record, "_links", "html", "href")
        or (f"{root}/{project}/_workitems/edit/{number}" if project else None),
        labels=tuple(tag for tag in tags_in(record) if not tag.startswith(MARK)),
        data=record if isinstance(record, dict) else {},
    )


def build_of(record: JsonValue, pipeline: str) -> Build:
    """One run of a pipeline; its reference is `<pipeline's id>#<run's id>`."""
    state, run = text_at(record, "state"), at(record, "id")
    began, ended = time_of(at(record, "createdDate")), time_of(at(record, "finishedDate"))
    waiting = BuildStatus.RUNNING if state in _RUNNING else BuildStatus.PENDING
    return Build(
        reference=f"{pipeline}#{run}",
        status=_RESULTS.get(text_at(record, "result") or "", BuildStatus.FAILED)
        if state == "completed"
        else waiting,
        job=text_at(record, "pipeline", "name") or pipeline,
        number=run if isinstance(run, int) else None,
        url=text_at(record, "_links", "web", "href"),
        duration=ended - began if began and ended and ended >= began else None,
    )


def azure_fault(response: Response) -> Fault | None:
    """As the status says; a sign-in page, under 203 or behind a redirect, means that the token is refused."""
    signs_in = response.status == 203 or "/_signin" in response.headers.get("location", "")
    if signs_in or (response.status == 401 and json_of(response) is None):
        return Fault(AuthenticationError, "the token is refused: it is wrong or expired, or lacks the scope")
    found = fault_of(response)
    if found is None:
        return None
    code = _CODE.search(found.message)
    return Fault(found.kind, found.message, code[1] if code else text_at(json_of(response), "typeKey"))


def _priority(word: str | None) -> int | None:
    if word is None:
        return None
    if word.lower() not in _PRIORITIES:
        raise ConfigurationError.of(
            "azure_devops work item", "priority", "expected 1 to 4, urgent, high, medium or low"
        )
    return _PRIORITIES[word.lower()]
