"""`SmtpTransport`: SMTP over aiosmtplib, which is imported with the first message.

A connection lasts for one message: servers limit messages to a connection in ways that they do not announce, and
notifications are few. None of aiosmtplib's errors becomes the cause of ours, for their words repeat what was sent.
"""

from __future__ import annotations

import asyncio
import re
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar, cast

from integrations_sdk.errors import MissingExtraError, TransportError
from integrations_sdk.http.base import Connection
from integrations_sdk.http.failures import transport_error
from integrations_sdk.http.pools import ssl_context
from integrations_sdk.mail.base import Envelope, MailReply, MailServer, RefusedMailError, Security, Submission

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable

    from aiosmtplib import SMTP

__all__ = ["SmtpTransport"]

T = TypeVar("T")

_NO_STARTTLS: Final = MailReply(
    502, "the server offers no STARTTLS: see its documentation for port and encryption"
)
_NO_AUTH: Final = MailReply(
    502, "the server offers no way to authenticate that is known here (CRAM-MD5, PLAIN, LOGIN)"
)
_NO_XOAUTH2: Final = MailReply(502, "the server offers no XOAUTH2: configure a password")
_NO_UTF8: Final = MailReply(502, "the server offers no SMTPUTF8: use addresses in ASCII")


class SmtpTransport:
    """Hands messages to SMTP servers, each over a connection of its own."""

    def __init__(self) -> None:
        self._contexts: dict[Connection, ssl.SSLContext] = {}

    async def send(self, server: MailServer, envelope: Envelope) -> Submission:
        """See `MailTransport`."""
        started = time.monotonic()
        client = self._client(server)
        try:
            await self._enter(client, server)
            return await _hand_over(client, envelope, started)
        finally:
            await _leave(client)

    async def probe(self, server: MailServer) -> str:
        """See `MailTransport`."""
        client = self._client(server)
        try:
            await self._enter(client, server)
            return _named(client)
        finally:
            await _leave(client)

    def _client(self, server: MailServer) -> SMTP:
        try:
            from aiosmtplib import SMTP
        except ImportError:
            raise MissingExtraError("Mail over SMTP", "smtp") from None
        return SMTP(
            hostname=server.host,
            port=server.port,
            local_hostname=server.local_name or _own_name(),
            timeout=server.read_timeout,
            use_tls=server.security is Security.TLS,
            start_tls=False,  # done here, for the library would go on without
            tls_context=None if server.security is Security.NONE else self._context(server.connection),
        )

    def _context(self, connection: Connection) -> ssl.SSLContext:
        if connection not in self._contexts:
            self._contexts[connection] = ssl_context(connection)
        return self._contexts[connection]

    async def _enter(self, client: SMTP, server: MailServer) -> None:
        """Connect, encrypt, authenticate."""
        await _step("connect", client.connect(timeout=server.connect_timeout))
        await _step("connect", client.ehlo())
        if server.security is Security.STARTTLS:
            if not client.supports_extension("starttls"):
                raise RefusedMailError("starttls", _NO_STARTTLS)
            await _step("starttls", client.starttls())
            await _step("starttls", client.ehlo())
        if server.username is not None and server.token is not None:
            if "xoauth2" not in client.server_auth_methods:
                raise RefusedMailError("auth", _NO_XOAUTH2)
            await _step("auth", client.auth_xoauth2(server.username, server.token.reveal()))
        elif server.username is not None and server.password is not None:
            if not client.supported_auth_methods:
                raise RefusedMailError("auth", _NO_AUTH)
            await _step("auth", client.login(server.username, server.password.reveal()))


async def _hand_over(client: SMTP, envelope: Envelope, started: float) -> Submission:
    if envelope.international and not client.supports_extension("smtputf8"):
        raise RefusedMailError("mail", _NO_UTF8)
    encoding = "utf-8" if envelope.international else "ascii"
    options = ["SMTPUTF8"] if envelope.international else []
    if client.supports_extension("8bitmime"):
        options.append("BODY=8BITMIME")
    if client.supports_extension("size"):
        options.append(f"SIZE={len(envelope.content)}")
    await _step("mail", client.mail(envelope.sender, options=options, encoding=encoding))
    accepted: list[str] = []
    refused: dict[str, MailReply] = {}
    for recipient in envelope.recipients:
        try:
            await _step("rcpt", client.rcpt(recipient, encoding=encoding))
            accepted.append(recipient)
        except RefusedMailError as refusal:  # the others may be taken
            refused[recipient] = refusal.reply
    if not accepted:
        final = [reply for reply in refused.values() if not reply.transient]
        raise RefusedMailError("rcpt", (final or list(refused.values()))[0], refused)
    reply = await _step("data", client.data(envelope.content))
    return Submission(
        accepted=tuple(accepted),
        refused=refused,
        reply=MailReply(reply.code, _words(reply.message)),
        elapsed=time.monotonic() - started,
    )


async def _leave(client: SMTP) -> None:
    """Hang up in good order, or at all; what became of the message is known by now."""
    from aiosmtplib import SMTPException

    transport = cast("asyncio.WriteTransport | None", client.transport)
    if client.is_connected:
        with suppress(SMTPException, OSError):
            await client.quit(timeout=1)
    client.close()
    if transport is not None:
        transport.abort()  # after a failed handshake it would go on closing for longer than the loop may last
    await asyncio.sleep(0)


async def _step(step: str, command: Awaitable[T]) -> T:
    """One command, its failure as ours: raised outside of `except`, so that the foreign one is no context."""
    from aiosmtplib import SMTPException, SMTPResponseException

    try:
        return await command
    except SMTPResponseException as error:
        failure: Exception = _refusal(step, error.code, error.message)
    except SMTPException as error:
        failure = _lost(step, error)
    except OSError as error:  # TLS
        failure = _lost(step, error)
    raise failure


def _refusal(step: str, code: int, words: str) -> Exception:
    if code < 0:  # no reply of SMTP
        return TransportError("answered with something that is no SMTP", sent=step == "data")
    return RefusedMailError(step, MailReply(code, _words(words)))


def _lost(step: str, error: BaseException) -> TransportError:
    """With the end of the data under way nobody knows whether it was taken; before it, it cannot have been."""
    what = {"connect": "could not connect", "starttls": "could not encrypt"}.get(
        step, "the connection was lost"
    )
    return transport_error(what, error, sent=step == "data")


def _words(text: str) -> str:
    return " ".join(text.encode("utf-8", "replace").decode().split())


def _named(client: SMTP) -> str:
    """The first line of its greeting, which is its name and whatever it likes to add."""
    said = client.last_ehlo_response
    return _words(said.message.partition("\n")[0])[:120] if said is not None else ""


def _own_name() -> str:
    """The machine's name if it can be said, otherwise the address of none in particular (RFC 5321 §4.1.3)."""
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9.-]{1,253}", name) else "[127.0.0.1]"
