"""E-mail over SMTP, to a server on the loopback interface."""

from __future__ import annotations

from integrations_sdk.connectors.smtp import SmtpConnector
from integrations_sdk.mail.base import Envelope
from integrations_sdk.testing.vendors.smtp import SmtpStandIn
from support.messages import CASES
from support.scenarios import Suite

SUITE = Suite(stand_in=SmtpStandIn, served=True, protocol="https://www.rfc-editor.org/rfc/rfc6409")


async def check(smtp: SmtpConnector, server: SmtpStandIn) -> None:
    await smtp.check()
    assert (server.mails, server.connections) == ([], 1)


async def greet(smtp: SmtpConnector, server: SmtpStandIn) -> None:
    assert await smtp.greet(operation="greet") == "mail.stand-in.test"
    assert server.mails == []


async def notify(smtp: SmtpConnector, server: SmtpStandIn) -> None:
    await smtp.notify(CASES["files"])
    assert server.mails[0].recipients == ("admins@example.com",)
    assert [part.get_filename() for part in server.mails[0].message.iter_attachments()] == [
        "report.csv",
        'ä "x".txt',
    ]


async def send_mail(smtp: SmtpConnector, server: SmtpStandIn) -> None:
    await smtp.send_mail(
        {"to": ["a@example.com"], "subject": "Deployed", "text": "Version 2", "html": "<p>Version 2</p>"},
        cc=["b@example.com"], bcc=["unseen@example.com"],
    )  # fmt: skip
    assert server.mails[0].recipients == ("a@example.com", "b@example.com", "unseen@example.com")
    assert "unseen@example.com" not in server.mails[0].content.decode()


async def submit(smtp: SmtpConnector, server: SmtpStandIn) -> None:
    content = b"From: automation@example.com\r\nSubject: x\r\n\r\nx\r\n"
    envelope = Envelope(sender="automation@example.com", recipients=("a@example.com",), content=content)
    await smtp.submit(envelope, operation="submit")
    assert server.mails[0].message["subject"] == "x"
