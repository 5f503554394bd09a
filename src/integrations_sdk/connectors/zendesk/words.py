"""Zendesk's words: fields, statuses, error bodies. Pure.

Source: https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from integrations_sdk.connectors.base import (
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
    texts_at,
)
from integrations_sdk.connectors.zendesk.config import ZendeskConfig
from integrations_sdk.connectors.zendesk.templates import PRIORITIES, TYPES

__all__ = ["comment", "custom_fields", "fields_of", "status_of", "ticket_of", "zendesk_fault"]

_PRIORITIES: Final = {
    **{word: word for word in PRIORITIES},
    "lowest": "low", "minor": "low", "medium": "normal", "major": "high", "highest": "urgent", "critical": "urgent",
    "blocker": "urgent",
}  # fmt: skip
_STATUSES: Final = {
    **{word: word for word in ("new", "open", "pending", "hold", "solved", "closed")},
    **dict.fromkeys(("done", "resolved", "resolve", "solve", "close"), "solved"),
    **dict.fromkeys(("reopen", "reopened", "opened", "in progress", "in_progress"), "open"),
    **dict.fromkeys(("on-hold", "on hold", "waiting"), "hold"),
}


def fields_of(draft: IssueDraft) -> dict[str, JsonValue]:
    """A ticket's fields for what the draft says, but for its text, which is a comment.

    Raises:
        ConfigurationError: type or priority is a word that says nothing to Zendesk, or the assignee is neither
            an e-mail address nor a number.
    """
    kind = draft.issue_type.lower() if draft.issue_type else None
    if kind is not None and kind not in TYPES:
        raise ConfigurationError.of("zendesk ticket", "issue_type", f"expected one of {', '.join(TYPES)}")
    return given(
        subject=draft.title,
        type=kind,
        priority=_priority(draft.priority),
        tags=None if draft.labels is None else tags_of(draft.labels),
        external_id=draft.external_id,
        **_assignee(draft.assignee),
    )


def tags_of(labels: Iterable[str]) -> list[JsonValue]:
    """Labels as tags, each once: in small letters, white space as an underscore, as Zendesk would part them there."""
    return [*dict.fromkeys("_".join(label.lower().split()) for label in labels if label.strip())]


def comment(text: str, config: ZendeskConfig) -> dict[str, JsonValue]:
    """A comment, internal unless configured otherwise."""
    return {"body": text, "public": config.public_comments}


def custom_fields(values: Mapping[str, JsonValue]) -> list[JsonValue] | None:
    """Values by ids as Zendesk takes them; None if there are none."""
    return [
        {"id": int(key) if key.isdecimal() else key, "value": value} for key, value in values.items()
    ] or None


def status_of(to: str) -> dict[str, JsonValue]:
    """`status` for one of Zendesk's words or a word for the same, `custom_status_id` for a number.

    Raises:
        ConfigurationError: it is neither.
    """
    word = to.strip().lower()
    if word.isdecimal():
        return {"custom_status_id": int(word)}
    if word not in _STATUSES:
        expected = "expected new, open, pending, hold, solved, closed, or the id of a custom status"
        raise ConfigurationError.of("zendesk ticket", "to", expected)
    return {"status": _STATUSES[word]}


def ticket_of(record: JsonValue, site: str) -> Issue:
    """One ticket of an answer."""
    number = text_at(record, "id") or ""
    return Issue(
        reference=number,
        title=text_at(record, "subject") or "",
        status=text_at(record, "status") or "",
        url=f"{site}/agent/tickets/{number}" if number else None,
        labels=texts_at(record, "tags"),
        data=record if isinstance(record, dict) else {},
    )


def zendesk_fault(response: Response) -> Fault | None:
    """As the status says, in Zendesk's words: the description, and what is wrong with each field."""
    found = fault_of(response)
    if found is None:
        return None
    body = json_of(response)
    said = [text_at(body, "description"), *_details(at(body, "details"))]
    words = sentence("; ".join(dict.fromkeys(word for word in said if word))) or found.message
    return Fault(found.kind, words, text_at(body, "error"))


def _details(details: JsonValue) -> Iterator[str | None]:
    for problems in details.values() if isinstance(details, dict) else ():
        for problem in problems if isinstance(problems, list) else []:
            yield text_at(problem, "description")


def _priority(word: str | None) -> str | None:
    if word is None:
        return None
    found = _PRIORITIES.get(word.lower())
    if found is None:
        raise ConfigurationError.of("zendesk ticket", "priority", f"expected one of {', '.join(PRIORITIES)}")
    return found


def _assignee(who: str | None) -> dict[str, JsonValue]:
    if who is None:
        return {}
    if who.isdecimal():
        return {"assignee_id": int(who)}
    if "@" in who:
        return {"assignee_email": who}
    raise ConfigurationError.of(
        "zendesk ticket", "assignee", "expected an agent's e-mail address, or a user's number"
    )
