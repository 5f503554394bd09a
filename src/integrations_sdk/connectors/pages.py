"""What stands between a connector and its vendor, by its answers: pages of HTML, and limits of any status. Pure."""

from __future__ import annotations

import re
from typing import Final

from integrations_sdk.connectors.faults import Fault
from integrations_sdk.errors import RateLimitedError, RejectedError
from integrations_sdk.http.base import Response

__all__ = ["means_limit", "page_in"]

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


def means_limit(fault: Fault | None) -> bool:
    """Whether a fault says that it was too often, whatever its status, and that it will pass."""
    return fault is not None and issubclass(fault.kind, RateLimitedError) and fault.retryable is not False
