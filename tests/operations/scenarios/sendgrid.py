"""SendGrid: mail."""

from __future__ import annotations

from integrations_sdk.connectors.sendgrid import SendGridConnector
from integrations_sdk.testing.vendors.sendgrid import SendGridStandIn
from support.messages import CASES
from support.scenarios import Suite

SUITE = Suite(
    stand_in=SendGridStandIn,
    contracts={"sendgrid": ""},
    cited={
        "GET /v3/scopes": "https://www.twilio.com/docs/sendgrid/api-reference/api-key-permissions/retrieve-a-list-of-scopes-for-which-this-user-has-access"
    },
    config={"reply_to": "ops@example.com", "subject_prefix": "[shop]"},
)


async def check(sendgrid: SendGridConnector, account: SendGridStandIn) -> None:
    await sendgrid.check()
    assert account.mails == []


async def notify(sendgrid: SendGridConnector, account: SendGridStandIn) -> None:
    await sendgrid.notify(CASES["full"])
    await sendgrid.notify(CASES["files"])
    assert len(account.mails[1]["attachments"]) == 2


async def send_mail(sendgrid: SendGridConnector, account: SendGridStandIn) -> None:
    await sendgrid.send_mail(
        {"to": ["a@example.com"], "subject": "Deployed", "text": "Version 2", "html": "<p>Version 2</p>"},
        cc=["b@example.com"], bcc=["c@example.com"], categories=["deploy"], send_at=1_900_000_000,
    )  # fmt: skip
    await sendgrid.send_mail(to=["a@example.com"], template_id="d-1", template_data={"name": "Ada"})
    assert [mail.get("template_id") for mail in account.mails] == [None, "d-1"]
