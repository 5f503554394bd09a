"""Merge requests: https://docs.gitlab.com/api/merge_requests/."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from integrations_sdk.connectors.base import (
    Event,
    EventType,
    JsonValue,
    Outcome,
    given,
    message_for,
    unwanted,
)
from integrations_sdk.connectors.gitlab.api import GitLabApi, number_of
from integrations_sdk.connectors.gitlab.words import inert, state_event

__all__ = ["MergeRequests"]


class MergeRequests(GitLabApi):
    """The operations on merge requests; a reference is the number within the project (`7`, `!7`)."""

    def wants(self, event: Event) -> str | None:
        """What `events` name; with none there, pushes and configuration changes if they are to be merged."""
        return unwanted(
            event, self.config, (EventType.PUSH, "config*") if self.config.auto_create_mrs else ()
        )

    async def handle_event(self, event: Event) -> Outcome:
        """Ask for the event's branch to be merged, where `auto_create_mrs` asks for it and nobody has done so yet."""
        if not self.config.auto_create_mrs:
            return await super().handle_event(event)
        branch, target = event.branch, self.config.target_branch
        if branch in {None, target} or event.action == "deleted":
            return self.skipped("merge_requests.create", f"there is no branch to be merged into {target}")
        assert branch is not None
        wanted = {"state": "opened", "source_branch": branch, "target_branch": target}
        async for known in self.list_merge_requests(**wanted):
            return self.skipped("merge_requests.create", f"!{known['iid']} asks for it already")
        message = message_for(event)
        return await self.create_merge_request(branch, message.summary, description=message.text)

    async def create_merge_request(
        self,
        source_branch: str,
        title: str,
        *,
        target_branch: str | None = None,
        description: str = "",
        labels: Sequence[str] = (),
        fields: Mapping[str, JsonValue] | None = None,
    ) -> Outcome:
        """Ask for a branch to be merged.

        Args:
            target_branch: None takes the configured one.
            fields: GitLab's own, passed through, e.g. `{"remove_source_branch": True}`.

        Raises:
            RejectedError: e.g. the branch has a merge request already (409); GitLab names it.
        """
        body: dict[str, JsonValue] = {
            "source_branch": source_branch,
            "target_branch": target_branch or self.config.target_branch,
            "title": title,
            "description": inert(description),
            **({"labels": list(labels)} if labels else {}),
            **(fields or {}),
        }
        response = await self.call(
            "POST", self.path("/merge_requests"), operation="merge_requests.create", json=body
        )
        return self.made(response)

    async def update_merge_request(
        self,
        reference: str,
        *,
        title: str | None = None,
        description: str | None = None,
        labels: Sequence[str] | None = None,
        state: str | None = None,
        fields: Mapping[str, JsonValue] | None = None,
    ) -> Outcome:
        """Change what is not None; `labels` replace those it has; `state` is `closed` or `opened`.

        Raises:
            ConfigurationError: another state; merging is left to people.
        """
        body = given(
            title=title,
            description=None if description is None else inert(description),
            labels=None if labels is None else list(labels),
            state_event=None if state is None else state_event(state),
        )
        path = self.path("/merge_requests/{iid}", iid=number_of(reference))
        response = await self.call(
            "PUT", path, operation="merge_requests.update", json={**body, **(fields or {})}
        )
        return self.made(response)

    async def comment_merge_request(self, reference: str, text: str) -> Outcome:
        """Add a comment; quick actions in it do not act."""
        number = number_of(reference)
        path = self.path("/merge_requests/{iid}/notes", iid=number)
        response = await self.call(
            "POST", path, operation="merge_requests.comment", json={"body": inert(text)}
        )
        note = self.parse(response).get("id")
        page = self.web_url(f"/-/merge_requests/{number}#note_{note}")
        return self.made(response, key="id", url=page)

    async def list_merge_requests(self, **filters: str) -> AsyncIterator[dict[str, JsonValue]]:
        """The project's merge requests as GitLab describes them, page by page; e.g. `state="opened"`."""
        query = {"per_page": "100", **filters}
        async for record in self.records(
            self.path("/merge_requests"), operation="merge_requests.list", query=query
        ):
            yield record
