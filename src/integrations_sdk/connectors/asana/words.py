"""Asana's words: a task's fields, states, error bodies. Pure. Source: https://developers.asana.com/reference/tasks."""

from __future__ import annotations

from typing import Final

from integrations_sdk.connectors.asana.config import AsanaConfig
from integrations_sdk.connectors.base import (
    Fault,
    Issue,
    IssueDraft,
    JsonValue,
    Response,
    at,
    changed_query,
    fault_of,
    given,
    json_of,
    objects_at,
    text_at,
)

__all__ = ["FIELDS", "asana_fault", "completion", "fields_of", "following", "labels_of", "task_of"]

FIELDS: Final = (
    "name,notes,completed,permalink_url,tags.name,memberships.project,memberships.section.name,external"
)
"""What is asked for of each task (`opt_fields`)."""

_TYPES: Final = frozenset({"default_task", "milestone", "approval"})
_COMPLETION: Final = {
    **dict.fromkeys(("complete", "completed", "done", "closed", "close", "resolved"), True),
    **dict.fromkeys(("incomplete", "reopen", "reopened", "open", "opened"), False),
}


def fields_of(draft: IssueDraft, config: AsanaConfig) -> dict[str, JsonValue]:
    """A task's fields for what the draft says, but for its tags."""
    kind = (draft.issue_type or "").lower()
    notes = "\n\n".join(part for part in (draft.description, draft.url) if part)
    field, known = config.external_id_field, draft.external_id
    return given(
        name=draft.title,
        notes=notes or draft.description,
        assignee=draft.assignee,
        resource_subtype=kind if kind in _TYPES else None,
        custom_fields={field: known} if known and field else None,
        external={"gid": known} if known and not field else None,
    )


def labels_of(draft: IssueDraft) -> tuple[str, ...]:
    """The tags of a draft: its labels, a type that Asana does not have, and `priority:…`."""
    kind = draft.issue_type if draft.issue_type and draft.issue_type.lower() not in _TYPES else None
    more = (kind, f"priority:{draft.priority}" if draft.priority else None)
    return tuple(dict.fromkeys(label for label in (*(draft.labels or ()), *more) if label))


def completion(to: str) -> bool | None:
    """Whether a word means that a task is complete, or not; None: it is no such word, but a section's name."""
    return _COMPLETION.get(to.strip().lower())


def task_of(record: JsonValue, project: str) -> Issue:
    """One task of an answer; its status is `completed`, else its section in the project, else `incomplete`."""
    places = (
        one for one in objects_at(record, "memberships") if text_at(one, "project", "gid") in {project, None}
    )
    section = text_at(next(places, None), "section", "name")
    return Issue(
        reference=text_at(record, "gid") or "",
        title=text_at(record, "name") or "",
        status="completed" if at(record, "completed") is True else section or "incomplete",
        url=text_at(record, "permalink_url"),
        labels=tuple(filter(None, (text_at(tag, "name") for tag in objects_at(record, "tags")))),
        data=record if isinstance(record, dict) else {},
    )


def asana_fault(response: Response) -> Fault | None:
    """As the status says; of a server error Asana gives a phrase to quote to its support, which stands for a code."""
    found = fault_of(response)
    if found is None:
        return None
    phrases = (text_at(error, "phrase") for error in objects_at(json_of(response), "errors"))
    return Fault(found.kind, found.message, next(filter(None, phrases), None))


def following(page: Response, query: str) -> str | None:
    """The offset is a token: https://developers.asana.com/docs/pagination."""
    offset = text_at(json_of(page), "next_page", "offset")
    return changed_query(query, offset=offset) if offset else None
