"""The best-known client of Discord's webhooks: https://pypi.org/project/discord-webhook."""

from __future__ import annotations

from typing import Any

from support.clients import Versus, against
from support.recording import Difference

versus = against("discord", "discord-webhook", "discord_webhook")


def executed(stand_in: Any, **fields: Any) -> Any:
    from discord_webhook import DiscordWebhook

    url = stand_in.config()["webhook_url"].replace("/api/", "/api/v10/")
    return DiscordWebhook(url=url, **fields).execute()


def test_a_message(versus: Versus) -> None:
    """Text, name and mentions; the message is waited for."""
    outcome, answer = versus(
        "send_message",
        Difference(
            "body.allowed_mentions",
            "ours pings nobody unless it is told to; the client leaves it to the text",
        ),
        Difference("body.attachments", "the client sends empty lists"),
        Difference("body.embeds", "the client sends empty lists"),
        Difference("body.wait", "the client repeats what stands in the query; Discord passes it over"),
        Difference("query.wait", "the client writes Python's `True`; Discord reads both"),
        ours=lambda it: it.send_message(content="Deployed", username="ci"),
        theirs=lambda it: executed(it, content="Deployed", username="ci"),
    )
    assert outcome.reference == answer.json()["id"]
