"""Jira's issues: create, update, find."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from integrations_sdk.connectors.base import (
    ConnectorError,
    Issue,
    IssueDraft,
    JsonValue,
    Outcome,
    Response,
    url_path,
)
from integrations_sdk.connectors.jira.drafts import PROPERTY, fields_of, issue_of, jql_string, label_of
from integrations_sdk.connectors.jira.notes import JiraNotes

__all__ = ["JiraIssues"]


class JiraIssues(JiraNotes):
    """With what it rests on, the `IssueTracker` capability."""

    async def create_issue(self, draft: IssueDraft) -> Outcome:
        """Create an issue in `project_key`; `reference` of the outcome is its key, `url` leads there.

        `draft.external_id` becomes a label and the entity property `integrations-sdk` in the same request.
        `draft.url` becomes a remote link right after it; if only that fails, `detail` says so.
        """
        fields: dict[str, JsonValue] = {
            "project": {"key": self.config.project_key},
            "issuetype": {"name": self.config.issue_type},
            **fields_of(draft, self.config),
        }
        own = [label_of(draft.external_id)] if draft.external_id is not None else []
        if labels := [*(draft.labels or ()), *own]:
            fields["labels"] = list(labels)
        body: dict[str, JsonValue] = {"fields": fields}
        if draft.external_id is not None:
            body["properties"] = [
                {"key": PROPERTY, "value": {"external_id": draft.external_id, "url": draft.url}}
            ]
        answer = await self.call("POST", "/issue", operation="createIssue", json=body)
        key = str(self.parse(answer).get("key"))
        note = await self._link_new(key, draft)
        return self.done(answer, reference=key, url=self.browse(key), detail=f"created {key}{note}")

    async def _link_new(self, key: str, draft: IssueDraft) -> str:
        if draft.url is None:
            return ""
        title = draft.title or draft.url
        linked = await self.attempt(self.add_remote_link(key, draft.url, title, global_id=draft.external_id))
        return f", but not linked to its source: {linked}" if isinstance(linked, ConnectorError) else ""

    async def update_issue(self, reference: str, changes: IssueDraft) -> Outcome:
        """Change the fields of `changes` that are not None; `labels` become exactly these.

        Kept in any case is the label by which the issue is found again.

        Raises:
            RejectedError: there is no such issue, or Jira refuses a field, in its words.
        """
        add: list[str] = []
        remove: list[str] = []
        if changes.labels is not None:
            current, own = await self._labels_of(reference)
            add = [label for label in changes.labels if label not in current]
            remove = [label for label in current if label not in changes.labels and label != own]
        if changes.external_id is not None:
            add.append(label_of(changes.external_id))
        answer = await self._edit(reference, fields_of(changes, self.config), add, remove)
        if answer is None:
            return self.skipped("editIssue", "nothing to change")
        return self.done(
            answer,
            reference=reference,
            url=self.browse(reference),
            detail=f"updated {reference}",
        )

    async def _edit(
        self,
        reference: str,
        fields: Mapping[str, JsonValue],
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
        *,
        missing_ok: bool = False,
    ) -> Response | None:
        """Set fields, add and remove single labels. None, and nothing sent, when there is nothing to do.

        Args:
            missing_ok: answer 404 instead of raising when there is no such issue.
        """
        changes: list[JsonValue] = [{"add": label} for label in add]
        changes += [{"remove": label} for label in remove]
        body: dict[str, JsonValue] = {"fields": dict(fields)} if fields else {}
        if changes:
            body["update"] = {"labels": changes}
        if not body:
            return None
        accept = (404,) if missing_ok else ()
        return await self.call(
            "PUT", url_path("/issue/{key}", key=reference), operation="editIssue", json=body, accept=accept
        )

    async def get_issue(
        self,
        reference: str,
        fields: Iterable[str] = ("summary", "status", "labels"),
        *,
        properties: Iterable[str] = (),
    ) -> Issue | None:
        """The issue, its `data` with these fields and entity properties; None if there is none to be seen."""
        query = {"fields": ",".join(fields), "properties": ",".join(properties)}
        answer = await self.call(
            "GET",
            url_path("/issue/{key}", key=reference),
            operation="getIssue",
            query={name: value for name, value in query.items() if value},
            accept=(404,),
        )
        if answer.status == 404:
            self.parse(answer)  # a 404 that is not the API's own means another thing
            return None
        return issue_of(self.parse(answer), self.site)

    async def _labels_of(self, reference: str) -> tuple[tuple[str, ...], str | None]:
        """An issue's labels, and which of them is ours."""
        issue = await self.get_issue(reference, ("labels",), properties=(PROPERTY,))
        properties = issue.data.get("properties") if issue else None
        value = properties.get(PROPERTY) if isinstance(properties, dict) else None
        external_id = value.get("external_id") if isinstance(value, dict) else None
        return issue.labels if issue else (), label_of(external_id) if isinstance(external_id, str) else None

    async def find_issue(self, external_id: str) -> Issue | None:
        """The issue with that id's label, the oldest if there are several; None if there is none.

        What was created a moment ago may not be found yet: Cloud's search lags behind.
        """
        async for issue in self.search(
            f"labels = {jql_string(label_of(external_id))} ORDER BY created ASC", page_size=1
        ):
            return issue
        return None
