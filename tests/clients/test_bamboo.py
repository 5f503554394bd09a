"""The best-known client of Bamboo: https://pypi.org/project/atlassian-python-api."""

from __future__ import annotations

from typing import Any

from integrations_sdk.models import BuildRequest
from support.clients import Versus, against
from support.recording import Difference

versus = against("bamboo", "atlassian-python-api", "atlassian")


def client(stand_in: Any) -> Any:
    from atlassian import Bamboo

    return Bamboo(url=stand_in.url, token=stand_in.token)


def test_a_build(versus: Versus) -> None:
    """Variables and revision in the query."""
    outcome, answer = versus(
        "trigger_build",
        Difference("body", "ours is an empty object, so that the request is JSON"),
        Difference("type", "the client says JSON of no body"),
        given=lambda it: it.config() | {"execute_all_stages": True},
        ours=lambda it: it.trigger_build(BuildRequest(commit_sha="a" * 40, parameters={"deploy": "yes"})),
        theirs=lambda it: client(it).execute_build("PROJ-PLAN", custom_revision="a" * 40, deploy="yes"),
    )
    assert outcome.reference == answer["buildResultKey"]


def test_the_result_of_a_build(versus: Versus) -> None:
    """By its key."""

    def built(stand_in: Any) -> None:
        client(stand_in).execute_build("PROJ-PLAN")
        client(stand_in).get_build_queue()

    versus(
        "get_build",
        *(
            Difference(f"query.{name}", "the client says the default")
            for name in ("include_all_states", "max-results", "start-index")
        ),
        prepare=built,
        ours=lambda it: it.get_build("PROJ-PLAN-1"),
        theirs=lambda it: client(it).build_result("PROJ-PLAN-1"),
    )
