"""SendGrid's own client: https://pypi.org/project/sendgrid."""

from __future__ import annotations

from typing import Any

from support.clients import Versus, against

versus = against("sendgrid", "sendgrid", "sendgrid")


def sent(stand_in: Any) -> Any:
    from sendgrid import SendGridAPIClient
    from sendgrid.helpers.mail import Mail

    config = stand_in.config()
    mail = Mail(
        from_email=config["sender"],
        to_emails=config["to"],
        subject="Deployed",
        plain_text_content="It works.",
        html_content="<p>It works.</p>",
    )
    return SendGridAPIClient(stand_in.api_key, host=stand_in.url).send(mail)


def test_a_mail(versus: Versus) -> None:
    """Personalisations, sender, subject, and the text before the HTML."""
    outcome, answer = versus(
        "send_mail",
        ours=lambda it: it.send_mail(
            to=it.config.to, subject="Deployed", text="It works.", html="<p>It works.</p>"
        ),
        theirs=sent,
    )
    assert (outcome.reference, answer.status_code) == (answer.headers["x-message-id"], 202)


def test_the_scopes_of_a_key(versus: Versus) -> None:
    """`GET /v3/scopes`."""

    def theirs(stand_in: Any) -> None:
        from sendgrid import SendGridAPIClient

        SendGridAPIClient(stand_in.api_key, host=stand_in.url).client.scopes.get()

    versus("check", ours=lambda it: it.check(), theirs=theirs)
