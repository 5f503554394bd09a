"""`SnsConnector`: https://docs.aws.amazon.com/sns/latest/api/, in the query protocol, for SNS has no other."""

from __future__ import annotations

from collections.abc import Mapping

from integrations_sdk.connectors.base import (
    AwsConnector,
    Category,
    CheckResult,
    ConfigurationError,
    ConnectorContext,
    ConnectorError,
    Event,
    EventType,
    Message,
    Outcome,
    Response,
    message_for,
    together,
    uuid7,
)
from integrations_sdk.connectors.sns.config import SnsConfig
from integrations_sdk.connectors.sns.words import (
    LONGEST_SMS,
    attribute_entries,
    attributes_of,
    body_text,
    event_attributes,
    message_id,
    most_bytes,
    shortened,
    subject_of,
)

__all__ = ["SnsConnector"]


class SnsConnector(AwsConnector[SnsConfig]):
    """Amazon SNS: a message to a topic reaches all that subscribed to it, and phones get an SMS."""

    provider = "sns"
    title = "Amazon SNS"
    category = Category.MESSAGING
    Config = SnsConfig
    service = "sns"
    docs_url = "https://docs.aws.amazon.com/sns/latest/api/"
    setup = (
        "Install the extra: pip install 'integrations-sdk[aws]'.",
        "Make a topic, subscribe to it, and let each subscriber confirm.",
        "In IAM, give a role or a user the permissions below, and run under it or configure its access key.",
    )
    permissions = (
        "sns:Publish on the topic; for SMS on *",
        "sns:GetTopicAttributes, sns:GetSMSSandboxAccountStatus for the check",
    )
    limits = (
        "A message and its attributes have 256 KiB, an SMS 1,600 characters; what is longer is cut off.",
        "A standard topic may deliver a message twice, and in any order.",
    )
    default_events = (EventType.PIPELINE, EventType.DEPLOYMENT)

    def __init__(self, config: SnsConfig, context: ConnectorContext) -> None:
        super().__init__(config, context)
        if config.topic_arn is not None:
            self._region = config.topic_arn.split(":")[3]

    async def check(self) -> CheckResult:
        """Ask for the topic, and whether the account may send SMS to everybody."""
        detail, warnings = [], list[str]()
        if self.config.topic_arn is not None:
            answer = await self._do("GetTopicAttributes", {"TopicArn": self.config.topic_arn})
            confirmed = attributes_of(answer).get("SubscriptionsConfirmed", "0")
            detail.append(f"{self.config.topic_arn}, {confirmed} subscriptions")
            if confirmed == "0":
                warnings.append("nobody has subscribed to the topic, or confirmed it")
        if self.config.phone_numbers:
            answer = await self._do("GetSMSSandboxAccountStatus", {})
            detail.append(f"{len(self.config.phone_numbers)} phones")
            if "<IsInSandbox>true</IsInSandbox>" in answer.text:
                warnings.append("the account is in the SMS sandbox: only verified numbers get messages")
        return CheckResult(detail="; ".join(detail), warnings=tuple(warnings))

    async def notify(self, message: Message) -> Outcome:
        """Publish the message to the topic, and send it to the phones.

        Returns:
            The outcome: `reference` is the (first) message's id, `data["messages"]` has for each target its
            `message_id`, or the `error` it failed with. If some got it and others not, the outcome failed,
            and is not to be retried as a whole.

        Raises:
            ConnectorError: nobody got it.
        """
        return await self._tell(message, {})

    async def handle_event(self, event: Event) -> Outcome:
        """Tell of an event, with its type, status, project and so on as attributes that subscriptions filter by."""
        return await self._tell(message_for(event), event_attributes(event))

    async def publish(
        self,
        text: str,
        *,
        subject: str | None = None,
        attributes: Mapping[str, str] | None = None,
        structure: str | None = None,
        group: str | None = None,
        deduplication_id: str | None = None,
    ) -> Outcome:
        """Publish text to the topic as it is.

        Args:
            subject: of e-mails; ASCII, one line, less than 100 characters.
            attributes: beside the configured ones.
            structure: `json`, when the text is a JSON object with a text for each protocol and a `default`.
            group, deduplication_id: of a FIFO topic; the same id within five minutes is delivered once.

        Raises:
            ConfigurationError: no topic is configured, or text and attributes exceed 256 KiB.
        """
        topic = self.config.topic_arn
        if topic is None:
            raise ConfigurationError.of("sns configuration", "topic_arn", "missing", "add it to publish")
        named = {**self.config.message_attributes, **(attributes or {})}
        if len(text.encode("utf-8", "replace")) > most_bytes(named):
            wrong, remedy = "expected at most 256 KiB, attributes included", "shorten it, or link to it"
            raise ConfigurationError.of("message", "text", wrong, remedy)
        form = {"TopicArn": topic, "Message": text, **attribute_entries(named)}
        form |= {"Subject": subject} if subject else {}
        form |= {"MessageStructure": structure} if structure else {}
        ordered = topic.endswith(".fifo")
        if ordered:
            form["MessageGroupId"] = group or self.config.message_group
            form["MessageDeduplicationId"] = deduplication_id or uuid7(self.context.clock.now())
        # A FIFO topic knows a repeated message by its id; a standard one would deliver it again.
        answer = await self._do("Publish", form, idempotent=ordered)
        return self._told(answer, topic)

    async def send_sms(self, phone_number: str, text: str) -> Outcome:
        """Send a text to a phone (E.164, `+4915112345678`); beyond 1,600 characters it is cut off."""
        kinds = {"AWS.SNS.SMS.SMSType": self.config.sms_type}
        if self.config.sender_id is not None:
            kinds["AWS.SNS.SMS.SenderID"] = self.config.sender_id
        short = text if len(text) <= LONGEST_SMS else text[: LONGEST_SMS - 1] + "…"
        form = {"PhoneNumber": phone_number, "Message": short, **attribute_entries(kinds)}
        return self._told(await self._do("Publish", form, idempotent=False), phone_number)

    async def _tell(self, message: Message, attributes: Mapping[str, str]) -> Outcome:
        text, told = body_text(message), dict[str, Outcome | ConnectorError]()
        if self.config.topic_arn is not None:
            room = most_bytes({**self.config.message_attributes, **attributes})
            work = self.publish(shortened(text, room), subject=subject_of(message), attributes=attributes)
            told[self.config.topic_arn] = await self.attempt(work)
        for phone in self.config.phone_numbers:
            told[phone] = await self.attempt(self.send_sms(phone, text))
        return together(
            told,
            listed="messages",
            called="target",
            missed="targets got nothing",
            part=lambda outcome: dict(outcome.data),
        )

    async def _do(self, action: str, form: Mapping[str, str], *, idempotent: bool | None = None) -> Response:
        return await self.call(
            "POST",
            "/",
            operation=action,
            form={"Action": action, "Version": "2010-03-31", **form},
            headers={"accept": "*/*"},
            idempotent=action.startswith("Get") if idempotent is None else idempotent,
        )

    def _told(self, answer: Response, target: str) -> Outcome:
        made = message_id(answer)
        return self.done(answer, reference=made, data={"target": target, "message_id": made})
