"""What about a webhook works but should not stay so. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from integrations_sdk.connectors.webhook.config import WebhookConfig

__all__ = ["UNVERIFIED", "doubts"]

UNVERIFIED: Final = (
    "the certificate is not checked, so anybody on the way can answer: "
    "set `verify_ssl`, and `ca_file` for an authority of your own"
)


def doubts(config: WebhookConfig, url: str, *, signed: bool, status: int) -> Iterator[str]:
    """Each doubt with what to do.

    Args:
        status: of the answer to `HEAD`.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        yield "http is readable on the way, the token included: use https"
    if not config.verify_ssl:
        yield UNVERIFIED
    if not signed:
        yield "calls are not signed, so the receiver cannot know whose they are: set `secret_token`"
    if 300 <= status < 400:
        yield "the URL redirects, which is not followed: configure where it leads"
    if status in {404, 410}:
        yield f"HEAD is answered with {status}: check the URL, unless it is there for POST alone"
