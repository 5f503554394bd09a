"""SonarQube: gates, issues beyond the 10,000th, measures, and what is said when it fails.

Of Cloud there is no description; its names: https://sonarcloud.io/web_api/api/issues/search.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations_sdk.connectors.base import (
    AuthenticationError,
    FindingQuery,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
    Severity,
)
from integrations_sdk.connectors.sonarqube import SonarQubeConnector
from integrations_sdk.connectors.sonarqube.words import gate_from, severity_of
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.testing.fakes import ScriptedHttp, connect, reply
from integrations_sdk.testing.vendors.sonarqube import SonarQubeBranch, SonarQubeStandIn
from support.build_servers import Served
from support.scanners import findings, news

CANARY = "squ_canary0123456789"
CONFIG = {"token": CANARY, "project": "shop_web", "url": "https://sonar.company.com"}
run = asyncio.run


class SonarQube(Served[SonarQubeStandIn, SonarQubeConnector]):
    def __init__(self, **more: Any) -> None:
        super().__init__(SonarQubeConnector, SonarQubeStandIn(), **more)

    def searches(self) -> list[str]:
        """What each search asked for, beyond what all do."""
        asked = [one.partition("?")[2] for one in self.asked() if "issues/search" in one]
        common = re.compile(r"&(resolved=false|s=CREATION_DATE|asc=true|ps=500)")
        return [common.sub("", one) for one in asked]


# --- pure -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("issue", "severity"),
    [
        ({"severity": "BLOCKER"}, "critical"),
        ({"severity": "CRITICAL"}, "high"),
        ({"severity": "MAJOR"}, "medium"),
        ({"severity": "MINOR"}, "low"),
        ({"severity": "INFO"}, "info"),
        ({"severity": "INFO", "impacts": [{"severity": "HIGH"}, {"severity": "LOW"}]}, "high"),
        ({"severity": "MAJOR", "impacts": [{"severity": "BLOCKER"}]}, "critical"),
        ({"severity": "MAJOR", "impacts": [{"severity": "NEW_WORD"}]}, "medium"),
        ({"severity": "NEW_WORD"}, "medium"),
        ({}, "medium"),
    ],
)
def test_severities_are_translated(issue: dict[str, Any], severity: str) -> None:
    """Impacts go before the severity, the worst first; an unknown word is taken seriously."""
    assert severity_of(issue) == Severity(severity)


@pytest.mark.parametrize(
    ("status", "passed"), [("OK", True), ("WARN", True), ("ERROR", False), ("NONE", False), (None, False)]
)
def test_only_a_computed_gate_opens(status: str | None, passed: bool) -> None:
    """What was never analysed must not pass."""
    assert bool(gate_from({"projectStatus": {"status": status}}, "p", {}, "https://s.example")) is passed


# --- configuration ----------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "cloud"),
    [
        ({}, False),
        ({"url": "https://sonarcloud.io"}, True),
        ({"url": "https://sonarqube.us/"}, True),
        ({"url": "https://sonarcloud.io.evil.example"}, False),
        ({"url": "https://proxy.example", "cloud": True}, True),
        ({"url": "https://sonarcloud.io", "cloud": False}, False),
    ],
)
def test_cloud_is_known_by_its_address(given: dict[str, object], cloud: bool) -> None:
    """Unless it is said."""
    assert connect(SonarQubeConnector, {**CONFIG, **given}, ScriptedHttp()).config.is_cloud is cloud


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"url": "sonar"}, "url"),
        ({"url": "https://sonar.company.com/dashboard"}, "url"),
        ({"token": ""}, "token"),
        ({"types": ["BUG", "HOTSPOT"]}, "types[1]"),
        ({"severity": "major"}, "severity"),
    ],
)
def test_wrong_fields_are_named(given: dict[str, object], path: str) -> None:
    """Each field says what it expects, without its value."""
    with pytest.raises(ConfigurationError) as caught:
        connect(SonarQubeConnector, {**CONFIG, **given}, ScriptedHttp())
    assert [problem.path for problem in caught.value.problems] == [path]
    assert CANARY not in str(caught.value)


# --- gates ------------------------------------------------------------------


def test_a_gate_that_is_open() -> None:
    """True, with the page to look at."""
    sonar = SonarQube()
    gate = run(sonar.connector.check_gate())
    assert gate
    assert (gate.status, gate.failures, gate.project) == ("OK", (), "shop_web")
    assert gate.url == f"{sonar.server.url}/dashboard?id=shop_web"


def test_a_gate_that_is_closed_says_by_what() -> None:
    """One line for each condition that is not met."""
    sonar = SonarQube()
    sonar.server.branches["shop_web", "feature/x"] = SonarQubeBranch(
        status="ERROR",
        conditions=[
            {"status": "ERROR", "metricKey": "new_coverage", "comparator": "LT", "errorThreshold": "80", "actualValue": "62.1"},
            {"status": "OK", "metricKey": "new_bugs", "comparator": "GT", "errorThreshold": "0", "actualValue": "0"},
            {"status": "ERROR", "metricKey": "new_rating", "comparator": "GT", "errorThreshold": "1", "actualValue": "3"},
        ],
    )  # fmt: skip
    gate = run(sonar.connector.check_gate(FindingQuery(branch="feature/x")))
    assert not gate
    assert gate.failures == ("new_coverage is 62.1, less than 80", "new_rating is 3, greater than 1")
    assert sonar.asked() == ["GET /api/qualitygates/project_status?projectKey=shop_web&branch=feature%2Fx"]
    assert gate.branch == "feature/x"


def test_a_pull_request_has_a_gate() -> None:
    """It is asked for by its number; together with a branch it is a mistake."""
    sonar = SonarQube()
    sonar.server.branches["shop_web", "7"] = SonarQubeBranch(status="NONE")
    gate = run(sonar.connector.check_gate(FindingQuery(pull_request="7")))
    assert (gate.status, gate.failures) == ("NONE", ("no quality gate was computed: analyse it first",))
    assert sonar.asked()[-1].endswith("?projectKey=shop_web&pullRequest=7")
    with pytest.raises(ConfigurationError, match="pull_request: given together with branch"):
        run(sonar.connector.check_gate(FindingQuery(pull_request="7", branch="x")))


def test_a_project_must_be_known() -> None:
    """Configured, or named in the query; one that does not exist says so."""
    with pytest.raises(ConfigurationError, match="nothing says which project"):
        run(SonarQube(project=None).connector.check_gate())
    with pytest.raises(RejectedError, match="Project 'gone' not found"):
        run(SonarQube(project=None).connector.check_gate(FindingQuery(project="gone")))


# --- findings ---------------------------------------------------------------


def test_an_issue_is_a_finding() -> None:
    """With all that people need to find it."""
    sonar = SonarQube()
    sonar.server.add_issue("CRITICAL")
    [found] = run(findings(sonar.connector))
    assert (found.reference, found.title, found.severity, found.kind, found.status) == (
        "AX-1",
        "Use https instead",
        Severity.HIGH,
        "VULNERABILITY",
        "open",
    )
    assert (found.location, found.identifiers) == ("web/login.py:7", ("python:S5332", "cwe"))
    assert found.url == f"{sonar.server.url}/project/issues?id=shop_web&open=AX-1"
    assert found.created_at == datetime(2026, 1, 1, 0, 1, tzinfo=UTC)


def test_findings_of_a_severity_and_kind() -> None:
    """As configured, unless the query asks for another severity."""
    sonar = SonarQube(severity="high", types=["BUG", "VULNERABILITY"])
    for severity in ("BLOCKER", "MAJOR", "INFO"):
        sonar.server.add_issue(severity)
    sonar.server.add_issue("BLOCKER", type="CODE_SMELL")
    assert [found.reference for found in run(findings(sonar.connector))] == ["AX-1"]
    assert [found.reference for found in run(findings(sonar.connector, severity=Severity.MEDIUM))] == [
        "AX-1",
        "AX-2",
    ]
    assert sonar.searches()[0] == "components=shop_web&types=BUG%2CVULNERABILITY&p=1"


def test_cloud_calls_things_otherwise() -> None:
    """Components by their older name, with the organization."""
    sonar = SonarQube(cloud=True, organization="shop")
    sonar.server.add_issue()
    assert len(run(findings(sonar.connector))) == 1
    assert sonar.searches() == ["componentKeys=shop_web&organization=shop&p=1"]


def test_issues_beyond_the_10_000th_are_found() -> None:
    """What a search cannot see is searched for by date; none is missing and none is there twice."""
    sonar = SonarQube()
    for number in range(12_345):
        hour, rest = divmod(number // 3, 3600)
        created = f"2026-01-01T{hour:02}:{rest // 60:02}:{rest % 60:02}+0000"
        sonar.server.add_issue(creationDate=created)
    found = [finding.reference for finding in run(findings(sonar.connector))]
    assert found == [f"AX-{number + 1}" for number in range(12_345)]
    searches = sonar.searches()
    assert len(searches) == 20 + 5
    assert searches[20] == "components=shop_web&p=1&createdAfter=2026-01-01T00%3A55%3A33%2B0000"


class Small(SonarQubeConnector):
    """One whose server shows no more than ten results."""

    page = 5
    window = 10


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 12), max_size=60))
def test_windows_meet_wherever_they_do(moments: list[int]) -> None:
    """Every issue once, in order; refused only where one moment fills a window."""
    server = SonarQubeStandIn()
    server.most = 10
    small = Served(Small, server).connector
    for moment in sorted(moments):
        server.add_issue(creationDate=f"2026-01-01T00:00:{moment:02}+0000")
    try:
        found = [finding.reference for finding in run(findings(small))]
    except RejectedError:
        assert max(Counter(moments).values()) >= 10
    else:
        assert found == [f"AX-{number + 1}" for number in range(len(moments))]


def test_too_many_issues_of_one_moment_are_refused() -> None:
    """Then no search tells them apart, and nothing is passed over in silence."""
    sonar = SonarQube()
    for _ in range(10_501):
        sonar.server.add_issue(creationDate="2026-01-01T00:00:00+0000")
    with pytest.raises(RejectedError, match="10000 issues or more of 2026-01-01T00:00:00") as caught:
        run(findings(sonar.connector))
    assert caught.value.code == "too_many"


def test_new_issues_are_events() -> None:
    """For a branch by itself."""
    sonar = SonarQube()
    sonar.server.branches["shop_web", "dev"] = SonarQubeBranch()

    async def whole() -> list[Any]:
        sonar.server.add_issue(branch="dev")
        assert await news(sonar.connector, branch="dev") == []
        sonar.server.add_issue("BLOCKER", branch="dev")
        return await news(sonar.connector, branch="dev")

    [event] = run(whole())
    assert (event.provider, event.type, event.branch, event.subject) == (
        "sonarqube",
        "security.finding",
        "dev",
        "AX-2",
    )
    assert event.title == "[critical] Use https instead"


@pytest.mark.parametrize(
    "odd", [{}, {"issues": [1]}, {"issues": None, "paging": []}, {"issues": [{}], "total": "x"}]
)
def test_odd_answers_end(odd: dict[str, Any]) -> None:
    """A listing that is not as documented is not asked for ever."""
    http = ScriptedHttp([reply(200, odd)])
    run(findings(connect(SonarQubeConnector, CONFIG, http)))
    assert len(http.requests) == 1


# --- measures, health and errors --------------------------------------------


def test_measures() -> None:
    """By metric, those of new code as well; what there is none of is left out."""
    sonar = SonarQube()
    sonar.server.branches["shop_web", ""].measures["new_coverage"] = "91.0"
    measures = run(sonar.connector.get_measures(["coverage", "new_coverage", "bugs"]))
    assert measures == {"coverage": "87.5", "new_coverage": "91.0"}


def test_the_check_changes_nothing() -> None:
    """It asks about the token, the server and the project."""
    sonar = SonarQube()
    result = run(sonar.connector.check())
    assert (result.detail, result.warnings) == ("shop_web on SonarQube 2026.1.0.119033, up: gate OK", ())
    assert {request.method for request in sonar.http.requests} == {"GET"}
    assert run(SonarQube(cloud=True, project=None).connector.check()).detail == "SonarQube Cloud"


def test_the_check_warns_of_a_project_without_analysis() -> None:
    """Its gate would stay closed."""
    sonar = SonarQube()
    sonar.server.branches["shop_web", ""].status = "NONE"
    assert run(sonar.connector.check()).warnings == ("no quality gate was computed: analyse it first",)


def test_a_wrong_token_is_found_out() -> None:
    """Though SonarQube answers with status 200."""
    with pytest.raises(AuthenticationError, match="the token is not valid"):
        run(SonarQube(token="squ_wrong").connector.check())


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (reply(401), AuthenticationError, "the credentials are refused"),
        (reply(403, {"errors": [{"msg": "Insufficient privileges"}]}), PermissionDeniedError, "Insufficient privileges"),
        (reply(400, {"errors": [{"msg": "The 'x' parameter is missing"}]}), RejectedError, "parameter is missing"),
        (reply(404, {"errors": [{"msg": "Component key 'x' not found"}]}), RejectedError, "not found"),
        (reply(429, {"errors": [{"msg": "Too many"}]}, retry_after="9"), RateLimitedError, "retry after 9 s"),
        (reply(503, "<html>starting</html>", content_type="text/html"), ProviderUnavailableError, "server error"),
        (reply(200, "<html>SonarQube</html>", content_type="text/html"), RejectedError, "is the URL the API's?"),
    ],
)  # fmt: skip
def test_errors_say_what_sonarqube_said(answer: Any, kind: type[Exception], words: str) -> None:
    """Each refusal becomes its error, in SonarQube's words."""
    with pytest.raises(kind) as caught:
        run(connect(SonarQubeConnector, CONFIG, ScriptedHttp([answer])).check_gate())
    assert words in str(caught.value)
