"""Pull requests of a repository on CodeCommit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from integrations_sdk.connectors.aws_codecommit.api import CodeCommitApi
from integrations_sdk.connectors.base import (
    ConfigurationError,
    Fault,
    JsonValue,
    Outcome,
    RejectedError,
    Response,
    at,
    given,
    objects_at,
    text_at,
    texts_at,
)

__all__ = ["PullRequests"]

_MERGES: Final = {
    "fast_forward": "MergePullRequestByFastForward",
    "squash": "MergePullRequestBySquash",
    "three_way": "MergePullRequestByThreeWay",
}


class PullRequests(CodeCommitApi):
    """Asking for merges, talking about them, deciding on them. A reference is a pull request's number."""

    async def create_pull_request(
        self, source: str, title: str, *, target: str | None = None, description: str = ""
    ) -> Outcome:
        """Ask for a branch to be merged.

        Args:
            target: the branch it goes into; None takes the configured `target_branch`.

        Raises:
            RejectedError: e.g. a branch does not exist; CodeCommit says which.
        """
        branches: JsonValue = given(
            repositoryName=self.config.repository,
            sourceReference=source,
            destinationReference=target or self.config.target_branch,
        )
        body = given(title=title, description=description or None, targets=[branches])
        return self._made(await self._once("CreatePullRequest", body))

    async def get_pull_request(self, reference: str) -> dict[str, JsonValue]:
        """The pull request as CodeCommit describes it."""
        answer = await self._do("GetPullRequest", {"pullRequestId": _number(reference)})
        found = self.parse(answer).get("pullRequest")
        return found if isinstance(found, dict) else {}

    async def list_pull_requests(
        self, *, status: str = "OPEN", author_arn: str | None = None
    ) -> AsyncIterator[str]:
        """The references of the repository's pull requests, page by page.

        Args:
            status: `OPEN` or `CLOSED`.
            author_arn: only this author's.
        """
        wanted = given(repositoryName=self.config.repository, pullRequestStatus=status, authorArn=author_arn)
        async for page in self._pages("ListPullRequests", wanted):
            for reference in texts_at(page, "pullRequestIds"):
                yield reference

    async def comment_pull_request(self, reference: str, text: str) -> Outcome:
        """Add a comment to the pull request as it is now."""
        operation, target = "PostCommentForPullRequest", await self._target(reference)
        body = given(
            pullRequestId=_number(reference),
            repositoryName=target.get("repositoryName"),
            beforeCommitId=target.get("destinationCommit"),
            afterCommitId=target.get("sourceCommit"),
            content=text,
        )
        answer = await self._once(operation, body)
        made = text_at(self.parse(answer), "comment", "commentId")
        return self.done(answer, reference=made, url=self._page(_number(reference)))

    async def close_pull_request(self, reference: str) -> Outcome:
        """Close it unmerged; CodeCommit opens none again."""
        body: dict[str, JsonValue] = {"pullRequestId": _number(reference), "pullRequestStatus": "CLOSED"}
        answer = await self._do("UpdatePullRequestStatus", body, idempotent=True)
        return self._made(answer)

    async def approve_pull_request(self, reference: str, *, approved: bool = True) -> Outcome:
        """Approve its newest revision, or (False) take that back.

        Raises:
            RejectedError: e.g. it is one's own; CodeCommit says so.
        """
        operation, number = "UpdatePullRequestApprovalState", _number(reference)
        found = await self.get_pull_request(reference)
        state = "APPROVE" if approved else "REVOKE"
        body = given(pullRequestId=number, revisionId=found.get("revisionId"), approvalState=state)
        answer = await self._do(operation, body, idempotent=True)
        return self.done(answer, reference=number, url=self._page(number), detail=state.lower())

    async def merge_pull_request(
        self, reference: str, *, strategy: str = "squash", message: str | None = None
    ) -> Outcome:
        """Merge it.

        Args:
            strategy: `fast_forward`, `squash` or `three_way`.
            message: of the commit, where the strategy makes one.

        Raises:
            ConfigurationError: another strategy.
            RejectedError: e.g. there are conflicts, or approvals are missing; CodeCommit says which.
        """
        if strategy not in _MERGES:
            raise ConfigurationError.of("pull request", "strategy", f"expected one of {', '.join(_MERGES)}")
        operation, target = _MERGES[strategy], await self._target(reference)
        body = given(
            pullRequestId=_number(reference),
            repositoryName=target.get("repositoryName"),
            sourceCommitId=target.get("sourceCommit"),  # what was looked at, and nothing that came since
            commitMessage=None if strategy == "fast_forward" else message,
        )
        return self._made(await self._do(operation, body))

    async def _target(self, reference: str) -> dict[str, JsonValue]:
        answer = await self._do("GetPullRequest", {"pullRequestId": _number(reference)})
        targets = objects_at(self.parse(answer), "pullRequest", "pullRequestTargets")
        if not targets:
            raise self.error(Fault(RejectedError, "the pull request has no target"), answer)
        return targets[0]

    def _made(self, answer: Response) -> Outcome:
        found = at(self.parse(answer), "pullRequest")
        number = text_at(found, "pullRequestId")
        data = found if isinstance(found, dict) else None
        return self.done(answer, reference=number, url=self._page(number) if number else None, data=data)

    def _page(self, number: str) -> str:
        home = f"https://{self.region}.console.aws.amazon.com/codesuite/codecommit/repositories"
        return f"{home}/{self.config.repository}/pull-requests/{number}/details?region={self.region}"


def _number(reference: str) -> str:
    """The number in a reference: `12` of `12` and `#12`.

    Raises:
        ConfigurationError: there is none.
    """
    number = reference.strip().lstrip("#")
    if not (number.isascii() and number.isdecimal()):
        raise ConfigurationError.of(
            "codecommit reference", "reference", "expected a number such as 12 or #12"
        )
    return number
