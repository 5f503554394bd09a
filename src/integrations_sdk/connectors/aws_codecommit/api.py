"""What all of CodeCommit's operations share: one POST each, named by `X-Amz-Target`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import ClassVar

from integrations_sdk.connectors.aws_codecommit.config import CodeCommitConfig
from integrations_sdk.connectors.base import (
    MOST_PAGES,
    AwsConnector,
    Category,
    CheckResult,
    Fault,
    JsonValue,
    Outcome,
    RejectedError,
    Response,
    at,
    given,
    json_bytes,
    objects_at,
    text_at,
    uuid7,
)

__all__ = ["CodeCommitApi"]


class CodeCommitApi(AwsConnector[CodeCommitConfig]):
    """AWS' JSON protocol 1.1: https://docs.aws.amazon.com/codecommit/latest/APIReference/."""

    provider = "aws_codecommit"
    title = "AWS CodeCommit"
    category = Category.CLOUD
    Config = CodeCommitConfig
    service = "codecommit"
    docs_url = "https://docs.aws.amazon.com/codecommit/latest/APIReference/"
    setup = (
        "Install the extra: pip install 'integrations-sdk[aws]'.",
        "In IAM, give a role or a user the permissions below, for the repository only.",
        "Run under that role, or configure an access key of that user.",
    )
    permissions = (
        "codecommit:GetRepository; ListRepositories, CreateRepository, ListBranches, each if used",
        "codecommit:CreatePullRequest, GetPullRequest, ListPullRequests for pull requests",
        "codecommit:PostCommentForPullRequest, UpdatePullRequestStatus, UpdatePullRequestApprovalState, each if used",
        "codecommit:MergePullRequestByFastForward, …BySquash, …ByThreeWay, if it is to merge",
        "codecommit:PostCommentForComparedCommit, GetCommentsForComparedCommit, UpdateComment for statuses",
    )
    limits = (
        "CodeCommit has no statuses of commits: what builds say is a comment, changed in place.",
        "Nobody can approve a pull request of their own.",
    )
    environment: ClassVar[Mapping[str, str]] = {
        "AWS_CODECOMMIT_REPOSITORY": "repository",
        "AWS_CODECOMMIT_REGION": "region",
    }

    async def check(self) -> CheckResult:
        """Ask for the repository.

        Raises:
            AuthenticationError: the credentials are refused.
            RejectedError: there is no such repository in the region.
        """
        found = await self.get_repository()
        return CheckResult(detail=f"{found.get('repositoryName')} in {self.region}")

    async def get_repository(self, name: str | None = None) -> dict[str, JsonValue]:
        """A repository as CodeCommit describes it; None takes the configured one."""
        answer = await self._do("GetRepository", {"repositoryName": name or self.config.repository})
        found = self.parse(answer).get("repositoryMetadata")
        return found if isinstance(found, dict) else {}

    async def create_repository(self, name: str, *, description: str = "") -> Outcome:
        """Make a repository; `reference` is its name.

        Raises:
            RejectedError: e.g. there is one of that name.
        """
        body = given(repositoryName=name, repositoryDescription=description or None)
        answer = await self._do("CreateRepository", body)
        found = at(self.parse(answer), "repositoryMetadata")
        url = text_at(found, "cloneUrlHttp")
        return self.done(answer, reference=text_at(found, "repositoryName"), url=url)

    async def list_repositories(self) -> AsyncIterator[dict[str, JsonValue]]:
        """Every repository's name and id, page by page."""
        async for page in self._pages("ListRepositories", {}):
            for repository in objects_at(page, "repositories"):
                yield repository

    async def list_branches(self) -> AsyncIterator[str]:
        """The repository's branches, page by page."""
        async for page in self._pages("ListBranches", {"repositoryName": self.config.repository}):
            found = page.get("branches")
            for branch in found if isinstance(found, list) else []:
                yield str(branch)

    async def _do(
        self, operation: str, body: Mapping[str, JsonValue], *, idempotent: bool | None = None
    ) -> Response:
        """One operation. What reads is harmless to repeat; what makes something is, with a token of ours."""
        reads = operation.startswith(("Get", "List"))
        return await self.call(
            "POST",
            "/",
            operation=operation,
            content=json_bytes(dict(body)),
            content_type="application/x-amz-json-1.1",
            headers={"x-amz-target": f"CodeCommit_20150413.{operation}"},
            idempotent=reads if idempotent is None else idempotent,
        )

    async def _once(self, operation: str, body: Mapping[str, JsonValue]) -> Response:
        """An operation that AWS does once however often it is asked with the same token."""
        token = {"clientRequestToken": uuid7(self.context.clock.now())}
        return await self._do(operation, {**body, **token}, idempotent=True)

    async def _pages(
        self, operation: str, body: Mapping[str, JsonValue]
    ) -> AsyncIterator[dict[str, JsonValue]]:
        """Every page of a listing.

        Raises:
            RejectedError: it does not end after 10,000 pages.
        """
        asked = dict(body)
        for _ in range(MOST_PAGES):
            response = await self._do(operation, asked)
            page = self.parse(response)
            yield page
            token = text_at(page, "nextToken")
            if token is None or token == asked.get("nextToken"):
                return
            asked = {**body, "nextToken": token}
        raise self.error(Fault(RejectedError, "the listing does not end: narrow it"), response)
