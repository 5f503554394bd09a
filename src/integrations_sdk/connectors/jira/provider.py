"""`JiraConnector`: Jira acting on events."""

from __future__ import annotations

from typing import Final

import attrs

from integrations_sdk.connectors.base import Event, EventType, JsonValue, Outcome
from integrations_sdk.connectors.jira.drafts import rendered
from integrations_sdk.connectors.jira.events import (
    ISSUE_EVENTS,
    MOST_ISSUES,
    Commitment,
    Mention,
    already_said,
    mentions_of,
    transition_for,
)
from integrations_sdk.connectors.jira.sync import JiraSync
from integrations_sdk.connectors.jira.text import plain_text

__all__ = ["JiraConnector"]

_HOSTS: Final = {"gitlab": "GitLab", "github": "GitHub"}


class JiraConnector(JiraSync):
    """Jira: issues are brought to it, commits and merge requests linked with the issues they name."""

    default_events = (EventType.PUSH, EventType.MERGE_REQUEST, EventType.ISSUE)

    def wants(self, event: Event) -> str | None:
        """Pushes, merge requests and issues, as far as their sync is switched on; never Jira's own events."""
        if event.provider == self.provider:
            return "Jira's own events are not sent back to it"
        if event.action == "deleted":
            return f"nothing is done for a deleted {event.type}"
        switch = {
            EventType.PUSH: "enable_commit_sync",
            EventType.MERGE_REQUEST: "enable_merge_request_sync",
            **dict.fromkeys(ISSUE_EVENTS, "enable_issue_sync"),
        }.get(event.type)
        if switch is None:
            return f"Jira does not act on {event.type}"
        if not getattr(self.config, switch):
            return f"{switch} is off"
        return super().wants(event)

    async def handle_event(self, event: Event) -> Outcome:
        """Sync an issue; tell the issues that a push or a merge request names of it.

        Each named issue gets a remote link, a transition where one is due (`closing_transition`,
        `transition_id`) and last a comment, by which a second arrival of the same event is known. Keys of
        issues that do not exist are passed over. `detail` of the outcome says what was done, issue by issue.
        """
        if event.type in ISSUE_EVENTS:
            return await self.sync_issue(event)
        mentions = mentions_of(event, self.config)
        told: list[str] = []
        outcome = self.skipped("link", f"no issue of {self.config.project_key} is named")
        for mention in mentions[:MOST_ISSUES]:
            latest, what = await self._tell(event, mention)
            outcome = latest or outcome
            told.append(f"{mention.key}: {what}")
        if len(mentions) > MOST_ISSUES:
            told.append(f"{len(mentions) - MOST_ISSUES} more issues are named and were left out")
        keys: list[JsonValue] = [mention.key for mention in mentions[:MOST_ISSUES]]
        detail = "; ".join(told) or outcome.detail
        return attrs.evolve(outcome, operation="link", detail=detail, data={"issues": keys})

    async def _tell(self, event: Event, mention: Mention) -> tuple[Outcome | None, str]:
        """Bring one issue up to date with the event; the last outcome, and what was done."""
        issue = await self.get_issue(mention.key, ("status",))
        if issue is None:
            return None, "does not exist, or is not to be seen"
        if mention.heading is None:
            return await self._link(event, mention, mention.items)
        comments = await self._latest_comments(mention.key)
        whole = plain_text(rendered(mention.comment(mention.items), self.config))
        exact = whole if event.type == EventType.MERGE_REQUEST else None
        items = tuple(item for item in mention.items if not already_said(comments, item.marker, exact))
        if not items:
            return None, "knows of it already"
        _, done = await self._link(event, mention, items)
        to = transition_for(mention, self.config)
        moved = f", {await self._move(issue, to)}" if to else ""
        outcome = await self.comment_issue(mention.key, mention.comment(items))
        return attrs.evolve(outcome, reference=mention.key), f"{done}, commented{moved}"

    async def _link(
        self, event: Event, mention: Mention, items: tuple[Commitment, ...]
    ) -> tuple[Outcome | None, str]:
        outcome = None
        for item in items:
            if item.url is None or await self.has_remote_link(
                mention.key, item.url, title=item.title, resolved=item.resolved
            ):
                continue
            outcome = await self.add_remote_link(
                mention.key,
                item.url,
                item.title,
                summary=event.project,
                relationship="mentioned in",
                application=_HOSTS.get(event.provider, event.provider),
                resolved=item.resolved,
            )
        return outcome, "linked" if outcome else "linked already"
