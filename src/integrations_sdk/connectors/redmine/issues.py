"""Redmine's issues: https://www.redmine.org/projects/redmine/wiki/Rest_Issues."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from integrations_sdk.connectors.base import (
    ConfigurationError,
    Connector,
    Fault,
    Issue,
    IssueDraft,
    JsonValue,
    Outcome,
    RejectedError,
    Response,
    at,
    objects_at,
    url_path,
)
from integrations_sdk.connectors.redmine.config import RedmineConfig
from integrations_sdk.connectors.redmine.words import (
    fields_of,
    following,
    identified,
    issue_of,
    kept,
    named,
    status_of,
    value_of,
)

__all__ = ["RedmineIssues"]


class RedmineIssues(Connector[RedmineConfig]):
    """Operations on issues; a reference is the issue's number (`12`, `#12`)."""

    async def create_issue(self, draft: IssueDraft) -> Outcome:
        """Create an issue.

        `issue_type` is a tracker, `priority` one of Redmine's, `assignee` a member of the project (a user, by
        full name, or a group): each by name or number; `assignee` may be `me`.

        Raises:
            ConfigurationError: no title; a name that Redmine does not know; an external id and no field for it.
        """
        if not draft.title:
            raise ConfigurationError.of("redmine issue", "title", "missing; expected some text")
        fields = fields_of(draft, self.config) | await self._numbers(draft, self.config.tracker)
        issue = {"project_id": self.config.project, **fields, **draft.fields}
        answer = await self.call("POST", "/issues.json", operation="issues.create", json={"issue": issue})
        made = issue_of(at(self.parse(answer), "issue"), self.config)
        return self.done(answer, reference=made.reference, url=made.url, detail=made.status, data=made.data)

    async def update_issue(self, reference: str, changes: IssueDraft) -> Outcome:
        """Change an issue; labels replace those it has.

        Raises:
            ConfigurationError: as `create_issue()`, but for the title.
        """
        fields = fields_of(changes, self.config) | await self._numbers(changes, None) | changes.fields
        if not fields:
            return self.skipped("issues.update", "nothing to change")
        return self._changed(await self._put(reference, fields, "issues.update"), reference)

    async def comment_issue(self, reference: str, text: str) -> Outcome:
        """Add a note; Redmine does not say its number, so `reference` is the issue's."""
        fields: dict[str, JsonValue] = {"notes": text, "private_notes": self.config.private_notes}
        answer = await self._put(reference, fields, "issues.note", idempotent=False)
        return self._changed(answer, reference)

    async def transition_issue(self, reference: str, to: str) -> Outcome:
        """Give an issue another status, by name or number; `done` is the first closed one, `reopen` the first open.

        Raises:
            ConfigurationError: there is no such status.
            RejectedError: the workflow does not allow it, which Redmine itself passes over in silence.
        """
        answer = await self.call("GET", "/issue_statuses.json", operation="issue_statuses.list")
        status = status_of(to, objects_at(self.parse(answer), "issue_statuses"))
        answer = await self._put(reference, {"status_id": status}, "issues.transition")
        now = await self.get_issue(reference)
        if at(now.data, "status", "id") != status:
            said = f"the workflow does not lead from {now.status} to {to!r} for this account"
            raise self.error(Fault(RejectedError, said, "no_transition"), answer)
        return self._changed(answer, reference, now.status)

    async def find_issue(self, external_id: str) -> Issue | None:
        """The oldest issue, open or closed, whose `external_id_field` has the id; a new one is found at once.

        Raises:
            ConfigurationError: no such field is configured.
        """
        field, value = identified(self.config), kept(external_id)
        query = {f"cf_{field}": f"={value}", "status_id": "*", "sort": "id"}
        async for issue in self.list_issues(**query):
            if (
                value_of(issue.data, field) == value
            ):  # a field that is no filter would let through every issue
                return issue
        return None

    async def get_issue(self, reference: str) -> Issue:
        """The issue as it is now."""
        path = url_path("/issues/{id}.json", id=_number(reference))
        answer = await self.ask("GET", path, operation="issues.get")
        return issue_of(at(answer, "issue"), self.config)

    async def list_issues(self, **filters: str) -> AsyncIterator[Issue]:
        """The project's issues, page by page; open ones unless `status_id="*"`; filters as Redmine names them."""
        query = {"project_id": str(self.config.project), "limit": "100", "offset": "0", **filters}
        async for record in self.records(
            "/issues.json", operation="issues.list", query=query, items="issues", following=following
        ):
            yield issue_of(record, self.config)

    async def _numbers(self, draft: IssueDraft, tracker: str | None) -> dict[str, JsonValue]:
        found: dict[str, JsonValue] = {}
        kind = self.config.trackers.get(draft.issue_type or "", draft.issue_type) or tracker
        if kind is not None:
            found["tracker_id"] = await self._named("tracker", kind, "/trackers.json", "trackers")
        if draft.priority is not None:
            path = "/enumerations/issue_priorities.json"
            found["priority_id"] = await self._named("priority", draft.priority, path, "issue_priorities")
        if draft.assignee is not None:
            found["assigned_to_id"] = await self._member(draft.assignee)
        return found

    async def _named(self, what: str, word: str, path: str, items: str) -> int:
        if word.isdecimal():
            return int(word)
        answer = await self.ask("GET", path, operation=f"{items}.list")
        return named(what, word, objects_at(answer, items))

    async def _member(self, who: str) -> int:
        if who.isdecimal():
            return int(who)
        if who == "me":
            answer = await self.ask("GET", "/users/current.json", operation="users.current")
            mine = at(answer, "user", "id")
            return named("assignee", who, [{"id": mine, "name": who}])
        path, operation = f"/projects/{self.config.project}/memberships.json", "memberships.list"
        query = {"limit": "100", "offset": "0"}
        listed = self.records(
            path, operation=operation, query=query, items="memberships", following=following
        )
        members = [one.get(kind) async for one in listed for kind in ("user", "group")]
        return named("assignee", who, [one for one in members if isinstance(one, dict)])

    async def _put(
        self, reference: str, fields: Mapping[str, JsonValue], operation: str, *, idempotent: bool = True
    ) -> Response:
        path = url_path("/issues/{id}.json", id=_number(reference))
        return await self.call(
            "PUT", path, operation=operation, json={"issue": dict(fields)}, idempotent=idempotent
        )

    def _changed(self, answer: Response, reference: str, detail: str | None = None) -> Outcome:
        """An answer without content, as Redmine gives it to changes."""
        number = _number(reference)
        return self.done(
            answer,
            reference=number,
            url=f"{self.config.url.rstrip('/')}/issues/{number}",
            detail=detail,
        )


def _number(reference: str) -> str:
    number = reference.strip().lstrip("#")
    if not number.isdecimal():
        raise ConfigurationError.of("redmine reference", "reference", "expected a number such as 12 or #12")
    return number
