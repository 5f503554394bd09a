"""Slack: messages by a bot, by an incoming webhook, and by the webhook of a workflow."""

from __future__ import annotations

from integrations_sdk.connectors.slack import SlackConnector
from integrations_sdk.testing.vendors.slack import SlackStandIn
from support.messages import CASES
from support.scenarios import Suite, otherwise

DOCS = "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks"
WORKFLOWS = "https://slack.com/help/articles/360041352714-Build-a-workflow--Create-a-workflow-that-starts-outside-of-Slack"

SUITE = Suite(
    stand_in=SlackStandIn,
    contracts={"slack": "/api"},
    cited={
        "POST /services/*": DOCS,
        "POST /triggers/*": WORKFLOWS,
        "HEAD /": "https://www.rfc-editor.org/rfc/rfc9110#name-head",
    },
)


def ways(slack: SlackConnector, workspace: SlackStandIn) -> list[SlackConnector]:
    """A webhook, a bot, a workflow."""
    return [slack, otherwise(slack, workspace.bot_config()), otherwise(slack, workspace.workflow_config())]


async def check(slack: SlackConnector, workspace: SlackStandIn) -> None:
    for way in ways(slack, workspace):
        await way.check()
    assert workspace.messages == []


async def notify(slack: SlackConnector, workspace: SlackStandIn) -> None:
    for way in ways(slack, workspace):
        await way.notify(CASES["full"])
    assert len(workspace.messages) == 3


async def send_message(slack: SlackConnector, workspace: SlackStandIn) -> None:
    for way in ways(slack, workspace)[:2]:
        await way.send_message(
            {"text": "Deployed", "blocks": [{"type": "divider"}]}, channel="#deployments", unfurl_links=False
        )
    assert [message["channel"] for message in workspace.messages] == ["#deployments"] * 2


async def notify_user(slack: SlackConnector, workspace: SlackStandIn) -> None:
    await otherwise(slack, workspace.bot_config()).notify_user("dev@example.com", CASES["full"])
    assert workspace.messages[0]["channel"] == "D012AB3CD"
