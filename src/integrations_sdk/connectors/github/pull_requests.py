"""Pull requests: https://docs.github.com/rest/pulls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from integrations_sdk.connectors.base import ConfigurationError, JsonValue, Outcome, given
from integrations_sdk.connectors.github.api import GitHubApi
from integrations_sdk.connectors.github.words import number_of

__all__ = ["PullRequests"]


class PullRequests(GitHubApi):
    """The operations on pull requests; a reference is the number within the repository (`7`, `#7`)."""

    async def create_pull_request(
        self,
        head: str,
        title: str,
        *,
        base: str | None = None,
        body: str = "",
        draft: bool = False,
        fields: Mapping[str, JsonValue] | None = None,
    ) -> Outcome:
        """Ask for a branch to be merged.

        Args:
            head: the branch; `owner:branch` when it is in a fork.
            base: None takes the configured `target_branch`.
            fields: GitHub's own, passed through, e.g. `{"maintainer_can_modify": False}`.

        Raises:
            RejectedError: e.g. the branch has a pull request already, or nothing to merge; GitHub says which.
        """
        sent: dict[str, JsonValue] = {
            "head": head,
            "base": base or self.config.target_branch,
            "title": title,
            "body": body,
            "draft": draft,
            **(fields or {}),
        }
        response = await self._create(self.path("/pulls"), operation="pulls.create", json=sent)
        return self.made(response)

    async def update_pull_request(
        self,
        reference: str,
        *,
        title: str | None = None,
        body: str | None = None,
        state: str | None = None,
        base: str | None = None,
    ) -> Outcome:
        """Change what is not None; `state` is `open` or `closed`.

        Raises:
            ConfigurationError: another state; merging is left to people.
        """
        if state not in {None, "open", "closed"}:
            raise ConfigurationError.of("github pull request", "state", "expected `open` or `closed`")
        path = self.path("/pulls/{number}", number=number_of(reference))
        sent = given(title=title, body=body, state=state, base=base)
        return self.made(await self._change(path, operation="pulls.update", json=sent))

    async def comment_pull_request(self, reference: str, text: str) -> Outcome:
        """Add a comment to the conversation."""
        path = self.path("/issues/{number}/comments", number=number_of(reference))
        response = await self._create(path, operation="pulls.comment", json={"body": text})
        return self.made(response, key="id")

    async def list_pull_requests(self, **filters: str) -> AsyncIterator[dict[str, JsonValue]]:
        """The repository's pull requests as GitHub describes them, page by page; e.g. `state="all"`."""
        query = {"per_page": "100", **filters}
        async for record in self.records(self.path("/pulls"), operation="pulls.list", query=query):
            yield record
