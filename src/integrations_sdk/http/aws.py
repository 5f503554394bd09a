"""Signatures and credentials, over botocore, which is imported with the first request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import attrs

from integrations_sdk.errors import MissingExtraError
from integrations_sdk.http.base import Request
from integrations_sdk.models import Secret

__all__ = ["AwsCredentials", "CredentialChain", "NoCredentialsError", "signed"]


class AwsCredentials(NamedTuple):
    """What requests are signed with."""

    access_key_id: Secret
    secret_access_key: Secret
    session_token: Secret | None = None


class NoCredentialsError(Exception):
    """There are none; the text says why."""


def signed(
    request: Request, credentials: AwsCredentials, *, service: str, region: str, now: datetime
) -> Request:
    """The request with its signature: `authorization`, `x-amz-date` and, of temporary credentials, their token.

    Signed are method, URL, body, content type and every `x-amz-…` header; what proxies may change is not.

    Raises:
        MissingExtraError: botocore is not installed.
    """
    try:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
    except ImportError:
        raise MissingExtraError("AWS", "aws") from None
    key, secret, token = (None if item is None else item.reveal() for item in credentials)
    signer = SigV4Auth(Credentials(key, secret, token), service, region)
    covered = {name: value for name, value in request.headers.items() if _is_covered(name.lower())}
    message = AWSRequest(method=request.method, url=request.url, data=request.content, headers=covered)
    # Step by step rather than `add_auth()`: that one logs the session token, and knows only the machine's clock.
    message.context["timestamp"] = now.strftime("%Y%m%dT%H%M%SZ")
    signer._modify_request_before_signing(message)  # noqa: SLF001  # sets date and session token
    text = signer.string_to_sign(message, signer.canonical_request(message))
    signer._inject_signature_to_request(message, signer.signature(text, message))  # noqa: SLF001  # into a header
    added = {name.lower(): str(value) for name, value in message.headers.items()}
    return attrs.evolve(request, headers={**request.headers, **added})


class CredentialChain:
    """Credentials and region where AWS' own tools find them: environment, profile, container, instance.

    Its methods block, for they read files and may ask the machine; credentials of a role are renewed by them.

    Args:
        profile: of the shared configuration files; None: the usual one.
    """

    def __init__(self, profile: str | None) -> None:
        self._profile = profile
        self._session: Any = None  # botocore has no types
        self._found: Any = None

    def credentials(self) -> AwsCredentials:
        """Those that are good now.

        Raises:
            NoCredentialsError: there are none, or the profile or role gives none.
            MissingExtraError: botocore is not installed.
        """
        session = self._opened()
        from botocore.exceptions import BotoCoreError

        try:
            self._found = self._found or session.get_credentials()
            frozen = self._found.get_frozen_credentials() if self._found else None
        except BotoCoreError as error:
            raise NoCredentialsError(str(error)) from None
        if frozen is None:
            msg = "no credentials: configure an access key or a profile, or give the machine a role"
            raise NoCredentialsError(msg)
        token = Secret(frozen.token) if frozen.token else None
        return AwsCredentials(Secret(frozen.access_key), Secret(frozen.secret_key), token)

    def region(self) -> str | None:
        """The region of the environment or the profile; None if neither names one.

        Raises:
            NoCredentialsError: there is no such profile.
            MissingExtraError: botocore is not installed.
        """
        session = self._opened()
        from botocore.exceptions import BotoCoreError

        try:
            found: str | None = session.get_config_variable("region")
        except BotoCoreError as error:
            raise NoCredentialsError(str(error)) from None
        return found

    def _opened(self) -> Any:  # as above
        if self._session is None:
            try:
                from botocore.session import Session
            except ImportError:
                raise MissingExtraError("AWS", "aws") from None
            self._session = Session(profile=self._profile)
        return self._session


def _is_covered(name: str) -> bool:
    return name == "content-type" or name.startswith("x-amz-")
