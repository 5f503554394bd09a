"""`SendGridConnector`. Source: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import attrs

from integrations_sdk.connectors.base import (
    Category,
    CheckResult,
    Connector,
    EventType,
    Fault,
    JsonValue,
    MailDraft,
    Message,
    Outcome,
    PermissionDeniedError,
    Response,
    draft_of,
    fault_of,
    json_of,
    load,
    objects_at,
    texts_at,
)
from integrations_sdk.connectors.sendgrid.config import SendGridConfig, SendGridMail
from integrations_sdk.connectors.sendgrid.render import body_of

__all__ = ["SendGridConnector"]

_HOSTS = {"global": "https://api.sendgrid.com", "eu": "https://api.eu.sendgrid.com"}


class SendGridConnector(Connector[SendGridConfig]):
    """Sends mail through SendGrid."""

    provider = "sendgrid"
    title = "SendGrid"
    category = Category.COMMUNICATION
    Config = SendGridConfig
    docs_url = "https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send"
    setup = (
        "Settings → API Keys → Create API Key → Restricted Access → Mail Send",
        "Settings → Sender Authentication: authenticate your domain, or verify a single sender",
    )
    permissions = ("mail.send",)
    limits = (
        "SendGrid answers when a mail is queued: what is bounced later is seen in its Event Webhook alone.",
        "At most 1,000 recipients and 30 MB to a mail; local parts of addresses in ASCII.",
        "An address that stands in it twice gets it once.",
    )
    default_events = tuple(EventType)
    recommended: ClassVar[Mapping[str, JsonValue]] = {"notify_only_broken_pipelines": True}

    @property
    def base_url(self) -> str:
        """The API of the region."""
        return (self.config.api_url or _HOSTS[self.config.region]).rstrip("/")

    async def authorize(self) -> Mapping[str, str]:
        """The API key."""
        return {"authorization": f"Bearer {self.config.api_key.reveal()}"}

    def fault(self, response: Response) -> Fault | None:
        """As the status says, each wrong field with SendGrid's words for it."""
        found = fault_of(response)
        said = [
            f"{item['field']}: {item.get('message')}" if item.get("field") else str(item.get("message"))
            for item in objects_at(json_of(response), "errors")
        ]
        return attrs.evolve(found, message="; ".join(said[:5])) if found is not None and said else found

    async def check(self) -> CheckResult:
        """Ask what the key may do; it must be allowed to send."""
        response = await self.call("GET", "/v3/scopes", operation="scopes")
        if "mail.send" not in texts_at(self.parse(response), "scopes"):
            words = "the key may not send: give it the permission Mail Send"
            raise self.error(Fault(PermissionDeniedError, words), response)
        warnings = ("sandbox mode: nothing is delivered",) if self.config.sandbox_mode else ()
        return CheckResult(detail="the key may send", warnings=warnings)

    async def notify(self, message: Message) -> Outcome:
        """Send the message to `to`, and to those of its mentions that are addresses."""
        config = self.config
        draft = draft_of(
            message, config.to, config.subject_prefix, provider=self.provider, international=False
        )
        return await self._send(draft, notification=True)

    async def send_mail(self, mail: Mapping[str, object] | None = None, /, **fields: object) -> Outcome:
        """Send a mail: the fields are those of `SendGridMail`; `reference` is SendGrid's id of it.

        Args:
            mail: the fields as a mapping, to which `fields` are added.

        Raises:
            ConfigurationError: naming every unknown or wrong field.
            ConnectorError: SendGrid refused it, or did not answer.
        """
        return await self._send(load(SendGridMail, {**(mail or {}), **fields}, subject="mail"))

    async def _send(self, draft: MailDraft, *, notification: bool = False) -> Outcome:
        body = body_of(draft, self.config, notification=notification)
        response = await self.call("POST", "/v3/mail/send", operation="mail.send", json=body)
        return self.done(response, reference=response.headers.get("x-message-id"))
