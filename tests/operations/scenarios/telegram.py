"""Telegram: messages and files of a bot."""

from __future__ import annotations

from integrations_sdk.connectors.telegram import TelegramConnector
from integrations_sdk.testing.vendors.telegram import TelegramStandIn
from support.messages import CASES
from support.scenarios import Suite

API = "https://core.telegram.org/bots/api"

SUITE = Suite(
    stand_in=TelegramStandIn,
    cited={
        "GET /bot*/getMe": f"{API}#getme",
        "GET /bot*/getChat": f"{API}#getchat",
        "POST /bot*/sendMessage": f"{API}#sendmessage",
        "POST /bot*/sendDocument": f"{API}#senddocument",
    },
)


async def check(telegram: TelegramConnector, bot: TelegramStandIn) -> None:
    await telegram.check()
    assert bot.messages == []


async def notify(telegram: TelegramConnector, bot: TelegramStandIn) -> None:
    await telegram.notify(CASES["full"])
    await telegram.notify(CASES["files"])
    assert sum("document" in message for message in bot.messages) == 2


async def send_message(telegram: TelegramConnector, bot: TelegramStandIn) -> None:
    await telegram.send_message(
        {"text": "<b>Deployed</b>", "parse_mode": "HTML"}, link_preview=True, protect_content=True
    )
    assert bot.messages[0]["text"] == "<b>Deployed</b>"
