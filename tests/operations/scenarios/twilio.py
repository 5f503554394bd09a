"""Twilio: text messages."""

from __future__ import annotations

from integrations_sdk.connectors.twilio import TwilioConnector
from integrations_sdk.testing.vendors.twilio import TwilioStandIn
from support.messages import CASES
from support.scenarios import Suite, otherwise

SUITE = Suite(
    stand_in=TwilioStandIn,
    contracts={"twilio": ""},
    cited={
        "GET /2010-04-01/Accounts/*/Messages.json": "https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources"
    },
    config={"status_callback": "https://shop.example/sms"},
)


async def check(twilio: TwilioConnector, account: TwilioStandIn) -> None:
    await twilio.check()
    await otherwise(twilio, account.key_config()).check()
    assert account.messages == []


async def notify(twilio: TwilioConnector, account: TwilioStandIn) -> None:
    await twilio.notify(CASES["full"])
    assert account.messages[0]["To"] == "+14155550101"


async def send_sms(twilio: TwilioConnector, account: TwilioStandIn) -> None:
    await twilio.send_sms("Disk full", to=["+14155550102"], media_urls=["https://shop.example/disk.png"])
    assert account.messages[0]["Body"] == "Disk full"


async def get_message(twilio: TwilioConnector, account: TwilioStandIn) -> None:
    made = await twilio.send_sms("Disk full")
    assert (await twilio.get_message(made.reference or ""))["status"] == account.messages[0]["status"]
