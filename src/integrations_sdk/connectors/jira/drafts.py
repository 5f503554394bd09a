"""From an issue elsewhere to Jira's fields, and from Jira's answers to issues. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

from integrations_sdk.connectors.base import Issue, IssueDraft, JsonValue
from integrations_sdk.connectors.jira.config import JiraConfig
from integrations_sdk.connectors.jira.text import LONGEST_TEXT, adf, one_line, shortened, wiki

__all__ = [
    "PROPERTY",
    "choose_transition",
    "fields_of",
    "issue_of",
    "jql_string",
    "label_of",
    "objects",
    "rendered",
    "status_category",
    "target_of",
]

PROPERTY: Final = "integrations-sdk"
"""The entity property that says what an issue stands for; not for JQL, as only apps can have it indexed."""


def label_of(external_id: str) -> str:
    """The id as a label. Jira allows everything but white space in one, and 255 characters."""
    if len(external_id) <= 255 and external_id.split() == [external_id]:
        return external_id
    digest = hashlib.sha256(external_id.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{PROPERTY}-{digest[:32]}"


def rendered(text: str, config: JiraConfig) -> JsonValue:
    """A description or comment in the form that the deployment takes."""
    return adf(shortened(text)) if config.is_cloud else shortened(wiki(text[: LONGEST_TEXT + 1]))


def fields_of(draft: IssueDraft, config: JiraConfig) -> dict[str, JsonValue]:
    """Jira's `fields` for what the draft says, but for labels: those are added and removed one by one."""
    fields: dict[str, JsonValue] = {}
    if draft.title is not None:
        fields["summary"] = one_line(draft.title)
    if draft.description is not None:
        fields["description"] = rendered(draft.description, config) if draft.description.strip() else None
    if draft.issue_type is not None:
        fields["issuetype"] = {"name": config.issue_types.get(draft.issue_type, draft.issue_type)}
    if draft.priority is not None:
        fields["priority"] = {"name": draft.priority}
    if draft.assignee is not None:
        fields["assignee"] = {"accountId" if config.is_cloud else "name": draft.assignee}
    return {**fields, **draft.fields}


def choose_transition(
    transitions: Iterable[Mapping[str, JsonValue]], to: str
) -> Mapping[str, JsonValue] | None:
    """The transition that `to` means: an id, a name, the status it leads to, or that status's category.

    Names compare without regard to case. The categories are Jira's: `new`, `indeterminate`, `done`.
    """
    known = list(transitions)
    word = to.strip().casefold()
    for reading in (_id, _name, target_of, _category):
        for transition in known:
            if reading(transition).casefold() == word:
                return transition
    return None


def target_of(transition: Mapping[str, JsonValue]) -> str:
    """The name of the status that a transition leads to."""
    return str(_object(transition.get("to")).get("name", ""))


def issue_of(found: Mapping[str, JsonValue], site: str | None) -> Issue:
    """One issue of an answer."""
    fields = _object(found.get("fields"))
    labels = fields.get("labels")
    key = str(found.get("key", ""))
    return Issue(
        reference=key,
        title=_text(fields.get("summary")) or "",
        status=_text(_object(fields.get("status")).get("name")) or "",
        url=f"{site}/browse/{key}" if site else None,
        labels=tuple(label for label in labels if isinstance(label, str)) if isinstance(labels, list) else (),
        data=dict(found),
    )


def status_category(issue: Issue) -> str:
    """`new`, `indeterminate` or `done`; empty if the answer does not say."""
    status = _object(_object(issue.data.get("fields")).get("status"))
    return str(_object(status.get("statusCategory")).get("key", ""))


def jql_string(value: str) -> str:
    """A value quoted for JQL."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def objects(value: JsonValue) -> list[dict[str, JsonValue]]:
    """The objects in a list; none if it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _object(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _id(transition: Mapping[str, JsonValue]) -> str:
    return str(transition.get("id", ""))


def _name(transition: Mapping[str, JsonValue]) -> str:
    return str(transition.get("name", ""))


def _category(transition: Mapping[str, JsonValue]) -> str:
    return str(_object(_object(transition.get("to")).get("statusCategory")).get("key", ""))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
