"""A subscriber to a topic, in the moto project's AWS, gets what is published, and what its filter lets through."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations_sdk import IntegrationManagementManager
from integrations_sdk.models import Event
from support.aws import by_moto, moto_server

TOPIC = "arn:aws:sns:eu-central-1:123456789012:deployments"
QUEUE = "arn:aws:sqs:eu-central-1:123456789012:{}"
KEYS = {"aws_access_key_id": "AKID", "aws_secret_access_key": "secret"}

pytestmark = pytest.mark.filterwarnings("ignore")  # moto's libraries warn of one another


class Subscriber:
    """Queues that have subscribed to the topic, read by botocore's own client."""

    def __init__(self, url: str) -> None:
        from botocore.session import get_session

        session = get_session()
        options = {"endpoint_url": url, "region_name": "eu-central-1", **KEYS}
        self.sns = session.create_client("sns", **options)
        self.sqs = session.create_client("sqs", **options)
        self.sns.create_topic(Name="deployments")

    def subscribe(self, name: str, **filters: list[str]) -> None:
        """To all that is published, or to what has these attributes."""
        self.sqs.create_queue(QueueName=name)
        self.sns.subscribe(
            TopicArn=TOPIC,
            Protocol="sqs",
            Endpoint=QUEUE.format(name),
            Attributes={"FilterPolicy": json.dumps(filters)} if filters else {},
        )

    def got(self, name: str) -> list[dict[str, Any]]:
        """What arrived in a queue, in order."""
        url = self.sqs.get_queue_url(QueueName=name)["QueueUrl"]
        answer = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    def close(self) -> None:
        self.sns.close()
        self.sqs.close()


@pytest.fixture
def aws(mgr: IntegrationManagementManager) -> Iterator[Subscriber]:
    """The topic, with a manager that publishes to it."""
    with moto_server() as url:
        subscriber = Subscriber(url)
        mgr.sns.create(
            topic_arn=TOPIC, access_key_id="AKID", secret_access_key="secret", endpoint_url=url,
            message_attributes={"team": "web"},
        )  # fmt: skip
        yield subscriber
        subscriber.close()


def test_what_is_published_arrives(mgr: IntegrationManagementManager, aws: Subscriber) -> None:
    """Text, subject and attributes, whatever characters are in them; of a JSON text what is for the subscriber."""
    aws.subscribe("all")
    text = 'Zürich 🚀 <a href="x">&amp;</a>\n+ %2B'
    mgr.sns.call(
        "sns-1", "publish", text, subject="Deployed", attributes={"env": "prod & more", "city": "Zürich"}
    )
    mgr.sns.notify("sns-1", {"title": "Pipeline failed", "text": "2 of 5 jobs"})
    mgr.sns.call("sns-1", "publish", json.dumps({"default": "x", "sqs": "for queues"}), structure="json")
    plain, notified, structured = aws.got("all")
    assert (plain["Message"], plain["Subject"]) == (text, "Deployed")
    named = {name: (one["Type"], one["Value"]) for name, one in plain["MessageAttributes"].items()}
    assert named == {
        "env": ("String", "prod & more"),
        "city": ("String", "Zürich"),
        "team": ("String", "web"),
    }
    assert notified["Subject"] == "Pipeline failed"
    assert "2 of 5 jobs" in notified["Message"]
    assert structured["Message"] == "for queues"
    by_moto("sns", "publish", "notify")


def test_subscribers_filter_events_by_their_attributes(
    mgr: IntegrationManagementManager, aws: Subscriber
) -> None:
    """Those who want failed pipelines of one project get these and nothing else."""
    aws.subscribe("all")
    aws.subscribe("failed", type=["pipeline"], status=["failed"], project=["shop/web"])
    now = datetime.now(UTC)
    for number, (kind, status, project) in enumerate([
        ("pipeline", "failed", "shop/web"),
        ("pipeline", "success", "shop/web"),
        ("pipeline", "failed", "shop/api"),
        ("deployment", "failed", "shop/web"),
    ]):  # fmt: skip
        event = Event(
            id=str(number), type=kind, source="https://gitlab.example.com", time=now - timedelta(seconds=9),
            status=status, project=project, branch=f"branch-{number}",
        )  # fmt: skip
        assert mgr.events.dispatch(event).successes
    assert len(aws.got("all")) == 4
    (only,) = aws.got("failed")
    assert "branch-0" in only["Message"]
    by_moto("sns", "handle_event")
