"""What an Amazon SNS integration is configured with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from integrations_sdk.connectors.base import AwsConfig, Problem, not_empty, one_of, setting, settings

__all__ = ["SnsConfig"]


def _topic(value: str) -> str | None:
    known = re.fullmatch(
        r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?", value, re.ASCII
    )
    return None if known else "a topic's ARN: arn:aws:sns:eu-central-1:123456789012:deployments"


def _phone(value: str) -> str | None:
    known = re.fullmatch(r"\+[1-9]\d{6,14}", value, re.ASCII)
    return None if known else "a phone number in E.164, such as +4915112345678"


def _sender(value: str) -> str | None:
    known = re.fullmatch(r"(?=.*[A-Za-z])[A-Za-z0-9-]{1,11}", value)
    return None if known else "1 to 11 letters, digits and hyphens, a letter among them"


@settings
class SnsConfig(AwsConfig):
    """A topic on Amazon SNS, phone numbers, or both."""

    topic_arn: str | None = setting(
        "ARN of the topic that messages are published to.",
        default=None,
        validate=_topic,
        also=("topic", "target_arn"),
        env=("SNS_TOPIC_ARN",),
        example="arn:aws:sns:eu-central-1:123456789012:deployments",
    )
    phone_numbers: tuple[str, ...] = setting(
        "Phone numbers that messages are sent to as SMS.",
        default=(),
        validate=_phone,
        also=("phones", "recipients"),
        example="+4915112345678",
    )
    message_attributes: dict[str, str] = setting(
        "Attributes of every message, by which subscriptions may filter.",
        factory=dict,
        also=("attributes",),
        example="team: platform",
    )
    message_group: str = setting(
        "Group in which a FIFO topic keeps messages in order.",
        default="integrations-sdk",
        validate=not_empty,
        also=("message_group_id",),
    )
    sms_type: str = setting(
        "How SMS are sent: Transactional for what is urgent, Promotional for what is cheap.",
        default="Transactional",
        validate=one_of("Transactional", "Promotional"),
    )
    sender_id: str | None = setting(
        "Name that SMS come from, where the country allows one.", default=None, validate=_sender
    )

    @classmethod
    def check(cls, given: Mapping[str, object]) -> Iterable[Problem]:
        """Somebody must be told; an access key is whole."""
        yield from AwsConfig.check(given)
        topic = str(given.get("topic_arn", ""))
        if not topic and not given.get("phone_numbers"):
            yield Problem("topic_arn", "missing; nobody would be told", "add it, or `phone_numbers`, or both")
        region = topic.split(":")[3] if topic.count(":") == 5 else None
        if region and given.get("region") not in {None, region}:
            yield Problem("region", "is not the topic's", "leave it out: the topic's ARN names it")
