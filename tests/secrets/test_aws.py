"""References to secrets in AWS Secrets Manager: against a stand-in, AWS' own model, and moto."""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from datetime import timedelta

import pytest

from integrations_sdk import IntegrationManagementManager
from integrations_sdk.clock import FakeClock
from integrations_sdk.errors import (
    ConfigurationError,
    MissingExtraError,
    ProviderUnavailableError,
    RateLimitedError,
)
from integrations_sdk.secrets.aws import SecretsManagerResolver
from integrations_sdk.testing import Sandbox
from integrations_sdk.testing.fakes import ScriptedHttp, answered_by, reply
from integrations_sdk.testing.vendors.secrets_manager import SecretsManagerStandIn
from support.aws import complaints, moto_server

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/slack-AbCdEf"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """An access key and a region, and nothing of this machine's own."""
    for name in (
        "AWS_PROFILE",
        "AWS_DEFAULT_REGION",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    ):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, f"{tmp_path}/none")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", SecretsManagerStandIn.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SecretsManagerStandIn.secret_access_key)


class Setting:
    """Some secrets, and a resolver that reaches them."""

    def __init__(self, **more: object) -> None:
        self.aws = SecretsManagerStandIn()
        self.aws.secrets = {
            "shop/slack": json.dumps({"token": "xoxb-2", "port": 587, "empty": ""}),
            "plain": "just text",
            "list": "[1]",
            "gone": None,
            "binary": "binary:aGk=",
            "denied": "x",
        }
        self.aws.previous = {"shop/slack": json.dumps({"token": "xoxb-1"})}
        self.aws.denied = {"denied"}
        self.http = ScriptedHttp([answered_by(self.aws)])
        self.clock = FakeClock()
        options = {"http": self.http, "clock": self.clock, "endpoint_url": self.aws.url, **more}
        self.resolver = SecretsManagerResolver(**options)

    def __call__(self, reference: str) -> str:
        return asyncio.run(self.resolver.resolve(reference))


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("shop/slack#token", "xoxb-2"),
        ("shop/slack#port", "587"),
        ("shop/slack?stage=AWSPREVIOUS#token", "xoxb-1"),
        (f"{ARN}#token", "xoxb-2"),
        ("plain", "just text"),
        ("list", "[1]"),
    ],
)
def test_a_value_is_read(reference: str, value: str) -> None:
    """By name or ARN, one of several or the whole, of now or before; each request is signed for the service."""
    there = Setting()
    assert there(reference) == value
    assert there.aws.refused == []


def test_the_request_is_what_aws_describes() -> None:
    """Against AWS' own model of the operation."""
    there = Setting()
    there("shop/slack?stage=AWSPREVIOUS#token")
    (request,) = there.http.requests
    assert request.headers["x-amz-target"] == "secretsmanager.GetSecretValue"
    assert complaints("secretsmanager", "GetSecretValue", json.loads(request.content)) == ""
    assert there.http.calls[0].idempotent


@pytest.mark.parametrize(
    ("region", "reference", "address"),
    [
        ("us-east-1", "x", "https://secretsmanager.us-east-1.amazonaws.com/"),
        ("cn-north-1", "x", "https://secretsmanager.cn-north-1.amazonaws.com.cn/"),
        ("us-east-1", ARN, "https://secretsmanager.eu-central-1.amazonaws.com/"),
        (None, "x", "https://secretsmanager.eu-central-1.amazonaws.com/"),
    ],
)
def test_every_region_has_its_address(region: str | None, reference: str, address: str) -> None:
    """An ARN names its own."""
    http = ScriptedHttp([reply(200, {"SecretString": "v"})])
    assert asyncio.run(SecretsManagerResolver(region=region, http=http).resolve(reference)) == "v"
    assert http.requests[0].url == address
    assert f"/{address.split('.')[1]}/secretsmanager/" in http.requests[0].headers["authorization"]


def test_a_secret_is_read_once_in_five_minutes() -> None:
    """For all its keys, each stage by itself; then a rotation is seen."""
    there = Setting()
    there("shop/slack#token")
    there("shop/slack#port")
    assert len(there.http.requests) == 1
    there.aws.secrets["shop/slack"] = json.dumps({"token": "xoxb-3"})
    assert there("shop/slack?stage=AWSPREVIOUS#token") == "xoxb-1"
    assert there("shop/slack#token") == "xoxb-2"
    there.clock.advance(300)
    assert there("shop/slack#token") == "xoxb-3"
    assert "xoxb" not in repr(vars(there.resolver)) + repr(vars(there.resolver._kept))
    there = Setting(keep=timedelta())
    there("plain")
    there("plain")
    assert len(there.http.requests) == 2


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("#key", "expected name#key"),
        ("shop/slack?version=1#key", "expected name#key"),
        ("shop/slack#tokn", "it has: empty, port, token"),
        ("shop/slack#empty", "is empty"),
        ("plain#token", "its text is no JSON object: leave out #key"),
        ("list#token", "its text is no JSON object"),
        ("nothing", "there is no such secret"),
        ("shop/slack?stage=OTHER#token", "no such stage"),
        ("gone", "is scheduled for deletion"),
        ("binary", "is binary"),
        ("denied", "AWS denies it (AccessDeniedException)"),
    ],
)
def test_references_that_lead_nowhere(reference: str, says: str) -> None:
    """Name themselves, and say what to do."""
    with pytest.raises(ConfigurationError) as caught:
        Setting()(reference)
    assert says in str(caught.value)
    assert f"aws-sm:{reference}: " in str(caught.value)
    assert "xoxb" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("AWS_SECRET_ACCESS_KEY", "CANARY-wrong-secret", "AWS denies it (InvalidSignatureException)"),
        ("AWS_ACCESS_KEY_ID", "AKIDWRONG", "AWS denies it (UnrecognizedClientException)"),
        ("AWS_ACCESS_KEY_ID", "", "no credentials for AWS"),
        ("AWS_REGION", "", "no region of AWS (export AWS_REGION="),
        ("AWS_PROFILE", "nobody", "AWS"),
    ],
)
def test_who_asks(name: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong or missing credentials are said, and shown nowhere."""
    there = Setting()
    if value:
        monkeypatch.setenv(name, value)
    else:
        monkeypatch.delenv(name)
    with pytest.raises(ConfigurationError) as caught:
        there("plain")
    assert says in str(caught.value)
    assert "CANARY" not in "".join(traceback.format_exception(caught.value))


def test_an_aws_in_trouble_is_no_mistake_of_the_configuration() -> None:
    """Asked too often, broken, or something else that answers."""
    there = Setting()
    there.aws.fail(status=429)
    with pytest.raises(RateLimitedError) as caught:
        there("plain")
    assert caught.value.code == "ThrottlingException"
    there.aws.fail(status=500)
    with pytest.raises(ProviderUnavailableError, match="status 500"):
        there("plain")
    for answer, kind in (
        (reply(200, "<html>"), ProviderUnavailableError),
        (reply(400, "<html>"), ConfigurationError),
    ):
        with pytest.raises(kind):
            asyncio.run(SecretsManagerResolver(http=ScriptedHttp([answer])).resolve("x"))


def test_without_botocore_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """`pip install integrations-sdk[aws]`."""
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    with pytest.raises(MissingExtraError, match=r"integrations-sdk\[aws\]"):
        Setting()("plain")


def test_a_managers_integration_finds_its_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the wire, in the manager's own loop."""
    with Sandbox() as sandbox, IntegrationManagementManager() as mgr:
        aws = sandbox.secrets_manager
        aws.secrets["shop/slack"] = json.dumps({"url": sandbox.config("slack")["webhook_url"]})
        for name, value in aws.config().items():
            monkeypatch.setenv(name, str(value))
        mgr.slack.create({"webhook_url": "aws-sm:shop/slack#url"})
        assert mgr.slack.notify("slack-1", "Hello")
        assert mgr.slack.get("slack-1")["config"] == {"webhook_url": "••••"}


@pytest.mark.filterwarnings("ignore")  # moto's libraries warn of one another
def test_moto_takes_it_for_aws() -> None:
    """A secret that botocore's own client made is read, and its predecessor."""
    from botocore.session import get_session

    with moto_server() as url:
        client = get_session().create_client("secretsmanager", endpoint_url=url, region_name="eu-central-1")
        made = client.create_secret(Name="shop/slack", SecretString='{"token": "xoxb-1"}')
        client.put_secret_value(SecretId="shop/slack", SecretString='{"token": "xoxb-2"}')
        resolver = SecretsManagerResolver(endpoint_url=url)
        assert asyncio.run(resolver.resolve("shop/slack#token")) == "xoxb-2"
        assert asyncio.run(resolver.resolve("shop/slack?stage=AWSPREVIOUS#token")) == "xoxb-1"
        assert asyncio.run(resolver.resolve(f"{made['ARN']}#token")) == "xoxb-2"
        with pytest.raises(ConfigurationError, match="no such secret"):
            asyncio.run(resolver.resolve("nothing"))
