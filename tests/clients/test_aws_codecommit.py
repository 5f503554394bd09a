"""AWS' own client: https://pypi.org/project/boto3."""

from __future__ import annotations

from typing import Any

from support.clients import Versus, against, every
from support.recording import Varies

versus = against("aws_codecommit", "boto3", "boto3")

TOKEN = Varies("body.clientRequestToken", "both make one up, so that it happens once")
HEADERS = ("x-amz-target",)


def client(stand_in: Any) -> Any:
    import boto3
    from botocore.config import Config

    config = stand_in.config()
    return boto3.client(
        "codecommit",
        region_name="eu-central-1",
        endpoint_url=stand_in.url,
        aws_access_key_id=config["access_key_id"],
        aws_secret_access_key=config["secret_access_key"],
        config=Config(retries={"max_attempts": 0}),
    )


def opened(stand_in: Any) -> Any:
    target = {"repositoryName": "shop-web", "sourceReference": "feature/x", "destinationReference": "main"}
    return client(stand_in).create_pull_request(title="Fix", description="It does.", targets=[target])


def test_a_pull_request_is_opened(versus: Versus) -> None:
    """Title, description, and the target."""
    outcome, answer = versus(
        "create_pull_request",
        TOKEN,
        ours=lambda it: it.create_pull_request("feature/x", "Fix", target="main", description="It does."),
        theirs=opened,
        headers=HEADERS,
    )
    assert outcome.reference == answer["pullRequest"]["pullRequestId"]


def test_a_pull_request_is_read(versus: Versus) -> None:
    """By its number."""
    versus(
        "get_pull_request",
        prepare=opened,
        ours=lambda it: it.get_pull_request("1"),
        theirs=lambda it: client(it).get_pull_request(pullRequestId="1"),
        headers=HEADERS,
    )


def test_a_pull_request_is_closed(versus: Versus) -> None:
    """By its status."""
    versus(
        "close_pull_request",
        prepare=opened,
        ours=lambda it: it.close_pull_request("1"),
        theirs=lambda it: client(it).update_pull_request_status(
            pullRequestId="1", pullRequestStatus="CLOSED"
        ),
        headers=HEADERS,
    )


def test_pull_requests_are_listed(versus: Versus) -> None:
    """Open ones, page by page."""
    versus(
        "list_pull_requests",
        prepare=opened,
        ours=lambda it: every(it.list_pull_requests()),
        theirs=lambda it: list(
            client(it)
            .get_paginator("list_pull_requests")
            .paginate(repositoryName="shop-web", pullRequestStatus="OPEN")
        ),
        headers=HEADERS,
    )


def test_branches_are_listed(versus: Versus) -> None:
    """Page by page."""
    versus(
        "list_branches",
        ours=lambda it: every(it.list_branches()),
        theirs=lambda it: list(client(it).get_paginator("list_branches").paginate(repositoryName="shop-web")),
        headers=HEADERS,
    )


def test_repositories_are_listed(versus: Versus) -> None:
    """Page by page."""
    versus(
        "list_repositories",
        ours=lambda it: every(it.list_repositories()),
        theirs=lambda it: list(client(it).get_paginator("list_repositories").paginate()),
        headers=HEADERS,
    )


def test_a_repository_is_read(versus: Versus) -> None:
    """By its name."""
    versus(
        "get_repository",
        ours=lambda it: it.get_repository(),
        theirs=lambda it: client(it).get_repository(repositoryName="shop-web"),
        headers=HEADERS,
    )


def test_a_repository_is_created(versus: Versus) -> None:
    """Name and description."""
    versus(
        "create_repository",
        ours=lambda it: it.create_repository("shop-api", description="The API"),
        theirs=lambda it: client(it).create_repository(
            repositoryName="shop-api", repositoryDescription="The API"
        ),
        headers=HEADERS,
    )


def test_a_commit_is_commented(versus: Versus) -> None:
    """Repository, commit, text."""
    versus(
        "comment_commit",
        TOKEN,
        ours=lambda it: it.comment_commit("a" * 40, "Seen."),
        theirs=lambda it: client(it).post_comment_for_compared_commit(
            repositoryName="shop-web", afterCommitId="a" * 40, content="Seen."
        ),
        headers=HEADERS,
    )


def test_a_pull_request_is_commented(versus: Versus) -> None:
    """On the commits between which it stands."""

    def theirs(stand_in: Any) -> None:
        known = client(stand_in).get_pull_request(pullRequestId="1")["pullRequest"]["pullRequestTargets"][0]
        client(stand_in).post_comment_for_pull_request(
            pullRequestId="1",
            repositoryName="shop-web",
            beforeCommitId=known["destinationCommit"],
            afterCommitId=known["sourceCommit"],
            content="Seen.",
        )

    versus(
        "comment_pull_request",
        TOKEN,
        prepare=opened,
        ours=lambda it: it.comment_pull_request("1", "Seen."),
        theirs=theirs,
        headers=HEADERS,
    )


def opened_by_another(stand_in: Any) -> None:
    opened(stand_in)
    stand_in.caller = "arn:aws:iam::123456789012:user/another"


def test_a_pull_request_is_approved(versus: Versus) -> None:
    """In the revision that it has."""

    def theirs(stand_in: Any) -> None:
        revision = client(stand_in).get_pull_request(pullRequestId="1")["pullRequest"]["revisionId"]
        client(stand_in).update_pull_request_approval_state(
            pullRequestId="1", revisionId=revision, approvalState="APPROVE"
        )

    versus(
        "approve_pull_request",
        prepare=opened_by_another,
        ours=lambda it: it.approve_pull_request("1"),
        theirs=theirs,
        headers=HEADERS,
    )


def test_a_pull_request_is_merged(versus: Versus) -> None:
    """By squashing, at the commit that was looked at."""

    def theirs(stand_in: Any) -> None:
        known = client(stand_in).get_pull_request(pullRequestId="1")["pullRequest"]["pullRequestTargets"][0]
        client(stand_in).merge_pull_request_by_squash(
            pullRequestId="1", repositoryName="shop-web", sourceCommitId=known["sourceCommit"]
        )

    versus(
        "merge_pull_request",
        prepare=opened,
        ours=lambda it: it.merge_pull_request("1"),
        theirs=theirs,
        headers=HEADERS,
    )
