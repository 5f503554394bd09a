"""`SmtpConnector`. Source: RFC 5321 (SMTP), RFC 6409 (submission), RFC 8314 (TLS), RFC 6531 (SMTPUTF8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from integrations_sdk.connectors.base import (
    Category,
    CheckResult,
    EventType,
    JsonValue,
    MailConnector,
    MailDraft,
    MailServer,
    Message,
    Outcome,
    Security,
    draft_of,
    load,
    on_the_wire,
    uuid7,
)
from integrations_sdk.connectors.smtp.config import SmtpConfig
from integrations_sdk.connectors.smtp.render import envelope_of

__all__ = ["SmtpConnector"]

_TLS_PORT = 465


class SmtpConnector(MailConnector[SmtpConfig]):
    """Sends mail through a server of yours: text and HTML, with files."""

    provider = "smtp"
    title = "E-mail (SMTP)"
    category = Category.COMMUNICATION
    Config = SmtpConfig
    docs_url = "https://www.rfc-editor.org/rfc/rfc6409"
    setup = (
        "Install the extra: pip install 'integrations-sdk[smtp]'",
        "Find your provider's host and port for submission (587, or 465) and a password for applications",
        "Google and Microsoft take access tokens of OAuth 2.0 in place of passwords",
    )
    permissions = (
        "to send as `sender`; with OAuth 2.0 the scope for SMTP (Gmail: https://mail.google.com/)",
    )
    limits = (
        "Taken by the server is not delivered: what comes back later goes to `sender`.",
        "One message goes to all recipients; for whom it was refused, the outcome says.",
        "A connection lasts for one message; a server's own limits are not known in advance.",
        "A message that was lost while it was handed over is not sent again, for it may have been taken.",
    )
    default_events = tuple(EventType)
    recommended: ClassVar[Mapping[str, JsonValue]] = {"notify_only_broken_pipelines": True}

    @property
    def server(self) -> MailServer:
        """The configured one; without a word on encryption as its port is meant."""
        config = self.config
        usual = Security.TLS if config.port == _TLS_PORT else Security.STARTTLS
        return MailServer(
            host=config.host,
            port=config.port,
            security=Security(config.security or usual),
            connection=self.connection,
            username=config.username,
            password=config.password,
            token=config.oauth_token,
            local_name=config.local_name,
            connect_timeout=self.retry.connect_timeout.total_seconds(),
            read_timeout=self.retry.read_timeout.total_seconds(),
        )

    async def check(self) -> CheckResult:
        """Log in and hang up; nothing is sent."""
        name = await self.greet(operation="smtp.check")
        unencrypted = "the connection is not encrypted: what is sent can be read on the way"
        warnings = (unencrypted,) if self.server.security is Security.NONE else ()
        return CheckResult(detail=f"{name} lets us in", warnings=warnings)

    async def notify(self, message: Message) -> Outcome:
        """Send the message to `to`, and to those of its mentions that are addresses."""
        draft = draft_of(message, self.config.to, self.config.subject_prefix, provider=self.provider)
        return await self._send(draft, "smtp.notify", notification=True)

    async def send_mail(self, mail: Mapping[str, object] | None = None, /, **fields: object) -> Outcome:
        """Send a mail: the fields are those of `MailDraft`.

        The outcome's `reference` is the mail's Message-ID; `data` says for whom it was taken and refused.

        Args:
            mail: the fields as a mapping, to which `fields` are added.

        Raises:
            ConfigurationError: naming every unknown or wrong field.
            ConnectorError: the server took it for nobody, or did not answer.
        """
        return await self._send(load(MailDraft, {**(mail or {}), **fields}, subject="mail"), "smtp.send")

    async def _send(self, draft: MailDraft, operation: str, *, notification: bool = False) -> Outcome:
        sender, now = self.config.sender or self.config.username or "", self.context.clock.now()
        message_id = f"<{uuid7(now)}@{on_the_wire(sender).rpartition('@')[2]}>"
        envelope = envelope_of(
            draft,
            sender,
            reply_to=self.config.reply_to,
            now=now,
            message_id=message_id,
            notification=notification,
        )
        return self.submitted(
            await self.submit(envelope, operation=operation), operation, reference=message_id
        )
