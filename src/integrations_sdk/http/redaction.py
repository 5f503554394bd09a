"""No secret in foreign logs: what HTTP libraries write about *our* requests is cut to what never is one.

`httpx` logs every URL at INFO, and the URL of an incoming webhook is a secret; `httpcore` and `hpack` log
headers at DEBUG. A filter on those loggers shortens what is logged while one of our requests is under
way, and lets everything else pass: requests that the application makes with the same libraries are
logged as ever. No level, handler or logger class is touched.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from integrations_sdk.http.base import origin

__all__ = ["FOREIGN_LOGGERS", "OURS", "Redact", "install", "names_credential", "ours", "redact_url"]

FOREIGN_LOGGERS: Final = (
    "httpx", "httpx2",
    *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")),
    *(f"httpcore2.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")),
    "hpack.hpack", "hpack.table", "h2.connection", "h2.stream",
    "aiohttp.client", "aiohttp.internal", "asyncio",
)  # fmt: skip
"""The loggers that HTTP libraries write to. Filters are not inherited, so each is named."""

OURS: Final[ContextVar[bool]] = ContextVar("integrations_sdk_request", default=False)
"""Whether the running code works on a request of this library; what it starts inherits that."""

_CREDENTIAL: Final = re.compile(
    r"auth|cookie|crumb|(?<!idempotency-)key|password|secret|session|token", re.IGNORECASE
)
_URL: Final = re.compile(r"""https?://[^\s"'<>]+""")
_REASON: Final = re.compile(r'("HTTP/[\d.]+ \d{3}) [^"]*')  # a server may repeat in it what it was sent
_FIRST_WORDS: Final = re.compile(r"[A-Za-z_.]+")


def redact_url(url: str) -> str:
    """`https://hooks.example.com/…`: only scheme, host and port, because paths and queries can be secrets."""
    try:
        return f"{origin(url)}/…"
    except ValueError:  # no valid port
        return "…"


def names_credential(name: str) -> bool:
    """Whether a header of this name usually carries what gets in: `Authorization`, `Cookie`, `X-Gitlab-Token`."""
    return _CREDENTIAL.search(name) is not None


@contextmanager
def ours() -> Iterator[None]:
    """Mark what happens inside as work on one of this library's requests."""
    token = OURS.set(True)
    try:
        yield
    finally:
        OURS.reset(token)


class Redact(logging.Filter):
    """Shortens records about our requests: URLs to their origin, below INFO all to the event's name."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record if it is about one of our requests; always let it pass."""
        if OURS.get():
            message = record.getMessage()
            if record.levelno < logging.INFO:
                name = _FIRST_WORDS.match(message)
                message = f"{name.group() if name else ''} …"
            message = _REASON.sub(r"\1", message)
            record.msg = _URL.sub(lambda found: redact_url(found.group()), message)
            record.args = record.exc_info = record.exc_text = record.stack_info = None
        return True


_FILTER: Final = Redact()


def install() -> None:
    """Put the filter on `FOREIGN_LOGGERS`; a second call does nothing. Transports call it when made."""
    for name in FOREIGN_LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)
