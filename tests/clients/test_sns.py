"""AWS' own client: https://pypi.org/project/boto3."""

from __future__ import annotations

from typing import Any

from support.clients import Versus, against

versus = against("sns", "boto3", "boto3")


def client(stand_in: Any) -> Any:
    import boto3
    from botocore.config import Config

    config = stand_in.config()
    return boto3.client(
        "sns",
        region_name="eu-central-1",
        endpoint_url=stand_in.url,
        aws_access_key_id=config["access_key_id"],
        aws_secret_access_key=config["secret_access_key"],
        config=Config(retries={"max_attempts": 0}),
    )


def test_a_message_is_published(versus: Versus) -> None:
    """`Publish` with subject and attributes, signed for the same region and service."""
    attributes = {"severity": {"DataType": "String", "StringValue": "high"}}
    outcome, answer = versus(
        "publish",
        ours=lambda it: it.publish("Deployed", subject="shop", attributes={"severity": "high"}),
        theirs=lambda it: client(it).publish(
            TopicArn=it.topic, Message="Deployed", Subject="shop", MessageAttributes=attributes
        ),
    )
    assert outcome.reference == answer["MessageId"]


def test_a_message_in_order(versus: Versus) -> None:
    """With its group and deduplication id."""
    versus(
        "publish",
        given=lambda it: it.config() | {"topic_arn": it.fifo_topic},
        ours=lambda it: it.publish("Deployed", group="shop", deduplication_id="d-1"),
        theirs=lambda it: client(it).publish(
            TopicArn=it.fifo_topic, Message="Deployed", MessageGroupId="shop", MessageDeduplicationId="d-1"
        ),
    )


def test_a_text_message(versus: Versus) -> None:
    """To a number in place of a topic."""
    kind = {"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}}
    versus(
        "send_sms",
        ours=lambda it: it.send_sms("+14155550100", "Deployed"),
        theirs=lambda it: client(it).publish(
            PhoneNumber="+14155550100", Message="Deployed", MessageAttributes=kind
        ),
    )
