"""What happens to a Jira issue: comments, transitions, remote links."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from integrations_sdk.connectors.base import (
    Fault,
    Issue,
    JsonValue,
    Outcome,
    RejectedError,
    Response,
    url_path,
)
from integrations_sdk.connectors.jira.api import JiraApi
from integrations_sdk.connectors.jira.drafts import choose_transition, objects, rendered, target_of
from integrations_sdk.connectors.jira.text import one_line, shortened

__all__ = ["JiraNotes"]

_COMMENT_PAGE: Final = 100


class JiraNotes(JiraApi):
    """Operations on an issue that is there."""

    async def comment_issue(self, reference: str, text: str) -> Outcome:
        """Add a comment; `reference` of the outcome is the comment's id."""
        path = url_path("/issue/{key}/comment", key=reference)
        body = {"body": rendered(text, self.config)}
        answer = await self.call("POST", path, operation="addComment", json=body)
        comment_id = self.parse(answer).get("id")
        return self.done(answer, reference=str(comment_id), url=self.browse(reference))

    async def _latest_comments(self, reference: str) -> list[dict[str, JsonValue]]:
        """The newest 100 comments, the newest first."""
        path = url_path("/issue/{key}/comment", key=reference)
        query = {"orderBy": "-created", "maxResults": str(_COMMENT_PAGE)}
        answer = await self.ask("GET", path, operation="getComments", query=query)
        return objects(answer.get("comments"))

    async def transition_issue(self, reference: str, to: str) -> Outcome:
        """Move an issue: by the transition's id or name, by the status it leads to or that status's category.

        Raises:
            RejectedError: there is no such issue, or no such transition; the message says which there are.
        """
        answer, known = await self._transitions(reference)
        if (chosen := choose_transition(known, to)) is None:
            names = ", ".join(f"{one.get('name')} ({one.get('id')})" for one in known) or "none"
            said = f"no transition {to!r} from the status {reference} is in; possible: {names}"
            raise self.error(Fault(RejectedError, said, "no_transition"), answer, "doTransition")
        return await self._transition(reference, chosen)

    async def _move(self, issue: Issue, *targets: str) -> str:
        """Make the first of these transitions that there is; what came of it, for people.

        That there is none is no failure, because workflows differ; nor that the issue is there already.
        """
        _, known = await self._transitions(issue.reference)
        chosen = next((found for to in targets if (found := choose_transition(known, to)) is not None), None)
        if chosen is None:
            return f"not moved: there is no transition {targets[0]!r} from {issue.status}"
        if target_of(chosen) == issue.status:
            return f"already {issue.status}"
        await self._transition(issue.reference, chosen)
        return f"moved to {target_of(chosen)}"

    async def _transitions(self, reference: str) -> tuple[Response, list[dict[str, JsonValue]]]:
        path = url_path("/issue/{key}/transitions", key=reference)
        answer = await self.call("GET", path, operation="getTransitions")
        return answer, objects(self.parse(answer).get("transitions"))

    async def _transition(self, reference: str, chosen: Mapping[str, JsonValue]) -> Outcome:
        path = url_path("/issue/{key}/transitions", key=reference)
        body = {"transition": {"id": str(chosen.get("id"))}}
        answer = await self.call("POST", path, operation="doTransition", json=body)
        detail = f"{reference} moved to {target_of(chosen)}"
        return self.done(answer, reference=reference, url=self.browse(reference), detail=detail)

    async def add_remote_link(
        self,
        reference: str,
        url: str,
        title: str,
        *,
        global_id: str | None = None,
        summary: str | None = None,
        relationship: str | None = None,
        application: str | None = None,
        resolved: bool = False,
    ) -> Outcome:
        """Show a link beside the issue; one with the same `global_id` is replaced.

        Args:
            global_id: None takes the URL.
            relationship: how the issue stands to it, e.g. `mentioned in`.
            application: whose thing it is, e.g. `GitLab`.
            resolved: shown struck through.
        """
        target: dict[str, JsonValue] = {
            "url": url,
            "title": one_line(title),
            "status": {"resolved": resolved},
        }
        if summary is not None:
            target["summary"] = one_line(summary)
        body: dict[str, JsonValue] = {"globalId": _global_id(global_id or url), "object": target}
        if relationship is not None:
            body["relationship"] = shortened(relationship, 255)
        if application is not None:
            body["application"] = {"name": application}
        path = url_path("/issue/{key}/remotelink", key=reference)
        answer = await self.call(
            "POST", path, operation="createOrUpdateRemoteIssueLink", json=body, idempotent=True
        )
        return self.done(answer, reference=str(self.parse(answer).get("id")), url=self.browse(reference))

    async def has_remote_link(self, reference: str, global_id: str, *, title: str, resolved: bool) -> bool:
        """Whether the link is there just so. Setting it again would show in the issue's history each time."""
        path = url_path("/issue/{key}/remotelink", key=reference)
        query = {"globalId": _global_id(global_id)}
        answer = await self.call("GET", path, operation="getRemoteIssueLinks", query=query, accept=(404,))
        found = self.parse(answer).get("object") if answer.ok else None
        status = found.get("status") if isinstance(found, dict) else None
        return (
            isinstance(found, dict)
            and found.get("title") == one_line(title)
            and isinstance(status, dict)
            and bool(status.get("resolved")) is resolved
        )

    def browse(self, key: str) -> str | None:
        """Where people look at an issue; None where that is not known (`site`)."""
        return f"{self.site}/browse/{key}" if self.site else None


def _global_id(value: str) -> str:
    """Jira takes 255 characters."""
    return value if len(value) <= 255 else hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
