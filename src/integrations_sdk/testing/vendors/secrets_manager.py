"""AWS Secrets Manager in miniature: secrets with their stages.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
"""

from __future__ import annotations

from collections.abc import Mapping

from integrations_sdk.models import JsonValue
from integrations_sdk.testing.aws import AwsStandIn
from integrations_sdk.testing.standin import Received, Reply, route

__all__ = ["SecretsManagerStandIn"]


class SecretsManagerStandIn(AwsStandIn):
    """Secrets Manager.

    Attributes:
        secrets: the text of each, by name; `previous` before its last rotation. None: scheduled for deletion.
        denied: those that no policy lets read.
    """

    provider = "secrets_manager"
    service = "secretsmanager"

    def __init__(self) -> None:
        super().__init__()
        self.secrets: dict[str, str | None] = {}
        self.previous: dict[str, str] = {}
        self.denied: set[str] = set()

    def config(self) -> dict[str, object]:
        """The environment that leads here."""
        return {
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": self.url,
            "AWS_REGION": self.region,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
        }

    def said(self, status: int, code: str, words: str) -> Reply:
        """An error of the JSON protocol."""
        return Reply(status=status, json={"__type": code, "Message": words})

    @route("POST", "/")
    def get_secret_value(self, request: Received, _: Mapping[str, str]) -> Reply:
        """The text, of the current stage unless another is asked for; binary ones as base64."""
        body = request.json()
        asked = body if isinstance(body, dict) else {}
        if request.headers.get("x-amz-target") != "secretsmanager.GetSecretValue":
            return self.said(400, "UnknownOperationException", "")
        name = self._name(str(asked.get("SecretId", "")))
        if name in self.denied:
            return self.said(
                400, "AccessDeniedException", "not authorized to perform: secretsmanager:GetSecretValue"
            )
        stage = asked.get("VersionStage", "AWSCURRENT")
        stages: dict[str, Mapping[str, str | None]] = {
            "AWSCURRENT": self.secrets,
            "AWSPREVIOUS": self.previous,
        }
        known = stages.get(str(stage), {})
        if name not in known:
            return self.said(
                400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret."
            )
        if (text := known[name]) is None:
            return self.said(400, "InvalidRequestException", "it was marked for deletion.")
        binary = text.startswith("binary:")
        value: dict[str, JsonValue] = {"SecretBinary": text[7:]} if binary else {"SecretString": text}
        return Reply(json={"Name": name, "VersionStages": [stage], **value})

    def _name(self, secret_id: str) -> str:
        """The name in an ARN, which ends in a hyphen and six characters."""
        return secret_id.rpartition(":secret:")[2][:-7] if secret_id.startswith("arn:") else secret_id
