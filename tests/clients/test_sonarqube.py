"""The best-known client of SonarQube: https://pypi.org/project/python-sonarqube-api."""

from __future__ import annotations

from typing import Any

from support.clients import Versus, against, every
from support.recording import Difference

versus = against("sonarqube", "python-sonarqube-api", "sonarqube")


TOKEN = (
    Difference("auth.authorization.scheme", "the client sends the token as a user's name, the older way"),
    Difference("auth.authorization.credential", "as above"),
)


def client(stand_in: Any) -> Any:
    from sonarqube import SonarQubeClient

    return SonarQubeClient(sonarqube_url=stand_in.url, token=stand_in.token)


def test_issues(versus: Versus) -> None:
    """Those that nobody resolved."""
    versus(
        "list_findings",
        *TOKEN,
        Difference("query.components", "the name since SonarQube 10.2, where the client has the older one"),
        Difference("query.componentKeys", "as above"),
        Difference("query.onComponentOnly", "the client says false, which is the default"),
        Difference("query.sinceLeakPeriod", "the client says false, which is the default"),
        prepare=lambda it: it.add_issue(),
        ours=lambda it: every(it.list_findings()),
        theirs=lambda it: list(
            client(it).issues.search_issues(
                componentKeys="shop_web", resolved="false", p=1, ps=500, s="CREATION_DATE", asc="true"
            )
        ),
    )


def test_measures(versus: Versus) -> None:
    """By their metrics."""
    versus(
        "get_measures",
        *TOKEN,
        ours=lambda it: it.get_measures(["coverage"]),
        theirs=lambda it: client(it).measures.get_component_with_specified_measures(
            component="shop_web", metricKeys="coverage"
        ),
    )
