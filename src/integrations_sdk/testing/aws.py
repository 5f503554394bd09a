"""`AwsStandIn`: what stand-ins of AWS' services share: they check signatures, as AWS does, by their own means.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import ClassVar, Final
from urllib.parse import urlsplit

from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Received, Reply, StandIn

__all__ = ["AwsStandIn", "signature"]

_SIGNED: Final = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,]+)/(\d{8})/([^/,]+)/([^/,]+)/aws4_request, "
    r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})"
)


class AwsStandIn(StandIn):
    """A service of AWS in one region. It asks for no fresh date, for clocks of tests stand still.

    Attributes:
        session_token: the one that goes with the access key, if it is temporary.
    """

    service: ClassVar[str]
    region = "eu-central-1"
    access_key_id = "AKIDSTANDIN0123456789"
    secret_access_key = "stand-in/secret+access0key0123456789abcd"  # noqa: S105  # accepted here and nowhere else

    def __init__(self) -> None:
        super().__init__()
        self.session_token = ""

    def credentials(self) -> dict[str, object]:
        """Where the service is, and an access key for it."""
        given = {"region": self.region, "endpoint_url": self.url}
        return {
            **given,
            "access_key_id": self.access_key_id,
            "secret_access_key": self.secret_access_key,
            **({"session_token": self.session_token} if self.session_token else {}),
        }

    def said(self, status: int, code: str, words: str) -> Reply:
        """The service's own shape of an error."""
        raise NotImplementedError

    def failure(self, status: int) -> Reply:
        """In that shape; 429 is said with a 400, as AWS does."""
        codes = {400: "ValidationException", 403: "AccessDeniedException", 429: "ThrottlingException"}
        code = codes.get(status, "InternalFailure" if status >= 500 else "BadRequestException")
        return self.said(400 if status == 429 else status, code, f"injected fault {status}")

    def authorized(self, request: Received) -> Reply | None:
        """A signature by the access key over the request as it arrived, for this service and region."""
        found = _SIGNED.fullmatch(request.headers.get("authorization", ""))
        if found is None:
            return self.said(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        key, day, region, service, names, given = found.groups()
        if key != self.access_key_id or request.headers.get("x-amz-security-token", "") != self.session_token:
            words = "The security token included in the request is invalid."
            return self.said(400, "UnrecognizedClientException", words)
        scope = f"{day}/{region}/{service}/aws4_request"
        wanted = signature(
            request, scope, names.split(";"), self.secret_access_key, urlsplit(self.url).netloc
        )
        if (region, service) != (self.region, self.service) or not same(given, wanted):
            words = "The request signature we calculated does not match the signature you provided."
            return self.said(400, "InvalidSignatureException", words)
        return None


def signature(request: Received, scope: str, names: list[str], secret: str, host: str) -> str:
    """The signature that a request must have. Pure.

    Args:
        scope: `20260101/eu-central-1/sns/aws4_request`.
        names: of the headers that it covers.
        host: for a request without the header.
    """
    headers = {"host": host, **request.headers}
    lines = "".join(f"{name}:{' '.join(headers.get(name, '').split())}\n" for name in names)
    parts = (request.method, request.path, "", lines, ";".join(names), _digest(request.body))
    text = "\n".join(
        ("AWS4-HMAC-SHA256", headers.get("x-amz-date", ""), scope, _digest("\n".join(parts).encode()))
    )
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
