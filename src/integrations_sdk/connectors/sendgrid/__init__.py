"""E-mail through Twilio SendGrid: text and HTML, files, templates."""

from __future__ import annotations

from integrations_sdk.connectors.sendgrid.config import SendGridConfig, SendGridMail
from integrations_sdk.connectors.sendgrid.provider import SendGridConnector

__all__ = ["SendGridConfig", "SendGridConnector", "SendGridMail", "connector"]

connector = SendGridConnector
