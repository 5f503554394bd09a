"""Amazon SNS in miniature: a topic, a FIFO topic, phones; in AWS' query protocol.

https://docs.aws.amazon.com/sns/latest/api/
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

import attrs

from integrations_sdk.testing.aws import AwsStandIn
from integrations_sdk.testing.standin import Received, Reply, route

__all__ = ["SnsMessage", "SnsStandIn"]


@attrs.frozen(kw_only=True)
class SnsMessage:
    """A message that was accepted."""

    target: str
    text: str
    subject: str | None = None
    attributes: Mapping[str, str] = attrs.field(factory=dict)
    group: str | None = None


class SnsStandIn(AwsStandIn):
    """SNS with the topics `deployments` and `ordered.fifo`.

    Attributes:
        messages: what was published, in order.
        subscriptions: how many are confirmed, for each topic.
        sandbox: whether SMS reach verified numbers only, which are in `verified`.
    """

    provider = "sns"
    service = "sns"
    topic = "arn:aws:sns:eu-central-1:123456789012:deployments"
    fifo_topic = "arn:aws:sns:eu-central-1:123456789012:ordered.fifo"

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[SnsMessage] = []
        self.subscriptions = {self.topic: 2, self.fifo_topic: 1}
        self.sandbox = False
        self.verified: set[str] = set()
        self._known: dict[str, str] = {}

    def config(self) -> dict[str, object]:
        """The topic, and an access key."""
        return {**self.credentials(), "topic_arn": self.topic}

    def said(self, status: int, code: str, words: str) -> Reply:
        """An error of the query protocol."""
        error = f"<Type>Sender</Type><Code>{code}</Code><Message>{html.escape(words)}</Message>"
        return _xml("ErrorResponse", f"<Error>{error}</Error>", status)

    @route("POST", "/")
    def act(self, request: Received, _: Mapping[str, str]) -> Reply:
        """The action that the form names."""
        form = request.form()
        if form.get("Version") != "2010-03-31":
            return self.said(400, "InvalidAction", "Could not find operation for this version")
        match form.get("Action"):
            case "Publish":
                return self._publish(form)
            case "GetTopicAttributes":
                return self._topic_attributes(form)
            case "GetSMSSandboxAccountStatus":
                inside = f"<IsInSandbox>{str(self.sandbox).lower()}</IsInSandbox>"
                return _result("GetSMSSandboxAccountStatus", inside)
        return self.said(400, "InvalidAction", f"The action {form.get('Action')} is not valid")

    def _topic_attributes(self, form: Mapping[str, str]) -> Reply:
        topic = form.get("TopicArn", "")
        if topic not in self.subscriptions:
            return self.said(404, "NotFound", "Topic does not exist")
        confirmed = self.subscriptions[topic]
        entries = f"<entry><key>SubscriptionsConfirmed</key><value>{confirmed}</value></entry>"
        return _result("GetTopicAttributes", f"<Attributes>{entries}</Attributes>")

    def _publish(self, form: Mapping[str, str]) -> Reply:
        if (wrong := self._wrong(form)) is not None:
            return self.said(*wrong)
        target = form.get("TopicArn") or form["PhoneNumber"]
        attributes = {
            value: form[f"{found[1]}.Value.StringValue"]
            for name, value in form.items()
            if (found := re.fullmatch(r"(MessageAttributes\.entry\.\d+)\.Name", name))
        }
        same_as = form.get("MessageDeduplicationId", "")
        if same_as and same_as in self._known:
            return _result("Publish", f"<MessageId>{self._known[same_as]}</MessageId>")
        self.messages.append(
            SnsMessage(
                target=target,
                text=form["Message"],
                subject=form.get("Subject"),
                attributes=attributes,
                group=form.get("MessageGroupId"),
            )
        )
        made = f"00000000-0000-4000-8000-{len(self.messages):012}"
        self._known[same_as] = made
        return _result("Publish", f"<MessageId>{made}</MessageId>")

    def _wrong(self, form: Mapping[str, str]) -> tuple[int, str, str] | None:
        """What SNS has against a message."""
        topic, text, subject = form.get("TopicArn", ""), form.get("Message", ""), form.get("Subject")
        values = "".join(value for name, value in form.items() if ".Value." in name or name.endswith(".Name"))
        if topic and topic not in self.subscriptions:
            return 404, "NotFound", "Topic does not exist"
        if not text:
            return 400, "InvalidParameter", "Invalid parameter: Empty message"
        if len((text + values).encode()) > 262_144:
            return 400, "InvalidParameter", "Invalid parameter: Message too long"
        if subject is not None and not re.fullmatch(r"[!-~][ -~]{0,98}", subject):
            return 400, "InvalidParameter", "Invalid parameter: Subject"
        if topic.endswith(".fifo") and not form.get("MessageGroupId"):
            return 400, "InvalidParameter", "Invalid parameter: The MessageGroupId parameter is required"
        phone = form.get("PhoneNumber", "")
        if phone and self.sandbox and phone not in self.verified:
            return 400, "UserError", f"The phone number {phone} is not verified"
        return None


def _result(action: str, inner: str) -> Reply:
    return _xml(f"{action}Response", f"<{action}Result>{inner}</{action}Result>")


def _xml(root: str, inner: str, status: int = 200) -> Reply:
    told = "<ResponseMetadata><RequestId>7c3e-sns</RequestId></ResponseMetadata>"
    text = f'<{root} xmlns="http://sns.amazonaws.com/doc/2010-03-31/">{inner}{told}</{root}>'
    headers = {"content-type": "text/xml", "x-amzn-requestid": "7c3e-sns"}
    return Reply(status=status, text=text, headers=headers)
