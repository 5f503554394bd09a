"""Jenkins in miniature refuses what Jenkins refuses."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from integrations_sdk.connectors.base import AuthenticationError, BuildRequest, PermissionDeniedError
from integrations_sdk.connectors.jenkins import JenkinsConnector
from integrations_sdk.http.base import Headers
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, connect
from integrations_sdk.testing.sandbox import Sandbox
from integrations_sdk.testing.standin import Received, Reply
from integrations_sdk.testing.vendors.jenkins import JenkinsJob, JenkinsStandIn


def ask(
    server: JenkinsStandIn, method: str, path: str, body: bytes = b"", secret: str | None = None
) -> Reply:
    """Ask with the right credentials."""
    pair = base64.b64encode(f"{server.username}:{secret or server.token}".encode()).decode()
    headers = {"authorization": f"Basic {pair}", "content-type": "application/x-www-form-urlencoded"}
    return server.answer(Received.of(method, path, Headers(headers), body))[0]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/job/myapp-build/build", 400),
        ("POST", "/job/plain/buildWithParameters", 500),
        ("POST", "/job/off/build", 409),
        ("POST", "/job/gone/build", 404),
        ("POST", "/job/multi/build", 404),
        ("POST", "/job/plain/delete", 404),
        ("GET", "/job/gone/api/json", 404),
        ("GET", "/job/plain/lastBuild/api/json", 404),
        ("GET", "/job/plain/", 404),
        ("GET", "/queue/item/9/api/json", 404),
        ("GET", "/queue/item/x/api/json", 404),
        ("GET", "/nothing", 404),
    ],
)
def test_refusals_are_pages(method: str, path: str, status: int) -> None:
    """As in Jenkins, an error is HTML, and nothing was started."""
    server = JenkinsStandIn()
    server.jobs |= {
        "plain": JenkinsJob(),
        "off": JenkinsJob(enabled=False),
        "multi": JenkinsJob(multibranch=True),
    }
    answered = ask(server, method, path)
    assert answered.status == status
    assert answered.headers["content-type"].startswith("text/html")
    assert server.queue == {}


def test_the_queue_moves_on_with_each_look() -> None:
    """Waiting, then left for its build, which is listed by its queue number."""
    server = JenkinsStandIn()
    location = ask(server, "POST", "/job/myapp-build/buildWithParameters", b"BRANCH=x&OTHER=y").headers[
        "location"
    ]
    assert location == "/queue/item/1/"
    assert len(json_of(ask(server, "GET", "/queue/api/json"))["items"]) == 1
    assert json_of(ask(server, "GET", "/queue/item/1/api/json"))["_class"].endswith("WaitingItem")
    for _ in range(2):
        assert json_of(ask(server, "GET", "/queue/item/1/api/json"))["executable"]["number"] == 1
    assert json_of(ask(server, "GET", "/queue/api/json"))["items"] == []
    assert server.jobs["myapp-build"].passed == [{"BRANCH": "x", "COMMIT_SHA": ""}]
    job = json_of(ask(server, "GET", "/job/myapp-build/api/json?tree=builds[queueId]"))
    assert [build["queueId"] for build in job["builds"]] == [1]


def test_permissions_are_looked_at() -> None:
    """What is lacking is said in a header."""
    server = JenkinsStandIn()
    server.permissions = set()
    assert ask(server, "GET", "/api/json").headers["x-required-permission"] == "hudson.model.Hudson.Read"
    refused = ask(server, "POST", "/job/myapp-build/buildWithParameters")
    assert (refused.status, refused.headers["x-required-permission"]) == (403, "hudson.model.Item.Build")
    assert ask(server, "GET", "/job/myapp-build/api/json").status == 404


def test_the_password_needs_a_crumb() -> None:
    """The token does not."""
    server = JenkinsStandIn()
    assert ask(server, "POST", "/job/myapp-build/buildWithParameters", secret=server.password).status == 403
    assert ask(server, "GET", "/api/json", secret=server.password).status == 200
    assert ask(server, "POST", "/job/myapp-build/buildWithParameters").status == 201


def test_it_is_served_by_the_sandbox() -> None:
    """Its configuration reaches it; faults come as pages; wrong credentials are refused."""
    with Sandbox() as sandbox:
        server = sandbox["jenkins"]
        assert isinstance(server, JenkinsStandIn)
        assert server.config()["jenkins_url"] == server.url
    http = ScriptedHttp([answered_by(server)])
    server.fail(status=403)
    with pytest.raises(PermissionDeniedError):
        asyncio.run(connect(JenkinsConnector, server.config(), http).trigger_build(BuildRequest()))
    stranger = connect(JenkinsConnector, {**server.config(), "api_token": "wrong"}, http)
    with pytest.raises(AuthenticationError):
        asyncio.run(stranger.check())


def json_of(answered: Reply) -> Any:
    """The JSON of an answer."""
    assert answered.status == 200
    return answered.json
