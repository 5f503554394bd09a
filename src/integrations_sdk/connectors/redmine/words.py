"""Redmine's words: an issue's fields, names of things, errors. Pure.

Source: https://www.redmine.org/projects/redmine/wiki/Rest_Issues.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

from integrations_sdk.connectors.base import (
    AuthenticationError,
    ConfigurationError,
    Fault,
    Issue,
    IssueDraft,
    JsonValue,
    RejectedError,
    Response,
    at,
    changed_query,
    fault_of,
    given,
    json_of,
    objects_at,
    sentence,
    text_at,
)
from integrations_sdk.connectors.redmine.config import RedmineConfig

__all__ = [
    "fields_of",
    "following",
    "identified",
    "issue_of",
    "kept",
    "named",
    "redmine_fault",
    "status_of",
    "value_of",
]

_CLOSED: Final = frozenset({"done", "closed", "close", "resolved"})
_OPEN: Final = frozenset({"open", "opened", "reopen", "reopened"})
_LONGEST_SUBJECT: Final = 255


def fields_of(draft: IssueDraft, config: RedmineConfig) -> dict[str, JsonValue]:
    """An issue's fields for what the draft says, but for those that are known by number: tracker, priority, assignee.

    Raises:
        ConfigurationError: there is an external id, and no field to keep it.
    """
    said = "\n\n".join(part for part in (draft.description, draft.url) if part)
    custom: list[JsonValue] = []
    if draft.external_id is not None:
        custom.append({"id": identified(config), "value": kept(draft.external_id)})
    if draft.labels is not None and config.labels_field is not None:
        custom.append({"id": config.labels_field, "value": list(draft.labels)})
    return given(
        subject=sentence(draft.title, _LONGEST_SUBJECT) if draft.title is not None else None,
        description=said if draft.description is not None or draft.url else None,
        custom_fields=custom or None,
    )


def identified(config: RedmineConfig) -> int:
    """The field for external ids.

    Raises:
        ConfigurationError: there is none.
    """
    if config.external_id_field is None:
        remedy = "add a custom field for issues, and configure its number"
        raise ConfigurationError.of("redmine configuration", "external_id_field", "missing", remedy)
    return config.external_id_field


def kept(external_id: str) -> str:
    """The id as the field keeps it: Redmine parts values at `|`, and a text field may end at 255 characters."""
    if "|" in external_id or len(external_id) > _LONGEST_SUBJECT or external_id != external_id.strip():
        return hashlib.sha256(external_id.encode("utf-8", "replace")).hexdigest()
    return external_id


def value_of(record: JsonValue, field: int) -> JsonValue:
    """The value of a custom field of an issue; None if it has none."""
    found = (one.get("value") for one in objects_at(record, "custom_fields") if one.get("id") == field)
    return next(found, None)


def named(what: str, word: str, known: Iterable[Mapping[str, JsonValue]]) -> int:
    """The number of the thing with that number or name.

    Raises:
        ConfigurationError: there is none; it says which there are.
    """
    things = list(known)
    for thing in things:
        number, name = thing.get("id"), text_at(dict(thing), "name") or ""
        if isinstance(number, int) and word.strip().casefold() in {str(number), name.casefold()}:
            return number
    names = ", ".join(text_at(dict(thing), "name") or "" for thing in things) or "none"
    raise ConfigurationError.of("redmine issue", what, f"Redmine has no such {what}; it has {names}")


def status_of(to: str, known: Iterable[Mapping[str, JsonValue]]) -> int:
    """The number of a status: by number or name, or the first that is closed (`done`) or is not (`reopen`).

    Raises:
        ConfigurationError: there is none; it says which there are.
    """
    statuses, word = list(known), to.strip().casefold()
    names = {(text_at(dict(one), "name") or "").casefold() for one in statuses}
    if word in _CLOSED | _OPEN and word not in names:
        for one in statuses:
            if (one.get("is_closed") is True) is (word in _CLOSED) and isinstance(
                number := one.get("id"), int
            ):
                return number
    return named("status", to, statuses)


def issue_of(record: JsonValue, config: RedmineConfig) -> Issue:
    """One issue of an answer."""
    number = text_at(record, "id") or ""
    labels = value_of(record, config.labels_field) if config.labels_field is not None else None
    return Issue(
        reference=number,
        title=text_at(record, "subject") or "",
        status=text_at(record, "status", "name") or "",
        url=f"{config.url.rstrip('/')}/issues/{number}" if number else None,
        labels=tuple(str(label) for label in labels) if isinstance(labels, list) else (),
        data=record if isinstance(record, dict) else {},
    )


def redmine_fault(response: Response) -> Fault | None:
    """As the status says; Redmine leaves the body of many refusals empty, and shows a page where there is no API."""
    found = fault_of(response)
    if found is None or 300 <= response.status < 400:
        return found
    if response.status == 401 and found.kind is AuthenticationError:
        return Fault(
            found.kind, "the key is refused, or the REST web service is not enabled (Administration → API)"
        )
    if response.status == 404:
        return Fault(
            RejectedError, "it does not exist, or the account cannot see it; is the URL that of Redmine?"
        )
    return found


def following(page: Response, query: str) -> str | None:
    """The page after one that says how many there are: https://www.redmine.org/projects/redmine/wiki/Rest_api."""
    body = json_of(page)
    offset, limit, total = (at(body, name) for name in ("offset", "limit", "total_count"))
    if not isinstance(offset, int) or not isinstance(limit, int) or not isinstance(total, int):
        return None
    return changed_query(query, offset=offset + limit) if limit > 0 and offset + limit < total else None
