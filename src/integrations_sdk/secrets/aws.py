"""`aws-sm:name#key`: secrets of AWS Secrets Manager (extra `aws`).

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, NoReturn

from integrations_sdk.clock import Clock, SystemClock
from integrations_sdk.errors import ConfigurationError, RateLimitedError
from integrations_sdk.http.aws import CredentialChain, NoCredentialsError, signed
from integrations_sdk.http.base import Call, HttpSender, Request, Response
from integrations_sdk.models import JsonValue, Secret
from integrations_sdk.secrets.remote import KEEP, Keeping, asked, json_answer, text_of, value_at

__all__ = ["SecretsManagerResolver"]

_REFERENCE: Final = re.compile(
    r"(?P<name>[^?#]{1,2048})(?:\?stage=(?P<stage>[^#?]{1,256}))?(?:#(?P<key>.+))?"
)
_ARN: Final = re.compile(r"arn:[^:]+:secretsmanager:(?P<region>[^:]+):")
_WHOLE: Final = ""
_LONGEST: Final = 1024 * 1024
_CALL: Final = Call(provider="aws-sm", operation="GetSecretValue", idempotent=True)
_DENIED: Final = (
    "AccessDenied",
    "UnrecognizedClient",
    "InvalidSignature",
    "ExpiredToken",
    "InvalidClientTokenId",
)
_THROTTLED: Final = ("Throttling", "TooManyRequests", "RequestLimitExceeded")


class SecretsManagerResolver:
    """Reads secrets from AWS Secrets Manager: `aws-sm:shop/slack#token`, or by ARN; without `#` the whole text.

    `aws-sm:shop/slack?stage=AWSPREVIOUS#token` is the value before the last rotation. Credentials and region are found
    where AWS' own tools find them: environment, profile, container, instance; an ARN names its region itself.
    Values are kept for a while: at most 256 secrets, those used least recently going first.

    Args:
        profile: of the shared configuration files; None: the usual one.
        region: None takes that of the environment or the profile.
        endpoint_url: in place of the region's address; None takes `AWS_ENDPOINT_URL_SECRETS_MANAGER`, if it is set.
        http: what to send with; None opens a connection for each question, and closes it.
        keep: how long a value may be used again; 0 asks each time.
    """

    scheme = "aws-sm"

    def __init__(
        self,
        *,
        profile: str | None = None,
        region: str | None = None,
        endpoint_url: str | None = None,
        http: HttpSender | None = None,
        clock: Clock | None = None,
        keep: timedelta = KEEP,
    ) -> None:
        self._chain = CredentialChain(profile)
        self._region = region
        self._endpoint_url = endpoint_url
        self._http = http
        self._clock = clock or SystemClock()
        self._kept = Keeping(keep)

    async def resolve(self, reference: str) -> str:
        """The value under the key, or the whole secret.

        Raises:
            ConfigurationError: there is no such secret or key, AWS refuses, or no credentials are found.
            RateLimitedError: AWS is asked too often.
            ProviderUnavailableError: AWS is in trouble, or something else answers.
            TransportError: AWS does not answer.
            MissingExtraError: botocore is not installed.
        """
        found = _REFERENCE.fullmatch(reference)
        if found is None:
            _nowhere(reference, "expected name#key", "write e.g. aws-sm:shop/slack#token")
        name, stage, key = found["name"], found["stage"], found["key"] or _WHOLE
        now = self._clock.now()
        values = self._kept.get((name, stage), now)
        if values is None:
            values = await self._read(reference, name, stage)
            self._kept.keep((name, stage), values, now)
        if key not in values:
            known = ", ".join(sorted(filter(None, values)))
            remedy = f"it has: {known}" if known else "its text is no JSON object: leave out #key"
            _nowhere(reference, "the secret has no such key", remedy)
        return values[key].reveal() or _nowhere(reference, "is empty", "store the value there")

    async def _read(self, reference: str, name: str, stage: str | None) -> Mapping[str, Secret]:
        response = await asked(self._http, self._clock, await self._request(reference, name, stage), _CALL)
        if 400 <= response.status < 500:
            _refused(reference, response)
        answer = json_answer(response, _CALL, hint="is the endpoint AWS'?")
        text = value_at(answer, "SecretString")
        if not isinstance(text, str):
            _nowhere(reference, "is binary", "store the value as text there")
        return {_WHOLE: Secret(text), **_members(text)}

    async def _request(self, reference: str, name: str, stage: str | None) -> Request:
        region = await self._region_of(reference, name)
        body: dict[str, str] = {"SecretId": name, **({"VersionStage": stage} if stage else {})}
        request = Request(
            method="POST",
            url=self._address(region),
            headers={
                "content-type": "application/x-amz-json-1.1",
                "x-amz-target": "secretsmanager.GetSecretValue",
            },
            content=json.dumps(body).encode(),
            max_response_bytes=_LONGEST,
        )
        try:
            credentials = await asyncio.to_thread(self._chain.credentials)
        except NoCredentialsError as error:
            _nowhere(reference, "no credentials for AWS", str(error))
        return signed(request, credentials, service="secretsmanager", region=region, now=self._clock.now())

    async def _region_of(self, reference: str, name: str) -> str:
        if named := _ARN.match(name):
            return named["region"]
        known = self._region or os.environ.get("AWS_REGION")
        try:
            known = known or await asyncio.to_thread(self._chain.region)
        except NoCredentialsError as error:
            _nowhere(reference, "no region of AWS", str(error))
        return known or _nowhere(
            reference, "no region of AWS", "export AWS_REGION=…, or name the secret by its ARN"
        )

    def _address(self, region: str) -> str:
        other = self._endpoint_url or os.environ.get("AWS_ENDPOINT_URL_SECRETS_MANAGER")
        domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        return f"{(other or f'https://secretsmanager.{region}.{domain}').rstrip('/')}/"


def _members(text: str) -> dict[str, Secret]:
    """The values of a secret that is a JSON object, as the console makes them."""
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return {name: Secret(text_of(item)) for name, item in value.items()} if isinstance(value, dict) else {}


def _refused(reference: str, response: Response) -> NoReturn:
    """Say why AWS refuses: its errors have the status 400 and a name."""
    kind = text_of(value_at(_said(response), "__type") or "").rpartition("#")[2]
    if kind.startswith(_THROTTLED) or response.status == 429:
        raise RateLimitedError(
            "asks too often",
            provider=_CALL.provider,
            operation=_CALL.operation,
            status=response.status,
            code=kind,
        )
    if kind.startswith("ResourceNotFound"):
        _nowhere(reference, "there is no such secret, or no such stage of it", "check name and region")
    if kind.startswith("InvalidRequest"):
        _nowhere(reference, "is scheduled for deletion", "restore it, or name another")
    if kind.startswith(_DENIED) or response.status in {401, 403}:
        _nowhere(
            reference,
            f"AWS denies it ({kind or response.status})",
            "allow secretsmanager:GetSecretValue, and kms:Decrypt",
        )
    _nowhere(reference, f"AWS refuses it ({kind or response.status})", "check name, region and key")


def _said(response: Response) -> JsonValue:
    try:
        return response.json()
    except ValueError:
        return None


def _nowhere(reference: str, wrong: str, remedy: str) -> NoReturn:
    raise ConfigurationError.of("secret reference", f"aws-sm:{reference}", wrong, remedy)
