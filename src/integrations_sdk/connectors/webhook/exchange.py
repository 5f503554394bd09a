"""`Exchange`: one call and what came back, as both may be shown to whoever sets a webhook up."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

import attrs

from integrations_sdk.connectors.base import MASK, ConnectorError, JsonValue, Response, Sent

__all__ = ["EXCERPT", "Exchange", "request_shown", "response_shown"]

EXCERPT: Final = 1024
"""Characters of an answer that are shown."""

_MOST_HEADERS: Final = 50
_LONGEST_VALUE: Final = 256
_SECRET: Final = re.compile(r"(?i).*(?:auth|cookie|password|secret|session|token|api-?key).*")


@attrs.frozen(kw_only=True)
class Exchange:
    """One call, tried once.

    Attributes:
        sent: what it came to.
        request: `method`, `url`, `headers`, `body`; no credential is in it.
        response: `status`, `headers`, `excerpt`, bounded and without credentials; None when there was none.
        error: why it failed; None when it did not.
    """

    sent: Sent
    request: dict[str, JsonValue]
    response: dict[str, JsonValue] | None = None
    error: ConnectorError | None = None


def request_shown(
    url: str, headers: Mapping[str, str], body: JsonValue, mask: Callable[[str], str]
) -> dict[str, JsonValue]:
    """A POST as it may be shown; `url` must be one that may."""
    return {"method": "POST", "url": url, "headers": _headers(headers, mask), "body": body}


def response_shown(response: Response, mask: Callable[[str], str]) -> dict[str, JsonValue]:
    """An answer as it may be shown: its first 50 headers, and the beginning of its body."""
    return {
        "status": response.status,
        "headers": _headers(response.headers, mask),
        "excerpt": mask(response.text)[:EXCERPT],  # cut last: half a credential would not be found
    }


def _headers(headers: Mapping[str, str], mask: Callable[[str], str]) -> dict[str, JsonValue]:
    shown = list(headers.items())[:_MOST_HEADERS]
    return {name: MASK if _SECRET.fullmatch(name) else mask(value)[:_LONGEST_VALUE] for name, value in shown}
