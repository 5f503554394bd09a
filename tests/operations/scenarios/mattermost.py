"""Mattermost: messages by an incoming webhook, and by a bot."""

from __future__ import annotations

from integrations_sdk.connectors.mattermost import MattermostConnector
from integrations_sdk.testing.vendors.mattermost import MattermostStandIn
from support.messages import CASES
from support.scenarios import Overruled, Suite, otherwise

SUITE = Suite(
    stand_in=MattermostStandIn,
    contracts={"mattermost": ""},
    cited={
        "POST /hooks/*": "https://docs.mattermost.com/developers/integrate/webhooks/incoming",
        "POST /api/v4/files": "https://developers.mattermost.com/api-documentation/#/operations/UploadFile",
    },
    overruled=(  # anybody may ask, and who has a webhook has no token
        Overruled(
            "GET /api/v4/system/ping",
            "SecurityNotFound",
            "https://developers.mattermost.com/api-documentation/#/operations/GetPing",
        ),
    ),
)


def both(mattermost: MattermostConnector, server: MattermostStandIn) -> list[MattermostConnector]:
    """The webhook, and the bot."""
    return [mattermost, otherwise(mattermost, server.bot_config())]


async def check(mattermost: MattermostConnector, server: MattermostStandIn) -> None:
    for way in both(mattermost, server):
        await way.check()
    assert server.posts == []


async def notify(mattermost: MattermostConnector, server: MattermostStandIn) -> None:
    webhook, bot = both(mattermost, server)
    await webhook.notify(CASES["full"])
    await bot.notify(CASES["full"])
    await bot.notify(CASES["files"])
    assert (len(server.posts), len(server.files)) == (3, 2)


async def send_message(mattermost: MattermostConnector, server: MattermostStandIn) -> None:
    webhook, bot = both(mattermost, server)
    await webhook.send_message(text="Deployed", attachments=[{"fallback": "x", "text": "x"}])
    first = await bot.send_message({"text": "Deployed"}, priority="urgent", props={"release": "v2"})
    await bot.send_message(text="All is well", root_id=first.reference)
    assert server.posts[2]["root_id"] == first.reference
