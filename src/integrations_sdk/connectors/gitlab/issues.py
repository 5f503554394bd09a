"""Issues: https://docs.gitlab.com/api/issues/ and https://docs.gitlab.com/api/notes/."""

from __future__ import annotations

from collections.abc import AsyncIterator

import attrs

from integrations_sdk.connectors.base import (
    ConfigurationError,
    Issue,
    IssueDraft,
    JsonValue,
    Outcome,
    given,
    is_marked,
    issue_text,
    mark_of,
)
from integrations_sdk.connectors.gitlab.api import GitLabApi, number_of
from integrations_sdk.connectors.gitlab.words import inert, state_event

__all__ = ["Issues"]

_TYPES = frozenset({"issue", "incident", "test_case", "task"})


class Issues(GitLabApi):
    """The operations on issues; a reference is the number within the project (`12`, `#12`)."""

    async def create_issue(self, draft: IssueDraft) -> Outcome:
        """Create an issue.

        `priority` becomes the scoped label `priority::…`, and an `issue_type` that GitLab does not have a
        label too. `assignee` is a user name or a user's number. Quick actions in the text do not act.

        Raises:
            ConfigurationError: no title, or no such assignee.
        """
        if not draft.title:
            raise ConfigurationError.of("gitlab issue", "title", "missing; expected some text")
        labels = [*self.config.issue_labels, *(draft.labels or ()), *_more_labels(draft)]
        body = await self._fields(draft)
        body |= given(labels=[*dict.fromkeys(labels)] or None, description=_description(draft) or None)
        response = await self.call(
            "POST", self.path("/issues"), operation="issues.create", json=body | draft.fields
        )
        return self.made(response)

    async def update_issue(self, reference: str, changes: IssueDraft) -> Outcome:
        """Change an issue; `labels` replace those it has. The line it is found by stays in a new description.

        Raises:
            ConfigurationError: no such assignee.
        """
        path = self.path("/issues/{iid}", iid=number_of(reference))
        body = await self._fields(changes)
        more = _more_labels(changes)
        if changes.labels is not None:
            body["labels"] = [*changes.labels, *more]
        elif more:
            body["add_labels"] = [*more]
        if changes.description is not None:
            known = None if changes.external_id else (await self.get_issue(reference)).data.get("description")
            body["description"] = _description(changes, before=known)
        response = await self.call("PUT", path, operation="issues.update", json=body | changes.fields)
        return self.made(response)

    async def find_issue(self, external_id: str) -> Issue | None:
        """The oldest issue created with that `external_id`, open or closed; a new one is found at once."""
        query = {"search": mark_of(external_id), "in": "description", "order_by": "created_at", "sort": "asc"}
        async for issue in self.list_issues(**query):
            if is_marked(issue.data.get("description"), external_id):
                return issue
        return None

    async def get_issue(self, reference: str) -> Issue:
        """The issue as it is now."""
        path = self.path("/issues/{iid}", iid=number_of(reference))
        return _issue(await self.ask("GET", path, operation="issues.get"))

    async def list_issues(self, **filters: str) -> AsyncIterator[Issue]:
        """The project's issues, page by page; filters as GitLab names them, e.g. `state="opened"`."""
        query = {"per_page": "100", **filters}
        async for record in self.records(self.path("/issues"), operation="issues.list", query=query):
            yield _issue(record)

    async def comment_issue(self, reference: str, text: str) -> Outcome:
        """Add a comment; quick actions in it do not act."""
        number = number_of(reference)
        path = self.path("/issues/{iid}/notes", iid=number)
        response = await self.call("POST", path, operation="issues.comment", json={"body": inert(text)})
        note = self.parse(response).get("id")
        return self.made(response, key="id", url=self.web_url(f"/-/issues/{number}#note_{note}"))

    async def transition_issue(self, reference: str, to: str) -> Outcome:
        """Close it (`closed`, `close`, `done`) or open it again (`opened`, `reopen`).

        Raises:
            ConfigurationError: another state, which GitLab's issues do not have.
        """
        path = self.path("/issues/{iid}", iid=number_of(reference))
        response = await self.call(
            "PUT", path, operation="issues.transition", json={"state_event": state_event(to)}
        )
        return self.made(response)

    async def _fields(self, draft: IssueDraft) -> dict[str, JsonValue]:
        kind = (draft.issue_type or "").lower()
        assignees: list[JsonValue] | None = [await self._user(draft.assignee)] if draft.assignee else None
        return given(title=draft.title, issue_type=kind if kind in _TYPES else None, assignee_ids=assignees)

    async def _user(self, name: str) -> int:
        if name.isdecimal():
            return int(name)
        response = await self.call(
            "GET", "/api/v4/users", operation="users.find", query={"username": name.removeprefix("@")}
        )
        for user in self.parse_list(response):
            if isinstance(number := user.get("id"), int):
                return number
        raise ConfigurationError.of(
            "gitlab issue", "assignee", "no such user", "give the user name, or the user's number"
        )


def _more_labels(draft: IssueDraft) -> list[str]:
    kind = draft.issue_type if draft.issue_type and draft.issue_type.lower() not in _TYPES else None
    return [label for label in (kind, f"priority::{draft.priority}" if draft.priority else None) if label]


def _description(draft: IssueDraft, before: object = None) -> str:
    return issue_text(attrs.evolve(draft, description=inert(draft.description or "")), before=before)


def _issue(record: dict[str, JsonValue]) -> Issue:
    labels, url = record.get("labels"), record.get("web_url")
    return Issue(
        reference=str(record.get("iid")),
        title=str(record.get("title", "")),
        status=str(record.get("state", "")),
        url=str(url) if url else None,
        labels=tuple(map(str, labels)) if isinstance(labels, list) else (),
        data=record,
    )
