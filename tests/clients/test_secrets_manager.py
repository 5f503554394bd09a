"""AWS' own client: https://pypi.org/project/boto3."""

from __future__ import annotations

from typing import Any

import pytest

from integrations_sdk.secrets.aws import SecretsManagerResolver
from support.clients import Versus, against

versus = against("secrets_manager", "boto3", "boto3")


def test_a_secret(versus: Versus, monkeypatch: pytest.MonkeyPatch) -> None:
    """`GetSecretValue` by name, signed for the same region and service."""

    def prepare(stand_in: Any) -> None:
        stand_in.secrets["shop"] = "s3cret"
        for name, value in stand_in.config().items():
            monkeypatch.setenv(name, str(value))

    async def ours(stand_in: Any) -> str:
        return await SecretsManagerResolver(region="eu-central-1", endpoint_url=stand_in.url).resolve("shop")

    def theirs(stand_in: Any) -> str:
        import boto3

        client = boto3.client("secretsmanager", region_name="eu-central-1", endpoint_url=stand_in.url)
        return client.get_secret_value(SecretId="shop")["SecretString"]

    value, answer = versus(
        "resolve", bare=True, prepare=prepare, ours=ours, theirs=theirs, headers=("x-amz-target",)
    )
    assert value == answer
