"""What AWS' services share: signatures, where credentials come from, what errors mean."""

from __future__ import annotations

import asyncio
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_sdk.connectors.aws.faults import aws_fault
from integrations_sdk.connectors.base import (
    AuthenticationError,
    AwsConfig,
    AwsConnector,
    Category,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
    Secret,
)
from integrations_sdk.errors import ConfigurationError, MissingExtraError
from integrations_sdk.http.aws import AwsCredentials, signed
from integrations_sdk.http.base import Headers, Request
from integrations_sdk.testing.aws import signature
from integrations_sdk.testing.fakes import ScriptedHttp, connect, reply
from integrations_sdk.testing.standin import Received

CANARY = "aws-canary/secret+0123456789abcdefghij"
CONFIG = {"region": "eu-central-1", "access_key_id": "AKIDCONFIGURED", "secret_access_key": CANARY}
NOW = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
run = asyncio.run


class Toy(AwsConnector[AwsConfig]):
    """Some service."""

    provider = "toy_aws"
    title = "Toy"
    category = Category.CLOUD
    Config = AwsConfig
    service: ClassVar[str] = "toy"

    async def act(self) -> None:
        await self.call(
            "POST", "/", operation="Act", content=b"{}", content_type="application/x-amz-json-1.1"
        )


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without credentials, which asks no instance for any."""
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def toy(http: ScriptedHttp | None = None, **given: object) -> Toy:
    return connect(Toy, {**CONFIG, **given}, http or ScriptedHttp([reply(200, {})]))


# --- signatures -------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("GET", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ],
)
def test_signatures_are_those_that_aws_publishes(method: str, expected: str) -> None:
    """`get-vanilla` and `post-vanilla` of AWS' test suite for Signature Version 4; stand-ins come to the same."""
    secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    request = Request(method=method, url="https://example.amazonaws.com/")
    credentials = AwsCredentials(Secret("AKIDEXAMPLE"), Secret(secret))
    made = signed(request, credentials, service="service", region="us-east-1", now=NOW)
    assert made.headers["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={expected}"
    )
    arrived = Received.of(method, "/", Headers(made.headers), b"")
    scope = "20150830/us-east-1/service/aws4_request"
    assert signature(arrived, scope, ["host", "x-amz-date"], secret, "example.amazonaws.com") == expected


@given(st.binary(max_size=50), st.sampled_from(["a", "A b  c", " x "]), st.booleans())
def test_both_ways_of_signing_agree(body: bytes, target: str, temporary: bool) -> None:
    """What botocore signs is what a stand-in, by the standard library alone, comes to."""
    token = Secret("session-token") if temporary else None
    headers = {"content-type": "text/plain", "x-amz-target": target, "accept": "*/*", "x-other": "1"}
    request = Request(method="POST", url="http://127.0.0.1:1234/", content=body, headers=headers)
    made = signed(
        request, AwsCredentials(Secret("K"), Secret("s/+"), token), service="x", region="r", now=NOW
    )
    names = made.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert {"content-type", "host", "x-amz-date", "x-amz-target"} <= set(names)
    assert not {"accept", "x-other"} & set(names)
    assert ("x-amz-security-token" in names) is temporary
    arrived = Received.of("POST", "/", Headers(made.headers), body)
    expected = signature(arrived, "20150830/r/x/aws4_request", names, "s/+", "127.0.0.1:1234")
    assert made.headers["authorization"].endswith(f"Signature={expected}")


def test_signing_logs_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    """botocore would, with its own way of doing it."""
    with caplog.at_level(logging.DEBUG):
        run(toy(session_token="canary-session-token").act())
    assert "canary" not in caplog.text
    assert CANARY not in caplog.text


def test_without_the_extra_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which package is missing, with the first request."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "botocore"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "botocore", None)
    for less in ({}, {"access_key_id": None, "secret_access_key": None}, {"region": None}):
        with pytest.raises(MissingExtraError, match=r"integrations-sdk\[aws\]"):
            run(toy(**less).act())


# --- configuration ----------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ({"region": "Frankfurt"}, ["region"]),
        ({"secret_access_key": None}, ["secret_access_key"]),
        ({"access_key_id": None}, ["access_key_id"]),
        (
            {"access_key_id": None, "secret_access_key": None, "session_token": "t"},
            ["access_key_id", "secret_access_key"],
        ),
        ({"profile": "ci"}, ["profile"]),
        ({"endpoint_url": "localhost"}, ["endpoint_url"]),
    ],
)
def test_wrong_fields_are_named(given: dict[str, object], paths: list[str]) -> None:
    """An access key is whole, and stands alone."""
    with pytest.raises(ConfigurationError) as caught:
        toy(**given)
    assert [problem.path for problem in caught.value.problems] == paths
    assert CANARY not in str(caught.value)


def test_aws_own_names_work() -> None:
    """Those of boto3's sessions and of the configuration files."""
    given = {
        "aws_access_key_id": "A",
        "aws_secret_access_key": "b",
        "aws_session_token": "c",
        "region_name": "us-gov-west-1",
    }
    known = connect(Toy, given, ScriptedHttp())
    assert known.base_url == "https://toy.us-gov-west-1.amazonaws.com"


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "https://toy.eu-central-1.amazonaws.com"),
        ({"region": "cn-north-1"}, "https://toy.cn-north-1.amazonaws.com.cn"),
        (
            {"endpoint_url": "https://vpce-1.toy.eu-central-1.vpce.amazonaws.com/"},
            "https://vpce-1.toy.eu-central-1.vpce.amazonaws.com",
        ),
    ],
)
def test_services_have_an_address_in_each_region(given: dict[str, object], url: str) -> None:
    """Or the one that is configured."""
    assert toy(**given).base_url == url


# --- credentials ------------------------------------------------------------


def key_of(request: Request) -> str:
    """The access key that a request was signed with."""
    return request.headers["authorization"].partition("Credential=")[2].partition("/")[0]


def test_configured_credentials_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the machine has."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    http = ScriptedHttp([reply(200, {})])
    run(toy(http, session_token="token").act())
    assert key_of(http.requests[0]) == "AKIDCONFIGURED"
    assert http.requests[0].headers["x-amz-security-token"] == "token"


def test_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """For credentials and region; and what it gives is masked like a configured one."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "canary-session-token")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    http = ScriptedHttp([reply(400, {"__type": "X", "message": f"no {CANARY} canary-session-token"})])
    with pytest.raises(RejectedError) as caught:
        run(toy(http, access_key_id=None, secret_access_key=None, region=None).act())
    assert key_of(http.requests[0]) == "AKIDENVIRONMENT"
    assert http.requests[0].url == "https://toy.eu-west-1.amazonaws.com/"
    assert "canary" not in str(caught.value)


def test_a_profile_is_asked(tmp_path: Path) -> None:
    """For credentials and region."""
    (tmp_path / "config").write_text("[profile ci]\nregion = us-east-2\n")
    (tmp_path / "credentials").write_text(
        "[ci]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = secret\n"
    )
    http = ScriptedHttp([reply(200, {})])
    run(toy(http, access_key_id=None, secret_access_key=None, region=None, profile="ci").act())
    assert key_of(http.requests[0]) == "AKIDPROFILE"
    assert http.requests[0].url == "https://toy.us-east-2.amazonaws.com/"


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        (
            {},
            AuthenticationError,
            "toy_aws-1 credentials: no credentials: configure an access key or a profile",
        ),
        ({"profile": "gone"}, AuthenticationError, "The config profile (gone) could not be found"),
        (
            {"profile": "gone", "region": None},
            AuthenticationError,
            "The config profile (gone) could not be found",
        ),
        ({"region": None}, ConfigurationError, "region: missing (add it, or set AWS_REGION)"),
    ],
)
def test_what_is_not_found_is_said(given: dict[str, object], kind: type[Exception], words: str) -> None:
    """Before anything is sent."""
    http = ScriptedHttp()
    with pytest.raises(kind) as caught:
        run(toy(http, access_key_id=None, secret_access_key=None, **given).act())
    assert words in str(caught.value)
    assert http.requests == []


# --- errors -----------------------------------------------------------------

XML = "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>words</Message></Error><RequestId>1</RequestId></ErrorResponse>"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("UnrecognizedClientException", AuthenticationError),
        ("InvalidSignatureException", AuthenticationError),
        ("SignatureDoesNotMatch", AuthenticationError),
        ("ExpiredTokenException", AuthenticationError),
        ("ExpiredToken", AuthenticationError),
        ("InvalidClientTokenId", AuthenticationError),
        ("AccessDeniedException", PermissionDeniedError),
        ("AuthorizationError", PermissionDeniedError),
        ("ThrottlingException", RateLimitedError),
        ("Throttling", RateLimitedError),
        ("ThrottledException", RateLimitedError),
        ("InternalError", ProviderUnavailableError),
        ("ServiceUnavailable", ProviderUnavailableError),
        ("ValidationException", RejectedError),
    ],
)
@pytest.mark.parametrize("form", ["json", "namespaced", "xml"])
def test_an_errors_name_says_what_it_is(code: str, kind: type[Exception], form: str) -> None:
    """Though its status is nearly always 400."""
    answer = {
        "json": reply(400, {"__type": code, "message": "words"}),
        "namespaced": reply(400, {"__type": f"com.amazonaws.toy#{code}", "Message": "words"}),
        "xml": reply(400, XML.format(code), content_type="text/xml"),
    }[form]
    fault = aws_fault(answer)
    assert fault is not None
    assert (fault.kind, fault.message, fault.code) == (kind, "words", code)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply(500, "<html>"), ProviderUnavailableError),
        (reply(403, {}), PermissionDeniedError),
        (reply(429, ""), RateLimitedError),
        (reply(302, "", location="https://x.example"), RejectedError),
        (reply(400, {"__type": []}), RejectedError),
    ],
)
def test_what_has_no_name_is_judged_by_its_status(answer: Any, kind: type[Exception]) -> None:
    """As everywhere."""
    fault = aws_fault(answer)
    assert fault is not None
    assert (fault.kind, fault.code) == (kind, None)
    assert aws_fault(reply(200, {"__type": "X"})) is None


def test_an_error_has_aws_request_id() -> None:
    """To quote to its support."""
    http = ScriptedHttp([reply(400, {"__type": "X", "message": "words"}, x_amzn_requestid="2f1a")])
    with pytest.raises(RejectedError, match=r"words \[HTTP 400, code X, request id 2f1a\]"):
        run(toy(http).act())
