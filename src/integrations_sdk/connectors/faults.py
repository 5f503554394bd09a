"""From a vendor's answer to the error that fits: status and words in, one typed error out. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import attrs

from integrations_sdk.codec import parse_time
from integrations_sdk.errors import (
    AuthenticationError,
    ConnectorError,
    PermissionDeniedError,
    ProviderUnavailableError,
    RateLimitedError,
    RejectedError,
)
from integrations_sdk.http.base import Pause, Response
from integrations_sdk.models import JsonValue

__all__ = [
    "Fault",
    "fault_of",
    "json_of",
    "pause_of",
    "request_id",
    "sentence",
    "time_of",
    "unexpected",
    "words_of",
]

_MAYBE_JSON: Final = re.compile(rb'[ \t\r\n]*[\[{"0-9tfn-]')
_LONGEST: Final = 300
_LONGEST_PAUSE: Final = 86_400  # seconds
_SPEAKING_KEYS: Final = (
    "message", "error_description", "error", "errorMessages", "errors", "detail", "details", "title", "reason", "msg",
)  # fmt: skip
_REQUEST_ID_HEADERS: Final = (
    "x-request-id", "x-slack-req-id", "x-github-request-id", "x-gitlab-meta", "atl-traceid", "x-arequestid",
    "request-id", "snyk-request-id", "x-amzn-requestid", "x-zendesk-request-id", "activityid",
    "x-okta-request-id", "x-auth0-requestid",
)  # fmt: skip
_REQUEST_IDS: Final = frozenset(_REQUEST_ID_HEADERS)
# White space, control characters, and the marks that reverse the reading direction.
_UNPRINTED: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


@attrs.frozen
class Fault:
    """What is wrong with an answer: the kind of error, the vendor's words, and its own code for it.

    Attributes:
        retryable: whether trying again can help; None: as with every error of that kind.
    """

    kind: type[ConnectorError]
    message: str
    code: str | None = None
    retryable: bool | None = None


def fault_of(response: Response) -> Fault | None:
    """The fault that the status alone says; None for 2xx.

    A redirect is a fault as well: it is never followed, because it would carry credentials elsewhere.
    """
    status = response.status
    if response.ok:
        return None
    words = words_of(response)
    if 300 <= status < 400:
        return Fault(
            RejectedError, "answered with a redirect, which is not followed: configure the final URL"
        )
    if status == 401:
        return Fault(AuthenticationError, words or "the credentials are refused")
    if status == 403:
        return Fault(PermissionDeniedError, words or "the credentials lack a permission")
    if status in {420, 429}:
        return Fault(RateLimitedError, words or "rate limit exceeded")
    if status >= 500 or status < 200:
        return Fault(ProviderUnavailableError, words or "server error")
    return Fault(RejectedError, words or f"request refused with status {status}")


def unexpected(response: Response, expected: str) -> Fault:
    """The fault of a good answer that is not what the vendor's API answers, e.g. no JSON `object`."""
    kind = response.headers.get("content-type", "no content type")
    what = "something else" if "json" in kind else kind
    return Fault(RejectedError, f"answered with {what} instead of a JSON {expected}; is the URL the API's?")


def request_id(response: Response) -> str | None:
    """The vendor's id of a request, from the headers that vendors use for it; a bounded line."""
    if _REQUEST_IDS.isdisjoint(response.headers):  # one step, for every answer is asked
        return None
    found = (response.headers[name] for name in _REQUEST_ID_HEADERS if name in response.headers)
    return next((sentence(value) for value in found), None)


def json_of(response: Response) -> JsonValue:
    """The answer's JSON; None when it is none."""
    if not _MAYBE_JSON.match(response.content):  # a plain `ok` is not worth an exception
        return None
    try:
        return response.json()
    except ValueError:
        return None


def time_of(value: JsonValue) -> datetime | None:
    """A time as vendors write it, in UTC; None for anything else."""
    try:
        return parse_time(value) if isinstance(value, str) else None
    except ValueError:
        return None


def pause_of(seconds: JsonValue, *, everywhere: bool = False) -> Pause | None:
    """What a refusal's body asks to wait, a day at most; None when it is no number of seconds."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds >= 0:
        return None
    return Pause(wait=timedelta(seconds=min(seconds, _LONGEST_PAUSE)), everywhere=everywhere)


def words_of(response: Response) -> str:
    """What the vendor said, from a JSON body's usual keys or a short plain text; empty if nothing readable."""
    try:
        return sentence("; ".join(dict.fromkeys(_words(response.json(), depth=0))))
    except ValueError:
        plain_text = response.headers.get("content-type", "text/plain").startswith("text/plain")
        return sentence(response.text) if plain_text else ""


def sentence(text: str, longest: int = _LONGEST) -> str:
    """Text as one bounded line: white space folded, what a terminal would act on out, at most 300 characters."""
    line = _UNPRINTED.sub(" ", text[: longest * 4]).strip()
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _words(value: JsonValue, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and depth < 4:
        for item in value[:5]:
            yield from _words(item, depth + 1)
    elif isinstance(value, dict) and depth < 4:
        known = [value[key] for key in _SPEAKING_KEYS if value.get(key)]
        for item in known:
            if isinstance(item, dict) and not any(key in item for key in _SPEAKING_KEYS):
                for name, inner in list(item.items())[:5]:  # Jira: {"errors": {"summary": "is required"}}
                    yield from (f"{name}: {words}" for words in _words(inner, depth + 1))
            else:
                yield from _words(item, depth + 1)
