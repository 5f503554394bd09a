"""From the exceptions of an HTTP library to `TransportError`, without their words.

Foreign exceptions quote URLs and header values in their text and hold request objects. So none of them
becomes the cause or context of ours: transports translate inside `except` and raise outside of it. What
helps to find the fault, the kind of failure and the operating system's words, goes into our message.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator

from integrations_sdk.errors import TransportError
from integrations_sdk.http.body import too_many_headers

__all__ = ["chain", "overlong", "transport_error"]

_HEADERS_TOO_LARGE = 431
_STANDARD_MODULES = frozenset({"builtins", "socket", "ssl"})  # whose words quote nothing of a request


def transport_error(what: str, error: BaseException, *, sent: bool) -> TransportError:
    """Our error for a foreign one.

    Args:
        what: what failed, e.g. `could not connect`.
        sent: False only when no byte of the request can have left.
    """
    if overlong(error):
        return too_many_headers()
    why = next(_system_words(error), type(error).__name__)
    return TransportError(f"{what}: {why}", sent=sent)


def overlong(error: BaseException) -> bool:
    """Whether the library gave up on the answer's headers for their number or length."""
    return any(
        getattr(each, "error_status_hint", None) == _HEADERS_TOO_LARGE  # h11
        or type(each).__name__ == "LineTooLong"  # aiohttp
        or "Too many headers" in str(each)  # aiohttp
        for each in chain(error)
    )


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from, nearest first."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _system_words(error: BaseException) -> Iterator[str]:
    standard = [each for each in chain(error) if type(each).__module__ in _STANDARD_MODULES]
    for each in standard:
        if isinstance(each, ssl.SSLCertVerificationError):
            yield f"the certificate is not trusted ({each.verify_message})"
        elif isinstance(each, ssl.SSLError):
            yield f"TLS failed ({getattr(each, 'reason', None)})"
        elif isinstance(each, OSError) and each.strerror:
            yield each.strerror
