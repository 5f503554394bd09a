"""A mail server in miniature, over aiosmtpd (the package `aiosmtpd` must be installed for it)."""

from __future__ import annotations

import asyncio
import base64
import email.policy
import ssl
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Final, cast
from urllib.parse import urlsplit

import attrs
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from integrations_sdk.signing import same
from integrations_sdk.testing.standin import Listener, StandIn

__all__ = ["ReceivedMail", "SmtpStandIn"]

_USER: Final = "automation@example.com"


@attrs.frozen(kw_only=True)
class ReceivedMail:
    """A message that was taken.

    Attributes:
        sender, recipients: of the envelope.
        options: of MAIL FROM, e.g. `SMTPUTF8`.
        message: what was sent, parsed.
        encrypted: whether it came over TLS.
        user: who had logged in; None: nobody.
    """

    sender: str
    recipients: tuple[str, ...]
    options: tuple[str, ...]
    content: bytes
    encrypted: bool
    user: str | None

    @property
    def message(self) -> EmailMessage:
        """The message, parsed."""
        parser = BytesParser(_class=EmailMessage, policy=email.policy.default)
        return parser.parsebytes(self.content)


class SmtpStandIn(StandIn):
    """A mail server for submission, without encryption unless it is given a certificate.

    Attributes:
        mails: what was taken, in order.
        replies: what is answered to a command in place of the usual, once each, in order: `("DATA", "451 later")`.
        rejected: addresses that are refused as recipients, each with the reply.
        drop_at: the command (`RCPT`, `DATA`, or `.` for the end of the data) at which the connection is cut, once.
        connections: how many were made.

    Args:
        tls: with a certificate; offers STARTTLS, or expects TLS from the first byte if `implicit`.
        utf8: whether SMTPUTF8 is offered.
    """

    provider = "smtp"
    password = "stand-in-0123456789"  # noqa: S105  # accepted by the stand-in alone
    token = "ya29.stand-in-0123456789"  # noqa: S105  # as above

    def __init__(
        self, *, tls: ssl.SSLContext | None = None, implicit: bool = False, utf8: bool = True
    ) -> None:
        super().__init__()
        self.mails: list[ReceivedMail] = []
        self.replies: list[tuple[str, str]] = []
        self.rejected: dict[str, str] = {}
        self.drop_at: str | None = None
        self.connections = 0
        self._tls = tls
        self._implicit = implicit
        self._utf8 = utf8

    def config(self) -> dict[str, object]:
        """Who logs in, and somebody who gets mail."""
        where = urlsplit(self.url)
        security = "none" if self._tls is None else "tls" if self._implicit else "starttls"
        return {
            "host": where.hostname,
            "port": where.port,
            "security": security,
            "username": _USER,
            "password": self.password,
            "to": ["admins@example.com"],
        }

    def listen_on(self, server: Listener) -> str:
        """Listen for SMTP."""
        port = server.listen(self._serve, self._tls if self._implicit else None)
        return f"smtp://127.0.0.1:{port}"

    def _serve(self) -> asyncio.Protocol:
        self.connections += 1
        return SMTP(
            _Handler(self),
            hostname="mail.stand-in.test",
            enable_SMTPUTF8=self._utf8,
            data_size_limit=1024 * 1024,
            tls_context=None if self._implicit else self._tls,
            require_starttls=self._tls is not None and not self._implicit,
            authenticator=self._authenticate,
            auth_require_tls=False,
            auth_exclude_mechanism=["LOGIN"],
            loop=asyncio.get_running_loop(),
        )

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object
    ) -> AuthResult:
        if not isinstance(data, LoginPassword) or data.login != _USER.encode():
            return AuthResult(success=False, handled=False)
        right = same(data.password.decode("utf-8", "replace"), self.password)
        return AuthResult(success=right, handled=False, auth_data=_USER)

    def reply_to(self, command: str) -> str | None:
        """What is answered in place of the usual."""
        found = next((item for item in self.replies if item[0] == command), None)
        if found is not None:
            self.replies.remove(found)
        return found[1] if found is not None else None

    def drops(self, command: str) -> bool:
        """Whether the connection is to be cut now."""
        drop = self.drop_at == command
        self.drop_at = None if drop else self.drop_at
        return drop


class _Handler:
    """What aiosmtpd asks about each command."""

    def __init__(self, stand_in: SmtpStandIn) -> None:
        self._stand_in = stand_in

    async def handle_MAIL(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """The sender."""
        if (reply := await self._unusual(server, "MAIL")) is not None:
            return reply
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Ok"

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """A recipient."""
        if (reply := await self._unusual(server, "RCPT")) is not None:
            return reply
        if address in self._stand_in.rejected:
            return self._stand_in.rejected[address]
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # as above
        """The message."""
        if (reply := await self._unusual(server, "DATA")) is not None:
            return reply
        content = envelope.content
        mail = ReceivedMail(
            sender=str(envelope.mail_from),
            recipients=tuple(envelope.rcpt_tos),
            options=tuple(envelope.mail_options),
            content=content if isinstance(content, bytes) else b"",
            encrypted=session.ssl is not None or _transport(server).get_extra_info("sslcontext") is not None,
            user=str(session.auth_data) if session.authenticated else None,
        )
        self._stand_in.mails.append(mail)
        if (reply := await self._unusual(server, ".")) is not None:
            return reply
        return f"250 2.0.0 Ok: queued as {len(self._stand_in.mails)}"

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802  # as above
        """Log in with an access token."""
        said = base64.b64decode(args[1]).decode("utf-8", "replace")
        if said == f"user={_USER}\x01auth=Bearer {self._stand_in.token}\x01\x01":
            return AuthResult(success=True, auth_data=_USER)
        await server.challenge_auth('{"status":"400","schemes":"Bearer"}')
        return AuthResult(success=False, handled=False)

    async def _unusual(self, server: SMTP, command: str) -> str | None:
        if self._stand_in.drops(command):
            _transport(server).abort()
            await asyncio.sleep(0)
            return "421 4.4.2 Bye"
        return self._stand_in.reply_to(command)


def _transport(server: SMTP) -> asyncio.Transport:
    return cast("asyncio.Transport", server.transport)
