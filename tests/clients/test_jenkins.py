"""The best-known client of Jenkins: https://pypi.org/project/python-jenkins."""

from __future__ import annotations

from typing import Any

from integrations_sdk.models import BuildRequest
from support.clients import Versus, against
from support.recording import Difference, Extra, Varies

versus = against("jenkins", "python-jenkins", "jenkins")

PARAMETERS = {"BRANCH": "main", "COMMIT_SHA": "a" * 40}
REQUEST = BuildRequest(branch="main", commit_sha="a" * 40)
IN_THE_BODY = (
    Difference(
        "query", "the client puts parameters into the URL, where logs keep them; Jenkins reads a form alike"
    ),
    Difference("body", "ours are a form"),
    Difference("type", "ours are a form"),
)
TREE = (
    Difference("query.tree", "ours asks for the few fields that it reads"),
    Difference("query.depth", "the client asks for all, to a depth"),
)
NO_CRUMB = Extra(
    "theirs", "GET /crumbIssuer/api/json", "the client always fetches a crumb, which API tokens do not need"
)
LOOKS = Extra(
    "ours", "GET /job/*/api/json", "ours asks which parameters the job declares: Jenkins drops others"
)


def client(stand_in: Any, secret: str | None = None) -> Any:
    import jenkins

    return jenkins.Jenkins(stand_in.url, stand_in.username, secret or stand_in.token)


def built(stand_in: Any) -> None:
    """The queue's item leads to a build at its second look."""
    queued(stand_in)
    client(stand_in).get_queue_item(1)


def queued(stand_in: Any) -> None:
    client(stand_in).build_job("myapp-build", PARAMETERS)


def test_a_build_with_parameters(versus: Versus) -> None:
    """`buildWithParameters`: the same parameters arrive; and both read the queue's item from the answer."""
    seen: list[Any] = []
    outcome, item = versus(
        "trigger_build",
        LOOKS,
        NO_CRUMB,
        *IN_THE_BODY,
        prepare=seen.append,
        ours=lambda it: it.trigger_build(REQUEST),
        theirs=lambda it: client(it).build_job("myapp-build", PARAMETERS),
    )
    assert outcome.reference == f"queue:{item}@myapp-build"
    ours, theirs = (stand_in.received[-1] for stand_in in seen)
    assert ours.form() == dict(theirs.query) == PARAMETERS


def test_a_build_without_parameters(versus: Versus) -> None:
    """`build`, with nothing in it."""
    versus(
        "trigger_build",
        LOOKS,
        NO_CRUMB,
        prepare=lambda it: it.jobs["myapp-build"].parameters.clear(),
        ours=lambda it: it.trigger_build(BuildRequest()),
        theirs=lambda it: client(it).build_job("myapp-build"),
    )


def test_a_password_needs_a_crumb_of_its_session(versus: Versus) -> None:
    """Both fetch it where it is wanted, and send header and cookie with the build."""
    versus(
        "trigger_build",
        LOOKS,
        Extra("ours", "POST /job/*", "refused once: ours fetches a crumb when it is asked for one", times=1),
        Varies("header.jenkins-crumb", "a crumb is good for one session"),
        *IN_THE_BODY,
        given=lambda it: it.config() | {"api_token": it.password},
        ours=lambda it: it.trigger_build(REQUEST),
        theirs=lambda it: client(it, it.password).build_job("myapp-build", PARAMETERS),
        headers=("jenkins-crumb",),
    )


def test_a_queue_item(versus: Versus) -> None:
    """By its number."""
    versus(
        "get_build",
        Difference("query.depth", "the client names a depth, which is the default"),
        NO_CRUMB,
        prepare=queued,
        ours=lambda it: it.get_build("queue:1@myapp-build"),
        theirs=lambda it: client(it).get_queue_item(1),
    )


def test_a_build(versus: Versus) -> None:
    """By job and number."""
    found, answer = versus(
        "get_build",
        *TREE,
        NO_CRUMB,
        prepare=built,
        ours=lambda it: it.get_build("myapp-build#1"),
        theirs=lambda it: client(it).get_build_info("myapp-build", 1),
    )
    assert (found.number, found.url.rpartition("/job/")[2]) == (
        answer["number"],
        answer["url"].rpartition("/job/")[2],
    )


def test_the_last_build(versus: Versus) -> None:
    """`lastBuild`, where the client reads the job and then the number."""
    versus(
        "last_build",
        *TREE,
        NO_CRUMB,
        Extra("theirs", "GET /job/myapp-build/api/json", "the client learns the number from the job"),
        Difference("path", "ours asks for `lastBuild`"),
        prepare=built,
        ours=lambda it: it.last_build(),
        theirs=lambda it: client(it).get_build_info(
            "myapp-build", client(it).get_job_info("myapp-build")["builds"][0]["number"]
        ),
    )
