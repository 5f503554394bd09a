"""What stands between a connector and its vendor, by its answers: pages of HTML, and misleading statuses. Pure."""

from __future__ import annotations

import re
from typing import Final

from integrations_sdk.connectors.faults import Fault
from integrations_sdk.errors import RateLimitedError, RejectedError
from integrations_sdk.http.base import Response

__all__ = ["meaning_of", "page_in"]

_PAGE: Final = re.compile(
    rb"(\xef\xbb\xbf)?\s*(<!--.{0,500}?-->\s*)?<(!doctype html|html)\b", re.IGNORECASE | re.DOTALL
)


def page_in(response: Response) -> Fault | None:
    """The fault of a good answer that is a page of HTML, as of a proxy or a sign-in; None when it is none.

    By its beginning, not by its content type, in which vendors say `text/html` of a plain `ok`.
    """
    content = response.content
    if not response.ok or b"<" not in content[:64] or not _PAGE.match(content[:2000]):
        return None
    return Fault(
        RejectedError, "answered with a page of HTML instead of the API's answer; is the URL the API's?"
    )


def meaning_of(fault: Fault | None, status: int) -> int:
    """What status fits a fault: 429 if it was too often and that will pass, 400 where a server error is a refusal."""
    if fault is None:
        return status
    if status >= 500:
        return 400 if issubclass(fault.kind, RejectedError) and not fault.retryable else status
    return 429 if issubclass(fault.kind, RateLimitedError) and fault.retryable is not False else status
