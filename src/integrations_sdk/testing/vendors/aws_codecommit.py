"""AWS CodeCommit in miniature: repositories, pull requests, comments; in AWS' JSON protocol 1.1.

https://docs.aws.amazon.com/codecommit/latest/APIReference/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from integrations_sdk.models import JsonValue
from integrations_sdk.testing.aws import AwsStandIn
from integrations_sdk.testing.standin import Received, Reply, route

__all__ = ["CodeCommitStandIn"]

Record = dict[str, JsonValue]

_TARGET: Final = "CodeCommit_20150413."
_CALLER: Final = "arn:aws:iam::123456789012:user/ci"


class CodeCommitStandIn(AwsStandIn):
    """CodeCommit with the repository `shop-web` and its branches `main` and `feature/x`.

    Attributes:
        repositories: what branches each has.
        pull_requests: as the API shows them, by number.
        comments: as the API shows them, by id, each with its `commit`.
        approvals: of each pull request, `APPROVE` or `REVOKE`.
        caller: ARN of who asks.
        page: how many items a page of a listing holds.
    """

    provider = "aws_codecommit"
    service = "codecommit"

    def __init__(self) -> None:
        super().__init__()
        self.repositories: dict[str, list[str]] = {"shop-web": ["main", "feature/x"]}
        self.pull_requests: dict[str, Record] = {}
        self.comments: dict[str, Record] = {}
        self.approvals: dict[str, str] = {}
        self.caller = _CALLER
        self.page = 2
        self._made: dict[str, Reply] = {}

    def config(self) -> dict[str, object]:
        """The repository, and an access key."""
        return {**self.credentials(), "repository": "shop-web"}

    def said(self, status: int, code: str, words: str) -> Reply:
        """An error of the JSON protocol."""
        return _reply({"__type": f"com.amazonaws.codecommit#{code}", "message": words}, status)

    @route("POST", "/")
    def act(self, request: Received, _: Mapping[str, str]) -> Reply:
        """The operation that the target names; asked again with the same token, what came of it before."""
        target = request.headers.get("x-amz-target", "")
        body = request.json()
        if request.headers.get("content-type") != "application/x-amz-json-1.1" or not isinstance(body, dict):
            return self.said(
                400, "SerializationException", "Start of structure or map found where not expected"
            )
        operation = self._operations.get(target.removeprefix(_TARGET))
        if operation is None or not target.startswith(_TARGET):
            return self.said(400, "UnknownOperationException", "")
        repository = str(body.get("repositoryName", "shop-web"))
        if repository not in self.repositories and "CreateRepository" not in target:
            return self.said(400, "RepositoryDoesNotExistException", f"{repository} does not exist")
        token = str(body.get("clientRequestToken", ""))
        if token and token in self._made:
            return self._made[token]
        reply = operation(self, body)
        if token:
            self._made[token] = reply
        return reply

    def _get_repository(self, body: Record) -> Reply:
        return _reply({"repositoryMetadata": _repository(str(body.get("repositoryName")))})

    def _create_repository(self, body: Record) -> Reply:
        name = str(body.get("repositoryName"))
        if name in self.repositories:
            return self.said(400, "RepositoryNameExistsException", f"Repository named {name} already exists")
        self.repositories[name] = []
        return _reply({"repositoryMetadata": _repository(name)})

    def _list_repositories(self, body: Record) -> Reply:
        return self._paged("repositories", [_repository(name) for name in self.repositories], body)

    def _list_branches(self, body: Record) -> Reply:
        return self._paged("branches", self.repositories[str(body.get("repositoryName"))], body)

    def _create_pull_request(self, body: Record) -> Reply:
        targets = body.get("targets")
        target = targets[0] if isinstance(targets, list) and targets else {}
        wanted = dict(target) if isinstance(target, dict) else {}
        branches = self.repositories[str(wanted.get("repositoryName"))]
        for name in ("sourceReference", "destinationReference"):
            if wanted.get(name) not in branches:
                return self.said(400, "ReferenceDoesNotExistException", f"{wanted.get(name)} does not exist")
        number = str(len(self.pull_requests) + 1)
        commits: Record = {"sourceCommit": number.rjust(40, "b"), "destinationCommit": "a" * 40}
        made: Record = {
            "pullRequestId": number,
            "title": body.get("title"),
            "description": body.get("description"),
            "pullRequestStatus": "OPEN",
            "authorArn": self.caller,
            "revisionId": f"revision-{number}",
            "pullRequestTargets": [{**wanted, **commits}],
        }
        self.pull_requests[number] = made
        return _reply({"pullRequest": made})

    def _get_pull_request(self, body: Record) -> Reply:
        return self._with_request(body, lambda found: _reply({"pullRequest": found}))

    def _list_pull_requests(self, body: Record) -> Reply:
        status, author = body.get("pullRequestStatus"), body.get("authorArn")
        fitting = [
            number
            for number, found in self.pull_requests.items()
            if status in {None, found["pullRequestStatus"]} and author in {None, found["authorArn"]}
        ]
        return self._paged("pullRequestIds", fitting, body)

    def _update_status(self, body: Record) -> Reply:
        def close(found: Record) -> Reply:
            if body.get("pullRequestStatus") != "CLOSED":
                return self.said(400, "InvalidPullRequestStatusUpdateException", "It can only be closed")
            found["pullRequestStatus"] = "CLOSED"
            return _reply({"pullRequest": found})

        return self._with_request(body, close)

    def _approve(self, body: Record) -> Reply:
        def decide(found: Record) -> Reply:
            if found["authorArn"] == self.caller:
                words = "You cannot approve a pull request that you created"
                return self.said(400, "PullRequestCannotBeApprovedByAuthorException", words)
            if body.get("revisionId") != found["revisionId"]:
                return self.said(400, "RevisionNotCurrentException", "The revision is not the current one")
            self.approvals[str(found["pullRequestId"])] = str(body.get("approvalState"))
            return Reply(status=200)

        return self._with_request(body, decide)

    def _merge(self, body: Record) -> Reply:
        def merge(found: Record) -> Reply:
            if found["pullRequestStatus"] == "CLOSED":
                return self.said(400, "PullRequestAlreadyClosedException", "It is closed already")
            if f"'sourceCommit': '{body.get('sourceCommitId')}'" not in str(found["pullRequestTargets"]):
                return self.said(400, "TipOfSourceReferenceIsDifferentException", "The tip has moved")
            found["pullRequestStatus"] = "CLOSED"
            return _reply({"pullRequest": found})

        return self._with_request(body, merge)

    def _post_comment(self, body: Record) -> Reply:
        number = str(len(self.comments) + 1)
        made: Record = {
            "commentId": f"comment-{number}",
            "content": body.get("content"),
            "authorArn": self.caller,
        }
        self.comments[f"comment-{number}"] = {**made, "deleted": False, "commit": body.get("afterCommitId")}
        return _reply({"comment": made, "repositoryName": body.get("repositoryName")})

    def _get_comments(self, body: Record) -> Reply:
        threads: list[JsonValue] = [
            {"comments": [comment]}
            for comment in self.comments.values()
            if comment["commit"] == body.get("afterCommitId")
        ]
        return self._paged("commentsForComparedCommitData", threads, body)

    def _update_comment(self, body: Record) -> Reply:
        found = self.comments.get(str(body.get("commentId")))
        if found is None:
            return self.said(400, "CommentDoesNotExistException", "There is no such comment")
        if found["authorArn"] != self.caller:
            return self.said(400, "CommentNotCreatedByCallerException", "Only its author can change it")
        found["content"] = body.get("content")
        return _reply({"comment": found})

    def _with_request(self, body: Record, then: Callable[[Record], Reply]) -> Reply:
        found = self.pull_requests.get(str(body.get("pullRequestId")))
        if found is None:
            words = f"Could not find pull request {body.get('pullRequestId')}"
            return self.said(400, "PullRequestDoesNotExistException", words)
        return then(found)

    def _paged(self, name: str, items: Sequence[JsonValue], body: Record) -> Reply:
        start = int(str(body.get("nextToken") or 0))
        more: Record = {"nextToken": str(start + self.page)} if start + self.page < len(items) else {}
        return _reply({name: [*items[start : start + self.page]], **more})

    _operations: Final[Mapping[str, Callable[[CodeCommitStandIn, Record], Reply]]] = {
        "GetRepository": _get_repository,
        "CreateRepository": _create_repository,
        "ListRepositories": _list_repositories,
        "ListBranches": _list_branches,
        "CreatePullRequest": _create_pull_request,
        "GetPullRequest": _get_pull_request,
        "ListPullRequests": _list_pull_requests,
        "UpdatePullRequestStatus": _update_status,
        "UpdatePullRequestApprovalState": _approve,
        "MergePullRequestByFastForward": _merge,
        "MergePullRequestBySquash": _merge,
        "MergePullRequestByThreeWay": _merge,
        "PostCommentForPullRequest": _post_comment,
        "PostCommentForComparedCommit": _post_comment,
        "GetCommentsForComparedCommit": _get_comments,
        "UpdateComment": _update_comment,
    }


def _reply(body: Record, status: int = 200) -> Reply:
    headers = {"content-type": "application/x-amz-json-1.1", "x-amzn-requestid": "2f1a-codecommit"}
    return Reply(status=status, json=body, headers=headers)


def _repository(name: str) -> Record:
    url = f"https://git-codecommit.eu-central-1.amazonaws.com/v1/repos/{name}"
    return {"repositoryName": name, "repositoryId": f"id-of-{name}", "cloneUrlHttp": url}
