"""AWS CodeCommit: pull requests, comments and commits of a repository."""

from __future__ import annotations

from integrations_sdk.connectors.aws_codecommit import CodeCommitConnector
from integrations_sdk.models import BuildStatus, CommitStatus
from integrations_sdk.testing.vendors.aws_codecommit import CodeCommitStandIn
from support.scenarios import Suite, every

SUITE = Suite(stand_in=CodeCommitStandIn, contracts={"aws_codecommit": ""}, model="codecommit")

SHA = "a" * 40


async def check(codecommit: CodeCommitConnector, _host: CodeCommitStandIn) -> None:
    await codecommit.check()


async def create_repository(codecommit: CodeCommitConnector, host: CodeCommitStandIn) -> None:
    await codecommit.create_repository("docs", description="What is written")
    assert "docs" in host.repositories


async def get_repository(codecommit: CodeCommitConnector, _host: CodeCommitStandIn) -> None:
    assert (await codecommit.get_repository())["repositoryName"] == "shop-web"


async def list_repositories(codecommit: CodeCommitConnector, host: CodeCommitStandIn) -> None:
    host.repositories |= {"docs": [], "tools": []}
    assert len(await every(codecommit.list_repositories())) == 3


async def list_branches(codecommit: CodeCommitConnector, _host: CodeCommitStandIn) -> None:
    assert await every(codecommit.list_branches()) == ["main", "feature/x"]


async def create_pull_request(codecommit: CodeCommitConnector, host: CodeCommitStandIn) -> None:
    await codecommit.create_pull_request("feature/x", "Log in faster", target="main", description="By half.")
    assert host.pull_requests["1"]["title"] == "Log in faster"


async def get_pull_request(codecommit: CodeCommitConnector, _host: CodeCommitStandIn) -> None:
    await codecommit.create_pull_request("feature/x", "Log in faster")
    assert (await codecommit.get_pull_request("1"))["title"] == "Log in faster"


async def list_pull_requests(codecommit: CodeCommitConnector, host: CodeCommitStandIn) -> None:
    await codecommit.create_pull_request("feature/x", "Log in faster")
    assert await every(codecommit.list_pull_requests(author_arn=host.caller)) == ["1"]


async def comment_pull_request(codecommit: CodeCommitConnector, host: CodeCommitStandIn) -> None:
    await codecommit.create_pull_request("feature/x", "Log in faster")
    await codecommit.comment_pull_request("1", "Thank you")
    assert [one["content"] for one in host.comments.values()] == ["Thank you"]


async def approve_pull_request(codecommit: CodeCommitConnector, host: CodeCommitStandIn) -> None:
    await codecommit.create_pull_request("feature/x", "Log in faster")
    host.caller = "arn:aws:iam::123456789012:user/reviewer"
    await codecommit.approve_pull_request("1")
    assert host.approvals == {"1": "APPROVE"}
    await codecommit.approve_pull_request("1", approved=False)
    assert host.approvals == {"1": "REVOKE"}


async def merge_pull_request(codecommit: CodeCommitConnector, host: CodeCommitStandIn) -> None:
    for number, strategy in enumerate(("squash", "fast_forward", "three_way"), 1):
        await codecommit.create_pull_request("feature/x", "Log in faster")
        await codecommit.merge_pull_request(str(number), strategy=strategy, message="Faster")
    assert {one["pullRequestStatus"] for one in host.pull_requests.values()} == {"CLOSED"}


async def close_pull_request(codecommit: CodeCommitConnector, host: CodeCommitStandIn) -> None:
    await codecommit.create_pull_request("feature/x", "Log in faster")
    await codecommit.close_pull_request("1")
    assert host.pull_requests["1"]["pullRequestStatus"] == "CLOSED"


async def comment_commit(codecommit: CodeCommitConnector, host: CodeCommitStandIn) -> None:
    await codecommit.comment_commit(SHA, "Well done")
    assert [one["commit"] for one in host.comments.values()] == [SHA]


async def set_commit_status(codecommit: CodeCommitConnector, host: CodeCommitStandIn) -> None:
    for status in (BuildStatus.RUNNING, BuildStatus.SUCCESS):
        await codecommit.set_commit_status(
            CommitStatus(sha=SHA, status=status, context="ci", url="https://ci.example/1")
        )
    assert len(host.comments) == 1
