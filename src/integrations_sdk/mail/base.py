"""The mail port: `MailServer`, `Envelope`, `Submission`, and the two protocols that send.

Source: RFC 5321 (SMTP), RFC 6409 (submission), RFC 8314 (TLS).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

import attrs

from integrations_sdk.http.base import Call, Connection
from integrations_sdk.models import Secret

__all__ = [
    "Envelope",
    "MailReply",
    "MailSender",
    "MailServer",
    "MailTransport",
    "RefusedMailError",
    "Security",
    "Submission",
]


class Security(StrEnum):
    """How the connection is encrypted."""

    TLS = "tls"
    """From its first byte (port 465)."""
    STARTTLS = "starttls"
    """After a command in the clear (port 587); without it nothing is sent."""
    NONE = "none"
    """Not at all."""


@attrs.frozen(kw_only=True)
class MailServer:
    """How to reach a server, and get in.

    Attributes:
        connection: the certificate checks; its proxy is not used.
        username: None sends without authentication.
        token: of OAuth 2.0, for XOAUTH2, in place of the password.
        local_name: what the client calls itself; None: the machine's name.
        connect_timeout, read_timeout: seconds, for the connection and for each reply.
    """

    host: str
    port: int
    security: Security
    connection: Connection = attrs.field(factory=Connection)
    username: str | None = None
    password: Secret | None = None
    token: Secret | None = None
    local_name: str | None = None
    connect_timeout: float = 5.0
    read_timeout: float = 15.0

    @property
    def origin(self) -> str:
        """`smtp://host:port`, which is no secret."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"smtp://{host}:{self.port}"


@attrs.frozen(kw_only=True, repr=False)
class Envelope:
    """One message with whom it is from and for.

    Attributes:
        sender: the return path; bare addresses here and below.
        content: the message (RFC 5322), complete.
        international: whether it or an address needs SMTPUTF8 (RFC 6531).
    """

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    international: bool = False

    def __repr__(self) -> str:
        return f"<Envelope for {len(self.recipients)}, {len(self.content)} bytes>"


@attrs.frozen
class MailReply:
    """What a server answered: the code (RFC 5321 §4.2), and its words, which begin with the enhanced code if any."""

    code: int
    words: str

    @property
    def transient(self) -> bool:
        """Whether the same may succeed later (4yz)."""
        return 400 <= self.code < 500

    def __str__(self) -> str:
        return f"{self.code} {self.words}".strip()


@attrs.frozen(kw_only=True)
class Submission:
    """What became of an envelope that the server took.

    Attributes:
        refused: the recipients that it did not take, each with its reply.
        elapsed: seconds.
    """

    accepted: tuple[str, ...]
    reply: MailReply
    refused: Mapping[str, MailReply] = attrs.field(factory=dict)
    attempts: int = 1
    elapsed: float = 0.0


class RefusedMailError(Exception):
    """The server refused: it took nothing, so trying again repeats nothing.

    Attributes:
        step: `connect`, `starttls`, `auth`, `mail`, `rcpt` or `data`.
        recipients: where each recipient was refused, its reply.
    """

    def __init__(
        self, step: str, reply: MailReply, recipients: Mapping[str, MailReply] | None = None
    ) -> None:
        self.step = step
        self.reply = reply
        self.recipients = dict(recipients or {})
        super().__init__(step)


class MailTransport(Protocol):
    """Hands one message to one server once. No retry, no logging."""

    async def send(self, server: MailServer, envelope: Envelope) -> Submission:
        """Connect, get in, hand over, and hang up.

        Raises:
            RefusedMailError: the server took it for no recipient.
            TransportError: no usable answer; `sent=False` only when the server cannot have taken the message.
            MissingExtraError: the package that speaks SMTP is not installed.
        """
        ...

    async def probe(self, server: MailServer) -> str:
        """Connect, get in, hang up, without sending anything; what the server calls itself.

        Raises:
            RefusedMailError, TransportError, MissingExtraError: as `send()`.
        """
        ...


class MailSender(Protocol):
    """What connectors send mail with: a transport under all the rules (retry, rate limit, circuit, deadline)."""

    async def send(self, server: MailServer, envelope: Envelope, call: Call) -> Submission:
        """Hand the message over, `attempts` filled in.

        Raises:
            ConnectorError: the one that fits; the words are the server's and may repeat what it was sent.
            MissingExtraError: the package that speaks SMTP is not installed.
        """
        ...

    async def probe(self, server: MailServer, call: Call) -> str:
        """Whether the server lets us in; what it calls itself.

        Raises:
            ConnectorError, MissingExtraError: as `send()`.
        """
        ...
