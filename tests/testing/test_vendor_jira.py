"""Jira in miniature refuses what Jira refuses."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest

from integrations_sdk.connectors.base import AuthenticationError, RateLimitedError
from integrations_sdk.connectors.jira import JiraConnector
from integrations_sdk.connectors.jira.text import adf
from integrations_sdk.http.base import Headers
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect
from integrations_sdk.testing.sandbox import Sandbox
from integrations_sdk.testing.standin import Received
from integrations_sdk.testing.vendors.jira import JiraStandIn

ISSUE = {"project": {"key": "PROJ"}, "issuetype": {"name": "Task"}, "summary": "T"}


def ask(site: JiraStandIn, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
    """Ask with the right credentials; the status and the JSON."""
    pair = base64.b64encode(f"{site.username}:{site.token}".encode()).decode()
    right = f"Basic {pair}" if site.deployment == "cloud" else f"Bearer {site.token}"
    named = {
        "authorization": right,
        "content-type": "application/json",
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    answered, _ = site.answer(Received.of(method, path, Headers(named), content))
    return answered.status, answered.json


def with_issue(deployment: str = "cloud") -> JiraStandIn:
    """A Jira with PROJ-1."""
    site = JiraStandIn(deployment)
    assert ask(site, "POST", "/rest/api/2/issue", {"fields": ISSUE})[0] == 201
    return site


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"project": {"key": "NO"}}, "project", "valid project is required"),
        ({"issuetype": {"name": "Wish"}}, "issuetype", "valid issue type"),
        ({"summary": " "}, "summary", "must specify"),
        ({"summary": 3}, "summary", "must specify"),
        ({"summary": "x" * 256}, "summary", "exceed 255"),
        ({"summary": "a\nb"}, "summary", "newline"),
        ({"description": "plain"}, "description", "Atlassian Document"),
        ({"description": {"type": "doc", "version": 2, "content": []}}, "description", "Atlassian Document"),
        ({"description": {"type": "doc", "version": 1, "content": [{"type": "table"}]}}, "description", "Atlassian Document"),
        ({"description": {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [{"type": "text", "text": ""}]}]}}, "description", "Atlassian Document"),
        ({"description": adf("x" * 40_000)}, "description", "too long"),
        ({"labels": ["a b"]}, "labels", "spaces"),
        ({"labels": ["x" * 256]}, "labels", "exceeds 255"),
        ({"labels": "a"}, "labels", "spaces"),
        ({"story": 1}, "story", "cannot be set"),
    ],
)  # fmt: skip
def test_wrong_fields_are_refused_in_jiras_words(fields: dict[str, object], field: str, words: str) -> None:
    """Each field is checked, and nothing is kept."""
    site = JiraStandIn()
    status, body = ask(site, "POST", "/rest/api/3/issue", {"fields": {**ISSUE, **fields}})
    assert status == 400
    assert words in body["errors"][field]
    assert site.issues == {}
    assert (len(site.received), len(site.refused)) == (0, 1)


def test_a_summary_is_required() -> None:
    """An issue without one is refused."""
    without = {name: value for name, value in ISSUE.items() if name != "summary"}
    assert "summary" in ask(JiraStandIn(), "POST", "/rest/api/3/issue", {"fields": without})[1]["errors"]


def test_version_two_takes_text() -> None:
    """A document is refused there."""
    site = with_issue("server")
    status, body = ask(site, "POST", "/rest/api/2/issue/PROJ-1/comment", {"body": adf("x")})
    assert (status, body["errors"]["comment"]) == (400, "Operation value must be a string")


@pytest.mark.parametrize("path", ["", "/transitions", "/comment", "/remotelink"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_issue_that_there_is_not(method: str, path: str) -> None:
    """Every operation on it is answered with 404."""
    method = "PUT" if (method, path) == ("POST", "") else method
    status, body = ask(
        JiraStandIn(), method, f"/rest/api/3/issue/PROJ-9{path}", {} if method != "GET" else None
    )
    assert status == 404
    assert "does not exist" in body["errorMessages"][0]


def test_what_jira_needs_of_edits_moves_and_links() -> None:
    """An empty edit, an unknown transition, and a link without title or with a long id are refused."""
    site = with_issue()
    assert ask(site, "PUT", "/rest/api/3/issue/PROJ-1", {})[0] == 400
    assert ask(site, "PUT", "/rest/api/3/issue/PROJ-1", {"update": {"labels": [{"add": "a b"}]}})[0] == 400
    assert (
        "'99' is not valid"
        in ask(site, "POST", "/rest/api/3/issue/PROJ-1/transitions", {"transition": {"id": "99"}})[1][
            "errorMessages"
        ][0]
    )
    status, body = ask(
        site,
        "POST",
        "/rest/api/3/issue/PROJ-1/remotelink",
        {"globalId": "x" * 256, "object": {"url": "https://x.test"}},
    )
    assert (status, sorted(body["errors"])) == (400, ["globalId", "title"])
    link = {"object": {"url": "https://x.test", "title": "T"}}
    assert ask(site, "POST", "/rest/api/3/issue/PROJ-1/remotelink", link)[0] == 201
    assert ask(site, "POST", "/rest/api/3/issue/PROJ-1/remotelink", {**link, "globalId": "g"})[0] == 201
    assert ask(site, "POST", "/rest/api/3/issue/PROJ-1/remotelink", {**link, "globalId": "g"})[0] == 200
    assert len(ask(site, "GET", "/rest/api/3/issue/PROJ-1/remotelink")[1]) == 2
    assert ask(site, "GET", "/rest/api/3/issue/PROJ-1/remotelink?globalId=none")[0] == 404


def test_searches_by_get() -> None:
    """Both deployments search by GET as well; each has its own path only."""
    site = with_issue()
    status, page = ask(
        site,
        "GET",
        "/rest/api/3/search/jql?jql=project%20%3D%20PROJ%20AND%20status%20%3D%20%22To%20Do%22&fields=summary",
    )
    assert (status, page["issues"][0]["fields"], page["isLast"]) == (200, {"summary": "T"}, True)
    assert ask(site, "GET", "/rest/api/3/search?jql=project%3DPROJ")[0] == 410
    assert ask(site, "POST", "/rest/api/3/search/jql", {"jql": "project = PROJ", "startAt": 3})[0] == 400
    server = with_issue("server")
    assert ask(server, "GET", "/rest/api/2/search/jql?jql=project%3DPROJ")[0] == 404
    assert ask(server, "GET", "/rest/api/2/search?jql=key%3DPROJ-1&fields=*all")[1]["total"] == 1
    assert ask(server, "GET", "/rest/api/2/search?jql=nonsense")[0] == 400
    assert ask(server, "GET", "/rest/api/2/search?jql=")[1]["total"] == 1


def test_requests_that_are_none_of_jiras() -> None:
    """Credentials, content type, JSON, version and path are looked at."""
    site, server = JiraStandIn(), JiraStandIn("server")
    assert ask(site, "GET", "/rest/api/3/myself", authorization="Basic eDp5")[0] == 401
    assert ask(site, "POST", "/rest/api/3/issue", {}, content_type="text/plain")[0] == 415
    assert ask(site, "POST", "/rest/api/3/issue", b"{")[0] == 400
    assert ask(server, "GET", "/rest/api/3/myself")[0] == 404
    assert ask(site, "GET", "/rest/api/3/nothing")[0] == 404


def test_it_is_served_by_the_sandbox() -> None:
    """Its configuration reaches it; faults come in Jira's shape; wrong credentials are refused."""
    with Sandbox() as sandbox:
        site = sandbox["jira"]
        assert isinstance(site, JiraStandIn)
        assert site.config()["url"] == site.url
    http = ScriptedHttp([answered_by(site)])
    site.fail(status=429, retry_after=3)
    known = connect(JiraConnector, site.config(), http)
    with pytest.raises(RateLimitedError, match="retry after 3 s"):
        asyncio.run(known.check())
    stranger = connect(JiraConnector, {**site.config(), "api_token": "wrong"}, http)
    with pytest.raises(AuthenticationError, match="must be authenticated"):
        asyncio.run(stranger.check())
