"""AWS CodeCommit: pull requests, comments, listings; against a stand-in, AWS' own model, and moto."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import attrs
import pytest

from integrations_sdk import AsyncIntegrationManagementManager
from integrations_sdk.connectors.aws_codecommit import CodeCommitConnector
from integrations_sdk.connectors.base import (
    AuthenticationError,
    BuildStatus,
    CommitStatus,
    ConfigurationError,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
)
from integrations_sdk.errors import TransportError
from integrations_sdk.testing.fakes import ScriptedHttp, connect, reply
from integrations_sdk.testing.vendors.aws_codecommit import CodeCommitStandIn
from support.aws import by_moto, complaints, moto_server
from support.build_servers import Served

CANARY = "codecommit-canary/0123456789abcdef"
CONFIG = {
    "region": "eu-central-1",
    "access_key_id": "AKID",
    "secret_access_key": CANARY,
    "repository": "shop-web",
}
SHA = "c" * 40
run = asyncio.run


class CodeCommit(Served[CodeCommitStandIn, CodeCommitConnector]):
    def __init__(self, **more: Any) -> None:
        super().__init__(CodeCommitConnector, CodeCommitStandIn(), **more)

    def operations(self) -> list[str]:
        """What was asked for."""
        return [
            one.headers["x-amz-target"].removeprefix("CodeCommit_20150413.") for one in self.http.requests
        ]

    def sent(self, operation: str) -> dict[str, Any]:
        """The body of the last such request."""
        index = len(self.operations()) - 1 - self.operations()[::-1].index(operation)
        return json.loads(self.http.requests[index].content)


# --- configuration ----------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"repository": None}, "repository"),
        ({"repository": "https://git-codecommit.eu-central-1.amazonaws.com/v1/repos/x"}, "repository"),
        ({"repository": "x.git"}, "repository"),
        ({"repository": "a/b"}, "repository"),
        ({"target_branch": ""}, "target_branch"),
    ],
)
def test_wrong_fields_are_named(given: dict[str, object], path: str) -> None:
    """Each field says what it expects."""
    with pytest.raises(ConfigurationError) as caught:
        connect(CodeCommitConnector, {**CONFIG, **given}, ScriptedHttp())
    assert [problem.path for problem in caught.value.problems] == [path]


# --- pull requests ----------------------------------------------------------


def test_a_pull_request_is_asked_for() -> None:
    """With a token, so that asking again makes no second one."""
    host = CodeCommit()
    outcome = run(host.connector.create_pull_request("feature/x", "Fix", description="Because."))
    assert outcome.reference == "1"
    assert outcome.url is not None
    assert outcome.url.startswith(
        "https://eu-central-1.console.aws.amazon.com/codesuite/codecommit/repositories/shop-web/"
    )
    sent = host.sent("CreatePullRequest")
    assert sent.pop("clientRequestToken")
    assert sent == {
        "title": "Fix",
        "description": "Because.",
        "targets": [
            {
                "repositoryName": "shop-web",
                "sourceReference": "feature/x",
                "destinationReference": "main",
            }
        ],
    }
    assert host.http.calls[-1].idempotent
    with pytest.raises(RejectedError, match="gone does not exist"):
        run(host.connector.create_pull_request("gone", "Fix"))


def test_asking_again_makes_no_second_one() -> None:
    """The same request, sent twice, comes to one pull request."""
    host = CodeCommit()
    run(host.connector.create_pull_request("feature/x", "Fix"))
    first, call = host.http.requests[0], host.http.calls[0]
    run(host.http.send(first, call))
    assert list(host.server.pull_requests) == ["1"]


def test_pull_requests_are_listed_page_by_page() -> None:
    """Open ones, or closed ones, or those of one author."""
    host = CodeCommit()

    async def whole() -> tuple[list[str], ...]:
        known = host.connector
        for number in range(5):
            await known.create_pull_request("feature/x", str(number))
        await known.close_pull_request("#2")
        opened = [reference async for reference in known.list_pull_requests()]
        closed = [reference async for reference in known.list_pull_requests(status="CLOSED")]
        others = [
            reference async for reference in known.list_pull_requests(author_arn="arn:aws:iam::1:user/x")
        ]
        return opened, closed, others

    assert run(whole()) == (["1", "3", "4", "5"], ["2"], [])
    assert host.operations().count("ListPullRequests") == 4


def test_a_pull_request_is_commented_as_it_is_now() -> None:
    """Between the commits that it would merge."""
    host = CodeCommit()
    run(host.connector.create_pull_request("feature/x", "Fix"))
    assert run(host.connector.comment_pull_request("1", "Looks good.")).reference == "comment-1"
    sent = host.sent("PostCommentForPullRequest")
    assert (sent["beforeCommitId"], sent["afterCommitId"]) == ("a" * 40, "1".rjust(40, "b"))
    assert (sent["pullRequestId"], sent["content"]) == ("1", "Looks good.")


def test_a_pull_request_is_approved_in_its_newest_revision() -> None:
    """Not one's own; and an approval can be taken back."""
    host = CodeCommit()
    run(host.connector.create_pull_request("feature/x", "Fix"))
    with pytest.raises(RejectedError, match="cannot approve a pull request that you created") as caught:
        run(host.connector.approve_pull_request("1"))
    assert caught.value.code == "PullRequestCannotBeApprovedByAuthorException"
    host.server.caller = "arn:aws:iam::123456789012:user/reviewer"
    assert run(host.connector.approve_pull_request("1")).detail == "approve"
    assert host.server.approvals == {"1": "APPROVE"}
    run(host.connector.approve_pull_request("1", approved=False))
    assert host.server.approvals == {"1": "REVOKE"}


@pytest.mark.parametrize(
    ("strategy", "operation"),
    [
        ("squash", "MergePullRequestBySquash"),
        ("fast_forward", "MergePullRequestByFastForward"),
        ("three_way", "MergePullRequestByThreeWay"),
    ],
)
def test_a_pull_request_is_merged(strategy: str, operation: str) -> None:
    """What was looked at and nothing newer; not twice."""
    host = CodeCommit()
    run(host.connector.create_pull_request("feature/x", "Fix"))
    assert run(host.connector.merge_pull_request("1", strategy=strategy, message="Fix")).reference == "1"
    sent = host.sent(operation)
    assert sent["sourceCommitId"] == "1".rjust(40, "b")
    assert sent.get("commitMessage") == (None if strategy == "fast_forward" else "Fix")
    assert not host.http.calls[-1].idempotent
    with pytest.raises(RejectedError, match="closed already"):
        run(host.connector.merge_pull_request("1", strategy=strategy))
    with pytest.raises(ConfigurationError, match="expected one of fast_forward, squash, three_way"):
        run(host.connector.merge_pull_request("1", strategy="octopus"))


@pytest.mark.parametrize("reference", ["", "x", "1/2", "٣"])
def test_what_is_no_reference_is_refused(reference: str) -> None:
    """Before anything is sent."""
    http = ScriptedHttp()
    with pytest.raises(ConfigurationError, match="expected a number such as 12 or #12"):
        run(connect(CodeCommitConnector, CONFIG, http).get_pull_request(reference))


def test_a_pull_request_without_a_target_is_refused() -> None:
    """One that is not as documented."""
    http = ScriptedHttp([reply(200, {"pullRequest": {"pullRequestId": "1"}})])
    with pytest.raises(RejectedError, match="has no target"):
        run(connect(CodeCommitConnector, CONFIG, http).comment_pull_request("1", "x"))


# --- commits ----------------------------------------------------------------


def test_a_status_is_a_comment_that_changes() -> None:
    """One for each context; what others wrote, and what was deleted, is left alone."""
    host = CodeCommit()
    status = CommitStatus(
        sha=SHA, status=BuildStatus.PENDING, context="jenkins/app", url="https://ci.example/1", project="g/n"
    )
    other = attrs.evolve(status, context="jenkins/docs", description="docs #1: pending")

    async def whole() -> None:
        known = host.connector
        await known.comment_commit(SHA, "[jenkins/app]: what is this?")
        for told in (status, other, attrs.evolve(status, status=BuildStatus.SUCCESS, description="app #1")):
            assert await known.set_commit_status(told)
        host.server.comments["comment-2"]["deleted"] = True
        await known.set_commit_status(attrs.evolve(status, status=BuildStatus.FAILED))

    run(whole())
    assert [comment["content"] for comment in host.server.comments.values()] == [
        "[jenkins/app]: what is this?",
        "[jenkins/app] success\napp #1\nhttps://ci.example/1",
        "[jenkins/docs] pending\ndocs #1: pending\nhttps://ci.example/1",
        "[jenkins/app] failed\nhttps://ci.example/1",
    ]
    assert {comment["commit"] for comment in host.server.comments.values()} == {SHA}


def test_a_status_of_another_identity_is_followed_by_a_new_one() -> None:
    """Only its author can change a comment."""
    host = CodeCommit()
    status = CommitStatus(sha=SHA, status=BuildStatus.PENDING, context="c")
    run(host.connector.set_commit_status(status))
    host.server.caller = "arn:aws:iam::123456789012:user/other"
    assert run(host.connector.set_commit_status(status)).reference == "comment-2"
    host.server.fail(status=403, times=1, path="/")
    with pytest.raises(PermissionDeniedError):
        run(host.connector.set_commit_status(status))


def test_a_status_can_be_for_another_repository() -> None:
    """Named without a path."""
    host = CodeCommit()
    host.server.repositories["other"] = []
    run(host.connector.set_commit_status(CommitStatus(sha=SHA, status=BuildStatus.SUCCESS, project="other")))
    assert host.sent("PostCommentForComparedCommit")["repositoryName"] == "other"


# --- repositories -----------------------------------------------------------


def test_repositories_and_branches() -> None:
    """Made, described and listed page by page."""
    host = CodeCommit()
    host.server.repositories["shop-web"] = [f"b{number}" for number in range(5)]

    async def whole() -> tuple[Any, ...]:
        known = host.connector
        made = await known.create_repository("docs", description="Words")
        names = [repository["repositoryName"] async for repository in known.list_repositories()]
        return made.reference, made.url, names, [branch async for branch in known.list_branches()]

    assert run(whole()) == (
        "docs",
        "https://git-codecommit.eu-central-1.amazonaws.com/v1/repos/docs",
        ["shop-web", "docs"],
        [f"b{number}" for number in range(5)],
    )
    with pytest.raises(RejectedError, match="already exists"):
        run(host.connector.create_repository("docs"))


def test_a_listing_that_names_itself_ends() -> None:
    """The same token again leads nowhere new."""
    http = ScriptedHttp([reply(200, {"branches": ["main"], "nextToken": "x"})])
    known = connect(CodeCommitConnector, CONFIG, http)

    async def whole() -> list[str]:
        return [branch async for branch in known.list_branches()]

    assert run(whole()) == ["main", "main"]


def test_the_check_changes_nothing() -> None:
    """It asks for the repository."""
    host = CodeCommit()
    assert run(host.connector.check()).detail == "shop-web in eu-central-1"
    assert host.operations() == ["GetRepository"]


# --- errors -----------------------------------------------------------------


def test_wrong_credentials_are_refused() -> None:
    """A key that is not known, a secret that is another's, a session that is not the key's."""
    for wrong in ({"access_key_id": "AKIDOTHER"}, {"secret_access_key": "x"}, {"session_token": "x"}):
        with pytest.raises(AuthenticationError):
            run(CodeCommit(**wrong).connector.check())


def test_temporary_credentials_are_accepted() -> None:
    """Their session token goes along, and is signed."""
    host = CodeCommit(session_token="session-0123456789")
    host.server.session_token = "session-0123456789"
    assert run(host.connector.check())


def error(status: int, code: str, words: str) -> Any:
    return reply(status, {"__type": code, "message": words}, x_amzn_requestid="2f1a")


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (error(400, "RepositoryDoesNotExistException", "shop-web does not exist"), RejectedError, "shop-web does not exist"),
        (error(400, "ThrottlingException", "Rate exceeded"), RateLimitedError, "Rate exceeded"),
        (error(400, "ExpiredTokenException", "The security token included in the request is expired"), AuthenticationError, "is expired"),
        (error(400, "AccessDeniedException", "User ci is not authorized to perform codecommit:GetRepository"), PermissionDeniedError, "codecommit:GetRepository"),
        (error(500, "InternalFailure", ""), ProviderUnavailableError, "InternalFailure"),
    ],
)  # fmt: skip
def test_errors_say_what_codecommit_said(answer: Any, kind: type[Exception], words: str) -> None:
    """Each refusal becomes its error, in AWS' words, with the id to quote to its support."""
    with pytest.raises(kind) as caught:
        run(connect(CodeCommitConnector, CONFIG, ScriptedHttp([answer])).check())
    assert words in str(caught.value)
    assert "request id 2f1a" in str(caught.value)


def test_a_lost_answer_to_a_merge_is_not_repeated() -> None:
    """Whether it was merged is unknown then."""
    found = reply(200, {"pullRequest": {"pullRequestTargets": [{"repositoryName": "shop-web"}]}})
    http = ScriptedHttp([found, TransportError("reset", sent=True)])
    with pytest.raises(TransportError):
        run(connect(CodeCommitConnector, CONFIG, http).merge_pull_request("1"))
    assert [call.idempotent for call in http.calls] == [True, False]


# --- contracts --------------------------------------------------------------


async def everything(host: CodeCommit) -> None:
    """Every operation once."""
    known = host.connector
    await known.check()
    await known.create_repository("docs", description="x")
    await known.create_pull_request("feature/x", "Fix", description="x")
    await known.get_pull_request("1")
    await known.comment_pull_request("1", "x")
    host.server.caller = "arn:aws:iam::123456789012:user/reviewer"
    await known.approve_pull_request("1")
    for strategy in ("squash", "fast_forward", "three_way"):
        await known.create_pull_request("feature/x", "Fix")
        await known.merge_pull_request(str(len(host.server.pull_requests)), strategy=strategy, message="x")
    await known.close_pull_request("1")
    status = CommitStatus(sha=SHA, status=BuildStatus.SUCCESS)
    for _ in range(2):
        await known.set_commit_status(status)
    await known.comment_commit(SHA, "x")
    assert [one["repositoryName"] async for one in known.list_repositories()] == ["shop-web", "docs"]
    assert [branch async for branch in known.list_branches()] == ["main", "feature/x"]
    assert [one async for one in known.list_pull_requests(author_arn="arn:aws:iam::1:user/x")] == []


def test_every_request_conforms_to_aws_own_model() -> None:
    """Every operation that the connector makes, names and types; the model comes with botocore."""
    host = CodeCommit()
    run(everything(host))
    for request, operation in zip(host.http.requests, host.operations(), strict=True):
        assert complaints("codecommit", operation, json.loads(request.content)) == "", operation
    assert len(set(host.operations())) == 16
    assert complaints("codecommit", "GetRepository", {"repository": "x"}) != ""


@pytest.mark.filterwarnings("ignore")  # moto's libraries warn of one another
def test_moto_takes_it_for_aws() -> None:
    """As far as it knows CodeCommit: repositories, and its errors; over the wire, signed."""

    async def whole(url: str) -> None:
        async with AsyncIntegrationManagementManager() as manager:
            made = await manager.aws_codecommit.create({**CONFIG, "endpoint_url": url})
            name = made.integration_id
            assert (await manager.aws_codecommit.check(name)).status == "unhealthy"
            outcome = await manager.aws_codecommit.call(name, "create_repository", "shop-web")
            assert outcome.reference == "shop-web"
            assert (await manager.aws_codecommit.check(name)).status == "healthy"
            with pytest.raises(RejectedError, match="already exists") as caught:
                await manager.aws_codecommit.call(name, "create_repository", "shop-web")
            assert caught.value.code == "RepositoryNameExistsException"
            with pytest.raises(RejectedError) as caught:
                await manager.aws_codecommit.call(name, "get_repository", "gone")
            assert caught.value.code == "RepositoryDoesNotExistException"

    with moto_server() as url:
        run(whole(url))
    by_moto("aws_codecommit", "check", "create_repository", "get_repository")
