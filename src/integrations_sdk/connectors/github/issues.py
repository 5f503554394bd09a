"""Issues: https://docs.github.com/rest/issues and https://docs.github.com/rest/search."""

from __future__ import annotations

from collections.abc import AsyncIterator

from integrations_sdk.connectors.base import (
    ConfigurationError,
    Event,
    Fault,
    Issue,
    IssueDraft,
    JsonValue,
    Outcome,
    ProviderUnavailableError,
    given,
    is_marked,
    issue_text,
    mark_of,
    message_for,
    unwanted,
)
from integrations_sdk.connectors.github.api import GitHubApi
from integrations_sdk.connectors.github.words import issue_state, number_of

__all__ = ["Issues"]


class Issues(GitHubApi):
    """The operations on issues; a reference is the number within the repository (`12`, `#12`)."""

    def wants(self, event: Event) -> str | None:
        """What `events` name; with none there, configuration changes if issues are to be created for them."""
        return unwanted(event, self.config, ("config*",) if self.config.auto_create_issues else ())

    async def handle_event(self, event: Event) -> Outcome:
        """Create an issue that says what happened, where `auto_create_issues` asks for it; one for each event."""
        if not self.config.auto_create_issues:
            return await super().handle_event(event)
        about, message = f"{event.source}:{event.id}", message_for(event)
        if (known := await self.find_issue(about)) is not None:
            return self.skipped("issues.create", f"#{known.reference} is about it")
        draft = IssueDraft(
            title=message.summary, description=message.text or None, url=message.url, external_id=about
        )
        return await self.create_issue(draft)

    async def create_issue(self, draft: IssueDraft) -> Outcome:
        """Create an issue. `priority` becomes the label `priority: …`, `issue_type` the organisation's type.

        GitHub leaves out labels, assignee and type silently where the token may not push to the repository.

        Raises:
            ConfigurationError: no title.
        """
        if not draft.title:
            raise ConfigurationError.of("github issue", "title", "missing; expected some text")
        labels = [*dict.fromkeys((*self.config.issue_labels, *(draft.labels or ()), *_priority(draft)))]
        body = _fields(draft) | given(labels=[*labels] or None, body=issue_text(draft) or None) | draft.fields
        outcome = self.made(await self._create(self.path("/issues"), operation="issues.create", json=body))
        if draft.external_id and outcome.reference:
            await self._remember(draft.external_id, outcome.reference)
        return outcome

    async def update_issue(self, reference: str, changes: IssueDraft) -> Outcome:
        """Change an issue; `labels` replace those it has. The line it is found by stays in a new text."""
        path = self.path("/issues/{number}", number=number_of(reference))
        body = _fields(changes)
        if changes.labels is not None:
            body["labels"] = [*changes.labels, *_priority(changes)]
        elif changes.priority:
            known = (await self.get_issue(reference)).labels
            body["labels"] = [*dict.fromkeys((*known, *_priority(changes)))]
        if changes.description is not None:
            before = None if changes.external_id else (await self.get_issue(reference)).data.get("body")
            body["body"] = issue_text(changes, before=before)
        response = await self._change(path, operation="issues.update", json=body | changes.fields)
        return self.made(response)

    async def find_issue(self, external_id: str) -> Issue | None:
        """The oldest issue created with that `external_id`, open or closed.

        An issue that this integration created is known at once. Others are searched for, which lags.

        Raises:
            ProviderUnavailableError: GitHub broke the search off, so that nobody knows.
        """
        return await self._known_issue(external_id) or await self._searched_issue(external_id)

    async def get_issue(self, reference: str) -> Issue:
        """The issue as it is now."""
        path = self.path("/issues/{number}", number=number_of(reference))
        return _issue(await self.ask("GET", path, operation="issues.get"))

    async def list_issues(self, **filters: str) -> AsyncIterator[Issue]:
        """The repository's issues, without pull requests; filters as GitHub's, e.g. `state="all"`."""
        query = {"per_page": "100", **filters}
        async for record in self.records(self.path("/issues"), operation="issues.list", query=query):
            if "pull_request" not in record:  # to GitHub a pull request is an issue as well
                yield _issue(record)

    async def comment_issue(self, reference: str, text: str) -> Outcome:
        """Add a comment."""
        path = self.path("/issues/{number}/comments", number=number_of(reference))
        response = await self._create(path, operation="issues.comment", json={"body": text})
        return self.made(response, key="id")

    async def transition_issue(self, reference: str, to: str) -> Outcome:
        """Close it (`closed`, `done`, `not_planned`, `duplicate`) or open it again (`open`, `reopened`).

        Raises:
            ConfigurationError: another state, which GitHub's issues do not have.
        """
        path = self.path("/issues/{number}", number=number_of(reference))
        response = await self._change(path, operation="issues.transition", json=issue_state(to))
        return self.made(response)

    async def _known_issue(self, external_id: str) -> Issue | None:
        known = await self.context.memory.recall(self._memory_key(external_id))
        if known is None:
            return None
        path = self.path("/issues/{number}", number=known["number"])
        # Deleted and transferred issues are no fault here: the search may know better.
        response = await self.call("GET", path, operation="issues.find", accept=(301, 404, 410))
        if not response.ok:
            return None
        issue = _issue(self.parse(response))
        return issue if is_marked(issue.data.get("body"), external_id) else None

    async def _searched_issue(self, external_id: str) -> Issue | None:
        repository = "/".join(self.path("").split("/")[2:4])
        wanted = f"{mark_of(external_id)} in:body is:issue repo:{repository}"
        query = {"q": wanted, "sort": "created", "order": "asc", "per_page": "10"}
        response = await self.call("GET", "/search/issues", operation="issues.search", query=query)
        answer = self.parse(response)
        items = answer.get("items")
        for item in items if isinstance(items, list) else []:
            if isinstance(item, dict) and is_marked(item.get("body"), external_id):
                await self._remember(external_id, str(item.get("number")))
                return _issue(item)
        if answer.get("incomplete_results"):
            fault = Fault(
                ProviderUnavailableError, "GitHub broke the search off; what it did not find may be there"
            )
            raise self.error(fault, response)
        return None

    def _memory_key(self, external_id: str) -> str:
        return f"issue:{self.path('')}:{mark_of(external_id)}"

    async def _remember(self, external_id: str, number: str) -> None:
        await self.context.memory.remember(self._memory_key(external_id), {"number": number})


def _fields(draft: IssueDraft) -> dict[str, JsonValue]:
    assignees: list[JsonValue] | None = [draft.assignee.removeprefix("@")] if draft.assignee else None
    return given(title=draft.title, assignees=assignees, type=draft.issue_type)


def _priority(draft: IssueDraft) -> tuple[str, ...]:
    return (f"priority: {draft.priority}",) if draft.priority else ()


def _issue(record: dict[str, JsonValue]) -> Issue:
    labels, url = record.get("labels"), record.get("html_url")
    names = (
        [label.get("name") if isinstance(label, dict) else label for label in labels]
        if isinstance(labels, list)
        else []
    )
    return Issue(
        reference=str(record.get("number")),
        title=str(record.get("title", "")),
        status=str(record.get("state", "")),
        url=str(url) if url else None,
        labels=tuple(map(str, names)),
        data=record,
    )
