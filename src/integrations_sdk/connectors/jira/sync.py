"""Issues of another tracker in Jira: created once, updated from then on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

import attrs

from integrations_sdk.connectors.base import (
    ConfigurationError,
    ConnectorContext,
    ConnectorError,
    Event,
    JsonValue,
    Outcome,
    Problem,
)
from integrations_sdk.connectors.jira.config import JiraConfig
from integrations_sdk.connectors.jira.drafts import fields_of, label_of, status_category
from integrations_sdk.connectors.jira.issues import JiraIssues
from integrations_sdk.connectors.jira.sources import Source, source_of_event, source_of_mapping

__all__ = ["JiraSync"]

_SETTLED: Final = timedelta(seconds=30)
"""How long after an unanswered creation Jira's search is asked again before another issue is created."""


class JiraSync(JiraIssues):
    """`sync_issue()` and what it rests on.

    An issue's link to Jira is kept twice: in `context.memory`, and in Jira as a label that was set in the
    request that created it. So a lost store makes no duplicate; nor does a creation whose answer was lost:
    that one was begun is remembered before it is sent, and then Jira's search, which lags behind, is
    given time to show it.
    """

    def __init__(self, config: JiraConfig, context: ConnectorContext) -> None:
        super().__init__(config, context)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def sync_issue(self, issue: Mapping[str, object] | Event) -> Outcome:
        """Bring an issue to Jira: created the first time, updated from then on.

        What was added in Jira stays: labels are added and removed one by one. An issue that was closed or
        reopened is moved likewise. One that was deleted in Jira is created anew.

        Args:
            issue: an issue event; or a mapping with `iid` and `title`, optionally `description`, `labels`,
                `url`, `state` and `project`, as in GitLab's API.

        Returns:
            The outcome: `reference` is the key, `url` leads there, `detail` says what was done.

        Raises:
            ConfigurationError: the issue lacks something; the error names it.
            ConnectorError: Jira refused, or did not answer.
        """
        source = self._source(issue)
        lock = self._locks.setdefault(source.external_id, asyncio.Lock())
        async with lock:
            outcome = await self._updated(source) or await self._created(source)
        moved = await self._follow_state(str(outcome.reference), closed=source.closed)
        return attrs.evolve(outcome, detail=f"{outcome.detail}{moved}")

    def _source(self, issue: Mapping[str, object] | Event) -> Source:
        if not isinstance(issue, Event):
            source = source_of_mapping(
                issue, project=self.context.scope.project_id, known_types=self.config.issue_types
            )
        elif (read := source_of_event(issue)) is not None:
            source = read
        else:
            problem = Problem("event", "expected an issue event with number, project and title")
            raise ConfigurationError("issue", [problem])
        key = self.config.projects.get(source.external_id.partition(":")[2].rpartition("#")[0])
        if key is None:
            return source
        fields: dict[str, JsonValue] = {**source.draft.fields, "project": {"key": key}}
        return attrs.evolve(source, draft=attrs.evolve(source.draft, fields=fields))

    async def _updated(self, source: Source) -> Outcome | None:
        """Update the issue that stands for the source; None if there is none, or none any more."""
        known = await self.context.memory.recall(_memory_key(source)) or {}
        key = known.get("key")
        if isinstance(key, str) and (outcome := await self._update(key, source, known)) is not None:
            return outcome
        found = await self._found(source, known)
        return await self._update(found, source, known) if found else None

    async def _update(self, key: str, source: Source, known: Mapping[str, JsonValue]) -> Outcome | None:
        wanted = source.draft.labels or ()
        before = known.get("labels")
        gone = [str(label) for label in before if label not in wanted] if isinstance(before, list) else []
        # Type and project are Jira's own affair from then on: changing them can need another workflow.
        fields = fields_of(attrs.evolve(source.draft, issue_type=None, fields={}), self.config)
        add = [*wanted, label_of(source.external_id)]
        answer = await self._edit(key, fields, add, gone, missing_ok=True)
        if answer is None or answer.status == 404:
            return None
        await self._remember(source, key)
        return self.done(answer, reference=key, url=self.browse(key), detail=f"updated {key}")

    async def _found(self, source: Source, known: Mapping[str, JsonValue]) -> str | None:
        """Ask Jira's search, and ask again while a creation that was not answered may not be in it yet."""
        begun, delay = known.get("begun"), 1.0
        settled = datetime.fromisoformat(begun) + _SETTLED if isinstance(begun, str) else None
        while True:
            if (issue := await self.find_issue(source.external_id)) is not None:
                return issue.reference
            remaining = (settled - self.context.clock.now()).total_seconds() if settled else 0.0
            if remaining <= 0:
                return None
            await self.context.clock.sleep(min(delay, remaining))
            delay *= 2

    async def _created(self, source: Source) -> Outcome:
        begun = self.context.clock.now().isoformat()
        await self.context.memory.remember(_memory_key(source), {"begun": begun})
        made = await self.attempt(self.create_issue(source.draft))
        if isinstance(made, ConnectorError):
            if (
                made.status is not None and made.status < 500
            ):  # refused for certain, so there is nothing to look for
                await self.context.memory.remember(_memory_key(source), {})
            raise made
        await self._remember(source, str(made.reference))
        return made

    async def _remember(self, source: Source, key: str) -> None:
        labels: list[JsonValue] = list(source.draft.labels or ())
        await self.context.memory.remember(_memory_key(source), {"key": key, "labels": labels})

    async def _follow_state(self, key: str, *, closed: bool | None) -> str:
        """Move a closed issue to done, a reopened one away from it; what to add to the outcome's detail."""
        if closed is None or (issue := await self.get_issue(key, ("status",))) is None:
            return ""
        if closed is (status_category(issue) == "done"):
            return ""
        targets = (self.config.closing_transition or "done",) if closed else ("new", "indeterminate")
        return f", {await self._move(issue, *targets)}"


def _memory_key(source: Source) -> str:
    return f"issue:{source.external_id}"
