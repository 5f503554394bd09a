"""Discord: messages by the webhooks of channels."""

from __future__ import annotations

from integrations_sdk.connectors.discord import DiscordConnector
from integrations_sdk.testing.vendors.discord import DiscordStandIn
from support.messages import CASES
from support.scenarios import PIPELINE, Suite, otherwise

SUITE = Suite(
    stand_in=DiscordStandIn,
    contracts={"discord": "/api/v10"},
    config={"username": "Deploy bot", "avatar_url": "https://shop.example/bot.png"},
)


async def check(discord: DiscordConnector, server: DiscordStandIn) -> None:
    await discord.check()
    assert server.messages == []


async def notify(discord: DiscordConnector, server: DiscordStandIn) -> None:
    await discord.notify(CASES["full"])
    await discord.notify(CASES["long"])
    assert len(server.messages) > 2
    await discord.notify(CASES["files"])
    assert len(server.messages[-1]["files"]) == 2


async def send_message(discord: DiscordConnector, server: DiscordStandIn) -> None:
    forum = otherwise(discord, server.forum_config())
    await forum.send_message(
        content="News", channel="forum", thread_name="Version 2", applied_tags=["5" * 18]
    )
    await forum.send_message({"embeds": [{"title": "Version 2"}]}, thread_id="4" * 18)
    assert [message.get("thread_name") for message in server.messages] == ["Version 2", None]


async def handle_event(discord: DiscordConnector, server: DiscordStandIn) -> None:
    await discord.handle_event(PIPELINE)
    assert len(server.messages) == 1
