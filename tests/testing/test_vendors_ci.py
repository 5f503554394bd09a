"""Stand-ins of build servers, scanners and clouds refuse what the vendors refuse, in their shapes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from integrations_sdk.http.aws import AwsCredentials, signed
from integrations_sdk.http.base import Headers, Request
from integrations_sdk.models import Secret
from integrations_sdk.testing import StandIn
from integrations_sdk.testing.fakes import answered_by
from integrations_sdk.testing.standin import Received
from integrations_sdk.testing.vendors.aws_codecommit import CodeCommitStandIn
from integrations_sdk.testing.vendors.bamboo import BambooPlan, BambooStandIn
from integrations_sdk.testing.vendors.google_cloud_build import CloudBuildStandIn
from integrations_sdk.testing.vendors.mend import MendStandIn
from integrations_sdk.testing.vendors.sns import SnsStandIn
from integrations_sdk.testing.vendors.snyk import SnykStandIn
from integrations_sdk.testing.vendors.sonarqube import SonarQubeStandIn
from integrations_sdk.testing.vendors.teamcity import TeamCityStandIn
from support.build_servers import NOW

BAMBOO = {"authorization": f"Bearer {BambooStandIn.token}"}
NO_FORM = {**BAMBOO, "x-atlassian-token": "no-check", "content-type": "application/json"}
TEAMCITY = {"authorization": f"Bearer {TeamCityStandIn.token}"}
SONAR = {"authorization": f"Bearer {SonarQubeStandIn.token}"}
SNYK = {"authorization": f"token {SnykStandIn.token}"}
GOOGLE = {"authorization": f"Bearer {CloudBuildStandIn.access_token}"}
BUILDS = "/v1/projects/shop-web-123456"
ISSUES = f"/rest/orgs/{SnykStandIn.org_id}/issues"
QUEUE = "/rest/api/latest/queue"


def prepared(kind: type[StandIn]) -> StandIn:
    """A stand-in, with a plan that builds nothing."""
    made = kind()
    if isinstance(made, BambooStandIn):
        made.plans["PROJ-OFF"] = BambooPlan(enabled=False)
    return made


def ask(
    stand_in: StandIn, request: str, headers: Mapping[str, str] | None = None, body: Any = None
) -> tuple[int, str]:
    """What is answered to `METHOD /path`: status and text."""
    method, target = request.split(" ", 1)
    content = (
        body.encode() if isinstance(body, str) else json.dumps(body).encode() if body is not None else b""
    )
    reply, _ = stand_in.answer(Received.of(method, target, Headers(headers or {}), content))
    return reply.status, reply.encoded()[1].decode()


@pytest.mark.parametrize(
    ("kind", "request_", "headers", "body", "status", "words"),
    [
        (BambooStandIn, "GET /rest/api/latest/info", {}, None, 401, "must be authenticated"),
        (BambooStandIn, f"POST {QUEUE}/PROJ-PLAN", BAMBOO, None, 403, "XSRF check failed"),
        (BambooStandIn, f"POST {QUEUE}/PROJ-PLAN", {**NO_FORM, "content-type": "text/plain"}, None, 415, ""),
        (BambooStandIn, f"POST {QUEUE}/PROJ-OFF", NO_FORM, {}, 400, "is disabled"),
        (BambooStandIn, f"POST {QUEUE}/GONE-PLAN", NO_FORM, {}, 404, "Plan GONE-PLAN not found"),
        (BambooStandIn, "GET /rest/api/latest/plan/GONE-PLAN/branch", BAMBOO, None, 404, "not found"),
        (BambooStandIn, "GET /rest/api/latest/nothing", BAMBOO, None, 404, "null for uri"),
        (TeamCityStandIn, "GET /app/rest/server", {}, None, 401, "Incorrect username or password"),
        (TeamCityStandIn, "POST /app/rest/buildQueue", TEAMCITY, [], 404, "No build type"),
        (TeamCityStandIn, "POST /app/rest/buildQueue/id:1", TEAMCITY, {}, 404, "No build found"),
        (TeamCityStandIn, "PUT /app/rest/builds/id:1/comment", TEAMCITY, None, 404, "No build found"),
        (TeamCityStandIn, "GET /app/rest/nothing", TEAMCITY, None, 404, "No resource found"),
        (SonarQubeStandIn, "GET /api/system/status", {}, None, 401, ""),
        (SonarQubeStandIn, "GET /api/issues/search?components=shop_web&ps=501", SONAR, None, 400, "'ps' value"),
        (SonarQubeStandIn, "GET /api/issues/search?components=shop_web&ps=500&p=21", SONAR, None, 400, "first 10000 results"),
        (SonarQubeStandIn, "GET /api/issues/search?components=gone", SONAR, None, 404, "'gone' not found"),
        (SonarQubeStandIn, "GET /api/measures/component?component=gone", SONAR, None, 404, "not found"),
        (SonarQubeStandIn, "GET /api/qualitygates/project_status?projectKey=shop_web&branch=x", SONAR, None, 404, "on branch 'x'"),
        (SonarQubeStandIn, "GET /api/nothing", SONAR, None, 404, "Unknown url"),
        (SnykStandIn, f"GET {ISSUES}?version=2024-10-15", {}, None, 401, "not valid"),
        (SnykStandIn, f"GET {ISSUES}", SNYK, None, 400, "'version' is required"),
        (SnykStandIn, f"GET {ISSUES}?version=2024-10-15&limit=7", SNYK, None, 400, "multiple of 10"),
        (SnykStandIn, f"GET {ISSUES}?version=2024-10-15&scan_item.id=x", SNYK, None, 400, "go together"),
        (SnykStandIn, "GET /rest/orgs/other?version=2024-10-15", SNYK, None, 404, "no resource"),
        (SnykStandIn, "GET /rest/orgs/other/issues?version=2024-10-15", SNYK, None, 404, "no resource"),
        (SnykStandIn, "GET /rest/orgs/other/projects?version=2024-10-15", SNYK, None, 404, "no resource"),
        (MendStandIn, "GET /api/v3.0/orgs/x/projects", {}, None, 401, "Unauthorized"),
        (MendStandIn, "POST /api/v2.0/login", {}, {"email": "x"}, 403, "Login failed"),
        (MendStandIn, "POST /api/v3.0/login", {}, [], 403, "Login failed"),
        (MendStandIn, "POST /api/v3.0/login/accessToken", {"wss-refresh-token": "x"}, {}, 401, "refresh token is not valid"),
        (CloudBuildStandIn, f"GET {BUILDS}/builds", {}, None, 401, "UNAUTHENTICATED"),
        (CloudBuildStandIn, f"POST {BUILDS}/builds", GOOGLE, {}, 400, "no steps"),
        (CloudBuildStandIn, f"POST {BUILDS}/triggers/deploy", GOOGLE, {}, 404, "NOT_FOUND"),
        (CloudBuildStandIn, f"POST {BUILDS}/triggers/deploy:run", GOOGLE, {"branchName": "a", "commitSha": "b"}, 400, "oneof"),
        (CloudBuildStandIn, f"POST {BUILDS}/triggers/deploy:run", GOOGLE, {"substitutions": {"a": "b"}}, 400, "substitutions"),
        (CloudBuildStandIn, "GET /v1/projects/other/builds", GOOGLE, None, 404, "NOT_FOUND"),
        (CloudBuildStandIn, f"POST {BUILDS}/locations/europe-west1/triggers/deploy:run", GOOGLE, {"source": {}}, 404, "NOT_FOUND"),
        (CloudBuildStandIn, f"POST {BUILDS}/builds/gone:cancel", GOOGLE, {}, 404, "NOT_FOUND"),
        (CloudBuildStandIn, "GET /v1/nothing", GOOGLE, None, 404, "was not found"),
        (CloudBuildStandIn, "POST /token", {}, "grant_type=password", 400, "unsupported_grant_type"),
        (CodeCommitStandIn, "POST /", {}, {}, 403, "MissingAuthenticationTokenException"),
        (SnsStandIn, "POST /", {}, "Action=Publish", 403, "<Code>MissingAuthenticationTokenException</Code>"),
    ],
)  # fmt: skip
def test_stand_ins_refuse_what_vendors_refuse(
    kind: type[StandIn], request_: str, headers: dict[str, str], body: Any, status: int, words: str
) -> None:
    """Wrong credentials, missing parameters, values out of their range, things that are not there."""
    stand_in = prepared(kind)
    got, said = ask(stand_in, request_, headers, body)
    assert got == status, said
    assert words in said
    assert (len(stand_in.received), len(stand_in.refused)) == (0, 1)


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        (BambooStandIn, 503, '"status-code": 503'),
        (TeamCityStandIn, 503, '"errors"'),
        (SonarQubeStandIn, 503, '"msg"'),
        (SnykStandIn, 429, '"detail"'),
        (MendStandIn, 503, '"supportToken"'),
        (CloudBuildStandIn, 429, "RESOURCE_EXHAUSTED"),
        (CodeCommitStandIn, 500, "InternalFailure"),
        (SnsStandIn, 503, "<Code>InternalFailure</Code>"),
    ],
)
def test_faults_are_told_as_the_vendor_tells_them(kind: type[StandIn], status: int, words: str) -> None:
    """So that tests see the connector read them."""
    stand_in = kind()
    stand_in.fail(status=status)
    got, said = ask(stand_in, "POST /")
    assert got == status
    assert words in said


def test_aws_tells_limits_with_a_400() -> None:
    """The name says what it is."""
    stand_in = CodeCommitStandIn()
    stand_in.fail(status=429)
    assert ask(stand_in, "POST /") == (400, stand_in.failure(429).encoded()[1].decode())
    assert "ThrottlingException" in str(stand_in.failure(429))


@pytest.mark.parametrize(
    ("kind", "headers", "body", "words"),
    [
        (CodeCommitStandIn, {"content-type": "application/json"}, "{}", "SerializationException"),
        (CodeCommitStandIn, {"x-amz-target": "CodeCommit_20150413.Nothing"}, "{}", "UnknownOperationException"),
        (CodeCommitStandIn, {"x-amz-target": "CodeCommit_20150413.GetRepository"}, '{"repositoryName": "x"}', "RepositoryDoesNotExistException"),
        (CodeCommitStandIn, {"x-amz-target": "CodeCommit_20150413.GetPullRequest"}, '{"pullRequestId": "9"}', "PullRequestDoesNotExistException"),
        (CodeCommitStandIn, {"x-amz-target": "CodeCommit_20150413.UpdateComment"}, '{"commentId": "9"}', "CommentDoesNotExistException"),
        (SnsStandIn, {}, "Action=Publish", "Could not find operation"),
        (SnsStandIn, {}, "Version=2010-03-31&Action=Nothing", "The action Nothing is not valid"),
        (SnsStandIn, {}, f"Version=2010-03-31&Action=Publish&TopicArn={SnsStandIn.topic}", "Empty message"),
        (SnsStandIn, {}, f"Version=2010-03-31&Action=Publish&Message=x&TopicArn={SnsStandIn.topic}x", "Topic does not exist"),
        (SnsStandIn, {}, f"Version=2010-03-31&Action=Publish&Message=x&Subject=%C3%A4&TopicArn={SnsStandIn.topic}", "Subject"),
        (SnsStandIn, {}, f"Version=2010-03-31&Action=Publish&Message=x&TopicArn={SnsStandIn.fifo_topic}", "MessageGroupId"),
        (SnsStandIn, {}, f"Version=2010-03-31&Action=Publish&Message={'x' * 262_145}&TopicArn={SnsStandIn.topic}", "too long"),
        (SnsStandIn, {}, "Version=2010-03-31&Action=GetTopicAttributes&TopicArn=x", "Topic does not exist"),
    ],
)  # fmt: skip
def test_stand_ins_of_aws_look_at_what_is_signed(
    kind: type[CodeCommitStandIn | SnsStandIn], headers: dict[str, str], body: str, words: str
) -> None:
    """A good signature does not make a good request."""
    stand_in = kind()
    usual = "application/x-amz-json-1.1" if kind is CodeCommitStandIn else "application/x-www-form-urlencoded"
    answer = answered_by(stand_in)
    request = Request(
        method="POST",
        url=f"{stand_in.url}/",
        content=body.encode(),
        headers={"content-type": usual, **headers},
    )
    credentials = AwsCredentials(Secret(stand_in.access_key_id), Secret(stand_in.secret_access_key))
    made = signed(request, credentials, service=stand_in.service, region=stand_in.region, now=NOW)
    got = answer(made)
    assert got.status in {400, 404}
    assert words in got.text
