"""Amazon SNS: messages to topics and phones."""

from __future__ import annotations

from integrations_sdk.connectors.sns import SnsConnector
from integrations_sdk.testing.vendors.sns import SnsStandIn
from support.messages import CASES
from support.scenarios import PIPELINE, Suite, otherwise

PHONE = "+4915112345678"

SUITE = Suite(
    stand_in=SnsStandIn,
    model="sns",
    config={"phone_numbers": [PHONE], "message_attributes": {"team": "platform"}, "sender_id": "Shop"},
)


async def check(sns: SnsConnector, service: SnsStandIn) -> None:
    await sns.check()
    assert service.messages == []


async def notify(sns: SnsConnector, service: SnsStandIn) -> None:
    await sns.notify(CASES["full"])
    assert [message.target for message in service.messages] == [service.topic, PHONE]


async def publish(sns: SnsConnector, service: SnsStandIn) -> None:
    await sns.publish(
        '{"default": "x", "email": "y"}', structure="json", subject="Deployed", attributes={"a": "b"}
    )
    ordered = otherwise(sns, {**service.config(), "topic_arn": service.fifo_topic})
    await ordered.publish("First", group="shop", deduplication_id="d-1")
    assert [message.group for message in service.messages] == [None, "shop"]


async def send_sms(sns: SnsConnector, service: SnsStandIn) -> None:
    await sns.send_sms(PHONE, "Disk full")
    assert service.messages[0].attributes["AWS.SNS.SMS.SenderID"] == "Shop"


async def handle_event(sns: SnsConnector, service: SnsStandIn) -> None:
    await sns.handle_event(PIPELINE)
    assert service.messages[0].attributes["status"] == "failed"
