"""Issues of other trackers, as they are brought to Jira. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import attrs

from integrations_sdk.connectors.base import ConfigurationError, Event, IssueDraft, JsonValue, Problem
from integrations_sdk.connectors.jira.drafts import PROPERTY

__all__ = ["Source", "source_of_event", "source_of_mapping", "tag_of"]

_CLOSED: Final = frozenset({"closed", "close"})
_REOPENED: Final = frozenset({"reopened", "reopen"})
_GITLAB_TYPES: Final = frozenset({"issue", "incident", "test_case", "requirement", "task", "ticket", "epic"})


@attrs.frozen(kw_only=True)
class Source:
    """An issue of another tracker, as it is brought to Jira.

    Attributes:
        external_id: e.g. `gitlab:group/name#12`; Jira finds the issue by it as a label.
        closed: True when it was closed, False when it was reopened, None when neither happened.
    """

    draft: IssueDraft
    external_id: str
    closed: bool | None = None


def source_of_mapping(
    issue: Mapping[str, object], *, project: str | None, known_types: Collection[str] = ()
) -> Source:
    """The issue in a mapping: `iid` and `title`, and what else GitLab's API writes of an issue.

    Read are `description`, `labels`, `url` (`web_url`), `state`, `project`, `issue_type`; the rest is left.

    Args:
        project: of the integration, where the issue names none.
        known_types: GitLab's words for types that have a Jira type; its others mean the default type.

    Raises:
        ConfigurationError: naming every field that is missing or wrong.
    """
    project = _text(issue.get("project")) or _project_of(issue.get("references")) or project
    number, title = issue.get("iid", issue.get("number")), issue.get("title")
    problems = []
    if isinstance(number, bool) or not isinstance(number, int | str) or not str(number).strip():
        problems.append(
            Problem("iid", "missing; expected the issue's number", "pass the issue as GitLab gives it")
        )
    if not isinstance(title, str) or not title.strip():
        problems.append(Problem("title", "missing; expected some text"))
    if not project:
        problems.append(
            Problem(
                "project", "missing; expected a path such as group/name", "or give the manager a project_id"
            )
        )
    problems.extend(_wrong_texts(issue, "description", "url", "web_url", "state", "issue_type"))
    if problems:
        raise ConfigurationError("issue", problems)
    state, kind = _text(issue.get("state")), _text(issue.get("issue_type"))
    external_id = f"gitlab:{project}#{number}"
    return Source(
        draft=IssueDraft(
            title=str(title),
            description=_text(issue.get("description")),
            issue_type=None if kind in _GITLAB_TYPES and kind not in known_types else kind,
            labels=_labels(issue.get("labels")),
            url=_text(issue.get("url")) or _text(issue.get("web_url")),
            external_id=external_id,
        ),
        external_id=external_id,
        closed=True if state in _CLOSED else False if state in _REOPENED else None,
    )


def source_of_event(event: Event) -> Source | None:
    """The issue of an issue event; None when the event says too little of it."""
    if event.number is None or not event.project or not event.title:
        return None
    external_id = f"{event.provider}:{event.project}#{event.number}"
    draft = IssueDraft(
        title=event.title,
        description=event.text,
        labels=_labels(_given_labels(event.data)),
        url=event.url,
        external_id=external_id,
    )
    closed = True if event.action in _CLOSED else False if event.action in _REOPENED else None
    return Source(draft=draft, external_id=external_id, closed=closed)


def tag_of(label: str) -> str:
    """A label of another tracker as one of Jira's: white space becomes a hyphen.

    One that reads like an `external_id` does not stay so: an issue would be taken for the one it names.
    """
    tag = "-".join(label.split())[:255]
    if tag.startswith(PROPERTY):
        return f"x-{tag}"[:255]
    return tag.replace("#", "-") if ":" in tag else tag


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _wrong_texts(issue: Mapping[str, object], *names: str) -> list[Problem]:
    given = ((name, issue.get(name)) for name in names)
    return [Problem(name, "expected some text") for name, value in given if not isinstance(value, str | None)]


def _project_of(references: object) -> str | None:
    """The project of `{"full": "group/name#12"}`."""
    full = references.get("full") if isinstance(references, Mapping) else None
    return full.rpartition("#")[0] or None if isinstance(full, str) else None


def _given_labels(body: Mapping[str, JsonValue]) -> object:
    """GitLab puts them beside the issue, GitHub into it."""
    issue = body.get("issue")
    if "labels" in body or not isinstance(issue, dict):
        return body.get("labels")
    return issue.get("labels")


def _labels(given: object) -> tuple[str, ...] | None:
    if not isinstance(given, list | tuple):
        return None
    names = (item.get("title", item.get("name")) if isinstance(item, Mapping) else item for item in given)
    return tuple(dict.fromkeys(tag_of(name) for name in names if isinstance(name, str) and name.strip()))
