"""Mend (WhiteSource): logging in, findings page by page, the gate, and what is said when it fails.

The description is that of API 2.0; of 3.0: https://docs.mend.io/platform-api (its OpenAPI document is there).
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations_sdk import IntegrationManagementManager
from integrations_sdk.connectors.base import (
    AuthenticationError,
    FindingQuery,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
    Severity,
)
from integrations_sdk.connectors.mend import MendConnector
from integrations_sdk.connectors.mend.words import api_address, finding_of, is_open, session_of
from integrations_sdk.errors import ConfigurationError
from integrations_sdk.models import IntegrationType
from integrations_sdk.testing.fakes import ScriptedHttp, connect, reply
from integrations_sdk.testing.vendors.mend import MendStandIn
from support.build_servers import Served
from support.scanners import findings, news

CANARY = "mend-canary-0123456789"
CONFIG = {"email": "a@example.com", "user_key": CANARY, "org_token": MendStandIn.org_token}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
VERSIONS = pytest.mark.parametrize("version", ["2.0", "3.0"])
run = asyncio.run


class Mend(Served[MendStandIn, MendConnector]):
    def __init__(self, **more: Any) -> None:
        super().__init__(MendConnector, MendStandIn(), **more)

    def paths(self) -> list[str]:
        """What was asked for, without what was asked with."""
        return [asked.partition("?")[0] for asked in self.asked()]


# --- pure -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://api-saas.mend.io", "https://api-saas.mend.io"),
        ("https://saas.mend.io/", "https://api-saas.mend.io"),
        ("https://saas-eu.mend.io", "https://api-saas-eu.mend.io"),
        ("https://app.whitesourcesoftware.com", "https://api-app.whitesourcesoftware.com"),
        ("https://api-saas.mend.io/api/v2.0", "https://api-saas.mend.io"),
        ("https://mend.company.com", "https://mend.company.com"),
        ("https://saas.mend.io.evil.example", "https://saas.mend.io.evil.example"),
    ],
)
def test_the_api_is_found(url: str, address: str) -> None:
    """From the address in the browser as well; what is none of Mend's own stays as it is."""
    assert api_address(url) == address


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ({"jwtToken": "t", "tokenTTL": 1_800_000}, 1800),
        ({"jwtToken": "t", "jwtTTL": 60_000}, 60),
        ({"jwtToken": "t"}, 600),
        ({"jwtToken": "t", "tokenTTL": -5}, 600),
        ({"jwtToken": "t", "tokenTTL": 10**30}, 600),
        ({"jwtToken": "t", "tokenTTL": "soon"}, 600),
        ({"jwtToken": ""}, None),
        ("t", None),
        (None, None),
    ],
)
def test_sessions_last_as_long_as_is_said(said: Any, seconds: int | None) -> None:
    """In milliseconds; ten minutes where nothing sensible is said."""
    session = session_of(said, NOW)
    assert (session and session.expires_at) == (None if seconds is None else NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("finding", "is_it"),
    [
        ({"findingInfo": {"findingStatus": "UNREVIEWED"}}, True),
        ({"findingInfo": {"findingStatus": "IN_REVIEW"}}, True),
        ({"findingInfo": {"findingStatus": "ISSUE_CREATED"}}, True),
        ({"findingInfo": {"findingStatus": "SUPPRESSED", "status": "ACTIVE"}}, False),
        ({"findingInfo": {"findingStatus": "REMEDIATED"}}, False),
        ({"alertInfo": {"status": "ACTIVE"}}, True),
        ({"alertInfo": {"status": "IGNORED"}}, False),
        ({"alertInfo": {"status": "LIBRARY_REMOVED"}}, False),
        ({}, True),
    ],
)
def test_what_nobody_has_resolved_is_open(finding: dict[str, Any], is_it: bool) -> None:
    """In the words of either version; what does not say counts."""
    assert is_open(finding) is is_it


@pytest.mark.parametrize(
    ("word", "score", "severity"),
    [
        ("CRITICAL", None, "critical"),
        ("HIGH", 7.5, "high"),
        ("HIGH", 9.8, "critical"),
        ("medium", 9.8, "medium"),
        ("LOW", 1, "low"),
        ("NEW_WORD", 1, "medium"),
        (None, "x", "medium"),
    ],
)
def test_severities_are_translated(word: str | None, score: Any, severity: str) -> None:
    """API 2.0 has no word for critical, but a score; an unknown word is taken seriously."""
    found = finding_of({"vulnerability": {"severity": word, "score": score}})
    assert found.severity == Severity(severity)


# --- configuration ----------------------------------------------------------


def test_whitesource_is_another_name_for_it() -> None:
    """Wherever a provider is named; there is one kind of integration all the same."""
    with IntegrationManagementManager() as mgr:
        made = mgr.whitesource.create(CONFIG)
        assert (made.integration_id, made.integration_type) == ("mend-1", "mend")
        assert mgr.mend.get("mend-1") == mgr.whitesource.get("mend-1") == made
        assert mgr.integrations.create("whitesource", CONFIG).integration_id == "mend-2"
        assert [item.integration_id for item in mgr.integrations.list(provider="whitesource")] == [
            "mend-1",
            "mend-2",
        ]
        assert mgr.catalog.get("whitesource").provider == "mend"
        template = mgr.templates.create_template({"name": "T", "integration_type": "whitesource"})
        assert template.integration_type == "mend"
        assert template.template_id in [
            t.template_id for t in mgr.templates.list_templates(integration_type="whitesource")
        ]
        assert [entry.provider for entry in mgr.catalog.list()].count("mend") == 1
    assert IntegrationType.WHITESOURCE is IntegrationType.MEND


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"email": None}, "email"),
        ({"user_key": ""}, "user_key"),
        ({"api_version": "1.4"}, "api_version"),
        ({"api_version": "2.0", "org_token": None}, "org_token"),
        ({"url": "saas.mend.io"}, "url"),
        ({"fail_on": "worst"}, "fail_on"),
    ],
)
def test_wrong_fields_are_named(given: dict[str, object], path: str) -> None:
    """Each field says what it expects, without its value."""
    with pytest.raises(ConfigurationError) as caught:
        connect(MendConnector, {**CONFIG, **given}, ScriptedHttp())
    assert [problem.path for problem in caught.value.problems] == [path]
    assert CANARY not in str(caught.value)


# --- logging in -------------------------------------------------------------


def test_a_session_is_used_until_shortly_before_it_ends() -> None:
    """However many ask at once, one logs in."""
    mend = Mend()

    async def whole() -> None:
        await asyncio.gather(*(mend.connector.check() for _ in range(5)))
        assert mend.server.sessions == 1
        await mend.clock.sleep(530)
        await mend.connector.check()
        assert mend.server.sessions == 1
        await mend.clock.sleep(15)
        await mend.connector.check()
        assert mend.server.sessions == 2

    run(whole())
    assert mend.paths()[:2] == ["POST /api/v3.0/login", "POST /api/v3.0/login/accessToken"]


def test_a_session_that_is_refused_is_not_used_again() -> None:
    """The call fails, and the next one logs in anew."""
    mend = Mend()
    run(mend.connector.check())
    mend.server.end_sessions()
    with pytest.raises(AuthenticationError, match="Unauthorized"):
        run(mend.connector.check())
    run(mend.connector.check())
    assert mend.server.sessions == 2


@VERSIONS
def test_a_wrong_user_key_is_refused(version: str) -> None:
    """As credentials, whatever status Mend says it with; and the key is not in the error."""
    mend = Mend(api_version=version, user_key=CANARY)
    with pytest.raises(AuthenticationError, match=r"wrong user key.*support token 1171c60d") as caught:
        run(mend.connector.check())
    assert caught.value.needs_reauth
    assert CANARY not in str(caught.value)


def test_an_organization_of_others_is_refused() -> None:
    """It is said which."""
    with pytest.raises(AuthenticationError, match="not in this organization"):
        run(Mend(org_token="22222222-1111-4111-8111-111111111111").connector.check())


def test_without_an_organization_the_users_own_is_taken() -> None:
    """API 3.0 says which it is."""
    mend = Mend(org_token=None)
    assert run(mend.connector.check()).detail == "ci@company.com: 1 projects"
    assert mend.asked()[1] == "POST /api/v3.0/login/accessToken"


def test_a_login_without_a_token_is_refused() -> None:
    """Something else answered."""
    http = ScriptedHttp([reply(200, {"hello": "world"})])
    with pytest.raises(RejectedError, match="is the URL that of Mend's API"):
        run(connect(MendConnector, CONFIG, http).check())


# --- findings ---------------------------------------------------------------


@VERSIONS
def test_a_vulnerable_library_is_a_finding(version: str) -> None:
    """The same with both versions, but for the word of its state."""
    mend = Mend(api_version=version)
    mend.server.add_finding(score=9.8)
    [found] = run(findings(mend.connector))
    assert (found.title, found.severity, found.kind) == (
        "CVE-2026-1001 in lodash@4.17.20",
        Severity.CRITICAL,
        "SECURITY_VULNERABILITY",
    )
    assert (found.location, found.identifiers) == ("package.json", ("CVE-2026-1001",))
    assert (found.remedy, found.status) == (
        "Upgrade to version 4.17.21",
        "active" if version == "2.0" else "unreviewed",
    )
    assert found.url == "https://www.mend.io/vulnerability-database/CVE-2026-1001"
    assert (found.project, found.created_at) == (next(iter(mend.server.projects)), NOW)


@VERSIONS
def test_findings_are_listed_page_by_page(version: str) -> None:
    """Of all projects, or of one; open ones of the severity and worse."""
    mend = Mend(api_version=version, severity="medium")
    other = mend.server.add_project("other")
    for number in range(1100):
        mend.server.add_finding(["LOW", "HIGH"][number % 2])
    mend.server.add_finding(status="SUPPRESSED")
    mend.server.add_finding(project=other)
    assert len(run(findings(mend.connector))) == 551
    logins = 1 if version == "2.0" else 2
    assert len(mend.asked()) == logins + 1 + 3 + 1
    assert len(run(findings(mend.connector, project=other))) == 1
    assert all(request.url.startswith(mend.server.url) for request in mend.http.requests)
    configured = connect(MendConnector, {**mend.server.config(), "project": other}, mend.http)
    assert len(run(findings(configured, severity=Severity.LOW))) == 1


def test_many_projects_are_listed_page_by_page() -> None:
    """As Mend describes them."""
    mend = Mend()
    for number in range(600):
        mend.server.add_project(f"p{number}")

    async def whole() -> list[Any]:
        return [project["name"] async for project in mend.connector.list_projects()]

    assert len(run(whole())) == 601


@pytest.mark.parametrize("query", [{"branch": "main"}, {"pull_request": "7"}])
def test_branches_are_refused(query: dict[str, str]) -> None:
    """Rather than answered with something else."""
    with pytest.raises(ConfigurationError, match=f"{next(iter(query))}: is nothing Mend knows"):
        run(findings(Mend().connector, **query))


def test_new_findings_are_events() -> None:
    """With what a message needs."""
    mend = Mend()

    async def whole() -> list[Any]:
        await news(mend.connector)
        mend.server.add_finding()
        return await news(mend.connector)

    [event] = run(whole())
    assert (event.provider, event.title) == ("mend", "[high] CVE-2026-1001 in lodash@4.17.20")


@VERSIONS
def test_the_gate_is_closed_by_what_is_bad_enough(version: str) -> None:
    """By `fail_on`, whatever else is listed."""
    mend = Mend(api_version=version, severity="critical")
    mend.server.add_finding("MEDIUM")
    project = next(iter(mend.server.projects))
    assert run(mend.connector.check_gate())
    mend.server.add_finding("HIGH")
    gate = run(mend.connector.check_gate(FindingQuery(project=project)))
    assert (gate.passed, gate.failures, gate.project) == (
        False,
        ("1 high finding, where none may be",),
        project,
    )


# --- errors -----------------------------------------------------------------


def error(status: int, said: Any, **headers: str) -> Any:
    return reply(status, {"supportToken": "1171c60d", "response": said}, **headers)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (error(403, {"errorMessage": "no permission"}), PermissionDeniedError, "no permission (support token 1171c60d)"),
        (error(404, "Project not found"), RejectedError, "Project not found (support token 1171c60d)"),
        (error(400, {"message": "bad cursor"}), RejectedError, "bad cursor"),
        (reply(400, {"supportToken": "1171c60d", "retVal": "bad page"}), RejectedError, "bad page"),
        (error(429, None, retry_after="30"), RateLimitedError, "retry after 30 s"),
        (reply(500, "<html>", content_type="text/html"), ProviderUnavailableError, "server error"),
    ],
)  # fmt: skip
def test_errors_say_what_mend_said(answer: Any, kind: type[Exception], words: str) -> None:
    """Each refusal becomes its error, in Mend's words, with the token that its support asks for."""
    http = ScriptedHttp(
        [reply(200, {"response": {"refreshToken": "r", "jwtToken": "jwt-0123456789"}})] * 2 + [answer]
    )
    with pytest.raises(kind) as caught:
        run(findings(connect(MendConnector, {**CONFIG, "project": "p"}, http)))
    assert words in str(caught.value)
