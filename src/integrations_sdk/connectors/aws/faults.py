"""AWS' errors: https://docs.aws.amazon.com/awssupport/latest/APIReference/CommonErrors.html. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from integrations_sdk.connectors.faults import Fault, fault_of, json_of, sentence
from integrations_sdk.connectors.reading import text_at
from integrations_sdk.errors import (
    AuthenticationError,
    ConnectorError,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
)
from integrations_sdk.http.base import Response

__all__ = ["aws_fault"]

_LONGEST: Final = 10_000
_CODE: Final = re.compile(r"<Code>([^<]{1,200})</Code>")
_WORDS: Final = re.compile(r"<Message>([^<]{0,2000})</Message>")
_ENDING: Final = re.compile(r"(Exception|Error|Fault)$")
# Services spell the same differently (`Throttling`, `ThrottlingException`), so endings are left out.
_KINDS: Final[Mapping[str, type[ConnectorError]]] = {
    **dict.fromkeys(
        (
            "ExpiredToken", "IncompleteSignature", "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSecurity",
            "InvalidSignature", "MissingAuthenticationToken", "RequestExpired", "SignatureDoesNotMatch",
            "UnrecognizedClient",
        ),
        AuthenticationError,
    ),
    **dict.fromkeys(
        ("AccessDenied", "Authorization", "KMSAccessDenied", "OptInRequired", "UnauthorizedOperation"),
        PermissionDeniedError,
    ),
    **dict.fromkeys(
        ("KMSThrottling", "RequestLimitExceeded", "Throttled", "Throttling", "TooManyRequests"), RateLimitedError
    ),
    **dict.fromkeys(("Internal", "InternalFailure", "ServiceUnavailable"), ProviderUnavailableError),
}  # fmt: skip


def aws_fault(response: Response) -> Fault | None:
    """What is wrong with an answer. Its kind is in the error's name, for nearly all have the status 400.

    JSON services name the error `__type`, possibly after a `#`; the others `<Code>`.
    """
    found = fault_of(response)
    if found is None or 300 <= response.status < 400:
        return found
    code, words = _in_json(response) or _in_xml(response.text[:_LONGEST])
    kind = _KINDS.get(_ENDING.sub("", code), found.kind)
    return Fault(kind, sentence(words) or found.message, code or None)


def _in_json(response: Response) -> tuple[str, str] | None:
    body = json_of(response)
    name = text_at(body, "__type")
    if name is None:
        return None
    return name.rpartition("#")[2], text_at(body, "message") or text_at(body, "Message") or ""


def _in_xml(text: str) -> tuple[str, str]:
    code, words = _CODE.search(text), _WORDS.search(text)
    return (code[1] if code else ""), (words[1] if words else "")
