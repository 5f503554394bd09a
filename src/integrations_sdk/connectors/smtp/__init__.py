"""E-mail through a mail server of yours (SMTP): text and HTML, attachments, each recipient's own result."""

from __future__ import annotations

from integrations_sdk.connectors.smtp.config import SmtpConfig
from integrations_sdk.connectors.smtp.provider import SmtpConnector

__all__ = ["SmtpConfig", "SmtpConnector", "connector"]

connector = SmtpConnector
