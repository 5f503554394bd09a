"""The DSN, Sentry's address of a project: `https://<public key>@<host>[/<prefix>]/<project id>`. Pure."""

from __future__ import annotations

import re
from typing import Final

import attrs

__all__ = ["Dsn", "parse_dsn", "sentry_dsn"]

_EXPECTED: Final = "a DSN such as https://<key>@o1.ingest.sentry.io/<project>"
_DSN: Final = re.compile(
    r"(?P<scheme>https?)://(?P<key>[\w-]+)(?::(?P<secret>[\w-]*))?@"
    r"(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?P<port>:\d{1,5})?(?P<prefix>(?:/[\w.~-]+)*)/(?P<project>[\w-]+)/?",
    re.ASCII | re.IGNORECASE,
)
_HOSTED: Final = re.compile(r"https?://(?:o\d+\.)?ingest(?:\.(?P<region>[a-z0-9-]+))?\.sentry\.io")


@attrs.frozen(kw_only=True)
class Dsn:
    """The parts of a DSN (https://develop.sentry.dev/sdk/overview/#parsing-the-dsn).

    Attributes:
        public_key: names the client key; whoever has it can send events.
        secret_key: of a DSN from before 2018; None today.
        origin: scheme, host and port.
        prefix: path of a Sentry that is not served from the root, e.g. `/sentry`; empty otherwise.
        project_id: a number; text where the rest of a system does not mind.
    """

    public_key: str = attrs.field(repr=False)
    secret_key: str | None = attrs.field(default=None, repr=False)
    origin: str
    prefix: str = ""
    project_id: str

    @property
    def envelope_url(self) -> str:
        """Where events go."""
        return f"{self.origin}{self.prefix}/api/{self.project_id}/envelope/"

    @property
    def api_url(self) -> str:
        """Where the REST API is: in Sentry's own cloud not where events go."""
        hosted = _HOSTED.fullmatch(self.origin)
        if hosted is None:
            return self.origin + self.prefix
        region = hosted["region"]
        return f"https://{region}.sentry.io" if region else "https://sentry.io"

    def auth_header(self, client: str) -> str:
        """The value of `X-Sentry-Auth`."""
        parts = {"sentry_version": "7", "sentry_client": client, "sentry_key": self.public_key}
        if self.secret_key:
            parts["sentry_secret"] = self.secret_key
        return "Sentry " + ", ".join(f"{name}={value}" for name, value in parts.items())


def parse_dsn(text: str) -> Dsn:
    """The parts of a DSN.

    Raises:
        ValueError: it is none; the text is not quoted, for it holds a key.
    """
    if (found := _DSN.fullmatch(text)) is None:
        raise ValueError(_EXPECTED)
    return Dsn(
        public_key=found["key"],
        secret_key=found["secret"] or None,
        origin=f"{found['scheme']}://{found['host']}{found['port'] or ''}".lower(),
        prefix=found["prefix"],
        project_id=found["project"],
    )


def sentry_dsn(value: str) -> str | None:
    """Validate: a DSN."""
    return None if _DSN.fullmatch(value) else f"{_EXPECTED} (Project Settings → Client Keys)"
