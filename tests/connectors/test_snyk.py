"""Snyk: issues and projects page by page, the gate, and what is said when it fails."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations_sdk.connectors.base import (
    AuthenticationError,
    FindingQuery,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
    Severity,
)
from integrations_sdk.connectors.snyk import SnykConnector
from integrations_sdk.connectors.snyk.words import finding_of, next_page
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.testing.fakes import ScriptedHttp, connect, reply
from integrations_sdk.testing.vendors.snyk import SnykStandIn
from support.build_servers import Served
from support.scanners import findings, news

CANARY = "snyk-canary-0123456789"
ORG = SnykStandIn.org_id
CONFIG = {"token": CANARY, "org_id": ORG}
run = asyncio.run


class Snyk(Served[SnykStandIn, SnykConnector]):
    def __init__(self, **more: Any) -> None:
        super().__init__(SnykConnector, SnykStandIn(), **more)


def issue(**attributes: Any) -> dict[str, Any]:
    return {"id": "1", "attributes": {"key": "K", "title": "T", **attributes}}


# --- pure -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "location"),
    [
        ({"dependency": {"package_name": "lodash", "package_version": "4.17.20"}}, "lodash@4.17.20"),
        ({"sourceLocation": {"file": "src/a.js", "region": {"start": {"line": 7}}}}, "src/a.js:7"),
        ({"sourceLocation": {"file": "src/a.js"}}, "src/a.js"),
        ({"resourcePath": "aws_s3_bucket.logs"}, "aws_s3_bucket.logs"),
        ({"something": "else"}, None),
    ],
)
def test_issues_are_somewhere(place: dict[str, Any], location: str | None) -> None:
    """In a package, a file, a resource; or where the API does not say."""
    assert finding_of(issue(coordinates=[{"representations": [place]}])).location == location


@pytest.mark.parametrize(
    "odd", [{}, {"attributes": 3}, {"attributes": {"coordinates": [{"representations": 4}], "problems": {}}}]
)
def test_an_odd_issue_is_a_finding_all_the_same(odd: dict[str, Any]) -> None:
    """One that is not as documented is taken seriously."""
    assert finding_of(odd).severity is Severity.MEDIUM


@pytest.mark.parametrize(
    ("link", "query"),
    [
        ("/rest/orgs/x/issues?version=1&starting_after=a", "version=1&starting_after=a"),
        ({"href": "https://evil.example/x?starting_after=b"}, "starting_after=b"),
        ("/rest/orgs/x/issues", None),
        (None, None),
        (7, None),
    ],
)
def test_only_the_query_of_a_link_is_followed(link: Any, query: str | None) -> None:
    """Host and path stay those of the first request, and so do the credentials."""
    assert next_page(reply(200, {"links": {"next": link}}), "") == query


# --- configuration ----------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "https://api.snyk.io"),
        ({"region": "eu-01"}, "https://api.eu.snyk.io"),
        ({"region": "gov-01"}, "https://api.snykgov.io"),
        ({"api_url": "https://api.au.snyk.io/rest/"}, "https://api.au.snyk.io"),
        ({"url": "https://api.us.snyk.io/v1"}, "https://api.us.snyk.io"),
        ({"base_url": "https://snyk.company.com/api"}, "https://snyk.company.com"),
    ],
)
def test_the_api_has_an_address_in_each_region(given: dict[str, object], url: str) -> None:
    """Or the one that is configured, in any of the forms that Snyk's CLI takes."""
    assert connect(SnykConnector, {**CONFIG, **given}, ScriptedHttp()).base_url == url


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"org_id": "shop"}, "org_id"),
        ({"org_id": None}, "org_id"),
        ({"project": "shop"}, "project"),
        ({"region": "mars"}, "region"),
        ({"api_version": "v3"}, "api_version"),
        ({"token_type": "basic"}, "token_type"),
        ({"fail_on": "very"}, "fail_on"),
        ({"severity": "HIGH"}, "severity"),
    ],
)
def test_wrong_fields_are_named(given: dict[str, object], path: str) -> None:
    """Each field says what it expects, without its value."""
    with pytest.raises(ConfigurationError) as caught:
        connect(SnykConnector, {**CONFIG, **given}, ScriptedHttp())
    assert [problem.path for problem in caught.value.problems] == [path]
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(("kind", "sent"), [("token", f"token {CANARY}"), ("bearer", f"Bearer {CANARY}")])
def test_tokens_are_sent_as_their_kind_is(kind: str, sent: str) -> None:
    """API tokens and OAuth access tokens."""
    http = ScriptedHttp([reply(200, {"data": {}})])
    run(connect(SnykConnector, {**CONFIG, "token_type": kind}, http).check())
    assert http.requests[-1].headers["authorization"] == sent
    assert http.requests[-1].headers["accept"] == "application/vnd.api+json"


# --- findings ---------------------------------------------------------------


def test_an_issue_is_a_finding() -> None:
    """With all that people need to resolve it."""
    snyk = Snyk()
    snyk.server.add_issue("critical")
    [found] = run(findings(snyk.connector))
    assert (found.title, found.severity, found.kind, found.status) == (
        "Prototype Pollution",
        Severity.CRITICAL,
        "package_vulnerability",
        "open",
    )
    assert found.identifiers == ("CVE-2020-8203", "SNYK-JS-LODASH-1", "CWE-1321")
    assert (found.location, found.remedy) == ("lodash@4.17.20", "Upgrade lodash to 4.17.21")
    assert (found.url, found.project) == ("https://security.snyk.io/vuln/1", next(iter(snyk.server.projects)))
    assert found.created_at == datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)


def test_issues_are_listed_page_by_page() -> None:
    """Open ones, not ignored, of the severity and worse."""
    snyk = Snyk(severity="medium")
    for number in range(230):
        snyk.server.add_issue(["low", "medium", "high"][number % 3])
    snyk.server.add_issue(status="resolved")
    snyk.server.add_issue(ignored=True)
    assert len(run(findings(snyk.connector))) == 153
    assert [asked.partition("starting_after=")[2] for asked in snyk.asked()] == ["", "100"]
    assert "effective_severity_level=medium%2Chigh%2Ccritical" in snyk.asked()[0]
    assert len(run(findings(snyk.connector, severity=Severity.HIGH))) == 76


def test_issues_of_a_branch_are_those_of_its_projects() -> None:
    """Found by their target reference; of one project only, where one is meant."""
    snyk = Snyk()
    first, second, other = (snyk.server.add_project(branch) for branch in ("dev", "dev", "main"))
    for project in (first, second, other):
        snyk.server.add_issue(project=project)
    found = run(findings(snyk.connector, branch="dev"))
    assert [(finding.project, finding.branch) for finding in found] == [(first, "dev"), (second, "dev")]
    assert len(run(findings(snyk.connector, branch="dev", project=second))) == 1
    assert len(run(findings(snyk.connector, project=other))) == 1
    assert len(run(findings(snyk.connector))) == 3
    configured = connect(SnykConnector, {**snyk.server.config(), "project": first}, snyk.http)
    assert [finding.project for finding in run(findings(configured))] == [first]


def test_pull_requests_are_refused() -> None:
    """Rather than answered with something else."""
    with pytest.raises(ConfigurationError, match="pull_request: is nothing Snyk's API knows"):
        run(findings(Snyk().connector, pull_request="7"))
    with pytest.raises(ConfigurationError, match="pull_request"):
        run(Snyk().connector.check_gate(FindingQuery(pull_request="7")))


def test_new_issues_are_events() -> None:
    """With what a message needs."""
    snyk = Snyk()

    async def whole() -> list[Any]:
        snyk.server.add_issue()
        await news(snyk.connector)
        snyk.server.add_issue("critical")
        return await news(snyk.connector)

    [event] = run(whole())
    assert (event.provider, event.title) == ("snyk", "[critical] Prototype Pollution")
    assert (
        event.text == "lodash@4.17.20\nCVE-2020-8203, SNYK-JS-LODASH-2, CWE-1321\nUpgrade lodash to 4.17.21"
    )


# --- gates ------------------------------------------------------------------


def test_the_gate_is_closed_by_what_is_bad_enough() -> None:
    """By `fail_on`, whatever else is listed."""
    snyk = Snyk(severity="critical")
    snyk.server.add_issue("medium")
    assert run(snyk.connector.check_gate())
    snyk.server.add_issue("high")
    snyk.server.add_issue("critical")
    gate = run(snyk.connector.check_gate())
    assert not gate
    assert gate.failures == ("1 critical finding, where none may be", "1 high finding, where none may be")
    assert "effective_severity_level=high%2Ccritical" in snyk.asked()[-1]


def test_a_branch_has_a_gate() -> None:
    """One that no project watches opens none."""
    snyk = Snyk()
    snyk.server.add_project("dev")
    snyk.server.add_issue("critical")
    assert run(snyk.connector.check_gate(FindingQuery(branch="dev")))
    assert not run(snyk.connector.check_gate(FindingQuery(branch="main")))
    gate = run(snyk.connector.check_gate(FindingQuery(branch="other")))
    assert (gate.passed, gate.status, gate.failures) == (
        False,
        "unknown",
        ("no project watches the branch other",),
    )


# --- health and errors ------------------------------------------------------


def test_the_check_changes_nothing() -> None:
    """It asks for the organization."""
    snyk = Snyk()
    assert run(snyk.connector.check()).detail == "the organization Shop"
    assert snyk.asked() == [f"GET /rest/orgs/{ORG}?version=2024-10-15"]


def error(status: int, detail: str, **headers: str) -> Any:
    document = {
        "jsonapi": {"version": "1.0"},
        "errors": [{"status": str(status), "title": "T", "detail": detail}],
    }
    return reply(
        status, document, content_type="application/vnd.api+json", snyk_request_id="8a1f-2", **headers
    )


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (error(401, "Not authorised"), AuthenticationError, "Not authorised"),
        (error(403, "Permission denied for this resource"), PermissionDeniedError, "Permission denied"),
        (error(404, "Org not found"), RejectedError, "Org not found"),
        (error(400, "query parameter 'version' is required"), RejectedError, "'version' is required"),
        (error(429, "rate limited", retry_after="60"), RateLimitedError, "retry after 60 s"),
        (error(500, "oops"), ProviderUnavailableError, "oops"),
    ],
)  # fmt: skip
def test_errors_say_what_snyk_said(answer: Any, kind: type[Exception], words: str) -> None:
    """Each refusal becomes its error, in Snyk's words, with the id to quote to its support."""
    with pytest.raises(kind) as caught:
        run(findings(connect(SnykConnector, CONFIG, ScriptedHttp([answer]))))
    assert words in str(caught.value)
    assert "request id 8a1f-2" in str(caught.value)


def test_a_page_without_data_is_refused() -> None:
    """Something else answered."""
    http = ScriptedHttp([reply(200, {"links": {}})])
    with pytest.raises(RejectedError, match="JSON array"):
        run(findings(connect(SnykConnector, CONFIG, http)))
