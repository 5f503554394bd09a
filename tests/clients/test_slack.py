"""Slack's own client: https://pypi.org/project/slack-sdk."""

from __future__ import annotations

from typing import Any

from integrations_sdk.models import Message
from support.clients import Versus, against
from support.recording import Difference

versus = against("slack", "slack_sdk", "slack_sdk.webhook")

BLOCKS = [{"type": "section", "text": {"type": "mrkdwn", "text": "*Deployed*"}}]
HELLO = {
    "color": "#1f75cb",
    "fallback": "Hello",
    "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "Hello"}}],
}
FIRST = "1503435956.000247"


def web(slack: Any) -> Any:
    from slack_sdk import WebClient

    return WebClient(slack.bot_config()["bot_token"], base_url=f"{slack.url}/api/")


def test_a_bots_message(versus: Versus) -> None:
    """`chat.postMessage`: the same JSON, the token as bearer; and both read where it was posted."""
    outcome, answer = versus(
        "send_message",
        given=lambda slack: slack.bot_config(),
        ours=lambda slack: slack.send_message(channel="C012AB3CD", text="Deployed", blocks=BLOCKS),
        theirs=lambda slack: web(slack).chat_postMessage(channel="C012AB3CD", text="Deployed", blocks=BLOCKS),
    )
    assert (outcome.reference, outcome.data["channel"]) == (answer["ts"], answer["channel"])


def test_an_answer_in_a_thread(versus: Versus) -> None:
    """`thread_ts` beside the text."""
    versus(
        "send_message",
        given=lambda slack: slack.bot_config(),
        ours=lambda slack: slack.send_message(channel="C012AB3CD", text="Again", thread_ts=FIRST),
        theirs=lambda slack: web(slack).chat_postMessage(channel="C012AB3CD", text="Again", thread_ts=FIRST),
    )


def test_a_message_through_a_webhook(versus: Versus) -> None:
    """The body alone, without a token."""
    from slack_sdk.webhook import WebhookClient

    _, answer = versus(
        "send_message",
        ours=lambda slack: slack.send_message(text="Deployed", blocks=BLOCKS),
        theirs=lambda slack: WebhookClient(slack.config()["webhook_url"]).send(
            text="Deployed", blocks=BLOCKS
        ),
    )
    assert (answer.status_code, answer.body) == (200, "ok")


def test_a_direct_message(versus: Versus) -> None:
    """Found by email address, opened, written to."""

    def theirs(slack: Any) -> None:
        client = web(slack)
        user = client.users_lookupByEmail(email="dev@example.com")["user"]["id"]
        channel = client.conversations_open(users=user)["channel"]["id"]
        client.chat_postMessage(channel=channel, attachments=[HELLO])

    versus(
        "notify_user",
        Difference(
            "method",
            "slack_sdk posts a form even where it says GET, as the method's page does; Slack takes both",
        ),
        Difference("query.email", "it stands in that form"),
        Difference("body.email", "it stands in that form"),
        Difference(
            "type",
            "slack_sdk posts a form to conversations.open as well, where ours is JSON; Slack takes both",
        ),
        given=lambda slack: slack.bot_config(),
        ours=lambda slack: slack.notify_user("dev@example.com", Message(text="Hello")),
        theirs=theirs,
    )


def test_who_the_bot_is(versus: Versus) -> None:
    """`auth.test`."""
    found, answer = versus(
        "check",
        Difference("method", "slack_sdk posts without a body; Slack takes both"),
        given=lambda slack: slack.bot_config(),
        ours=lambda slack: slack.check(),
        theirs=lambda slack: web(slack).auth_test(),
    )
    assert found.detail == f"{answer['user']} in {answer['team']}"
